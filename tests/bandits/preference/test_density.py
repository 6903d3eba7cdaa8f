"""Densities fitted to wins: recovered, as the likelihood's maximum says, and away from annotators' averages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.preference import density, fit_density, games, mixture_fit
from bandits.preference.duels.problem import Pair
from bandits.preference.reward_fit import FitParams, count_answer, no_fit, refit
from tests.bandits.preference.self_play.playing import random_policy
from tests.drivers import plain


def check_recovery(fit=fit_density):
    for known in ([0.6, 0.3, 0.1], [0.2, 0.8], [1.0]):
        assert np.abs(fit(games.luce(known)) - known).max() < 1e-12


def check_digits(fit=mixture_fit):
    """Two annotators in equal shares; digits from another program."""
    found = fit([0.5, 0.5], [[0.8, 0.1, 0.1], [0.05, 0.15, 0.8]])
    assert np.abs(found.fitted - [0.343343242497, 0.233157363403, 0.423499394100]).max() < 1e-12
    assert np.abs(found.average - [0.425, 0.125, 0.45]).max() < 1e-15
    assert np.abs(found.winner - [0.0, 0.0, 1.0]).max() < 1e-12


def test_one_annotator_is_recovered():
    check_recovery()


def test_two_annotators_are_not_one():
    check_digits()


@st.composite
def wins(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(2, 7))
    return rng.integers(1, 20, (n, n)).astype(float)


@given(wins(), st.floats(0.1, 100.0))
def test_expected_wins_are_wins(count, scale):
    """The condition of optimality; and only ratios of wins matter, not the diagonal."""
    p, off = fit_density(count), 1.0 - np.eye(len(count))
    expected = (count + count.T) * off * p[:, None] / (p[:, None] + p[None, :])
    assert expected.sum(axis=1) == pytest.approx((count * off).sum(axis=1), rel=1e-11)
    assert fit_density(scale * count * off) == pytest.approx(p, rel=1e-10)


@given(wins())
def test_no_step_lowers_the_likelihood(count):
    count = count * (1.0 - np.eye(len(count)))
    theta = 3.0 * np.log(random_policy(len(count), np.random.default_rng(3)))
    before = -np.inf
    for _ in range(10):
        likelihood = -float(np.sum(count * np.logaddexp(0.0, theta[None, :] - theta[:, None])))
        assert likelihood >= before - 1e-12 * abs(likelihood)
        before, theta = likelihood, theta + density.newton_step(count, theta)


def test_newton_finds_the_same_density():
    count = np.array([[0.0, 4.0, 1.0], [2.0, 0.0, 3.0], [5.0, 1.0, 0.0]])
    params = FitParams(np.eye(3)[:, :2], np.log(np.full(3, 1 / 3)), 0.0, np.inf, 0.0, 1.0)
    fit = plain(no_fit)(params)
    tally = np.zeros((3, 3))
    for i, j in np.ndindex(3, 3):
        for _ in range(int(count[i, j])):
            plain(count_answer)(tally, Pair(i, j), 1.0)
    plain(refit)(params, tally, fit)
    reward = np.append(fit.theta, 0.0)
    assert np.exp(reward) / np.exp(reward).sum() == pytest.approx(fit_density(count), rel=1e-11)


def test_the_fit_can_pass_over_the_majority_s_choice():
    """Two thirds prefer action 0 to each other one, but action 1 wins more often on the whole."""
    found = mixture_fit([2 / 3, 1 / 3], [[0.95, 0.045, 0.0025, 0.0025], [0.0001, 0.8999, 0.09, 0.01]])
    assert found.winner == pytest.approx([1.0, 0.0, 0.0, 0.0], abs=1e-12)
    assert np.argmax(found.fitted) == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fit_density([[0.0, 1.0]]), ValueError, "wins must be square"),
        (lambda: fit_density([[0.0, -1.0], [1.0, 0.0]]), ValueError, "wins must lie in"),
        (lambda: fit_density([[0.0, 1.0], [0.0, 0.0]]), ValueError, "wins must hold, for every set of actions, one"),
        (lambda: fit_density(games.dice(), tolerance=0.0), ValueError, "tolerance must be finite and in"),
        (lambda: fit_density(games.comal_cycle(), max_rounds=1), ValueError, "max_rounds must be larger"),
        (lambda: mixture_fit([1.0], [0.5, 0.5]), ValueError, "weights and densities must be"),
        (lambda: mixture_fit([1.0], [[1.0, 0.0]]), ValueError, "densities must be positive"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
