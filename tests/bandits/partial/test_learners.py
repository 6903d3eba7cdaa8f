"""The phase transition of label-efficient prediction in compiled games."""

import numpy as np
import pytest

from bandits.partial import Exp3Signals, FiniteGame, IndependentOutcomes, PartialMonitoring, WaterTransfer
from sims import simulate

HORIZONS = (1_000, 10_000, 100_000)


@pytest.mark.parametrize(
    ("cost", "kind", "learner", "exponent"),
    [(0.5, "easy", WaterTransfer(), 1 / 2), (1.0, "hard", Exp3Signals(), 2 / 3)],
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


def test_certain_numbers():
    """One action is best and the learner has no other: no regret, and metrics are sums of the table."""
    game = FiniteGame([[0.25, 0.5], [0.5, 0.5]], np.zeros((2, 2)))
    problem = PartialMonitoring(game, IndependentOutcomes([0.5, 0.5]), 5000)
    run = simulate(problem, Exp3Signals(), repetitions=3, seed=1, checkpoints=[5000])
    assert (run.final("regret") == 0.0).all()
    assert np.array_equal(run.final("loss"), run.final("best_loss"))
    assert 0.25 * 5000 < run.final("loss").min() <= run.final("loss").max() < 0.5 * 5000
