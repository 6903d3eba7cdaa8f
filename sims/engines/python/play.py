"""Any pair played by the interpreter, in this process or in several."""

import pickle
from concurrent.futures.process import BrokenProcessPool
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.jit import pickled_by_value
from bandits.protocol import Learner, MatrixGame, Problem
from sims.engines.python import matrix, replay, rounds
from sims.side_by_side import side_by_side


def play(
    problem: Problem, learner: Learner, seed: int, first: int, count: int, checkpoints: Any, processes: int
) -> NDArray[np.float64]:
    """Return the metrics (count, C, M) float64 of repetitions first.. at the checkpoints (C,) int64."""
    if min(processes, count) == 1:
        engine = matrix if isinstance(problem, MatrixGame) else replay if rounds.in_python(problem, learner) else rounds
        return engine.play(problem, learner, seed, range(first, first + count), checkpoints)
    pair, parts = _packed(problem, learner), {}
    edges = np.linspace(first, first + count, min(count, 4 * processes) + 1).astype(int).tolist()
    items = [(pair, seed, begin, end, checkpoints) for begin, end in pairwise(edges)]
    for item, found in side_by_side(_part, items, processes):
        if isinstance(found, BrokenProcessPool):
            raise RuntimeError(
                f'a process of {learner.name} ended; scripts need `if __name__ == "__main__":`'
            ) from None
        if isinstance(found, BaseException):
            raise found
        parts[item[2]] = found
    return np.concatenate([parts[begin] for begin in edges[:-1]])


def _packed(problem: Problem, learner: Learner) -> bytes:
    try:
        return pickled_by_value((problem, learner))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise TypeError(f"{learner.name} cannot be sent to other processes; use threads=1: {reason}") from None


def _part(item: tuple[bytes, int, int, int, Any]) -> NDArray[np.float64]:
    pair, seed, begin, end, checkpoints = item
    problem, learner = pickle.loads(pair)
    return play(problem, learner, seed, begin, end - begin, checkpoints, 1)
