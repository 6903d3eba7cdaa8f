"""Where the simulations behind figures run and where their results are kept.

    with kept_in("out/figures/simulations"):
        Regret.at("quick").data()   # simulates what the folder lacks, reads the rest

A figure asks for its cells with `runs`. Inside `kept_in` they go through a sweep and its store: a second call reads
every repetition back, a changed parameter computes its own cells only, and a Dask cluster may do the work.
Outside, they are simulated on the spot and forgotten. The numbers are the same either way.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bandits.protocol import Learner
from sims.compute import simulate_cell
from sims.execute import run_sweep
from sims.run import Run
from sims.store import Store
from sims.sweep import Cell


@dataclass(frozen=True)
class _Place:
    folder: Path
    workers: int | None
    cluster: str | None


_place: ContextVar[_Place | None] = ContextVar("place", default=None)


@contextmanager
def kept_in(folder: str | Path, *, workers: int | None = None, cluster: str | None = None) -> Iterator[None]:
    """Keep the simulations made inside in `folder`.

    workers: threads, at least 1, None for one per processor.  cluster: address of a Dask scheduler, as in
    "tcp://host:port", that does the work instead.
    """
    token = _place.set(_Place(Path(folder), workers, cluster))
    try:
        yield
    finally:
        _place.reset(token)


def runs(cells: Sequence[Cell]) -> list[Run]:
    """Return a run for each cell, in order; RuntimeError with the first error if a cell fails."""
    place = _place.get()
    if place is None or not cells:
        return [simulate_cell(cell, threads=None) for cell in cells]
    longest_first = sorted(cells, key=lambda cell: -cell.problem.horizon * cell.repetitions)
    report = run_sweep(
        longest_first,
        place.folder,
        workers=place.workers,
        cluster=place.cluster,
        keep_repetitions=True,
        collect=False,
    )
    if report.failed:
        raise RuntimeError(f"{len(report.failed)} simulations failed, one with: {next(iter(report.failed.values()))}")
    store = Store(place.folder)
    return [store.run(cell) for cell in cells]


def final_cell(problem: Any, learner: Learner, figure: Any, fresh: bool = False) -> Cell:
    """Return the cell of a figure's `repetitions` and `seed` whose only checkpoint is the horizon.

    fresh: adds log2 T to the seed, so that the points of a curve over horizons are independent.
    """
    seed = figure.seed + (problem.horizon.bit_length() - 1 if fresh else 0)
    return Cell(problem, learner, figure.repetitions, seed, (problem.horizon,))
