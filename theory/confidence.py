"""Anytime-valid tests and confidence intervals for the mean of bounded variables.

Samples X_1, X_2, ... in [low, high] arrive in any number, and one may stop at any time. Verdicts rest on `MeanTest`.
For a declared bound b inside the range put

    y = (b - X) / (high - b)   against H: E X >= b,        y = (X - b) / (b - low)   against H: E X <= b.

Both are at least -1 and have E y <= 0 under their H, so for every fixed bet k in [0, 1) the capital
prod_s (1 + k y_s) is a nonnegative supermartingale that starts at 1. A mixture sum_j w_j prod_s (1 + k_j y_s) with
weights w_j that sum to 1 is one too, and Ville's inequality gives P(it ever reaches 1 / alpha) <= alpha under H.
The bets do not depend on the data, so the logarithm of each capital is a sum: the order of samples is immaterial,
parts merge by addition, and 16 numbers per side are all the memory.

The values of b that the test has not rejected form an interval that covers the mean at all times at once
(`mean_interval`). For comparison there are the hedged betting interval and the empirical Bernstein and Hoeffding
sequences of Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting" (JRSS B 2024;
arXiv:2010.09686), and for lists of many tests the e-BH procedure of Wang & Ramdas, "False discovery rate control
with e-values" (JRSS B 2022; arXiv:2009.02824).
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import as_array, real

Array = NDArray[np.float64]

# With bets 2^-j the best one is within a factor 4/3 of some 2^-j, which then grows at 8/9 of its rate (to second
# order). A bet of 1 would be ruined by one sample at the end of the range. Small bets serve means near the bound.
BETS: Array = np.concatenate([[1.0 - 2.0**-10], 2.0 ** -np.arange(1.0, 16.0)])
LOG_WEIGHTS: Array = -np.log(np.arange(2.0, 18.0)) - math.log(math.fsum(1.0 / j for j in range(2, 18)))

BELOW, ABOVE = 0, 1  # sides of a test: evidence that the mean is below, above the bound
_WIDEN = 1e-12  # relative: samples on the edge of the range may be rounded outwards
_BISECTIONS = 60
_MANY = 4096  # samples above which equal ones are counted once: regrets of many runs take few values


class RangeViolation(ValueError):
    """A sample lies outside the range that was declared for it, or is not a number: a bug, never noise."""


@dataclass(frozen=True, eq=False)
class MeanTest:
    """Tests of E X < bound against E X > bound in C cells at once; `start` makes one.

    low, high, bound: (C,) float64.  log_capital: (C, 2, 16) float64, the logarithm of each bet's capital, side BELOW
    (against E X >= bound) and side ABOVE (against E X <= bound).  count: (C,) int64, samples seen.
    """

    low: Array
    high: Array
    bound: Array
    log_capital: Array
    count: NDArray[np.int64]

    @classmethod
    def start(cls, low: ArrayLike, high: ArrayLike, bound: ArrayLike) -> "MeanTest":
        """Return tests without samples; low <= high and bound are finite numbers or (C,) arrays.

        Raises ValueError where the range is empty or a number is not finite.
        """
        lows, highs, bounds = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (low, high, bound))
        lows, highs, bounds = (np.array(v) for v in np.broadcast_arrays(lows, highs, bounds))
        if lows.ndim != 1 or not (np.isfinite(lows) & np.isfinite(highs) & np.isfinite(bounds)).all():
            raise ValueError(
                f"low, high and bound must be finite numbers or (C,) arrays, got {low!r}, {high!r}, {bound!r}"
            )
        if (lows > highs).any():
            raise ValueError(f"low must be at most high, got {low!r} and {high!r}")
        return cls(lows, highs, bounds, np.zeros((len(lows), 2, len(BETS))), np.zeros(len(lows), np.int64))

    def add(self, samples: ArrayLike) -> "MeanTest":
        """Return the tests after n more samples of every cell: (C, n), or (n,) for one cell.

        Raises RangeViolation if a sample is outside its cell's range or not a number.
        """
        x = np.asarray(samples, dtype=np.float64)
        x = x[None] if x.ndim == 1 and len(self.bound) == 1 else x
        if x.ndim != 2 or len(x) != len(self.bound):
            raise ValueError(f"samples must have shape ({len(self.bound)}, n), got {x.shape}")
        margin = _WIDEN * (self.high - self.low)
        lows, highs = (self.low - margin)[:, None], (self.high + margin)[:, None]
        _check_range(x, lows, highs)
        capital = self.log_capital.copy()
        open_ = ~(self.vacuous | self.impossible)
        low, high, bound = lows[open_], highs[open_], self.bound[open_, None]
        scores = ((bound - x[open_]) / (high - bound), (x[open_] - bound) / (bound - low))
        for side, y in enumerate(scores):
            capital[open_, side] += _log_capitals(y)
        return replace(self, log_capital=capital, count=self.count + x.shape[1])

    def merge(self, other: "MeanTest") -> "MeanTest":
        """Return the tests after both parts' samples; ValueError unless they test the same thing."""
        if not all(np.array_equal(getattr(self, f), getattr(other, f)) for f in ("low", "high", "bound")):
            raise ValueError("only tests with the same ranges and bounds can be merged")
        return replace(self, log_capital=self.log_capital + other.log_capital, count=self.count + other.count)

    @property
    def vacuous(self) -> NDArray[np.bool_]:
        """Where the range alone keeps the mean at or below the bound, (C,)."""
        return self.high <= self.bound

    @property
    def impossible(self) -> NDArray[np.bool_]:
        """Where the range alone puts the mean above the bound, (C,)."""
        return self.low > self.bound

    def log_e(self) -> Array:
        """Return the logarithms (C, 2) of the e-values: evidence that the mean is BELOW, ABOVE the bound."""
        return log_sum_exp(self.log_capital + LOG_WEIGHTS)

    def outcome(self, alpha: float) -> NDArray[np.str_]:
        """Return "below", "above", "vacuous" or "undecided" for each cell, (C,).

        alpha in (0, 1): at any stopping time, a mean >= bound is called "below" with probability at most alpha, and
        a mean <= bound "above" likewise. "vacuous": high <= bound, nothing was tested.
        """
        threshold = -math.log(real("alpha", alpha, 0.0, 1.0, open_low=True, open_high=True))
        log_e = self.log_e()
        below, above = log_e[:, BELOW] >= threshold, log_e[:, ABOVE] >= threshold
        return np.select([self.vacuous, self.impossible | above, below], ["vacuous", "above", "below"], "undecided")

    def projected(self, alpha: float) -> Array:
        """Return about how many samples in all decide at alpha if the rest are like those seen, (C,); inf for never.

        By the bet that gets there first: its capital grows by the same factor a sample as it has so far.
        """
        threshold = -math.log(real("alpha", alpha, 0.0, 1.0, open_low=True, open_high=True))
        growth = self.log_capital / np.maximum(self.count, 1)[:, None, None]
        needed = (threshold - LOG_WEIGHTS) / np.where(growth > 0.0, growth, np.nan)
        return np.where(np.isnan(needed), np.inf, needed).min(axis=(1, 2))


@checked
def mean_interval(samples: ArrayLike, low: float, high: float, alpha: float) -> tuple[Any, Any]:
    """Return the ends of the time-uniform interval that belongs to `MeanTest`: floats, or arrays over cells.

    samples (..., n) in [low, high].  Each end is wrong at any time, ever, with probability at most alpha in (0, 1), so
    the interval has level 1 - 2 alpha and excludes a bound exactly when the test at alpha decides.  Found by
    bisection: the evidence against E X >= m grows with m.
    """
    x = np.asarray(as_array("samples", samples), dtype=np.float64)
    low, high, threshold = _bounded(x, low, high, alpha)
    upper = _upper_end(x, low, high, threshold)
    lower = -_upper_end(-x, -high, -low, threshold)
    return _unwrap(np.maximum(lower, low)), _unwrap(np.minimum(upper, high))


@checked
def betting_interval(samples: ArrayLike, low: float, high: float, alpha: float) -> tuple[Any, Any]:
    """Return the ends of the hedged betting interval after all samples (..., n); errors as in `mean_interval`.

    Waudby-Smith & Ramdas, Theorem 3: capital prod (1 + lambda_t (x_t - m)) and its mirror image, with predictable
    bets lambda_t = sqrt(2 ln(1 / alpha) / (v_{t-1} t ln(t + 1))), v the running variance, cut to 3/4 of what the range
    allows. Each end is wrong at any time with probability at most alpha. It depends on the order of the samples.
    """
    x = np.asarray(as_array("samples", samples), dtype=np.float64)
    low, high, threshold = _bounded(x, low, high, alpha)
    if low == high:
        return _unwrap(np.full(x.shape[:-1], low)), _unwrap(np.full(x.shape[:-1], high))
    unit = (x - low) / (high - low)
    _, variance = _running(unit)
    t = np.arange(1.0, x.shape[-1] + 1.0)
    bets = np.sqrt(2.0 * threshold / (variance * t * np.log1p(t)))

    def evidence(z: Array, m: Array) -> Array:  # against mean >= m of z in [0, 1]
        cut = np.minimum(bets, 0.75 / np.maximum(1.0 - m[..., None], 1e-300))
        return np.log1p(cut * (m[..., None] - z)).sum(axis=-1)

    upper = _bisect(lambda m: evidence(unit, m), unit.mean(axis=-1), threshold, 1.0)
    lower = 1.0 - _bisect(lambda m: evidence(1.0 - unit, m), 1.0 - unit.mean(axis=-1), threshold, 1.0)
    return _unwrap(low + (high - low) * lower), _unwrap(low + (high - low) * upper)


@checked
def empirical_bernstein_sequence(samples: ArrayLike, low: float, high: float, alpha: float) -> tuple[Array, Array]:
    """Return the ends (..., n), (..., n) of the empirical Bernstein sequence, one interval per sample.

    For z = (x - low) / (high - low), any predictable guess g of its mean and l in [0, 1),
    E exp(l (z - E z) - (z - g)^2 (-ln(1 - l) - l)) <= 1, since exp(l y - y^2 (-ln(1 - l) - l)) <= 1 + l y for y >= -1
    (Waudby-Smith & Ramdas, Theorem 2). Each end is wrong at any time with probability at most alpha.
    """
    x = np.asarray(as_array("samples", samples), dtype=np.float64)
    low, high, threshold = _bounded(x, low, high, alpha)
    unit = (x - low) / (high - low if high > low else 1.0)
    guess, variance = _running(unit)
    t = np.arange(1.0, x.shape[-1] + 1.0)
    bets = np.minimum(np.sqrt(2.0 * threshold / (variance * t * np.log1p(t))), 0.75)
    penalty = np.cumsum((unit - guess) ** 2 * (-np.log1p(-bets) - bets), axis=-1)
    return _ends(unit, bets, threshold + penalty, low, high)


@checked
def hoeffding_sequence(samples: ArrayLike, low: float, high: float, alpha: float) -> tuple[Array, Array]:
    """Return the ends (..., n), (..., n) of the Hoeffding sequence, one interval per sample.

    E exp(l (z - E z) - l^2 / 8) <= 1 for z = (x - low) / (high - low) in [0, 1] (Waudby-Smith & Ramdas,
    Proposition 1). Each end is wrong at any time with probability at most alpha.
    """
    x = np.asarray(as_array("samples", samples), dtype=np.float64)
    low, high, threshold = _bounded(x, low, high, alpha)
    unit = (x - low) / (high - low if high > low else 1.0)
    t = np.arange(1.0, x.shape[-1] + 1.0)
    bets = np.broadcast_to(np.minimum(np.sqrt(8.0 * threshold / (t * np.log1p(t))), 1.0), unit.shape)
    return _ends(unit, bets, threshold + np.cumsum(bets**2, axis=-1) / 8.0, low, high)


@checked
def e_bh(log_e: ArrayLike, level: float) -> NDArray[np.bool_]:
    """Return which of N hypotheses to reject, (N,) bool, given their log e-values (N,): the e-BH procedure.

    The expected share of false rejections is at most level in (0, 1), whatever the dependence between them.
    """
    evidence = np.asarray(as_array("log_e", log_e), dtype=np.float64)
    if evidence.ndim != 1 or np.isnan(evidence).any():
        raise ValueError(f"log_e must have one axis and no nan, got shape {evidence.shape}")
    level = real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    order = np.argsort(-evidence, kind="stable")
    ranks = np.arange(1, len(evidence) + 1)
    passing = np.flatnonzero(evidence[order] >= np.log(len(evidence) / (level * ranks)))
    rejected = np.zeros(len(evidence), dtype=bool)
    if len(passing):
        rejected[order[: passing[-1] + 1]] = True
    return rejected


@checked
def needed_samples(mean: float, bound: float, high: float, alpha: float) -> float:
    """Return about how many samples `MeanTest` needs to find that `mean` is below `bound`; inf where it is not.

    1.1 ln(1 / alpha) (high - bound) / (bound - mean): exact but for the tenth as the range grows.
    """
    if mean >= bound:
        return math.inf
    return 1.1 * -math.log(alpha) * max(high - bound, 0.0) / (bound - mean)


def log_sum_exp(values: Array) -> Array:
    """Return the logarithm of the sum of exponentials over the last axis."""
    top = values.max(axis=-1, keepdims=True)
    return (top + np.log(np.exp(values - top).sum(axis=-1, keepdims=True)))[..., 0]


# ---------------------------------------------------------------- parts


def _log_capitals(y: Array, times: Any = None) -> Array:
    """Return sum_s log(1 + k y_s) for every bet k: (..., n) -> (..., 16); times (n,): how often each y_s counts."""
    out = np.empty((*y.shape[:-1], len(BETS)))
    for j, bet in enumerate(BETS):
        logs = np.log1p(bet * y)
        out[..., j] = logs.sum(axis=-1) if times is None else logs @ times
    return out


def _check_range(x: Array, low: Any, high: Any) -> None:
    wrong = ~((x >= low) & (x <= high))
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        ends = (float(np.broadcast_to(end, x.shape)[where]) for end in (low, high))
        raise RangeViolation("sample {} at index {} is outside its range [{:g}, {:g}]".format(x[where], where, *ends))


def _bounded(x: Array, low: float, high: float, alpha: float) -> tuple[float, float, float]:
    """Return the checked range and ln(1 / alpha)."""
    alpha = real("alpha", alpha, 0.0, 1.0, open_low=True, open_high=True)
    low = real("low", low)
    high = real("high", high, low=low)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"samples must have at least one value on the last axis, got shape {x.shape}")
    margin = _WIDEN * (high - low)
    _check_range(x, low - margin, high + margin)
    return low, high, -math.log(alpha)


def _upper_end(x: Array, low: float, high: float, threshold: float) -> Array:
    high = high + _WIDEN * (high - low)
    values, times = np.unique(x, return_counts=True) if x.ndim == 1 and x.size > _MANY else (x, None)

    def evidence(m: Array) -> Array:
        y = (m[..., None] - values) / (high - m[..., None])
        return log_sum_exp(_log_capitals(y, times) + LOG_WEIGHTS)

    if high == low:
        return np.full(x.shape[:-1], high)
    return _bisect(evidence, np.minimum(x.mean(axis=-1), high), threshold, high)


def _bisect(evidence: Any, start: Array, threshold: float, high: float) -> Array:
    """Return the least m in [start, high) whose evidence reaches the threshold, from above; `high` where none does."""
    inside, outside = np.array(start, dtype=np.float64), np.full(np.shape(start), high)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (inside + outside)
        middle = np.where(middle < high, middle, inside)  # rounding may reach the pole at the end of the range
        found = evidence(middle) >= threshold
        inside, outside = np.where(found, inside, middle), np.where(found, middle, outside)
    return outside


def _running(unit: Array) -> tuple[Array, Array]:
    """Return the mean (..., n) and variance (..., n) of the samples before each one, started at 1/2 and 1/4."""
    n = unit.shape[-1]
    t = np.arange(1.0, n + 1.0)
    mean = (0.5 + np.cumsum(unit, axis=-1)) / (t + 1.0)
    variance = (0.25 + np.cumsum((unit - mean) ** 2, axis=-1)) / (t + 1.0)
    before = [np.full((*unit.shape[:-1], 1), first) for first in (0.5, 0.25)]
    return (
        np.concatenate([before[0], mean[..., : n - 1]], axis=-1),
        np.concatenate([before[1], variance[..., : n - 1]], axis=-1),
    )


def _ends(unit: Array, bets: Array, budget: Array, low: float, high: float) -> tuple[Array, Array]:
    """Return the intervals about sum(bets unit) / sum(bets) of half-width budget / sum(bets), cut to the range."""
    total = np.cumsum(bets, axis=-1)
    centre, half = np.cumsum(bets * unit, axis=-1) / total, budget / total
    lower, upper = np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)
    return low + (high - low) * lower, low + (high - low) * upper


def _unwrap(value: Array) -> Any:
    return float(value) if np.ndim(value) == 0 else value
