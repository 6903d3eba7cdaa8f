"""Binomial probabilities, and draws by inversion of one uniform, by a search or from tables of laws that recur.

The binomial law is inverted by a search from the mode outwards, so that the mean number of steps is of
the order of the standard deviation (Kemp, "A modal method for generating binomial
variables", Communications in Statistics: Theory and Methods 15, 1986). The mass at the mode is written as
in Loader ("Fast and accurate computation of binomial probabilities", 2000): Stirling's formula, its error,
and the deviances of the two counts from their means, which are below 1 at the mode. So the relative error
stays near 1e-14 for every n, whereas a sum of three log-factorials loses digits as n grows.
"""

import math
from typing import Any, NamedTuple

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


# ---------------------------------------------------------------- laws that recur

_GUIDES = 64  # a uniform below (g + 1) / _GUIDES is looked for from piece `guide[g]` on
_LARGEST_TABLE = 256
_SEARCHES = 10


class BinomialTables(NamedTuple):
    """Laws of Bin(n, p) with n <= N, each in a slot that its n and p determine.

    To write a law costs as much as ten searches, so it is written when it has been searched ten times in a row.
    """

    chance: Any  # (S,) float64, p; -1 where the slot is empty
    size: Any  # (S,) int64, n
    seen_chance: Any  # (S,) float64, the law seen last that is not in the slot
    seen_size: Any  # (S,) int64
    seen: Any  # (S,) int64, how often in a row
    bound: Any  # (S, N + 2) float64, sums of the masses in the order of `binomial`, then infinity
    drawn: Any  # (S, N + 2) int16, the value of each piece
    guide: Any  # (S, _GUIDES) int16


def table_slots(n: int, draws: int) -> int:
    """Return how many slots pay where `draws` are made of laws of at most n individuals; 0 for none."""
    return 2048 if 16 <= n <= _LARGEST_TABLE and draws >= 2000 else 0


@rare_kernel
def no_tables(slots: int, n: int) -> BinomialTables:
    """Return empty tables for laws of at most n individuals; memory is used where laws are written."""
    rows = max(1, slots)
    columns = n + 2 if slots > 0 else 1
    chance, size = np.full(rows, -1.0), np.zeros(rows, np.int64)
    bound, drawn = np.empty((rows, columns)), np.empty((rows, columns), np.int16)
    guide = np.empty((rows, _GUIDES), np.int16)
    return BinomialTables(chance, size, chance.copy(), size.copy(), size.copy(), bound, drawn, guide)


@rare_kernel
def _write(tables: BinomialTables, slot: int, n: int, p: float) -> None:
    """Write a law into a slot."""
    mode = min(n, int((n + 1) * p))
    odds = p / (1.0 - p)
    at_high = binomial_mass(n, p, mode)
    at_low, low, high, k, total = at_high, mode, mode, 0, at_high
    bound, drawn = tables.bound[slot], tables.drawn[slot]
    bound[0], drawn[0] = total, mode
    while low > 0 or high < n:
        if high < n:
            at_high *= odds * (n - high) / (high + 1.0)
            high += 1
            k += 1
            total += at_high
            bound[k], drawn[k] = total, high
        if low > 0:
            at_low *= low / (odds * (n - low + 1.0))
            low -= 1
            k += 1
            total += at_low
            bound[k], drawn[k] = total, low
    bound[k + 1], drawn[k + 1] = np.inf, mode
    piece = 0
    for g in range(_GUIDES):
        while bound[piece] <= g / _GUIDES:
            piece += 1
        tables.guide[slot, g] = piece
    tables.chance[slot], tables.size[slot] = p, n


@rare_kernel
def _not_in_tables(tables: BinomialTables, slot: int, u: float, n: int, p: float) -> int:
    if tables.seen_chance[slot] != p or tables.seen_size[slot] != n:
        tables.seen_chance[slot], tables.seen_size[slot], tables.seen[slot] = p, n, 0
    tables.seen[slot] += 1
    if tables.seen[slot] == _SEARCHES:
        _write(tables, slot, n, p)
    return binomial(u, n, p)


@kernel
def recurring_binomial(tables: BinomialTables, u: float, n: int, p: float) -> int:
    """Return `binomial(u, n, p)`, up to the rounding of sums of masses, faster where laws recur."""
    if n <= 0 or not p > 0.0:
        return 0
    if p >= 1.0:
        return n
    if tables.chance.size == 1:
        return binomial(u, n, p)
    slot = ((int(p * 1048573.0) * 40503 + n * 48271) >> 7) & (tables.chance.size - 1)
    if tables.chance[slot] != p or tables.size[slot] != n:
        return _not_in_tables(tables, slot, u, n, p)
    piece = tables.guide[slot, int(u * _GUIDES)]
    while u >= tables.bound[slot, piece]:
        piece += 1
    return int(tables.drawn[slot, piece])
