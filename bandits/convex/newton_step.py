"""Online Newton step for exp-concave losses on a ball (Hazan, Agarwal & Kale, Machine Learning 69, 2007).

A_t = A_(t-1) + g_t g_t', A_0 = eps I, and x_(t+1) is the point of the ball nearest to x_t - A_t^-1 g_t / beta in the
norm of A_t, the least point of p'A_t p / 2 - <A_t x_t - g_t / beta, p> in the ball.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.convex.gradient_descent import ConvexLearner, play_point
from bandits.convex.problem import ConvexGame
from bandits.core.jit import kernel
from bandits.core.linear_algebra import dot, least_on_ball
from bandits.core.regions import BALL
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps


class NewtonParams(NamedTuple):
    """Radius, dimension, beta and eps."""

    radius: float
    dimension: int
    rate: float
    ridge: float


class NewtonState(NamedTuple):
    """The point to play and A."""

    x: Any  # (d,) float64
    matrix: Any  # (d, d) float64, A
    factor: Any  # (d, d) float64, scratch
    right: Any  # (d,) float64, scratch
    scratch: Any  # (d,) float64


@kernel
def _init(params: NewtonParams, rng: Stream) -> NewtonState:
    d = params.dimension
    matrix = np.zeros((d, d))
    for i in range(d):
        matrix[i, i] = params.ridge
    return NewtonState(np.zeros(d), matrix, np.zeros((d, d)), np.zeros(d), np.zeros(d))


@kernel
def _update(params: NewtonParams, state: NewtonState, t: int, x: Any, g: Any, rng: Stream) -> NewtonState:
    for i in range(g.size):
        for j in range(g.size):
            state.matrix[i, j] += g[i] * g[j]
    for i in range(g.size):
        state.right[i] = dot(state.matrix[i], state.x) - g[i] / params.rate
    least_on_ball(state.matrix, state.right, params.radius, state.factor, state.scratch, state.x)
    return state


@dataclass(frozen=True)
class OnlineNewtonStep(ConvexLearner):
    """Online Newton step on a ball.

    rate: beta > 0; None means min(1 / (4 G D), alpha) / 2, where losses of curvature L > 0 are alpha-exp-concave with
    alpha = L / G^2, and others are taken to be so with the first term.  ridge: eps > 0; None means 1 / (beta D)^2.
    """

    rate: float | None = None
    ridge: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, play_point, _update)
    draws: ClassVar[bool] = False

    def parameters(self, problem: ConvexGame) -> NewtonParams:
        """Return radius, dimension, beta and eps; TypeError for domains other than balls."""
        if problem.domain.region.kind != BALL:
            raise TypeError(f"{self.name} needs a Ball as domain, got {type(problem.domain).__name__}")
        D, G = problem.diameter, problem.gradient_bound or 1.0
        curved = problem.losses.steps.linear is not None and problem.smoothness > 0.0
        alpha = problem.smoothness / G**2 if curved else math.inf
        beta = 0.5 * min(1.0 / (4.0 * G * D), alpha) if self.rate is None else self.rate
        ridge = 1.0 / (beta * D) ** 2 if self.ridge is None else self.ridge
        return NewtonParams(D / 2.0, problem.dimension, beta, ridge)
