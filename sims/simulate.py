"""One loop for every problem and learner, compiled for the pair, run over repetitions in threads."""

import math
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.actions import InvalidAction, InvalidActionType
from bandits.checks import instance, integer
from bandits.jit import CompilationError, borrow, keep_alive, program
from bandits.protocol import Learner, LearnerSteps, Problem, ProblemSteps
from bandits.rng import ENVIRONMENT, LEARNER, seed_word, stream
from sims.backends import Backend as Backend
from sims.backends import check_backend, engine, precision_of
from sims.run import Run

ROUNDS_BETWEEN_LOOKS = 1 << 20  # at `stop`
UNWRITTEN = np.array(0x7FF8_7265_6772_6574, np.uint64).view(np.float64)[()]  # a nan that no arithmetic makes


def simulate(
    problem: Problem,
    learner: Learner,
    *,
    repetitions: int = 1,
    seed: int = 0,
    checkpoints: Sequence[int] | NDArray[np.int64] | None = None,
    threads: int | None = None,
    first_repetition: int = 0,
    backend: Backend = "numba",
) -> Run:
    """Play `problem` with `learner` and return what was measured at the checkpoints.

    Repetition r draws from streams keyed by (seed, r) alone: the numbers are the same for any number of
    threads and of repetitions, and two learners meet the same losses (common random numbers).

    repetitions: 1 to 2^32.  seed: integer in [0, 2^64).
    checkpoints: increasing rounds in 1..horizon at which to measure; None means about four an octave and
    the horizon.  threads: at least 1; None means one a processor.
    first_repetition: number of the first repetition, to continue an earlier run (default 0).
    backend: "numba", the compiled loop; "jax" or "jax-float32" (single precision), all repetitions at once, for
    hundreds of repetitions and more or for an accelerator, for the pairs that have a twin (`sims.backends.twins()`
    lists them). JAX has threads of its own; `threads` does not bind it. Learners with a batched computation of their
    own use it under any backend.

    Memory is O(repetitions x checkpoints), whatever the horizon. Ctrl-C stops the loop within about 10^6 rounds.
    Raises TypeError or ValueError, naming the argument, before anything is compiled.
    """
    instance("problem", problem, Problem, "a problem such as SwitchingCostGame(...)")
    instance("learner", learner, Learner, "a learner such as Exp3()")
    learner.check(problem)
    count = integer("repetitions", repetitions, low=1)
    integer("repetitions", count, high=2**32)  # streams number them in 32 bits
    first = integer("first_repetition", first_repetition, low=0, high=2**32 - count)
    workers = integer("threads", threads, low=1) if threads is not None else (os.cpu_count() or 1)
    word = seed_word(seed)
    check_backend(backend, problem, learner)
    rounds = checkpoint_rounds(problem.horizon) if checkpoints is None else given_rounds(checkpoints, problem.horizon)

    batched = learner.play(problem, int(word), first, count, rounds)
    if batched is None and backend != "numba":
        play_in_jax = engine(problem, learner).play
        batched = play_in_jax(problem, learner, int(word), first, count, rounds, precision_of(backend))
    if batched is not None:
        return Run(problem, learner, int(word), first, rounds, measured(problem, learner, batched, count, rounds))

    play = compose(learner.steps_for(problem), problem.steps)
    params, setting = learner.parameters(problem), problem.setting()
    _check_record(learner, params)
    values, stop = np.full((count, len(rounds), len(problem.metrics)), UNWRITTEN), np.zeros(1, np.uint8)

    def part(bounds: tuple[int, int]) -> None:
        play(params, setting, word, first + bounds[0], rounds, stop, values[bounds[0] : bounds[1]])

    try:
        play(params, setting, word, 0, rounds, stop, values[:0])  # compile here, once, not in every thread
        _in_threads(part, _pieces(count, workers), workers, stop)
    except CompilationError as error:
        reason = _reason(str(error))
        raise TypeError(f"{learner.name}'s steps do not compile in {type(problem).__name__}: {reason}") from error
    except InvalidActionType as error:
        raise TypeError(f"{learner.name} cannot play {type(problem).__name__}: {error}") from None
    except InvalidAction as error:
        raise error.of(learner.name) from None
    return Run(problem, learner, int(word), first, rounds, measured(problem, learner, values, count, rounds))


def measured(problem: Problem, learner: Learner, values: Any, count: int, rounds: Any) -> NDArray[np.float64]:
    """Return the metrics (count, C, M) as float64; ValueError where a declared one was not measured, or is nan."""
    names, found = problem.metrics, np.ascontiguousarray(values, dtype=np.float64)
    kind, shape = type(problem).__name__, (count, len(rounds), len(names))
    if found.ndim == 3 and found.shape[2] < len(names):
        missing = ", ".join(repr(name) for name in names[found.shape[2] :])
        raise ValueError(f"{kind} declares the metrics {missing}, but the play of {learner.name} never writes them")
    if found.shape != shape:
        raise ValueError(f"{learner.name}.play must return metrics of shape {shape}, got shape {found.shape}")
    for m, name in enumerate(names):
        if (found[..., m].view(np.uint64) == UNWRITTEN.view(np.uint64)).any():
            raise ValueError(f"{kind} declares the metric {name!r}, but its measure never writes it")
        wrong = np.argwhere(np.isnan(found[..., m]))
        if len(wrong) and name not in problem.undefined:
            where = f"after round {rounds[wrong[0, 1]]} of repetition {wrong[0, 0]}"
            raise ValueError(f"{learner.name} in {kind}: the metric {name!r} is nan {where}")
    return found


def _in_threads(part: Callable[[Any], None], pieces: list[tuple[int, int]], workers: int, stop: Any) -> None:
    """Do the pieces; on Ctrl-C raise `stop`, which the compiled loop looks at, and return when all have seen it."""
    if workers == 1 and threading.current_thread() is not threading.main_thread():  # where Ctrl-C does not arrive
        for piece in pieces:
            part(piece)
        return
    with ThreadPoolExecutor(min(workers, len(pieces))) as pool:
        try:
            list(pool.map(part, pieces))
        except BaseException:
            stop[0] = 1
            raise


def _check_record(learner: Learner, params: Any) -> None:
    """Raise unless the learner's parameters are a NamedTuple without nan."""
    if not isinstance(params, tuple) or not hasattr(params, "_fields"):
        raise TypeError(f"{learner.name}.parameters must return a NamedTuple, got {type(params).__name__}")
    for name, value in zip(params._fields, params, strict=True):
        if isinstance(value, float) and math.isnan(value):
            raise ValueError(f"{learner.name}.parameters gives nan for {name}")


def _reason(text: str) -> str:
    """Return what Numba found wrong and where, without the frames of its own pipeline."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("Failed in nopython mode")]
    call = [line.removeprefix(">>> ") for line in said[1:6] if line.startswith(">>> ")][:1]
    where = [line for line in said if line.startswith("During: typing of")][:1]
    hint = ["is it a kernel (bandits.jit.kernel)?"] if said[0].startswith("Untyped global name") else []
    return "; ".join([*said[:1], *call, *where, *hint])


def checkpoint_rounds(horizon: int) -> NDArray[np.int64]:
    """Return the default checkpoints: rounds 2^(j/4), rounded, and the horizon."""
    octaves = np.arange(0, 4 * np.log2(horizon) + 1)
    grid = np.unique(np.rint(2.0 ** (octaves / 4)).astype(np.int64))
    return np.append(grid[grid < horizon], np.int64(horizon))


def given_rounds(checkpoints: Any, horizon: int) -> NDArray[np.int64]:
    """Return the user's checkpoints (C,); TypeError or ValueError unless they are increasing rounds in 1..horizon."""
    if isinstance(checkpoints, str) or not isinstance(checkpoints, Sequence | np.ndarray):
        raise TypeError(f"checkpoints must be increasing rounds in 1..{horizon}, got {checkpoints!r}")
    rounds = np.array([integer("checkpoints", c, low=1, high=horizon) for c in checkpoints], dtype=np.int64)
    if rounds.size == 0 or (np.diff(rounds) <= 0).any():
        raise ValueError(f"checkpoints must be increasing rounds in 1..{horizon}, got {list(checkpoints)}")
    return rounds


def _pieces(count: int, workers: int) -> list[tuple[int, int]]:
    """Split 0..count into contiguous pieces, a few for each worker so that none waits long."""
    edges = np.linspace(0, count, min(count, 8 * workers if workers > 1 else 1) + 1).astype(int)
    return [(int(a), int(b)) for a, b in pairwise(edges)]


@cache
def compose(learner: LearnerSteps, problem: ProblemSteps) -> Any:
    """Return the compiled loop of a learner in a problem."""
    init, act, update = learner
    start, respond, measure = problem

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
            t = int(0)  # noqa: RUF046, UP018 - a literal is a type of its own: shared kernels would compile twice
            for c in range(checkpoints.size):
                while t < checkpoints[c] and stop[0] == 0:
                    pause = min(checkpoints[c], t + ROUNDS_BETWEEN_LOOKS)
                    while t < pause:
                        action = act(params, state, t, rng)
                        feedback, world = respond(setting, world, t, action, env)
                        state = update(params, state, t, action, feedback, rng)
                        t += 1
                measure(setting, world, t, out[row, c])
            keep_alive(state_owner)
            keep_alive(world_owner)
        keep_alive(params_owner)
        keep_alive(setting_owner)

    return play
