"""Sampled self-play and its feedback, by enumeration of samples and answers; tuned weights; games played together."""

import math
from itertools import product

import jax
import numpy as np
import pytest
from scipy.special import lambertw

from bandits.preference import (
    IPOMD,
    MixtureDescent,
    NashMD,
    NashMDGradient,
    NashMP,
    OnlineIPO,
    PreferenceGame,
    SampledNashMP,
    games,
)
from bandits.preference.feedback import Comparisons, ExactRow, NoisyRow
from bandits.preference.self_play.conventions import (
    weight_from_inverse_step,
    weight_from_logit_step,
    weight_from_magnet_step,
    weight_from_mirror_prox_step,
)
from bandits.preference.self_play.hedge import HedgeSelfPlay
from bandits.preference.self_play.learner import PolicyState
from bandits.preference.self_play.policy_gradient import mixture_fixed_point
from bandits.preference.self_play.proximal import average_prox_weight
from bandits.preference.self_play.sampled_inpo import least_squares_gain
from bandits.preference.self_play.sppo import sppo_log_ratios
from bandits.preference.winner import _kernel, _simplex
from tests.bandits.preference.self_play.playing import MU, REFERENCE, Ask

SKEW = REFERENCE - 0.5


class Scripted:
    """Answers to pairs, given beforehand, and the policies that were sampled from."""

    def __init__(self, left, right, answers):
        self.sides, self.answers, self.asked = (left, right), answers, []

    def sample(self, log_policy, side):
        self.asked.append(np.array(log_policy))
        return np.array(self.sides[side])

    def compare(self, left, right):
        assert (left.tolist(), right.tolist()) == tuple(map(list, self.sides))
        return np.array(self.answers, dtype=float)


def test_sampled_nash_mp():
    """Three outer steps of two halves of two rounds, with arbitrary samples and answers."""
    tau, weight, eta, rng = 0.3, 0.7, 0.4, np.random.default_rng(2)
    game = PreferenceGame(REFERENCE, 20, tau, MU, feedback=Comparisons(2))
    learner = SampledNashMP(weight, 2, eta)
    params, log_mu = learner.parameters(game), np.log(MU)
    state = learner.start(params, log_mu)
    outer = opponent = inner = log_mu
    for t in range(12):
        left, right, wins = rng.integers(0, 3, 2), rng.integers(0, 3, 2), rng.integers(0, 2, 2)
        ask = Scripted(left.tolist(), right.tolist(), wins.tolist())
        np.testing.assert_allclose(learner.policy(params, state), outer, atol=1e-12)
        state = learner.step(params, state, t, ask)
        np.testing.assert_allclose(ask.asked, [inner, opponent], atol=1e-12)
        move = np.zeros(3)
        for y, z in zip(left, wins):
            gain = z - 0.5 - tau * (inner - log_mu)[y] - weight * (inner - outer)[y]
            move += eta * gain * (np.eye(3)[y] - np.exp(inner)) / 2
        inner = inner + move - np.log(np.exp(inner + move).sum())
        if t % 4 == 1:  # the first half is done: its result is the opponent, and the second begins at pi_k again
            opponent, inner = inner, outer
        elif t % 4 == 3:
            outer = opponent = inner
    assert abs(outer - log_mu).max() > 0.1


@pytest.mark.parametrize("bound", [0.5, 2.0])
def test_sppo_by_lamberts_function(bound):
    """l = b - W(c e^b) with c such that the probabilities sum to 1, by bisection on c."""
    rng = np.random.default_rng(3)
    for _ in range(5):
        policy = rng.dirichlet(np.ones(4))
        target = rng.uniform(-bound, bound, 4)
        target -= policy @ target
        low, high = 0.0, 20.0
        for _ in range(100):
            c = (low + high) / 2
            ratios = target - lambertw(c * np.exp(target)).real
            low, high = (c, high) if policy @ np.exp(ratios) > 1.0 else (low, c)
        np.testing.assert_allclose(sppo_log_ratios(np.log(policy), target), ratios, atol=1e-12)


def test_least_squares_gain_is_the_ridge_solution():
    left, right, wins = np.array([0, 0, 1, 2]), np.array([1, 2, 2, 2]), np.array([1.0, 0.0, 1.0, 1.0])
    sides = np.eye(4)[left] - np.eye(4)[right]
    expected = np.linalg.lstsq(sides, wins - 0.5, rcond=None)[0]
    np.testing.assert_allclose(least_squares_gain(4, left, right, wins), expected, atol=1e-6)


def test_weights_tuned_for_averages():
    for horizon, mu in ((10, MU), (70, np.array([0.6, 0.3, 0.1]))):
        game, largest = PreferenceGame(REFERENCE, horizon, 0.0, mu), math.log(1.0 / mu.min())
        assert HedgeSelfPlay().parameters(game).learning_rate == pytest.approx(math.sqrt(8 * largest / horizon))
        assert average_prox_weight(game) == pytest.approx(math.sqrt(horizon / (8 * largest)))


def test_steps_of_the_papers_as_weights():
    assert weight_from_inverse_step(0.7, 0.2) == pytest.approx(0.5)
    assert weight_from_logit_step(0.4, 0.5) == pytest.approx(2.0)
    assert weight_from_magnet_step(0.4) == pytest.approx(2.5)
    assert weight_from_mirror_prox_step(0.4, 0.5) == pytest.approx(1.25)


def test_one_game_has_no_axis_and_several_have():
    one, two = PreferenceGame(REFERENCE, 5, 0.1, MU), PreferenceGame([REFERENCE, REFERENCE.T], 5, 0.1, MU)
    assert one.arrays()[0].shape == (3, 3)
    assert two.arrays()[0].shape == (2, 3, 3)
    assert one.axes() == (None, 0, 0, None)
    assert two.axes() == (0, 0, 0, None)
    assert NashMP().queries == 2


# ---------------------------------------------------------------- feedback


class Uniforms:
    """Uniforms of both streams, given beforehand."""

    def __init__(self, learner=(), environment=()):
        self.parts = {"learner": np.array(learner), "environment": np.array(environment)}

    def learner(self, first, *shape):
        return self.parts["learner"][first : first + math.prod(shape)].reshape(shape)

    def environment(self, first, *shape):
        return self.parts["environment"][first : first + math.prod(shape)].reshape(shape)


def test_exact_rows():
    row = ExactRow().row(SKEW, np.log(MU), 0, None)
    np.testing.assert_allclose(row, REFERENCE @ MU - 0.5, atol=1e-12)


def test_mean_of_noisy_rows_over_a_grid_of_uniforms():
    """The midpoints of a fine grid: opponents by the policy, answers by the preferences."""
    grid = (np.arange(20) + 0.5) / 20  # all probabilities are multiples of 1 / 20
    mu = np.array([0.5, 0.3, 0.2])
    plain = [NoisyRow(1).row(SKEW, np.log(mu), 0, Uniforms(environment=[u])) for u in grid]
    np.testing.assert_allclose(np.mean(plain, axis=0), REFERENCE @ mu - 0.5, atol=1e-12)
    bits = [
        NoisyRow(1, True).row(SKEW, np.log(mu), 0, Uniforms(environment=[u, v, v, v])) for u, v in product(grid, grid)
    ]
    np.testing.assert_allclose(np.mean(bits, axis=0), REFERENCE @ mu - 0.5, atol=1e-12)
    assert set(np.unique(bits)) == {-0.5, 0.5}
    later = NoisyRow(1).row(SKEW, np.log(mu), 2, Uniforms(environment=[0.1, 0.1, 0.9]))
    np.testing.assert_allclose(later, SKEW[:, 2])


def test_comparisons_over_a_grid_of_uniforms():
    grid = (np.arange(20) + 0.5) / 20
    feedback = Comparisons(2)
    assert feedback.sample(np.log(MU), 0, Uniforms(learner=[0.1, 0.6, 0.9, 0.9])).tolist() == [0, 1]
    assert feedback.sample(np.log(MU), 1, Uniforms(learner=[0.1, 0.6, 0.9, 0.2])).tolist() == [2, 0]
    for i, j in product(range(3), repeat=2):
        wins = [feedback.compare(SKEW, np.array([i]), np.array([j]), Uniforms(environment=[u]))[0] for u in grid]
        assert np.mean(wins) == pytest.approx(REFERENCE[i, j], abs=1e-12)


def test_three_raters():
    """A rater with an opinion answers by it, the others toss a coin."""
    found = games.three_raters(0.1)
    for winner, loser, mass in ((1, 0, 1 / 3 - 0.1), (0, 2, 1 / 3 + 0.05), (2, 1, 1 / 3 + 0.05)):
        assert found[winner, loser] == pytest.approx(0.5 + mass / 2, abs=1e-12)
        assert found[loser, winner] == pytest.approx(0.5 - mass / 2, abs=1e-12)
    np.testing.assert_allclose((found - 0.5) @ [1 / 3 + 0.05, 1 / 3 + 0.05, 1 / 3 - 0.1], 0.0, atol=1e-12)


# ---------------------------------------------------------------- steps from rows


def normalised(logits):
    return logits - np.log(np.exp(logits).sum())


def rows(log_policy):
    return SKEW @ np.exp(log_policy)


@pytest.mark.parametrize("t", [0, 3])
def test_descent_from_the_mixture(t):
    tau, here, log_mu = 0.4, np.log([0.2, 0.5, 0.3]), np.log(MU)
    game = PreferenceGame(REFERENCE, 10, tau, MU)
    for learner, opponent_is_mixture in ((MixtureDescent, False), (NashMD, True)):
        for given in (0.3, None):
            params = learner(given).parameters(game)
            fall = 2.0 / (tau * (t + 2.0 + (0.0 if opponent_is_mixture else 0.5 / tau**2)))
            rate = given or fall
            if learner is NashMD and given is None:
                rate = 2.0 / (tau * (t + 2.0))
            mixture = normalised((1.0 - rate * tau) * here + rate * tau * log_mu)
            expected = normalised(mixture + rate * rows(mixture if opponent_is_mixture else here))
            found = learner.step(params, PolicyState(here, log_mu), t, Ask(SKEW)).log_policy
            np.testing.assert_allclose(found, expected, atol=1e-12)


def test_gradients():
    """The gradient of <pi, A> in the logits is sum over y of law(y) A(y) (e_y - pi), at pi or at the mixture."""
    tau, eta, share, here, log_mu = 0.4, 0.3, 0.25, np.log([0.2, 0.5, 0.3]), np.log(MU)
    game = PreferenceGame(REFERENCE, 10, tau, MU)
    mixed = normalised((1.0 - share) * here + share * log_mu)
    for learner, law, opponent in (
        (OnlineIPO(eta), here, here),
        (IPOMD(eta, share), mixed, mixed),
        (NashMDGradient(eta, share), here, mixed),
    ):
        advantage = rows(opponent) - tau * (here - log_mu)
        weight = np.exp(law)
        direction = weight * (advantage - weight @ advantage)
        found = learner.step(learner.parameters(game), PolicyState(here, log_mu), 0, Ask(SKEW)).log_policy
        np.testing.assert_allclose(found, normalised(here + eta * direction), atol=1e-12)


def test_where_climbing_against_a_mixture_stops():
    """tau log(pi / mu) - P m is constant for m prop. to pi^(1 - b) mu^b."""
    tau, share = 0.4, 0.3
    found = mixture_fixed_point(REFERENCE, tau, MU, share)
    mixed = normalised((1.0 - share) * found + share * np.log(MU))
    assert np.ptp(tau * (found - np.log(MU)) - rows(mixed)) <= 1e-9


def test_ridge_of_the_least_squares_gain():
    gain = least_squares_gain(2, np.array([0]), np.array([1]), np.array([1.0]))
    assert gain[0] - gain[1] == pytest.approx(1.0 / (2.0 + 1e-9), rel=1e-13)


def test_tables_from_uniform_pairs_over_a_grid_of_uniforms():
    """Every pair of actions is equally likely, and its answer counts as often as there are pairs."""
    grid = (np.arange(30) + 0.5) / 30
    with jax.enable_x64():
        preferences = jax.numpy.asarray(REFERENCE)
        tables = [
            Comparisons(1).table(preferences, Uniforms(learner=[pair], environment=[(np.arange(20)[k] + 0.5) / 20]))
            for pair, k in product(grid[4::10], range(20))
        ]
    np.testing.assert_allclose(np.mean(tables, axis=0), REFERENCE, atol=1e-12)


def test_matrices_rounded_to_six_digits_are_preferences():
    rounded = np.array([[0.5, 0.3333334], [0.6666665, 0.5]])
    assert games.preference_matrix("preferences", rounded).sum() == pytest.approx(2.0, abs=1e-9)


def test_a_winner_among_ties_by_the_exact_simplex_method():
    for margins in ([[0] * 3] * 3, [[0, 2, 0], [-2, 0, 0], [0, 0, 0]]):
        shares = np.array(_simplex(margins))
        assert shares.sum() > 0
        assert (np.array(margins).T @ shares >= 0).all()


def test_the_kernel_of_a_support():
    """On a cycle 0 > 1 > 2 > 0 by margins a, b, c the shares are (b, c, a); without a line of them there is none."""
    for a, b, c in ((1, 1, 1), (1, 2, 3), (5, 7, 2)):
        margins = [[0, 9, a, -c], [-9, 0, -9, -9], [-a, 9, 0, b], [c, 9, -b, 0]]
        shares = _kernel(margins, [0, 2, 3])
        assert np.array_equal(np.array(shares) * (a + b + c), np.array([b, c, a]) * sum(shares))
        assert _kernel(margins, [0, 2]) is None
    five = np.triu(np.random.default_rng(1).integers(1, 9, (5, 5)), 1)
    margins = five * np.outer([1, -1, 1, -1, 1], [1, -1, 1, -1, 1])
    margins = margins - margins.T
    shares = _kernel(margins.tolist(), list(range(5)))
    assert shares is None or not (margins @ np.array(shares)).any()
    cyclic = np.array([[0, 1, -1, 2, -2], [-1, 0, 1, -1, 1], [1, -1, 0, 1, -1], [-2, 1, -1, 0, 2], [2, -1, 1, -2, 0]])
    shares = _kernel(cyclic.tolist(), list(range(5)))
    assert min(shares) > 0
    assert not (cyclic @ np.array(shares)).any()
