"""Learners that are not kernels may keep more than their state: one repetition is played twice."""

import contextlib
import io
import pickle
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from bandits.protocol import Learner, RoundProblem
from sims.engines.python import rounds

_ROUNDS, _SECONDS = 100, 0.1  # that are played again, at most


def play(problem: RoundProblem, learner: Learner, seed: int, repetitions: range, checkpoints: Any) -> NDArray[Any]:
    """Return what `rounds.play` does; ValueError if the first repetition takes other actions when it is played again.

    It does where something outlives a repetition, as do attributes of classes, or draws without the repetition's seed.
    """
    first, actions = repetitions[0], []

    def keep(repetition: int, t: int, observation: Any, action: Any, feedback: Any) -> None:
        if repetition == first and t < _ROUNDS:
            actions.append(pickle.dumps(action))

    values = rounds.play(problem, learner, seed, repetitions, checkpoints, keep)
    late = time.monotonic() + _SECONDS

    def compare(repetition: int, t: int, observation: Any, action: Any, feedback: Any) -> None:
        if pickle.dumps(action) != actions[t]:
            raise _Otherwise
        if time.monotonic() > late:
            raise _Enough

    with _unnoticed(), contextlib.suppress(_Enough):
        try:
            rounds.play(problem, learner, seed, [first], [len(actions)], compare)
        except _Otherwise:
            raise ValueError(
                f"{learner.name} takes other actions when repetition {first} is played again: something outlives a "
                "repetition (an attribute of a class, a variable of a module) or draws without the seed of `rng`"
            ) from None
    return values


class _Otherwise(Exception):
    """An action differs."""


class _Enough(Exception):
    """The time is up."""


@contextlib.contextmanager
def _unnoticed() -> Iterator[None]:
    """Hide what a learner prints, and leave out its breakpoints; not beside other threads, which share both."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hook, sys.breakpointhook = sys.breakpointhook, lambda *_, **__: None
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        sys.breakpointhook = hook
