"""The game as a problem: what it checks, what it derives."""

import numpy as np
import pytest

from bandits.losses import BernoulliLosses
from bandits.preference import INPO, SPPO, ExactRow, HedgeSelfPlay, NashMD, NashMP, NoisyRow, PreferenceGame, games
from bandits.switching import Bandit, Exp3, SwitchingCostGame
from sims import Cell, simulate
from tests.bandits.preference.self_play.playing import MU, REFERENCE

GAME = PreferenceGame(REFERENCE, 10, 0.1, MU)


def test_derived_numbers():
    assert (GAME.n_actions, GAME.n_games) == (3, 1)
    assert np.abs(GAME.skew[0] - (REFERENCE - 0.5)).max() < 1e-16
    assert np.array_equal(GAME.skew[0], -GAME.skew[0].T)
    assert GAME.reference_range == pytest.approx(np.log(5.0), rel=1e-15)
    assert GAME.initial_kl == pytest.approx(0.089621859387856, abs=1e-14)
    assert GAME.metrics[:3] == ("queries", "gap0", "average_gap0")
    assert PreferenceGame(REFERENCE, 10).metrics == ("queries", "gap0", "average_gap0")
    assert PreferenceGame(REFERENCE, 10).reference_range == pytest.approx(np.log(3.0), rel=1e-15)


def test_one_reference_a_game():
    pair = PreferenceGame([REFERENCE, games.dice()], 10, 0.1, [MU, [0.2, 0.3, 0.5]])
    assert pair.n_games == 2
    assert np.allclose(np.exp(pair.log_reference), [MU, [0.2, 0.3, 0.5]], atol=1e-16)
    assert np.allclose(pair.log_equilibrium[0], GAME.log_equilibrium[0], atol=1e-13)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((REFERENCE, 0), ValueError, "horizon must be at least 1, got 0"),
        ((REFERENCE, 2.5), TypeError, "horizon must be an integer"),
        ((REFERENCE, 10, -0.1), ValueError, "regularization must be finite and in"),
        ((REFERENCE, 10, np.nan), ValueError, "regularization must be finite"),
        (
            (REFERENCE, 10, 0.1, [0.5, 0.5]),
            ValueError,
            r"reference must be \(n,\) or \(\.\.\., n\)",
        ),
        ((REFERENCE, 10, 0.1, [0.5, 0.5, 0.0]), ValueError, "reference must be positive everywhere"),
        ((REFERENCE, 10, 0.1, [0.5, 0.5, 0.5]), ValueError, "reference must sum to 1"),
        ((np.full((2, 2, 2, 2), 0.5), 10), ValueError, "preferences must be"),
        ((REFERENCE, 10, 0.1, MU, "exact"), TypeError, "feedback must be ExactRow"),
        ((REFERENCE, 10, 0.1, MU, ExactRow), TypeError, "the class itself: call it"),
        ((REFERENCE, 10, 0.1, MU, ExactRow(), [1.0]), ValueError, "contexts must be one probability per game"),
        (([REFERENCE] * 2, 10, 0.1, MU, ExactRow(), [0.5, 0.6]), ValueError, "contexts must sum to 1"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        PreferenceGame(*arguments)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: NoisyRow(0), ValueError, "samples must be between 1 and"),
        (lambda: HedgeSelfPlay(0.0), ValueError, "learning_rate must be finite and in"),
        (lambda: INPO(-1.0), ValueError, "prox_weight must be finite and in"),
        (lambda: SPPO(5.0), ValueError, "learning_rate must be finite and in"),
        (lambda: NashMD(20.0).parameters(GAME), ValueError, r"learning_rate must be finite and in \[0, 10\]"),
        (lambda: NashMD().parameters(PreferenceGame(REFERENCE, 10)), ValueError, "regularization must be finite"),
        (lambda: PreferenceGame(REFERENCE, 10).log_equilibrium, ValueError, "for the equilibrium to be unique"),
        (lambda: simulate(GAME, Exp3()), TypeError, "Exp3 learns from Bandit feedback, but the problem gives ExactRow"),
        (
            lambda: simulate(SwitchingCostGame(BernoulliLosses([0.5, 0.5]), 10, 1.0, Bandit()), NashMP()),
            TypeError,
            "NashMP learns from ExactRow or NoisyRow feedback, but the problem gives Bandit",
        ),
        (
            lambda: simulate(PreferenceGame(REFERENCE, 10, 0.1, MU, NoisyRow(2)), SPPO()),
            TypeError,
            "SPPO learns from ExactRow feedback, but the problem gives NoisyRow",
        ),
    ],
)
def test_wrong_uses(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_cell_of_a_sweep_has_an_address():
    addresses = {
        Cell(PreferenceGame(REFERENCE, 10, tau, MU), learner).address
        for tau in (0.1, 0.2)
        for learner in (NashMP(), NashMP(0.6), INPO())
    }
    assert len(addresses) == 6
    assert Cell(PreferenceGame(REFERENCE, 10, 0.1, MU), NashMP()).address in addresses
