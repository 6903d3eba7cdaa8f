"""Requirements on a learner: missing or wrong parts are reported in one line, at or before the first compilation."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from bandits.core.jit import kernel
from bandits.losses import LossTable
from bandits.protocol import Learner, LearnerSteps, RoundProblem, steps_of_pair
from bandits.switching import Bandit, FullInformation, SwitchingCostGame
from sims import simulate
from tests.drivers import play_plainly


class Params(NamedTuple):
    n_actions: int


class State(NamedTuple):
    arm: int


@kernel
def init(params, rng):
    return State(0)


@kernel
def act(params, state, t, rng):
    return state.arm


@kernel
def update(params, state, t, action, feedback, rng):
    return State((action + 1) % params.n_actions)


GAME = SwitchingCostGame(LossTable(np.full((6, 2), 0.5)), 6)
RIGHT = {"steps": LearnerSteps(init, act, update), "accepts": (Bandit,), "parameters": lambda self, game: Params(2)}


def learner(**changes):
    """Make a learner class with some of its parts changed, or left out where None."""
    parts = {name: value for name, value in (RIGHT | changes).items() if value is not None}
    return dataclass(frozen=True)(type("Mine", (Learner,), parts))


def refused(match, **changes):
    with pytest.raises(TypeError, match=match) as caught:
        simulate(GAME, learner(**changes)())
    assert "\n" not in str(caught.value)


def test_three_steps_and_parameters_are_a_learner():
    """It plays round robin: a switch in every round but the first."""
    mine = learner()()
    mine.check(GAME)
    assert play_plainly(GAME, mine)[0, 0, GAME.metrics.index("switches")] == 5
    assert mine.name == "Mine"


def test_without_parameters_no_learner_can_be_made():
    with pytest.raises(TypeError, match=r"abstract.*parameters"):
        learner(parameters=None)()


def test_without_its_parts_no_problem_can_be_made():
    for missing in ("metrics", "steps", "setting"):
        parts = {name: None for name in ("metrics", "steps", "setting") if name != missing}
        with pytest.raises(TypeError, match=rf"abstract.*{missing}"):
            type("Part", (RoundProblem,), parts)()


def test_without_steps():
    refused(r"^Mine must have `steps`, a LearnerSteps\(init, act, update\) of kernels$", steps=None)
    refused(r"^Mine must have `steps`", steps=(init, act, update))


def test_without_accepts():
    refused(r"^Mine must have `accepts`, a tuple of the feedback classes", accepts=None)
    refused(r"^Mine must have `accepts`", accepts=Bandit)


def test_wrong_feedback():
    refused(r"^Mine learns from FullInformation feedback, but the problem gives Bandit$", accepts=(FullInformation,))
    both = learner(accepts=(FullInformation, Bandit))()
    both.check(GAME)
    with pytest.raises(TypeError, match=r"^Mine learns from FullInformation or Bandit feedback, but .* gives NoneType"):
        both.check(object())


@kernel
def act_without_stream(params, state, t):
    return state.arm


@kernel
def act_on_what_is_not_there(params, state, t, rng):
    return state.weights[0]


def act_not_compiled(params, state, t, rng):
    return state.arm


@kernel
def update_changes_a_type(params, state, t, action, feedback, rng):
    return State(feedback)


DOES_NOT_COMPILE = r"^Mine's steps do not compile in SwitchingCostGame: .*"


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (
            LearnerSteps(init, act_without_stream, update),
            r"act must take \(params, state, t, rng\), got \(params, state, t\) \(act_without_stream in ",
        ),
        (
            LearnerSteps(init, act_on_what_is_not_there, update),
            r"act raises AttributeError: 'State' object has no attribute 'weights' \(.*line ",
        ),
        (LearnerSteps(init, act_not_compiled, update), r"is act a kernel.*\(act_not_compiled in "),
        (
            LearnerSteps(init, act, update_changes_a_type),
            r"update returns a float for State.arm, which init made an integer \(",
        ),
    ],
    ids=["signature", "attribute", "not a kernel", "type of a field"],
)
def test_steps_that_do_not_compile_say_whose_and_why(steps, reason):
    refused(DOES_NOT_COMPILE + reason, steps=steps)


def test_parameters_are_a_record_of_numbers():
    refused(r"^Mine.parameters must return a NamedTuple, got dict$", parameters=lambda self, game: {"n_actions": 2})
    with pytest.raises(ValueError, match=r"^Mine.parameters gives nan for n_actions$"):
        simulate(GAME, learner(parameters=lambda self, game: Params(float("nan")))())


def test_the_play_of_a_batched_learner_replaces_the_loop():
    """A learner without steps that plays by itself: its numbers are the run's, for the repetitions asked."""

    def play(self, problem, seed, first, count, rounds):
        shape = (count, len(rounds), len(problem.metrics))
        return np.broadcast_to(seed + np.arange(first, first + count)[:, None, None], shape)

    run = simulate(GAME, learner(steps=None, play=play)(), repetitions=3, seed=100, first_repetition=7)
    assert run.final("regret").tolist() == [107.0, 108.0, 109.0]
    assert run.values.dtype == np.float64


@cache
def slowly_made(n_actions):
    time.sleep(0.05)  # the other thread asks meanwhile
    return LearnerSteps(object(), n_actions, None)


class Slow(Learner):
    """A learner whose steps take a while to be made."""

    def steps_for(self, problem):
        return slowly_made(problem.n_actions)

    def parameters(self, problem):
        return Params(problem.n_actions)


def test_threads_get_the_same_steps_of_a_pair():
    """Steps made twice would be compiled twice; `functools.cache` alone calls the factory in both threads."""
    learner = Slow()
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: steps_of_pair(GAME, learner), range(2))
    assert first[0] is second[0]
