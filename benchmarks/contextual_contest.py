"""Inverse gap weighting over the forward algorithm, ours and C's: K = 10 actions, d = 5 features, all metrics."""

import ctypes
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bandits.contextual import ContextualGame, InverseGapWeighting, linear_world
from sims import simulate

Numbers = NDArray[np.float64]


class _Contextual(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ("horizon", "n_contexts", "n_actions", "dimension")),
        *((name, ctypes.c_double) for name in ("gamma", "regularization")),
        *((name, ctypes.c_void_p) for name in ("features", "means", "least")),
    ]


def game(horizon: int) -> ContextualGame:
    """Return the game: 1000 contexts, drawn in each round."""
    return ContextualGame(linear_world(10, 5), horizon)


def played(problem: ContextualGame, seed: int) -> Callable[[int, int], Numbers]:
    """Return a function (repetitions, threads) -> (repetitions, 7) metrics."""

    def run(repetitions: int, threads: int) -> Numbers:
        options = {"repetitions": repetitions, "seed": seed, "threads": threads, "checkpoints": [problem.horizon]}
        return simulate(problem, InverseGapWeighting(), **options).values[:, -1]

    return run


def in_c(library: ctypes.CDLL, problem: ContextualGame, seed: int) -> Callable[[int, int], Numbers]:
    """Return the same function, played by contextual.c on one thread."""
    params, setting = InverseGapWeighting().parameters(problem), problem.setting()
    arrays = setting.features, setting.means[0], setting.least[0]
    sizes = (problem.horizon, *setting.features.shape)
    pointers = (array.ctypes.data for array in arrays)
    given = _Contextual(*sizes, params.level, params.oracle.regularization, *pointers)

    def run(repetitions: int, threads: int) -> Numbers:
        out = np.empty((repetitions, len(problem.metrics)))
        library.gap_weighting(
            ctypes.byref(given),
            ctypes.c_uint64(seed),
            ctypes.c_int64(0),
            ctypes.c_int64(repetitions),
            ctypes.c_void_p(out.ctypes.data),
        )
        assert arrays[0].ctypes.data == given.features  # the arrays outlive the call
        return out

    return run
