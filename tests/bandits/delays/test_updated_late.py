"""A learner that is updated when feedback arrives: its state is that of the feedback so far."""

import numpy as np
import pytest

from bandits.contextual import (
    ContextualGame,
    DiagonalLinUCB,
    GreedyRegression,
    InverseGapWeighting,
    KnownWorld,
    LinearThompson,
    LinUCB,
    PolicyGradient,
)
from bandits.core.shelf import shelf_for
from bandits.delays import DelayTable, FixedDelay, UpdatedLate, delayed
from sims import simulate
from tests.drivers import plain

REQUESTS = np.array([[0.5, 0.25], [0.0, 1.0], [1.0, 0.5]])
GAME = ContextualGame(KnownWorld(REQUESTS, [[0.25, 0.5, 0.75], [0.5, 0.0, 0.25], [0.0, 0.125, 1.0]]), 24)
OPTIONS = {"repetitions": 2, "seed": 3, "backend": "python"}
LEARNERS = [LinUCB(), LinearThompson(), DiagonalLinUCB(), InverseGapWeighting(gamma=20.0), GreedyRegression(0.25)]


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: type(learner).__name__)
def test_without_delay_it_is_the_learner_itself(learner):
    late = simulate(delayed(GAME, FixedDelay(0)), UpdatedLate(learner), **OPTIONS)
    assert np.array_equal(late.values, simulate(GAME, learner, **OPTIONS).values, equal_nan=True)


def test_its_state_is_that_of_what_arrived():
    """The state after each round is that of the rounds whose feedback has come, in the order in which it came."""
    delays = [3, 0, 2, 1] * 6
    game, late, learner = delayed(GAME, DelayTable(delays)), UpdatedLate(LinUCB()), LinUCB()
    params, steps = learner.parameters(GAME), learner.steps_for(GAME)
    read, init, update = plain(shelf_for(game.example()).get), plain(steps.init), plain(steps.update)
    play = simulate(game, late, seed=3, backend="python", record="everything").trace[0]
    for end in (1, 4, 9, 23):
        came = sorted((s + delays[s], s) for s in range(end) if s + delays[s] < end)
        state = init(params, None)
        for _, s in came:
            arrived = play[s + delays[s]].feedback
            seen = read(arrived.feedback, list(arrived.rounds[: arrived.n]).index(s))
            assert np.array_equal(seen.context, play[s].observation)
            state = update(params, state, s, int(play[s].action), seen, None)
        assert play[end].state.ridge.theta == pytest.approx(state.ridge.theta, abs=1e-12)
        assert play[end].state.ridge.log_det == pytest.approx(state.ridge.log_det, abs=1e-12)


def test_learners_that_need_the_round_are_refused():
    with pytest.raises(TypeError, match="learner must be one that can be updated late, such as LinUCB"):
        UpdatedLate(PolicyGradient())
    with pytest.raises(TypeError, match="LinUCB, updated late learns from Late feedback"):
        simulate(GAME, UpdatedLate(LinUCB()))
