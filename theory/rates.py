"""Exponents and kinks measured on a grid: the slope of log(mean) against log(x), and where it changes.

A rate O~(T^a) says nothing at one horizon, so it is measured on a geometric grid. `fit_exponent` fits
ln mean_k = q + a ln x_k by least squares with weights 1 / (v_k + floor^2), where v_k = (sd_k / mean_k)^2 / n_k is the
variance of ln mean_k (delta method) and `floor` stands for what a power law misses at finite x. Its interval comes from
whatever varied independently: Student's t over instances of the environment where there are several (repetitions on
one instance share its luck, and an interval over them covers half of what it claims), else a bootstrap over
repetitions. Always read `local` (slopes between neighbours) and at `lack_of_fit`: chi^2 over degrees of freedom,
about 1 or less where the line fits; above 4 the slope is not a summary of the curve.

A slope over two decades differs from the exponent by what lower-order terms and logarithms do: up to 0.05 for
T^(2/3) + T^(1/2), 0.1 for a factor ln T. These intervals are statistical estimates, not certificates;
`certified_exponent` is one, between two points, and `certified_kink` along a curve.

`fit_kink` fits ln mean = q + left u + (right - left) softplus(s u) / s with u = ln x - ln kink: slopes `left` and
`right` joined with sharpness s. A kink without width (a hinge) would give intervals that are far too short.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import integer, real

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ExponentFit:
    """A slope in log-log with its interval [low, high] at `level`.

    local: slopes between neighbouring points.  lack_of_fit: chi^2 per degree of freedom.  source: "instances" or
    "repetitions", what the interval was taken over.
    """

    exponent: float
    low: float
    high: float
    level: float
    local: tuple[float, ...]
    lack_of_fit: float
    source: str


@dataclass(frozen=True)
class KinkFit:
    """Where a slope in log-log changes, with its interval [low, high] at `level`, and the slopes on both sides."""

    kink: float
    low: float
    high: float
    level: float
    left: float
    right: float
    sharpness: float
    lack_of_fit: float


@checked
def fit_exponent(
    grid: ArrayLike,
    samples: ArrayLike,
    *,
    level: float = 0.95,
    floor: float = 0.01,
    resamples: int = 1000,
    seed: int = 0,
) -> ExponentFit:
    """Return the exponent of the mean of `samples` along `grid`.

    grid: (N,) increasing positive, N >= 3.  samples: (R, N), R >= 2 repetitions, or (I, R, N), I >= 3 instances; all
    means positive.  level in (0, 1).  floor >= 0: relative model error.  resamples: of the bootstrap, at least 10.
    """
    x, values = _points(grid, samples)
    level = real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    floor = real("floor", floor, low=0.0)
    resamples = integer("resamples", resamples, low=10)
    units = values.mean(axis=1) if values.ndim == 3 else values  # what is independent: instances or repetitions
    logs, variance = _log_means(units)
    weight = 1.0 / (variance + floor**2) if floor > 0.0 else 1.0 / np.maximum(variance, 1e-24)
    slope = _slope(x, logs, weight)
    if values.ndim == 3:
        slopes = _slope(x, _positive_log(units), weight)
        from scipy.stats import t as student

        error = slopes.std(ddof=1) / math.sqrt(len(slopes))
        half = float(student.ppf(0.5 + level / 2.0, len(slopes) - 1)) * error
        slope = float(slopes.mean())
        low, high = slope - half, slope + half
    else:
        slopes = _slope(x, _positive_log(_resampled(units, resamples, seed)), weight)
        low, high = (float(q) for q in np.quantile(slopes, [0.5 - level / 2.0, 0.5 + level / 2.0]))
    residual = logs - (np.average(logs, weights=weight) + slope * (x - np.average(x, weights=weight)))
    local = tuple(float(s) for s in np.diff(logs) / np.diff(x))
    source = "instances" if values.ndim == 3 else "repetitions"
    misfit = float((weight * residual**2).sum() / (len(x) - 2))
    return ExponentFit(float(slope), float(low), float(high), level, local, misfit, source)


@checked
def certified_exponent(near: tuple[float, float, float], far: tuple[float, float, float]) -> tuple[float, float]:
    """Return [low, high] for the exponent between two points (x, lower, upper) of certain means.

    If both intervals [lower, upper] hold, ln(mean ratio) / ln(x ratio) lies in it. lower > 0 and x increasing.
    """
    (x, lower, upper), (y, lower_far, upper_far) = near, far
    if not (0.0 < x < y and 0.0 < lower <= upper and 0.0 < lower_far <= upper_far):
        raise ValueError(
            f"points must be (x, lower, upper) with x increasing and 0 < lower <= upper, got {near}, {far}"
        )
    step = math.log(y / x)
    return math.log(lower_far / upper) / step, math.log(upper_far / lower) / step


@checked
def certified_kink(points: Sequence[tuple[float, float, float]], slope: float) -> tuple[float, float]:
    """Return [low, high] for where a curve's slope in log-log falls below `slope`, from intervals of its values.

    points: at least 3 triples (x, lower, upper) with x increasing and 0 < lower <= upper.  The only assumption on the
    curve is that ln(value) is concave in ln(x), as a constant that turns into a falling power is: then the slope at a
    point is at least every average slope to its right, and at most every average slope to its left. If all intervals
    hold at once, the place lies in [low, high]; an end without evidence is 0 or infinity.
    ValueError: the intervals exclude every concave curve, or are not as described.
    """
    if len(points) < 3:
        raise ValueError(f"points must be at least 3 triples (x, lower, upper), got {len(points)}")
    threshold = real("slope", slope)
    pairs = [(near[0], far[0], *certified_exponent(near, far)) for near, far in combinations(points, 2)]
    for x, y, _, most in pairs:
        if any(start >= y and least > most for start, _, least, _ in pairs):
            raise ValueError(f"points: beyond {y:g} the slope is certain to be larger than from {x:g} to {y:g}")
    low = max((x for x, _, least, _ in pairs if least >= threshold), default=0.0)
    high = min((y for _, y, _, most in pairs if most < threshold), default=math.inf)
    return low, high


@checked
def fit_kink(
    grid: ArrayLike,
    samples: ArrayLike,
    *,
    left: float | None = None,
    right: float | None = None,
    level: float = 0.95,
    floor: float = 0.01,
    resamples: int = 200,
    seed: int = 0,
) -> KinkFit:
    """Return where the slope of ln(mean) along ln(grid) changes.

    grid: (N,) increasing positive, N >= 6.  samples: (R, N), R >= 2, or (I, R, N), I >= 3: the bootstrap is over
    instances where there are several.  left, right: the slopes on both sides where theory gives them, else fitted.
    """
    x, values = _points(grid, samples, least=6)
    level = real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    units = values.mean(axis=1) if values.ndim == 3 else values
    logs, variance = _log_means(units)
    weight = 1.0 / np.sqrt(variance + real("floor", floor, low=0.0, open_low=True) ** 2)
    fits = [_kink_once(x, logs, weight, left, right, start) for start in np.linspace(x[1], x[-2], 5)]
    best = min(fits, key=lambda fit: fit.cost)
    q = best.x
    free = 3 + (left is None) + (right is None)
    kinks = [
        _kink_once(x, row, weight, left, right, q[1], q).x[1]
        for row in _positive_log(_resampled(units, integer("resamples", resamples, low=10), seed))
    ]
    low, high = np.exp(np.quantile(kinks, [0.5 - level / 2.0, 0.5 + level / 2.0]))
    slopes = _slopes_of(q, left, right)
    misfit = 2.0 * best.cost / max(1, len(x) - free)
    return KinkFit(math.exp(q[1]), float(low), float(high), level, *slopes, math.exp(q[2]), float(misfit))


# ---------------------------------------------------------------- parts


def _points(grid: ArrayLike, samples: ArrayLike, least: int = 3) -> tuple[Array, Array]:
    """Return ln(grid) and the checked samples."""
    x, values = np.asarray(grid, dtype=np.float64), np.asarray(samples, dtype=np.float64)
    if x.ndim != 1 or len(x) < least or not (x[0] > 0.0 and (np.diff(x) > 0.0).all()):
        raise ValueError(f"grid must be at least {least} increasing positive numbers, got {grid!r}")
    if values.ndim not in (2, 3) or values.shape[-1] != len(x) or len(values) < values.ndim:
        raise ValueError(f"samples must be (R >= 2, {len(x)}) or (I >= 3, R, {len(x)}), got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("samples must be finite")
    return np.log(x), values


def _positive_log(means: Array) -> Array:
    if (means <= 0.0).any():
        raise ValueError(
            "a mean is not positive, so it has no place in log-log: use other instances or more repetitions"
        )
    return np.asarray(np.log(means))


def _log_means(units: Array) -> tuple[Array, Array]:
    """Return ln of the means over rows, and the variances of these logarithms by the delta method."""
    mean = units.mean(axis=0)
    return _positive_log(mean), units.var(axis=0, ddof=1) / len(units) / mean**2


def _resampled(units: Array, resamples: int, seed: int) -> Array:
    """Return the means (B, N) of rows drawn with replacement; whole rows, so what they share stays shared."""
    n = len(units)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=resamples)
    return np.asarray(counts @ units / n)


def _slope(x: Array, logs: Array, weight: Array) -> Any:
    """Return the weighted least-squares slope of logs (..., N) on x (N,)."""
    centred = weight * (x - np.average(x, weights=weight))
    return (logs @ centred) / (x @ centred)


def _slopes_of(q: Any, left: float | None, right: float | None) -> tuple[float, float]:
    rest = list(q[3:])
    first = float(rest.pop(0)) if left is None else left
    return first, float(rest.pop(0)) if right is None else right


def _kink_once(
    x: Array, logs: Array, weight: Array, left: float | None, right: float | None, start: float, guess: Any = None
) -> Any:
    """Return SciPy's least-squares fit of (height, ln kink, ln sharpness, free slopes)."""
    from scipy.optimize import least_squares

    def residual(q: Any) -> Any:
        first, second = _slopes_of(q, left, right)
        u, sharpness = x - q[1], math.exp(q[2])
        bend = np.logaddexp(0.0, sharpness * u) / sharpness
        return weight * (q[0] + first * u + (second - first) * bend - logs)

    ends = np.diff(logs[[0, 1, -2, -1]])[[0, 2]] / np.diff(x[[0, 1, -2, -1]])[[0, 2]]
    free = [float(e) for e, given in zip(ends, (left, right)) if given is None]
    if guess is None:
        guess = [float(np.interp(start, x, logs)), start, 0.7, *free]
    low = [-np.inf, x[0], math.log(0.3), *[-np.inf] * len(free)]
    high = [np.inf, x[-1], math.log(50.0), *[np.inf] * len(free)]
    return least_squares(residual, np.clip(guess, low, high), bounds=(low, high), x_scale="jac")
