"""Random wrong and right learners against `verify`, a smaller run of `python -m tests.theory.adversary`."""

import numpy as np
import pytest

from bandits.losses import LossTable
from bandits.switching import FullInformation, SwitchingCostGame
from sims.engines.recorder import action_counts
from tests.theory.adversary import HORIZON, Faulty, law, results, some_faults, tables
from theory.agreement import compare


def test_wrong_learners_do_not_hold_and_right_ones_are_not_broken():
    """Each verdict is false with probability at most 0.01: more than 3 of 40, or 2 of 10, have probability 7e-4."""
    said, false = results(wrong=40, right=10, seed=1)
    assert false["wrong"] <= 3
    assert false["right"] <= 2
    found = {outcome for (group, outcome) in said if group.startswith("wrong: mean")}
    assert "broken" in found, "some were decided"
    assert "holds" in {outcome for (group, outcome) in said if group.startswith("right: mean")}


@pytest.mark.parametrize("seed", range(4))
def test_the_recursion_is_what_the_kernels_play(seed):
    """False alarm 1e-6 each, of 4000 plays."""
    faults = some_faults(np.random.default_rng(seed), 3)
    table = tables(3)[seed]
    game = SwitchingCostGame(LossTable(table), HORIZON, 0.0, FullInformation())
    counts = action_counts(game, Faulty(faults), 3, 4000, seed)
    assert compare(counts, law(faults, table), 4000, 1e-6).against == ""
