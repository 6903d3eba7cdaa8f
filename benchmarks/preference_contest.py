"""Nash-MP from comparisons, ours and C's: 64 repetitions of one game, at once (JAX) and one after the other (C)."""

import ctypes
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bandits.preference import Comparisons, PreferenceGame, SampledNashMP, games
from sims import simulate

TAU, BATCH = 0.1, 1
Numbers = NDArray[np.float64]


class _Preference(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ("horizon", "n_actions", "batch", "inner_rounds")),
        *((name, ctypes.c_double) for name in ("regularization", "prox_weight", "learning_rate")),
        *((name, ctypes.c_void_p) for name in ("skew", "log_reference")),
    ]


def game(n_actions: int, horizon: int) -> PreferenceGame:
    """Return a random game with one comparison per round."""
    matrix = games.uniform_random(n_actions, np.random.default_rng(1))
    return PreferenceGame(matrix, horizon, TAU, feedback=Comparisons(BATCH))


def played(problem: PreferenceGame, seed: int) -> Callable[[int, int], Numbers]:
    """Return a function (repetitions, threads) -> (repetitions, 2): the gaps of the last and of the average policy."""

    def run(repetitions: int, threads: int) -> Numbers:
        last = [problem.horizon]
        found = simulate(problem, SampledNashMP(), repetitions=repetitions, seed=seed, checkpoints=last)
        return np.stack([found.final(name) for name in ("gap0", "average_gap0")], axis=1)

    return run


def in_c(library: ctypes.CDLL, problem: PreferenceGame, seed: int) -> Callable[[int, int], Numbers]:
    """Return the same function, played by preference.c on one thread."""
    params, skew = SampledNashMP().parameters(problem), np.ascontiguousarray(problem.skew[0])
    log_reference = np.ascontiguousarray(problem.log_reference[0])
    given = _Preference(problem.horizon, problem.n_actions, BATCH, params.inner_rounds)
    given.regularization, given.prox_weight = params.regularization, params.prox_weight
    given.learning_rate = params.learning_rate
    given.skew, given.log_reference = skew.ctypes.data, log_reference.ctypes.data

    def run(repetitions: int, threads: int) -> Numbers:
        out = np.empty((repetitions, 2))
        library.nash_mp_sampled(
            ctypes.byref(given),
            ctypes.c_uint64(seed),
            ctypes.c_int64(0),
            ctypes.c_int64(repetitions),
            ctypes.c_void_p(out.ctypes.data),
        )
        assert (skew.ctypes.data, log_reference.ctypes.data) == (given.skew, given.log_reference)  # arrays outlive us
        return out

    return run
