"""Online Newton step for exp-concave losses on a ball (Hazan, Agarwal & Kale, Machine Learning 69, 2007).

A_t = A_(t-1) + g_t g_t', A_0 = eps I, and x_(t+1) is the point of the ball nearest to x_t - A_t^-1 g_t / beta in the
norm of A_t. That is (A_t + lambda I)^-1 (A_t x_t - g_t / beta) with the least lambda >= 0 for which it is in the ball,
which Newton's method on 1/R - 1/|p(lambda)| finds from below (More & Sorensen 1983).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.convex.domains import BALL, dot
from bandits.convex.gradient_descent import ConvexLearner
from bandits.convex.problem import ConvexGame
from bandits.core.checks import optional_real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps

_MOST_STEPS = 50
_ROUNDING = 1e-15


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
def _act(params: NewtonParams, state: NewtonState, t: int, rng: Stream) -> Any:
    return state.x


@rare_kernel
def factorise(a: Any, shift: float, out: Any) -> None:
    """Write the lower triangle L with L L' = a + shift I into out; a (d, d) symmetric, positive definite with shift.

    ValueError where a pivot has no right digit: what was added to a ridge is too large beside it.
    """
    for i in range(a.shape[0]):
        for j in range(i + 1):
            total = a[i, j] + (shift if i == j else 0.0)
            for k in range(j):
                total -= out[i, k] * out[j, k]
            if i == j and not total > _ROUNDING * (a[i, i] + shift):
                raise ValueError(
                    "ridge must be above 1e-15 of the squares of gradients or features that are added to it, for the "
                    "matrix to be invertible in float64: give a larger ridge, or smaller ones"
                )
            out[i, j] = math.sqrt(total) if i == j else total / out[j, j]


@rare_kernel
def solve_lower(factor: Any, b: Any, out: Any) -> None:
    """Write L^-1 b into out, which may be b."""
    for i in range(b.size):
        total = b[i]
        for k in range(i):
            total -= factor[i, k] * out[k]
        out[i] = total / factor[i, i]


@rare_kernel
def solve_upper(factor: Any, b: Any, out: Any) -> None:
    """Write L'^-1 b into out, which may be b."""
    for j in range(b.size):
        i = b.size - 1 - j
        total = b[i]
        for k in range(i + 1, b.size):
            total -= factor[k, i] * out[k]
        out[i] = total / factor[i, i]


@rare_kernel
def nearest_in_norm(matrix: Any, right: Any, radius: float, factor: Any, scratch: Any, x: Any) -> None:
    """Write the minimiser of p'Ap / 2 - <right, p> over the ball into x; A = matrix (d, d), positive definite."""
    shift = 0.0
    for _ in range(_MOST_STEPS):
        factorise(matrix, shift, factor)
        solve_lower(factor, right, x)
        solve_upper(factor, x, x)
        size = math.sqrt(dot(x, x))
        if size <= radius * (1.0 + 1e-14):
            break
        solve_lower(factor, x, scratch)
        shift += size * size / dot(scratch, scratch) * (size - radius) / radius
    if size > radius:
        for i in range(x.size):
            x[i] *= radius / size


@kernel
def _update(params: NewtonParams, state: NewtonState, t: int, x: Any, g: Any, rng: Stream) -> NewtonState:
    for i in range(g.size):
        for j in range(g.size):
            state.matrix[i, j] += g[i] * g[j]
    for i in range(g.size):
        state.right[i] = dot(state.matrix[i], state.x) - g[i] / params.rate
    nearest_in_norm(state.matrix, state.right, params.radius, state.factor, state.scratch, state.x)
    return state


@dataclass(frozen=True)
class OnlineNewtonStep(ConvexLearner):
    """Online Newton step on a ball.

    rate: beta > 0; None means min(1 / (4 G D), alpha) / 2, where losses of curvature L > 0 are alpha-exp-concave with
    alpha = L / G^2, and others are taken to be so with the first term.  ridge: eps > 0; None means 1 / (beta D)^2.
    """

    rate: float | None = None
    ridge: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        optional_real("rate", self.rate, low=0.0, open_low=True)
        optional_real("ridge", self.ridge, low=0.0, open_low=True)

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
