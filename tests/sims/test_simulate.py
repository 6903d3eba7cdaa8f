"""The loop: the same bits for any threads and any split, equal to its own text run by Python, wrong calls refused."""

import math
import os
import signal
import sys
import threading
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.losses import AlternatingLosses, BernoulliLosses, LossTable, PiecewiseLosses
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import (
    BatchedDartboard,
    BatchedExp3,
    BudgetExceeded,
    Exp3,
    Hedge,
    SwitchingCostGame,
    TotalBudget,
    TsallisSwitch,
)
from sims import simulate
from sims.simulate import checkpoint_rounds
from tests.drivers import play_plainly, slow

WALK = MultiScaleRandomWalk(4)
HORIZON = 130  # two blocks of 64 normals and a bit
ROUNDS = [1, 63, 64, 65, HORIZON]


def walk(feedback=None, losses=WALK):
    return SwitchingCostGame(losses, HORIZON, 0.7, *([feedback] if feedback else []))


PAIRS = {  # the losses of the game; the learners are compared in tests/properties/test_every_learner.py
    "BatchedExp3": (walk(), BatchedExp3(0.3, 7)),
    "Exp3": (walk(), Exp3(0.3)),
    "BatchedDartboard, flexible looks": (walk(TotalBudget(40)), BatchedDartboard(0.3)),
    "on a table": (walk(losses=LossTable(np.random.default_rng(1).random((HORIZON, 3)))), Exp3(0.3)),
    "on Bernoulli losses": (walk(losses=BernoulliLosses([0.3, 1 / 3, 1.0, 0.0, 0.9])), TsallisSwitch()),
    "on drifting pieces": (walk(losses=PiecewiseLosses([[0.1, 0.8], [0.9, 0.2]], [64], drift=True)), Exp3(0.3)),
    "on alternating losses": (walk(losses=AlternatingLosses(3, 5)), Exp3(0.3)),
}
PAIR = PAIRS["BatchedExp3"]


@pytest.mark.parametrize("name", [next(iter(PAIRS)), *map(slow, list(PAIRS)[1:])])
def test_compiled_equals_its_text_run_by_python(name):
    """Bit for bit, every metric at every checkpoint, for small and large seeds and repetitions."""
    for seed, first in ((0, 0), (2**64 - 1, 2**32 - 2)):
        run = simulate(*PAIRS[name], repetitions=2, seed=seed, checkpoints=ROUNDS, threads=1, first_repetition=first)
        assert run.values.tobytes() == play_plainly(*PAIRS[name], 2, seed, ROUNDS, first).tobytes()


# ---------------------------------------------------------------- threads, splits, checkpoints

WHOLE = {"repetitions": 37, "seed": 5, "checkpoints": ROUNDS}


@pytest.fixture(scope="module")
def whole():
    return simulate(*PAIR, **WHOLE, threads=1).values


@pytest.mark.parametrize("threads", [2, 3, 64, None])
def test_threads_do_not_matter(whole, threads):
    assert simulate(*PAIR, **WHOLE, threads=threads).values.tobytes() == whole.tobytes()


@given(st.lists(st.integers(0, 37), max_size=4).map(sorted), st.sampled_from([1, 2]))
def test_any_split_of_the_repetitions_gives_the_same_bits(whole, cuts, threads):
    parts = []
    for low, high in zip([0, *cuts], [*cuts, 37], strict=True):
        if low < high:
            part = WHOLE | {"repetitions": high - low}
            parts.append(simulate(*PAIR, **part, threads=threads, first_repetition=low).values)
    assert np.concatenate(parts).tobytes() == whole.tobytes()


@given(st.sets(st.integers(1, HORIZON), min_size=1, max_size=6).map(sorted))
def test_checkpoints_only_look(whole, rounds):
    """What is measured at a round does not depend on the other rounds at which something is measured."""
    run = simulate(*PAIR, repetitions=2, seed=5, checkpoints=[*rounds], threads=1)
    assert run.rounds.tolist() == rounds
    for column, n in enumerate(rounds):
        if n in ROUNDS:
            assert run.values[:, column].tobytes() == whole[:2, ROUNDS.index(n)].tobytes()


def test_a_shorter_game_is_the_beginning_of_a_longer_one(whole):
    """With the same parameters and losses, results do not depend on later rounds."""
    game, learner = PAIR
    setting = game.losses.setting(HORIZON)
    losses = MultiScaleRandomWalk(4, setting.gap, setting.noise)
    short = simulate(SwitchingCostGame(losses, 65, 0.7), learner, repetitions=37, seed=5, checkpoints=[1, 63, 64, 65])
    assert short.values.tobytes() == whole[:, :4].tobytes()


def test_seeds_and_repetitions_differ(whole):
    assert len(np.unique(whole[:, -1, 0])) == 37
    other = simulate(*PAIR, **(WHOLE | {"seed": 6})).values
    assert not np.isin(other[:, -1, 0], whole[:, -1, 0]).any()


def test_learners_meet_the_same_losses(whole):
    """Common random numbers: the best action's loss in hindsight is the same for all learners."""
    best = whole[:, :, PAIR[0].metrics.index("best_loss")]
    other = simulate(*PAIRS["Exp3"], **WHOLE)
    assert other["best_loss"].tobytes() == best.tobytes()


@given(st.integers(1, 10**12))
def test_default_checkpoints_increase_to_the_horizon(horizon):
    """About four per octave: each is at most 2^(1/4) times the one before, up to rounding to whole rounds."""
    rounds = checkpoint_rounds(horizon)
    assert rounds.dtype == np.int64
    assert rounds[0] == 1
    assert rounds[-1] == horizon
    assert np.all(np.diff(rounds) > 0)
    assert np.all(rounds[1:] <= np.ceil(rounds[:-1] * 2**0.25) + 1)
    assert len(rounds) <= 4 * math.log2(horizon) + 2


def test_default_checkpoints_are_used():
    assert simulate(*PAIR).rounds.tolist() == checkpoint_rounds(HORIZON).tolist()


# ---------------------------------------------------------------- errors inside the loop


@dataclass(frozen=True)
class Greedy(BatchedDartboard):
    """Buys an observation in every round, beyond any budget."""

    def parameters(self, problem):
        return super().parameters(problem)._replace(batch_length=1)


@pytest.mark.parametrize("threads", [1, 2])
def test_overdrawn_budgets_raise_from_compiled_threads(threads):
    enough = SwitchingCostGame(WALK, HORIZON, feedback=TotalBudget(HORIZON))
    assert simulate(enough, Greedy(), threads=threads, repetitions=4).final("observations").tolist() == [HORIZON] * 4
    short = SwitchingCostGame(WALK, HORIZON, feedback=TotalBudget(HORIZON - 1))
    with pytest.raises(BudgetExceeded, match="more observations than its budget holds"):
        simulate(short, Greedy(), threads=threads, repetitions=4)


# ---------------------------------------------------------------- wrong arguments

WRONG = [
    ({"problem": "walk"}, TypeError, "problem must be a problem such as SwitchingCostGame(...), got str"),
    ({"problem": SwitchingCostGame}, TypeError, "got SwitchingCostGame (the class itself: call it)"),
    ({"learner": None}, TypeError, "learner must be a learner such as Exp3(), got NoneType"),
    ({"learner": Exp3}, TypeError, "learner must be a learner such as Exp3(), got Exp3 (the class itself: call it)"),
    ({"learner": Hedge()}, TypeError, "Hedge learns from FullInformation feedback, but the problem gives Bandit"),
    ({"repetitions": 0}, ValueError, "repetitions must be at least 1, got 0"),
    ({"repetitions": 2.0}, TypeError, "repetitions must be an integer, got 2.0"),
    ({"repetitions": True}, TypeError, "repetitions must be an integer, got True"),
    ({"seed": -1}, ValueError, f"seed must be between 0 and {2**64 - 1}, got -1"),
    ({"seed": 2**64}, ValueError, f"seed must be between 0 and {2**64 - 1}, got {2**64}"),
    ({"seed": None}, TypeError, "seed must be an integer, got None"),
    ({"threads": 0}, ValueError, "threads must be at least 1, got 0"),
    ({"threads": 1.5}, TypeError, "threads must be an integer, got 1.5"),
    ({"backend": "gpu"}, ValueError, "backend must be one of numba, numba-scalar, python, jax, jax-float32, got 'gpu'"),
    ({"first_repetition": -1}, ValueError, f"first_repetition must be between 0 and {2**32 - 1}, got -1"),
    (
        {"first_repetition": 2**32 - 1, "repetitions": 2},
        ValueError,
        f"first_repetition must be between 0 and {2**32 - 2}, got {2**32 - 1}",
    ),
    ({"repetitions": 2**33}, ValueError, f"repetitions must be at most {2**32}, got {2**33}"),
    ({"checkpoints": 5}, TypeError, "checkpoints must be increasing rounds in 1..130, got 5"),
    ({"checkpoints": []}, ValueError, "checkpoints must be increasing rounds in 1..130, got []"),
    ({"checkpoints": [5, 5]}, ValueError, "checkpoints must be increasing rounds in 1..130, got [5, 5]"),
    ({"checkpoints": [6, 5]}, ValueError, "checkpoints must be increasing rounds in 1..130, got [6, 5]"),
    ({"checkpoints": [0, 5]}, ValueError, "checkpoints must be between 1 and 130, got 0"),
    ({"checkpoints": [131]}, ValueError, "checkpoints must be between 1 and 130, got 131"),
    ({"checkpoints": [1.5]}, TypeError, "checkpoints must be an integer, got 1.5"),
    ({"learner": BatchedExp3(batch_length=131)}, ValueError, "batch_length must be between 1 and 130, got 131"),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG, ids=[message for _, _, message in WRONG])
def test_wrong_arguments_give_one_line_with_name_value_and_range(change, error, message):
    arguments = {"problem": PAIR[0], "learner": PAIR[1]} | change
    with pytest.raises(error) as caught:
        simulate(arguments.pop("problem"), arguments.pop("learner"), **arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_stops_the_loop(threads):
    """Days of rounds end soon after the signal."""
    game = SwitchingCostGame(WALK, 2**45)
    simulate(replace(game, horizon=2), Exp3(0.3))  # compiles
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            simulate(game, Exp3(0.3), repetitions=3, threads=threads)
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, handler)
