"""Regularisers: strongly convex functions psi of a policy, the geometry of `MirrorDescent`; also of one's own.

With <y, p> - psi(p) maximised over all policies by `log_policy(y)`, a step along a gain g is the step of its dual,

    y' = y + g / lambda,    p' = argmax_p <y', p> - psi(p),    p' = argmax_p <p, g> - lambda B(p, p),

where the last is mirror descent, B(u, w) = psi(u) - psi(w) - <grad psi(w), u - w>, wherever psi is steep (its slope is
infinite at probability 0, so that no policy touches the boundary); elsewhere it is dual averaging. The regret bound is
that of either: with psi sigma-strongly convex in the 1-norm, psi* is 1/sigma-smooth in the largest difference of two
entries over 2, and with gains that differ by at most 1, for every policy u,

    sum <g_t, u - p_t> <= lambda B(u, p_0) + T / (8 lambda sigma).

The functions work on NumPy and on JAX arrays, in the last axis: the array's own namespace does the arithmetic.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import Checked
from bandits.core.checks import real
from bandits.preference.prox import normalise

_PARTS, _ROUNDS = 32, 12  # 60 bits; a loop of 60 halvings takes long to compile
_LEAST = float(np.finfo(np.float64).tiny)


class Regularizer(Checked):
    """Base of the regularisers: a frozen dataclass; of one's own, `Separable` asks for less.

    Policies are probabilities (..., n).
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
