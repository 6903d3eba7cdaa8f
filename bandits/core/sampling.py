"""Binomial probabilities, and draws by inversion of one uniform.

The binomial law is inverted by a search from the mode outwards, so that the mean number of steps is of
the order of the standard deviation (Kemp, "A modal method for generating binomial
variables", Communications in Statistics: Theory and Methods 15, 1986). The mass at the mode is written as
in Loader ("Fast and accurate computation of binomial probabilities", 2000): Stirling's formula, its error,
and the deviances of the two counts from their means, which are below 1 at the mode. So the relative error
stays near 1e-14 for every n, whereas a sum of three log-factorials loses digits as n grows.
"""

import math

import numpy as np

from bandits.core.jit import kernel, rare_kernel

# log k! - log(sqrt(2 pi k) (k / e)^k), exact to rounding; the series takes over at 16
_STIRLING_ERROR = np.array(
    [0.0] + [math.lgamma(k + 1.0) - (k + 0.5) * math.log(k) + k - 0.5 * math.log(2.0 * math.pi) for k in range(1, 16)]
)


@kernel
def _stirling_error(k: int) -> float:
    if k < 16:
        return _STIRLING_ERROR[k]
    inverse = 1.0 / k
    square = inverse * inverse
    return inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)))


@rare_kernel
def binomial_mass(n: int, p: float, k: int) -> float:
    """Return P(Bin(n, p) = k) for 0 < p < 1 and 0 <= k <= n; accurate where k is within a few units of n p."""
    if k == 0:
        return math.exp(n * math.log1p(-p))
    if k == n:
        return math.exp(n * math.log(p))
    mean = n * p
    rest = n * (1.0 - p)
    excess = k - mean
    deviance = k * math.log1p(excess / mean) + (n - k) * math.log1p(-excess / rest)
    error = _stirling_error(n) - _stirling_error(k) - _stirling_error(n - k)
    return math.exp(error - deviance) * math.sqrt(n / (2.0 * math.pi * k * (n - k)))


@rare_kernel
def binomial(u: float, n: int, p: float) -> int:
    """Return a draw of Bin(n, p) from the uniform u in [0, 1); p outside [0, 1] counts as 0 or 1.

    The interval [0, 1) is cut into pieces of the values' masses, in the order mode, mode + 1, mode - 1, ...;
    the law is exact up to the rounding of the masses (about 1e-14 relative). n >= 0, below 2^53.
    """
    if n <= 0 or not p > 0.0:
        return 0
    if p >= 1.0:
        return n
    mode = min(n, int((n + 1) * p))
    at_high = binomial_mass(n, p, mode)
    left = u - at_high
    if left < 0.0:
        return mode
    odds = p / (1.0 - p)
    at_low = at_high
    low = mode
    high = mode
    while low > 0 or high < n:
        if high < n:
            at_high *= odds * (n - high) / (high + 1.0)
            high += 1
            left -= at_high
            if left < 0.0:
                return high
        if low > 0:
            at_low *= low / (odds * (n - low + 1.0))
            low -= 1
            left -= at_low
            if left < 0.0:
                return low
    return mode  # the rounded masses sum to at most u: probability below 1e-14
