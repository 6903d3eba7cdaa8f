"""Slopes and kinks of measured curves on logarithmic axes, with intervals that own up to the model's misfit."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Estimate(NamedTuple):
    """An estimate with the ends of its 95% interval."""

    value: float
    low: float
    high: float


class Kink(NamedTuple):
    """A constant up to `location`, then a power law with exponent `slope`; all by least squares in logarithms."""

    location: Estimate
    slope: float
    level: float


def power_law(x: ArrayLike, y: ArrayLike) -> Estimate:
    """Return the exponent b of y = a x^b for positive x, y (n,), n >= 3.

    Least squares in logarithms; Student's t with n - 2 degrees of freedom on the residuals, so that curvature
    widens the interval as noise does.
    """
    from scipy.stats import t as student

    u, v = _logarithms(x, y, least=3)
    centred = u - u.mean()
    spread = float(centred @ centred)
    slope = float(centred @ v) / spread
    residual = v - v.mean() - slope * centred
    half = float(student.ppf(0.975, len(u) - 2)) * np.sqrt(float(residual @ residual) / (len(u) - 2) / spread)
    return Estimate(slope, slope - half, slope + half)


def kink(x: ArrayLike, y: ArrayLike, grid: int = 2000) -> Kink:
    """Fit y = a for x <= k and a (x / k)^b beyond to positive x, y (n,), n >= 5, with k within the data.

    The interval is the profile of the sum of squares, cut at 1 + F / (n - 3) times its least value with F the 0.95
    quantile of Fisher's F(1, n - 3): the residuals, not an assumed noise, set its width.
    """
    from scipy.stats import f as fisher

    u, v = _logarithms(x, y, least=5)
    candidates = np.linspace(u[0], u[-2], grid)
    fits = [_hinge(u, v, k) for k in candidates]
    squares = np.array([fit[2] for fit in fits])
    best = int(squares.argmin())
    free = len(u) - 3
    inside = candidates[squares <= squares[best] * (1.0 + float(fisher.ppf(0.95, 1, free)) / free)]
    location = Estimate(*(float(np.exp(k)) for k in (candidates[best], inside.min(), inside.max())))
    return Kink(location, fits[best][1], float(np.exp(fits[best][0])))


def _hinge(u: Any, v: Any, k: float) -> tuple[float, float, float]:
    """Return level, slope and sum of squares of the best hinge with its kink at k."""
    design = np.column_stack([np.ones_like(u), np.maximum(u - k, 0.0)])
    (level, slope), *_ = np.linalg.lstsq(design, v, rcond=None)
    residual = v - design @ (level, slope)
    return float(level), float(slope), float(residual @ residual)


def _logarithms(x: ArrayLike, y: ArrayLike, least: int) -> tuple[Any, Any]:
    u, v = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if u.ndim != 1 or u.shape != v.shape or len(u) < least or not ((u > 0).all() and (v > 0).all()):
        raise ValueError(f"x and y must be at least {least} positive numbers each, got shapes {u.shape} and {v.shape}")
    order = np.argsort(u)
    return np.log(u[order]), np.log(v[order])
