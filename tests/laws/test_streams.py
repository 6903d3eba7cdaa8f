"""Where every learner and problem draws from: its own stream, and no address twice.

A draw that is used again, in another round or for another action, makes what should be independent equal; no mean shows
it. Two places of the code share addresses on purpose only in learners with a short cut that looks ahead.
"""

import sys
from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest

from bandits import losses, one_sided, preference, switching, threshold
from bandits.combine import Probe, ProbeSteps, observed
from bandits.core import rng as generator
from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.protocol import Learner, RoundProblem
from sims.config import public_classes
from tests import references
from tests.constructors import base_of
from tests.drivers import plain, stream_of
from tests.small_games import opponent, switching_game

ROUNDS = 6
LOOK_AHEAD = (switching.LazyPerturbedLeader, switching.ShrinkingDartboard)


class Watch:
    """The generator, which notes who drew what."""

    def __init__(self):
        self.owner, self.seen = LEARNER, Counter()

    def words(self, rng, t, index):
        purpose = int(rng.purpose)  # above the lowest byte: the number of a copy of a learner
        assert (purpose % 256 == LEARNER) == (self.owner == LEARNER), "a draw from the other side's stream"
        frame = sys._getframe(1)
        while frame.f_code.co_filename.endswith("rng.py"):
            frame = frame.f_back
        self.seen[frame.f_code.co_filename, frame.f_lineno, purpose, int(t), int(index)] += 1
        low, high = references.words(7, int(rng.repetition), purpose, int(t), int(index))
        return np.uint64(low), np.uint64(high)


def watched(function, watch, monkeypatch):
    """Return the interpreted text of a function, drawing through the watch."""
    if hasattr(function, "py_func"):
        return plain(function, words=watch.words)
    for module in list(sys.modules.values()):  # NUMBA_DISABLE_JIT=1
        if getattr(module, "words", None) is _WORDS:
            monkeypatch.setattr(module, "words", watch.words)
    return function


_WORDS = generator.words


def check(problem, learner, monkeypatch):
    watch = Watch()
    init, act, update = (watched(step, watch, monkeypatch) for step in learner.steps_for(problem))
    start, respond, _, observe = (step and watched(step, watch, monkeypatch) for step in problem.steps)
    params, setting, rng, env = learner.parameters(problem), problem.setting(), stream_of(7, 1, 0), stream_of(7, 1, 1)
    with np.errstate(all="ignore"):
        state = init(params, rng)
        watch.owner = ENVIRONMENT
        world = start(setting, env)
        for t in range(min(problem.horizon, ROUNDS)):
            shown = ()
            if observe:
                watch.owner = ENVIRONMENT
                observation, world = observe(setting, world, t, env)
                shown = (observation,)
            watch.owner = LEARNER
            action = act(params, state, *shown, t, rng)
            watch.owner = ENVIRONMENT
            feedback, world = respond(setting, world, t, action, env)
            watch.owner = LEARNER
            state = update(params, state, t, action, feedback, rng)
            watch.owner = ENVIRONMENT
    halves = 2 if isinstance(problem, preference.LinearMDP) else 1  # of a pair: one for each of two trajectories
    assert {place: n for place, n in watch.seen.items() if n > halves} == {}
    addresses = Counter(tuple(address) for _, _, *address in watch.seen)
    assert type(learner) in LOOK_AHEAD or {address: n for address, n in addresses.items() if n > 1} == {}


NAMES = sorted(name for name, cls in public_classes().items() if issubclass(cls, Learner))
ROUND_LEARNERS = [name for name in NAMES if isinstance(opponent(public_classes()[name](**base_of(name))), RoundProblem)]


@pytest.mark.parametrize("name", ROUND_LEARNERS)
def test_learners(name, monkeypatch):
    learner = public_classes()[name](**base_of(name))
    check(opponent(learner), learner, monkeypatch)


class Nothing(NamedTuple):
    """The metrics and the state of a probe."""

    nothing: float


class Zero(Probe):
    """A probe that measures nothing, and draws nothing."""

    steps = ProbeSteps(
        lambda setting, own: Nothing(0.0), lambda setting, own, kept, *play: kept, lambda setting, own, kept, *end: kept
    )

    def metrics(self, problem):
        return ("nothing",)


WALK = losses.MultiScaleRandomWalk(3)
PEOPLE = one_sided.Lending(8)
RANDOM_PANELS = one_sided.Panels(
    [one_sided.Panel(one_sided.RandomDistance(i, 0.0, 0.1)) for i in range(2)], "random", "random"
)


@pytest.mark.parametrize(
    ("problem", "learner"),
    [
        (preference.LinearDuels(np.eye(3), [0.1, 0.2, 0.3], ROUNDS), preference.SparringExp3()),
        (switching_game(losses=WALK), switching.Exp3()),
        (observed(switching_game(losses=WALK), Zero()), switching.Exp3()),
        (switching_game(losses=losses.BernoulliLosses([0.3, 0.5, 0.6])), switching.Exp3()),
        (switching_game(losses=losses.BernoulliLosses.with_gap(20, 0.3)), switching.Exp3()),
        (switching_game(switching.ExtraObservations(6), losses=WALK), switching.BatchedDartboard()),
        (switching_game(switching.TotalBudget(6, "flexible"), losses=WALK), switching.BatchedDartboard()),
        (switching_game(switching.TotalBudget(6, "bandit"), losses=WALK), switching.BudgetedExp3(None)),
        (switching_game(switching.FullInformation(), losses=WALK), switching.LazyPerturbedLeader(0.5)),
        (
            one_sided.OneSidedGame(PEOPLE, one_sided.GroupThresholds(), RANDOM_PANELS, ROUNDS, 3, 0.05),
            one_sided.InstanceFtpl(0.5, leaders=2, resamples=3),
        ),
        (
            threshold.ThresholdGame(threshold.Synthetic(), ROUNDS, 5, 20, feedback=threshold.FullScores()),
            threshold.FullScoreSearch(),
        ),
    ],
)
def test_problems(problem, learner, monkeypatch):
    check(problem, learner, monkeypatch)
