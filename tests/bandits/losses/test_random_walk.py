"""The multi-scale random walk: its stream against an array built from the definition, and the theorem's facts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bandits.core.rng import ENVIRONMENT
from bandits.losses.random_walk import MultiScaleRandomWalk, Room, normal_steps, walk_step
from tests import references
from tests.drivers import plain, read, stream_of
from tests.strategies import repetitions, seeds

FALSE_ALARM = 1e-9


def streamed(step_of, steps):
    ancestor, heights = np.zeros(64), np.zeros(len(steps))
    for t, step in enumerate(steps, 1):
        heights[t - 1] = plain(step_of)(ancestor, t, step)
    return heights


def check_stream(step_of, steps):
    """The streamed walk equals, bit for bit, the array built from W_t = W_rho(t) + xi_t."""
    steps = np.asarray(steps, dtype=np.float64)
    assert np.array_equal(streamed(step_of, steps), references.walk(steps))


@given(st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=100))
def test_stream_equals_the_array(steps):
    check_stream(walk_step, steps)


def test_long_stream_equals_the_array():
    check_stream(walk_step, np.random.default_rng(3).normal(size=2**14 + 5))


@given(st.integers(1, 2**62))
def test_parent_clears_the_lowest_set_bit(t):
    delta = 0
    while t % 2 ** (delta + 1) == 0:
        delta += 1
    assert t & (t - 1) == t - 2**delta


@pytest.mark.parametrize("horizon", [1, 2, 3, 1023, 1024, 5000])
def test_depth_is_the_number_of_set_bits(horizon):
    """With every step 1 the height is the depth: at most floor(log2 T) + 1."""
    heights = streamed(walk_step, np.ones(horizon))
    assert heights.tolist() == [t.bit_count() for t in range(1, horizon + 1)]
    assert heights.max() <= math.floor(math.log2(horizon)) + 1


@pytest.mark.parametrize("n_actions", [2, 5])
@pytest.mark.parametrize("horizon", [2, 6, 100, 2**20])
def test_parameters_are_the_theorems(n_actions, horizon):
    setting = MultiScaleRandomWalk(n_actions).setting(horizon)
    log2 = math.log(horizon, 2)
    assert setting.noise == pytest.approx(1 / (9 * log2), rel=1e-14)
    assert setting.gap == pytest.approx(n_actions ** (1 / 3) * horizon ** (-1 / 3) / (9 * log2), rel=1e-14)
    assert MultiScaleRandomWalk(n_actions, 0.125, 0.5).setting(horizon) == (n_actions, 0.125, 0.5)


def check_losses(process, horizon, seed, repetition, setting=None, **instead):
    """Every loss equals the definition's, from plain-Python draws: rounding of the quantile and of the sums only."""
    losses, _ = read(process, horizon, seed, repetition, setting=setting, **instead)
    n_actions, gap, noise = process.setting(horizon)
    expected, _, _ = references.walk_losses(n_actions, gap, noise, horizon, seed, repetition)
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-14 * (1 + 20 * noise))


WALKS = st.builds(
    MultiScaleRandomWalk,
    st.integers(2, 4),
    st.one_of(st.none(), st.floats(0.0, 1.0)),
    st.one_of(st.none(), st.floats(0.0, 2.0)),
)


@given(WALKS, st.integers(2, 130), seeds, repetitions)
def test_losses_are_the_definitions(process, horizon, seed, repetition):
    check_losses(process, horizon, seed, repetition)


@given(st.integers(2, 5), st.integers(2, 200), seeds, repetitions)
def test_only_the_good_arm_differs_and_by_the_gap(n_actions, horizon, seed, repetition):
    """l_t(i) - l_t(j) = eps (1{j = chi} - 1{i = chi}) wherever nothing is clipped: one rounding each of two losses."""
    process = MultiScaleRandomWalk(n_actions)
    losses, _ = read(process, horizon, seed, repetition)
    gap = process.setting(horizon).gap
    _, good, _ = references.walk_losses(n_actions, gap, 0.0, 1, seed, repetition)
    unclipped = losses[((losses > 0.0) & (losses < 1.0)).all(axis=1)]
    others = np.delete(unclipped, good, axis=1)
    assert (others == others[:, :1]).all()
    assert (np.abs(others[:, 0] - unclipped[:, good] - gap) <= 2.0**-53).all()


def test_good_arm_is_uniform_over_repetitions():
    """Chi-square over 4000 repetitions of 5 arms, false alarm 1e-9."""
    process = MultiScaleRandomWalk(5)
    init, setting = plain(process.steps.init), process.setting(2)
    good = [init(setting, stream_of(1, repetition, ENVIRONMENT)).good for repetition in range(4000)]
    assert stats.chisquare(np.bincount(good, minlength=5)).pvalue > FALSE_ALARM
    assert good[:20] == [int(references.uniform(1, r, ENVIRONMENT, 0, 1) * 5) for r in range(20)]


ROOM = Room(np.zeros(64), np.zeros(64, np.int64))


def test_steps_are_standard_normal():
    """Kolmogorov-Smirnov of 100,000 steps, made 64 at a time as the walk makes them; false alarm 1e-9."""
    steps = np.zeros((1563, 64))
    for block, row in enumerate(steps):
        normal_steps(stream_of(5, 0, ENVIRONMENT), 64 * block, 0.5, row, ROOM)
    assert stats.kstest(steps.ravel() / 0.5, "norm").pvalue > FALSE_ALARM


def test_the_walk_moves_by_these_steps():
    """The 64 normals of a block are the increments W_t - W_rho(t) of a walk that is never clipped."""
    noise, horizon = 1e-3, 150
    losses, _ = read(MultiScaleRandomWalk(2, 0.0, noise), horizon, 5)
    heights, t = np.concatenate([[0.5], losses[:, 0]]), np.arange(1, horizon + 1)
    steps = np.zeros(64 * 3)
    plain(normal_steps)(stream_of(5, 0, ENVIRONMENT), 0, noise, steps, Room(np.zeros(192), np.zeros(192, np.int64)))
    np.testing.assert_allclose(heights[t] - heights[t & (t - 1)], steps[:horizon], rtol=0, atol=2.0**-52)
