"""The phase transition of label-efficient prediction in compiled games."""

import numpy as np
import pytest

from bandits.partial import (
    Exp3Neighbours,
    Exp3Signals,
    FiniteGame,
    IndependentOutcomes,
    PartialMonitoring,
    WaterTransfer,
)
from sims import simulate
from tests.drivers import slow

HORIZONS = (1_000, 10_000, 100_000)


@pytest.mark.parametrize(
    ("cost", "kind", "learner", "exponent"),
    [(0.5, "easy", WaterTransfer(), 1 / 2), slow(1.0, "hard", Exp3Signals(), 2 / 3)],
)
def test_slope(cost, kind, learner, exponent):
    """Slopes of the mean regret of 64 repetitions at gaps T^(exponent - 1); fixed seed."""
    game = FiniteGame.label_efficient(cost)
    assert game.classify().kind == kind
    regret = []
    for T in HORIZONS:
        gap = T ** (exponent - 1.0)
        problem = PartialMonitoring(game, IndependentOutcomes([0.5 - gap, 0.5 + gap]), T)
        regret.append(simulate(problem, learner, repetitions=64, seed=1, checkpoints=[T]).mean("regret")[-1])
    assert np.polyfit(np.log(HORIZONS), np.log(regret), 1)[0] == pytest.approx(exponent, abs=0.05)


MIDDLE = FiniteGame([[0.0, 1.0], [0.4, 0.4], [1.0, 0.0]], [[0, 0], [0, 1], [0, 0]])
_SLOPES = [slow(Exp3Neighbours(), 2.0, 1 / 2, 1 / 2), slow(Exp3Signals(), 0.5, 1 / 3, 2 / 3)]


@pytest.mark.parametrize(("learner", "multiple", "power", "exponent"), _SLOPES)
def test_slope_with_a_middle_action(learner, multiple, power, exponent):
    """Against gaps around the face of actions 0 and 1; 24 repetitions, fixed seed, deviation of a slope about 0.013."""
    regret = []
    for T in HORIZONS:
        gap = multiple * T**-power
        problem = PartialMonitoring(MIDDLE, IndependentOutcomes([0.6 + gap, 0.4 - gap]), T)
        regret.append(simulate(problem, learner, repetitions=24, seed=5, checkpoints=[T]).mean("regret")[-1])
    assert np.polyfit(np.log(HORIZONS), np.log(regret), 1)[0] == pytest.approx(exponent, abs=0.08)


@pytest.mark.parametrize("learner", [Exp3Signals(), Exp3Neighbours()])
def test_certain_numbers(learner):
    """One action is best and the learner has no other: no regret, and metrics are sums of the table."""
    game = FiniteGame([[0.25, 0.5], [0.5, 0.5]], np.zeros((2, 2)))
    problem = PartialMonitoring(game, IndependentOutcomes([0.5, 0.5]), 5000)
    run = simulate(problem, learner, repetitions=3, seed=1, checkpoints=[5000])
    assert (run.final("regret") == 0.0).all()
    assert np.array_equal(run.final("loss"), run.final("best_loss"))
    assert 0.25 * 5000 < run.final("loss").min() <= run.final("loss").max() < 0.5 * 5000
