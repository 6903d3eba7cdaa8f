"""How far a policy is from equilibrium, in forms that lose no digits near it.

With S = P - 1/2, a reference mu and tau > 0, the regularised payoff is
P_tau(u > p) = P(u > p) - tau KL(u || mu) + tau KL(p || mu), and

    gap0(p)    = max_u P(u > p) - min_u P(p > u)         = 2 max_i (S p)_i
    expl0(p)   = max_u P(u > p) - 1/2                    = gap0(p) / 2
    sub_tau(p) = max_u P_tau(u > p) - 1/2                = tau KL(p || BR(p)),  BR(p) prop. to mu exp(S p / tau)
    gap_tau(p) = max_u P_tau(u > p) - min_u P_tau(p > u) = 2 sub_tau(p).

The form of sub_tau with the best response follows from the entropic objective being tau KL(. || BR) below its
maximum; it avoids subtracting numbers of size tau |log p|.

With another regulariser psi (`bandits.preference.regularizers`) the payoff has its divergence D in the place of KL. The
best response is that policy of the dual y = grad psi(mu) + S p / tau, and sub_tau(p) = tau (psi(p) + psi*(y) - <y, p>),
psi*(y) the maximum of <y, u> - psi(u): tau D(p || BR(p)) where psi is steep, tau times at least that elsewhere.

Policies are log-probabilities (..., n), skew is (n, n) or (..., n, n); NumPy and JAX arrays alike.
"""

from typing import Any

from bandits.preference.regularizers import ENTROPY, Regularizer
from bandits.preference.relative_entropy import kl as kl


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


def best_response(
    skew: Any, log_policy: Any, log_reference: Any, regularization: Any, regularizer: Regularizer = ENTROPY
) -> Any:
    """Return log BR(p) (..., n), the best response to p in the game with weight tau > 0 on the reference."""
    return regularizer.log_policy(_dual_response(skew, log_policy, log_reference, regularization, regularizer))


def _dual_response(
    skew: Any, log_policy: Any, log_reference: Any, regularization: Any, regularizer: Regularizer
) -> Any:
    """Return the dual (..., n) of the best response."""
    xp = log_policy.__array_namespace__()
    return regularizer.dual(log_reference) + payoff(skew, xp.exp(log_policy)) / regularization


def sub_tau(
    skew: Any, log_policy: Any, log_reference: Any, regularization: Any, regularizer: Regularizer = ENTROPY
) -> Any:
    """Return the one-sided suboptimality of the regularised game (...,), tau > 0."""
    dual = _dual_response(skew, log_policy, log_reference, regularization, regularizer)
    return regularization * regularizer.shortfall(log_policy, dual)


def gap_tau(
    skew: Any, log_policy: Any, log_reference: Any, regularization: Any, regularizer: Regularizer = ENTROPY
) -> Any:
    """Return the two-sided duality gap of the regularised game (...,), tau > 0."""
    return 2.0 * sub_tau(skew, log_policy, log_reference, regularization, regularizer)


def span(log_p: Any, log_q: Any) -> Any:
    """Return max - min over actions of log p - log q, or of the difference of two duals (...,)."""
    xp = log_p.__array_namespace__()
    ratio = log_p - log_q
    return xp.max(ratio, axis=-1) - xp.min(ratio, axis=-1)
