"""One cell: simulate it, encode its results as bytes of a file, and send it to another process."""

import copy
import pickle
from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from bandits.core.jit import pickled_by_value
from sims.cell_files import encode
from sims.messages import Failure, failure
from sims.run import Run
from sims.simulate import simulate
from sims.sweep import Cell

OTHER_ADDRESS = "its code or libraries give a cell another address"


class Parcel(NamedTuple):
    """A pickled cell to be sent to another process, with the address that it must have there."""

    cell: bytes
    address: str
    keep_repetitions: bool


def compute(cell: Cell, keep_repetitions: bool = False) -> bytes:
    """Simulate a cell on one thread and return its Parquet bytes."""
    return encode(cell, simulate_cell(cell), keep_repetitions)


def simulate_cell(cell: Cell, threads: int | None = 1) -> Run:
    """Simulate a cell; repetitions are added until its `precision` is reached."""
    run = _more(cell, 0, cell.repetitions, threads)
    precision = cell.precision
    while precision and run.repetitions < precision.limit and not _precise(run, cell):
        extra = min(run.repetitions, precision.limit - run.repetitions)
        values = np.concatenate([run.values, _more(cell, run.repetitions, extra, threads).values])
        run = Run(run.problem, run.learner, run.seed, 0, run.rounds, values)
    return run


def _more(cell: Cell, first: int, count: int, threads: int | None) -> Run:
    return simulate(
        cell.problem,
        cell.learner,
        repetitions=count,
        seed=cell.seed,
        checkpoints=cell.checkpoints,
        threads=threads,
        first_repetition=first,
        backend=cell.backend,
    )


def _precise(run: Run, cell: Cell) -> bool:
    assert cell.precision is not None
    low, high = run.interval(cell.precision.metric, cell.precision.level)
    scale = abs(run.mean(cell.precision.metric)[-1]) if cell.precision.relative else 1.0
    return bool(0.5 * (high[-1] - low[-1]) <= cell.precision.half_width * scale)


def parcel(cell: Cell, keep_repetitions: bool = False, modules: Sequence[ModuleType] = ()) -> Parcel:
    """Pickle a cell without its labels; classes of the main script, of a notebook and of `modules` are sent as text."""
    bare = copy.copy(cell)
    object.__setattr__(bare, "labels", {})
    return Parcel(pickled_by_value(bare, modules), cell.address, keep_repetitions)


def answer(given: Parcel) -> bytes | Failure:
    """Compute a parcel's cell in this process; return its Parquet bytes, or the failure. Never raises."""
    try:
        cell: Cell = pickle.loads(given.cell)
        if cell.address != given.address:
            raise RuntimeError(OTHER_ADDRESS)
        return compute(cell, given.keep_repetitions)
    except BaseException as error:  # a learner may raise SystemExit, and this process has other cells to do
        return failure(error)
