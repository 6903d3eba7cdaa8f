"""The one primitive behind nearly every learner of the family: a proximal step with two Kullback-Leibler terms.

    prox(w, g) = argmax_u <u, g> - tau KL(u || mu) - lambda KL(u || w),
    log prox(w, g) = (lambda log w + tau log mu + g) / (lambda + tau) - log Z.

Everywhere in this family tau is the weight of the reference mu and lambda (`prox_weight`) that of the present
iterate; the papers' symbols differ, see `bandits.preference.self_play.conventions`. For r = prox(w, g) and every u the
three-point equality holds exactly:

    <u - r, g> - tau KL(u || mu) + tau KL(r || mu) = lambda KL(u || w) - lambda KL(r || w) - (lambda + tau) KL(u || r).

Policies are held as log-probabilities, so a probability may fall far below the least float64. The functions
work on NumPy and on JAX arrays, in the last axis: the array's own namespace does the arithmetic.
"""

from typing import Any


def normalise(logits: Any) -> Any:
    """Return log-probabilities (..., n) proportional to exp(logits)."""
    xp = logits.__array_namespace__()
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))


def prox(log_policy: Any, gain: Any, log_reference: Any, regularization: Any, prox_weight: Any) -> Any:
    """Return the log-probabilities (..., n) of the proximal step from w = exp(log_policy) along g = gain.

    log_reference: log mu.  regularization, prox_weight: tau, lambda >= 0, not both 0, that broadcast.
    """
    total = regularization + prox_weight
    return normalise((prox_weight * log_policy + regularization * log_reference + gain) / total)


def geometric_mixture(log_policy: Any, log_reference: Any, share: Any) -> Any:
    """Return the log of pi^(1 - share) mu^share, normalised; share in [0, 1]."""
    return normalise((1.0 - share) * log_policy + share * log_reference)
