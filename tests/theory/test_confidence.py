"""Tests of means: validity measured on streams at the null, merging, ranges, duality of test and interval."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory import confidence
from theory.confidence import (
    ABOVE,
    BELOW,
    BETS,
    LOG_WEIGHTS,
    MeanTest,
    RangeViolation,
    betting_interval,
    e_bh,
    empirical_bernstein_sequence,
    hoeffding_sequence,
    log_sum_exp,
    mean_interval,
    needed_samples,
)

STREAMS, LENGTH, LOOK, ALPHA = 2000, 400, 5, 0.05
# Each stream misses with probability at most 0.05; P(Binomial(2000, 0.05) >= 165) < 2e-9.
MISSES_ALLOWED = 164


def bernoulli(p):
    return lambda g, n: (g.random(n) < p).astype(float), p


def rare_and_large(g, n):
    """Draw the losses of a lucky learner: almost always small, in one run of 200 the largest."""
    return np.where(g.random(n) < 0.005, 1.0, 0.01)


LAWS = {
    "point mass": (lambda g, n: np.full(n, 0.3), 0.3),
    "point mass on the low edge": (lambda g, n: np.zeros(n), 0.0),
    "point mass on the high edge": (lambda g, n: np.ones(n), 1.0),
    "bernoulli 0.5": bernoulli(0.5),
    "bernoulli 0.02": bernoulli(0.02),
    "bernoulli 0.98": bernoulli(0.98),
    "skewed": (rare_and_large, 0.005 + 0.995 * 0.01),
    "beta": (lambda g, n: g.beta(2.0, 5.0, n), 2.0 / 7.0),
}


@pytest.mark.parametrize("law", LAWS)
def test_misses_of_2000_streams_watched_all_along_are_at_most_alpha(law):
    draw, mean = LAWS[law]
    generator = np.random.default_rng(11)
    x = draw(generator, (STREAMS, LENGTH))
    test = MeanTest.start(np.zeros(STREAMS), 1.0, mean)
    missed = np.zeros((2, STREAMS), dtype=bool)
    for start in range(0, LENGTH, LOOK):
        test = test.add(x[:, start : start + LOOK])
        missed |= (test.log_e() >= -math.log(ALPHA)).T
    assert missed[BELOW].sum() <= MISSES_ALLOWED
    assert missed[ABOVE].sum() <= MISSES_ALLOWED


def test_the_coverage_test_can_fail():
    """A Student interval under repeated tests misses far more often than alpha: the same count rejects it."""
    x = LAWS["bernoulli 0.5"][0](np.random.default_rng(11), (STREAMS, LENGTH))
    t = np.arange(1, LENGTH + 1)
    mean = np.cumsum(x, axis=1) / t
    error = np.sqrt(mean * (1.0 - mean) / t)
    missed = (mean + 1.645 * error < 0.5)[:, 29:].any(axis=1)
    assert missed.sum() > 2 * MISSES_ALLOWED


@pytest.mark.parametrize("sequence", [empirical_bernstein_sequence, hoeffding_sequence])
@pytest.mark.parametrize("law", ["bernoulli 0.5", "bernoulli 0.02", "skewed", "beta"])
def test_sequences_of_comparison_cover_too(law, sequence):
    draw, mean = LAWS[law]
    lower, upper = sequence(draw(np.random.default_rng(12), (STREAMS, LENGTH)), 0.0, 1.0, ALPHA)
    assert (lower > mean).any(axis=1).sum() <= MISSES_ALLOWED
    assert (upper < mean).any(axis=1).sum() <= MISSES_ALLOWED


def test_betting_interval_covers_at_a_fixed_time():
    x = LAWS["skewed"][0](np.random.default_rng(13), (STREAMS, 100))
    lower, upper = betting_interval(x, 0.0, 1.0, ALPHA)
    mean = LAWS["skewed"][1]
    assert (lower > mean).sum() <= MISSES_ALLOWED
    assert (upper < mean).sum() <= MISSES_ALLOWED


def test_weights_sum_to_one_and_bets_stay_below_one():
    assert log_sum_exp(LOG_WEIGHTS) == pytest.approx(0.0, abs=1e-15)
    assert BETS.max() < 1.0
    assert (np.diff(BETS) < 0.0).all()


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40), st.floats(0.01, 0.99))
def test_expected_capital_is_at_most_one_on_the_null(values, bound):
    """One more sample from any law on two points with mean `bound`: the expected e-values do not grow."""
    test = MeanTest.start(0.0, 1.0, bound).add(values)
    now = np.exp(test.log_e()[0])
    up, down = (np.exp(test.add([x]).log_e()[0]) for x in (1.0, 0.0))
    assert (bound * up + (1.0 - bound) * down <= now * (1.0 + 1e-9)).all()


def test_merging_and_order_change_nothing():
    x = np.random.default_rng(3).beta(1.0, 4.0, 1000)
    whole = MeanTest.start(0.0, 1.0, 0.3).add(x)
    parts = [MeanTest.start(0.0, 1.0, 0.3).add(p) for p in (x[700:], x[:300], x[300:700])]
    merged = parts[0].merge(parts[1]).merge(parts[2])
    assert merged.count[0] == 1000
    np.testing.assert_allclose(merged.log_e(), whole.log_e(), rtol=0, atol=1e-9)
    with pytest.raises(ValueError, match="same ranges and bounds"):
        whole.merge(MeanTest.start(0.0, 1.0, 0.31))


def test_cells_are_independent():
    x = np.random.default_rng(4).random((3, 50)) * 0.2
    bounds = [0.05, 0.1, 0.6]
    together = MeanTest.start(0.0, 1.0, bounds).add(x).log_e()
    alone = [MeanTest.start(0.0, 1.0, b).add(row).log_e()[0] for b, row in zip(bounds, x)]
    np.testing.assert_allclose(together, alone, rtol=1e-13)


def test_known_means_are_decided_on_the_right_side():
    x = (np.random.default_rng(5).random(2000) < 0.3).astype(float)
    assert MeanTest.start(0.0, 1.0, 0.4).add(x).outcome(1e-6) == "below"
    assert MeanTest.start(0.0, 1.0, 0.2).add(x).outcome(1e-6) == "above"
    assert MeanTest.start(0.0, 1.0, 0.3).add(x).outcome(1e-6) == "undecided"


def test_ranges_that_decide_alone():
    assert MeanTest.start(0.0, 1.0, 1.0).outcome(0.01) == "vacuous"
    assert MeanTest.start(0.5, 1.0, 0.25).outcome(0.01) == "above"
    assert MeanTest.start(0.0, 1.0, 1.0).add([0.5]).outcome(0.01) == "vacuous"


@pytest.mark.parametrize("bad", [1.1, -0.1, math.nan])
def test_a_sample_outside_its_range_is_an_error(bad):
    with pytest.raises(RangeViolation, match="outside its range"):
        MeanTest.start(0.0, 1.0, 0.5).add([0.5, bad])
    with pytest.raises(RangeViolation):
        mean_interval([0.5, bad], 0.0, 1.0, 0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((1.0, 0.0, 0.5), "low must be at most high"), ((0.0, math.inf, 0.5), "finite")],
)
def test_bad_ranges_are_rejected(arguments, message):
    with pytest.raises(ValueError, match=message):
        MeanTest.start(*arguments)


def test_bad_shapes_and_levels_are_rejected():
    with pytest.raises(ValueError, match="shape"):
        MeanTest.start([0.0, 0.0], 1.0, 0.5).add([0.5])
    with pytest.raises(ValueError, match="alpha"):
        MeanTest.start(0.0, 1.0, 0.5).outcome(0.0)
    with pytest.raises(ValueError, match="at least one value"):
        mean_interval([], 0.0, 1.0, 0.05)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-30.0, 500.0)])
def test_interval_is_what_the_test_has_not_rejected(low, high):
    x = low + (high - low) * np.random.default_rng(6).beta(2.0, 5.0, 300)
    lower, upper = mean_interval(x, low, high, 0.01)
    assert low < lower < x.mean() < upper < high
    for end, side in ((lower, "above"), (upper, "below")):
        step = 1e-6 * (high - low) * (1 if side == "below" else -1)
        assert MeanTest.start(low, high, end + step).add(x).outcome(0.01) == side
        assert MeanTest.start(low, high, end - step).add(x).outcome(0.01) == "undecided"


def test_intervals_shrink_with_samples_and_grow_with_certainty():
    x = np.random.default_rng(7).random((4, 800))
    wide, narrow = mean_interval(x, 0.0, 1.0, 1e-6), mean_interval(x, 0.0, 1.0, 0.05)
    assert (wide[0] < narrow[0]).all()
    assert (narrow[1] < wide[1]).all()
    early = mean_interval(x[:, :100], 0.0, 1.0, 0.05)
    assert (early[1] - early[0] > narrow[1] - narrow[0]).all()


@pytest.mark.parametrize("interval", [mean_interval, betting_interval])
def test_intervals_on_a_point_range_and_on_constant_samples(interval):
    assert interval(np.full(5, 2.0), 2.0, 2.0, 0.05) == (2.0, 2.0)
    lower, upper = interval(np.zeros(100), 0.0, 1.0, 0.05)
    assert lower == pytest.approx(0.0, abs=1e-12)
    assert upper < 0.1


def test_widths_in_order():
    """On 2000 draws of Beta(2, 5): the mixture is narrower than the others, Hoeffding's sequence widest by far."""
    x = np.random.default_rng(8).beta(2.0, 5.0, 2000)

    def width(ends):
        return float(np.ravel(ends[1] - ends[0])[-1])

    mixture, betting, bernstein, hoeffding = (
        width(interval(x, 0.0, 1.0, 0.025))
        for interval in (mean_interval, betting_interval, empirical_bernstein_sequence, hoeffding_sequence)
    )
    assert mixture == pytest.approx(0.025, rel=0.05)
    assert mixture < min(betting, bernstein)
    assert max(betting, bernstein) < 0.5 * hoeffding


def test_planned_samples_are_enough():
    x = (np.random.default_rng(9).random(4000) < 0.002).astype(float)
    planned = math.ceil(needed_samples(0.002, 0.01, 1.0, 1e-6))
    assert planned > 1000
    assert MeanTest.start(0.0, 1.0, 0.01).add(x[: 2 * planned]).outcome(1e-6) == "below"
    assert needed_samples(0.5, 0.4, 1.0, 1e-6) == math.inf


def test_e_bh_controls_the_share_of_false_rejections():
    """Dependent nulls (common random numbers), 20 of 200 cells truly above: few false rejections, most found."""
    generator = np.random.default_rng(10)
    share, found = [], []
    for _ in range(20):
        x = 0.5 * generator.random(300) + 0.5 * generator.random((200, 300))
        bound = np.where(np.arange(200) < 20, 0.42, 0.5)
        log_e = MeanTest.start(np.zeros(200), 1.0, bound).add(x).log_e()[:, ABOVE]
        rejected = e_bh(log_e, 0.05)
        share.append(rejected[20:].sum() / max(1, rejected.sum()))
        found.append(rejected[:20].sum())
    assert np.mean(share) <= 0.05
    assert np.mean(found) >= 15
    assert not e_bh(np.full(5, -1.0), 0.05).any()
    assert e_bh(np.full(5, math.log(1.0 / 0.05)), 0.05).all()
    with pytest.raises(ValueError, match="nan"):
        e_bh([math.nan], 0.05)


def test_equal_samples_counted_once_give_the_same_interval(monkeypatch):
    samples = np.random.default_rng(0).integers(0, 9, 5000) / 8.0
    counted = mean_interval(samples, 0.0, 1.0, 1e-3)
    monkeypatch.setattr(confidence, "_MANY", 5000)
    assert counted == pytest.approx(mean_interval(samples, 0.0, 1.0, 1e-3), rel=1e-12)
