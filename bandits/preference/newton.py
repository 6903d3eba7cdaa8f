"""Newton's method for the equilibrium of a regularised game, in the dual theta of its policy.

F(theta) = Z [tau (theta - m) - S p(theta)] vanishes, with m the dual of the reference, p(theta) the policy of theta,
and Z taking off the mean. With other regularisers than the entropy the unknown is theta - m, since entries of m may be
so large that theta has no digits of S p / tau. The Jacobian tau I - S p' has eigenvalues tau + i omega (p' is positive
semidefinite, so S p' is similar to a skew matrix): Newton's step always exists and, where p is differentiable, halving
it reaches a descent. tau is brought down by halves from 1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bandits.preference.prox import normalise
from bandits.preference.regularizers import Regularizer

_STEPS = 60


@dataclass(frozen=True)
class Entropic:
    """The equations of G games with the relative entropy: theta is log p, the reference at first."""

    games: Any  # S (G, n, n)
    duals: Any  # m (G, n)

    def some(self, which: Any) -> "Entropic":
        """Return the equations of the games `which`."""
        return Entropic(self.games[which], self.duals[which])

    def start(self) -> Any:
        """Return theta (G, n) of the reference."""
        return self.duals.copy()

    def beyond(self, theta: Any) -> Any:
        """Return theta - m (G, n)."""
        return theta - self.duals

    def residual(self, theta: Any, tau: float) -> Any:
        """Return F (G, n): zero at the equilibrium."""
        raw = tau * self.beyond(theta) - (self.games * self.policy(theta)[:, None, :]).sum(axis=-1)
        return raw - raw.mean(axis=-1, keepdims=True)

    def policy(self, theta: Any) -> Any:
        """Return p (G, n)."""
        return np.exp(theta)

    def jacobian(self, theta: Any, tau: float) -> Any:
        """Return tau I - S p' (G, n, n)."""
        policy = np.exp(theta)
        weighted = self.games * policy[:, None, :]
        jacobian = tau * np.eye(theta.shape[-1]) - weighted
        jacobian += (weighted.sum(axis=-1))[:, :, None] * policy[:, None, :]
        return jacobian

    def reduced(self, theta: Any) -> Any:
        """Return theta with the constant by which the policy is normalised."""
        return normalise(theta)


@dataclass(frozen=True)
class Regular(Entropic):
    """The equations of G games with any regulariser: theta stands for theta - m, 0 at first."""

    regularizer: Regularizer

    def some(self, which: Any) -> "Regular":
        """Return the equations of the games `which`."""
        return Regular(self.games[which], self.duals[which], self.regularizer)

    def start(self) -> Any:
        """Return zeros (G, n)."""
        return np.zeros_like(self.duals)

    def beyond(self, theta: Any) -> Any:
        """Return theta (G, n) itself."""
        return theta

    def log_policy(self, theta: Any) -> Any:
        """Return log p (G, n)."""
        return self.regularizer.log_policy(self.duals + theta)

    def policy(self, theta: Any) -> Any:
        """Return p (G, n)."""
        return np.exp(self.log_policy(theta))

    def jacobian(self, theta: Any, tau: float) -> Any:
        """Return tau I - S p' (G, n, n), about."""
        change = self.regularizer.sensitivity(self.duals + theta)
        return tau * np.eye(theta.shape[-1]) - np.einsum("gij,gjk->gik", self.games, change)

    def reduced(self, theta: Any) -> Any:
        """Return theta less the largest entry of the dual, which changes no policy."""
        return theta - (self.duals + theta).max(axis=-1, keepdims=True)


def homotopy(equations: Entropic, tau: float, tolerance: float) -> Any:
    """Return theta (G, n) at tau with max |F| < tolerance where it is reached, from solutions at larger weights."""
    theta, stage = equations.start(), max(tau, 1.0)
    while stage > tau:
        theta = newton(equations, theta, stage, 1e-6)
        stage = max(tau, 0.5 * stage)
    return newton(equations, theta, tau, tolerance)


def newton(equations: Entropic, theta: Any, tau: float, tolerance: float) -> Any:
    """Return theta (G, n) with max |F| < tolerance, or where no step lowers the norm of F any more."""
    left = equations.residual(theta, tau)
    active = np.arange(len(theta))
    for _ in range(_STEPS):
        active = active[np.abs(left[active]).max(axis=-1) >= tolerance]
        if active.size == 0:
            break
        those = equations.some(active)
        step = _solve(those.jacobian(theta[active], tau), left[active])
        better, residual = _descend(those, theta[active], left[active], step, tau)
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


def _descend(equations: Entropic, theta: Any, left: Any, step: Any, tau: float) -> tuple[Any, Any]:
    """Return the point after the longest of the steps 1, 1/2, ... that lowers |F|_2 enough (Armijo), and F there."""
    before = np.linalg.norm(left, axis=-1)
    length = np.ones(len(theta))
    for _ in range(40):
        point = equations.reduced(theta - length[:, None] * step)
        residual = equations.residual(point, tau)
        short = np.linalg.norm(residual, axis=-1) > (1.0 - 1e-4 * length) * before
        if not short.any():
            break
        length[short] *= 0.5
    return point, residual
