"""Exponents and kinks: recovered where they are known, intervals that cover, and honesty about bad fits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.confidence import mean_interval
from theory.rates import certified_exponent, certified_kink, fit_exponent, fit_kink

T = 2.0 ** np.arange(8, 17)
TRIALS = 200
# At a true coverage of 0.92 (bootstrap, 40 rows) P(Binomial(200, 0.92) < 168) < 2e-4; the seeds are fixed.
COVERED = 168


def noisy(generator, mean, repetitions):
    """Return gamma noise of relative size 0.2 around `mean` (N,)."""
    return mean * generator.gamma(25.0, 1.0 / 25.0, (repetitions, len(mean)))


@pytest.mark.parametrize("exponent", [0.5, 2 / 3, 1.0, -0.5])
def test_exact_powers_are_recovered(exponent):
    samples = np.tile(3.0 * T**exponent, (2, 1))
    fit = fit_exponent(T, samples)
    assert fit.exponent == pytest.approx(exponent, abs=1e-10)
    assert fit.low == pytest.approx(fit.high, abs=1e-10)
    assert fit.local == pytest.approx([exponent] * 8)
    assert fit.lack_of_fit == pytest.approx(0.0, abs=1e-9)


def test_interval_over_repetitions_covers():
    generator = np.random.default_rng(1)
    covered = 0
    for trial in range(TRIALS):
        fit = fit_exponent(T, noisy(generator, T ** (2 / 3), 40), resamples=300, seed=trial)
        covered += fit.low <= 2 / 3 <= fit.high
    assert covered >= COVERED


def test_interval_over_instances_covers_where_one_over_repetitions_does_not():
    """Eight instances whose luck all their 50 repetitions share: only an interval over instances is honest."""
    generator = np.random.default_rng(2)
    over_instances = over_repetitions = 0
    for trial in range(TRIALS):
        luck = np.exp(0.05 * generator.standard_normal((8, 1, len(T))))
        samples = luck * np.array([noisy(generator, T ** (2 / 3), 50) for _ in range(8)])
        fit = fit_exponent(T, samples)
        assert fit.source == "instances"
        over_instances += fit.low <= 2 / 3 <= fit.high
        naive = fit_exponent(T, samples.reshape(-1, len(T)), resamples=60, seed=trial)
        over_repetitions += naive.low <= 2 / 3 <= naive.high
    assert over_instances >= COVERED
    assert over_repetitions < COVERED


@pytest.mark.parametrize(("power", "bias"), [(0.0, 0.0), (1 / 3, 0.037), (1.0, 0.110)])
def test_logarithms_shift_the_slope_by_the_known_bias(power, bias):
    grid = np.geomspace(1e3, 1e5, 9)
    fit = fit_exponent(grid, np.tile(grid ** (2 / 3) * np.log(grid) ** power, (2, 1)))
    assert fit.exponent - 2 / 3 == pytest.approx(bias, abs=1e-3)


def test_a_curve_that_is_no_power_shows_its_lack_of_fit():
    saturating = np.tile(np.minimum(T, 4096.0), (50, 1)) * np.random.default_rng(3).normal(1.0, 0.01, (50, 9))
    assert fit_exponent(T, saturating).lack_of_fit > 4.0
    straight = np.tile(T**0.5, (50, 1)) * np.random.default_rng(3).normal(1.0, 0.01, (50, 9))
    assert fit_exponent(T, straight).lack_of_fit < 2.0


def test_certified_exponent_brackets_the_truth():
    """Means 100 and 800 at x = 1 and 16: exponent 3/4. Each of four ends is wrong with probability at most 1e-6."""
    generator = np.random.default_rng(4)
    points = []
    for x, mean in ((1.0, 100.0), (16.0, 800.0)):
        samples = 2.0 * mean * generator.beta(20.0, 20.0, 4000)
        points.append((x, *mean_interval(samples, 0.0, 2.0 * mean, 1e-6)))
    low, high = certified_exponent(*points)
    assert low < 0.75 < high
    assert high - low < 0.05
    with pytest.raises(ValueError, match="increasing"):
        certified_exponent(points[1], points[0])


@pytest.mark.parametrize("sharpness", [2.0, 30.0])
@pytest.mark.parametrize(("left", "right"), [(0.0, -0.5), (None, None)])
def test_kink_is_found(sharpness, left, right):
    grid = np.geomspace(70.0, 70_000.0, 15)
    u = np.log(grid / 2000.0)
    mean = np.exp(5.0 - 0.5 * np.logaddexp(0.0, sharpness * u) / sharpness)
    fit = fit_kink(grid, noisy(np.random.default_rng(5), mean, 100), left=left, right=right, level=0.999, resamples=100)
    assert fit.low <= 2000.0 <= fit.high
    assert fit.high / fit.low < (1.5 if left is not None else 4.0)
    assert fit.left == pytest.approx(0.0, abs=0.1)
    assert fit.right == pytest.approx(-0.5, abs=0.1)
    assert fit.lack_of_fit < 3.0


def test_kink_interval_covers():
    """20 smooth crossovers: at a true coverage of 0.9, P(Binomial(20, 0.9) < 13) < 5e-4; the seeds are fixed."""
    grid = np.geomspace(70.0, 70_000.0, 12)
    mean = np.exp(-0.25 * np.logaddexp(0.0, 2.0 * np.log(grid / 2000.0)))
    generator = np.random.default_rng(6)
    covered = 0
    for trial in range(20):
        fit = fit_kink(grid, noisy(generator, mean, 60), left=0.0, right=-0.5, resamples=40, seed=trial)
        covered += fit.low <= 2000.0 <= fit.high
    assert covered >= 13


@pytest.mark.parametrize(
    ("grid", "samples", "message"),
    [
        ([1.0, 2.0], np.ones((3, 2)), "grid"),
        ([1.0, 3.0, 2.0], np.ones((3, 3)), "grid"),
        ([1.0, 2.0, 4.0], np.ones((1, 3)), "samples"),
        ([1.0, 2.0, 4.0], np.ones((2, 5, 3)), "samples"),
        ([1.0, 2.0, 4.0], -np.ones((3, 3)), "not positive"),
        ([1.0, 2.0, 4.0], np.full((3, 3), math.nan), "finite"),
    ],
)
def test_bad_data_are_named(grid, samples, message):
    with pytest.raises(ValueError, match=message):
        fit_exponent(grid, samples)


def smooth_kink(x, kink=100.0, fall=0.5):
    return 50.0 * (1.0 + x / kink) ** -fall


def boxes(grid, values, error):
    return [(float(x), float(v * (1 - error)), float(v * (1 + error))) for x, v in zip(grid, values, strict=True)]


@settings(max_examples=50)
@given(st.floats(0.0, 0.05), st.integers(0, 2**32 - 1))
def test_certified_kink_contains_the_place_where_the_slope_passes(error, seed):
    """The slope of (1 + x / 100)^(-1/2) is -1/4 at x = 100. Values anywhere in intervals that hold: never missed."""
    grid = np.geomspace(1.0, 1e4, 9)
    noise = np.random.default_rng(seed).uniform(-error, error, 9)
    seen = [
        (x, v / (1 + e) * (1 - error), v / (1 + e) * (1 + error))
        for (x, v, _), e in zip(boxes(grid, smooth_kink(grid), 0.0), noise, strict=True)
    ]
    low, high = certified_kink(seen, -0.25)
    assert low <= 100.0 <= high


def test_certified_kink_narrows_with_the_intervals():
    grid = np.geomspace(1.0, 1e4, 9)
    wide = certified_kink(boxes(grid, smooth_kink(grid), 0.2), -0.25)
    narrow = certified_kink(boxes(grid, smooth_kink(grid), 1e-9), -0.25)
    assert narrow == (pytest.approx(grid[3]), pytest.approx(grid[5]))
    assert wide[0] <= narrow[0]
    assert narrow[1] < wide[1]


def test_without_evidence_a_kink_may_be_anywhere():
    grid = np.geomspace(1.0, 1e4, 9)
    assert certified_kink(boxes(grid, smooth_kink(grid), 0.9), -0.25) == (0.0, math.inf)
    assert certified_kink(boxes(grid, np.full(9, 3.0), 0.0), -0.25) == (pytest.approx(1e4 / 10**0.5), math.inf)


def test_a_slope_that_rises_is_no_falling_kink():
    grid = np.geomspace(1.0, 1e4, 9)
    with pytest.raises(ValueError, match="certain to be larger"):
        certified_kink(boxes(grid, 1.0 / smooth_kink(grid), 0.01), -0.25)
    assert certified_kink(boxes(grid, 1.0 / smooth_kink(grid), 0.5), -0.25)
    with pytest.raises(ValueError, match="at least 3"):
        certified_kink([(1.0, 1.0, 1.0)], -0.25)
