"""Gradient descent on estimates of gradients from values of the loss, at two points or at one.

With S uniform on the unit sphere of d dimensions, (d / delta) f(x + delta S) S and d / (2 delta) (f(x + delta S) - f(x
- delta S)) S both have as mean the gradient of a smoothed f. Descent stays in the part (1 - delta / r) X of the domain
around its centre, r the radius of a ball that the domain contains, so that x + delta S is in X.

Sources: Flaxman, Kalai & McMahan, "Online convex optimization in the bandit setting" (SODA 2005); Agarwal, Dekel & Xiao
(COLT 2010); Bubeck & Cesa-Bianchi, "Regret analysis" (2012), chapter 6.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.convex.feedback import OnePoint, Pair, TwoPoints
from bandits.convex.gradient_descent import ConvexLearner
from bandits.convex.problem import ConvexGame
from bandits.core.jit import kernel
from bandits.core.normal import draw_direction
from bandits.core.regions import Region, project
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps

_LEAST_REACH = 1e-6  # of the inner radius: differences of values lose digits below it


class EstimateParams(NamedTuple):
    """The domain, delta, eta and d / delta, for two points half of it."""

    region: Region
    reach: float
    learning_rate: float
    factor: float


class EstimateState(NamedTuple):
    """The centre, the direction and the points to play."""

    x: Any  # (d,) float64
    direction: Any  # (d,) float64
    first: Any  # (d,) float64
    second: Any  # (d,) float64


@kernel
def _init(params: EstimateParams, rng: Stream) -> EstimateState:
    d = params.region.start.size
    return EstimateState(params.region.start.copy(), np.zeros(d), np.zeros(d), np.zeros(d))


@kernel
def _look(params: EstimateParams, state: EstimateState, t: int, rng: Stream) -> None:
    draw_direction(rng, t, state.direction)
    for i in range(state.x.size):
        state.first[i] = state.x[i] + params.reach * state.direction[i]
        state.second[i] = state.x[i] - params.reach * state.direction[i]


@kernel
def _act_on_one(params: EstimateParams, state: EstimateState, t: int, rng: Stream) -> Any:
    _look(params, state, t, rng)
    return state.first


@kernel
def _act_on_two(params: EstimateParams, state: EstimateState, t: int, rng: Stream) -> Pair:
    _look(params, state, t, rng)
    return Pair(state.first, state.second)


@kernel
def _descend(params: EstimateParams, state: EstimateState, size: float) -> EstimateState:
    """Return the state after a step against the estimate factor * size * direction, in the shrunk domain."""
    start, inner = params.region.start, 1.0 - params.reach / params.region.inner
    for i in range(state.x.size):
        x = state.x[i] - params.learning_rate * (params.factor * size) * state.direction[i]
        state.x[i] = start[i] + (x - start[i]) / inner
    project(params.region, state.x)
    for i in range(state.x.size):
        state.x[i] = start[i] + inner * (state.x[i] - start[i])
    return state


@kernel
def _update_by_one(params: EstimateParams, state: EstimateState, t: int, x: Any, loss: float, rng: Stream) -> Any:
    return _descend(params, state, loss)


@kernel
def _update_by_two(params: EstimateParams, state: EstimateState, t: int, x: Any, losses: Pair, rng: Stream) -> Any:
    return _descend(params, state, losses.first - losses.second)


def _inner(learner: ConvexLearner, problem: ConvexGame) -> float:
    """Return r; TypeError where the domain has no inner points."""
    if problem.domain.region.inner == 0.0:
        raise TypeError(f"{learner.name} needs a Ball or a Box as domain, got {type(problem.domain).__name__}")
    return problem.domain.region.inner


@dataclass(frozen=True)
class TwoPointDescent(ConvexLearner):
    """Gradient descent on differences of two values.

    reach: delta, more than 0 and below the inner radius r of the domain; None means r / T, at least 1e-6 r.
    learning_rate: eta > 0; None means R / (G d sqrt T), R = D / 2.
    """

    reach: float | None = None
    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act_on_two, _update_by_two)
    accepts: ClassVar[tuple[type, ...]] = (TwoPoints,)

    def parameters(self, problem: ConvexGame) -> EstimateParams:
        """Return domain, delta, eta and d / (2 delta)."""
        r, d = _inner(self, problem), problem.dimension
        reach = self._reach(r, max(r / (problem.horizon + 1.0), _LEAST_REACH * r))
        tuned = 0.5 * problem.diameter / ((problem.gradient_bound or 1.0) * d * math.sqrt(problem.horizon))
        return EstimateParams(problem.domain.region, reach, self.learning_rate or tuned, d / (2.0 * reach))

    def _reach(self, inner: float, tuned: float) -> float:
        if self.reach is not None and self.reach >= inner:
            raise ValueError(f"reach must be below the inner radius {inner:g} of the domain, got {self.reach:g}")
        return tuned if self.reach is None else self.reach


@dataclass(frozen=True)
class OnePointDescent(TwoPointDescent):
    """Gradient descent on single values of the loss.

    With M the largest size of a loss: reach, delta, more than 0 and below the inner radius r of the domain; None means
    T^(-1/4) sqrt(R d M / ((3 + R / r) G)), at most r / 2.  learning_rate: eta > 0; None means R delta / (d M sqrt T).
    """

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act_on_one, _update_by_one)
    accepts: ClassVar[tuple[type, ...]] = (OnePoint,)

    def parameters(self, problem: ConvexGame) -> EstimateParams:
        """Return domain, delta, eta and d / delta."""
        r, d, R = _inner(self, problem), problem.dimension, 0.5 * problem.diameter
        M, G = problem.loss_bound or 1.0, problem.gradient_bound or 1.0
        tuned = problem.horizon**-0.25 * math.sqrt(R * d * M / ((3.0 + R / r) * G))
        reach = self._reach(r, min(tuned, r / 2.0))
        rate = self.learning_rate or R * reach / (d * M * math.sqrt(problem.horizon))
        return EstimateParams(problem.domain.region, reach, rate, d / reach)
