"""The relative entropy of log-probabilities, in a form that loses no digits where they are close.

It is summed as p phi(log q - log p) with phi(z) = e^z - 1 - z >= 0, so every term is non-negative and values of 1e-30
are right to a few digits. NumPy and JAX arrays alike.
"""

from typing import Any

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
