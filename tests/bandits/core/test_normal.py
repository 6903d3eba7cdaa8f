"""The normal quantile against 40-digit arithmetic."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import norm

from bandits.core.jit import program
from bandits.core.normal import draw_direction, logarithm, normal_quantile, normal_quantiles
from bandits.core.rng import uniform_pair
from tests.drivers import plain, stream_of


@program
def _quantiles(points, out):
    for i in range(points.size):
        out[i] = normal_quantile(points[i])


@program
def _together(points, tails, places):
    normal_quantiles(points, tails, places)


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


def test_quantiles_of_many_are_those_of_each():
    points = np.concatenate([np.random.default_rng(0).random(500), POINTS])
    together = points.copy()
    _together(together, np.zeros(len(points)), np.zeros(len(points), np.int64))
    assert np.array_equal(together, quantiles(points))


def check_logarithm(function, x):
    """Within 1 unit in the last place of the extended-precision value (itself within 1e-19)."""
    exact = np.log(np.longdouble(x))
    assert abs(np.longdouble(function(x)) - exact) <= np.spacing(abs(float(exact)))


@given(st.one_of(st.floats(2.0**-1022, 1e308), st.floats(0.5, 2.0), st.integers(-1022, 1023).map(lambda n: 2.0**n)))
@example(math.sqrt(0.5))
@example(math.nextafter(math.sqrt(2.0), 2.0))
@example(math.nextafter(1.0, 0.0))
def test_logarithm_is_accurate_to_the_last_place(x):
    check_logarithm(plain(logarithm), x)


@pytest.mark.parametrize("fault", [{"LOG2_LOW": 0.0}, {"_L9": 0.0}, {"_ROOT_HALF": 0x3FE0000000000000}])
def test_faults_of_the_logarithm_are_rejected(fault):
    mutant = plain(logarithm, **fault)
    points = 2.0**-40 / 3.0, *np.linspace(0.5, 2.0, 300)
    with pytest.raises(AssertionError):
        all(check_logarithm(mutant, x) is None for x in points)


def test_directions_are_normal_draws_over_their_norm():
    found, rng = np.zeros((20, 3)), stream_of(5, 0, 0)
    for t, out in enumerate(found):
        plain(draw_direction)(rng, t, out)
    pairs = np.array([[plain(uniform_pair)(rng, t, i) for i in (0, 2)] for t in range(20)]).reshape(20, 4)[:, :3]
    normal = norm.ppf(pairs)
    assert found == pytest.approx(normal / np.linalg.norm(normal, axis=1)[:, None], abs=1e-9)
