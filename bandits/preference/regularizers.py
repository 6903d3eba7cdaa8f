"""Regularisers: strongly convex functions psi of a policy, the geometry of `MirrorDescent` and of regularised games.

With <y, p> - psi(p) maximised over all policies by `log_policy(y)`, a step along a gain g is the step of its dual,

    y' = y + g / lambda,    p' = argmax_p <y', p> - psi(p),    p' = argmax_p <p, g> - lambda B(p, p),

where the last is mirror descent, B(u, w) = psi(u) - psi(w) - <grad psi(w), u - w>, wherever psi is steep (its slope is
infinite at probability 0, so that no policy touches the boundary); elsewhere it is dual averaging. The regret bound is
that of either: with psi sigma-strongly convex in the 1-norm, psi* is 1/sigma-smooth in the largest difference of two
entries over 2, and with gains that differ by at most 1, for every policy u,

    sum <g_t, u - p_t> <= lambda B(u, p_0) + T / (8 lambda sigma).

In a game regularised by psi a policy p pays tau B(p, mu) for the reference mu; its measures are in
`bandits.preference.measures`, its equilibrium in `equilibria`, and how fast `MirrorDescent` finds it in `self_play`.

The functions work on NumPy and on JAX arrays, in the last axis: the array's own namespace does the arithmetic.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import Checked
from bandits.core.checks import instance, real
from bandits.preference.prox import normalise
from bandits.preference.relative_entropy import kl, phi

_PARTS, _ROUNDS = 32, 12  # 60 bits; a loop of 60 halvings takes long to compile
_LEAST = float(np.finfo(np.float64).tiny)
_STEP = 1e-7  # of differences that stand for derivatives
_SLACK = 1e-9


class Regularizer(Checked):
    """Base of the regularisers: a frozen dataclass; of one's own, `Separable` asks for less.

    Policies are probabilities (..., n). A subclass writes the four abstract ones; `bregman` and `shortfall` in forms
    that lose no digits, and an exact `sensitivity`, are better but not needed.
    """

    @property
    @abstractmethod
    def strong_convexity(self) -> float:
        """Return sigma > 0: psi(u) - psi(w) - <grad psi(w), u - w> >= sigma / 2 |u - w|_1^2 for all policies."""

    @abstractmethod
    def value(self, policy: Any) -> Any:
        """Return psi (...,), also where probabilities are 0."""

    @abstractmethod
    def gradient(self, policy: Any) -> Any:
        """Return the gradient (..., n) at positive probabilities."""

    @abstractmethod
    def log_policy(self, dual: Any) -> Any:
        """Return the log-probabilities (..., n) of the policy p that maximises <dual, p> - psi(p)."""

    def divergence(self, policy: Any, other: Any) -> Any:
        """Return B(policy, other) (...,); other is positive."""
        step = (self.gradient(other) * (policy - other)).sum(-1)
        return self.value(policy) - self.value(other) - step

    def dual(self, log_policy: Any) -> Any:
        """Return the gradient (..., n) at log-probabilities, up to a constant; 0 counts as the least float64."""
        return self.gradient(_positive(log_policy))

    def bregman(self, log_policy: Any, log_other: Any) -> Any:
        """Return B(policy, other) >= 0 (...,) of log-probabilities (..., n), to rounding of psi where it is near 0."""
        xp = log_policy.__array_namespace__()
        found = self.divergence(xp.exp(log_policy), _positive(log_other))
        return xp.maximum(found, xp.zeros_like(found))

    def shortfall(self, log_policy: Any, dual: Any) -> Any:
        """Return how far <dual, p> - psi(p) is below its maximum over all policies (...,) >= 0, to rounding of psi."""
        xp = log_policy.__array_namespace__()
        policy, best = xp.exp(log_policy), xp.exp(self.log_policy(dual))
        level = dual - xp.max(dual, axis=-1, keepdims=True)
        found = self.value(policy) - self.value(best) - (level * (policy - best)).sum(-1)
        return xp.maximum(found, xp.zeros_like(found))

    def sensitivity(self, dual: Any) -> Any:
        """Return the derivatives d p_i / d y_k (..., n, n) of the policy of a dual y (..., n), about; NumPy only.

        For Newton's method alone: the accuracy of equilibria does not depend on it.
        """
        here = np.exp(self.log_policy(dual))
        moves = _STEP * np.eye(dual.shape[-1])
        return np.stack([(here - np.exp(self.log_policy(dual - move))) / _STEP for move in moves], axis=-1)

    def radius(self, reference: NDArray[np.float64]) -> float:
        """Return the largest B(u, reference) of any policy u, at a vertex; reference (..., n), the largest of all."""
        corners = np.eye(reference.shape[-1])
        return float(max(np.max(self.divergence(corner, reference)) for corner in corners))


class Separable(Regularizer):
    """psi(p) = the sum of one strictly convex function f of each probability; f, its slope and the slope's inverse."""

    @abstractmethod
    def term(self, probability: Any) -> Any:
        """Return f, elementwise, on [0, 1]."""

    @abstractmethod
    def slope(self, probability: Any) -> Any:
        """Return f', elementwise, on (0, 1]."""

    @abstractmethod
    def inverse(self, slope: Any) -> Any:
        """Return the probability at which f' is `slope`, at most f'(1), elementwise; 0 below all slopes."""

    def value(self, policy: Any) -> Any:
        """Return psi (...,)."""
        return self.term(policy).sum(-1)

    def gradient(self, policy: Any) -> Any:
        """Return the slopes (..., n)."""
        return self.slope(policy)

    def log_policy(self, dual: Any) -> Any:
        """Return the log-probabilities (..., n), of inverse(dual - c) with the sum 1: c is found in a bracket."""
        xp = dual.__array_namespace__()
        level = dual - xp.max(dual, axis=-1, keepdims=True)
        one = xp.ones_like(level[..., :1])
        low = -self.slope(one)  # the largest one is 1
        width = -self.slope(one / level.shape[-1]) - low  # at the end of the bracket none exceeds 1 / n
        shares = xp.arange(1, _PARTS) / _PARTS
        for _ in range(_ROUNDS):
            sums = self.inverse(level[..., None, :] - (low + width * shares)[..., None]).sum(-1)
            low = low + width * (sums > 1.0).sum(-1, keepdims=True) / _PARTS
            width = width / _PARTS
        return normalise(xp.log(xp.maximum(self.inverse(level - low), xp.full_like(level, _LEAST))))

    def sensitivity(self, dual: Any) -> Any:
        """Return the derivatives (..., n, n): with h those of `inverse`, diag(h) - h h' / sum(h)."""
        policy = np.exp(self.log_policy(dual))
        top = policy.argmax(axis=-1)[..., None]
        level = np.take_along_axis(dual - self.slope(np.maximum(policy, _LEAST)), top, axis=-1)
        slope = np.minimum(dual - level, self.slope(np.ones_like(level)))
        step = _STEP * (1.0 + np.abs(slope))
        growth = (self.inverse(slope) - self.inverse(slope - step)) / step
        share = growth / growth.sum(-1, keepdims=True)
        return growth[..., None] * (np.eye(dual.shape[-1]) - share[..., None, :])


@dataclass(frozen=True)
class Entropy(Regularizer):
    """The negative entropy, the sum of p log p: `MirrorDescent` is then Hedge."""

    @property
    def strong_convexity(self) -> float:
        """Return 1 (Pinsker's inequality)."""
        return 1.0

    def value(self, policy: Any) -> Any:
        """Return psi (...,)."""
        xp = policy.__array_namespace__()
        return (policy * xp.log(xp.maximum(policy, xp.full_like(policy, _LEAST)))).sum(-1)

    def gradient(self, policy: Any) -> Any:
        """Return log p + 1 (..., n)."""
        return policy.__array_namespace__().log(policy) + 1.0

    def log_policy(self, dual: Any) -> Any:
        """Return the dual, normalised."""
        return normalise(dual)

    def dual(self, log_policy: Any) -> Any:
        """Return the logarithms themselves."""
        return log_policy

    def bregman(self, log_policy: Any, log_other: Any) -> Any:
        """Return KL(policy || other), to full relative accuracy."""
        return kl(log_policy, log_other)

    def shortfall(self, log_policy: Any, dual: Any) -> Any:
        """Return KL(policy || that of the dual), to full relative accuracy."""
        return kl(log_policy, normalise(dual))


@dataclass(frozen=True)
class Tsallis(Separable):
    """The negative Tsallis entropy, the sum of (p - p^q) / (1 - q), 0 < q < 1; it tends to the entropy as q -> 1.

    It is q-strongly convex: by Cauchy and Schwarz |x|_1^2 <= (sum f''(p_i) x_i^2) (sum 1 / f''(p_i)), where
    1 / f''(p) = p^(2 - q) / q and the p_i^(2 - q) sum to at most 1.
    """

    exponent: float = 0.5

    def __post_init__(self) -> None:
        real("exponent", self.exponent, 0.0, 1.0, open_low=True, open_high=True)

    @property
    def strong_convexity(self) -> float:
        """Return q."""
        return float(self.exponent)

    def term(self, probability: Any) -> Any:
        """Return (p - p^q) / (1 - q)."""
        return (probability - probability**self.exponent) / (1.0 - self.exponent)

    def slope(self, probability: Any) -> Any:
        """Return (1 - q p^(q - 1)) / (1 - q)."""
        return (1.0 - self.exponent * probability ** (self.exponent - 1.0)) / (1.0 - self.exponent)

    def inverse(self, slope: Any) -> Any:
        """Return ((1 - (1 - q) slope) / q)^(1 / (q - 1))."""
        return ((1.0 - (1.0 - self.exponent) * slope) / self.exponent) ** (1.0 / (self.exponent - 1.0))

    def bregman(self, log_policy: Any, log_other: Any) -> Any:
        """Return the sum of w^q (1 + q (r - 1) - r^q) / (1 - q), r = p / w, to full relative accuracy."""
        xp, q = log_policy.__array_namespace__(), self.exponent
        log_w = xp.maximum(log_other, xp.full_like(log_other, math.log(_LEAST)))
        z = log_policy - log_w
        close = xp.abs(z) < 1.0
        near, far = xp.where(close, z, 0.0), xp.where(close, 0.0, z)
        term = xp.where(close, q * phi(near) - phi(q * near), q * xp.expm1(far) - xp.expm1(q * far))
        return (xp.exp(q * log_w) * term).sum(-1) / (1.0 - q)

    def shortfall(self, log_policy: Any, dual: Any) -> Any:
        """Return B(policy, that of the dual), which no policy on the boundary is."""
        return self.bregman(log_policy, self.log_policy(dual))


ENTROPY = Entropy()


def checked_regularizer(given: Any) -> Regularizer:
    """Return the argument `regularizer`; TypeError unless it is a Regularizer with a hash, by which it is looked up."""
    psi = instance("regularizer", given, Regularizer, "a Regularizer such as Entropy() or Tsallis()")
    try:
        hash(psi)
    except TypeError as error:
        raise TypeError(f"regularizer must have fields that are numbers or tuples, got {psi!r}: {error}") from None
    return psi


def _positive(log_policy: Any) -> Any:
    """Return the probabilities (..., n), where they are 0 the least float64."""
    xp = log_policy.__array_namespace__()
    policy = xp.exp(log_policy)
    return xp.maximum(policy, xp.full_like(policy, _LEAST))


@cache
def refuse_inconsistent(regularizer: Regularizer, n_actions: int) -> None:
    """Raise ValueError unless value, gradient, log_policy and strong_convexity agree on some policies."""
    name, sigma = type(regularizer).__name__, float(regularizer.strong_convexity)
    laws, edges = _trials(n_actions)
    found = _each_alike(name, "log_policy", regularizer.log_policy, regularizer.gradient(laws), laws.shape)
    for law, policy in zip(laws, np.exp(found), strict=True):
        if not np.allclose(policy, law, rtol=1e-6, atol=1e-9):
            wrong = int(np.argmax(np.abs(policy - law)))
            got = f"{policy[wrong]:.6g} where p is {law[wrong]:.6g}"
            raise ValueError(f"{name}: log_policy(gradient(p)) must be log p, so inverse must undo slope, got {got}")
    others = np.concatenate([edges, laws])
    _each_alike(name, "value", regularizer.value, others, others.shape[:1])
    for law in laws:
        least = 0.5 * sigma * np.abs(others - law).sum(axis=-1) ** 2
        excess = regularizer.divergence(others, law)
        short = np.flatnonzero(~((sigma > 0.0) & (excess >= least - _SLACK)))
        if short.size > 0:
            raise ValueError(
                f"{name}: value must exceed its tangent by strong_convexity / 2 |u - w|_1^2 = {least[short[0]]:.6g}, "
                f"got {excess[short[0]]:.6g}: is it too large, or is value not the one of gradient?"
            )


def _trials(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return positive policies (..., n) for a check, and others on the boundary.

    No two actions have equal probabilities in all of them, and halves of the actions that gain what the others lose
    have the largest 1-norm for their Euclidean norm.
    """
    place = np.arange(n)
    halves = [place < (n + 1) // 2, place >= n // 2, place % 2 == 0]
    edges = np.array([*np.eye(n)[[0, -1]], *(half / half.sum() for half in halves)])
    ramps = np.array([1.0 + place, 1.0 + place[::-1] ** 2, 2.0 ** -(place % 16)])
    mixed = [share * edge + (1.0 - share) / n for edge in edges for share in (0.0, 0.5, 0.9)]
    return np.array([*mixed, *(ramp / ramp.sum() for ramp in ramps)]), edges


def _each_alike(name: str, function: str, call: Any, rows: Any, shape: tuple[int, ...]) -> Any:
    """Return call(rows), of this shape; ValueError where it is not that of each row."""
    found = np.asarray(call(rows))
    one = np.array([call(row) for row in rows])
    if found.shape != shape or one.shape != shape or not np.allclose(found, one, rtol=1e-6, atol=1e-9, equal_nan=True):
        raise ValueError(
            f"{name}: {function} must act on the last axis of an array (..., n), on each row as on the row alone: of "
            f"shape {rows.shape} the result must have shape {shape}, got {found.shape}"
        )
    return found
