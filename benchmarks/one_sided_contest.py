"""Exp2 for one-sided feedback, ours and C's: the credit market of `one_sided.py` with all metrics."""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from one_sided import make_game

from bandits.one_sided import Exp2OneSided, OneSidedGame
from sims import simulate

NAMES = ("loss", "error", "violations", "reports", "observations")
REGRETS = ("error_regret", "error_regret_half_slack", "error_regret_no_slack", "lagrangian_regret")
Numbers = NDArray[np.float64]


class _OneSided(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ("horizon", "people", "cells", "hypotheses", "individuals", "panels")),
        *((name, ctypes.c_double) for name in ("learning_rate", "price", "tolerance")),
        *((name, ctypes.c_void_p) for name in ("sequence", "labels", "cell", "table", "swings", "fair")),
    ]


def played(horizon: int, cuts: int, seed: int) -> tuple[OneSidedGame, Callable[[int, int], Numbers]]:
    """Return the game with cuts^2 hypotheses and a function (repetitions, threads) -> (repetitions, 9)."""
    game = make_game(horizon, cuts)

    def run(repetitions: int, threads: int) -> Numbers:
        found = simulate(
            game, Exp2OneSided(), repetitions=repetitions, seed=seed, threads=threads, checkpoints=[horizon]
        )
        return np.stack([found.final(name) for name in (*NAMES, *REGRETS)], axis=1)

    return game, run


def in_c(library: ctypes.CDLL, game: OneSidedGame, seed: int) -> Callable[[int, int], Numbers]:
    """Return the same function, played by one_sided.c on one thread."""
    params, setting = Exp2OneSided().parameters(game), game.setting()
    audits, table, people = setting.audits, params.table, setting.people
    sizes = (game.horizon, len(setting.cell), *table.shape, setting.individuals, len(audits.swings))
    arrays: Any = (people.people, people.labels, setting.cell, table, audits.swings, setting.fair)
    given = _OneSided(*sizes, params.learning_rate, params.price, audits.tolerance, *(a.ctypes.data for a in arrays))

    def run(repetitions: int, threads: int) -> Numbers:
        out = np.empty((repetitions, len(NAMES) + len(REGRETS)))
        library.exp2_one_sided(
            ctypes.byref(given),
            ctypes.c_uint64(seed),
            ctypes.c_int64(0),
            ctypes.c_int64(repetitions),
            ctypes.c_void_p(out.ctypes.data),
        )
        assert arrays[0].ctypes.data == given.sequence  # the arrays outlive the call
        return out

    return run
