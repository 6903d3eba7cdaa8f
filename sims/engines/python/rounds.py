"""The loop of `RoundProblem`s in the interpreter: the compiled loop's draws and numbers, and checks that it has not.

Indices are checked, what a learner is shown is read-only, and a kernel that keeps an array of an observation or a
feedback without copying it, which the problem may overwrite, is an error. `breakpoint()` stops in steps as written.
"""

import weakref
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.interpreted import Interpreter
from bandits.core.jit import is_compiled
from bandits.core.records import writer
from bandits.core.rng import ENVIRONMENT, seed_word, stream
from bandits.plain import Plain
from bandits.protocol import Learner, ProblemSteps, RoundProblem, steps_of_pair
from sims.engines.faults import clear_errors, user_line
from sims.engines.python.players import global_generators, player_of


class Round(NamedTuple):
    """Where a round stands; params and state are the learner's, for a plain one None and the object."""

    params: Any
    state: Any
    setting: Any
    world: Any
    t: int


class Follower:
    """Is told what happens in each round; this one ignores it."""

    def acts(self, repetition: int, of: Round, action: Any, observation: Any) -> None:
        """Take note of an action, before the problem responds."""

    def learns(self, feedback: Any) -> None:
        """Take note of the feedback, before the learner learns."""


def play(
    problem: RoundProblem,
    learner: Learner,
    seed: int,
    repetitions: Iterable[int],
    rounds: Any,
    follower: Follower | None = None,
    player: Any = player_of,
    **instead: Any,
) -> NDArray[np.float64]:
    """Return the metrics (R, C, M) of repetitions at the checkpoints `rounds` (C,); `follower` is told of each round.

    player: makes what plays the learner's part in a repetition.  instead: what kernels find under some global names.
    """
    interpret, word, write = Interpreter(**instead), seed_word(seed), writer(problem.metrics)
    steps, out = ProblemSteps(*map(interpret.step, problem.steps)), []
    with clear_errors(problem, learner), np.errstate(all="ignore"):
        setting = problem.setting()
        for repetition in repetitions:
            env = interpret(stream)(word, repetition, ENVIRONMENT)
            rows = np.empty((len(rounds), len(problem.metrics)))
            with global_generators(word, repetition) if in_python(problem, learner) else nullcontext():
                me = player(learner, problem, word, repetition, interpret)
                loop = _Loop(steps, setting, env, me, learner.name)
                for checkpoint, row in zip(map(int, rounds), rows, strict=True):
                    loop.until(checkpoint, repetition, follower or Follower())
                    write(steps.measure(setting, loop.world, checkpoint), row)
            out.append(rows)
    return np.array(out)


def in_python(problem: Any, learner: Learner) -> bool:
    """Return whether a learner may call libraries, which kernels do not."""
    return isinstance(learner, Plain) or not all(map(is_compiled, steps_of_pair(problem, learner)[0]))


class _Loop:
    """One repetition."""

    def __init__(self, steps: ProblemSteps, setting: Any, env: Any, me: Any, name: str) -> None:
        self.steps, self.setting, self.env, self.me, self.name = steps, setting, env, me, name
        self.world, self.t = steps.init(setting, env), 0

    def until(self, checkpoint: int, repetition: int, follower: Follower) -> None:
        """Play the rounds before the checkpoint."""
        try:
            while self.t < checkpoint:
                self._check_kept(self._round(repetition, follower))
                self.t += 1
        except Exception as error:
            line = user_line(error)
            error.add_note(f"in {line + ', ' if line else ''}round t = {self.t} of repetition {repetition}")
            raise

    def _round(self, repetition: int, follower: Follower) -> list[Any]:
        """Play a round; return weak references to the arrays that the learner was shown."""
        t, lent = self.t, _Lent()
        seen: tuple[Any, ...] = ()
        if self.steps.observe is not None:
            observation, self.world = self.steps.observe(self.setting, self.world, t, self.env)
            seen = (lent.of(observation),)
        action = self.me.act(t, *seen)
        of = Round(self.me.params, self.me.state, self.setting, self.world, t)
        follower.acts(repetition, of, action, seen[0] if seen else None)
        feedback, self.world = self.steps.respond(self.setting, self.world, t, action, self.env)
        feedback = lent.of(feedback)
        follower.learns(feedback)
        self.me.update(t, action, feedback, *seen)
        return lent.arrays

    def _check_kept(self, arrays: list[Any]) -> None:
        if not self.me.keeps_arrays and any(array() is not None for array in arrays):
            wrong = "keeps an array that the problem shows it and may overwrite: copy what is kept"
            raise TypeError(f"{self.name} {wrong}")


class _Lent:
    """Read-only copies of what a problem shows; the problem's own arrays stay its own."""

    def __init__(self) -> None:
        self.arrays: list[Any] = []

    def of(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            value = value.copy()
            value.flags.writeable = False
            self.arrays.append(weakref.ref(value))
        elif isinstance(value, tuple):
            parts = [self.of(part) for part in value]
            value = type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return value
