"""Mistakes in users' learners and problems: one line names the function, the round and what it returned."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from bandits.combine import observed
from bandits.core.jit import kernel
from bandits.losses import BernoulliLosses
from bandits.one_sided import (
    Exp2Analysis,
    GroupThresholds,
    Lending,
    OmniscientFair,
    OneSidedGame,
    Panel,
    Panels,
    RandomDistance,
)
from bandits.preference import (
    INPO,
    Comparisons,
    NoisyRow,
    PreferenceGame,
    SampledINPO,
    StackelbergGame,
    StackelbergMatch,
    games,
)
from bandits.preference.prox import prox
from bandits.preference.self_play.learner import SelfPlay
from bandits.preference.stackelberg.problem import StackelbergLearner
from bandits.protocol import ProblemSteps
from bandits.switching import Exp3, SwitchingCostGame
from bandits.switching.problem import Metrics
from sims import simulate
from tests.drivers import slow

GAME = PreferenceGame(games.uniform_random(5, 0), horizon=40, regularization=0.1)
NOISY = PreferenceGame(games.uniform_random(5, 0), horizon=40, regularization=0.1, feedback=NoisyRow(2))


class Numbers(NamedTuple):
    tau: float


class Held(NamedTuple):
    w: Any
    mu: Any


@dataclass(frozen=True)
class Mine(SelfPlay):
    def parameters(self, problem):
        return Numbers(0.1)

    @staticmethod
    def start(params, log_reference):
        return Held(log_reference, log_reference)

    @staticmethod
    def policy(params, state):
        return state.w

    @staticmethod
    def step(params, state, t, ask):
        return Held(prox(state.w, ask.row(state.w), state.mu, params.tau, 1.0), state.mu)


def late(change):
    """Return the step that does `change` to the policy in rounds 7, 8, ..."""

    def step(params, state, t, ask):
        after = Mine.step(params, state, t, ask)
        return Held(jnp.where(t >= 6, change(after.w), after.w), after.mu)

    return step


MISTAKES = {
    "probabilities": ({"policy": lambda p, s: jnp.exp(s.w)}, ValueError, "policy must .* in round t = 0 it returned"),
    "unnormalised": ({"step": late(lambda w: w + 1.0)}, ValueError, "policy must .* in round t = 7 .* sum to 2.71828"),
    "nan": ({"step": late(lambda w: w * np.nan)}, ValueError, "policy must .* in round t = 7 it returned nan"),
    "shape": (
        {"policy": lambda p, s: s.w[:-1]},
        TypeError,
        r"policy must .* \(5,\), got float64 of shape \(4,\)",
    ),
    "one": ({"policy": lambda p, s: s.w[:1]}, TypeError, r"policy must return .*, got float64 of shape \(1,\)"),
    "no return": ({"step": lambda p, s, t, ask: None}, TypeError, "step must return a state .*, got NoneType"),
    "tuple": ({"step": lambda p, s, t, ask: (s.w, s.mu)}, TypeError, "step must return a state .*, got tuple"),
    "state": ({"start": lambda p, w: Held(w, 0)}, TypeError, "step must .*: its mu was .* and is float64 of shape"),
    "branch": ({"step": lambda p, s, t, ask: s if t > 3 else None}, TypeError, "step fails when JAX traces it: Tracer"),
    "numpy": ({"policy": lambda p, s: np.exp(s.w)}, TypeError, "policy fails when JAX traces it: Tracer"),
}


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("game", [GAME, slow(NOISY)], ids=["exact", "noisy"])
def test_mistakes_are_named(name, game):
    methods, error, said = MISTAKES[name]
    if name == "state":
        methods = methods | {"step": lambda p, s, t, ask: Held(s.w, s.w)}
    learner = type("Other", (Mine,), {key: staticmethod(value) for key, value in methods.items()})()
    with pytest.raises(error, match=f"^Other.{said}") as caught:
        simulate(game, learner, repetitions=2)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 220


def test_a_right_one_plays():
    assert np.isfinite(simulate(GAME, Mine()).values).all()


def stackelberg(change):
    class Leading(StackelbergLearner):
        @staticmethod
        def step(params, play, t, ask):
            return change(play)

        def parameters(self, problem):
            return Numbers(0.1)

    match = StackelbergMatch(StackelbergGame(games.rock_paper_scissors(0.3), 0.1, 0.5), 10)
    return simulate(match, Leading())


STACKELBERG_MISTAKES = {
    "leader": (lambda play: play._replace(log_leader=play.log_leader + 1.0), ValueError, "t = 1 .* sum to 2.71828"),
    "nan": (lambda play: play._replace(log_follower=play.log_follower * np.nan), ValueError, "t = 1 it returned nan"),
    "follower": (lambda play: play._replace(log_follower=jnp.exp(play.log_follower)), ValueError, "t = 1 .* sum to"),
    "no return": (lambda play: None, TypeError, "must return .* like that of start, a StackelbergPlay, got NoneT"),
    "shape": (lambda play: play._replace(log_leader=play.log_leader[:-1]), TypeError, r"its log_leader was .* \(3,\)"),
    "fault": (lambda play: play.log_leaders, TypeError, "fails when JAX traces it: AttributeError"),
}


@pytest.mark.parametrize("name", STACKELBERG_MISTAKES)
def test_mistakes_of_leaders_and_followers(name):
    change, error, said = STACKELBERG_MISTAKES[name]
    with pytest.raises(error, match=rf"^Leading\.(policy|step) .*{said}") as caught:
        stackelberg(change)
    assert "\n" not in str(caught.value)


def test_feedback_of_another_kind_is_refused():
    class Rows(SampledINPO):
        @staticmethod
        def step(params, state, t, ask):
            return state._replace(log_policy=ask.row(state.log_policy))

    with pytest.raises(
        TypeError, match=r"Rows\.step fails .*: AttributeError: 'Comparisons' object has no attribute 'row'"
    ):
        simulate(PreferenceGame(games.uniform_random(3, 0), 5, 0.1, feedback=Comparisons(2)), Rows())
    with pytest.raises(TypeError, match="problem must be a PreferenceGame, got StackelbergMatch"):
        simulate(StackelbergMatch(StackelbergGame(games.dice(), 0.1, 0.5), 10), INPO())


def test_learners_of_rounds_are_refused():
    class Rounds(Exp3):
        accepts = INPO.accepts

    with pytest.raises(TypeError, match="learner must be one that plays PreferenceGame"):
        simulate(GAME, Rounds())


@dataclass(frozen=True, eq=False)
class Declared(PreferenceGame):
    @property
    def metrics(self):
        return (*super().metrics, "my_gap")


@dataclass(frozen=True)
class Counted(SwitchingCostGame):
    @property
    def metrics(self):
        return (*super().metrics, "pulls_0")


@kernel
def nan_measure(setting, world, n_rounds):
    return Metrics(0.0, 0, 0, 0.0, np.nan if n_rounds >= 20 else 0.0, 0.0, None, None)


@dataclass(frozen=True)
class Nan(SwitchingCostGame):
    @property
    def steps(self):
        own = super().steps
        return ProblemSteps(own.init, own.respond, nan_measure)


def test_metrics_that_nobody_writes():
    with pytest.raises(ValueError, match="Declared declares the metrics 'my_gap', but the play of INPO never writes"):
        simulate(Declared(games.uniform_random(4, 0), 10, 0.1), INPO())
    with pytest.raises(TypeError, match=r"Counted: measure returns loss, .* but the metrics are loss, .*, pulls_0$"):
        simulate(Counted(BernoulliLosses([0.3, 0.5]), 30), Exp3())


def test_metrics_that_are_nan():
    with pytest.raises(ValueError, match="Exp3 in Nan: the metric 'regret' is nan after round 23 of repetition 0"):
        simulate(Nan(BernoulliLosses([0.3, 0.5]), 30), Exp3())
    panels = Panels(Panel([RandomDistance(s) for s in range(3)], 2))
    game = OneSidedGame(Lending(12), GroupThresholds(5), panels, 30)
    run = simulate(observed(game, Exp2Analysis()), OmniscientFair())
    assert np.isnan(run.final("second_moment")).all()


class Playing(Exp3):
    accepts: ClassVar = Exp3.accepts

    def play(self, problem, seed, first, count, rounds):
        return np.zeros((count, 1, 1, 7))


def test_plays_of_another_shape():
    with pytest.raises(ValueError, match=r"Playing\.play must return metrics of shape"):
        simulate(SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 30), Playing())
