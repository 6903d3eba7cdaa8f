"""What holds for the closed-loop populations of the threshold family on every input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.threshold import (
    EmpiricalPools,
    FixedThreshold,
    OptimisticFeasibleSearch,
    RewardEpsilonGreedy,
    Suggestions,
    Synthetic,
    ThresholdGame,
)
from bandits.threshold.population import State, acceptance, advance, mean_reward
from tests.drivers import plain, play_plainly

QUICK = settings(deadline=None)  # the first example compiles


@st.composite
def synthetics(draw):
    lift = draw(st.floats(0, 1))
    pair = st.tuples(st.floats(0, 1), st.floats(0, 1))
    base = tuple((1.0 - lift) * part for part in draw(pair))
    initial = draw(st.none() | pair)
    return Synthetic(base, lift, draw(st.floats(0, 1)), draw(st.floats(0.02, 2.0)), initial)


@st.composite
def suggestions(draw):
    lift = draw(st.floats(0, 0.9))
    base = tuple((1.0 - lift) * part for part in draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    return Suggestions(base, lift, draw(st.floats(0, 1)), draw(st.floats(0, 1)))


@st.composite
def pools(draw):
    n = draw(st.integers(2, 30))
    scores = draw(st.lists(st.integers(0, 20).map(lambda k: k / 20), min_size=n, max_size=n))
    good = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    group = [0, 1, *draw(st.lists(st.integers(0, 1), min_size=n - 2, max_size=n - 2))]
    adaptation, lift = draw(st.floats(0, 1)), draw(st.floats(0, 1))
    return EmpiricalPools(adaptation=adaptation, lift=lift, scores=scores, good=good, group=group)


@QUICK
@given(population=pools(), grid=st.integers(2, 12))
def test_pool_rates_are_counts_and_the_feasible_set_is_that_of_brute_force(population, grid):
    game = ThresholdGame(population, 10, grid=grid, parity_tolerance=0.2, service=(0.1, 0.9))
    setting, sweep = population.setting(game.thresholds), game.fixed_points
    scores, good, group = (np.array(v) for v in (population.scores, population.good, population.group))
    for i, threshold in enumerate(game.thresholds):
        accepted = scores >= threshold - 1e-12 * abs(threshold)  # a decimal score on a decimal threshold is accepted
        rates = [accepted[group == g].mean() for g in (0, 1)]
        assert setting.accept[:, i] == pytest.approx(rates)
        assert setting.good[:, i] == pytest.approx([(accepted & (good == 1))[group == g].mean() for g in (0, 1)])
        share = np.clip(group.mean(), 0.05, 0.95)
        if population.adaptation > 0.0:
            share = np.clip(group.mean() + population.lift * (rates[1] - rates[0]), 0.05, 0.95)
        assert sweep.state[i, 0] == pytest.approx(share, abs=1e-12)
        assert 0.05 <= sweep.state[i, 0] <= 0.95
        overall = (1 - sweep.state[i, 0]) * rates[0] + sweep.state[i, 0] * rates[1]
        excess = max(0, abs(rates[0] - rates[1]) - 0.2) + max(0, 0.1 - overall) + max(0, overall - 0.9)
        assert sweep.violation[i] == pytest.approx(excess, abs=1e-9)
    assert (np.diff(setting.accept, axis=1) <= 0.0).all()
    candidates = np.flatnonzero(sweep.feasible)
    if len(candidates):
        assert sweep.reward[sweep.best] == pytest.approx(sweep.reward[candidates].max(), rel=1e-12)
        assert sweep.feasible[sweep.best]
    else:
        assert sweep.violation[sweep.best] == pytest.approx(sweep.violation.min(), abs=1e-12)
    assert sweep.feasible.tolist() == (sweep.violation <= 0.0).tolist()


# ---------------------------------------------------------------- dynamics


def moved(population, thresholds, state, index):
    """Return Phi(state, threshold) and the rates before, by the population's own text."""
    _, rates_of, target_of = map(plain, population.steps[:3])
    setting = population.setting(thresholds)
    rates = rates_of(setting, state, index)
    return plain(advance)(population.adaptation, state, target_of(setting, rates)), rates


def apart(first, second):
    return max(abs(first.first - second.first), abs(first.second - second.second))


@st.composite
def states(draw, population):
    """Draw two states that can be reached."""
    ends = [*population.reachable, (0.0, 0.0)][:2]
    return [State(*(low + draw(st.floats(0, 1)) * (high - low) for low, high in ends)) for _ in range(2)]


@QUICK
@given(population=synthetics() | pools() | suggestions(), threshold=st.floats(0, 1), data=st.data())
def test_two_states_approach_at_the_rate_stated_and_never_leave_the_reachable_box(population, threshold, data):
    thresholds = np.array([threshold])
    one, other = data.draw(states(population))
    (after, rates), (after_other, rates_other) = (moved(population, thresholds, s, 0) for s in (one, other))
    assert apart(after, after_other) <= population.contraction * apart(one, other) + 1e-14
    assert apart(one, other) <= population.diameter + 1e-15
    for (low, high), value in zip(population.reachable, after, strict=False):
        assert low - 1e-15 <= value <= high + 1e-15
    price = 1.4
    slope, distance = population.sensitivity(price), apart(one, other)
    means = [mean_reward(r, price) / (1.0 + price) for r in (rates, rates_other)]
    gaps = [r.accept[0] - r.accept[1] for r in (rates, rates_other)]
    overall = [acceptance(r) for r in (rates, rates_other)]
    for (first, second), constant in zip((means, gaps, overall), slope, strict=True):
        assert abs(first - second) <= constant * distance + 1e-12


@QUICK
@given(
    population=synthetics() | pools() | suggestions(),
    grid=st.lists(st.floats(0, 1), min_size=2, max_size=4, unique=True),
)
def test_the_sweeps_states_are_fixed_points(population, grid):
    game = ThresholdGame(population, 10, grid=sorted(grid))
    for i, (state, accept) in enumerate(zip(game.fixed_points.state, game.fixed_points.accept, strict=True)):
        after, rates = moved(population, game.thresholds, State(*state), i)
        assert apart(after, State(*state)) <= 2e-15
        assert list(rates.accept) == accept.tolist()


# ---------------------------------------------------------------- metrics


@settings(max_examples=20, deadline=None)
@given(
    population=synthetics() | pools() | suggestions(),
    seed=st.integers(0, 2**32),
    service=st.sampled_from([None, (0.3, 0.8)]),
)
def test_no_metric_leaves_its_range_and_the_identities_hold(population, seed, service):
    game = ThresholdGame(population, 40, grid=6, batch_size=7, price=0.5, parity_tolerance=0.05, service=service)
    learners = (OptimisticFeasibleSearch(width=0.2), RewardEpsilonGreedy(exploration=0.5), FixedThreshold(2))
    for learner in learners:
        row = dict(zip(game.metrics, play_plainly(game, learner, seed=seed)[0, 0].tolist(), strict=True))
        for metric, value in row.items():
            low, high = game.metric_range(metric, learner)
            assert low <= value <= high, f"{metric} of {learner} is {value}, outside [{low}, {high}]"
        assert row["violation"] == pytest.approx(row["parity_violation"] + row["service_violation"], abs=1e-12)
        if population.stationary:
            assert row["regret"] == pytest.approx(row["settled_regret"], abs=1e-12)
            assert row["violation"] == pytest.approx(row["settled_violation"], abs=1e-12)
