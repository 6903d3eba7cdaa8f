"""The compiled loop: what is shown before the action, and records of metrics that do not fit."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

from bandits.delays import Bold, FixedDelay, delayed
from bandits.jit import kernel
from bandits.protocol import Learner, LearnerSteps, ProblemSteps, RoundProblem
from bandits.rng import uniform
from bandits.switching import Bandit
from sims import simulate
from tests.drivers import play_plainly


class Setting(NamedTuple):
    n_contexts: int


class World(NamedTuple):
    context: Any  # (1,) float64, shown before the action
    hits: int


class Hits(NamedTuple):
    hits: int
    misses: Any  # (1,) int64


@kernel
def start(setting, env):
    return World(np.zeros(1), 0)


@kernel
def observe(setting, world, t, env):
    world.context[0] = np.floor(setting.n_contexts * uniform(env, t, 0))
    return world.context, world


@kernel
def respond(setting, world, t, action, env):
    hit = 1 if action == int(world.context[0]) else 0
    return float(hit), World(world.context, world.hits + hit)


@kernel
def measure(setting, world, n_rounds):
    return Hits(world.hits, np.array([n_rounds - world.hits]))


@dataclass(frozen=True)
class Guess(RoundProblem):
    """The learner is paid for playing the context that it is shown."""

    horizon: int = 50
    shows: bool = True
    n_actions: ClassVar[int] = 5
    feedback: ClassVar[Bandit] = Bandit()
    metrics: tuple[str, ...] = ("hits", "misses_0")

    @property
    def steps(self):
        return ProblemSteps(start, respond, measure, observe if self.shows else None)

    def setting(self):
        return Setting(5)


class Nothing(NamedTuple):
    rounds: int


@kernel
def init(params, rng):
    return Nothing(0)


@kernel
def act_seeing(params, state, observation, t, rng):
    return int(observation[0])


@kernel
def act_blindly(params, state, t, rng):
    return 0


@kernel
def update(params, state, t, action, feedback, rng):
    return Nothing(state.rounds + 1)


@dataclass(frozen=True)
class Blind(Learner):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act_blindly, update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def parameters(self, problem):
        return Nothing(0)


@dataclass(frozen=True)
class Seeing(Blind):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act_seeing, update)


def test_copies_see_what_is_shown_though_feedback_is_late():
    run = simulate(delayed(Guess(), FixedDelay(2)), Bold(Seeing()))
    assert run.final("hits").tolist() == [50.0]


def test_the_observation_reaches_the_learner_before_it_acts():
    run = simulate(Guess(), Seeing(), repetitions=3, record=["observations", "actions"])
    assert run.final("hits").tolist() == [50.0] * 3
    assert run.final("misses_0").tolist() == [0.0] * 3
    assert np.array_equal(run.records["observations"][:, :, 0], run.actions)
    plain = simulate(Guess(), Seeing(), repetitions=3, record=["observations"], backend="python")
    assert np.array_equal(run.values, plain.values)
    assert np.array_equal(run.records["observations"], plain.records["observations"])


def test_a_plain_learner_is_shown_a_copy_that_it_may_keep():
    class Memory:
        def reset(self, problem, rng):
            self.seen = []

        def act(self, observation, rng):
            self.seen.append(observation)
            return int(observation[0])

        def update(self, observation, action, feedback, rng):
            assert observation is self.seen[-1]
            assert [int(x[0]) for x in self.seen[-2:]][-1] == action

    assert simulate(Guess(), Memory(), backend="python").final("hits") == [50.0]


@pytest.mark.parametrize(
    ("problem", "learner", "said"),
    [
        (
            Guess(),
            Blind(),
            r"which shows something before the action: it needs .*observation, t, rng\)",
        ),
        (Guess(shows=False), Seeing(), r"which shows nothing before the action: it needs act\(params, state, t, rng\)"),
    ],
)
def test_learners_that_cannot_look_and_those_that_must(problem, learner, said):
    with pytest.raises(TypeError, match=said):
        simulate(problem, learner)


@pytest.mark.parametrize(
    "metrics",
    [
        ("hits",),
        ("misses_0", "hits"),
        ("hits", "misses"),
        ("hits", "misses_0", "more"),
        ("hits", "misses_0", "misses_seen"),
        ("hit", "misses_0"),
    ],
)
def test_records_that_are_not_the_metrics(metrics):
    for play in (simulate, play_plainly):
        with pytest.raises(TypeError, match=r"measure returns hits, misses_0, \.\.\., but the metrics are"):
            play(Guess(metrics=metrics), Seeing())


def test_arrays_of_another_length():
    with pytest.raises(ValueError, match="measure returns an array that does not have 2 entries"):
        simulate(Guess(metrics=("hits", "misses_0", "misses_1")), Seeing())
