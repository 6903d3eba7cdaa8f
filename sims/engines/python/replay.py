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
    kept = _Actions(repetitions[0])
    values = rounds.play(problem, learner, seed, repetitions, checkpoints, kept)
    with _unnoticed(), contextlib.suppress(_Enough):
        try:
            rounds.play(problem, learner, seed, [kept.first], [1])  # a counter may be back where it began
            rounds.play(problem, learner, seed, [kept.first], [len(kept.actions)], _Compare(kept.actions))
        except _Otherwise:
            raise ValueError(
                f"{learner.name} takes other actions when repetition {kept.first} is played again: something outlives "
                "a repetition (an attribute of a class, a variable of a module) or draws without the seed of `rng`"
            ) from None
    return values


class _Actions(rounds.Follower):
    """Keeps the first actions of a repetition."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.actions: list[bytes] = []

    def acts(self, repetition: int, of: Any, action: Any, observation: Any) -> None:
        if repetition == self.first and of.t < _ROUNDS:
            self.actions.append(_frozen(action))


class _Compare(rounds.Follower):
    """Compares actions with those kept."""

    def __init__(self, actions: list[bytes]) -> None:
        self._actions, self._late = actions, time.monotonic() + _SECONDS

    def acts(self, repetition: int, of: Any, action: Any, observation: Any) -> None:
        if _frozen(action) != self._actions[of.t]:
            raise _Otherwise
        if time.monotonic() > self._late:
            raise _Enough


def _frozen(action: Any) -> bytes:
    """Return an action as bytes; those of what cannot be an action are all the same, since the problem refuses it."""
    try:
        return pickle.dumps(action)
    except Exception:
        return b""


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
