"""What compiled code cannot hold, and what no seed reaches, is refused in one line before anything is compiled."""

import enum
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

from bandits.core.jit import kernel, shared_kernel
from bandits.losses import BernoulliLosses
from bandits.protocol import Learner, LearnerSteps
from bandits.switching import Bandit, SwitchingCostGame
from sims import Cell, simulate

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 20)


class RecordParams(NamedTuple):
    item: Any


class RecordState(NamedTuple):
    item: Any


@kernel
def init(params, rng):
    return RecordState(0)


@kernel
def act(params, state, t, rng):
    return 0


@kernel
def update(params, state, t, action, feedback, rng):
    return state


def learner(item=0, *, init=init, act=act):
    @dataclass(frozen=True)
    class Own(Learner):
        steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
        accepts: ClassVar[tuple[type, ...]] = (Bandit,)

        def parameters(self, problem):
            return RecordParams(item)

    return Own()


class Mode(enum.IntEnum):
    FAST = 1


@pytest.mark.parametrize(
    ("item", "what"),
    [
        ("fast", "a str for item"),
        ([0.1, 0.2], "a list for item"),
        ({"a": 1}, "a dict for item"),
        ({1, 2}, "a set for item"),
        (Mode.FAST, "a Mode for item"),
        (RecordState("fast"), "a str for item.item"),
        ((1, [2]), "a list for item.1"),
        (np.array(["a", "b"]), "an array of <U1 for item"),
        (np.array([1, None], dtype=object), "an array of object for item"),
        (np.datetime64("2020-01-01"), "a datetime64[D] for item"),
        (np.random.default_rng(0), "a Generator for item"),
        (lambda: 1, "a function for item"),
    ],
)
def test_parameters_that_no_record_can_hold_are_named(item, what):
    with pytest.raises(TypeError) as caught:
        simulate(GAME, learner(item))
    assert (
        str(caught.value) == f"Own.parameters gives {what}; records hold numbers, arrays of numbers and tuples of them"
    )


def test_integers_beyond_64_bits_are_named():
    with pytest.raises(ValueError, match=r"^Own.parameters gives item beyond a signed integer of 64 bits$"):
        simulate(GAME, learner(2**63))


@kernel
def list_init(params, rng):
    return RecordState([0.0])


@kernel
def dict_init(params, rng):
    return RecordState({0: 1.0})


@kernel
def text_init(params, rng):
    return RecordState("fast")


@pytest.mark.parametrize(("start", "kind"), [(list_init, "list"), (dict_init, "dict"), (text_init, "str")])
def test_states_that_no_record_can_hold_are_named(start, kind):
    with pytest.raises(
        TypeError, match=rf"init returns a {kind} for RecordState\.item; records hold numbers"
    ) as caught:
        simulate(GAME, learner(init=start))
    assert "\n" not in str(caught.value)


@kernel
def random_act(params, state, t, rng):
    return np.random.randint(2)  # noqa: NPY002 - what is refused


@pytest.mark.parametrize("call", [simulate, lambda game, own: simulate(game, own, threads=2, repetitions=2)])
def test_draws_that_no_seed_reaches_are_refused(call):
    with pytest.raises(TypeError, match=r"random_act draws from .*randint.*; draw from bandits.rng"):
        call(GAME, learner(act=random_act))


def test_a_pair_that_draws_them_has_no_address():
    assert Cell(GAME, learner(act=random_act)).code.version is None


CONSTANT = 0


@kernel
def constant_act(params, state, t, rng):
    return CONSTANT


def test_a_constant_that_changes_after_compilation_is_an_error(monkeypatch):
    """Compiled code holds the value that it met: playing on would give the old numbers."""
    own = learner(act=constant_act)
    before = Cell(GAME, own).code
    first = simulate(GAME, own, seed=1).final("loss")
    monkeypatch.setitem(globals(), "CONSTANT", 1)
    with pytest.raises(ValueError, match=r"CONSTANT has changed since its kernels were compiled"):
        simulate(GAME, own, seed=1)
    assert Cell(GAME, own).code != before
    monkeypatch.setitem(globals(), "CONSTANT", 0)
    assert simulate(GAME, own, seed=1).final("loss") == first
    assert Cell(GAME, own).code == before


@shared_kernel
def constant_times(n):
    return CONSTANT * n


def acting():
    """Return a new kernel each time, as when the cell of a notebook is run again."""

    @kernel
    def act(params, state, t, rng):
        return constant_times(1)

    return act


def test_a_constant_that_a_shared_kernel_read_is_an_error_for_new_kernels_too(monkeypatch, tmp_path):
    """The shared one was compiled with the value that it met, and is linked as it is."""
    monkeypatch.setenv("REGRETLAB_CACHE_DIR", str(tmp_path))
    simulate(GAME, learner(act=acting()), seed=1)
    monkeypatch.setitem(globals(), "CONSTANT", 1)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"CONSTANT has changed since its kernels were compiled"):
            simulate(GAME, learner(act=acting()), seed=1)


def test_bounds_checks_are_part_of_the_address(monkeypatch):
    """Results of a run without them say nothing of what a run with them would have refused."""
    before = Cell(GAME, learner()).code
    monkeypatch.setattr("numba.core.config.BOUNDSCHECK", 1)
    assert Cell(GAME, learner()).code != before
