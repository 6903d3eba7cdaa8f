"""The claims that are made by numbers of games: 400 certified equilibria, 1000 games in which Nash-MP contracts."""

import numpy as np
import pytest

from bandits.preference import NashMP, PreferenceGame, games, log_regularized_nash
from bandits.preference.measures import kl
from tests.bandits.preference.self_play.playing import KINDS, random_policy
from tests.bandits.preference.test_equilibria import check_regularized, check_winner

ROUNDS = 25
SIZES = {3: 250, 4: 200, 6: 150, 10: 120, 20: 100, 40: 80, 70: 60, 100: 30, 200: 10}  # actions: games, 1000 in all
TAUS = [1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0]


def random_games(n, count, seed):
    """Return games (count, n, n) of all kinds in turn, ties apart, and references (count, n), even and uneven."""
    rng = np.random.default_rng([n, seed])
    kinds = [kind for name, kind in sorted(KINDS.items()) if name != "tie"]
    matrices = np.stack([kinds[i % len(kinds)](n, rng) for i in range(count)])
    return matrices, np.stack([random_policy(n, rng, (100.0, 0.3)[i % 2]) for i in range(count)])


class Rows:
    """Exact rows of a batch of games."""

    def __init__(self, skew):
        self.skew = skew

    def row(self, log_policy, query=0):
        return (self.skew @ np.exp(log_policy)[..., None])[..., 0]


def check_contraction(learner, matrices, references, tau, rounds=ROUNDS):
    """KL(p* || p) falls by lambda / (lambda + tau) in every game and round, give or take 1e-12 of the logarithms."""
    star = log_regularized_nash(matrices, tau, references)
    params = learner.parameters(PreferenceGame(matrices[0], 1, tau))
    state, ask = learner.start(params, np.log(references)), Rows(games.skew(matrices))
    slack, before = 1e-12 * (1.0 + np.abs(star).max(axis=1)), kl(star, state.log_policy)
    for t in range(rounds):
        state = learner.step(params, state, t, ask)
        after = kl(star, state.log_policy)
        assert (after <= params.prox_weight / (params.prox_weight + tau) * before + slack).all()
        before = after


def test_nash_mp_contracts_at_every_step_of_1000_games():
    assert sum(SIZES.values()) == 1000
    for size, n in enumerate(SIZES):
        matrices, references = random_games(n, SIZES[n], 1)
        for part in range(2):  # two weights a size: all of them, the smallest and the greatest too, on small games
            tau = TAUS[(2 * size + part) % len(TAUS)]
            check_contraction(NashMP(), matrices[part::2], references[part::2], tau)


@pytest.mark.parametrize(("n", "count"), [(2, 80), (3, 120), (5, 100), (10, 60), (30, 36), (100, 4)])
def test_equilibria_of_400_games(n, count):
    """Winners by gap0 < 1e-10, regularised equilibria by sub_tau < 1e-13, recomputed from their definitions."""
    for matrix, mu, tau in zip(*random_games(n, count, 2), np.resize(TAUS, count)):
        check_winner(matrix)
        check_regularized(matrix, tau, mu)


def test_equilibria_of_1000_actions():
    rng = np.random.default_rng(3)
    check_winner(games.annotator_mixture(rng.dirichlet(np.ones(5)), rng.standard_normal((5, 1000))))
    check_regularized(games.uniform_random(1000, rng), 0.05, random_policy(1000, rng))
