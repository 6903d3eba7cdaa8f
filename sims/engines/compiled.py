"""The compiled loop of every `RoundProblem`: composed, compiled and checked per (problem, learner) pair."""

import enum
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core import stopping
from bandits.core.actions import InvalidAction, InvalidActionType
from bandits.core.jit import RECORDS_HOLD, borrow, is_compiled, keep_alive, kernel, origin_of, program
from bandits.core.records import InvalidMetrics, writer
from bandits.core.rng import ENVIRONMENT, LEARNER, seed_word, stream
from bandits.protocol import Learner, LearnerSteps, Problem, ProblemSteps, RoundProblem
from sims.engines.faults import clear_errors
from sims.engines.python.diagnosis import explained, located, try_out

ROUNDS_BETWEEN_LOOKS = 1 << 10  # between reads of `stop`: 0.5 s where a round takes 0.5 ms
_OF_COMPILER = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)


def play(
    problem: Problem, learner: Learner, seed: int, first: int, count: int, rounds: Any, threads: int
) -> NDArray[np.float64]:
    """Return the metrics (count, C, M) float64 of repetitions first.. at the checkpoints `rounds` (C,) int64."""
    if not isinstance(problem, RoundProblem):
        raise TypeError(f"problem must be a RoundProblem for {learner.name} to play, got {type(problem).__name__}")
    params, setting, word = learner.parameters(problem), problem.setting(), seed_word(seed)
    values, stop = np.empty((count, len(rounds), len(problem.metrics))), stopping.flag()

    def part(bounds: tuple[int, int]) -> None:
        loop(params, setting, word, first + bounds[0], rounds, stop, values[bounds[0] : bounds[1]])

    with clear_errors(problem, learner):
        loop = loop_of(problem, learner, params, setting)
        compiled(problem, learner, lambda: part((0, 0)))  # once, not in every thread
        try:
            in_threads(part, pieces(count, threads), threads, stop)
        except InvalidAction:
            raise
        except Exception as error:
            where = located(problem, learner, seed, range(first, first + count), int(rounds[-1]), error)
            error.add_note(
                where or f'in {learner.name}; backend="python" plays the same and tells the line and the round'
            )
            raise
    stopping.look(stop)
    return values


def compile_pair(problem: Any, learner: Learner) -> None:
    """Compile the loop of a pair, or read it from the kernel cache, and play nothing."""
    params, setting, nothing = learner.parameters(problem), problem.setting(), np.empty((0, 1, len(problem.metrics)))
    with clear_errors(problem, learner):
        loop = loop_of(problem, learner, params, setting)
        empty = (seed_word(0), 0, np.zeros(1, np.int64), stopping.flag(), nothing)
        compiled(problem, learner, lambda: loop(params, setting, *empty))


def compiled(problem: RoundProblem, learner: Learner, play_nothing: Callable[[], None]) -> None:
    """Compile a pair by playing no repetition; raise what keeps it from being compiled, in one line.

    A learner from outside the package plays some rounds in the interpreter, which checks its indices.
    """
    try:
        play_nothing()
    except (InvalidMetrics, InvalidActionType, MemoryError, OSError):
        raise
    except Exception as error:  # of the compiler
        raise explained(problem, learner, error) from None
    if not type(learner).__module__.startswith("bandits."):
        try_out(problem, learner)


def in_threads(part: Callable[[Any], None], parts: list[tuple[int, int]], workers: int, stop: Any) -> None:
    """Run the parts in threads; on Ctrl-C set `stop`, which the compiled loop reads, and wait until all have ended."""
    if workers == 1 and threading.current_thread() is not threading.main_thread():  # receives no Ctrl-C
        for piece in parts:
            part(piece)
        return
    with ThreadPoolExecutor(min(workers, len(parts))) as pool:
        try:
            list(pool.map(part, parts))
        except BaseException:
            stop[0] = 1
            raise


def pieces(count: int, workers: int) -> list[tuple[int, int]]:
    """Split 0..count into contiguous pieces, eight per worker to balance the load."""
    edges = np.linspace(0, count, min(count, 8 * workers if workers > 1 else 1) + 1).astype(int)
    return [(int(a), int(b)) for a, b in pairwise(edges)]


def loop_of(problem: RoundProblem, learner: Learner, params: Any, setting: Any) -> Any:
    """Return the loop of a pair, not compiled yet; its arguments are those of `play` in `compose`.

    Raises TypeError for records that compiled code cannot hold, and ValueError if something that the steps read has
    changed since they were compiled.
    """
    play = compose(learner.steps_for(problem), problem.steps, problem.metrics)
    check_record(f"{learner.name}.parameters", params, is_compiled(play))
    check_record(f"{type(problem).__name__}.setting", setting, is_compiled(play))
    reached = origin_of(play).reached
    changed = reached.changed() if reached else None
    if changed:
        pair = f"{learner.name} in {type(problem).__name__}"
        raise ValueError(f"{pair}: {changed} has changed since its kernels were compiled; define the kernels again")
    return play


def check_record(owner: str, record: Any, compiled: bool) -> None:
    """Raise unless `record`, returned by `owner`, is a NamedTuple without nan of types that compiled code can hold."""
    if not isinstance(record, tuple) or not hasattr(record, "_fields"):
        raise TypeError(f"{owner} must return a NamedTuple, got {type(record).__name__}")
    for name, value in zip(record._fields, record, strict=True):
        if compiled:
            _check_value(owner, name, value)
        if isinstance(value, float) and math.isnan(value):
            raise ValueError(f"{owner} gives nan for {name}")


def _check_value(owner: str, path: str, value: Any) -> None:
    if isinstance(value, tuple):
        names = getattr(value, "_fields", range(len(value)))
        for name, item in zip(names, value, strict=True):
            _check_value(owner, f"{path}.{name}", item)
    elif isinstance(value, (np.ndarray, np.generic)):
        if value.dtype.kind not in "biufc":
            kind = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else f"a {value.dtype}"
            raise TypeError(f"{owner} gives {kind} for {path}; {RECORDS_HOLD}")
    elif isinstance(value, enum.Enum) or not isinstance(value, (bool, int, float, complex, type(None))):
        raise TypeError(f"{owner} gives a {type(value).__name__} for {path}; {RECORDS_HOLD}")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"{owner} gives {path} beyond a signed integer of 64 bits")


@cache
def compose(learner: LearnerSteps, problem: ProblemSteps, metrics: tuple[str, ...]) -> Any:
    """Return the compiled loop of a learner in a problem that measures `metrics`."""
    init, act, update = learner
    start, respond, measure, observe = problem
    decide, write = make_decide(act, observe), writer(metrics)

    @program
    def play(
        params_owner: Any, setting_owner: Any, seed: Any, first: int, checkpoints: Any, stop: Any, out: Any
    ) -> None:
        params = borrow(params_owner)
        setting = borrow(setting_owner)
        for row in range(out.shape[0]):
            rng = stream(seed, first + row, LEARNER)
            env = stream(seed, first + row, ENVIRONMENT)
            state_owner = init(params, rng)
            world_owner = start(setting, env)
            state = borrow(state_owner)
            world = borrow(world_owner)
            t = int(0)  # noqa: RUF046, UP018 - `0` would be typed Literal[int]: shared kernels would compile twice
            for c in range(checkpoints.size):
                while t < checkpoints[c] and stop[0] == 0:
                    pause = min(checkpoints[c], t + ROUNDS_BETWEEN_LOOKS)
                    while t < pause:
                        action, world = decide(params, state, setting, world, t, rng, env)
                        feedback, world = respond(setting, world, t, action, env)
                        state = update(params, state, t, action, feedback, rng)
                        t += 1
                write(measure(setting, world, t), out[row, c])
            keep_alive(state_owner)
            keep_alive(world_owner)
        keep_alive(params_owner)
        keep_alive(setting_owner)

    return play


def make_decide(act: Any, observe: Any) -> Any:
    """Return the kernel of the learner's decision: `act`, after `observe` where the problem shows a context."""

    @kernel
    def blind(params: Any, state: Any, setting: Any, world: Any, t: int, rng: Any, env: Any) -> Any:
        return act(params, state, t, rng), world

    @kernel
    def observing(params: Any, state: Any, setting: Any, world: Any, t: int, rng: Any, env: Any) -> Any:
        observation, after = observe(setting, world, t, env)
        return act(params, state, observation, t, rng), after

    return blind if observe is None else observing
