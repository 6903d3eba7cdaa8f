"""The oracles of `theory` against the same plain NumPy as the learners, and confidence sequences against their sums."""

import math
from itertools import pairwise

import numpy as np
import pytest

from bandits.losses import LossTable
from bandits.switching import SwitchingCostGame
from tests.laws.test_switching import batched_dartboard_law, dartboard_law, exp3_law, hedge_law, tsallis_law
from theory.confidence import _MANY, MeanTest, betting_interval, empirical_bernstein_sequence, mean_interval
from theory.ranges import range_of_all_plays
from theory.switching import exact

STEADY = np.tile([0.0, 1.0], (4, 1))
BITS = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])


def moments(law, table):
    """Return the expected loss and switches of a joint law of actions."""
    loss = sum(chance * table[np.arange(len(table)), list(actions)].sum() for actions, chance in law.items())
    return loss, sum(chance * sum(a != b for a, b in pairwise(actions)) for actions, chance in law.items())


@pytest.mark.parametrize(
    ("play", "law", "table"),
    [
        (lambda: exact.exp3_on_steady_losses(4, 0.3), lambda: exp3_law(STEADY, 0.3), STEADY),
        (lambda: exact.exp3(BITS, 0.6, 2), lambda: exp3_law(BITS, 0.6, 2), BITS),
        (lambda: exact.uniform_looks(BITS, 0.4), lambda: batched_dartboard_law(BITS, 0.4, 1, False), BITS),
        (
            lambda: exact.uniform_looks(BITS[::-1], 0.4),
            lambda: batched_dartboard_law(BITS[::-1], 0.4, 1, False),
            BITS[::-1],
        ),
        (lambda: exact.hedge(BITS, 0.6), lambda: hedge_law(BITS, 0.6), BITS),
        (lambda: exact.shrinking_dartboard(BITS, 0.6), lambda: dartboard_law(BITS, 0.6), BITS),
    ],
)
def test_expectations(play, law, table):
    found = play()
    assert (found.loss, found.switches) == pytest.approx(moments(law(), table), abs=1e-9)
    assert found.best_loss == table.sum(axis=0).min()


def test_probabilities_that_vanish_are_no_overflow():
    found = exact.exp3_on_steady_losses(30, 60.0)
    assert found.loss == pytest.approx(
        1.0 - 2.0**-30, rel=1e-14
    )  # drawn once, at 1/2 per round, the paying action is never drawn again


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-2.0, 3.0)])
def test_empirical_bernstein_sums(low, high):
    """Waudby-Smith & Ramdas, Theorem 2, with their predictable means, variances and bets."""
    x = np.random.default_rng(1).uniform(low, high, 80)
    z, threshold = (x - low) / (high - low), math.log(1.0 / 0.05)
    lower, upper = empirical_bernstein_sequence(x, low, high, 0.05)
    sums = np.zeros(3)  # of bets, bets times samples, penalties
    mean, variance = 0.5, 0.25
    squares = 0.25
    for t, value in enumerate(z, 1):
        bet = min(math.sqrt(2.0 * threshold / (variance * t * math.log1p(t))), 0.75)
        sums += bet, bet * value, (value - mean) ** 2 * (-math.log1p(-bet) - bet)
        ends = [(sums[1] + sign * (threshold + sums[2])) / sums[0] for sign in (-1, 1)]
        expected = [low + (high - low) * min(max(end, 0.0), 1.0) for end in ends]
        assert [lower[t - 1], upper[t - 1]] == pytest.approx(expected, abs=1e-9)
        mean = (0.5 + z[:t].sum()) / (t + 1)
        squares += (value - mean) ** 2
        variance = squares / (t + 1)


def test_intervals_at_the_ends_of_the_range():
    """A mean at the end of the range is inside; a range of one point is that point, for every row."""
    for function in (mean_interval, betting_interval):
        assert function(np.ones(5), 0.0, 1.0, 0.05)[1] >= 1.0
        assert function(np.zeros(5), 0.0, 1.0, 0.05)[0] <= 0.0
    for function in (mean_interval, betting_interval, empirical_bernstein_sequence):
        lower, upper = function(np.full((2, 5), 0.3), 0.3, 0.3, 0.05)
        assert np.shape(lower)[0] == 2
        assert (np.asarray(lower) == 0.3).all()
        assert (np.asarray(upper) == 0.3).all()


def test_transitions_of_the_dartboard():
    rate, table = 0.6, np.random.default_rng(3).random((4, 3))
    for t, step in enumerate(exact.dartboard_transitions(table, rate)):
        total = table[: t + 1].sum(axis=0)
        law = np.exp(-rate * total) / np.exp(-rate * total).sum()
        keep = np.exp(-rate * table[t])
        np.testing.assert_allclose(step, np.diag(keep) + np.outer(1.0 - keep, law), atol=1e-12)


def test_samples_needed_if_the_rest_are_alike():
    """More samples of the same kind change nothing, and about as many are needed in fact."""
    samples = np.tile([0.1, 0.2, 0.3], 4)
    once = MeanTest.start(0.0, 1.0, 0.5).add(samples)
    twice = once.add(samples)
    needed = once.projected(1e-6)[0]
    assert needed == pytest.approx(twice.projected(1e-6)[0], rel=1e-12)
    outcomes = [MeanTest.start(0.0, 1.0, 0.5).add(np.tile([0.1, 0.2, 0.3], n)).outcome(1e-6)[0] for n in range(1, 60)]
    decided = 3 * (outcomes.index("below") + 1)
    assert decided / 1.5 <= needed <= 1.5 * decided


def test_rows_of_many_samples_are_intervals_of_their_own():
    x = np.random.default_rng(5).choice([0.1, 0.4, 0.9], (2, _MANY))
    together, apart = mean_interval(x, 0.0, 1.0, 0.05), [mean_interval(row, 0.0, 1.0, 0.05) for row in x]
    np.testing.assert_allclose(np.transpose(together), apart, rtol=1e-9)


@pytest.mark.parametrize(("growth", "scale"), [(0.0, 1.0), (1.2, 0.6)])
def test_tsallis_over_blocks(growth, scale):
    table = np.random.default_rng(6).random((4, 3))
    cost = growth * math.sqrt(3) / 1.5
    found = exact.tsallis_switch(table, growth, scale)
    assert (found.loss, found.switches) == pytest.approx(moments(tsallis_law(table, cost, scale), table), abs=1e-9)


def test_ranges_of_all_plays_are_those_of_a_learner_that_declares_nothing():
    game = SwitchingCostGame(LossTable(BITS), len(BITS), 1.0)
    assert range_of_all_plays(game, "switches") == pytest.approx((0.0, 4.0), abs=1e-9)
    assert range_of_all_plays(game, "no metric") is None
