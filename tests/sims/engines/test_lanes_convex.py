"""Convex games in lanes: every repetition has the numbers that it has alone, bit for bit."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

from bandits.convex import (
    OGD,
    AdaGradNorm,
    AdaNormalHedge,
    AwakeLosses,
    Ball,
    Box,
    ConvexGame,
    FixedRateOGD,
    FollowTheLeader,
    FullFunction,
    Gradient,
    GradientTable,
    HintedGradient,
    LazyOGD,
    OptimisticDescent,
    OptimisticFTL,
    OptimisticFTRL,
    QuadraticLosses,
    SEALosses,
    Simplex,
    SleepingExperts,
    StronglyConvexOGD,
)
from bandits.core.actions import InvalidAction
from bandits.core.sleeping_weights import Regrets, count_regrets, own_regrets
from bandits.core.summation import Sum, own_sum, plus
from bandits.jit import in_lanes, kernel, own, own_array, where
from bandits.protocol import Learner, LearnerSteps, ProblemSteps
from bandits.rng import uniform, uniform_pair
from sims import simulate
from sims.engines import compiled
from tests.sims.engines.test_lanes import ROUNDS, check_numbers, check_texts

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(ROUNDS, 3))
MEAN = (0.3, -0.2, 0.1)
NOISY = SEALosses(MEAN, noise=0.8)
ROUND = SEALosses(MEAN, "rotation", 0.5, 0.3, period=70)
BOX, HINTS = Box((-0.4, -0.1, -1.0), (0.2, 0.3, 0.1)), HintedGradient(error=0.9)
GAMES = {
    "optimistic descent": (ConvexGame(SEALosses(MEAN, "sign", 0.8, 0.2), Ball(3, 0.4), ROUNDS), OptimisticDescent()),
    "hints on a box": (ConvexGame(ROUND, BOX, ROUNDS, HINTS), OptimisticDescent(0.0)),
    "regularised leader on a table": (ConvexGame(GradientTable(ROWS), Ball(3), ROUNDS, HINTS), OptimisticFTRL(0.5)),
    "leader on quadratics": (ConvexGame(QuadraticLosses(ROWS), BOX, ROUNDS, HINTS), OptimisticFTL()),
    "descent": (ConvexGame(SEALosses(MEAN, "flips", 0.4, period=40), Ball(3, 0.7), ROUNDS), OGD(2.0)),
    "adaptive descent": (ConvexGame(SEALosses(MEAN, "corrupted", 0.4, period=30), BOX, ROUNDS), AdaGradNorm()),
    "lazy descent": (ConvexGame(NOISY, Ball(3, 0.2), ROUNDS, switching_cost=0.5), LazyOGD(block=7)),
    "strongly convex descent": (ConvexGame(ROUND, Ball(3), ROUNDS), StronglyConvexOGD()),
}
SIGNS = np.array([-1, 1, -1, -1, 1, -1])  # of the noise in the first round of repetition 5, turned around
CANCELLED = SEALosses(SIGNS * (0.5 / 6**0.5), noise=0.5)
GAMES |= {
    "simplex": (ConvexGame(NOISY, Simplex(3), ROUNDS), FixedRateOGD(0.1)),
    "no gradient at first": (ConvexGame(CANCELLED, Simplex(6), ROUNDS), AdaGradNorm()),
    "leader on a simplex": (ConvexGame(SEALosses(MEAN, noise=0.8, curvature=0.1), Simplex(3), ROUNDS), OptimisticFTL()),
}
LARGE = ConvexGame(SEALosses(np.full(70, 0.02), noise=2.0), Simplex(70), ROUNDS)
AWAKE = np.c_[np.ones(ROUNDS), RNG.random((ROUNDS, 3)) < 0.5]
AWAKE[20, 3] = 0.0
NIGHT = SleepingExperts(RNG.random((ROUNDS, 4)), AWAKE)


class Params(NamedTuple):
    n: int


class Room(NamedTuple):
    weights: Any  # (n,) float64
    awake: Any  # (n,) bool


@in_lanes()
@kernel
def init(params, rng):
    return Room(own_array(params.n, 0.0, rng), own_array(params.n, False, rng))


@in_lanes()
@kernel
def act(params, state, awake, t, rng):
    total = own(0.0, rng)
    for i in range(params.n):
        state.weights[i] = uniform(rng, t, i) if awake[i] else 0.0
        total += state.weights[i]
    for i in range(params.n):
        state.weights[i] /= total
    return state.weights


@in_lanes()
@kernel
def act_of_sleepers(params, state, awake, t, rng):
    """Weight is put on the last expert, which sleeps, in some repetitions."""
    for i in range(params.n):
        state.weights[i] = i == 0
    sleeps = (uniform(rng, 0, 0) < 0.1) & (t == 20)
    state.weights[0] -= 0.5 * sleeps
    state.weights[params.n - 1] += 0.5 * sleeps
    return state.weights


@in_lanes()
@kernel
def away(params, state, t, rng):
    """The box is left in some repetitions."""
    state.weights[0] = 3.0 * ((uniform(rng, 0, 0) < 0.1) & (t == 20))
    return state.weights


@in_lanes()
@kernel
def update(params, state, t, action, feedback, rng):
    return state


@dataclass(frozen=True)
class RandomWeights(Learner):
    """Draws weights of the experts that are awake."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
    accepts: ClassVar[tuple[type, ...]] = (AwakeLosses, Gradient)

    def parameters(self, problem):
        return Params(problem.n_actions if isinstance(problem, SleepingExperts) else problem.dimension)


class OnSleepers(RandomWeights):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act_of_sleepers, update)


class Leaver(RandomWeights):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, away, update)


class Restless(NamedTuple):
    loss: Sum
    regrets: Regrets
    awake: Any  # (N,) bool
    losses: Any  # (N,) float64


@in_lanes()
@kernel
def nightfall(setting, env):
    n = setting.losses.shape[1]
    return Restless(own_sum(env), own_regrets(n, env), own_array(n, False, env), own_array(n, 0.0, env))


@in_lanes()
@kernel
def look(setting, world, t, env):
    for i in range(world.losses.size):
        first, second = uniform_pair(env, t, i)
        world.awake[i] = (first < 0.5) | (i == 0)
        world.losses[i] = where(world.awake[i], second, 0.0)
    return world.awake, world


@in_lanes()
@kernel
def charge(setting, world, t, weights, env):
    loss = count_regrets(world.regrets, world.awake, weights, world.losses)
    return world.losses, Restless(plus(world.loss, loss, t), world.regrets, world.awake, world.losses)


class RestlessExperts(SleepingExperts):
    """Sleep and losses are drawn in each repetition."""

    steps: ClassVar[ProblemSteps] = ProblemSteps(nightfall, charge, SleepingExperts.steps.measure, look)


RESTLESS = RestlessExperts(NIGHT.losses, NIGHT.awake)
GAMES |= {"experts whose sleep and losses are drawn": (RESTLESS, AdaNormalHedge())}
COMPILED = GAMES | {"large simplex": (LARGE, FixedRateOGD(0.1)), "experts that sleep": (NIGHT, RandomWeights())}


@pytest.mark.parametrize(
    ("problem", "learner"),
    [pytest.param(*pair, id=name, marks=[pytest.mark.slow] * (name != "descent")) for name, pair in COMPILED.items()],
)
def test_a_lane_has_the_numbers_of_its_repetition(problem, learner):
    check_numbers(problem, learner)


@pytest.mark.parametrize(("problem", "learner"), GAMES.values(), ids=GAMES)
def test_the_two_texts_have_the_same_states(problem, learner):
    check_texts(problem, learner)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("optimistic descent", {"any_lane": lambda condition: False}),
        ("optimistic descent", {"where": lambda condition, yes, no: no}),
        ("hints on a box", {"max": lambda x, low: x}),
        ("simplex", {"min": lambda first, second: first}),
        ("experts whose sleep and losses are drawn", {"where": lambda condition, yes, no: yes}),
    ],
)
def test_faulty_texts_are_rejected(name, fault):
    with pytest.raises((AssertionError, InvalidAction)):
        check_texts(*GAMES[name], **fault)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("game", "kind", "said"),
    [
        (ConvexGame(NOISY, BOX, 60), Leaver, "point must be in the domain, got one with norm 3.0"),
        (NIGHT, OnSleepers, "weight of expert 3 must be 0 or more, 0 if it sleeps, got 0.5"),
    ],
)
def test_an_invalid_action_in_a_lane_is_found_one_repetition_at_a_time(monkeypatch, game, kind, said):
    monkeypatch.setattr(compiled, "LEAST_FOR_LANES", 0)
    monkeypatch.setattr(compiled, "_WORTH_COMPILING", 0)
    for backend in "numba", "numba-scalar":
        with pytest.raises(ValueError, match=f"in round t = 20, the {said}"):
            simulate(game, kind(), repetitions=32, backend=backend, threads=1)


def test_games_that_stay_alone():
    """Whole functions, whose leader branches on what is revealed."""
    game = ConvexGame(NOISY, BOX, ROUNDS, FullFunction())
    assert compiled.in_lanes(FollowTheLeader().steps_for(game), game.steps) is None
