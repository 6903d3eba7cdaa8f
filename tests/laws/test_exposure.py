"""Exposure: laws by enumeration, known answers, mutants; nothing is compiled."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma

from bandits.core.actions import InvalidAction
from bandits.core.jit import kernel
from bandits.loops import ClippedInverse, ExposureLoop, ItemLaw, Popularity, exposure
from bandits.protocol import LearnerSteps, ProblemSteps
from sims import simulate
from tests.drivers import plain, stream_of
from tests.laws.enumeration import plays
from theory.loops import bounds
from theory.loops.exact import click_law, expected_concentration, urn_law


def law_of_play(problem, learner):
    """Return [(probability, path)] of all plays; recorded of a round: item, probability, click and law."""
    kept = lambda action, seen: (seen.item, float(seen.probability), bool(seen.clicked), tuple(action.law))  # noqa: E731
    return list(plays(problem, learner, kept))


def expectation(problem, learner, metric):
    return math.fsum(chance * path.metrics[metric] for chance, path in law_of_play(problem, learner))


# ---------------------------------------------------------------- exact laws


def test_clicks_under_popularity_are_polyas_urn():
    """Every draw enumerated, two items alike: the law of the first one's clicks, given their number."""
    law = np.zeros((5, 5))
    for chance, path in law_of_play(ExposureLoop([0.5, 0.5], 4), Popularity(1.5)):
        clicked = [item for item, _, click, _ in path.actions if click]
        law[len(clicked), clicked.count(0)] += chance
    for m in range(5):
        assert law[m, : m + 1] / law[m].sum() == pytest.approx(urn_law(1.5, 1.5, m), rel=1e-9)


def test_the_next_click_of_unlike_items():
    """Given the clicks before, the next one is the first item's as in `click_law`."""
    chances = np.zeros((3, 3, 2))
    for chance, path in law_of_play(ExposureLoop([0.75, 0.25], 3), Popularity(1.5)):
        *before, (item, _, click, _) = path.actions
        earlier = [i for i, _, clicked, _ in before if clicked]
        if click:
            chances[earlier.count(0), earlier.count(1), item] += chance
    for first, second in ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)):
        weight = np.array([0.75 * (1.5 + first), 0.25 * (1.5 + second)])
        found = chances[first, second]
        assert found / found.sum() == pytest.approx(weight / weight.sum(), rel=1e-9)
    assert click_law([0.75, 0.25], 1.5, 1) == pytest.approx([0.25, 0.75])


def test_known_answers():
    assert click_law([0.25, 0.25], 2.0, 7) == pytest.approx(urn_law(2, 2, 7), rel=1e-12)
    assert click_law([1.0, 0.5], 1.0, 2) == pytest.approx([1 / 3 * 1 / 2, 1 / 3 * 1 / 2 + 2 / 3 * 1 / 5, 2 / 3 * 4 / 5])
    assert expected_concentration(4, 1.0, 1.0, 10**6) == pytest.approx(2 / 5, abs=1e-5)  # (c + 1) / (n c + 1)
    assert expected_concentration(4, 0.5, 1.0, 1) == 0.25
    assert expected_concentration(1, 0.5, 1.0, 9) == 1.0
    shares = np.arange(4001) / 4000  # n = 3 items alike: an item's share tends to Beta(1, 2), of variance 1/18
    law = urn_law(1, 2, 4000)
    assert law @ shares**2 - (law @ shares) ** 2 == pytest.approx(1 / 18, abs=1e-4)


def test_the_worse_item_grows_like_a_power_of_the_better():
    """E psi(c + clicks) - psi(c) is in proportion to the relevance, after any number of clicks and of rounds."""
    for m in (1, 2, 300):
        law, first = click_law([1.0, 0.3], 0.5, m), np.arange(m + 1)
        grown = [law @ digamma(0.5 + clicks) - digamma(0.5) for clicks in (first, m - first)]
        assert grown[1] == pytest.approx(0.3 * grown[0], rel=1e-9)
    grown = np.zeros(3)
    for chance, path in law_of_play(ExposureLoop([0.75, 0.5, 0.25], 3), Popularity(1.5)):
        grown += chance * (digamma(path.state.clicks) - digamma(1.5))
    assert grown / grown[2] == pytest.approx([3.0, 2.0, 1.0], rel=1e-9)


@pytest.mark.parametrize(("n", "start", "horizon"), [(2, 1.0, 5), (3, 0.5, 4)])
def test_expected_concentration(n, start, horizon):
    loop = ExposureLoop([0.5] * n, horizon)
    exact = expected_concentration(n, 0.5, start, horizon)
    assert expectation(loop, Popularity(start), "concentration") == pytest.approx(exact, rel=1e-9)
    assert bounds.INVENTED.value_for(loop, Popularity(start)) <= exact


@pytest.mark.parametrize("learner", [Popularity(), ClippedInverse(0.25, 3.0), ClippedInverse(1.0)])
@pytest.mark.parametrize("floor", [0.25, 1.0])
def test_estimates_are_unbiased_and_their_error_is_bounded(learner, floor):
    loop = ExposureLoop([0.5, 0.25], 3, floor)
    means, error = np.zeros(2), 0.0
    for chance, path in law_of_play(loop, learner):
        means += chance * (path.world.closed + path.world.open)[1] / 3
        error += chance * path.metrics["squared_error"]
        assert path.metrics["least_exposure"] >= floor * 3 / 2 - 1e-12
        assert path.metrics["reward"] == sum(click for _, _, click, _ in path.actions)
    assert means == pytest.approx(loop.relevance, rel=1e-12)
    bound = bounds.EXPOSURE_ERROR.value_for(loop, learner)
    assert error == pytest.approx(bound, rel=1e-9) if floor == 1.0 else error < bound


# ---------------------------------------------------------------- every path


@settings(max_examples=30)
@given(
    g=st.lists(st.floats(0, 1), min_size=3, max_size=3),
    floor=st.floats(0, 1),
    laws=st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=1, max_size=5),
)
def test_the_metrics_are_those_of_their_definition(g, floor, laws):
    loop, env = ExposureLoop(g, len(laws), floor), stream_of(3, 0, 1)
    world = plain(loop.steps.init)(loop.setting(), env)
    exposed, estimate, clicks = np.zeros(3), np.zeros(3), 0
    for t, raw in enumerate(laws):
        law = np.array(raw) / sum(raw)
        seen, world = plain(loop.steps.respond)(loop.setting(), world, t, ItemLaw(law), env)
        p = (1 - floor) * law + floor / 3
        assert seen.probability == pytest.approx(p[seen.item], rel=1e-9)
        exposed += p
        estimate[seen.item] += seen.clicked / p[seen.item] / len(laws)
        clicks += seen.clicked
    found = plain(loop.steps.measure)(loop.setting(), world, len(laws))
    wanted = clicks, exposed @ (max(g) - np.array(g)), exposed.min(), p @ p, np.mean((estimate - g) ** 2)
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    for name, value in zip(loop.metrics, found, strict=True):
        if name != "squared_error" or floor > 1e-50:
            low, high = loop.metric_range(name, None)
            assert low <= value <= high


def test_ranges():
    loop = ExposureLoop([0.5, 0.25], 8, 0.5)
    highs = [loop.metric_range(name, None)[1] for name in loop.metrics]
    assert highs == pytest.approx([8, 2, 4, 1, 16], rel=1e-8)
    assert loop.metric_range("concentration", None)[0] == pytest.approx(0.5)


def test_learners_by_hand():
    every = [path for _, path in law_of_play(ExposureLoop([0.5, 1.0], 4, 0.5), ClippedInverse(0.5, 2.0))]
    path = next(p for p in every if [a[:1] + a[2:3] for a in p.actions] == [(1, True), (1, True), (0, True), (1, True)])
    scores = np.zeros(2)
    for t, (item, p, click, law) in enumerate(path.actions):
        weight = np.exp(2.0 * scores / max(t, 1))
        assert law == pytest.approx(weight / weight.sum(), rel=1e-12)
        scores[item] += click / max(p, 0.5)
    assert path.actions[1][1] > 0.5 > path.actions[2][1]  # one above the clip, one below


def test_sums_are_closed_after_the_last_round_of_a_block():
    loop, env = ExposureLoop([1.0, 1.0], 3, 0.5), stream_of(7, 0, 1)
    ends = []
    for t in (0, 4095):
        world = plain(loop.steps.init)(loop.setting(), env)
        _, world = plain(loop.steps.respond)(loop.setting(), world, t, ItemLaw(np.array([0.25, 0.75])), env)
        ends.append(world)
    assert ends[0].closed.any() == ends[1].open.any() == 0.0
    for world in ends:
        assert (world.closed + world.open)[0].tolist() == [0.375, 0.625]
        assert sorted((world.closed + world.open)[1]) in ([0.0, 1 / 0.375], [0.0, 1 / 0.625])


# ---------------------------------------------------------------- what is wrong


@kernel
def _naive(setting, world, t, action, env):
    """Estimate by clicks alone, without the probabilities."""
    seen, after = exposure._respond(setting, world, t, action, env)
    if seen.clicked:
        after.open[1, seen.item] += 1.0 - 1.0 / seen.probability
    return seen, after


@kernel
def _unnormalised(setting, world, t, action, env):
    """Divide by the probabilities before the floor."""
    seen, after = exposure._respond(setting, world, t, action, env)
    if seen.clicked:
        after.open[1, seen.item] += 1.0 / action.law[seen.item] - 1.0 / seen.probability
    return seen, after


@pytest.mark.parametrize("wrong", [_naive, _unnormalised])
def test_wrong_probabilities_break_the_theorem(wrong):
    @dataclass(frozen=True, eq=False)
    class Wrong(ExposureLoop):
        steps = ProblemSteps(exposure._init, wrong, exposure._measure)

    def error(kind):
        run = simulate(kind([0.75, 0.25], 200, 0.5), ClippedInverse(), repetitions=2, backend="python")
        return run.final("squared_error").mean() / bounds.EXPOSURE_ERROR.value_for(run.problem, run.learner)

    assert error(Wrong) > 2.0
    assert error(ExposureLoop) < 1.0


@kernel
def _forget(params, state, t, action, seen, rng):
    return state


@dataclass(frozen=True)
class Forgetful(Popularity):
    """Counts no clicks."""

    steps = LearnerSteps(exposure._init_popularity, exposure._act_popularity, _forget)


def test_a_loop_without_memory_makes_up_nothing():
    loop = ExposureLoop([1.0, 1.0], 6)
    limit = bounds.INVENTED.value_for(loop, Forgetful())
    assert expectation(loop, Forgetful(), "concentration") < limit < expectation(loop, Popularity(), "concentration")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ExposureLoop([1.5], 5), "relevance"),
        (lambda: ExposureLoop([], 5), "relevance must"),
        (lambda: ExposureLoop([0.5], 5, 1.5), "floor must be"),
        (lambda: Popularity(0.0), "start must be"),
        (lambda: ClippedInverse(0.0), "clip must be"),
        (lambda: ClippedInverse(0.5, -1.0), "sharpness must be"),
        (lambda: click_law([0.5], 1.0, 3), "relevance must be two numbers above 0"),
        (lambda: ExposureLoop([0.5], 5).metric_range("squared_error", None), "without a floor"),
    ],
)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("law", "said"), [([0.5], "3 entries"), ([0.5, 0.5, 0.5], "sum of 1.5"), ([1.5, -0.5, 0.0], "probabilities")]
)
def test_laws_that_are_none_are_refused(law, said):
    loop, env = ExposureLoop([0.5] * 3, 1), stream_of(0, 0, 1)
    world = plain(loop.steps.init)(loop.setting(), env)
    with pytest.raises(InvalidAction) as caught:
        plain(loop.steps.respond)(loop.setting(), world, 0, ItemLaw(np.array(law)), env)
    assert said in str(caught.value)
