"""Clicks that are missing not at random: exact bias and variance of clipped inverse propensities, and the best clip."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.loops import best_clip, clipped_estimate, clipped_moments

THETA, G, D1, D0 = (0.05, 0.2, 0.5, 0.9), (0.7, 0.3, 0.9, 0.1), (0.2, 1.0, 0.5, 2.0), (1.1, 0.3, 0.2, 0.1)


@pytest.mark.parametrize(
    ("clip", "bias", "variance"),
    [(0.0, 0.0, 0.755507), (0.1, 0.07875, 0.242549), (0.5, 0.11025, 0.042130), (1.0, 0.069125, 0.023308)],
)
def test_moments_are_those_of_the_estimate(clip, bias, variance):
    """Known answers, and the law of the clicks by enumeration."""
    found = clipped_moments(THETA, G, D1, D0, clip)
    assert found == pytest.approx((bias, variance), abs=1e-6)
    chance = np.array(THETA) * np.array(G)
    clicks = np.array(list(product([0.0, 1.0], repeat=4)))
    weight = np.where(clicks == 1.0, chance, 1.0 - chance).prod(axis=1)
    value = np.array([clipped_estimate(y, THETA, D1, D0, clip) for y in clicks])
    truth = np.mean(np.array(G) * D1 + (1.0 - np.array(G)) * D0)
    assert weight @ value - truth == pytest.approx(found.bias, abs=1e-12)
    assert weight @ value**2 - (weight @ value) ** 2 == pytest.approx(found.variance, abs=1e-12)
    assert found.squared_error == pytest.approx(bias**2 + variance, abs=1e-6)


PROBABILITIES = st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5)
LOSSES = st.lists(st.floats(-2.0, 2.0), min_size=5, max_size=5)


@settings(max_examples=50)
@given(theta=PROBABILITIES, g=PROBABILITIES, d1=LOSSES, copies=st.integers(1, 100))
def test_no_clip_is_better_than_the_best(theta, g, d1, copies):
    def error(clip):
        found = clipped_moments(theta, g, d1, np.zeros(5), clip)
        return found.bias**2 + found.variance / copies

    tried = [error(clip) for clip in (*theta, *np.linspace(0.0, 1.0, 101))]
    assert error(best_clip(theta, g, d1, np.zeros(5), copies)) <= min(tried) * (1 + 1e-9) + 1e-15
    variances = [clipped_moments(theta, g, d1, np.zeros(5), clip).variance for clip in np.linspace(0.0, 1.0, 21)]
    assert (np.diff(variances) <= 1e-12).all()


def test_the_best_clip_falls_with_more_data():
    table = (0.05, 0.1, 0.3, 0.8), (0.6, 0.2, 0.5, 0.3), (2.0, 1.5, 1.0, 0.5), (0.1, 0.2, 0.3, 0.1)
    clips = [best_clip(*table, copies) for copies in (1, 25, 2500)]
    assert clips == pytest.approx([0.717307, 0.106850, 0.050647], abs=1e-6)
    assert clipped_moments(*table, clips[0]).squared_error == pytest.approx(0.165590, abs=1e-6)
    assert best_clip([0.0, 0.5], [0.5, 0.5], [1.0, 1.0], [0.0, 0.0], 10**6) == pytest.approx(0.5, abs=1e-3)
    assert best_clip([0.0], [0.5], [1.0], [0.0]) == 1.0


def test_pairs_of_unequal_length_are_named():
    with pytest.raises(ValueError, match="exposure, relevance, relevant_loss, other_loss must be of equal length"):
        clipped_moments(THETA, G[:2], D1, D0)
    with pytest.raises(ValueError, match="exposure must be at least 1e-100 where clip is less, got 0"):
        clipped_moments([0.0], [0.5], [1.0], [0.0])
    assert clipped_moments([0.0], [0.5], [1.0], [0.0], 0.5) == (-0.5, 0.0)
