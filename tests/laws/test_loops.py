"""The data loop: identity, exact laws by enumeration, known answers, mutants; nothing is compiled."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.core.jit import kernel
from bandits.loops import (
    Data,
    DataLoop,
    Labelled,
    LikelierLabel,
    SampleLabels,
    ShiftedLabels,
    TemperedLabels,
    data_loop,
    labellers,
)
from bandits.loops.labellers import sharpened
from bandits.protocol import ProblemSteps
from sims import simulate
from tests.drivers import plain, stream_of
from tests.laws.enumeration import plays
from theory.loops import bounds
from theory.loops.exact import amplification, sampler_variance, urn_law

LEARNERS = [SampleLabels(), LikelierLabel(), LikelierLabel(0.25), TemperedLabels(), ShiftedLabels(-0.3)]
SIZES = (1000, 10, 90)
SHARPENED = plain(sharpened)


def played(problem, learner, rounds=None):
    """Return the metrics (C,) at these rounds by name, as Python plays."""
    run = simulate(problem, learner, checkpoints=rounds or [problem.horizon], backend="python")
    return {name: np.squeeze(run.values[..., at]) for at, name in enumerate(problem.metrics)}


def kept(action, feedback):
    return tuple(np.asarray(action.probability).tolist())


# ---------------------------------------------------------------- known answers


@pytest.mark.parametrize(
    ("people", "model", "expected"),
    [(10, 90, (0.015842, 0.028903, 0.043020, 0.064011)), (50, 50, (0.012885, 0.016950, 0.018993, 0.019899))],
)
def test_a_constant_error_is_amplified(people, model, expected):
    values = [0.01 * amplification(1000, people, model, t) for t in (10, 100, 1000, 10**5)]
    assert values == pytest.approx(expected, abs=1e-6)
    gaps = [1.0 + model / people - amplification(1000, people, model, t) for t in (10**7, 10**9)]
    assert math.log(gaps[0] / gaps[1], 100) == pytest.approx(people / (people + model), rel=1e-3)
    loop = DataLoop([0.3], 100, 1000, people, model, drawn=False)
    assert played(loop, ShiftedLabels(0.01), [10, 100])["model_bias"] == pytest.approx(expected[:2], abs=1e-6)


@settings(max_examples=50)
@given(start=st.integers(1, 50), people=st.integers(0, 9), model=st.integers(0, 9), rounds=st.integers(0, 30))
def test_the_closed_form_is_the_sum_of_the_paper(start, people, model, rounds):
    if people + model == 0:
        return
    n = [start + t * (people + model) for t in range(rounds + 1)]
    terms = [
        model / n[i] * math.prod((n[j] - people) / n[j] for j in range(i + 1, rounds + 1)) for i in range(1, rounds + 1)
    ]
    assert amplification(start, people, model, rounds) == pytest.approx(1.0 + math.fsum(terms), rel=1e-9)


@pytest.mark.parametrize(("start", "people", "model"), [(1, 1, 2**40), (10**6, 1, 10**6), (7, 3, 5)])
def test_amplification_is_precise_for_late_rounds_and_few_people(start, people, model):
    left = -people / (start + np.arange(1, 30_001) * float(people + model))
    exact = 1.0 - model / people * math.expm1(math.fsum(np.log1p(left)))
    assert amplification(start, people, model, 30_000) == pytest.approx(exact, rel=1e-12)


def test_an_error_of_any_sign_and_none_is_amplified():
    loop = DataLoop([0.3], 5, 10, 1, 9, drawn=False)
    for shift in (-0.01, 0.0):
        assert bounds.AMPLIFICATION.value_for(loop, ShiftedLabels(shift)) == pytest.approx(
            -shift * amplification(10, 1, 9, 5), abs=1e-15
        )


def test_biases_of_two_bins():
    """The second bin's label is cut off at 0, so that its error is half of the shift."""
    run = simulate(DataLoop([0.7, 0.05], 1, 10, 5, 5, drawn=False), ShiftedLabels(-0.1), backend="python")
    names = ("bias", "largest_bias", "model_bias", "people_error", "model_error", "excess")
    expected = [-0.01875, 0.025, 0.125, 0.0, 0.1, 0.025 - 0.1]
    assert [run.final(name)[0] for name in names] == pytest.approx(expected, abs=1e-12)


def test_the_likelier_label_takes_over():
    loop = DataLoop([0.6, 0.4, 0.5], 1000, *SIZES, drawn=False)
    run = played(loop, LikelierLabel())
    assert 0.6 + run["largest_bias"] == pytest.approx(0.956436, abs=1e-6)
    assert run["bias"] == pytest.approx(0.0, abs=1e-12)  # the bins 0.6 and 0.4 go to either side, 0.5 stays
    two = played(DataLoop([0.6, 0.5], 10, *SIZES, drawn=False), LikelierLabel())
    assert two["bias"] == pytest.approx(two["largest_bias"] / 2.0, rel=1e-12)  # a mean over bins


@pytest.mark.parametrize(
    ("people", "model", "expected"),
    [(100, 0, 9.523810e-06), (50, 50, 3.016498e-05), (10, 90, 1.251870e-04), (0, 100, 1.897903e-04)],
)
def test_variance_of_sampled_labels(people, model, expected):
    assert sampler_variance(0.3, 1000, people, model, 200) == pytest.approx(expected, rel=1e-6)


def test_the_urn():
    assert urn_law(2, 3, 4) == pytest.approx([0.214286, 0.285714, 0.257143, 0.171429, 0.071429], abs=1e-6)
    assert urn_law(7, 2, 1000).sum() == pytest.approx(1.0, rel=1e-9)


# ---------------------------------------------------------------- exact laws


def test_sampling_alone_is_polyas_urn():
    """Every draw enumerated: 5 items, 2 of which have label 1, and 4 rounds of one sampled label."""
    law = np.zeros(5)
    for chance, path in plays(DataLoop([0.4], 4, 5, 0, 1), SampleLabels(), kept):
        law[round(float(path.world.ones[0])) - 2] += chance
    assert law == pytest.approx(urn_law(2, 3, 4), rel=1e-9)


@pytest.mark.parametrize("sizes", [(4, 1, 2), (4, 2, 0), (2, 1, 1)])
def test_moments_of_sampled_labels(sizes):
    """Every draw enumerated: the mean share stays, and the variance is that of the recursion."""
    start, people, model = sizes
    biases = [
        (chance, path.metrics["bias"]) for chance, path in plays(DataLoop([0.25], 2, *sizes), SampleLabels(), kept)
    ]
    assert math.fsum(chance for chance, _ in biases) == pytest.approx(1.0, rel=1e-12)
    assert math.fsum(chance * bias for chance, bias in biases) == pytest.approx(0.0, abs=1e-12)
    second = math.fsum(chance * bias**2 for chance, bias in biases)
    assert second == pytest.approx(sampler_variance(0.25, start, people, model, 2), rel=1e-9)


# ---------------------------------------------------------------- every path


def script(problem, probabilities):
    """Yield (world before, action, world after) of the steps on given probabilities of label 1 (T, G)."""
    steps, setting, env = problem.steps, problem.setting(), stream_of(7, 0, 1)
    world = plain(steps.init)(setting, env)
    for t, probability in enumerate(probabilities):
        before = (world.ones.copy(), world.items)
        _, world = plain(steps.respond)(setting, world, t, Labelled(np.array(probability)), env)
        yield before, world


@settings(max_examples=50)
@given(
    shares=st.lists(st.floats(0, 1), min_size=2, max_size=2),
    sizes=st.tuples(st.integers(1, 20), st.integers(0, 6), st.integers(0, 6)).filter(lambda s: s[1] + s[2] > 0),
    play=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=6),
    drawn=st.booleans(),
)
def test_the_identity_and_the_bound_on_every_path(shares, sizes, play, drawn):
    start, people, model = sizes
    problem = DataLoop(shares, len(play), start, people, model, drawn)
    p, delta, eta, worst = np.array(shares), 0.0, 0.0, -np.inf
    for t, ((ones, items), world) in enumerate(script(problem, play)):
        bias, after = ones / items - p, world.ones / world.items - p
        assert world.items == items + people + model
        error = world.errors if model else np.zeros(2)
        noise = (world.items * after - (items + model) * bias - model * error) / max(people, 1)
        assert drawn or np.abs(noise).max() < 1e-12 * world.items
        assert drawn or np.abs(error + ones / items - np.array(play[t])).max() < 1e-12 or not model
        labelled = np.array([people * (p + noise), model * (error + ones / items)])  # as 1, by people and the model
        assert not drawn or np.abs(labelled - labelled.round()).max() < 1e-9
        counts = world.ones - ones  # labels of 1 in this round
        assert (counts >= -1e-12).all()
        assert (counts <= people + model + 1e-12).all()
        delta, eta = max(delta, np.abs(error).max()), max(eta, np.abs(noise).max())
        worst = max(worst, np.abs(after).max() - (eta + model / max(people, 1) * delta))
    found = plain(problem.steps.measure)(problem.setting(), world, len(play))
    assert found.model_error == pytest.approx(delta, abs=1e-12)
    if people:
        assert found.people_error == pytest.approx(eta, abs=1e-9)
        assert found.excess == pytest.approx(worst, abs=1e-8)
        assert found.excess <= 1e-9


def test_probabilities_of_label_1():
    assert [SHARPENED(s, b) for s, b in ((0.5, 3.0), (0.8, np.inf), (0.2, np.inf), (0.0, 2.0))] == [
        0.5,
        1,
        0,
        0,
    ]
    for s in (0.0, 0.1, 0.5, 0.7, 1.0):
        for b in (0.5, 1.0, 3.0):
            assert SHARPENED(s, b) == pytest.approx(s**b / (s**b + (1 - s) ** b), rel=1e-12)
    assert SHARPENED(0.499, 1e5) == pytest.approx(0.0, abs=1e-9)
    problem, data = DataLoop([0.1] * 4, 1), Data(np.array([1.0, 5.0, 7.0, 9.0]), 10.0)
    for learner, expected in (
        (LikelierLabel(0.25), [0.025, 0.5, 0.75 + 0.175, 0.75 + 0.225]),
        (ShiftedLabels(0.2), [0.3, 0.7, 0.9, 1.0]),
    ):
        params = learner.parameters(problem)
        state = plain(labellers._init)(params, None)
        assert plain(labellers._act)(params, state, data, 0, None).probability == pytest.approx(expected)


# ---------------------------------------------------------------- what is wrong


@kernel
def _without_people(setting, world, t, action, env):
    """Leave the people's items out of the count of items."""
    items, after = data_loop._respond(setting, world, t, action, env)
    return items, after._replace(items=after.items - setting.people)


@dataclass(frozen=True, eq=False)
class Uncounted(DataLoop):
    steps = ProblemSteps(data_loop._init, _without_people, data_loop._measure, data_loop._observe)


@dataclass(frozen=True)
class Stale(ShiftedLabels):
    """Shifts by more than it says."""

    def parameters(self, problem):
        return super().parameters(problem)._replace(shift=1.1 * self.shift)


def test_mutants_break_the_theorems():
    assert played(Uncounted([0.3], 400, *SIZES, drawn=False), ShiftedLabels(0.01))["excess"] > 0.01
    loop = DataLoop([0.3], 50, *SIZES, drawn=False)
    limit = bounds.AMPLIFICATION.value_for(loop, ShiftedLabels(0.01))
    assert played(loop, ShiftedLabels(0.01))["model_bias"] == pytest.approx(limit, rel=1e-12)
    assert played(loop, Stale(0.01))["model_bias"] > 1.05 * limit
