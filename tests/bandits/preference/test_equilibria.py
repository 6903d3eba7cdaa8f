"""Equilibria carry their certificate: what no policy can improve on is an equilibrium, however it was found."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.preference import equilibria, games, log_regularized_nash, regularized_nash, von_neumann_winner, winner
from bandits.preference.measures import gap0, kl, sub_tau
from tests.bandits.preference.self_play.playing import (
    MU,
    REFERENCE,
    cases,
    divergence,
    matrices,
    random_matrix,
    random_policy,
)


@pytest.mark.parametrize(
    ("tau", "mu", "policy", "gap"),
    [
        (1.0, MU, [0.520807671013, 0.268316731025, 0.210875597961], 0.100996375995),
        (0.1, MU, [0.446798045940, 0.180856128808, 0.372345825252], 0.106376766853),
        (0.01, MU, [0.298442033982, 0.267265231143, 0.434292734874], 0.012470721135),
        (1.0, None, [0.343441821663, 0.321647231557, 0.334910946780], 0.059023960222),
        (0.1, None, [0.341512967422, 0.265748965066, 0.392738067512], 0.030305600942),
        (0.01, None, [0.291763790362, 0.280240446300, 0.427995763338], 0.004609337625),
    ],
)
def test_reference_game(tau, mu, policy, gap):
    found = regularized_nash(REFERENCE, tau, mu)  # a policy, like the winner
    assert np.abs(found - policy).max() < 1e-12
    assert float(gap0(games.skew(REFERENCE), found)) == pytest.approx(gap, abs=1e-12)


@pytest.mark.parametrize(
    ("preferences", "winner"),
    [
        (REFERENCE, np.array([2, 2, 3]) / 7),
        (games.comal_cycle(), np.array([4, 3, 4]) / 11),
        (games.dice(), [1 / 3] * 3),
        (games.biased_rock_paper_scissors(0.1, 0.2, 0.3), np.array([2, 3, 1]) / 6),
        (games.three_raters(0.1), np.array([1 / 3 + 0.05, 1 / 3 + 0.05, 1 / 3 - 0.1])),
        (games.condorcet_cycle(7, 0.3), [1 / 7] * 7),
        (games.arithmetic(10), np.eye(10)[0]),
        (games.bradley_terry([0.0, 2.0, 1.0]), np.eye(3)[1]),
    ],
)
def test_von_neumann_winners_known_in_closed_form(preferences, winner):
    assert np.abs(von_neumann_winner(preferences) - winner).max() < 1e-12


def check_winner(preferences, solve=von_neumann_winner):
    """Nothing beats it: gap0 below 1e-10, recomputed from its definition."""
    p = solve(preferences)
    assert (p >= 0.0).all()
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert 2.0 * (preferences @ p).max() - 1.0 < 1e-10


def check_regularized(preferences, tau, mu, solve=log_regularized_nash):
    """It is its own best response: sub_tau below 1e-13, and the fixed point holds by direct substitution."""
    log_p = solve(preferences, tau, mu)
    assert float(sub_tau(games.skew(preferences), log_p, np.log(mu), tau)) < 1e-13
    advantage = games.skew(preferences) @ np.exp(log_p)
    flat = tau * (log_p - np.log(mu)) - advantage
    assert np.ptp(flat) < 1e-12 * (1.0 + tau * (1.0 + np.abs(log_p).max()))


@given(matrices(most=12))
def test_von_neumann_winners_of_random_games(preferences):
    check_winner(preferences)


@given(cases(most=12, smallest=1e-3))
def test_regularized_equilibria_of_random_games(known):
    check_regularized(known.preferences, known.tau, known.mu)


@pytest.mark.parametrize("kind", ["uniform", "tournament", "disc"])
def test_larger_games(kind):
    preferences = random_matrix(kind, 60, 5)
    check_winner(preferences)
    check_regularized(preferences, 0.01, random_policy(60, np.random.default_rng(1)))


def test_winners_of_generic_games_have_odd_support():
    for seed in range(10):
        assert (von_neumann_winner(games.uniform_random(9, seed)) > 1e-9).sum() % 2 == 1


def test_equilibrium_at_50_digits():
    """The logarithms differ from the fixed point at 50 digits by a few units in the last place."""
    preferences, tau = games.uniform_random(5, 3), 0.05
    found = log_regularized_nash(preferences, tau)
    with mpmath.workdps(50):
        matrix = mpmath.matrix(games.skew(preferences).tolist())

        def residual(*theta):
            p = mpmath.matrix([mpmath.exp(x) for x in theta])
            gain = matrix * p
            flat = [tau * theta[i] - gain[i] for i in range(5)]
            return [flat[i] - flat[0] for i in range(1, 5)] + [sum(p) - 1]

        exact = mpmath.findroot(residual, found.tolist(), tol=1e-45)
        worst = max(abs(exact[i] - found[i]) for i in range(5))
    assert float(worst) < 1e-13


def test_a_batch_of_games_is_its_games():
    batch = np.stack([games.uniform_random(4, seed) for seed in range(5)])
    together = log_regularized_nash(batch, 0.1)
    alone = np.stack([log_regularized_nash(game, 0.1) for game in batch])
    assert np.abs(together - alone).max() < 1e-12


def test_rare_actions_keep_their_logarithm():
    """With tau = 0.001 the worst action's probability is far below the least float64, and its logarithm is right."""
    log_p = log_regularized_nash(games.arithmetic(3), 1e-4)
    assert np.exp(log_p[2]) == 0.0
    assert log_p[2] - log_p[0] == pytest.approx(-(2 / 6) / 1e-4, rel=1e-9)


@given(cases(least=2), st.integers(0, 2**32 - 1))
def test_equilibria_approach_the_nearest_winner(known, seed):
    """(G7): KL(p* || mu) + KL(v || p*) <= KL(v || mu) for every von Neumann winner v."""
    winner = von_neumann_winner(known.preferences)
    with np.errstate(divide="ignore"):
        log_v = np.log(winner)
    left = divergence(known.log_star, known.log_mu) + divergence(log_v, known.log_star)
    assert left <= divergence(log_v, known.log_mu) + 1e-9 / known.tau


def test_large_weights_reward_the_mean_row():
    """For large tau the equilibrium is mu (1 + (P mu - 1/2) / tau) to first order."""
    preferences = games.uniform_random(6, 4)
    borda = preferences.mean(axis=1)
    found = np.exp(log_regularized_nash(preferences, 1e4))
    assert np.abs(found - (1.0 + (borda - 0.5) / 1e4) / 6).max() < 1e-8


def test_a_game_of_one_action():
    assert von_neumann_winner([[0.5]]).tolist() == [1.0]
    assert log_regularized_nash([[0.5]], 0.1).tolist() == [0.0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: log_regularized_nash(REFERENCE, 0.0), ValueError, r"regularization must be finite and in \(0, inf\)"),
        (lambda: log_regularized_nash(REFERENCE, 0.1, [1, 0, 0]), ValueError, "reference must be positive everywhere"),
        (lambda: log_regularized_nash(np.ones((2, 3)) / 2, 0.1), ValueError, "preferences must be square"),
        (lambda: log_regularized_nash(np.ones((2, 2)), 0.1), ValueError, "preferences must satisfy P"),
        (lambda: von_neumann_winner(np.full((2, 3, 3), 0.5)), ValueError, "one matrix"),
        (lambda: von_neumann_winner("x"), TypeError, "preferences must be an array of numbers"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_solver_that_fails_says_so(monkeypatch):
    found = von_neumann_winner(REFERENCE)
    monkeypatch.setattr(winner, "_guess", lambda matrix: np.eye(3)[0])
    assert von_neumann_winner(REFERENCE).tolist() == found.tolist()  # by the simplex method
    monkeypatch.setattr(equilibria, "_newton", lambda games, logs, theta, tau, tolerance: theta)
    with pytest.raises(ArithmeticError, match="sub_tau"):
        log_regularized_nash(REFERENCE, 0.1)


def test_divergence_from_the_reference():
    assert float(kl(log_regularized_nash(REFERENCE, 0.1, MU), np.log(MU))) == pytest.approx(
        0.089621859387856, abs=1e-14
    )
    found = float(sub_tau(games.skew(REFERENCE), np.log(MU), np.log(MU), 0.1))
    assert 2.0 * found == pytest.approx(0.040193804735021, abs=1e-14)
