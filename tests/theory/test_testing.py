"""Verifying a learner of one's own in a test, and wrong learners that such a test rejects.

The learner is what somebody would write who knows EXP3 and nothing of this package's: scores, and probabilities made
anew from them every round. Each verdict is wrong with probability at most 1e-6, seed 0.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

import theory
from bandits.core.jit import kernel
from bandits.core.rng import uniform
from bandits.losses import LossTable
from bandits.protocol import Learner, LearnerSteps
from bandits.switching import Bandit, FullInformation, SwitchingCostGame
from theory.switching.witnesses import costly_losses
from theory.testing import assert_bound_broken, assert_bound_holds

HORIZON, ACTIONS, SEED = 2000, 5, 0
GAME = SwitchingCostGame(LossTable(costly_losses(HORIZON, ACTIONS, 0.3)), HORIZON, switching_cost=0.0)
COSTLY = SwitchingCostGame(LossTable(costly_losses(HORIZON, ACTIONS, 0.05)), HORIZON, switching_cost=1.0)


class OwnParams(NamedTuple):
    n_actions: int
    learning_rate: float


class OwnState(NamedTuple):
    score: Any  # (K,) minus the estimated losses
    chance: Any  # (K,) probability of each action


@kernel
def init(params, rng):
    chance = np.zeros(params.n_actions)
    for i in range(params.n_actions):
        chance[i] = 1.0 / params.n_actions
    return OwnState(np.zeros(params.n_actions), chance)


@kernel
def act(params, state, t, rng):
    u = uniform(rng, t, 0)
    arm = 0
    while u >= state.chance[arm] and arm < params.n_actions - 1:
        u -= state.chance[arm]
        arm += 1
    return arm


@kernel
def renew(params, state):
    best = state.score[0]
    for i in range(1, params.n_actions):
        best = max(best, state.score[i])
    total = 0.0
    for i in range(params.n_actions):
        state.chance[i] = math.exp(params.learning_rate * (state.score[i] - best))
        total += state.chance[i]
    for i in range(params.n_actions):
        state.chance[i] /= total


@kernel
def update(params, state, t, arm, loss, rng):
    state.score[arm] -= loss / state.chance[arm]
    renew(params, state)
    return state


@kernel
def update_without_weight(params, state, t, arm, loss, rng):
    state.score[arm] -= loss
    renew(params, state)
    return state


@dataclass(frozen=True)
class MyExp3(Learner):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def parameters(self, problem):
        n = problem.n_actions
        return OwnParams(n, math.sqrt(2.0 * math.log(n) / (problem.horizon * n)))


@dataclass(frozen=True)
class Hasty(MyExp3):
    """The learning rate is 30 times the tuned one."""

    def parameters(self, problem):
        params = super().parameters(problem)
        return params._replace(learning_rate=30.0 * params.learning_rate)


@dataclass(frozen=True)
class Unweighted(MyExp3):
    """Losses are not divided by the probability of having seen them."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update_without_weight)


def test_my_learner_obeys_the_bound_of_exp3():
    verdict = assert_bound_holds("bubeck2012.exp3", GAME, MyExp3(), seed=SEED)
    assert verdict.kind == "certified Monte Carlo", "the law of somebody's own learner is not taken for known"
    assert verdict.bound_value == pytest.approx(math.sqrt(2 * HORIZON * ACTIONS * math.log(ACTIONS)), rel=1e-12)
    assert verdict.ratio > 0.5, "losses on which the bound is exercised"
    assert "The theorem is about Exp3" in verdict.explain()


def test_a_rate_30_times_too_high_breaks_the_tuned_bound():
    """The bound for its own rate is larger than all regret there can be: true, and not tested."""
    assert_bound_broken("bubeck2012.exp3", GAME, Hasty(), parameters="tuned", seed=SEED)
    with pytest.raises(AssertionError, match=r"bubeck2012.exp3 is BROKEN for Hasty"):
        assert_bound_holds("bubeck2012.exp3", GAME, Hasty(), parameters="tuned", seed=SEED)
    with pytest.raises(AssertionError, match=r"is vacuous(.|\n)*so the samples tested nothing"):
        assert_bound_holds("bubeck2012.exp3", GAME, Hasty(), seed=SEED)
    assert_bound_holds("bubeck2012.exp3", GAME, Hasty(), seed=SEED, allow_vacuous=True)


def test_without_the_importance_weight_the_bound_is_broken():
    assert_bound_broken("bubeck2012.exp3", GAME, Unweighted(), seed=SEED)


def test_a_learner_that_forgets_the_price_of_switching_breaks_a_bound_with_it():
    assert_bound_broken("arora2012.batched_exp3", COSTLY, MyExp3(), parameters="tuned", seed=SEED)
    with pytest.raises(TypeError, match="needs batch_length, which neither the problem nor the learner has"):
        assert_bound_holds("arora2012.batched_exp3", COSTLY, MyExp3())


def test_a_bound_divided_by_10_is_broken():
    bound = theory.theorem("bubeck2012.exp3")
    tenth = replace(bound, expression=bound.expression / 10)
    assert_bound_broken(tenth, GAME, MyExp3(), seed=SEED)


def test_what_was_not_decided_or_does_not_apply_is_no_success():
    """The assertions fail on either outcome: a test that tested nothing must not pass."""
    informed = replace(GAME, feedback=FullInformation())
    for check in (assert_bound_holds, assert_bound_broken):
        with pytest.raises(AssertionError, match=r"is undecided for MyExp3(.|\n)*about \d+ in all decide"):
            check("bubeck2012.exp3", GAME, MyExp3(), max_repetitions=10, seed=SEED)
        with pytest.raises(AssertionError, match=r"does not apply(.|\n)*Assumption that fails: feedback is bandit"):
            check("bubeck2012.exp3", informed, MyExp3())
    with pytest.raises(AssertionError, match=r"bubeck2012.exp3 holds for MyExp3"):
        assert_bound_broken("bubeck2012.exp3", GAME, MyExp3(), seed=SEED)
