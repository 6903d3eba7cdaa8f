"""EXP3 written outside the package, to be compared with the built-in one.

It uses only the decorator of step functions and the random stream; the arithmetic is that of `bandits.switching.Exp3`,
so the two play the same actions.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.exponential_weights import exponential
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.switching import Bandit, SwitchingCostGame


class OwnExp3Params(NamedTuple):
    n_actions: int
    learning_rate: float


class OwnExp3State(NamedTuple):
    loss: Any  # (K,) float64, estimated cumulative losses
    weight: Any  # (K,) float64, exp(-eta (loss - shift))
    total: float
    shift: float
    least_total: float  # recompute all weights below this sum
    updates: int


@kernel
def _init(params: OwnExp3Params, rng: Stream) -> OwnExp3State:
    n = params.n_actions
    return OwnExp3State(np.zeros(n), np.ones(n), float(n), 0.0, 0.5 * n, 0)


@kernel
def _act(params: OwnExp3Params, state: OwnExp3State, t: int, rng: Stream) -> int:
    target = uniform(rng, t, 0) * state.total
    arm = 0
    reached = state.weight[0]
    while target >= reached and arm < params.n_actions - 1:
        arm += 1
        reached += state.weight[arm]
    while state.weight[arm] == 0.0 and arm > 0:
        arm -= 1
    return arm


@kernel
def _update(params: OwnExp3Params, state: OwnExp3State, t: int, arm: int, loss: float, rng: Stream) -> OwnExp3State:
    if loss == 0.0:
        return state
    state.loss[arm] += loss / (state.weight[arm] / state.total)
    weight = exponential(-params.learning_rate * (state.loss[arm] - state.shift))
    total = state.total + (weight - state.weight[arm])
    state.weight[arm] = weight
    if total >= state.least_total and state.updates < 256:
        return OwnExp3State(state.loss, state.weight, total, state.shift, state.least_total, state.updates + 1)
    shift = state.loss[0]
    for i in range(1, params.n_actions):
        shift = min(shift, state.loss[i])
    total = 0.0
    for i in range(params.n_actions):
        state.weight[i] = exponential(-params.learning_rate * (state.loss[i] - shift))
        total += state.weight[i]
    return OwnExp3State(state.loss, state.weight, total, shift, 0.5 * total, 0)


@dataclass(frozen=True)
class OwnExp3(Learner):
    """EXP3 with eta = sqrt(2 ln K / (T K))."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def parameters(self, problem: SwitchingCostGame) -> OwnExp3Params:
        n = problem.n_actions
        return OwnExp3Params(n, math.sqrt(2.0 * math.log(n) / (problem.horizon * n)))
