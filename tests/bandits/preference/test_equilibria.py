"""Equilibria carry their certificate: what no policy can improve on is an equilibrium, however it was found."""

from dataclasses import dataclass
from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from bandits.preference import (
    Regularizer,
    Separable,
    Tsallis,
    equilibria,
    games,
    log_regularized_nash,
    regularized_nash,
    von_neumann_winner,
    winner,
)
from bandits.preference.measures import gap0, kl, sub_tau
from bandits.preference.prox import normalise
from tests.bandits.preference.self_play.playing import (
    MU,
    REFERENCE,
    cases,
    divergence,
    matrices,
    random_matrix,
    random_policy,
)
from tests.bandits.preference.self_play.test_regularizers import Squares

MU5 = np.array([0.4, 0.3, 0.2, 0.09, 0.01])


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
    monkeypatch.setattr(equilibria, "homotopy", lambda equations, tau, tolerance: equations.duals)
    with pytest.raises(ArithmeticError, match="sub_tau"):
        log_regularized_nash(REFERENCE, 0.1)


def test_divergence_from_the_reference():
    assert float(kl(log_regularized_nash(REFERENCE, 0.1, MU), np.log(MU))) == pytest.approx(
        0.089621859387856, abs=1e-14
    )
    found = float(sub_tau(games.skew(REFERENCE), np.log(MU), np.log(MU), 0.1))
    assert 2.0 * found == pytest.approx(0.040193804735021, abs=1e-14)


# ---------------------------------------------------------------- other regularisers


@dataclass(frozen=True)
class OwnEntropy(Separable):
    """The entropy as a user would write it: the games are those of the relative entropy."""

    strong_convexity: float = 1.0

    def term(self, probability):
        return probability * np.log(np.maximum(probability, 1e-300))

    def slope(self, probability):
        return np.log(probability) + 1.0

    def inverse(self, slope):
        return np.exp(slope - 1.0)


@dataclass(frozen=True)
class Doubled(Regularizer):
    """Twice the entropy, not as a sum over actions: a game of weight tau is one of the entropy of weight 2 tau."""

    strong_convexity: float = 2.0

    def value(self, policy):
        return 2.0 * (policy * np.log(np.maximum(policy, 1e-300))).sum(-1)

    def gradient(self, policy):
        return 2.0 * np.log(policy)

    def log_policy(self, dual):
        return normalise(0.5 * dual)


@pytest.mark.parametrize("tau", [1e-3, 0.1, 30.0])
def test_the_entropy_written_outside(tau):
    batch = np.stack([games.tournament(5, seed) for seed in range(4)])
    known = regularized_nash(batch, tau, MU5)
    assert np.abs(regularized_nash(batch, tau, MU5, OwnEntropy()) - known).max() < 1e-12
    assert np.abs(regularized_nash(batch, 0.5 * tau, MU5, Doubled()) - known).max() < 1e-12


def check_other(preferences, tau, mu, psi, solve=regularized_nash):
    """No vertex, no policy near it and no other gains: the payoff against p is at most that of p, by its definition."""
    p, matrix, rng = solve(preferences, tau, mu, psi), games.skew(preferences), np.random.default_rng(0)
    others = [*np.eye(len(p)), *rng.dirichlet(np.ones(len(p)), 20), mu]
    others += [(1.0 - share) * p + share * other for share in (1e-2, 1e-4) for other in others]
    base = tau * psi.divergence(p, mu)
    gains = [u @ matrix @ p - tau * psi.divergence(u, mu) + base for u in others]
    assert p.sum() == pytest.approx(1.0, abs=1e-13)
    assert max(gains) < 1e-12 * max(1.0, tau)


OTHERS = [Squares(1 / 6), Tsallis(0.5), Tsallis(0.1), OwnEntropy(), Doubled()]


@pytest.mark.parametrize("psi", OTHERS, ids=lambda psi: type(psi).__name__)
def test_equilibria_of_other_regularizers(psi):
    for seed, (kind, tau) in enumerate(product(("uniform", "tournament", "disc"), (0.01, 0.5))):
        check_other(random_matrix(kind, 6, seed), tau, random_policy(6, np.random.default_rng(seed), 0.3), psi)
    assert regularized_nash([[0.5]], 0.1, None, psi).tolist() == [1.0]


@pytest.mark.parametrize("tau", [0.05, 0.3, 2.0])
def test_two_actions_in_closed_form(tau):
    """Against any policy the first action is ahead by a: f'(p) - f'(1 - p) = a / tau at the equilibrium, or p is 1."""
    edge = 0.2
    for psi in (Squares(0.5), Tsallis(0.5)):
        found = regularized_nash([[0.5, 0.5 + edge], [0.5 - edge, 0.5]], tau, None, psi)

        def slope(p, psi=psi):
            return float(psi.slope(np.float64(p)) - psi.slope(np.float64(1.0 - p))) - edge / tau

        expected = 1.0 if slope(1.0 - 1e-12) < 0.0 else brentq(slope, 0.5, 1.0 - 1e-12, xtol=1e-15)
        assert found[0] == pytest.approx(expected, abs=1e-13)
        assert (found[1] == 0.0) == (expected == 1.0)


def test_euclidean_equilibria_are_sparse():
    game = games.uniform_random(6, 1)
    sizes = [(log_regularized_nash(game, tau, None, Squares(1 / 6)) > -np.inf).sum() for tau in (1e-3, 0.1, 10.0)]
    assert sizes[0] == (von_neumann_winner(game) > 1e-9).sum() < sizes[1] < sizes[2] == 6


@pytest.mark.parametrize("psi", OTHERS, ids=lambda psi: type(psi).__name__)
def test_mirror_prox_alone_reaches_them(monkeypatch, psi):
    mu = random_policy(6, np.random.default_rng(4), 1.0)
    known = regularized_nash(games.tournament(6, 1), 2.0, mu, psi)
    monkeypatch.setattr(equilibria, "homotopy", lambda equations, tau, tolerance: equations.duals.copy())
    monkeypatch.setattr(equilibria, "newton", lambda equations, theta, tau, tolerance: theta)
    assert np.abs(regularized_nash(games.tournament(6, 1), 2.0, mu, psi) - known).max() < 1e-11
    monkeypatch.setattr(equilibria, "_mirror_prox", lambda equations, theta, tau: theta)
    with pytest.raises(ArithmeticError, match=r"no equilibrium for .*: Newton's method and mirror prox stopped at"):
        regularized_nash(games.tournament(6, 1), 2.0, mu, psi)
