"""`simulate`: check the arguments, choose the engine, return the metrics as a `Run`."""

import os
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from bandits.core.checks import instance, integer, integers, shown
from bandits.core.lanes import LANES
from bandits.core.rng import seed_word
from bandits.plain import as_learner, wanted
from bandits.protocol import Learner, Problem, RoundProblem
from sims.engines import compiled
from sims.engines.backends import Backend as Backend
from sims.engines.backends import check_backend, engine, engine_of, engine_of_loop, precision_of
from sims.engines.python import play as interpreted
from sims.metrics import measured
from sims.progress import progress as progress_of
from sims.run import Run

_SLOW = '{} is played by the Python interpreter: some 50 us per round, not 50 ns; backend="python" accepts that'


class InterpretedWarning(UserWarning):
    """A learner is not written in kernels, so the interpreter plays it."""


@checked
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
    progress: bool = False,
    record: Sequence[str] | Literal["everything"] = (),
    record_repetitions: Sequence[int] | NDArray[np.int64] | None = None,
) -> Run:
    """Play `problem` with `learner` and return the metrics at the checkpoints.

    Repetition r draws from streams keyed by (seed, r) alone: the numbers do not depend on the number of
    threads or of repetitions, and two learners get the same losses (common random numbers).

    repetitions: 1 to 2^32.  seed: integer in [0, 2^64).
    checkpoints: increasing rounds in 1..horizon at which to measure; None means about four per octave and
    the horizon.  threads: at least 1; None means one per processor.
    first_repetition: number of the first repetition, to continue an earlier run (default 0).
    backend: "numba", the compiled loop, which plays some pairs 16 repetitions at a time with the same numbers, and
    "numba-scalar", which plays them one at a time; "jax" or "jax-float32" (single precision), all repetitions at once,
    for hundreds of repetitions and more or for an accelerator, for the pairs that have a JAX implementation
    (`sims.engines.backends.jax_pairs()` lists them). `threads` does not apply to JAX, which has its own threads.
    "python", the interpreter, plays any pair: for debuggers, and for learners that are not written in kernels
    (`bandits.plain`), which it plays under "numba" too, with a warning; `threads` are then processes, 1 by default.
    Learners that override `Learner.play` use it under any backend.
    progress: show how many repetitions are done, except in a batch, on stderr or in the notebook.

    record: what is to be kept of every round up to the last checkpoint as `run.records`, by playing the repetitions
    `record_repetitions` (default all) once more: names among "observations", "actions", "feedback", "probabilities"
    where the learner has them, and those of the problem, such as "rates" of the threshold game. "everything" keeps
    copies of all that the learner sees, does and knows, and the metrics, as `run.trace`, by the interpreter only.

    Otherwise memory is O(repetitions x checkpoints) at any horizon. Ctrl-C stops the loop within 1024 rounds.
    Raises TypeError or ValueError, naming the argument, before anything is compiled.
    """
    instance("problem", problem, Problem, "a problem such as SwitchingCostGame(...)")
    learner = as_learner(learner)
    instance("learner", learner, Learner, wanted(learner))
    learner.check(problem)
    count = integer("repetitions", repetitions, low=1)
    integer("repetitions", count, high=2**32)  # streams number them in 32 bits
    first = integer("first_repetition", first_repetition, low=0, high=2**32 - count)
    if threads is not None:
        integer("threads", threads, low=1)
    check_backend(backend, problem, learner)
    rounds = checkpoint_rounds(problem.horizon) if checkpoints is None else given_rounds(checkpoints, problem.horizon)

    word = int(seed_word(seed))
    names = _names(record, record_repetitions)
    chosen = _chosen(record_repetitions, range(first, first + count)) if names else ()
    records, trace = _recorded(problem, learner, names, word, chosen, rounds, backend) if names else ({}, [])
    values = learner.play(problem, word, first, count, rounds)
    if values is None:
        values = _played(problem, learner, word, first, count, rounds, backend, threads, 20 if progress else 1)
    metrics = measured(problem, learner, values, count, rounds)
    return Run(problem, learner, word, first, rounds, metrics, records, chosen, trace)


def _played(
    problem: Problem,
    learner: Learner,
    seed: int,
    first: int,
    count: int,
    rounds: Any,
    backend: str,
    threads: int | None,
    parts: int,
) -> Any:
    kind = engine_of_loop(problem, learner, backend)
    if kind == "jax":
        return engine(problem, learner).play(problem, learner, seed, first, count, rounds, precision_of(backend))
    if kind == "compiled":
        loop = partial(compiled.play, lanes=backend == "numba")
        return _in_parts(loop, problem, learner, seed, first, count, rounds, threads or os.cpu_count() or 1, parts)
    if backend != "python":
        warnings.warn(_SLOW.format(learner.name), InterpretedWarning, stacklevel=4)
    processes = threads or 1
    parts = parts if processes == 1 else 1  # each part would start processes of its own
    return _in_parts(interpreted.play, problem, learner, seed, first, count, rounds, processes, parts)


def _names(record: Any, repetitions: Any) -> list[str] | str:
    """Return the names of what is to be recorded, or "everything"."""
    if record == "everything":
        return "everything"
    if isinstance(record, str) or not isinstance(record, Sequence):
        example = f"[{record!r}]" if isinstance(record, str) else "['actions']"
        raise TypeError(f"record must be a list of names, as in {example}, got {shown(record)}")
    if repetitions is not None and not record:
        raise ValueError("record_repetitions needs record, the names of what is to be recorded")
    return list(record)


def _chosen(given: Any, repetitions: range) -> Sequence[int]:
    """Return the repetitions to record, all by default; ValueError for others than those that are played."""
    if given is None:
        return repetitions
    chosen = sorted(set(integers("record_repetitions", given, repetitions[0], repetitions[-1])))
    if not chosen:
        raise ValueError("record_repetitions must name a repetition, got none")
    return chosen


def _recorded(
    problem: Problem, learner: Learner, names: Any, seed: int, chosen: Sequence[int], rounds: Any, backend: str
) -> tuple[dict[str, NDArray[Any]], Any]:
    """Return records by name, and the trace; one of them is empty."""
    kind = engine_of(problem, learner, backend)
    if not isinstance(problem, RoundProblem) or kind not in ("compiled", "python"):
        raise TypeError(f"no records of {learner.name} in {type(problem).__name__}, whose rounds are played in a batch")
    from sims.engines.recording import everything, recorded

    last = int(rounds[-1])
    if names != "everything":
        return recorded(problem, learner, names, seed, chosen, last, kind), []
    if kind != "python":
        raise ValueError('record="everything" needs backend="python"')
    return {}, everything(problem, learner, seed, chosen, last)


def _in_parts(
    play: Any, problem: Any, learner: Any, seed: int, first: int, count: int, rounds: Any, workers: int, parts: int
) -> NDArray[np.float64]:
    """Play in about so many parts of the repetitions, and say after each how many are done."""
    size = workers * -(-count // (parts * workers))
    size += -size % (LANES * workers) if count >= LANES * workers else 0
    starts, played = range(first, first + count, size), []
    with progress_of("simulate", len(starts), "repetitions", quiet=parts == 1) as advance:
        for start in starts:
            some = min(size, first + count - start)
            played.append(play(problem, learner, seed, start, some, rounds, workers))
            advance(some)
    return played[0] if len(played) == 1 else np.concatenate(played)


def checkpoint_rounds(horizon: int) -> NDArray[np.int64]:
    """Return the default checkpoints: rounds 2^(j/4), rounded, and the horizon."""
    octaves = np.arange(0, 4 * np.log2(horizon) + 1)
    grid = np.unique(np.rint(2.0 ** (octaves / 4)).astype(np.int64))
    return np.append(grid[grid < horizon], np.int64(horizon))


def given_rounds(checkpoints: Any, horizon: int) -> NDArray[np.int64]:
    """Return the user's checkpoints (C,); TypeError or ValueError unless they are increasing rounds in 1..horizon."""
    wrong = f"checkpoints must be increasing rounds in 1..{horizon}, got {shown(checkpoints)}"
    if isinstance(checkpoints, str) or not isinstance(checkpoints, Sequence | np.ndarray) or np.ndim(checkpoints) != 1:
        raise TypeError(wrong)
    if not 0 < len(checkpoints) <= horizon:
        raise ValueError(wrong)
    rounds = np.array([integer("checkpoints", c, low=1, high=horizon) for c in checkpoints], dtype=np.int64)
    if (np.diff(rounds) <= 0).any():
        raise ValueError(wrong)
    return rounds
