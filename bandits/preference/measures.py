"""How far a policy is from equilibrium, in forms that lose no digits near it.

With S = P - 1/2, a reference mu and tau > 0, the regularised payoff is
P_tau(u > p) = P(u > p) - tau KL(u || mu) + tau KL(p || mu), and

    gap0(p)    = max_u P(u > p) - min_u P(p > u)         = 2 max_i (S p)_i
    expl0(p)   = max_u P(u > p) - 1/2                    = gap0(p) / 2
    sub_tau(p) = max_u P_tau(u > p) - 1/2                = tau KL(p || BR(p)),  BR(p) prop. to mu exp(S p / tau)
    gap_tau(p) = max_u P_tau(u > p) - min_u P_tau(p > u) = 2 sub_tau(p).

The form of sub_tau with the best response follows from the entropic objective being tau KL(. || BR) below its
maximum; it avoids subtracting numbers of size tau |log p|. KL itself is summed as p phi(log q - log p) with
phi(z) = e^z - 1 - z >= 0, so every term is non-negative and values of 1e-30 are right to a few digits.

Policies are log-probabilities (..., n), skew is (n, n) or (..., n, n); NumPy and JAX arrays alike.
"""

from typing import Any

from bandits.preference.prox import normalise

_SMALL = 0.03


def phi(z: Any) -> Any:
    """Return e^z - 1 - z >= 0 to full relative accuracy; inf at -inf."""
    xp = z.__array_namespace__()
    near = xp.where(xp.abs(z) < _SMALL, z, 0.0)
    series = 1.0 / 720.0 + near * (1.0 / 5040.0 + near / 40320.0)
    series = 0.5 + near * (1.0 / 6.0 + near * (1.0 / 24.0 + near * (1.0 / 120.0 + near * series)))
    return xp.where(xp.abs(z) < _SMALL, near * near * series, xp.expm1(z) - z)


def kl(log_p: Any, log_q: Any) -> Any:
    """Return KL(p || q) (...,) >= 0 for normalised log-probabilities (..., n); inf where q = 0 < p.

    A term is p phi(log q - log p); where q is the larger it is written q - p - p z, which needs no exp(z).
    """
    xp = log_p.__array_namespace__()
    p, q = xp.exp(log_p), xp.exp(log_q)
    present = p > 0.0
    z = xp.where(present, log_q - xp.where(present, log_p, 0.0), 0.0)
    below = p * phi(xp.where(z < 1.0, z, 0.0))
    above = q - p - p * xp.where(z < 1.0, 0.0, z)
    return xp.sum(xp.where(present, xp.where(z < 1.0, below, above), q), axis=-1)


def payoff(skew: Any, policy: Any) -> Any:
    """Return (S p) (..., n) for probabilities (..., n): each action's advantage over 1/2 against p."""
    xp = policy.__array_namespace__()
    return xp.matmul(skew, policy[..., None])[..., 0]


def gap0(skew: Any, policy: Any) -> Any:
    """Return the two-sided gap of the unregularised game (...,) for probabilities (..., n)."""
    xp = policy.__array_namespace__()
    return 2.0 * xp.max(payoff(skew, policy), axis=-1)


def expl0(skew: Any, policy: Any) -> Any:
    """Return the one-sided exploitability of the unregularised game (...,) for probabilities (..., n)."""
    return 0.5 * gap0(skew, policy)


def best_response(skew: Any, log_policy: Any, log_reference: Any, regularization: Any) -> Any:
    """Return log BR(p) (..., n), the best response to p in the game with weight tau > 0 on the reference."""
    xp = log_policy.__array_namespace__()
    return normalise(log_reference + payoff(skew, xp.exp(log_policy)) / regularization)


def sub_tau(skew: Any, log_policy: Any, log_reference: Any, regularization: Any) -> Any:
    """Return the one-sided suboptimality of the regularised game (...,), tau > 0."""
    return regularization * kl(log_policy, best_response(skew, log_policy, log_reference, regularization))


def gap_tau(skew: Any, log_policy: Any, log_reference: Any, regularization: Any) -> Any:
    """Return the two-sided duality gap of the regularised game (...,), tau > 0."""
    return 2.0 * sub_tau(skew, log_policy, log_reference, regularization)


def span(log_p: Any, log_q: Any) -> Any:
    """Return max - min over actions of log p - log q (...,)."""
    xp = log_p.__array_namespace__()
    ratio = log_p - log_q
    return xp.max(ratio, axis=-1) - xp.min(ratio, axis=-1)
