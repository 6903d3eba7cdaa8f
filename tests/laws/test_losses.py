"""The loss processes against their definitions, from the generator's own draws."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import ndtri

from bandits.core.coins import bernoulli_word, bernoulli_words
from bandits.core.rng import ENVIRONMENT
from bandits.core.sampling import binomial_mass
from bandits.losses import (
    AlternatingLosses,
    BitwiseCoins,
    FiniteLosses,
    GaussianLosses,
    LossTable,
    MultiScaleRandomWalk,
    PiecewiseLosses,
)
from tests import references
from tests.drivers import plain, read, stream_of


@pytest.mark.parametrize(("gap", "noise"), [(0.3, 0.2), (0.1, 0.05)])
def test_random_walk(gap, noise):
    """Good and other arms' losses, their totals, gaps and clipped rounds; 70 rounds are more than one block of 64."""
    process, rounds = MultiScaleRandomWalk(3, gap, noise), 70
    for repetition in range(2):
        expected, good, clipped = references.walk_losses(3, gap, noise, rounds, 4, repetition)
        found, totals = read(process, rounds, 4, repetition, [1, 65, rounds])
        np.testing.assert_allclose(found, expected, atol=1e-12)
        np.testing.assert_allclose(totals, np.cumsum(expected, axis=0)[[0, 64, rounds - 1]], atol=1e-11)
        setting, env = process.setting(rounds), stream_of(4, repetition, ENVIRONMENT)
        init, advance = plain(process.steps.init), plain(process.steps.advance)
        state = init(setting, env)
        for t in range(rounds):
            state = advance(setting, state, t, env)
        assert [plain(process.steps.gap)(setting, state, arm) for arm in range(3)] == [
            0.0 if arm == good else gap for arm in range(3)
        ]
        assert plain(process.steps.clipped)(state) == clipped


def test_totals_of_a_long_table():
    """Totals at rounds on both sides of the ends of blocks of 4096 rounds."""
    table = np.random.default_rng(2).random((8200, 2))
    setting, totals = LossTable(table).setting(8200), plain(LossTable.steps.totals)
    state = plain(LossTable.steps.init)(setting, None)
    for n in (1, 4095, 4096, 4097, 8191, 8192, 8193, 8200):
        out = np.zeros(2)
        totals(setting, state, n, out)
        np.testing.assert_allclose(out, table[:n].sum(axis=0), rtol=1e-12)


def test_pieces():
    means, points = np.array([[0.1, 0.9], [0.8, 0.3], [0.5, 0.5]]), (3, 5)
    for drift in (False, True):
        found, totals = read(PiecewiseLosses(means, points, drift), 8, 6, 1)
        for t in range(8):
            piece = sum(t >= point for point in points)
            mean = means[piece].copy()
            if drift and piece < 2:
                start, end = (0, *points)[piece], points[piece]
                mean += (means[piece + 1] - means[piece]) * (t - start) / (end - start)
            draws = [references.uniform(6, 1, ENVIRONMENT, t, arm) for arm in range(2)]
            assert found[t].tolist() == [float(u < m) for u, m in zip(draws, mean)]
        assert totals[-1].tolist() == found.sum(axis=0).tolist()


@pytest.mark.parametrize("means", [[0.3], [0.5, 0.25, 0.7, 1 / 3, 1e-9]])
def test_coins_are_comparisons_of_uniforms_digit_by_digit(means):
    """Bit i is 1 where the first digit in which uniform i and the mean differ is the mean's 1."""
    digits = np.array([int(mean * 2.0**64) for mean in means], dtype=np.uint64)
    env = stream_of(9, 2, ENVIRONMENT)
    expected = []
    for arm, mean in enumerate(digits):
        word = 0
        drawn = [references.words(9, 2, ENVIRONMENT, 3, arm * 32 + d // 2)[d % 2] for d in range(64)]
        for i in range(64):
            uniform = int("".join(str(w >> i & 1) for w in drawn), 2)
            word |= (uniform < int(mean)) << i
        expected.append(word)
    assert [int(plain(bernoulli_word)(mean, env, 3, arm)) for arm, mean in enumerate(digits)] == expected
    bits, scratch = np.zeros(len(means), np.uint64), np.zeros(len(means), np.uint64)
    plain(bernoulli_words)(digits, env, 3, bits, scratch)
    assert bits.tolist() == expected


def test_words_of_many_coins_are_those_of_each():
    """A word whose last undecided bit is its first occurs in about one word of 64."""
    env, digits = stream_of(9, 3, ENVIRONMENT), np.random.default_rng(1).integers(0, 2**63, 40, dtype=np.uint64) * 2
    for block in range(4):
        bits, scratch = np.zeros(40, np.uint64), np.zeros(40, np.uint64)
        plain(bernoulli_words)(digits, env, block, bits, scratch)
        assert bits.tolist() == [int(plain(bernoulli_word)(d, env, block, arm)) for arm, d in enumerate(digits)]


@pytest.mark.parametrize(("n_actions", "period"), [(2, 1), (3, 4), (5, 2)])
def test_alternating(n_actions, period):
    process = AlternatingLosses(n_actions, period)
    found, totals = read(process, 31, checkpoints=range(1, 32))
    expected = [[float(t // period % n_actions == arm) for arm in range(n_actions)] for t in range(31)]
    assert found.tolist() == expected
    assert totals.tolist() == np.cumsum(expected, axis=0).tolist()
    assert process.known_table(31).tolist() == expected


@pytest.mark.parametrize(("n", "p"), [(1, 0.3), (5, 0.7), (9, 0.2), (40, 0.5)])
def test_binomial_masses(n, p):
    for k in range(n + 1):
        expected = math.comb(n, k) * p**k * (1.0 - p) ** (n - k)
        assert plain(binomial_mass)(n, p, k) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n_actions", "rounds"), [(2, 70), (5, 9), (8, 130)])
def test_bitwise_coins(n_actions, rounds):
    """Action i loses 1 where the round's coin is not its bit of the block, the last block being the longest."""
    bits = int(math.log2(n_actions))
    expected = np.zeros((rounds, n_actions))
    for t in range(rounds):
        coin = references.words(3, 1, ENVIRONMENT, t // 64, 0)[0] >> t % 64 & 1
        block = min(t // (rounds // bits), bits - 1)
        expected[t] = [float(coin != i >> block & 1) for i in range(n_actions)]
    found, totals = read(BitwiseCoins(n_actions), rounds, 3, 1, range(1, rounds + 1))
    assert found.tolist() == expected.tolist()
    assert totals.tolist() == np.cumsum(expected, axis=0).tolist()


def test_the_gap_of_means_that_move():
    gap, state = plain(PiecewiseLosses.steps.gap), SimpleNamespace(mean=np.array([0.5, 0.25, 1.0]))
    assert [gap(None, state, arm) for arm in range(3)] == [0.25, 0.0, 0.75]


def test_finite_and_normal_losses():
    """Quantiles of the uniform of (round, action); totals on both sides of the end of a block of 4096 rounds."""
    finite = FiniteLosses([0.1, 0.7, 0.3], [[0.2, 0.0, 0.8], [0.0, 1.0, 0.0]])
    normal, times = GaussianLosses([0.5, -2.0], 3.0), [*range(40), *range(4094, 4098)]
    uniforms = np.array([[references.uniform(4, 1, ENVIRONMENT, t, i) for i in range(2)] for t in times])
    expected = np.stack([np.where(uniforms[:, 0] < 0.2, 0.1, 0.3), np.full(len(times), 0.7)], axis=1)
    quantiles = np.array([0.5, -2.0]) + 3.0 * ndtri(uniforms + 2.0**-54)
    for process, losses in ((finite, expected), (normal, quantiles)):
        init, advance, loss, totals, gap = map(plain, process.steps[:5])
        setting, env, out = process.setting(9), stream_of(4, 1, ENVIRONMENT), np.zeros(2)
        state = init(setting, env)
        for t, row, total in zip(times, losses, np.cumsum(losses, axis=0), strict=True):
            state = advance(setting, state, t, env)
            np.testing.assert_allclose([loss(setting, state, t, i) for i in range(2)], row, rtol=1e-12)
            totals(setting, state, t, out)
            np.testing.assert_allclose(out, total, rtol=1e-11)
        assert [gap(process.setting(9), None, i) for i in range(2)] == [m - min(process.means) for m in process.means]
        assert process.mean_gap(9) == max(process.means) - min(process.means)
