"""Lower bounds of the switching family against the least regret possible on their losses, by enumeration."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, product
from typing import ClassVar

import numpy as np
import pytest

import theory
from bandits.losses import BernoulliLosses, BitwiseCoins, HiddenCoin, LossTable, MultiScaleRandomWalk
from bandits.switching import (
    BatchedDartboard,
    BatchedExp3,
    BudgetedExp3,
    FullInformation,
    Hedge,
    ShrinkingDartboard,
    SwitchingCostGame,
    TotalBudget,
)
from tests.drivers import read
from theory.switching.witnesses import steady

FULL, BUDGET = "cheng2023.full_information_lower", "cheng2023.total_budget_lower"


def bitwise_regret(n_actions, horizon):
    """Return T / 2 less the mean over all coins of the best action's loss: every learner's expected regret."""
    setting = BitwiseCoins(n_actions).setting(horizon)
    blocks = np.minimum(np.arange(horizon) // setting.length, setting.n_bits - 1)
    bits = np.arange(n_actions) >> blocks[:, None] & 1
    best = [(np.array(coins)[:, None] ^ bits).sum(axis=0).min() for coins in product((0, 1), repeat=horizon)]
    return horizon / 2 - float(np.mean(best))


def check_bitwise(bound):
    """Below the regret of every learner for all small games, and within 6% of it in the longest."""
    for n_actions, horizon in product((2, 3, 4, 8, 9), (1, 2, 3, 5, 8, 11)):
        assert bound.value(n_actions=n_actions, horizon=horizon) <= bitwise_regret(n_actions, horizon) + 1e-12
    assert bound.value(n_actions=2, horizon=11) >= 0.9 * bitwise_regret(2, 11)


def test_full_information_cannot_help_on_bitwise_coins():
    bound = theory.theorem(FULL)
    check_bitwise(bound)
    with pytest.raises(AssertionError):
        check_bitwise(replace(bound, expression=1.1 * bound.expression))
    assert bound.exponent("horizon") == theory.bound.Fraction(1, 2)


@pytest.mark.parametrize("horizon", [5, 64])
def test_the_best_action_of_bitwise_coins_is_as_good_as_the_blocks_say(horizon):
    """The process itself, read coin by coin: its best action has the better side of every block."""
    process = BitwiseCoins(8)
    losses, totals = read(process, horizon, 7, 1, [horizon])
    ends = (*range(0, 3 * (horizon // 3), horizon // 3), horizon)
    halves = [losses[a:b].sum(axis=0) for a, b in pairwise(ends)]
    assert totals[0].min() == sum(half.min() for half in halves)
    assert all(set(half) == {half.min(), half.max()} for half in halves)


@cache
def best_guess(n_actions, budget, gap, counts=()):
    """Return the greatest chance to name the better coin after `budget` observations of one's choice."""
    counts = counts or ((0, 0),) * n_actions
    odds = np.array([(1 + 2 * gap) ** zeros * (1 - 2 * gap) ** ones for zeros, ones in counts])
    law = odds / odds.sum()
    if budget == 0:
        return float(law.max())

    def after(arm, one):
        chance = law[arm] * (0.5 + (-gap if one else gap)) + 0.5 * (1.0 - law[arm])
        zeros, ones = counts[arm]
        seen = (*counts[:arm], (zeros + 1 - one, ones + one), *counts[arm + 1 :])
        return chance * best_guess(n_actions, budget - 1, gap, tuple(sorted(seen)))

    return max(after(arm, 0) + after(arm, 1) for arm in range(n_actions))


def check_hidden(bound):
    """Below the regret of whoever observes first, in the best way, and then plays the likeliest action throughout."""
    for n_actions, budget, gap in product((2, 3, 5), (1, 2, 4, 6), (0.02, 0.1, 0.25, 0.45)):
        least = 10 * gap * (1.0 - best_guess(n_actions, budget, gap))
        claimed = bound.value(n_actions=n_actions, horizon=10, budget=budget, gap=gap)
        assert claimed <= least + 1e-12


def test_a_budget_cannot_find_the_hidden_coin():
    bound = theory.theorem(BUDGET)
    check_hidden(bound)
    forgetful = bound.expression.subs(theory.switching.bounds.terms.B, theory.switching.bounds.terms.B / 4)
    with pytest.raises(AssertionError):
        check_hidden(replace(bound, expression=forgetful))
    along = {"gap": theory.bound.sp.sqrt(theory.bound.K / theory.switching.bounds.terms.B) / 4}
    assert bound.exponent("budget", along) == theory.bound.Fraction(-1, 2)
    assert bound.value(horizon=100, n_actions=4, budget=16, gap=0.125) == pytest.approx(
        12.5 * (0.75 - np.sqrt(-4 * np.log(1 - 0.0625)) / 2), rel=1e-12
    )


@dataclass(frozen=True)
class Claimed(BernoulliLosses):
    """Easy losses that call themselves hard."""

    family: ClassVar[str] = "bitwise coins"


def test_losses_of_ones_own_are_not_believed():
    game = SwitchingCostGame(Claimed([0.0, 1.0]), 64, 0.0, FullInformation())
    bound, text = theory.theorem(FULL), "losses are fair coins per round, split by the bits of the actions' numbers"
    assert bound.applies(game, Hedge()) == [text]
    assert not theory.verify(bound, game, Hedge()).applicable
    easy = SwitchingCostGame(LossTable(steady(64, 4)), 64, 0.0, FullInformation())
    assert bound.applies(easy, ShrinkingDartboard()) == [text]


def test_observations_of_the_played_action_are_bandit_feedback_at_best():
    free, bought = theory.theorem("dekel2014.bandit_lower"), theory.theorem("cheng2023.bandit_looks_lower")
    walk = SwitchingCostGame(MultiScaleRandomWalk(4), 512)
    looking = replace(walk, feedback=TotalBudget(64, "bandit"))
    assert free.value_for(walk, BatchedExp3()) == bought.value_for(looking, BudgetedExp3())
    assert bought.applies(looking, BudgetedExp3()) == free.applies(walk, BatchedExp3()) == []
    assert bought.applies(replace(looking, losses=MultiScaleRandomWalk(4, gap=0.1)), None) != []
    assert theory.theorem(BUDGET).applies(replace(looking, losses=HiddenCoin(4, 0.1)), BatchedDartboard()) == []
