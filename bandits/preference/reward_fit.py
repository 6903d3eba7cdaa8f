"""Fit of linear rewards to wins: penalised logistic regression with an optional optimism term.

Bradley & Terry: action i with features phi_i beats j with probability sigma(theta . (phi_i - phi_j)). With w_ij wins
of i over j, `refit` minimises, over theta in R^d with |theta|_2 <= radius,

    F(theta) = sum_ij w_ij log(1 + exp(-theta . (phi_i - phi_j))) + ridge |theta|^2 / 2 - optimism J(theta),
    J(theta) = beta log sum_i mu_i exp(theta . phi_i / beta),

J the largest value <pi, r> - beta KL(pi || mu) of any policy at the rewards r_i = theta . phi_i, its gradient the
mean feature of that policy, pi_i prop. to mu_i exp(r_i / beta).

by Newton steps to the minimiser of the quadratic model in the ball, halved until F decreases enough (Armijo): undamped
steps diverge on the first few comparisons. With optimism <= 0 the problem is convex and the limit is its solution. With
optimism > 0 it is a difference of convex functions: where the Hessian is not positive definite, that of the convex part
is used, and the limit is a stationary point that depends on the start.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from bandits.core.jit import kernel, rare_kernel
from bandits.preference.duels.problem import Pair

_STEPS = 100
_HALVINGS = 40
_TRIALS = 200  # of the multiplier: about 30 to bracket it by factors of 4, and 55 bisections
_METRIC = 1e-8  # added to the Hessian, relative: for directions without comparisons and ridge
_CLOSE = 1e-12  # the search ends at a step this short, in every entry relative to theta ...
_FLAT = 1e-22  # ... or with a model decrease this small relative to F: a step of 1e-11 at curvature 1


class FitParams(NamedTuple):
    """The model and its penalties."""

    features: Any  # (n, d) float64, rows phi_i
    log_reference: Any  # (n,) float64, log mu
    ridge: float  # >= 0
    radius: float  # > 0, may be inf
    optimism: float  # any sign
    temperature: float  # beta > 0


class Fit(NamedTuple):
    """The state of the search, and scratch."""

    theta: Any  # (d,)
    policy: Any  # (n,) pi at theta
    hessian: Any  # (d, d) of F's convex part; of this and the next only the lower triangles are written
    gradient: Any  # (d,) of F
    full: Any  # (d, d) of F, or of its convex part if a step used that
    factor: Any  # (d, d) scratch: lower triangle of a Cholesky factorisation
    trial: Any  # (d,) scratch
    score: Any  # (n,) scratch: rewards
    mean: Any  # (d,) scratch: mean feature of pi


@kernel
def no_fit(params: FitParams) -> Fit:
    """Return the search at theta = 0."""
    n, d = params.features.shape
    policy = np.zeros(n)
    for i in range(n):
        policy[i] = math.exp(params.log_reference[i])
    theta, gradient, trial, mean = np.zeros(d), np.zeros(d), np.zeros(d), np.zeros(d)
    hessian, full, factor = np.zeros((d, d)), np.zeros((d, d)), np.zeros((d, d))
    return Fit(theta, policy, hessian, gradient, full, factor, trial, np.zeros(n), mean)


@kernel
def count_answer(wins: Any, pair: Pair, answer: float) -> bool:
    """Add one answer to wins (n, n); False, and nothing is added, for a pair of equal actions."""
    if pair.first == pair.second:
        return False
    wins[pair.first, pair.second] += answer
    wins[pair.second, pair.first] += 1.0 - answer
    return True


@rare_kernel
def cholesky(matrix: Any, shift: float, factor: Any) -> bool:
    """Write the lower L with L L^T = matrix + shift I into factor; False, factor invalid, if not positive definite."""
    d = matrix.shape[0]
    for i in range(d):
        for j in range(i + 1):
            left = matrix[i, j]
            if i == j:
                left += shift
            for k in range(j):
                left -= factor[i, k] * factor[j, k]
            if i > j:
                factor[i, j] = left / factor[j, j]
            elif left > 0.0:
                factor[i, i] = math.sqrt(left)
            else:
                return False
    return True


@rare_kernel
def solve_lower(factor: Any, vector: Any) -> None:
    """Replace `vector` b by L^-1 b."""
    for i in range(vector.size):
        for k in range(i):
            vector[i] -= factor[i, k] * vector[k]
        vector[i] /= factor[i, i]


@rare_kernel
def solve_upper(factor: Any, vector: Any) -> None:
    """Replace `vector` b by L^-T b."""
    for i in range(vector.size - 1, -1, -1):
        for k in range(i + 1, vector.size):
            vector[i] -= factor[k, i] * vector[k]
        vector[i] /= factor[i, i]


@rare_kernel
def scores(features: Any, theta: Any, score: Any) -> None:
    """Write the rewards theta . phi_i into score (n,)."""
    for i in range(score.size):
        total = 0.0
        for k in range(theta.size):
            total += features[i, k] * theta[k]
        score[i] = total


@kernel
def softplus(x: float) -> float:
    """Return log(1 + e^x) without overflow."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


@rare_kernel
def log_mean_exp(score: Any, log_reference: Any, temperature: float, policy: Any) -> float:
    """Return beta log sum mu exp(score / beta) and write pi prop. to mu exp(score / beta) into policy (n,)."""
    top = -math.inf
    for i in range(score.size):
        policy[i] = log_reference[i] + score[i] / temperature
        top = max(top, policy[i])
    total = 0.0
    for i in range(score.size):
        policy[i] = math.exp(policy[i] - top)
        total += policy[i]
    for i in range(score.size):
        policy[i] /= total
    return temperature * (top + math.log(total))


@rare_kernel
def penalised_loss(params: FitParams, wins: Any, theta: Any, score: Any, policy: Any) -> float:
    """Return F at theta; leaves its rewards in score and pi in policy."""
    scores(params.features, theta, score)
    loss = -params.optimism * log_mean_exp(score, params.log_reference, params.temperature, policy)
    for k in range(theta.size):
        loss += 0.5 * params.ridge * theta[k] * theta[k]
    for i in range(score.size):
        for j in range(score.size):
            if wins[i, j] > 0.0:
                loss += wins[i, j] * softplus(score[j] - score[i])
    return loss


@rare_kernel
def add_comparisons(params: FitParams, wins: Any, fit: Fit) -> None:
    """Write the gradient and the Hessian of the logistic loss and the ridge, at the rewards in fit.score."""
    d = fit.theta.size
    for k in range(d):
        fit.gradient[k] = params.ridge * fit.theta[k]
        for m in range(d):
            fit.hessian[k, m] = params.ridge if k == m else 0.0
    for i in range(fit.score.size):
        for j in range(i):
            count = wins[i, j] + wins[j, i]
            if count > 0.0:
                p = 1.0 / (1.0 + math.exp(fit.score[j] - fit.score[i]))
                slope = count * p - wins[i, j]
                curve = count * p * (1.0 - p)
                for k in range(d):
                    difference = params.features[i, k] - params.features[j, k]
                    fit.gradient[k] += slope * difference
                    for m in range(k + 1):
                        other = params.features[i, m] - params.features[j, m]
                        fit.hessian[k, m] += curve * difference * other


@rare_kernel
def add_value(params: FitParams, fit: Fit) -> None:
    """Subtract optimism times the gradient and the curvature of the value; the full Hessian goes to fit.full."""
    d = fit.theta.size
    for k in range(d):
        fit.mean[k] = 0.0
        for i in range(fit.policy.size):
            fit.mean[k] += fit.policy[i] * params.features[i, k]
        fit.gradient[k] -= params.optimism * fit.mean[k]
    scale = params.optimism / params.temperature
    for k in range(d):
        for m in range(k + 1):
            covariance = 0.0
            for i in range(fit.policy.size):
                left = params.features[i, k] - fit.mean[k]
                covariance += fit.policy[i] * left * (params.features[i, m] - fit.mean[m])
            fit.full[k, m] = fit.hessian[k, m] - scale * covariance
    if params.optimism <= 0.0:
        for k in range(d):
            for m in range(k + 1):
                fit.hessian[k, m] = fit.full[k, m]


@rare_kernel
def derivatives(params: FitParams, wins: Any, fit: Fit) -> float:
    """Write all fields of `fit` that depend on theta; return F there."""
    loss = penalised_loss(params, wins, fit.theta, fit.score, fit.policy)
    add_comparisons(params, wins, fit)
    add_value(params, fit)
    return loss


@rare_kernel
def model_point(shift: float, fit: Fit) -> float:
    """Write (L L^T)^-1 ((H + shift I) theta - gradient), H in fit.full, L the factor, to fit.trial; return its norm."""
    for k in range(fit.trial.size):
        fit.trial[k] = shift * fit.theta[k] - fit.gradient[k]
        for m in range(fit.trial.size):
            fit.trial[k] += (fit.full[k, m] if m <= k else fit.full[m, k]) * fit.theta[m]
    solve_lower(fit.factor, fit.trial)
    solve_upper(fit.factor, fit.trial)
    norm = 0.0
    for k in range(fit.trial.size):
        norm += fit.trial[k] * fit.trial[k]
    return math.sqrt(norm)


@rare_kernel
def ball_point(radius: float, fit: Fit) -> None:
    """Write the minimiser in the ball of the quadratic model at theta into fit.trial.

    The multiplier nu of the ball (0 inside) makes the norm of (H + nu I)^-1 (H theta - gradient), which decreases in
    nu, equal to the radius. Where H = fit.full is not positive definite, its convex part is used.
    """
    top = 1.0
    for k in range(fit.theta.size):
        top = max(top, fit.hessian[k, k])
    shift = _METRIC * top
    nu, low, high, norm = 0.0, 0.0, math.inf, 0.0
    for _ in range(_TRIALS):
        if not cholesky(fit.full, shift + nu, fit.factor):
            for k in range(fit.theta.size):
                for m in range(k + 1):
                    fit.full[k, m] = fit.hessian[k, m]
            continue
        norm = model_point(shift, fit)
        if norm > radius:
            low = nu
        else:
            high = nu
        following = max(4.0 * nu, shift) if high == math.inf else 0.5 * (low + high)
        if following in (low, high):
            break
        nu = following
    if norm > radius:
        for k in range(fit.trial.size):
            fit.trial[k] *= radius / norm


@rare_kernel
def descend(params: FitParams, wins: Any, fit: Fit, loss: float) -> float:
    """Move theta towards fit.trial until F decreases enough; return the largest entry of the step, 0 if F is flat."""
    slope, longest = 0.0, 0.0
    for k in range(fit.theta.size):
        fit.trial[k] -= fit.theta[k]
        slope += fit.gradient[k] * fit.trial[k]
        longest = max(longest, abs(fit.trial[k]))
    length = 1.0
    if -slope > _CLOSE * (1.0 + abs(loss)):  # else F is flat up to rounding and the full step is taken
        for _ in range(_HALVINGS):
            for k in range(fit.theta.size):
                fit.mean[k] = fit.theta[k] + length * fit.trial[k]
            if penalised_loss(params, wins, fit.mean, fit.score, fit.policy) <= loss + 1e-4 * length * slope:
                break
            length *= 0.5
    for k in range(fit.theta.size):
        fit.theta[k] += length * fit.trial[k]
    return longest if -slope > _FLAT * (1.0 + abs(loss)) else 0.0


@rare_kernel
def refit(params: FitParams, wins: Any, fit: Fit) -> float:
    """Move fit.theta from its current value to the limit of the Newton steps; return F there. wins: (n, n) float64."""
    change = math.inf
    for step in range(_STEPS + 1):
        loss = derivatives(params, wins, fit)
        size = 1.0
        for k in range(fit.theta.size):
            size = max(size, abs(fit.theta[k]))
        if change <= _CLOSE * size or step == _STEPS:
            break
        ball_point(params.radius, fit)
        change = descend(params, wins, fit, loss)
    return loss
