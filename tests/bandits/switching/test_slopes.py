"""Growth of the regret on the multi-scale random walk: 2/3 for bandit feedback, 1/2 for full information.

The slopes are fitted to means over 48 repetitions at horizons 2^10 ... 2^20; their sampling error is below
0.01 and the curvature of the lower-order terms below 0.03 on this grid, so that +-0.05 tells 1/2 from 2/3.
Fixed seed: the outcome is a function of the code alone.
"""

import numpy as np
import pytest

from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import (
    Bandit,
    BatchedExp3,
    Exp3,
    FullInformation,
    LazyPerturbedLeader,
    ShrinkingDartboard,
    SwitchingCostGame,
    TsallisSwitch,
)
from sims import simulate

HORIZONS = [2**k for k in range(10, 21, 2)]


def fitted_slope(learner, feedback, horizons):
    means = []
    for horizon in horizons:
        game = SwitchingCostGame(MultiScaleRandomWalk(5), horizon, feedback=feedback)
        means.append(simulate(game, learner, repetitions=48, seed=2, checkpoints=[horizon]).final("regret").mean())
    return np.polyfit(np.log(horizons), np.log(means), 1)[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("learner", "feedback", "expected"),
    [
        (BatchedExp3(), Bandit(), 2 / 3),
        (TsallisSwitch(), Bandit(), 2 / 3),
        (ShrinkingDartboard(), FullInformation(), 1 / 2),
    ],
    ids=lambda x: getattr(x, "name", None),
)
def test_slope(learner, feedback, expected):
    assert fitted_slope(learner, feedback, HORIZONS) == pytest.approx(expected, abs=0.05)


@pytest.mark.slow
def test_slope_of_the_lazy_perturbed_leader():
    assert fitted_slope(LazyPerturbedLeader(), FullInformation(), HORIZONS[:-1]) == pytest.approx(0.5, abs=0.05)


def test_drawing_afresh_every_round_costs_linearly():
    assert fitted_slope(Exp3(), Bandit(), HORIZONS[:-1]) == pytest.approx(1.0, abs=0.02)
