"""Equilibria: the von Neumann winner in exact arithmetic, the regularised equilibrium by Newton's method.

The von Neumann winner (maximal lottery) maximises min_j (S^T p)_j, whose value is 0 (`bandits.preference.winner`). It
is unique for generic games (odd support), not in general: compare gaps, not vectors.

The regularised equilibrium for tau > 0 and a reference mu with full support is the only solution of
p prop. to mu exp(S p / tau), found by `bandits.preference.newton` and checked by sub_tau, which bounds the divergence:
KL(p || p*) <= sub_tau / tau.

With another regulariser psi of convexity sigma it is the policy of the dual y = m + S p / tau, m = grad psi(mu). Where
Newton's method stops early, as it may where the policy of a dual has kinks, mirror prox goes on,

    q = policy of (lambda y + tau m + S p) / (lambda + tau),    y <- (lambda y + tau m + S q) / (lambda + tau),

which contracts the divergence by lambda / (lambda + tau) wherever 4 sigma^2 lambda (lambda + tau) >= 1: the balance of
`bandits.preference.self_play.nash_mp`, with divergences at least sigma |.|_1^2 / 2. The check is of the policy alone:
with G = S p - tau (grad psi(p) - m) let e_i = G_i - <p, G>, its absolute value where p_i > 0. As the payoff is concave,
sub_tau(p) <= max e_i. For the equilibrium <G(p*), p - p*> <= 0, which with <G(p), p* - p> <= max e_i |p - p*|_1 adds up
to tau <grad psi(p) - grad psi(p*), p - p*> <= max e_i |p - p*|_1, so |p - p*|_1 <= max e_i / (sigma tau).
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import real
from bandits.preference.games import preference_matrix, reference_policy, skew
from bandits.preference.measures import sub_tau
from bandits.preference.newton import Entropic, Regular, homotopy, newton
from bandits.preference.regularizers import ENTROPY, Regularizer, checked_regularizer, refuse_inconsistent
from bandits.preference.winner import winner

_LARGEST_SUBOPTIMALITY = 1e-13
_LARGEST_ERROR = 1e-12
_ZERO = math.log(4.0 * float(np.finfo(np.float64).tiny))  # logarithms below are of probabilities that are 0
_RESTARTS, _MIRROR_STEPS = 40, 100


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
    preferences: ArrayLike,
    regularization: float,
    reference: ArrayLike | None = None,
    regularizer: Regularizer = ENTROPY,
) -> NDArray[np.float64]:
    """Return the equilibrium p* (..., n) float64, a policy as `von_neumann_winner` returns.

    Arguments and errors: `log_regularized_nash`, which keeps probabilities that are too small for float64.
    """
    return np.exp(log_regularized_nash(preferences, regularization, reference, regularizer))


@checked
def log_regularized_nash(
    preferences: ArrayLike,
    regularization: float,
    reference: ArrayLike | None = None,
    regularizer: Regularizer = ENTROPY,
) -> NDArray[np.float64]:
    """Return log p* (..., n) float64 of the game with weight tau = `regularization` > 0 on the reference.

    preferences: (..., n, n), every game solved at once.  reference: mu (n,) or (..., n), positive, uniform by
    default.  regularizer: psi, whose divergence from mu is paid; Entropy(), of the relative entropy, by default.
    For the entropy the fixed point holds to about 1e-14 and sub_tau < 1e-13; ArithmeticError otherwise.
    With another regulariser log p* is -inf where p* is 0, or below the least float64, and what is checked is (above)
    e_i <= 1e-12 max(1, tau (1 + |grad psi(mu)_i|)): sub_tau(p) <= max e_i and |p - p*|_1 <= max e_i / (sigma tau);
    ArithmeticError otherwise, and ValueError where the functions of the regulariser disagree.
    """
    matrix = skew(preference_matrix("preferences", preferences))
    tau = real("regularization", regularization, 0.0, open_low=True)
    psi = checked_regularizer(regularizer)
    n = matrix.shape[-1]
    mu = np.full(n, 1.0 / n) if reference is None else reference_policy(reference, matrix)
    log_mu = np.log(np.broadcast_to(mu, matrix.shape[:-1]))
    games, logs = matrix.reshape(-1, n, n), log_mu.reshape(-1, n)
    solve = _entropic(games, logs, tau) if psi == ENTROPY else _regular(games, logs, tau, psi)
    return np.asarray(solve.reshape(log_mu.shape))


def _entropic(games: Any, logs: Any, tau: float) -> Any:
    """Return log p* (G, n) for the relative entropy."""
    theta = homotopy(Entropic(games, logs), tau, 1e-14 * max(1.0, tau))
    worst = float(sub_tau(games, theta, logs, tau).max())
    if not worst < _LARGEST_SUBOPTIMALITY:
        raise ArithmeticError(f"Newton's method stopped at sub_tau = {worst:.3g}, above {_LARGEST_SUBOPTIMALITY:g}")
    return theta


def _regular(games: Any, logs: Any, tau: float, psi: Regularizer) -> Any:
    """Return log p* (G, n) for another regulariser."""
    refuse_inconsistent(psi, logs.shape[-1])
    duals = psi.dual(logs)
    equations, tolerance = Regular(games, duals, psi), 1e-14 * max(1.0, tau)
    theta = homotopy(equations, tau, tolerance)
    for _ in range(_RESTARTS):
        log_policy = equations.log_policy(theta)
        error = _error(equations, log_policy, tau)
        far = np.flatnonzero(~(error <= _LARGEST_ERROR))
        if far.size == 0:
            return np.where(log_policy < _ZERO, -np.inf, log_policy)
        those = equations.some(far)
        theta[far] = newton(those, _mirror_prox(those, theta[far], tau), tau, tolerance)
    raise ArithmeticError(
        f"no equilibrium for {psi!r}: Newton's method and mirror prox stopped at an error of {error.max():.3g}, "
        f"above {_LARGEST_ERROR:g}"
    )


def _mirror_prox(equations: Regular, theta: Any, tau: float) -> Any:
    """Return theta (G, n) after some steps of mirror prox of the least weight with a guarantee."""
    sigma, games = float(equations.regularizer.strong_convexity), equations.games
    weight = 0.5 / (sigma * sigma * (math.hypot(tau, 1.0 / sigma) + tau))
    for _ in range(_MIRROR_STEPS):
        centre, ahead = weight * theta, theta  # of what is beyond m
        for _ in range(2):
            rows = (games * equations.policy(ahead)[:, None, :]).sum(axis=-1)
            ahead = equations.reduced((centre + rows) / (weight + tau))
        theta = ahead
    return theta


def _error(equations: Regular, log_policy: Any, tau: float) -> Any:
    """Return the largest e_i of each policy (G,), over max(1, tau (1 + |m_i|))."""
    policy, duals = np.exp(log_policy), equations.duals
    gain = (equations.games * policy[:, None, :]).sum(axis=-1)
    gain -= tau * (equations.regularizer.dual(log_policy) - duals)
    off = gain - (policy * gain).sum(axis=-1, keepdims=True)
    off = np.where(log_policy < _ZERO, off, np.abs(off))
    return (off / np.maximum(1.0, tau * (1.0 + np.abs(duals)))).max(axis=-1)
