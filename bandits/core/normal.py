"""The standard normal quantile, so that one uniform gives one normal draw in every backend; uniform directions.

Algorithm AS 241 (PPND16) of Wichura, "The percentage points of the normal distribution", Applied
Statistics 37 (1988): relative accuracy about 1e-16.
"""

import math
from typing import Any

import numpy as np

from bandits.core.exponential_weights import LOG2_HIGH, LOG2_LOW
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import bits_of, in_lanes, where, with_bits
from bandits.core.linear_algebra import dot
from bandits.core.rng import Stream, uniform_pair

_HALF_STEP = 2.0**-54  # a uniform of 0 has no normal quantile
_MIDDLE = 0.425
_ROOT_HALF = int(np.float64(math.sqrt(0.5)).view(np.int64))
_L1, _L2, _L3, _L4, _L5, _L6, _L7, _L8, _L9, _L10 = (2.0 / (2 * k + 1) for k in range(1, 11))


@kernel
def normal_quantile(u: float) -> float:
    """Return x with P(N(0, 1) <= x) = u, for 0 < u < 1."""
    q = u - 0.5
    if abs(q) > _MIDDLE:
        return _one_tail(u)
    return _middle(q)


@in_lanes(of=normal_quantile)
@kernel
def _lanes_quantile(u: Any) -> Any:
    q = u - 0.5
    return where(where(q < 0.0, -q, q) > _MIDDLE, _tail(u), _middle(q))


@kernel
def _middle(q: float) -> float:
    r = 0.180625 - q * q
    numerator = 3.3430575583588128105e4 + r * 2.5090809287301226727e3
    numerator = 6.7265770927008700853e4 + r * numerator
    numerator = 4.5921953931549871457e4 + r * numerator
    numerator = 1.3731693765509461125e4 + r * numerator
    numerator = 1.9715909503065514427e3 + r * numerator
    numerator = 1.3314166789178437745e2 + r * numerator
    numerator = 3.3871328727963666080e0 + r * numerator
    denominator = 2.8729085735721942674e4 + r * 5.2264952788528545610e3
    denominator = 3.9307895800092710610e4 + r * denominator
    denominator = 2.1213794301586595867e4 + r * denominator
    denominator = 5.3941960214247511077e3 + r * denominator
    denominator = 6.8718700749205790830e2 + r * denominator
    denominator = 4.2313330701600911252e1 + r * denominator
    denominator = 1.0 + r * denominator
    return q * numerator / denominator


@kernel
def logarithm(x: float) -> float:
    """Return ln x to within 1 unit in the last place, for normal numbers x > 0.

    x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); with s = f / (2 + f), ln(1 + f) = 2 artanh s, of whose series 11
    terms leave 2^-57. It is written f - (f^2 / 2 - s (f^2 / 2 + R)), R = the series / s - 2, so that f is exact. It has
    neither calls nor branches and is vectorised.
    """
    bits = bits_of(x)
    whole = (bits - _ROOT_HALF) >> 52
    k = 1.0 * whole
    f = with_bits(bits - (whole << 52)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    low = (_L1 + z * _L2) + (z * z) * (_L3 + z * _L4)
    high = (_L5 + z * _L6) + (z * z) * ((_L7 + z * _L8) + (z * z) * (_L9 + z * _L10))
    fourth = (z * z) * (z * z)
    series = z * (low + fourth * high)
    half = 0.5 * f * f
    return k * LOG2_HIGH - ((half - (s * (half + series) + k * LOG2_LOW)) - f)


@kernel
def _tail(u: float) -> float:
    below = u < 0.5
    r = math.sqrt(-logarithm(where(below, u, 1.0 - u)))
    x = where(r <= 5.0, _near_tail(r - 1.6), _far_tail(r - 5.0))
    return where(below, -x, x)


@rare_kernel
def _one_tail(u: float) -> float:
    return _tail(u)


@rare_kernel
def normal_quantiles(u: Any, tails: Any, places: Any) -> None:
    """Write `normal_quantile` of u (n,) into u; tails (n,) float64 and places (n,) int64 are scratch.

    The values in the tails, 15 of 100 uniforms, are moved together, so that each loop computes one formula and is
    vectorised: 3 times as fast as one quantile after the other.
    """
    n = 0
    for i in range(u.size):
        tails[n] = u[i]
        places[n] = i
        n += abs(u[i] - 0.5) > _MIDDLE
    for i in range(u.size):
        u[i] = _middle(u[i] - 0.5)
    for j in range(n):
        tails[j] = _tail(tails[j])
    for j in range(n):
        u[places[j]] = tails[j]


@kernel
def _near_tail(r: float) -> float:
    numerator = 2.41780725177450611770e-1 + r * (2.27238449892691845833e-2 + r * 7.74545014278341407640e-4)
    numerator = 3.64784832476320460504e0 + r * (1.27045825245236838258e0 + r * numerator)
    numerator = 4.63033784615654529590e0 + r * (5.76949722146069140550e0 + r * numerator)
    numerator = 1.42343711074968357734e0 + r * numerator
    denominator = 1.51986665636164571966e-2 + r * (5.47593808499534494600e-4 + r * 1.05075007164441684324e-9)
    denominator = 6.89767334985100004550e-1 + r * (1.48103976427480074590e-1 + r * denominator)
    denominator = 2.05319162663775882187e0 + r * (1.67638483018380384940e0 + r * denominator)
    denominator = 1.0 + r * denominator
    return numerator / denominator


@kernel
def _far_tail(r: float) -> float:
    numerator = 1.24266094738807843860e-3 + r * (2.71155556874348757815e-5 + r * 2.01033439929228813265e-7)
    numerator = 2.96560571828504891230e-1 + r * (2.65321895265761230930e-2 + r * numerator)
    numerator = 5.46378491116411436990e0 + r * (1.78482653991729133580e0 + r * numerator)
    numerator = 6.65790464350110377720e0 + r * numerator
    denominator = 1.84631831751005468180e-5 + r * (1.42151175831644588870e-7 + r * 2.04426310338993978564e-15)
    denominator = 1.48753612908506148525e-2 + r * (7.86869131145613259100e-4 + r * denominator)
    denominator = 5.99832206555887937690e-1 + r * (1.36929880922735805310e-1 + r * denominator)
    denominator = 1.0 + r * denominator
    return numerator / denominator


@rare_kernel
def draw_direction(rng: Stream, t: int, out: Any) -> None:
    """Write a point of the unit sphere, uniform, into out (d,)."""
    for i in range(0, out.size, 2):
        first, second = uniform_pair(rng, t, i)
        out[i] = normal_quantile(first + _HALF_STEP)
        if i + 1 < out.size:
            out[i + 1] = normal_quantile(second + _HALF_STEP)
    size = math.sqrt(dot(out, out))
    for i in range(out.size):
        out[i] /= size
