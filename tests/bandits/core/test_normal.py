"""The normal quantile against 40-digit arithmetic."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.core.jit import program
from bandits.core.normal import normal_quantile


@program
def _quantiles(points, out):
    for i in range(points.size):
        out[i] = normal_quantile(points[i])


def quantiles(points):
    points, out = np.asarray(points, dtype=np.float64), np.zeros(len(points))
    _quantiles(points, out)
    return out


POINTS = [2.0**-54, 1e-300, 1e-20, 1e-12, 2e-11, 1e-10, 1e-5, 0.01, 0.0749, 0.075, 0.0751, 0.2, 0.4999, 0.5 + 2.0**-40]
POINTS += [1.0 - p for p in (2.0**-53, 1e-12, 1e-5, 0.01, 0.075, 0.2)]


@pytest.mark.parametrize("u", POINTS)
def test_quantile_to_sixteen_digits(u):
    """The published accuracy is about 1e-16 relative; coefficients and evaluation each round a few times."""
    with mpmath.workdps(40):
        p = mpmath.mpf(u)
        tail = min(p, 1 - p)
        start = float(quantiles([u])[0])
        exact = mpmath.findroot(
            lambda x: mpmath.log(mpmath.erfc(x / mpmath.sqrt(2)) / 2) - mpmath.log(tail), abs(start)
        )
        exact = float(-exact if p < 0.5 else exact)
    assert start == pytest.approx(exact, rel=4e-15)


def test_median_is_zero():
    assert quantiles([0.5])[0] == 0.0


@given(st.integers(1, 2**52))
def test_symmetry_is_exact(numerator):
    u = numerator * 2.0**-53
    low, high = quantiles([u, 1.0 - u])
    assert low == -high


def test_increasing_across_the_three_formulas():
    points = np.concatenate([np.geomspace(1e-30, 0.5, 20_000), 1.0 - np.geomspace(0.5, 1e-15, 20_000)])
    values = quantiles(points)
    assert (np.diff(values) >= -1e-15 * np.abs(values[1:])).all()
    joints = [math.exp(-25.0), 0.075, 0.925]
    for joint in joints:
        below, above = quantiles([np.nextafter(joint, 0.0), np.nextafter(joint, 1.0)])
        assert below == pytest.approx(above, rel=1e-14)
