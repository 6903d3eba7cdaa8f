"""Draws of Beta laws with shapes of at least 1.

Algorithm BB of Cheng, "Generating beta variates with nonintegral shape parameters", Communications of the ACM 21
(1978): rejection from a logistic law of the log-odds, about 1.3 attempts for any shapes above 1. A shape of exactly 1
has a quantile in closed form.
"""

import math

from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform_pair

_LOG_4 = math.log(4.0)
_SQUEEZE = 1.0 + math.log(5.0)
_HALF_STEP = 2.0**-54  # makes a uniform in [0, 1) the middle of its interval


@rare_kernel
def beta_draw(a: float, b: float, rng: Stream, t: int, index: int, step: int) -> float:
    """Return a draw of Beta(a, b), a and b >= 1; attempt j uses the draw `index` + j `step` of round t."""
    if min(a, b) <= 1.0:
        u, _ = uniform_pair(rng, t, index)
        return _edge(a, b, u + _HALF_STEP)
    low = min(a, b)
    high = max(a, b)
    total = a + b
    scale = math.sqrt((total - 2.0) / (2.0 * a * b - total))
    shift = low + 1.0 / scale
    while True:
        u, w = uniform_pair(rng, t, index)
        index += step
        u += _HALF_STEP
        odds = scale * math.log(u / (1.0 - u))
        x = low * math.exp(odds)
        z = u * u * (w + _HALF_STEP)
        r = shift * odds - _LOG_4
        s = low + r - x
        if s + _SQUEEZE >= 5.0 * z:
            break
        log = math.log(z)
        if s >= log or r + total * math.log(total / (high + x)) >= log:
            break
    return x / (high + x) if a == low else high / (high + x)


@kernel
def _edge(a: float, b: float, u: float) -> float:
    """Return the quantile at u where a or b is 1: u^(1/a), or 1 - u^(1/b)."""
    return math.exp(math.log(u) / a) if b == 1.0 else -math.expm1(math.log(u) / b)
