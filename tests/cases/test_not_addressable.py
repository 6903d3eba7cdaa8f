"""Results of code whose dependencies cannot be followed are computed and collected, but not stored."""

import ctypes
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
import polars
import pytest

from bandits.core.addresses import NotAddressable, reach
from bandits.core.jit import kernel
from bandits.losses import LossTable
from bandits.protocol import Learner, LearnerSteps
from bandits.switching import Bandit, Exp3, SwitchingCostGame
from sims import Cell, run_sweep

absolute = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long)(ctypes.CDLL(None).labs)
GAME = SwitchingCostGame(LossTable(np.tile([0.0, 1.0], (10, 1))), 10)


class OpaqueParams(NamedTuple):
    n: int


class OpaqueState(NamedTuple):
    n: int


@kernel
def init(params, rng):
    return OpaqueState(0)


@kernel
def act(params, state, t, rng):
    return absolute(-1)


@kernel
def update(params, state, t, action, feedback, rng):
    return state


@dataclass(frozen=True)
class Opaque(Learner):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def parameters(self, problem):
        return OpaqueParams(1)


def test_they_are_computed_each_time_and_named(tmp_path):
    cells = [Cell(GAME, Opaque(), labels={"who": "opaque"}), Cell(GAME, Exp3(0.1), labels={"who": "known"})]
    for reused in (0, 1):
        report = run_sweep(cells, tmp_path, workers=1)
        assert (report.reused, report.failed) == (reused, {})
        assert len(report.not_kept) == 1
        assert report.not_kept[0].startswith("Opaque in SwitchingCostGame: act reads an object of")
        table = polars.read_parquet(report.results).filter(polars.col("metric") == "loss")
        assert table.filter(polars.col("who") == "opaque")["mean"][-1] == 10.0
        assert len(list(tmp_path.glob("cells/*/*"))) == 1


OUTSIDE = {
    "io.open": lambda: open("prices.txt"),  # noqa: SIM115
    "numpy.load": lambda: np.load("prices.npy"),
    "numpy.loadtxt": lambda: np.loadtxt("prices.txt"),
    "polars.io.csv.functions.read_csv": lambda: polars.read_csv("prices.csv"),
    "pathlib.Path": lambda: Path("prices.txt"),
    "read_text": lambda file: file.read_text(),
    "os.environ": lambda: os.environ["PRICE"],
    "sys.argv": lambda: sys.argv[1],
    "sys.modules": lambda: sys.modules["prices"].PRICE,
    "time.monotonic": lambda: time.monotonic(),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_comes_from_outside_the_program_is_named(name):
    with pytest.raises(NotAddressable, match=f"depends on {name}, whose answer comes from outside the program"):
        reach(OUTSIDE[name])
