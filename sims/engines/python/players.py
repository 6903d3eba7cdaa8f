"""The two ways to write a learner, kernels and plain methods, as the loop of the Python engine plays them."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bandits.core.interpreted import Interpreter
from bandits.core.rng import LEARNER, stream
from bandits.plain import Plain
from bandits.protocol import Learner, LearnerSteps

_ONE = threading.RLock()


class NoState(TypeError):
    """What `step` returned is not the state that it must return."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step} {reason}")
        self.step = step


class OfKernels:
    """A learner in one repetition, played by the source of its kernels."""

    keeps_arrays = False  # what it is shown is valid until the problem's next step function

    def __init__(self, learner: Learner, problem: Any, seed: Any, repetition: int, interpret: Interpreter) -> None:
        self.params = learner.parameters(problem)
        self._steps = LearnerSteps(*map(interpret.step, learner.steps_for(problem)))
        self._rng = interpret(stream)(seed, repetition, LEARNER)
        self.state = self._required("init", self._steps.init(self.params, self._rng))

    def act(self, t: int, *observation: Any) -> Any:
        """Return the action of round t."""
        return self._steps.act(self.params, self.state, *observation, t, self._rng)

    def update(self, t: int, action: Any, feedback: Any, *observation: Any) -> None:
        """Learn from round t."""
        state = self._steps.update(self.params, self.state, t, action, feedback, self._rng)
        self.state = self._required("update", state)

    def _required(self, step: str, state: Any) -> Any:
        if not isinstance(state, tuple):
            raise NoState(step, f"must return the state, a NamedTuple, got {type(state).__name__}")
        return state


class OfMethods:
    """A learner in one repetition, played by the methods of a copy of the user's object."""

    keeps_arrays = True
    params = None

    def __init__(self, learner: Any, problem: Any, seed: Any, repetition: int, interpret: Interpreter) -> None:
        self._rng = np.random.default_rng([int(seed), repetition, LEARNER])
        with _warning():
            self.state = learner.started(problem, self._rng)

    def act(self, t: int, observation: Any = None) -> Any:
        """Return the action of round t."""
        with _warning():
            return self.state.act(observation, self._rng)

    def update(self, t: int, action: Any, feedback: Any, observation: Any = None) -> None:
        """Learn from round t."""
        with _warning():
            self.state.update(observation, action, feedback, self._rng)


def _warning() -> np.errstate:
    """Return NumPy's default settings; kernels run without warnings, as when they are compiled."""
    return np.errstate(all="warn", under="ignore")


def player_of(learner: Learner, problem: Any, seed: Any, repetition: int, interpret: Interpreter) -> Any:
    """Return what plays the learner's part in a repetition."""
    kind = OfMethods if isinstance(learner, Plain) else OfKernels
    return kind(learner, problem, seed, repetition, interpret)


@contextmanager
def global_generators(seed: Any, repetition: int) -> Iterator[None]:
    """Seed the generators of `random` and `numpy.random`, which libraries use, for a repetition; restore them after.

    One thread at a time: the process has one of each.
    """
    with _ONE:
        yield from _seeded(seed, repetition)


def _seeded(seed: Any, repetition: int) -> Iterator[None]:
    before, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    first, second = np.random.SeedSequence([int(seed), repetition, LEARNER]).generate_state(2)
    random.seed(int(first))
    np.random.seed(int(second))  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(of_numpy)  # noqa: NPY002
