"""Equilibria: the von Neumann winner in exact arithmetic, the regularised equilibrium by Newton's method.

The von Neumann winner (maximal lottery) maximises min_j (S^T p)_j, whose value is 0 (`bandits.preference.winner`). It
is unique for generic games (odd support), not in general: compare gaps, not vectors.

The regularised equilibrium for tau > 0 and a reference mu with full support is the only solution of
p prop. to mu exp(S p / tau). In logits theta, F(theta) = Z [tau (theta - log mu) - S p(theta)] with Z taking
off the mean. The Jacobian tau I - S (diag p - p p^T) has eigenvalues tau + i omega (S C with C positive
semidefinite is similar to a skew matrix), so Newton's step always exists and halving it reaches a descent;
tau is brought down by halves from 1. The result is checked by sub_tau, which bounds the divergence:
KL(p || p*) <= sub_tau / tau.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import real
from bandits.preference.games import preference_matrix, reference_policy, skew
from bandits.preference.measures import sub_tau
from bandits.preference.prox import normalise
from bandits.preference.winner import winner

_NEWTON_STEPS = 60
_LARGEST_SUBOPTIMALITY = 1e-13


@checked
def von_neumann_winner(preferences: ArrayLike) -> NDArray[np.float64]:
    """Return a policy (n,) float64 that no action beats in the mean, exact but for the rounding of its entries.

    preferences: (n, n).  Whatever the size of the margins, and without tolerance: `bandits.preference.winner`.
    """
    matrix = preference_matrix("preferences", preferences)
    if matrix.ndim != 2:
        raise ValueError(f"preferences must be one matrix (n, n), got shape {matrix.shape}")
    return winner(skew(preferences))  # of the given entries: 0.5 + S has lost digits of small margins


def regularized_nash(
    preferences: ArrayLike, regularization: float, reference: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return the equilibrium p* (..., n) float64, a policy as `von_neumann_winner` returns.

    Arguments and errors: `log_regularized_nash`, which keeps probabilities that are too small for float64.
    """
    return np.exp(log_regularized_nash(preferences, regularization, reference))


@checked
def log_regularized_nash(
    preferences: ArrayLike, regularization: float, reference: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return log p* (..., n) float64 of the game with weight tau = `regularization` > 0 on the reference.

    preferences: (..., n, n), every game solved at once.  reference: mu (n,) or (..., n), positive, uniform by
    default.  The fixed point holds to about 1e-14 and sub_tau < 1e-13; ArithmeticError otherwise.
    """
    matrix = skew(preference_matrix("preferences", preferences))
    tau = real("regularization", regularization, 0.0, open_low=True)
    n = matrix.shape[-1]
    mu = np.full(n, 1.0 / n) if reference is None else reference_policy(reference, matrix)
    log_mu = np.log(np.broadcast_to(mu, matrix.shape[:-1]))
    games, logs = matrix.reshape(-1, n, n), log_mu.reshape(-1, n)
    theta = _homotopy(games, logs, tau)
    worst = float(sub_tau(games, theta, logs, tau).max())
    if not worst < _LARGEST_SUBOPTIMALITY:
        raise ArithmeticError(f"Newton's method stopped at sub_tau = {worst:.3g}, above {_LARGEST_SUBOPTIMALITY:g}")
    return np.asarray(theta.reshape(log_mu.shape))


def _homotopy(games: Any, logs: Any, tau: float) -> Any:
    """Return theta (G, n) at tau, from solutions at larger weights."""
    theta, stage = logs.copy(), max(tau, 1.0)
    while stage > tau:
        theta = _newton(games, logs, theta, stage, 1e-6)
        stage = max(tau, 0.5 * stage)
    return _newton(games, logs, theta, tau, 1e-14 * max(1.0, tau))


def _residual(games: Any, logs: Any, theta: Any, tau: float) -> Any:
    """Return F (G, n): zero at the equilibrium."""
    raw = tau * (theta - logs) - (games * np.exp(theta)[:, None, :]).sum(axis=-1)
    return raw - raw.mean(axis=-1, keepdims=True)


def _newton(games: Any, logs: Any, theta: Any, tau: float, tolerance: float) -> Any:
    """Return theta (G, n) with max |F| < tolerance, or where no step lowers the norm of F any more."""
    left = _residual(games, logs, theta, tau)
    active = np.arange(len(games))
    for _ in range(_NEWTON_STEPS):
        active = active[np.abs(left[active]).max(axis=-1) >= tolerance]
        if active.size == 0:
            break
        policy = np.exp(theta[active])
        weighted = games[active] * policy[:, None, :]
        jacobian = tau * np.eye(theta.shape[-1]) - weighted
        jacobian += (weighted.sum(axis=-1))[:, :, None] * policy[:, None, :]
        step = _solve(jacobian, left[active])
        better, residual = _descend(games[active], logs[active], theta[active], left[active], step, tau)
        moved = np.linalg.norm(residual, axis=-1) < np.linalg.norm(left[active], axis=-1)
        theta[active[moved]], left[active[moved]] = better[moved], residual[moved]
        active = active[moved]
    return theta


def _solve(matrices: Any, sides: Any) -> Any:
    """Return x (G, n) with matrices (G, n, n) x = sides (G, n): elimination with partial pivoting, entry by entry.

    A library's solver would give other last bits on other machines.
    """
    rows = np.concatenate([matrices, sides[:, :, None]], axis=2)
    every, n = np.arange(len(rows)), rows.shape[1]
    for k in range(n):
        pivot = k + np.abs(rows[:, k:, k]).argmax(axis=1)
        rows[every, k], rows[every, pivot] = rows[every, pivot], rows[every, k].copy()
        factor = rows[:, k + 1 :, k] / rows[:, k, k, None]
        rows[:, k + 1 :, k:] -= factor[:, :, None] * rows[:, None, k, k:]
    x = np.empty_like(sides)
    for k in range(n - 1, -1, -1):
        known = (rows[:, k, k + 1 : n] * x[:, k + 1 :]).sum(axis=1)
        x[:, k] = (rows[:, k, n] - known) / rows[:, k, k]
    return x


def _descend(games: Any, logs: Any, theta: Any, left: Any, step: Any, tau: float) -> tuple[Any, Any]:
    """Return the point after the longest of the steps 1, 1/2, ... that lowers |F|_2 enough (Armijo), and F there."""
    before = np.linalg.norm(left, axis=-1)
    length = np.ones(len(theta))
    for _ in range(40):
        point = normalise(theta - length[:, None] * step)
        residual = _residual(games, logs, point, tau)
        short = np.linalg.norm(residual, axis=-1) > (1.0 - 1e-4 * length) * before
        if not short.any():
            break
        length[short] *= 0.5
    return point, residual
