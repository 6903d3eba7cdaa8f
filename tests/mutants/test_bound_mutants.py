"""Wrong bounds and wrong learners: each is found to be broken by a check that the true one passes.

Checks are functions of a bound or of a learner. Those of bounds are exact; those of learners sample with an error
probability of 1e-6 each and fixed seeds.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import sympy as sp

from bandits.combine import BlockedState
from bandits.core.exponential_weights import add_loss, add_losses, probability
from bandits.core.jit import kernel
from bandits.core.rng import uniform_index
from bandits.losses import LossTable
from bandits.switching import BatchedExp3, Exp3, FullInformation, Hedge, ShrinkingDartboard, SwitchingCostGame
from theory import theorem
from theory.bound import T
from theory.confidence import RangeViolation
from theory.ranges import proven_range
from theory.switching.bounds import TAU, C
from theory.switching.witnesses import alternating, steady
from theory.testing import assert_bound_holds

# ---------------------------------------------------------------- bounds

WORST = steady(200, 2)  # only its shape matters: the check searches the worst losses itself


def check_hedge_bound(bound):
    """The worst of all 4^T tables against Hedge, by dynamic programming."""
    game = SwitchingCostGame(LossTable(WORST), 200, switching_cost=0.0, feedback=FullInformation())
    assert_bound_holds(bound, game, Hedge(), method="worst")


def check_dartboard_bound(bound):
    """The worst of all 4^T tables against Shrinking Dartboard, at a switching cost of 1."""
    game = SwitchingCostGame(LossTable(WORST), 200, switching_cost=1.0, feedback=FullInformation())
    assert_bound_holds(bound, game, ShrinkingDartboard(), method="worst")


def check_exp3_bound(bound):
    """The exact regret of EXP3 on losses that are all 1, so that it switches in half of the rounds."""
    game = SwitchingCostGame(LossTable(np.ones((12, 2))), 12, switching_cost=5.0)
    assert_bound_holds(bound, game, Exp3(), allow_vacuous=True)  # the wrong bound is not


HEDGE, DARTBOARD, EXP3, BATCHES = (
    theorem(name)
    for name in (
        "cesabianchi2006.hedge",
        "geulen2010.shrinking_dartboard",
        "bubeck2012.exp3",
        "arora2012.batched_exp3_switches",
    )
)
BOUNDS = {  # what is wrong: the check, the theorem, the wrong expression
    "divided by 10": (check_hedge_bound, HEDGE, HEDGE.expression / 10),
    "1/16 for 1/8": (check_hedge_bound, HEDGE, HEDGE.expression.subs(sp.Rational(1, 8), sp.Rational(1, 16))),
    "switches of the dartboard left out": (check_dartboard_bound, DARTBOARD, DARTBOARD.expression.subs(C, 0)),
    "switches of EXP3 left out": (check_exp3_bound, EXP3, EXP3.expression.subs(C, 0)),
}


@pytest.mark.parametrize(("check", "bound", "wrong"), BOUNDS.values(), ids=BOUNDS)
def test_mutant_bound_is_rejected(check, bound, wrong):
    check(bound)
    assert wrong != bound.expression
    with pytest.raises(AssertionError, match="BROKEN"):
        check(replace(bound, expression=wrong))


# ---------------------------------------------------------------- learners, played


@kernel
def uniform_act(params, state, t, rng):  # ignores what it learns
    return uniform_index(rng, t, 0, params.n_actions)


@kernel
def hot_update(params, state, t, arm, losses, rng):  # declares eta, uses 30 eta
    return add_losses(state, 30.0 * params.learning_rate, losses)


@kernel
def short_update(params, state, t, arm, loss, rng):  # its batches end one round early
    batch_loss = state.loss + loss
    if t + 2 < state.start + params.batch_length:
        return BlockedState(state.inner, arm, batch_loss, state.start)
    estimate = batch_loss / params.batch_length / probability(state.inner, arm)
    return BlockedState(add_loss(state.inner, params.learning_rate, arm, estimate), arm, 0.0, t + 1)


@dataclass(frozen=True)
class IgnoresFeedback(Exp3):
    steps = Exp3.steps._replace(act=uniform_act)


@dataclass(frozen=True)
class ThirtyTimesTheRate(Hedge):
    steps = Hedge.steps._replace(update=hot_update)


@dataclass(frozen=True)
class BatchesEndEarly(BatchedExp3):
    steps = BatchedExp3.steps._replace(update=short_update)


SHORT, LONG = LossTable(steady(16, 2)), LossTable(alternating(200, 2))


def check_learns_from_its_own_losses(learner):
    """EXP3's theorem on losses in which one action is always better."""
    assert_bound_holds("bubeck2012.exp3", SwitchingCostGame(SHORT, 16, switching_cost=0.0), learner)


def check_learns_slowly(learner):
    """Hedge's theorem on losses that punish following the leader."""
    game = SwitchingCostGame(LONG, 200, switching_cost=0.0, feedback=FullInformation())
    assert_bound_holds("cesabianchi2006.hedge", game, learner)


def check_holds_its_action(learner):
    """At most n - 1 switches on all but a share of 0.01 of the paths."""
    assert_bound_holds("arora2012.batched_exp3_switches", SwitchingCostGame(LONG, 200), learner, share=0.01)


LEARNERS = {
    "ignores its feedback": (check_learns_from_its_own_losses, Exp3(), IgnoresFeedback()),
    "30 times the rate it declares": (check_learns_slowly, Hedge(), ThirtyTimesTheRate()),
    "batches end a round early": (check_holds_its_action, BatchedExp3(0.3, 20), BatchesEndEarly(0.3, 20)),
}


@pytest.mark.parametrize(("check", "true", "mutant"), LEARNERS.values(), ids=LEARNERS)
def test_mutant_learner_is_rejected(check, true, mutant):
    check(true)
    with pytest.raises(AssertionError, match="BROKEN"):
        check(mutant)


def check_declared_range(ends):
    """What was declared of a sample holds of every sample that is drawn."""
    game = SwitchingCostGame(LONG, 200)
    options = {"method": "sample", "sample_range": ends, "allow_vacuous": True}
    assert_bound_holds("arora2012.batched_exp3", game, BatchedExp3(0.3, 20), **options)


def test_mutant_sample_range_is_rejected():
    low, high = proven_range(SwitchingCostGame(LONG, 200), BatchedExp3(0.3, 20), "regret")
    check_declared_range((low, high))
    with pytest.raises(RangeViolation, match="outside its range"):
        check_declared_range((low, low + 0.1 * (high - low)))


def test_batch_count_off_by_one_is_rejected():
    """n - 2 in place of n - 1 switches: broken by the repetitions that switch after every batch."""
    check_holds_its_action(BatchedExp3(0.3, 100))
    game = SwitchingCostGame(LONG, 200)
    with pytest.raises(AssertionError, match="BROKEN"):
        assert_bound_holds(replace(BATCHES, expression=sp.floor(T / TAU) - 2), game, BatchedExp3(0.3, 100))
