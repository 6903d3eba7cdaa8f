"""Plays that no problem allows: one line names learner, round and value, and no memory beyond an array is touched."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

from bandits import one_sided
from bandits import preference as pr
from bandits import threshold as th
from bandits.combine import observed
from bandits.core.actions import InvalidAction
from bandits.core.jit import kernel
from bandits.losses import BernoulliLosses
from bandits.one_sided.problem import Play as Policy
from bandits.preference.duels.problem import Pair
from bandits.preference.games import rock_paper_scissors
from bandits.preference.trajectories.problem import PolicyPair
from bandits.protocol import Learner, LearnerSteps
from bandits.switching import Bandit, ExtraObservations, FullInformation, SwitchingCostGame, TotalBudget
from bandits.switching.feedback import Play as Looking
from sims import simulate
from tests.drivers import slow

LARGEST = 2**63 - 1
K = 4


class Sent(NamedTuple):
    """The numbers that make the action of a round from `since` on; before it a valid one is played."""

    since: int
    numbers: Any


class Held(NamedTuple):
    first: Any
    second: Any


@kernel
def init(params, rng):
    return Held(params.numbers[0], params.numbers[1])


@kernel
def update(params, state, t, action, feedback, rng):
    return state


@kernel
def send_index(params, state, t, rng):
    return params.numbers[2] if t >= params.since else 0


@kernel
def send_always(params, state, t, rng):
    return params.numbers[2]


@kernel
def send_pair(params, state, t, rng):
    first, second = params.numbers[2], params.numbers[3]
    return Pair(first if t >= params.since else 0, second if t >= params.since else 0)


@kernel
def send_looks(params, state, t, rng):
    return Looking(params.numbers[2], state.first, params.numbers[3] if t >= params.since else 0)


@kernel
def send_policy(params, state, t, rng):
    numbers = params.numbers
    return Policy(state.first, numbers[2], state.second, numbers[3], numbers[4], numbers[5])


@kernel
def send_trajectories(params, state, t, rng):
    return PolicyPair(state.first, state.first, state.second, params.numbers[2])


@kernel
def send_first_of_an_array(params, state, t, rng):
    return params.numbers[0][0]


KINDS = {
    "always": send_always,
    "first of an array": send_first_of_an_array,
    "index": send_index,
    "pair": send_pair,
    "looks": send_looks,
    "policy": send_policy,
    "trajectories": send_trajectories,
}


@dataclass(frozen=True, eq=False)
class Hostile(Learner):
    kind: str
    numbers: Any
    since: int = 0
    accepts: ClassVar = (object,)

    def steps_for(self, problem):
        return LearnerSteps(init, KINDS[self.kind], update)

    def parameters(self, problem):
        return Sent(self.since, self.numbers)


NO_ARRAYS = (np.zeros(1), np.zeros(1))


def switching(feedback):
    return SwitchingCostGame(BernoulliLosses([0.5] * K), 40, feedback=feedback)


def refused(game, learner, *said):
    with pytest.raises(ValueError, match="Hostile played an invalid action") as caught:
        simulate(game, learner)
    text = str(caught.value)
    assert "\n" not in text
    assert f"t = {learner.since}, " in text
    for part in said:
        assert part in text
    assert isinstance(caught.value, InvalidAction)


GAMES = {
    "bandit": lambda: switching(Bandit()),
    "full": lambda: switching(FullInformation()),
    "chosen": lambda: th.ThresholdGame(th.Synthetic(), 20, grid=K),
    "scores": lambda: th.ThresholdGame(th.Synthetic(), 20, grid=K, feedback=th.FullScores()),
}


@pytest.mark.parametrize("name", ["bandit", "chosen", *map(slow, ("full", "scores"))])
@pytest.mark.parametrize("value", [-1, K, LARGEST, -LARGEST - 1])
def test_an_index_out_of_range(name, value):
    refused(GAMES[name](), Hostile("index", (*NO_ARRAYS, value), since=3), f"got {value}", f"0, ..., {K - 1}")


@pytest.mark.parametrize("make", [np.int32, np.uint64, *map(slow, (np.int8, np.uint8))])
def test_integers_of_any_width_are_indices(make):
    run = simulate(switching(Bandit()), Hostile("first of an array", (np.array([2], make), np.zeros(1))))
    assert run.final("loss") == simulate(switching(Bandit()), Hostile("index", (*NO_ARRAYS, 2))).final("loss")


def test_an_unsigned_integer_beyond_the_signed_ones():
    learner = Hostile("first of an array", (np.array([2**64 - 1], np.uint64), np.zeros(1)))
    refused(switching(Bandit()), learner, f"got {LARGEST}")


@pytest.mark.parametrize("value", [0.5, 1.0, True, 1j, None, (1, 2)], ids=str)
@pytest.mark.parametrize("name", ["bandit", "chosen"])
def test_what_is_no_integer_is_refused_before_the_first_round(name, value):
    with pytest.raises(TypeError, match=r"Hostile cannot play \w+: the (action|threshold) must be an integer, got"):
        simulate(GAMES[name](), Hostile("always", (*NO_ARRAYS, value)))


LOOKS = [
    (1, K, [1], "at most the length of looks 1"),
    (1, K + 1, [0, 1, 2, 3, 0], f"0, ..., {K}"),
    (1, 10**6, np.zeros(10**6, np.int64), "got 1000000"),
    (1, -1, [0, 1], "got -1"),
    (1, 1, [], "got 1"),
    (1, 1, [K], f"looks must hold actions in 0, ..., {K - 1}, got {K}"),
    (1, 1, [-1], "got -1"),
    (1, 2, [2, 2], "different actions, got 2 twice"),
    (1, 3, [2, 0, 2], "different actions, got 2 twice"),
    (K, 1, [0], f"got {K}"),
]


@pytest.mark.parametrize("feedback", [ExtraObservations(2**22), slow(TotalBudget(160))], ids=["extra", "total"])
@pytest.mark.parametrize(("arm", "n_looks", "looks", "said"), LOOKS)
def test_looks_that_cannot_be_had(feedback, arm, n_looks, looks, said):
    given = np.asarray(looks, np.int64)
    if n_looks * 38 > getattr(feedback, "budget", 0) and n_looks > K:
        feedback = ExtraObservations(2**40)
    since = 0 if arm == K else 2
    refused(switching(feedback), Hostile("looks", (given, np.zeros(1), arm, n_looks), since), said)


def people():
    panels = one_sided.Panels(one_sided.Panel([one_sided.RandomDistance(s) for s in range(3)], 2))
    return one_sided.Lending(12), one_sided.GroupThresholds(5), panels, 30


ONE_SIDED = {
    "listed": lambda: one_sided.three_points(30),
    "thresholds": lambda: one_sided.OneSidedGame(*people()),
    "analysed": lambda: observed(one_sided.OneSidedGame(*people()), one_sided.Exp2Analysis()),
    "counted": lambda: observed(one_sided.OneSidedGame(*people()), one_sided.ViolationsByVotes()),
}


def policies(n):
    """Return hostile plays over n hypotheses: weights, atoms, (total, forced, drawn, multiplier), and the bad value."""
    ones, none = np.ones(n), np.zeros(0, np.int64)
    bad = {"negative": ones.copy(), "nan": ones.copy(), "inf": ones.copy()}
    bad["negative"][[0, 1]], bad["nan"][n - 1], bad["inf"][0] = (-1.0, 3.0), np.nan, np.inf
    return [
        (ones, none, (float(n), 0.0, n, 0.0), f"got {n}"),
        (ones, none, (float(n), 0.0, LARGEST, 0.0), "drawn must be"),
        (ones, none, (float(n), 0.0, -2, 0.0), "got -2"),
        (np.ones(n + 1), none, (n + 1.0, 0.0, 0, 0.0), f"got {n + 1}"),
        (np.ones(n - 1), none, (n - 1.0, 0.0, 0, 0.0), f"got {n - 1}"),
        (np.ones(0), none, (1.0, 0.0, 0, 0.0), "got 0"),
        (np.ones(1), np.zeros(10**6, np.int64), (1.0, 0.0, 0, 0.0), "got 1"),
        (ones, np.full(n, n), (float(n), 0.0, 0, 0.0), f"atoms must be in 0, ..., {n - 1}, got {n} at 0"),
        (ones, np.full(n, -1), (float(n), 0.0, 0, 0.0), "got -1 at 0"),
        (ones, none, (0.0, 0.0, 0, 0.0), "got 0.0"),
        (ones, none, (np.nan, 0.0, 0, 0.0), "got nan"),
        (ones, none, (2.0 * n, 0.0, 0, 0.0), f"got {2.0 * n}"),
        (bad["negative"], none, (float(n), 0.0, 0, 0.0), "got -1.0 at 0"),
        (bad["nan"], none, (float(n), 0.0, 0, 0.0), f"got nan at {n - 1}"),
        (bad["inf"], none, (np.inf, 0.0, 0, 0.0), "got inf at 0"),
        (ones, none, (float(n), 1.5, 0, 0.0), "tasting must be in [0, 1], got 1.5"),
        (ones, none, (float(n), np.nan, 0, 0.0), "got nan"),
        (ones, none, (float(n), 0.0, 0, -5.0), "price must be finite and at least 0, got -5.0"),
        (ones, none, (float(n), 0.0, 0, np.inf), "got inf"),
    ]


@pytest.mark.parametrize("name", ["listed", "thresholds", *map(slow, ("analysed", "counted"))])
def test_policies_that_are_none(name):
    game = ONE_SIDED[name]()
    for weight, atoms, numbers, said in policies(game.n_hypotheses):
        refused(game, Hostile("policy", (weight, atoms, *numbers)), said)
    n = game.n_hypotheses
    simulate(game, Hostile("policy", (np.ones(n), np.zeros(0, np.int64), float(n), 0.0, -1, 0.0)))


def test_a_class_too_large_to_list_needs_atoms():
    crowd, _, panels, horizon = people()
    game = one_sided.OneSidedGame(crowd, one_sided.GroupThresholds(420), panels, horizon)
    assert game.table.size == 0
    numbers = (np.ones(3), np.zeros(0, np.int64), 3.0, 0.0, 0, 0.0)
    refused(game, Hostile("policy", numbers), "atoms must name the hypotheses")


@pytest.mark.parametrize(
    "game", [pr.DuelingBandit(rock_paper_scissors(0.3), 30), pr.LinearDuels(np.eye(3), [0, 1, 2], 30)]
)
@pytest.mark.parametrize("value", [-1, 3, LARGEST])
def test_duels_with_nobody(game, value):
    refused(game, Hostile("pair", (*NO_ARRAYS, value, 0), since=2), "first must be", f"got {value}")
    refused(game, Hostile("pair", (*NO_ARRAYS, 0, value), since=2), "second must be", f"got {value}")


TRAJECTORIES = [
    (np.full((3, 2), 2), np.eye(12), 0.0, "actions in 0, ..., 1, got 2"),
    (np.full((3, 2), -1), np.eye(12), 0.0, "got -1"),
    (np.zeros((4, 2), np.int64), np.eye(12), 0.0, "got (4, 2)"),
    (np.zeros((3, 3000), np.int64), np.eye(12), 0.0, "got (3, 3000)"),
    (np.zeros((0, 0), np.int64), np.eye(12), 0.0, "got (0, 0)"),
    (np.zeros((3, 2), np.int64), np.eye(1), 0.0, "factor must have shape (12, 12), got (1, 1)"),
    (np.zeros((3, 2), np.int64), np.eye(12, 24), 0.0, "got (12, 24)"),
    (np.zeros((3, 2), np.int64), np.zeros((12, 12)), 0.0, "got 0.0 at 0"),
    (np.zeros((3, 2), np.int64), np.diag([1.0] * 11 + [np.nan]), 0.0, "got nan at 11"),
    (np.zeros((3, 2), np.int64), np.eye(12) + np.tril(np.full((12, 12), np.nan), -1), 0.0, "finite widths"),
    (np.zeros((3, 2), np.int64), np.eye(12), np.nan, "level must be a number, got nan"),
]


@pytest.mark.parametrize(("policy", "factor", "level", "said"), TRAJECTORIES)
def test_trajectories_of_another_process(policy, factor, level, said):
    refused(pr.random_tabular_mdp(2, 2, 3, 20), Hostile("trajectories", (policy, factor, level)), said)


RECORDS = [
    (
        "index",
        switching(ExtraObservations(3)),
        (*NO_ARRAYS, 1),
        r"act must return a Play\(arm, looks, n_looks\), got int",
    ),
    ("pair", switching(ExtraObservations(3)), (*NO_ARRAYS, 1, 1), r"Play\(arm, looks, n_looks\), got one without arm"),
    ("looks", switching(ExtraObservations(3)), (np.zeros(4), np.zeros(4), 1, 1), "looks must be an array of integers"),
    (
        "looks",
        switching(ExtraObservations(3)),
        (np.zeros(4, bool), np.zeros(4), 1, 1),
        "looks must be an array of integers",
    ),
    ("looks", switching(ExtraObservations(3)), (np.zeros(4, int), np.zeros(4), 1, 1.0), "n_looks must be an integer"),
    ("looks", switching(ExtraObservations(3)), (np.zeros((2, 2), int), np.zeros(4), 1, 1), "integers with 1 axes"),
    ("pair", pr.DuelingBandit(rock_paper_scissors(0.3), 9), (*NO_ARRAYS, 1, 0.5), "second must be an integer"),
    (
        "trajectories",
        pr.random_tabular_mdp(2, 2, 3, 9),
        (np.zeros((3, 2)), np.eye(12), 0.0),
        "first must be an array of int",
    ),
    (
        "policy",
        one_sided.three_points(9),
        (np.ones(3), np.zeros(0, int), 3.0, 0.0, 0.5, 0.0),
        "drawn must be an integer",
    ),
    ("policy", one_sided.three_points(9), (np.ones(3), np.zeros(0, int), 3j, 0.0, 0, 0.0), "total must be a number"),
]


@pytest.mark.parametrize(("kind", "game", "numbers", "said"), RECORDS)
def test_parts_of_a_wrong_type_are_named(kind, game, numbers, said):
    with pytest.raises(TypeError, match=f"Hostile cannot play .*{said}") as caught:
        simulate(game, Hostile(kind, numbers))
    assert "\n" not in str(caught.value)


def test_threads_and_repetitions_report_the_first_repetition():
    for threads in (1, 2):
        with pytest.raises(InvalidAction, match=r"t = 5, the action must be in 0, \.\.\., 3, got 9"):
            simulate(switching(Bandit()), Hostile("index", (*NO_ARRAYS, 9), since=5), repetitions=9, threads=threads)


@pytest.mark.slow
def test_the_interpreted_engine_refuses_the_same():
    """Everything above once more in a process without the compiler."""
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        pytest.skip("this is that process")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(Path(__file__))]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:]
