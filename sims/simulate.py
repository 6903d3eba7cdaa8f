"""`simulate`: check the arguments, choose the engine, return the metrics as a `Run`."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from bandits.core.checks import instance, integer, shown
from bandits.core.rng import seed_word
from bandits.protocol import Learner, MatrixGame, Problem
from sims.engines import compiled
from sims.engines.backends import Backend as Backend
from sims.engines.backends import check_backend, engine, precision_of
from sims.metrics import measured
from sims.progress import progress as progress_of
from sims.run import Run


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
) -> Run:
    """Play `problem` with `learner` and return the metrics at the checkpoints.

    Repetition r draws from streams keyed by (seed, r) alone: the numbers do not depend on the number of
    threads or of repetitions, and two learners meet the same losses (common random numbers).

    repetitions: 1 to 2^32.  seed: integer in [0, 2^64).
    checkpoints: increasing rounds in 1..horizon at which to measure; None means about four per octave and
    the horizon.  threads: at least 1; None means one per processor.
    first_repetition: number of the first repetition, to continue an earlier run (default 0).
    backend: "numba", the compiled loop; "jax" or "jax-float32" (single precision), all repetitions at once, for
    hundreds of repetitions and more or for an accelerator, for the pairs that have a JAX implementation
    (`sims.engines.backends.jax_pairs()` lists them). `threads` does not apply to JAX, which has its own threads.
    Learners that override `Learner.play` use it under any backend.
    progress: show how many repetitions of the compiled loop are done, on stderr or in the notebook.

    Memory is O(repetitions x checkpoints) at any horizon. Ctrl-C stops the loop within 1024 rounds.
    Raises TypeError or ValueError, naming the argument, before anything is compiled.
    """
    instance("problem", problem, Problem, "a problem such as SwitchingCostGame(...)")
    instance("learner", learner, Learner, "a learner such as Exp3()")
    learner.check(problem)
    count = integer("repetitions", repetitions, low=1)
    integer("repetitions", count, high=2**32)  # streams number them in 32 bits
    first = integer("first_repetition", first_repetition, low=0, high=2**32 - count)
    workers = integer("threads", threads, low=1) if threads is not None else (os.cpu_count() or 1)
    check_backend(backend, problem, learner)
    rounds = checkpoint_rounds(problem.horizon) if checkpoints is None else given_rounds(checkpoints, problem.horizon)

    word = int(seed_word(seed))
    values = learner.play(problem, word, first, count, rounds)
    if values is None and (backend != "numba" or isinstance(problem, MatrixGame)):
        values = engine(problem, learner).play(problem, learner, word, first, count, rounds, precision_of(backend))
    if values is None:
        values = _in_parts(problem, learner, word, first, count, rounds, workers, 20 if progress else 1)
    return Run(problem, learner, word, first, rounds, measured(problem, learner, values, count, rounds))


def _in_parts(
    problem: Any, learner: Any, seed: int, first: int, count: int, rounds: Any, workers: int, parts: int
) -> NDArray[np.float64]:
    """Play the compiled loop in about so many parts of the repetitions, and say after each how many are done."""
    size = workers * -(-count // (parts * workers))
    starts, played = range(first, first + count, size), []
    with progress_of("simulate", len(starts), "repetitions", quiet=parts == 1) as advance:
        for start in starts:
            some = min(size, first + count - start)
            played.append(compiled.play(problem, learner, seed, start, some, rounds, workers))
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
