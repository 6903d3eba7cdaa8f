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
from bandits.core.jit import (
    RECORDS_HOLD,
    borrow,
    changed_since,
    is_at_hand,
    is_compiled,
    keep_alive,
    kernel,
    program,
    typeof,
)
from bandits.core.lanes import LANES, lane_of, lane_text
from bandits.core.records import InvalidMetrics, writer
from bandits.core.rng import ENVIRONMENT, LEARNER, lane_stream, seed_word, stream
from bandits.protocol import MAKING, Learner, LearnerSteps, Problem, ProblemSteps, RoundProblem, steps_of_pair
from sims.engines.faults import clear_errors
from sims.engines.python.diagnosis import explained, located, try_out

ROUNDS_BETWEEN_LOOKS = 1 << 10  # between reads of `stop`: 0.5 s where a round takes 0.5 ms
LEAST_FOR_LANES = 1 << 20  # rounds of all repetitions, 20 ms of the loop that plays them one at a time
_WORTH_COMPILING = 1 << 25  # rounds from which lanes are compiled although the other loop need not be, 0.6 s of it
_GAIN = 4  # rounds of one repetition in the time of a round of all lanes, out of LANES
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
    problem: Problem,
    learner: Learner,
    seed: int,
    first: int,
    count: int,
    rounds: Any,
    threads: int,
    lanes: bool = True,
) -> NDArray[np.float64]:
    """Return the metrics (count, C, M) float64 of repetitions first.. at the checkpoints `rounds` (C,) int64.

    lanes: play `LANES` repetitions at once where the pair can be and that is quicker; the numbers are the same.
    """
    if not isinstance(problem, RoundProblem):
        raise TypeError(f"problem must be a RoundProblem for {learner.name} to play, got {type(problem).__name__}")
    params, setting, word = learner.parameters(problem), problem.setting(), seed_word(seed)
    values, stop = np.empty((count, len(rounds), len(problem.metrics))), stopping.flag()
    width, failed = 1, False

    def part(bounds: tuple[int, int]) -> None:
        loop(params, setting, word, first + bounds[0], rounds, stop, values[bounds[0] : bounds[1]])

    with clear_errors(problem, learner):
        loop = loop_of(problem, learner, params, setting)
        width = width_of(problem, learner, count, int(rounds[-1]), threads) if lanes else 1
        loop = loop if width == 1 else loop_of(problem, learner, params, setting, width)
        compiled(problem, learner, lambda: part((0, 0)), width)  # once, not in every thread
        try:
            in_threads(part, pieces(count, threads, width), threads, stop)
        except Exception as error:
            failed = True
            if width == 1:
                if not isinstance(error, InvalidAction):
                    where = located(problem, learner, seed, range(first, first + count), int(rounds[-1]), error)
                    error.add_note(
                        where or f'in {learner.name}; backend="python" plays the same and tells the line and the round'
                    )
                raise
    if failed:  # in some lane: one repetition at a time, the error tells more
        return play(problem, learner, seed, first, count, rounds, threads, lanes=False)
    stopping.look(stop)
    return values


def width_of(problem: RoundProblem, learner: Learner, count: int, horizon: int, threads: int) -> int:
    """Return how many of `count` repetitions are to be played at once: `LANES` where it is quicker, else 1.

    To compile a loop for lanes takes as long as to compile the other. So in short plays whichever is compiled is used.
    """
    rounds, steps = count * horizon, steps_of_pair(problem, learner)
    if rounds < LEAST_FOR_LANES or -(-count // threads) < _GAIN * -(-count // (LANES * threads)):
        return 1
    lanes = in_lanes(*steps)
    if lanes is None or rounds >= _WORTH_COMPILING:
        return 1 if lanes is None else LANES
    kinds = tuple(map(typeof, _nothing_to_play(problem, learner)))
    if not is_at_hand(compose(*steps, problem.metrics), *kinds):
        return LANES
    return LANES if is_at_hand(compose(*lanes, problem.metrics, LANES), *kinds) else 1


def _nothing_to_play(problem: RoundProblem, learner: Learner) -> tuple[Any, ...]:
    """Return arguments of the loop for no repetition."""
    nothing = seed_word(0), 0, np.zeros(1, np.int64), stopping.flag(), np.empty((0, 1, len(problem.metrics)))
    return learner.parameters(problem), problem.setting(), *nothing


def compile_pair(problem: Any, learner: Learner, width: int = 1) -> None:
    """Compile the loop of a pair, or read it from the kernel cache, and play nothing."""
    given = _nothing_to_play(problem, learner)
    with clear_errors(problem, learner):
        loop = loop_of(problem, learner, given[0], given[1], width)
        compiled(problem, learner, lambda: loop(*given), width)


def compiled(problem: RoundProblem, learner: Learner, play_nothing: Callable[[], None], width: int = 1) -> None:
    """Compile a pair by playing no repetition; raise what keeps it from being compiled, in one line.

    A learner from outside the package plays some rounds in the interpreter, which checks its indices.
    """
    try:
        play_nothing()
    except (InvalidMetrics, InvalidActionType, MemoryError, OSError):
        raise
    except Exception as error:  # of the compiler
        raise explained(problem, learner, error, lanes=width > 1) from None
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


def pieces(count: int, workers: int, width: int = 1) -> list[tuple[int, int]]:
    """Split 0..count into contiguous pieces, eight per worker to balance the load; all but the last of whole widths."""
    blocks = -(-count // width)
    edges = np.linspace(0, blocks, min(blocks, 8 * workers if workers > 1 else 1) + 1).astype(int) * width
    return [(int(a), min(int(b), count)) for a, b in pairwise(edges)]


def loop_of(problem: RoundProblem, learner: Learner, params: Any, setting: Any, width: int = 1) -> Any:
    """Return the loop of a pair, not compiled yet; its arguments are those of `play` in `compose`.

    Raises TypeError for records that compiled code cannot hold, and ValueError if something that the steps read has
    changed since they were compiled.
    """
    steps = steps_of_pair(problem, learner)
    play = compose(*((width > 1 and in_lanes(*steps)) or steps), problem.metrics, width)
    check_record(f"{learner.name}.parameters", params, is_compiled(play))
    check_record(f"{type(problem).__name__}.setting", setting, is_compiled(play))
    if changed := changed_since(play):
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


def in_lanes(learner: LearnerSteps, problem: ProblemSteps) -> tuple[LearnerSteps, ProblemSteps] | None:
    """Return the steps of a pair that play `LANES` repetitions at once, None where one has no such text."""
    played = *learner, problem.init, problem.respond, problem.observe
    with MAKING:
        texts = [lane_text(step) for step in played]
    if any(text is None and step is not None for text, step in zip(texts, played, strict=True)):
        return None
    init, act, update, start, respond, observe = texts
    return LearnerSteps(init, act, update), ProblemSteps(start, respond, problem.measure, observe)


def compose(learner: LearnerSteps, problem: ProblemSteps, metrics: tuple[str, ...], width: int = 1) -> Any:
    """Return the compiled loop of a learner in a problem that measures `metrics`, the same one in all threads.

    width: 1, or `LANES` for the steps of `in_lanes`; the last lanes may play repetitions that `out` has no room for.
    """
    with MAKING:
        return _composed(learner, problem, metrics, width)


@cache
def _composed(learner: LearnerSteps, problem: ProblemSteps, metrics: tuple[str, ...], width: int) -> Any:
    init, act, update = learner
    start, respond, measure, observe = problem
    decide, report = make_decide(act, observe), make_report(measure, writer(metrics), width)
    address = stream if width == 1 else lane_stream

    @program
    def play(
        params_owner: Any, setting_owner: Any, seed: Any, first: int, checkpoints: Any, stop: Any, out: Any
    ) -> None:
        params = borrow(params_owner)
        setting = borrow(setting_owner)
        for row in range(0, out.shape[0], width):
            rng = address(seed, first + row, LEARNER)
            env = address(seed, first + row, ENVIRONMENT)
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
                report(setting, world, t, out, row, c)
            keep_alive(state_owner)
            keep_alive(world_owner)
        keep_alive(params_owner)
        keep_alive(setting_owner)

    return play


def make_report(measure: Any, write: Any, width: int) -> Any:
    """Return the kernel that writes the metrics of one repetition, or of each lane, into out[row, c]."""

    @kernel
    def one(setting: Any, world: Any, t: int, out: Any, row: int, c: int) -> None:
        write(measure(setting, world, t), out[row, c])

    @kernel
    def each(setting: Any, world: Any, t: int, out: Any, row: int, c: int) -> None:
        for lane in range(min(LANES, out.shape[0] - row)):
            write(measure(setting, lane_of(world, lane), t), out[row + lane, c])

    return one if width == 1 else each


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
