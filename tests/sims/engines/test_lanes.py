"""Lanes: repetitions played at once have the numbers that each has alone, bit for bit."""

import numpy as np
import pytest

from bandits.core import stopping
from bandits.core.lanes import LANES
from bandits.core.rng import seed_word
from bandits.losses import BernoulliLosses
from bandits.switching import SwitchingCostGame
from bandits.switching.exp3 import Exp3
from sims.engines.compiled import compose, in_lanes

COINS = BernoulliLosses((0.5, 0.3, 0.6, 1.0, 0.0, 0.9))
PAIRS = {
    "EXP3, weights remade": (SwitchingCostGame(COINS, 700), Exp3(0.3)),
}


def played(problem, learner, first, count, width):
    steps = learner.steps_for(problem), problem.steps
    loop = compose(*(in_lanes(*steps) if width > 1 else steps), problem.metrics, width)
    rounds = np.array([1, 64, problem.horizon])
    values = np.full((count, len(rounds), len(problem.metrics)), np.nan)
    loop(learner.parameters(problem), problem.setting(), seed_word(7), first, rounds, stopping.flag(), values)
    return values


@pytest.mark.parametrize("name", PAIRS)
def test_a_lane_has_the_numbers_of_its_repetition(name):
    """Whatever the count, and in whichever lane."""
    alone = played(*PAIRS[name], 0, 2 * LANES + 1, 1)
    assert len(np.unique(alone[:, -1, 0])) > 1
    assert not np.isnan(alone).any()
    for first, count in (0, 1), (1, LANES - 1), (3, LANES), (0, 2 * LANES + 1):
        assert np.array_equal(played(*PAIRS[name], first, count, LANES), alone[first : first + count])
