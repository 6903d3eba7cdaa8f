"""Stackelberg play by the definitions: gaps, divergences, gradients, and limits of arguments."""

from dataclasses import replace

import numpy as np
import pytest

from bandits.preference import StackelbergGame, StackelbergMatch, stackelberg_gda
from bandits.preference.feedback import ExactRow
from bandits.preference.stackelberg.game import StackelbergPlay, gradients
from bandits.preference.stackelberg.problem import Ask
from tests.bandits.preference.self_play.playing import MU, REFERENCE

GAME = StackelbergGame(REFERENCE, 0.1, 0.2, MU, [MU, MU[::-1], [0.2, 0.5, 0.3]])


def a_play(seed):
    rng = np.random.default_rng(seed)
    return StackelbergPlay(np.log(rng.dirichlet(np.ones(3))), np.log(rng.dirichlet(np.ones(3), 3)))


def kl(log_p, log_q):
    return float((np.exp(log_p) * (log_p - log_q)).sum())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("game", [GAME, replace(GAME, follower_weight=0.0), replace(GAME, leader_weight=0.0)])
def test_metrics(seed, game):
    match, play = StackelbergMatch(game, 10), a_play(seed)
    rules, arrays = match.rules(None), match.arrays()
    others = game.follower_reference
    pi, omega = np.exp(play.log_leader), np.exp(play.log_follower)

    def paid(leader, follower):
        """Return f by its definition."""
        replies = [
            np.exp(follower[y]) @ game.preferences[y] + game.follower_weight * kl(follower[y], np.log(others[y]))
            for y in range(3)
        ]
        return np.exp(leader) @ replies - game.leader_weight * kl(leader, np.log(MU))

    best = np.array(
        [
            -game.follower_weight * np.log(others[y] @ np.exp(-game.preferences[y] / game.follower_weight))
            if game.follower_weight
            else game.preferences[y].min()
            for y in range(3)
        ]
    )
    least = pi @ best - game.leader_weight * kl(play.log_leader, np.log(MU))
    if game.leader_weight:
        value = game.leader_weight * np.log(MU @ np.exp(best / game.leader_weight))
        star = np.log(MU) + (best - value) / game.leader_weight
    else:
        value, star = best.max(), None
    found = rules.measure(arrays, play, 0.7, 4)
    assert found.queries == 4 * ExactRow().queries(3)
    assert found.follower_regret == 0.7
    assert found.leader_gap == pytest.approx(value - least, abs=1e-9)
    assert found.follower_gap == pytest.approx(paid(play.log_leader, play.log_follower) - least, abs=1e-9)
    if star is not None:
        assert found.leader_kl == pytest.approx(kl(star, play.log_leader), abs=1e-9)
        assert found.leader_span == pytest.approx(np.ptp(play.log_leader - star), abs=1e-9)
    assert (rules.leader_regularized, rules.follower_regularized) == (game.leader_weight > 0, game.follower_weight > 0)
    assert omega.shape == (3, 3)


def test_gradients_are_those_of_the_whole_follower():
    play, table = a_play(5), np.random.default_rng(1).random((3, 3))
    found = Ask(GAME.terms, table).gradients(play)
    expected = gradients(GAME.terms, play, table, np.exp(play.log_follower))
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-12)


def test_more_rounds_than_the_limit_are_refused():
    with pytest.raises(ValueError, match="rounds"):
        stackelberg_gda(GAME, 10**7 + 1, 0.1)
