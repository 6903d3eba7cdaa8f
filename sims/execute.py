"""Run a sweep's cells on threads, processes, a Dask cluster or any executor, and store the finished ones.

Results do not depend on the workers, their number or the order: each cell is a function of its configuration. A cell
that fails, or that crashes its process, is recorded and the others continue; after Ctrl-C the same call resumes the
sweep from its folder.
"""

import os
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from bandits.core.checks import instance, integer, shown
from bandits.core.stopping import new_flag
from sims.cell_files import SCHEMA
from sims.code import one_moment
from sims.compute import compute, simulate_cell
from sims.files import StoreError
from sims.labels import label_table
from sims.markup import html_table
from sims.messages import Failure, one_line
from sims.progress import reported
from sims.provenance import Origin, logged
from sims.store import Store, open_store
from sims.sweep import Cell
from sims.workers import Here, Lent, Lost, Pool, Process, Threads, at_work

Workers = Literal["threads", "processes"]
_ATTEMPTS = 3  # for a cell whose process is lost


@dataclass(frozen=True, repr=False)
class Report:
    """Outcome of a sweep: counts of cells, the failures' messages by address, seconds, path of the table.

    results: a Parquet file, or a folder of such files for more than 10,000 cells; `polars.scan_parquet` reads either.

    left_out: one line per worker of a cluster that was not used because its code or libraries differ.
    not_kept: one line per pair whose results are in the table only, computed again next time, because something that
    its code reads cannot be part of an address.
    """

    total: int
    computed: int
    reused: int
    damaged: tuple[str, ...]
    failed: dict[str, str]
    seconds: float
    results: Path
    left_out: tuple[str, ...] = ()
    not_kept: tuple[str, ...] = ()

    def __repr__(self) -> str:
        counts = f"computed={self.computed}, reused={self.reused}, failed={len(self.failed)}"
        return f"Report(total={self.total}, {counts}, seconds={self.seconds:.1f}, results={str(self.results)!r})"

    def _repr_html_(self) -> str:
        """Return the counts and the messages of failed cells, for notebooks."""
        rows = [[f"cell {address}", message] for address, message in self.failed.items()]
        return html_table(
            ["cells", str(self.total)],
            [
                ["computed", str(self.computed)],
                ["reused", str(self.reused)],
                ["failed", str(len(self.failed))],
                *rows,
                ["seconds", f"{self.seconds:.1f}"],
                ["results", str(self.results)],
            ],
        )


class Progress(Protocol):
    """Called after each cell with its rounds (horizon x repetitions)."""

    def __call__(self, rounds: int, failed: bool) -> None:
        """Count a finished cell."""


def run_sweep(
    cells: Sequence[Cell],
    out: str | Path,
    *,
    workers: int | None = None,
    kind: Workers = "threads",
    cluster: str | None = None,
    executor: Executor | None = None,
    keep_repetitions: bool = False,
    collect: bool = True,
    progress: Progress | bool | None = None,
    origin: Origin | None = None,
) -> Report:
    """Compute the cells that `out` lacks and collect all of them in out/results.parquet (see `Report.results`).

    workers: at least 1, None for one per processor.  kind: "threads" or "processes".  cluster: address of a Dask
    scheduler ("tcp://host:port").  executor: used instead of workers of its own.  keep_repetitions: store every
    repetition, not only the statistics.  collect: write the table of all cells; without it they stay in their files.
    progress: True shows it on stderr or in the notebook; a function is called after each cell.  origin: the file that
    the cells were read from, for the folder's log.

    A cell that raises, cannot be loaded by a worker, or whose process dies (it is then tried again alone) fails without
    affecting others, and the report says why. Classes defined in the main script or in a notebook are sent to processes
    as source text. Ctrl-C raises KeyboardInterrupt within about a second; its message names the cells under way.

    Raises ValueError for an empty sweep or a bad option, for labels that cannot be columns, and where no worker is
    available (no cluster, no worker in it, none with this program's code and libraries); StoreError if the folder is in
    use, cannot be written or the disk is full. Finished cells are kept and a second call resumes from them.
    """
    began = time.perf_counter()
    _check(cells, out, kind)
    with one_moment():
        rows, cells = _distinct(cells)  # computed once, collected under all their labels
        unknown = {cell.address: cell.code.reason for cell in cells if cell.version is None}
    labels = label_table([cell.labels for cell in rows], SCHEMA.names)  # before any work, so that bad labels cost none
    count = worker_count(workers)
    with (
        open_store(out) as store,
        logged(store.folder, len(cells), origin) as log,
        reported(progress, "sweep", len(cells), "rounds") as advance,
    ):
        todo, damaged = _missing(cells, store, keep_repetitions, advance)
        pool = _pool(executor, kind, cluster, count, keep_repetitions, todo) if todo else Threads(count, _nobody)
        failed = _compute(todo, pool, store, advance)
        results = store.collect(rows, labels, keep_repetitions) if collect else store.results
        lost = [cell for cell in todo if cell.address in unknown]
        for cell in lost if collect else ():
            store.discard(cell)
        reused = len(cells) - len(todo)
        log |= {"computed": len(todo) - len(failed), "reused": reused, "failed": len(failed)}
    seconds = time.perf_counter() - began
    left_out = tuple(getattr(pool, "left_out", {}).values())
    not_kept = tuple(dict.fromkeys(f"{cell.pair}: {unknown[cell.address]}" for cell in lost))
    return Report(
        len(cells), len(todo) - len(failed), reused, tuple(damaged), failed, seconds, results, left_out, not_kept
    )


def _check(cells: Any, out: Any, kind: Any) -> None:
    """Raise TypeError or ValueError for invalid arguments of `run_sweep`."""
    instance("out", out, (str, Path), "the name of a folder")
    instance("cells", cells, Sequence, "a sequence of cells")
    for cell in cells:
        instance("cells", cell, Cell, "a sequence of cells")
    if not cells:
        raise ValueError("cells must hold at least one cell, got none")
    if kind not in get_args(Workers):
        raise ValueError(f"kind must be 'threads' or 'processes', got {shown(kind)}")


def _compute(cells: list[Cell], pool: Pool, store: Store, progress: Progress | None) -> dict[str, str]:
    """Compute the cells and store the finished ones; return the messages of those that failed, by address."""
    failed: dict[str, str] = {}
    with at_work(pool):
        for cell, outcome in _outcomes(cells, pool):
            if isinstance(outcome, bytes):
                store.save(cell, outcome)
            else:
                failed[cell.address] = outcome.text
                store.record_failure(cell, outcome.trace)
            if progress:
                progress(_rounds(cell), not isinstance(outcome, bytes))
    return failed


def _distinct(cells: Sequence[Cell]) -> tuple[list[Cell], list[Cell]]:
    """Return the cells without duplicates (same address, same labels), and one for each address."""
    first, rows = dict[str, Cell](), list[Cell]()
    listed: dict[str, set[str]] = {}  # address -> texts of the labels, where several cells have it
    for cell in cells:
        known = first.get(cell.address)
        if known is None:
            first[cell.address] = cell
        else:
            texts = listed.setdefault(cell.address, {_text_of(known.labels)})
            if _text_of(cell.labels) in texts:
                continue
            texts.add(_text_of(cell.labels))
        rows.append(cell)
    return rows, list(first.values())


def _text_of(labels: Mapping[str, Any]) -> str:
    return repr(sorted(labels.items(), key=lambda item: str(item[0])))


def worker_count(workers: int | None) -> int:
    """Return the number of workers, one per processor for None; TypeError or ValueError unless it is at least 1."""
    return integer("workers", workers, low=1) if workers is not None else (os.cpu_count() or 1)


def pending(cells: Sequence[Cell], out: str | Path) -> list[Cell]:
    """Return the cells whose results `out` lacks; StoreError if it is no folder."""
    if Path(out).exists() and not Path(out).is_dir():
        raise StoreError(f"{out} is not a folder")
    return _missing(cells, Store(out), False, None)[0]


def estimate_seconds(cells: Sequence[Cell], workers: int | None = None) -> float:
    """Return an estimate of the time of the cells, in seconds, from one short run per (problem, learner, backend)."""
    count = worker_count(workers)
    cost: dict[Any, float] = {}
    total = 0.0
    for cell in cells:
        pair = (type(cell.problem), type(cell.learner), cell.backend)
        if pair not in cost:
            try:
                cost[pair] = _seconds_per_round(cell)
            except Exception as error:  # users' learners may raise anything
                raise ValueError(f"{cell.pair} does not run: {one_line(error)}") from error
        total += cost[pair] * _rounds(cell)
    return total / count


def _seconds_per_round(cell: Cell) -> float:
    """Return an estimate of the seconds per round and repetition; in JAX up to 64 repetitions cost as much as one."""
    in_jax = not cell.backend.startswith("numba")
    repetitions, rounds = (min(cell.repetitions, 1024), 1_000) if in_jax else (1, 20_000)
    part = replace(cell, repetitions=repetitions, checkpoints=(min(cell.problem.horizon, rounds),), precision=None)
    began = 0.0
    for _ in range(2):  # the first call compiles
        began = time.perf_counter()
        simulate_cell(part)
    return (time.perf_counter() - began) / (repetitions * min(cell.problem.horizon, rounds))


def _rounds(cell: Cell) -> int:
    return cell.problem.horizon * cell.repetitions


def _missing(
    cells: Sequence[Cell], store: Store, keep: bool, progress: Progress | None
) -> tuple[list[Cell], list[str]]:
    todo, damaged = [], []
    for cell in cells:
        try:
            done = store.has(cell, keep)
        except ValueError as error:
            damaged.append(str(error))
            done = False
        if not done:
            todo.append(cell)
        elif progress:
            progress(_rounds(cell), False)
    return todo, damaged


def _nobody() -> Any:
    raise AssertionError("there is nothing to do")


def _pool(
    executor: Executor | None, kind: str, cluster: str | None, count: int, keep: bool, cells: Sequence[Cell]
) -> Pool:
    if executor is not None:
        return Lent(executor, count, keep)
    if cluster is not None:
        from sims.dask_workers import DaskPool

        return DaskPool(cluster, cells, keep)
    if kind == "processes":
        return Threads(count, lambda: Process(keep))
    flag = new_flag()
    return Threads(count, lambda: Here(lambda cell: compute(cell, keep), flag))


def _outcomes(cells: Sequence[Cell], pool: Pool) -> Iterator[tuple[Cell, bytes | Failure]]:
    """Yield each cell with its bytes or its failure.

    A cell whose process is lost may or may not be the cause: other cells may have been in the process, or memory may
    have run out. It is tried again after all others, alone in its process.
    """
    fresh, suspects, losses = deque(cells), deque[Cell](), dict[str, int]()
    under_way: dict[str, tuple[Cell, float]] = {}

    def send(cell: Cell) -> None:
        under_way[cell.address] = cell, time.monotonic()
        pool.send(cell)

    try:
        while fresh or suspects or under_way:
            while fresh and pool.room():
                send(fresh.popleft())
            while suspects and not fresh and pool.room(alone=True):
                send(suspects.popleft())
            heard = pool.next()
            if heard is None:
                continue
            cell, outcome = heard
            del under_way[cell.address]
            if isinstance(outcome, Lost):
                losses[cell.address] = losses.get(cell.address, 0) + 1
                if losses[cell.address] < _ATTEMPTS:
                    suspects.append(cell)
                    continue
                text = f"its process {outcome.reason}; tried {_ATTEMPTS} times"
                outcome = Failure(text, text)
            yield cell, outcome
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_longest(under_way)) from None


def _longest(under_way: dict[str, tuple[Cell, float]]) -> str:
    """Return the number of cells under way and the one under way longest, for the message after Ctrl-C."""
    if not under_way:
        return ""
    cell, since = min(under_way.values(), key=lambda known: known[1])
    pair = f"{cell.learner.name} in {type(cell.problem).__name__}"
    return f"{len(under_way)} under way, first cell {cell.address}, {pair}, for {time.monotonic() - since:.0f} s"
