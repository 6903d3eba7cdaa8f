"""Learners in blocks, problems with probes: the same draws as without, and more numbers."""

import numpy as np
import pytest

from bandits.combine import Blocked, at_horizon, blocked, observed
from bandits.contextual import ContextualGame, InverseGapWeighting, certified, linear_world
from bandits.delays import Bold, FixedDelay, delayed
from bandits.losses import BernoulliLosses
from bandits.one_sided import Exp2Analysis, Exp2OneSided, three_points
from bandits.switching import BatchedExp3, Exp3, FullInformation, Hedge, SwitchingCostGame
from sims import Cell, simulate

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5, 0.6]), horizon=500)


@pytest.mark.parametrize("length", [1, 7, 499, 500])
def test_batched_exp3_is_exp3_in_blocks(length):
    ours = simulate(GAME, blocked(Exp3(0.1), length), repetitions=5, seed=3)
    assert np.array_equal(ours.values, simulate(GAME, BatchedExp3(0.1, length), repetitions=5, seed=3).values)


def test_blocks_of_one_round_are_the_learner_itself():
    ours, alone = (simulate(GAME, learner, repetitions=5) for learner in (blocked(Exp3(0.1), 1), Exp3(0.1)))
    assert np.array_equal(ours.values, alone.values)


@pytest.mark.slow
def test_many_actions_are_played_in_blocks_too():
    game = SwitchingCostGame(BernoulliLosses.with_gap(200, 0.3), 300)
    runs = [simulate(game, learner, repetitions=3) for learner in (blocked(Exp3(0.1), 5), BatchedExp3(0.1, 5))]
    assert np.array_equal(runs[0].values, runs[1].values)


def test_blocks_have_addresses_and_names():
    cells = [Cell(GAME, blocked(Exp3(0.1), length)) for length in (4, 5)]
    assert all(cell.code.version for cell in cells)
    assert cells[0].address != cells[1].address
    assert cells[0].learner.name == "Exp3 in blocks of 4"


def test_what_cannot_be_blocked_is_refused():
    with pytest.raises(TypeError, match="learns from bandit feedback, but the problem gives full information"):
        simulate(SwitchingCostGame(GAME.losses, 20, feedback=FullInformation()), blocked(Hedge(), 4))
    with pytest.raises(ValueError, match="length must be"):
        Blocked(Exp3(), 0)


def test_a_probe_changes_no_draw():
    game, learner = three_points(200), Exp2OneSided(1.0)
    plain, probed = (simulate(problem, learner, repetitions=3) for problem in (game, observed(game, Exp2Analysis())))
    assert np.array_equal(plain.values, probed.values[:, :, : len(game.metrics)])
    assert probed.problem.n_hypotheses == game.n_hypotheses
    assert np.isfinite(probed.final("second_moment")).all()


def test_another_horizon_reaches_through_probes_and_delays():
    learner, game = InverseGapWeighting(), ContextualGame(linear_world(2, 2, 3), 12)
    probed = certified(game, learner)
    assert at_horizon(delayed(probed, FixedDelay(2)), 7).horizon == 7
    copies = Bold(learner).parameters(delayed(probed, FixedDelay(2)))
    assert copies.inner.level == learner.parameters(ContextualGame(game.world, 4)).level
