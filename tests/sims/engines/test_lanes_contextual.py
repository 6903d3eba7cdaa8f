"""Contextual bandits in lanes: every repetition has the numbers that it has alone, bit for bit."""

from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

from bandits.contextual import (
    ContextualGame,
    EveryLoss,
    GreedyRegression,
    InverseGapWeighting,
    KnownWorld,
    LeastMeanSquares,
    LinearWorld,
    Play,
    PlayedLoss,
    Ridge,
    TableWorld,
    linear_world,
    policy_world,
    routing_world,
)
from bandits.core.actions import InvalidAction
from bandits.jit import in_lanes, kernel, own_array, where
from bandits.protocol import Learner, LearnerSteps
from bandits.rng import uniform
from sims import simulate
from sims.engines import compiled
from tests.sims.engines.test_lanes import ROUNDS, check_numbers, check_texts

RNG = np.random.default_rng(0)
LINEAR = linear_world(4, 3, 20)
SHARED = LinearWorld(LINEAR.features[:, 0], RNG.random((4, 3)) / 2.0, order=np.arange(ROUNDS) % 20)
SEVERAL = policy_world(3, 4, n_contexts=5, truth=None)
TABLE = TableWorld(RNG.normal(size=(ROUNDS, 2)), RNG.random((ROUNDS, 3)))
NO_LOSS = KnownWorld(RNG.random((6, 3, 2)), RNG.integers(0, 2, size=(6, 3)).astype(float))
ROUTED = routing_world([[0.2], [0.1]], [0.4, 0.8], [0.1, 0.9], [[0.3], [1.0]], [0.2, 0.5, 0.9], pairs=True)
PAIRS = {
    "exact, linear": (ContextualGame(LINEAR, ROUNDS), InverseGapWeighting()),
    "exact, a model per action": (ContextualGame(SHARED, ROUNDS), InverseGapWeighting(gamma=20.0, oracle=Ridge(0.5))),
    "SquareCB, several truths": (ContextualGame(SEVERAL, ROUNDS), InverseGapWeighting("squarecb", 30.0)),
    "FastCB, predictions of 0": (ContextualGame(NO_LOSS, ROUNDS), InverseGapWeighting("fastcb", 9.0, Ridge())),
    "greedy, table": (ContextualGame(TABLE, ROUNDS), GreedyRegression(0.2)),
    "exact, routing": (ContextualGame(ROUTED, ROUNDS), InverseGapWeighting()),
}


@pytest.mark.parametrize(
    ("problem", "learner"),
    [
        pytest.param(*pair, id=name, marks=[pytest.mark.slow] * (name != "exact, linear"))
        for name, pair in PAIRS.items()
    ],
)
def test_a_lane_has_the_numbers_of_its_repetition(problem, learner):
    check_numbers(problem, learner)


@pytest.mark.parametrize(("problem", "learner"), PAIRS.values(), ids=PAIRS)
def test_the_two_texts_have_the_same_states(problem, learner):
    check_texts(problem, learner)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("exact, linear", {"any_lane": lambda condition: False}),
        ("exact, linear", {"where": lambda condition, yes, no: yes}),
        ("exact, linear", {"show": lambda features, context, room: None}),
        ("exact, a model per action", {"lane_array": lambda shape, value: np.full(shape, value + 1e-12)}),
        ("exact, routing", {"with_lane": lambda value, lane, new: value}),
    ],
)
def test_faulty_texts_are_rejected(name, fault):
    with pytest.raises((AssertionError, InvalidAction)):
        check_texts(*PAIRS[name], **fault)


class Params(NamedTuple):
    n: int


class Room(NamedTuple):
    law: Any  # (n,) float64


@in_lanes()
@kernel
def init(params, rng):
    return Room(own_array(params.n, 1.0 / params.n, rng))


@in_lanes()
@kernel
def act(params, state, context, t, rng):
    """The law is none in some repetitions in round 20."""
    wrong = (uniform(rng, 0, 0) < 0.1) & (t == 20)
    state.law[0] = where(wrong, 3.0, 1.0 / params.n)
    return Play(0 * wrong, state.law, state.law)


@in_lanes()
@kernel
def update(params, state, t, action, feedback, rng):
    return state


class Unlawful(Learner):
    """Draws from what is no law."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
    accepts: ClassVar[tuple[type, ...]] = (PlayedLoss,)

    def parameters(self, problem):
        return Params(problem.n_actions)


@pytest.mark.slow
def test_an_invalid_law_in_a_lane_is_found_one_repetition_at_a_time(monkeypatch):
    monkeypatch.setattr(compiled, "LEAST_FOR_LANES", 0)
    monkeypatch.setattr(compiled, "_WORTH_COMPILING", 0)
    for backend in "numba", "numba-scalar":
        with pytest.raises(ValueError, match=r"in round t = 20, law must be probabilities that sum to 1, got .* 3\.75"):
            simulate(ContextualGame(LINEAR, 60), Unlawful(), repetitions=32, backend=backend, threads=1)


def test_what_is_played_alone():
    """All losses of a round, and oracles without a text for lanes."""
    for game, learner in (
        (ContextualGame(LINEAR, ROUNDS, EveryLoss()), InverseGapWeighting()),
        (ContextualGame(LINEAR, ROUNDS), InverseGapWeighting(oracle=LeastMeanSquares())),
    ):
        assert compiled.in_lanes(learner.steps_for(game), game.steps) is None
