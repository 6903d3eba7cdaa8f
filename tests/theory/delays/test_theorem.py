"""The theorem on delayed exponential weights on every path, and its corollaries by exact expectation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theory
from bandits.delays import Bold, Delayed, DelayedExp3, DelayedHedge, DelayTable, FixedDelay, GeometricDelay
from bandits.losses import BitwiseCoins, LossTable
from bandits.switching import Bandit, Exp3, FullInformation, SwitchingCostGame
from tests.mutants.rejection import rejected
from tests.strategies import loss_tables
from theory.delays.exact import delayed_weights, expectation


@st.composite
def late_estimates(draw):
    """Draw (estimates (T, K), delays (T,), rate): heavy tails, and delays beyond the end."""
    table = draw(loss_tables(max_rounds=12, max_actions=4))
    scale = draw(st.lists(st.sampled_from([0.0, 1.0, 3.0, 40.0]), min_size=len(table), max_size=len(table)))
    delays = draw(st.lists(st.integers(0, 14), min_size=len(table), max_size=len(table)))
    return table, np.array(scale), delays, draw(st.sampled_from([0.05, 0.5, 2.0, 20.0]))


def check_theorem(terms, delays):
    horizon = len(delays)
    assert terms.total_delay == sum(min(d, horizon - 1 - t) for t, d in enumerate(delays))
    assert terms.regret <= terms.bound * (1.0 + 1e-9) + 1e-9


@given(late_estimates())
def test_every_path(drawn):
    table, scale, delays, rate = drawn
    check_theorem(delayed_weights(table * scale[:, None], delays, rate), delays)
    terms = delayed_weights(table, delays, rate)
    sharp = np.log(table.shape[1]) / rate + rate / 8.0 * (len(table) + 2 * terms.total_delay)
    assert terms.regret <= sharp + 1e-9
    assert theory.theorem("joulani2016.delayed_hedge").value(
        horizon=len(table),
        n_actions=table.shape[1],
        learning_rate=rate,
        total_delay=terms.total_delay,
        switching_cost=0,
    ) == pytest.approx(sharp)


@given(loss_tables(max_rounds=5, max_actions=3), st.lists(st.integers(0, 6), min_size=5, max_size=5), st.integers(0, 7))
def test_exp3_with_skipping(table, delays, patience):
    delays = delays[: len(table)]
    game = Delayed(SwitchingCostGame(LossTable(table), len(table), 0.0, Bandit()), DelayTable(delays))
    for rate in (0.1, 0.6):
        learner = DelayedExp3(rate, patience)
        value = theory.theorem("thune2019.skipping").value_for(game, learner)
        assert expectation(game, learner, "regret")[0] <= value + 1e-9


WORST = {0: (1.431994, 1.665109), 1: (2.122941, 2.761271), 2: (2.721236, 3.432711), 3: (3.192781, 3.905027)}


@pytest.mark.parametrize("delay", WORST)
def test_worst_of_all_tables_of_two_actions(delay):
    """Hedge with a fixed delay, tuned, T = 8: the worst of the 3^8 tables with rows (0, 1), (1, 0), (0, 0)."""
    worst, bound = WORST[delay]
    total = 8 * delay - delay * (delay + 1) // 2
    rate = np.sqrt(8 * np.log(2) / (8 + 2 * total))
    fields = {"horizon": 8, "n_actions": 2, "total_delay": total, "switching_cost": 0}
    assert theory.theorem("joulani2016.delayed_hedge").value(learning_rate=rate, **fields) == pytest.approx(
        bound, abs=1e-6
    )
    rows = np.indices((3,) * 8).reshape(8, -1)
    difference = np.array([-1.0, 1.0, 0.0])[rows]  # loss of action 0 less that of action 1
    known = np.zeros_like(difference)
    known[delay + 1 :] = np.cumsum(difference, axis=0)[: 8 - delay - 1]
    play = (difference / (1.0 + np.exp(rate * known))).sum(axis=0)  # above the loss of action 1
    regret = play - np.minimum(difference.sum(axis=0), 0.0)
    assert regret.max() == pytest.approx(worst, abs=1e-6)


LOWER = {0: 39.893231, 9: 126.125091, 99: 397.946187}  # (d + 1) E |S_n| / 2, n = 10^4 / (d + 1)


@pytest.mark.parametrize("delay", LOWER)
def test_the_lower_bound(delay):
    """The theorem's value is just below the exact one, and asks that every coin has passed when it is seen."""
    bound = theory.theorem("cesabianchi2019.delay_lower")

    def game(held):
        coins = SwitchingCostGame(BitwiseCoins(2, held=held), 10_000, 0.0, FullInformation())
        return Delayed(coins, FixedDelay(delay))

    assert bound.applies(game(delay + 1), DelayedHedge()) == []
    assert bound.applies(game(delay + 2), DelayedHedge()) == ["no feedback arrives while its coin stands"]
    value = bound.value_for(game(delay + 1), DelayedHedge())
    assert 0.99 * LOWER[delay] < value < LOWER[delay]


def test_the_bound_of_copies_is_that_of_their_shares():
    table = LossTable(np.zeros((40, 2)))
    game = Delayed(SwitchingCostGame(table, 40, 0.0), DelayTable([3]))
    value = theory.theorem("joulani2013.bold_exp3").value_for(game, Bold(Exp3()))
    assert value == pytest.approx(np.sqrt(2 * 4 * 2 * 40 * np.log(2)))
    drawn = replace(game, schedule=GeometricDelay(1.0))
    missing = theory.theorem("joulani2013.bold_exp3").applies(drawn, Bold(Exp3()))
    assert missing == ["fewer copies than rounds (`longest_delay` limits random delays)"]


def test_mutants_of_the_theorem():
    """The best action of d + 1 rounds ago always loses: both forms need the delay, and D its minimum."""
    delays, rate = [19] * 400, 0.05
    terms = delayed_weights(np.eye(2)[(np.arange(400) + 20) // 40 % 2], delays, rate)
    check_theorem(terms, delays)
    rejected(check_theorem, replace(terms, bound=terms.bound - rate * terms.products), delays)
    rejected(check_theorem, replace(terms, total_delay=sum(delays)), delays)
    assert terms.regret > np.log(2) / rate + rate / 8 * len(delays)
