"""Exact equilibria: the von Neumann winner by linear programming, the regularised equilibrium by Newton's method.

The von Neumann winner (maximal lottery) maximises min_j (S^T p)_j, whose value is 0. HiGHS finds a vertex of
the solutions; on its support I the linear system S_II p_I = v, sum p_I = 1 is then solved again, which takes
the linear program's 1e-9 to rounding. It is unique for generic games (odd support), not in general: compare
gaps, not vectors.

The regularised equilibrium for tau > 0 and a reference mu with full support is the only solution of
p prop. to mu exp(S p / tau). In logits theta, F(theta) = Z [tau (theta - log mu) - S p(theta)] with Z taking
off the mean. The Jacobian tau I - S (diag p - p p^T) has eigenvalues tau + i omega (S C with C positive
semidefinite is similar to a skew matrix), so Newton's step always exists and halving it reaches a descent;
tau is brought down by halves from 1. The result is checked by sub_tau, which bounds the divergence:
KL(p || p*) <= sub_tau / tau.
"""

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import checked
from bandits.checks import real
from bandits.preference.games import preference_matrix, reference_policy, skew
from bandits.preference.measures import gap0, payoff, sub_tau
from bandits.preference.prox import normalise

_NEWTON_STEPS = 60
_LARGEST_GAP = 1e-10
_LARGEST_SUBOPTIMALITY = 1e-13


@checked
def von_neumann_winner(preferences: ArrayLike) -> NDArray[np.float64]:
    """Return a policy (n,) float64 that no action beats in the mean: gap0 below 1e-10.

    preferences: (n, n).  Raises ArithmeticError should the linear program fail to reach that.
    """
    matrix = skew(preference_matrix("preferences", preferences))
    if matrix.ndim != 2:
        raise ValueError(f"preferences must be one matrix (n, n), got shape {matrix.shape}")
    policy = _linear_program(matrix)
    with _one_thread():
        for cut in (1e-12, 1e-9, 1e-7):
            policy = min(policy, _polished(matrix, policy, cut), key=lambda p: float(gap0(matrix, p)))
    gap = float(gap0(matrix, policy))
    if not gap < _LARGEST_GAP:
        raise ArithmeticError(f"the linear program stopped at gap0 = {gap:.3g}, above {_LARGEST_GAP:g}")
    return policy


def _linear_program(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.optimize import linprog

    n = len(matrix)
    result = linprog(
        np.append(np.zeros(n), -1.0),
        A_ub=np.hstack([-matrix.T, np.ones((n, 1))]),
        b_ub=np.zeros(n),
        A_eq=np.append(np.ones(n), 0.0)[None, :],
        b_eq=[1.0],
        bounds=[(0.0, None)] * n + [(None, None)],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if result.x is None:
        raise ArithmeticError(f"the linear program of the von Neumann winner failed: {result.message}")
    policy = np.maximum(result.x[:n], 0.0)
    return np.asarray(policy / policy.sum())


def _polished(matrix: NDArray[np.float64], policy: NDArray[np.float64], cut: float) -> NDArray[np.float64]:
    """Return the solution of the linear system on the support {p > cut}, or `policy` where there is none."""
    support = np.flatnonzero(policy > cut)
    size = len(support)
    system = np.zeros((size + 1, size + 1))
    system[:size, :size] = matrix[np.ix_(support, support)]
    system[:size, size] = system[size, :size] = 1.0
    try:
        solution = np.linalg.solve(system, np.append(np.zeros(size), 1.0))[:size]
    except np.linalg.LinAlgError:
        return policy
    if not (np.isfinite(solution).all() and (solution >= 0.0).all()):
        return policy
    polished = np.zeros_like(policy)
    polished[support] = solution / solution.sum()
    return polished


@checked
def regularized_nash(
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
    with _one_thread():
        theta = _homotopy(games, logs, tau)
    worst = float(sub_tau(games, theta, logs, tau).max())
    if not worst < _LARGEST_SUBOPTIMALITY:
        raise ArithmeticError(f"Newton's method stopped at sub_tau = {worst:.3g}, above {_LARGEST_SUBOPTIMALITY:g}")
    return np.asarray(theta.reshape(log_mu.shape))


def _one_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra on one thread: systems of this size gain nothing, and lose 100-fold on a busy machine."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    limits: AbstractContextManager[Any] = threadpool_limits(1, user_api="blas")
    return limits


def _homotopy(games: Any, logs: Any, tau: float) -> Any:
    """Return theta (G, n) at tau, from solutions at larger weights."""
    theta, stage = logs.copy(), max(tau, 1.0)
    while stage > tau:
        theta = _newton(games, logs, theta, stage, 1e-6)
        stage = max(tau, 0.5 * stage)
    return _newton(games, logs, theta, tau, 1e-14 * max(1.0, tau))


def _residual(games: Any, logs: Any, theta: Any, tau: float) -> Any:
    """Return F (G, n): zero at the equilibrium."""
    raw = tau * (theta - logs) - payoff(games, np.exp(theta))
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
        step = np.linalg.solve(jacobian, left[active][..., None])[..., 0]
        better, residual = _descend(games[active], logs[active], theta[active], left[active], step, tau)
        moved = np.linalg.norm(residual, axis=-1) < np.linalg.norm(left[active], axis=-1)
        theta[active[moved]], left[active[moved]] = better[moved], residual[moved]
        active = active[moved]
    return theta


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
