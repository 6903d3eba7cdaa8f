"""Draws of Beta laws with shapes of at least 1.

Algorithm BB of Cheng, "Generating beta variates with nonintegral shape parameters", Communications of the ACM 21
(1978): rejection from a logistic law of the log-odds, about 1.3 attempts for any shapes above 1. A shape of exactly 1
has a quantile in closed form.
"""

import math

from bandits.core.jit import rare_kernel
from bandits.core.rng import Stream, uniform_pair

_LOG_4 = math.log(4.0)
_SQUEEZE = 1.0 + math.log(5.0)
_HALF_STEP = 2.0**-54  # makes a uniform in [0, 1) the middle of its interval


@rare_kernel
def beta_draw(a: float, b: float, low: float, high: float, rng: Stream, t: int, index: int, step: int) -> float:
    """Return a draw of Beta(a, b), a and b >= 1, given that it is in (low, high); all of them are in (-1, 2).

    Attempt j uses the draw `index` + j `step` of round t. Draws out of the range count as failed attempts, so the
    range should not be improbable.
    """
    least = min(a, b)
    most = max(a, b)
    total = a + b
    if least <= 1.0:
        return _edge_draw(a, b, low, high, rng, t, index, step)
    scale = math.sqrt((total - 2.0) / (2.0 * a * b - total))
    shift = least + 1.0 / scale
    while True:
        u, w = uniform_pair(rng, t, index)
        index += step
        u += _HALF_STEP
        odds = scale * math.log(u / (1.0 - u))
        x = least * math.exp(odds)
        z = u * u * (w + _HALF_STEP)
        r = shift * odds - _LOG_4
        s = least + r - x
        if s + _SQUEEZE < 5.0 * z:
            log = math.log(z)
            if s < log and r + total * math.log(total / (most + x)) < log:
                continue
        drawn = x / (most + x) if a == least else most / (most + x)
        if low < drawn < high:
            return drawn


@rare_kernel
def _edge_draw(a: float, b: float, low: float, high: float, rng: Stream, t: int, index: int, step: int) -> float:
    """Return the same where a or b is 1: the quantile u^(1/a), or 1 - u^(1/b), at a uniform u."""
    while True:
        u, _ = uniform_pair(rng, t, index)
        index += step
        u += _HALF_STEP
        drawn = math.exp(math.log(u) / a) if b == 1.0 else -math.expm1(math.log(u) / b)
        if low < drawn < high:
            return drawn
