"""A learner's own kernels that fail: one line names the step, the line of its file, and what was wrong."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
from scipy.special import softmax

from bandits.core.jit import kernel
from bandits.losses import BernoulliLosses
from bandits.protocol import Learner, LearnerSteps
from bandits.switching import Bandit, SwitchingCostGame
from sims import simulate
from sims.engines.python.diagnosis import located

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 40)


class Numbers(NamedTuple):
    n_actions: int


class Means(NamedTuple):
    loss: Any


class WithDefault(NamedTuple):
    first: int = 0
    second: float = 0.5


@kernel
def init(params, rng):
    return Means(np.zeros(params.n_actions))


@kernel
def act(params, state, t, rng):
    return int(state.loss[0]) % params.n_actions


@kernel
def update(params, state, t, action, loss, rng):
    state.loss[action] += loss
    return state


@kernel
def forgets(params, state, t, action, loss, rng):
    state.loss[action] += loss


@kernel
def misses(params, state, t, action, loss, rng):
    state.loss[action + 2] += loss
    print("never seen")
    return state


@kernel
def raises(params, state, t, action, loss, rng):
    if t == 30:
        raise ValueError("too late")
    return state


@kernel
def calls_scipy(params, state, t, rng):
    return np.argmax(softmax(state.loss))


@kernel
def leaves_out(params, state, t, rng):
    numbers = WithDefault()
    return (t + numbers.first) % params.n_actions


@kernel
def formats(params, state, t, rng):
    return len(f"{t:03d}") % params.n_actions


def learner(init=init, act=act, update=update):
    @dataclass(frozen=True)
    class Own(Learner):
        steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
        accepts: ClassVar[tuple[type, ...]] = (Bandit,)

        def parameters(self, problem):
            return Numbers(problem.n_actions)

    return Own()


HERE = r"tests/cases/test_mistakes_in_kernels.py"
NO = r"^Own's steps do not compile in SwitchingCostGame: "
ELSE = r'; backend="python" plays it as it is'


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        (
            {"update": forgets},
            TypeError,
            rf"^Own's update must return the state.*got NoneType \(forgets in {HERE}, line",
        ),
        (
            {"update": misses},
            IndexError,
            rf"^Own's update raises IndexError: index 2 is out of bounds .*\({HERE}, line",
        ),
        ({"act": calls_scipy}, TypeError, rf"{NO}compiled code cannot use softmax: .*\(calls_scipy in {HERE}.*{ELSE}"),
        ({"act": leaves_out}, TypeError, rf"{NO}compiled code does not fill in the defaults of WithDefault: .*{ELSE}"),
        ({"act": formats}, TypeError, rf"{NO}format spec in f-strings not supported.*{ELSE}"),
    ],
    ids=["no return", "index", "SciPy", "defaults", "unsupported"],
)
def test_the_step_the_line_and_the_reason(steps, error, message, capsys):
    with pytest.raises(error, match=message) as caught:
        simulate(GAME, learner(**steps))
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


def test_a_state_forgotten_after_the_rounds_that_are_tried():
    late = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 600)

    @kernel
    def forgets_late(params, state, t, action, loss, rng):
        if t != 500:
            return state

    with pytest.raises(TypeError, match=r"^Own.update must return the state in every branch, and returned None"):
        simulate(late, learner(update=forgets_late))


def test_where_compiled_code_raised():
    where = located(GAME, learner(update=raises), 0, range(3, 5), 40, ValueError("too late"))
    assert re.fullmatch(rf"in {HERE}, line \d+, round t = 30 of repetition 3", where)
    assert located(GAME, learner(update=raises), 0, range(1), 40, ValueError("another")) == ""


def test_a_learner_that_is_no_frozen_dataclass():
    class Loose(Learner):
        steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
        accepts: ClassVar[tuple[type, ...]] = (Bandit,)

        def __init__(self):
            self.rate = 0.5

        def parameters(self, problem):
            return Numbers(problem.n_actions)

    with pytest.raises(
        TypeError, match=r"^Loose must be a frozen dataclass: decorate it with @dataclass\(frozen=True\)$"
    ):
        simulate(GAME, Loose())


def test_what_does_not_compile_is_played_by_the_interpreter():
    assert simulate(GAME, learner(act=calls_scipy), backend="python").final("observations") == [40.0]
