"""Record what a learner does: its actions and the law it drew from, round by round, by its own compiled steps."""

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bandits.jit import kernel
from bandits.losses import LossTable
from bandits.protocol import Learner, LearnerSteps
from bandits.switching import Bandit, SwitchingCostGame
from sims import simulate


class TracedParams(NamedTuple):
    inner: Any
    actions: Any  # (T,) int64
    laws: Any  # (T, K) float64


@cache
def traced_steps(steps, weights_of, arm_of):
    """Return steps that also write each round's action and p_t into the parameters' arrays."""
    inner_init, inner_act, inner_update = steps

    @kernel
    def init(params, rng):
        return inner_init(params.inner, rng)

    @kernel
    def act(params, state, t, rng):
        action = inner_act(params.inner, state, t, rng)
        weights = weights_of(state)
        params.actions[t] = arm_of(action)
        for i in range(weights.weight.size):
            params.laws[t, i] = weights.weight[i] / weights.total
        return action

    @kernel
    def update(params, state, t, action, feedback, rng):
        return inner_update(params.inner, state, t, action, feedback, rng)

    return LearnerSteps(init, act, update)


@kernel
def is_weights(state):
    return state


@kernel
def has_weights(state):
    return state.weights


@kernel
def is_arm(action):
    return action


@kernel
def plays_arm(action):
    return action.arm


@dataclass(frozen=True, eq=False)
class Traced(Learner):
    learner: Learner
    weights_of: Any
    arm_of: Any
    actions: Any
    laws: Any

    accepts = (object,)

    def check(self, problem):
        self.learner.check(problem)

    def steps_for(self, problem):
        return traced_steps(self.learner.steps_for(problem), self.weights_of, self.arm_of)

    def parameters(self, problem):
        return TracedParams(self.learner.parameters(problem), self.actions, self.laws)


class Trace(NamedTuple):
    actions: np.ndarray  # (T,)
    laws: np.ndarray  # (T, K)
    run: Any
    parameters: Any


def trace(learner, losses, feedback=None, cost=1.0, seed=0, weights_of=is_weights, arm_of=is_arm, repetition=0):
    """Play a table of losses (T, K) once and return the trace."""
    table = np.asarray(losses, dtype=float)
    game = SwitchingCostGame(LossTable(table), len(table), cost, feedback or Bandit())
    actions, laws = np.zeros(len(table), dtype=np.int64), np.zeros(table.shape)
    traced = Traced(learner, weights_of, arm_of, actions, laws)
    run = simulate(game, traced, seed=seed, first_repetition=repetition, threads=1, checkpoints=[len(table)])
    return Trace(actions, laws, run, learner.parameters(game))


def rounding(losses, *terms):
    """Return the floating-point slack of a sum of `terms` over the table (verification notes, 8 (n + K) u S)."""
    table = np.asarray(losses)
    return 8 * (table.size + 8) * 2.0**-53 * (1.0 + sum(float(np.sum(np.abs(x))) for x in terms))
