"""Learners for overlapping groups: ridge regressions as base learners, and AdaNormalHedge over those that are awake.

The base learner is that of Vovk, Azoury and Warmuth: <x, (A + x x')^-1 b>, cut to [0, 1], with A = lambda I + sum x x'
and b = sum y x over the rounds in which it was awake. Its regret to every theta is at most lambda |theta|^2 + ln
det(A/lambda).

| learner | base learners | awake |
|---|---|---|
| `SleepingGroups` | one per group | the individual's groups; the prediction is their mean under the master's weights |
| `OneForAll` | one | always |
| `OnePerIntersection` | one per combination of groups | that of the individual |
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.convex.groups import GroupedPrediction, Individual, Label, Labelled
from bandits.core.checks import optional_real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.linear_algebra import dot
from bandits.core.rng import Stream
from bandits.core.sleeping_weights import Regrets, count_regrets, own_regrets, weigh
from bandits.protocol import Learner, LearnerSteps

GROUPS, ONE, CELLS = 0, 1, 2


class RegressionParams(NamedTuple):
    """Which experts are awake; their number, d and lambda."""

    experts: int
    n_experts: int
    dimension: int
    ridge: float


class RegressionState(NamedTuple):
    """The base learners and the master."""

    inverse: Any  # (N, d, d) float64, A^-1
    moments: Any  # (N, d) float64, b
    regrets: Regrets
    awake: Any  # (N,) bool, scratch
    weights: Any  # (N,) float64, scratch
    predictions: Any  # (N,) float64, scratch
    direction: Any  # (d,) float64, scratch


@kernel
def _init(params: RegressionParams, rng: Stream) -> RegressionState:
    n, d = params.n_experts, params.dimension
    inverse = np.zeros((n, d, d))
    for i in range(n):
        for j in range(d):
            inverse[i, j, j] = 1.0 / params.ridge
    awake, moments, direction = np.zeros(n, np.bool_), np.zeros((n, d)), np.zeros(d)
    return RegressionState(inverse, moments, own_regrets(n, rng), awake, np.zeros(n), np.zeros(n), direction)


@rare_kernel
def base_prediction(inverse: Any, moments: Any, x: Any, direction: Any) -> float:
    """Return the prediction for x (d,), cut to [0, 1]; direction (d,) is scratch for A^-1 x."""
    for i in range(x.size):
        direction[i] = dot(inverse[i], x)
    found = dot(direction, moments) / (1.0 + dot(direction, x))
    return min(max(found, 0.0), 1.0)


@rare_kernel
def base_update(inverse: Any, moments: Any, x: Any, label: float, direction: Any) -> float:
    """Add an individual to a regression; return 1 + <x, A^-1 x> for the A before."""
    for i in range(x.size):
        direction[i] = dot(inverse[i], x)
    scale = 1.0 + dot(direction, x)
    for i in range(x.size):
        moments[i] += label * x[i]
        for j in range(x.size):
            inverse[i, j] -= direction[i] * direction[j] / scale
    return scale


@kernel
def _act(params: RegressionParams, state: RegressionState, shown: Individual, t: int, rng: Stream) -> float:
    for i in range(params.n_experts):
        if params.experts == GROUPS:
            state.awake[i] = shown.awake[i]
        else:
            state.awake[i] = params.experts == ONE or i == shown.cell
        if state.awake[i]:
            state.predictions[i] = base_prediction(state.inverse[i], state.moments[i], shown.features, state.direction)
    weigh(state.regrets, state.awake, state.weights)
    mean = 0.0
    for i in range(params.n_experts):
        if state.awake[i]:
            mean += state.weights[i] * state.predictions[i]
    return min(max(mean, 0.0), 1.0)


@kernel
def _update(
    params: RegressionParams, state: RegressionState, t: int, prediction: float, seen: Labelled, rng: Stream
) -> RegressionState:
    for i in range(params.n_experts):
        if state.awake[i]:
            off = state.predictions[i] - seen.label
            state.predictions[i] = off * off
            base_update(state.inverse[i], state.moments[i], seen.individual.features, seen.label, state.direction)
    count_regrets(state.regrets, state.awake, state.weights, state.predictions)
    return state


@dataclass(frozen=True)
class SleepingGroups(Learner):
    """One regression per group, and AdaNormalHedge over those of the individual's groups.

    ridge: lambda > 0; None means that of the game.
    """

    ridge: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Label,)
    experts: ClassVar[int] = GROUPS
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        optional_real("ridge", self.ridge, low=0.0, open_low=True)

    def parameters(self, problem: GroupedPrediction) -> RegressionParams:
        """Return the number of regressions, d and lambda."""
        count = {GROUPS: problem.n_groups, ONE: 1, CELLS: int(problem.cells.max()) + 1}[self.experts]
        ridge = problem.ridge if self.ridge is None else self.ridge
        problem.check_ridge(ridge)
        return RegressionParams(self.experts, count, problem.dimension, ridge)


@dataclass(frozen=True)
class OneForAll(SleepingGroups):
    """One regression for everyone: a baseline."""

    experts: ClassVar[int] = ONE


@dataclass(frozen=True)
class OnePerIntersection(SleepingGroups):
    """One regression for each combination of groups: a baseline."""

    experts: ClassVar[int] = CELLS
