"""Online fit of trajectory rewards to preference answers: penalised logistic regression, updated answer by answer.

With x_i the feature differences of the queried pairs, y_i = 1 where the first trajectory was preferred, else 0, and a
known scale b, `refit` finds the unique minimum over theta in R^D of

    F(theta) = sum_i log(1 + exp(-b (2 y_i - 1) theta . x_i)) + ridge |theta|^2 / 2.

by Newton steps, halved until F decreases enough (Armijo): full steps overshoot while there are few answers, and
iterates can diverge on the first ones. One answer changes the Hessian little, so its factor is kept from fit to fit: it
is updated by rank one for a new answer, and recomputed where a step does not reduce the decrement g . H^-1 g to a
hundredth. A fit costs a few passes over the n answers, O(n D) each, and occasionally O(n D^2).
"""

import math
from typing import Any, NamedTuple

import numpy as np

from bandits.core.jit import kernel, rare_kernel
from bandits.preference.reward_fit import cholesky, softplus, solve_lower, solve_upper
from bandits.preference.trajectories.steps import feature_difference

_STEPS = 100
_HALVINGS = 40
_CLOSE = 1e-12  # decrement relative to F below which F is equal at both ends of a step up to rounding
_FLAT = 1e-14  # decrement that ends the search, an error of 1e-7 in the Hessian's norm (statistical error: about 1)
_CONTRACTION = 0.01  # of the decrement in one step, else the Hessian is recomputed


class TrajectoryFitParams(NamedTuple):
    """The model."""

    features: Any  # (S, A, d) float64
    n_stages: int
    scale: float  # b > 0
    ridge: float  # > 0
    capacity: int  # largest number of answers


class TrajectoryFit(NamedTuple):
    """The answers so far, and the fit to them; D = d H."""

    states: Any  # (capacity, 2, H) int64
    actions: Any  # (capacity, 2, H) int64
    preferred: Any  # (capacity,) float64, y
    count: Any  # (1,) int64
    theta: Any  # (D,)
    factor: Any  # (D, D) lower triangular: of the Hessian at or near theta
    vectors: Any  # (5, D) scratch, see the names of its rows


GRADIENT, STEP, TRIAL, SLOPE, DIFFERENCE = range(5)  # of F at theta; Newton step; theta after it; gradient there; x


@rare_kernel
def no_answers(params: TrajectoryFitParams) -> TrajectoryFit:
    """Return the fit to no answers, theta = 0."""
    size = params.features.shape[2] * params.n_stages
    shape = (params.capacity, 2, params.n_stages)
    factor = np.zeros((size, size))
    for k in range(size):
        factor[k, k] = math.sqrt(params.ridge)
    states, actions, count = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(1, np.int64)
    return TrajectoryFit(states, actions, np.zeros(params.capacity), count, np.zeros(size), factor, np.zeros((5, size)))


@rare_kernel
def add_outer(factor: Any, vector: Any) -> None:
    """Replace the lower triangular L in `factor` by that of L L^T + v v^T; `vector` v is overwritten."""
    for k in range(vector.size):
        if vector[k] != 0.0:
            length = math.hypot(factor[k, k], vector[k])
            cosine, sine = length / factor[k, k], vector[k] / factor[k, k]
            factor[k, k] = length
            for i in range(k + 1, vector.size):
                factor[i, k] = (factor[i, k] + sine * vector[i]) / cosine
                vector[i] = cosine * vector[i] - sine * factor[i, k]


@rare_kernel
def loss_and_gradient(params: TrajectoryFitParams, fit: TrajectoryFit, theta: Any, gradient: Any) -> float:
    """Return F at theta and write its gradient."""
    loss, x = 0.0, fit.vectors[DIFFERENCE]
    for k in range(theta.size):
        gradient[k] = params.ridge * theta[k]
        loss += 0.5 * params.ridge * theta[k] * theta[k]
    for i in range(fit.count[0]):
        feature_difference(params.features, fit.states[i], fit.actions[i], x)
        margin = 0.0
        for k in range(theta.size):
            margin += theta[k] * x[k]
        margin *= params.scale
        loss += softplus(margin) - fit.preferred[i] * margin
        pull = params.scale * (0.5 + 0.5 * math.tanh(0.5 * margin) - fit.preferred[i])
        for k in range(theta.size):
            gradient[k] += pull * x[k]
    return loss


@kernel
def curvature(params: TrajectoryFitParams, theta: Any, difference: Any) -> float:
    """Return c such that c x x^T is the Hessian of one answer with difference x at theta."""
    margin = 0.0
    for k in range(theta.size):
        margin += theta[k] * difference[k]
    p = 0.5 + 0.5 * math.tanh(0.5 * params.scale * margin)
    return params.scale * params.scale * p * (1.0 - p)


@rare_kernel
def factor_hessian(params: TrajectoryFitParams, fit: TrajectoryFit) -> None:
    """Recompute the factor of the Hessian at theta in place."""
    x = fit.vectors[DIFFERENCE]
    for k in range(x.size):
        for m in range(k + 1):
            fit.factor[k, m] = params.ridge if k == m else 0.0
    for i in range(fit.count[0]):
        feature_difference(params.features, fit.states[i], fit.actions[i], x)
        c = curvature(params, fit.theta, x)
        for k in range(x.size):
            left = c * x[k]
            if left != 0.0:
                for m in range(k + 1):
                    fit.factor[k, m] += left * x[m]
    cholesky(fit.factor, 0.0, fit.factor)


@kernel
def newton_step(fit: TrajectoryFit) -> float:
    """Write the factor's inverse times the gradient into the row STEP; return the decrement."""
    gradient, step = fit.vectors[GRADIENT], fit.vectors[STEP]
    for k in range(step.size):
        step[k] = gradient[k]
    solve_lower(fit.factor, step)
    solve_upper(fit.factor, step)
    decrement = 0.0
    for k in range(step.size):
        decrement += gradient[k] * step[k]
    return decrement


@kernel
def descend(params: TrajectoryFitParams, fit: TrajectoryFit, loss: float, decrement: float) -> float:
    """Move theta along the step, halved until F decreases enough, and update the gradient; return F there."""
    step, trial, slope = fit.vectors[STEP], fit.vectors[TRIAL], fit.vectors[SLOPE]
    length, after = 1.0, loss
    for _ in range(_HALVINGS):
        for k in range(step.size):
            trial[k] = fit.theta[k] - length * step[k]
        after = loss_and_gradient(params, fit, trial, slope)
        if decrement <= _CLOSE * (1.0 + loss) or after <= loss - 1e-4 * length * decrement:
            break
        length *= 0.5
    for k in range(step.size):
        fit.theta[k] = trial[k]
        fit.vectors[GRADIENT, k] = slope[k]
    return after


@rare_kernel
def refit(params: TrajectoryFitParams, fit: TrajectoryFit) -> float:
    """Move fit.theta from its current value to the minimum; return F there."""
    loss = loss_and_gradient(params, fit, fit.theta, fit.vectors[GRADIENT])
    previous = math.inf
    for _ in range(_STEPS):
        decrement = newton_step(fit)
        if decrement > _CONTRACTION * previous:
            factor_hessian(params, fit)
            decrement = newton_step(fit)
        if decrement <= _FLAT:
            break
        loss = descend(params, fit, loss, decrement)
        previous = decrement
    return loss


@rare_kernel
def store_answer(params: TrajectoryFitParams, fit: TrajectoryFit, states: Any, actions: Any, answer: float) -> None:
    """Add an answer about the trajectories `states`, `actions` (2, H), and its curvature to the factor."""
    i = fit.count[0]
    if i >= params.capacity:
        raise ValueError("more answers came than the query rule of the learner allows")
    for side in range(2):
        for h in range(params.n_stages):
            fit.states[i, side, h] = states[side, h]
            fit.actions[i, side, h] = actions[side, h]
    fit.preferred[i] = answer
    fit.count[0] = i + 1
    x = fit.vectors[DIFFERENCE]
    feature_difference(params.features, states, actions, x)
    root = math.sqrt(curvature(params, fit.theta, x))
    for k in range(x.size):
        x[k] *= root
    add_outer(fit.factor, x)


@kernel
def take_answer(params: TrajectoryFitParams, fit: TrajectoryFit, states: Any, actions: Any, answer: float) -> None:
    """Add an answer and refit."""
    store_answer(params, fit, states, actions, answer)
    refit(params, fit)
