"""Lanes: repetitions played at once have the numbers that each has alone, bit for bit."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import pytest

from bandits.core import stopping
from bandits.core.exponential_weights import _lanes_add_loss, remade_where
from bandits.core.lanes import LANES, in_lanes, own, own_array, where
from bandits.core.normal import normal_quantile
from bandits.core.rng import ENVIRONMENT, LEARNER, seed_word
from bandits.jit import kernel
from bandits.losses import (
    AlternatingLosses,
    BernoulliLosses,
    BitwiseCoins,
    FiniteLosses,
    GaussianLosses,
    HiddenCoin,
    LossTable,
    PiecewiseLosses,
)
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.preference import DuelingBandit, SparringExp3, VersatileDB
from bandits.preference.games import bradley_terry
from bandits.protocol import Learner, LearnerSteps
from bandits.rng import uniform
from bandits.stochastic import MOSS, EpsilonGreedy, GaussianThompson
from bandits.switching import (
    AdaHedge,
    AnytimeExp3,
    AnytimeHedge,
    Bandit,
    BatchedExp3,
    BudgetedExp3,
    Exp3,
    Exp3IX,
    Exp3P,
    FullInformation,
    Hedge,
    ShrinkingDartboard,
    SwitchingCostGame,
    TsallisINF,
    TsallisSwitch,
)
from sims import simulate
from sims.engines import compiled
from sims.sweep import Cell
from tests.drivers import plain, play_plainly, stream_of

ROUNDS = 300
COINS = BernoulliLosses((0.5, 0.3, 0.6, 1.0, 0.9))
TABLE = LossTable(np.random.default_rng(0).random((ROUNDS, 5)))
WALK = MultiScaleRandomWalk(3, 0.1, 0.2)
FULL = FullInformation()
LAST = 2 * LANES + 1
DUELS = DuelingBandit(bradley_terry((0.0, 0.7, 0.3, 0.5)), ROUNDS)
VALUES = FiniteLosses((0.0, 0.4, 1.0), ((0.2, 0.5, 0.3), (0.5, 0.5, 0.0), (0.0, 0.0, 1.0)))
PAIRS = {
    "EXP3, weights that vanish": (SwitchingCostGame(COINS, ROUNDS), Exp3(3.0)),
    "batched EXP3 on a walk that is clipped": (SwitchingCostGame(WALK, ROUNDS), BatchedExp3(0.4, 7)),
    "Hedge": (SwitchingCostGame(COINS, ROUNDS, feedback=FULL), Hedge(0.4)),
    "Shrinking Dartboard on a table": (SwitchingCostGame(TABLE, ROUNDS, feedback=FULL), ShrinkingDartboard(0.2)),
    "normal draws": (SwitchingCostGame(GaussianLosses((0.5, 0.2), 0.5), ROUNDS), GaussianThompson()),
}
PAIRS |= {
    "MOSS": (SwitchingCostGame(COINS, ROUNDS), MOSS()),
    "epsilon-greedy on three values": (SwitchingCostGame(VALUES, ROUNDS), EpsilonGreedy()),
    "duels, Versatile-DB": (DUELS, VersatileDB()),
    "EXP3 on a table": (SwitchingCostGame(TABLE, ROUNDS), Exp3()),
    "Hedge on a table": (SwitchingCostGame(TABLE, ROUNDS, feedback=FULL), Hedge()),
    "Shrinking Dartboard": (SwitchingCostGame(COINS, ROUNDS, feedback=FULL), ShrinkingDartboard(0.2)),
    "Tsallis-INF": (SwitchingCostGame(COINS, ROUNDS), TsallisINF("reduced-variance")),
    "Tsallis-Switch": (SwitchingCostGame(TABLE, ROUNDS), TsallisSwitch()),
    "anytime Hedge": (SwitchingCostGame(COINS, ROUNDS, feedback=FULL), AnytimeHedge()),
    "anytime EXP3": (SwitchingCostGame(TABLE, ROUNDS), AnytimeExp3()),
    "AdaHedge on a table": (SwitchingCostGame(TABLE, ROUNDS, feedback=FULL), AdaHedge()),
    "EXP3.P": (SwitchingCostGame(COINS, ROUNDS), Exp3P()),
    "EXP3-IX": (SwitchingCostGame(TABLE, ROUNDS), Exp3IX()),
    "hidden coins": (SwitchingCostGame(HiddenCoin(4, 0.2, 1), ROUNDS), Exp3()),
    "means that change": (SwitchingCostGame(PiecewiseLosses([[0.2, 0.8], [0.8, 0.4]], [99], True), ROUNDS), MOSS()),
    "coins by bits": (SwitchingCostGame(BitwiseCoins(5, 3), ROUNDS), Exp3()),
    "alternating": (SwitchingCostGame(AlternatingLosses(3, 2), ROUNDS), Exp3()),
    "duels, sparring EXP3": (DUELS, SparringExp3()),
}
ALL = [pytest.param(*pair, id=name) for name, pair in PAIRS.items()]
COMPILED = [
    pytest.param(*pair, id=name, marks=[] if name == "Hedge" else [pytest.mark.slow]) for name, pair in PAIRS.items()
]


def check_numbers(problem, learner):
    """A lane has the numbers of its repetition, whatever the count, and in whichever lane."""
    alone = play_plainly(problem, learner, LAST, checkpoints=[1, 2, 64, ROUNDS])
    assert len(np.unique(alone[:, -1, 0])) > 3
    assert not np.isnan(alone).any()
    for first, count in (0, 1), (1, LANES - 1), (3, LANES), (0, LAST):
        assert np.array_equal(in_lanes_played(problem, learner, first, count), alone[first : first + count])


def in_lanes_played(problem, learner, first, count):
    steps = compiled.in_lanes(learner.steps_for(problem), problem.steps)
    loop, rounds = compiled.compose(*steps, problem.metrics, LANES), np.array([1, 2, 64, ROUNDS])
    values = np.full((count, len(rounds), len(problem.metrics)), np.nan)
    loop(learner.parameters(problem), problem.setting(), seed_word(0), first, rounds, stopping.flag(), values)
    return values


@pytest.mark.parametrize(("problem", "learner"), COMPILED)
def test_a_lane_has_the_numbers_of_its_repetition(problem, learner):
    check_numbers(problem, learner)


# ---------------------------------------------------------------- the two texts, run by Python for one repetition

SCRATCH = {"ahead", "scratch", "estimates", "revealed", "totals", "shown", "row"}


def numbers(record):
    """Yield copies of all numbers and arrays of a state, but for scratch."""
    for name, value in zip(getattr(record, "_fields", range(len(record))), record, strict=True):
        if isinstance(value, tuple):
            yield from numbers(value)
        elif name not in SCRATCH:
            yield np.array(value)


def states(problem, learner, steps, **instead):
    """Yield the states of both sides after each round."""
    played = steps[0].init, steps[0].update, *steps[1][:2]
    init, update, start, respond = (plain(step, **instead) for step in played)
    decide = plain(compiled.make_decide(steps[0].act, steps[1].observe), **instead)
    params, setting = learner.parameters(problem), problem.setting()
    rng, env = stream_of(7, 1, LEARNER), stream_of(7, 1, ENVIRONMENT)
    state, world = init(params, rng), start(setting, env)
    for t in range(ROUNDS):
        action, world = decide(params, state, setting, world, t, rng, env)
        feedback, world = respond(setting, world, t, action, env)
        state = update(params, state, t, action, feedback, rng)
        yield [*numbers(state), *numbers(world)]


def check_texts(problem, learner, **instead):
    """In every round, all numbers of the text for lanes are those of the text for one repetition."""
    steps = learner.steps_for(problem), problem.steps
    alone, lanes = states(problem, learner, steps), states(problem, learner, compiled.in_lanes(*steps), **instead)
    for one, other in zip(alone, lanes, strict=True):
        assert all(map(np.array_equal, one, other))


@pytest.mark.parametrize(("problem", "learner"), ALL)
def test_the_two_texts_have_the_same_states(problem, learner):
    check_texts(problem, learner)


def counts_every_round(weights, rate, arm, loss):
    after = plain(_lanes_add_loss)(weights, rate, arm, loss)
    return after._replace(updates=weights.updates + 1)


def keeps_the_floor(weights, rate, stale):
    return plain(remade_where)(weights, rate, stale)._replace(floor=weights.floor)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("EXP3, weights that vanish", {"add_loss": counts_every_round}),
        ("Hedge", {"remade_where": keeps_the_floor}),
        ("Hedge", {"exponential": lambda x: math.exp(x)}),
        ("batched EXP3 on a walk that is clipped", {"alike": lambda value, like: value + 1}),
        ("normal draws", {"normal_quantile": lambda u: plain(normal_quantile)(u) * (1.0 + 2.0**-52)}),
        ("Shrinking Dartboard", {"any_lane": lambda condition: False}),
        ("MOSS", {"where": lambda condition, yes, no: no}),
    ],
)
def test_faulty_texts_are_rejected(name, fault):
    with pytest.raises(AssertionError):
        check_texts(*PAIRS[name], **fault)


def test_a_learner_that_shares_some_steps_only_is_played_alone():
    problem = SwitchingCostGame(TABLE, ROUNDS)
    assert compiled.in_lanes(Exp3.steps, problem.steps) is not None
    assert compiled.in_lanes(Exp3.steps._replace(update=BudgetedExp3.steps.update), problem.steps) is None


# ---------------------------------------------------------------- the choice, and learners of users


class Params(NamedTuple):
    n_actions: int


class State(NamedTuple):
    arm: int


@in_lanes()
@kernel
def init(params, rng):
    return State(own(0, rng))


@in_lanes()
@kernel
def act(params, state, t, rng):
    moves = (uniform(rng, t, 0) < 0.1) & (state.arm < params.n_actions - 1)
    return where(moves, state.arm + 1, state.arm)


@in_lanes()
@kernel
def update(params, state, t, arm, loss, rng):
    return State(where((arm == params.n_actions - 1) & (loss == 0.0), -1, arm))


@in_lanes()
@kernel
def branch(params, state, t, arm, loss, rng):
    return State(arm if loss == 0.0 else 0)


@dataclass(frozen=True)
class Walker(Learner):
    """Plays the next action now and then, and stays at the last as long as it loses."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def parameters(self, problem):
        return Params(problem.n_actions)


class Brancher(Walker):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, branch)


class Totals(NamedTuple):
    sums: np.ndarray
    lost: np.ndarray
    last: float


@in_lanes()
@kernel
def empty(params, rng):
    sums = own_array((2, params.n_actions), uniform(rng, 0, 1), rng)
    return Totals(sums, own_array(params.n_actions, True, rng), own(0.0, rng))


@in_lanes()
@kernel
def by_last(params, state, t, rng):
    last = where(state.lost[0] & ~state.lost[-1], 0.5, state.last)
    return where(uniform(rng, t, 0) + last < 0.7, last < 0.2, params.n_actions - 1) * 1


@in_lanes()
@kernel
def from_the_end(params, state, t, arm, loss, rng):
    """Indices count from the end, and the least and greatest of two are taken."""
    state.sums[t & 1, arm - params.n_actions] += max(loss, 0.1)
    state.sums[-1, -1] -= min(0.3, loss)
    state.lost[arm] = loss > 0.0
    return Totals(state.sums, state.lost, abs(min(loss, state.sums[-(arm & 1), -1])))


class Backwards(Walker):
    steps: ClassVar[LearnerSteps] = LearnerSteps(empty, by_last, from_the_end)


@in_lanes()
@kernel
def same_for_all(params, state, t, arm, loss, rng):
    return State(0)


@in_lanes()
@kernel
def a_range(params, state, t, arm, loss, rng):
    n = own(0, rng)
    for _ in range(arm):
        n += 1
    return State(n)


class SameForAll(Walker):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, same_for_all)


class Ranger(Walker):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, a_range)


@pytest.fixture
def eager(monkeypatch):
    """Lanes are used however little there is to play."""
    monkeypatch.setattr(compiled, "LEAST_FOR_LANES", 0)
    monkeypatch.setattr(compiled, "_WORTH_COMPILING", 0)


def widths(monkeypatch):
    """Return a list to which every play adds how many repetitions it plays at once."""
    found, given = [], compiled.compiled
    monkeypatch.setattr(compiled, "compiled", lambda *pair: found.append(pair[-1]) or given(*pair))
    return found


def test_a_users_learner_gains_and_the_numbers_are_the_same(eager, monkeypatch):
    game, found = SwitchingCostGame(LossTable(np.tile([0.0, 0.5, 1.0], (60, 1))), 60), widths(monkeypatch)
    in_one = simulate(game, Walker(), repetitions=41, seed=3, first_repetition=2, threads=2)
    assert found == [LANES]
    alone = simulate(game, Walker(), repetitions=41, seed=3, first_repetition=2, backend="numba-scalar")
    assert found == [LANES, 1]
    few = simulate(game, Walker(), repetitions=3, seed=3, first_repetition=40, threads=2)
    assert found == [LANES, 1, 1]
    for name in game.metrics:
        assert np.array_equal(in_one[name], alone[name])
        assert np.array_equal(in_one[name][-3:], few[name])


def test_an_invalid_action_in_a_lane_is_found_one_repetition_at_a_time(eager):
    game = SwitchingCostGame(LossTable(np.zeros((60, 3))), 60)
    messages = []
    for backend in "numba", "numba-scalar":
        with pytest.raises(ValueError, match=r"Walker.* got -1") as raised:
            simulate(game, Walker(), repetitions=32, backend=backend, threads=1)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Brancher, r"a branch depends on a lane number: where\(condition, yes, no\)"),
        (SameForAll, r"own\(value, rng\) or alike"),
        (Ranger, r"range\(Lanes"),
    ],
)
def test_what_lanes_cannot_do_is_refused_in_one_line(eager, kind, said):
    game = SwitchingCostGame(LossTable(np.zeros((60, 3))), 60)
    with pytest.raises(TypeError, match=rf'{kind.__name__}.*`in_lanes`: .*{said}.*backend="numba-scalar"') as raised:
        simulate(game, kind(), repetitions=32, threads=1)
    assert "\n" not in str(raised.value)


def test_indices_from_the_end_and_the_least_of_two(eager):
    game = SwitchingCostGame(BernoulliLosses((0.3, 0.5, 0.9)), 60)
    runs = [simulate(game, Backwards(), repetitions=33, backend=backend) for backend in ("numba", "numba-scalar")]
    assert np.array_equal(runs[0].values, runs[1].values)
    assert len(np.unique(runs[0].final("loss"))) > 3


@pytest.mark.parametrize(
    ("count", "horizon", "threads", "width"),
    [(64, 1 << 19, 1, LANES), (64, 1 << 13, 1, 1), (3, 1 << 30, 1, 1), (4, 1 << 30, 1, LANES), (64, 1 << 30, 64, 1)],
)
def test_lanes_are_used_where_they_are_quicker(count, horizon, threads, width):
    assert compiled.width_of(*PAIRS["MOSS"], count, horizon, threads) == width


def test_a_result_has_the_address_of_both_texts():
    """Either may have played, whatever the backend says."""
    game = SwitchingCostGame(LossTable(np.zeros((60, 3))), 60)
    alone = Cell(game, Walker(), backend="numba-scalar")
    assert Cell(game, Walker()).address == alone.address
    marks = vars(act.py_func)
    kept = marks.pop("lanes")
    try:
        in_lanes(of=act)(Exp3.steps.act)
        assert Cell(game, Walker()).address != alone.address
    finally:
        marks["lanes"] = kept


@pytest.mark.parametrize(("alone", "lanes", "width"), [(True, False, 1), (True, True, LANES), (False, False, LANES)])
def test_what_is_compiled_is_used_in_short_plays(monkeypatch, alone, lanes, width):
    problem, learner = PAIRS["MOSS"]
    loop = compiled.compose(learner.steps, problem.steps, problem.metrics)
    monkeypatch.setattr(compiled, "is_at_hand", lambda given, *kinds: alone if given is loop else lanes)
    assert compiled.width_of(problem, learner, 64, 1 << 16, 1) == width
