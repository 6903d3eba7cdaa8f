"""Optimistic descent and AdaNormalHedge, ours and C's."""

import ctypes
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bandits.convex import AdaNormalHedge, Ball, ConvexGame, OptimisticDescent, SEALosses, SleepingExperts
from sims import simulate

Numbers = NDArray[np.float64]
Play = Callable[[int, int], Numbers]


class _Descent(ctypes.Structure):
    _fields_ = [
        ("dimension", ctypes.c_int64),
        ("horizon", ctypes.c_int64),
        ("radius", ctypes.c_double),
        ("diameter", ctypes.c_double),
        ("offset", ctypes.c_double),
        ("noise", ctypes.c_double),
        ("curvature", ctypes.c_double),
        ("mean", ctypes.c_void_p),
    ]


def noisy(horizon: int, dimension: int = 5) -> ConvexGame:
    """Return the game: the unit ball, noise of norm 0.4."""
    return ConvexGame(SEALosses(np.full(dimension, 0.05), noise=0.4), Ball(dimension), horizon)


def descent(game: ConvexGame, seed: int) -> Play:
    """Return a function from (repetitions, threads) to (repetitions, 4): loss, path, squares and variation."""

    def run(repetitions: int, threads: int) -> Numbers:
        found = simulate(
            game,
            OptimisticDescent(),
            repetitions=repetitions,
            seed=seed,
            checkpoints=[game.horizon],
            threads=threads,
        )
        names = ("loss", "path", "gradient_squares", "variation")
        return np.stack([found.final(name) for name in names], axis=1)

    return run


def descent_in_c(library: ctypes.CDLL, game: ConvexGame, seed: int) -> Play:
    """Return the same function, played by convex.c."""
    setting, params = game.losses.setting(game.horizon), OptimisticDescent().parameters(game)
    played = _Descent(game.dimension, game.horizon, 1.0, game.diameter, params.offset, setting.noise, setting.curvature)
    played.mean = setting.mean.ctypes.data

    def run(repetitions: int, threads: int) -> Numbers:
        out = np.empty((repetitions, 4))
        library.optimistic_descent(
            ctypes.byref(played),
            ctypes.c_uint64(seed),
            ctypes.c_int64(0),
            ctypes.c_int64(repetitions),
            ctypes.c_void_p(out.ctypes.data),
        )
        assert setting.mean.ctypes.data == played.mean  # the array outlives the call
        return out

    return run


def night(horizon: int, n_experts: int = 10) -> SleepingExperts:
    """Return the game: half of the experts are awake, with losses uniform in [0, 1]."""
    rng = np.random.default_rng(1)
    awake = rng.random((horizon, n_experts)) < 0.5
    awake[:, 0] |= ~awake.any(axis=1)
    return SleepingExperts(rng.random((horizon, n_experts)), awake)


def hedged(game: SleepingExperts) -> Play:
    """Return a function from (repetitions, threads) to (repetitions, 1): the loss."""

    def run(repetitions: int, threads: int) -> Numbers:
        found = simulate(game, AdaNormalHedge(), repetitions=repetitions, checkpoints=[game.horizon], threads=threads)
        return found.final("loss")[:, None]

    return run


def hedged_in_c(library: ctypes.CDLL, game: SleepingExperts) -> Play:
    """Return the same function, played by convex.c."""
    library.normal_hedge.restype = ctypes.c_double
    losses, awake = game.losses, game.awake

    def run(repetitions: int, threads: int) -> Numbers:
        pointers = (ctypes.c_void_p(losses.ctypes.data), ctypes.c_void_p(awake.ctypes.data))
        sizes = (ctypes.c_int64(game.n_actions), ctypes.c_int64(game.horizon))
        return np.array([[library.normal_hedge(*pointers, *sizes)] for _ in range(repetitions)])

    return run
