"""Results on disk: one Parquet file per cell, addressed by content, written once and atomically.

    OUT/cells/3f/3fab....parquet  one finished cell; its address 3fab... is the hash of its configuration and code
    OUT/failed/ADDRESS.json       the error of a cell that failed; it is tried again next time
    OUT/results.parquet           all cells of the last sweep, in its order, with its axes as columns; a file, or a
                                  folder of files where there are more than 10,000 cells (`sims.dataset`)
    OUT/log.jsonl, OUT/specs      when and from what it was made (`sims.provenance`)

    polars.scan_parquet("OUT/results.parquet"), pandas.read_parquet(...), duckdb.sql("from 'OUT/results.parquet'")

Folders of an earlier version, with all files directly in OUT/cells, are read and go on to be used.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from bandits.core.checks import shown
from sims.cell_files import read_cell, read_tags, table_of, tags_of
from sims.dataset import check_replaceable, parts_of, tidy, write_table
from sims.files import StoreError, cause, locked, temporary_of, write
from sims.run import Run
from sims.sweep import Cell

if TYPE_CHECKING:
    import polars


class Store:
    """The results in a folder; for writing, get it from `open_store`, which locks the folder."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @property
    def results(self) -> Path:
        """Path of the table of all cells."""
        return self.folder / "results.parquet"

    def path(self, cell: Cell) -> Path:
        """Return the path where a cell's results are written."""
        return self.folder / "cells" / cell.address[:2] / f"{cell.address}.parquet"

    def _before(self, cell: Cell) -> Path:
        """Return the path where an earlier version wrote them."""
        return self.folder / "cells" / f"{cell.address}.parquet"

    def load(self, cell: Cell, keep_repetitions: bool = False) -> pa.Table | None:
        """Return a cell's table; None if it is absent or lacks the repetitions asked for; ValueError if damaged."""
        table = read_cell(self.path(cell))
        table = read_cell(self._before(cell)) if table is None else table
        return None if table is None or (keep_repetitions and tags_of(table)["kept"] != "repetitions") else table

    def has(self, cell: Cell, keep_repetitions: bool = False) -> bool:
        """Return whether `load` would return a table, without reading it; ValueError if damaged."""
        tags = read_tags(self.path(cell))
        tags = read_tags(self._before(cell)) if tags is None else tags
        return tags is not None and (tags["kept"] == "repetitions" or not keep_repetitions)

    def run(self, cell: Cell) -> Run:
        """Return the stored run of a cell whose repetitions were kept; ValueError if they were not."""
        table = self.load(cell, keep_repetitions=True)
        if table is None:
            raise ValueError(f"{self.folder} does not hold the repetitions of cell {cell.address}")
        return _run_of(cell, table)

    def save(self, cell: Cell, content: bytes) -> None:
        """Write a finished cell atomically."""
        path, before = self.path(cell), self._before(cell)
        write(path, content, temporary_of(before))  # so that what a killed sweep leaves is found in one folder
        before.unlink(missing_ok=True)
        (self.folder / "failed" / f"{cell.address}.json").unlink(missing_ok=True)

    def discard(self, cell: Cell) -> None:
        """Remove a cell's results and its failure report."""
        for path in (self.path(cell), self._before(cell)):
            path.unlink(missing_ok=True)
        (self.folder / "failed" / f"{cell.address}.json").unlink(missing_ok=True)

    def record_failure(self, cell: Cell, error: str) -> None:
        """Write a cell's failure report."""
        report = {"error": error, "labels": dict(cell.labels), "configuration": cell.configuration()}
        write(
            self.folder / "failed" / f"{cell.address}.json",
            json.dumps(report, indent=1, default=shown, skipkeys=True).encode(),
        )

    def collect(self, cells: Sequence[Cell], labels: pa.Table, keep_repetitions: bool = False) -> Path:
        """Write results.parquet: the finished ones of `cells` in order, in constant memory (see `sims.dataset`).

        labels: one row per cell, of the columns to find it by (`sims.labels.label_table`).  keep_repetitions: a row per
        repetition; else the statistics, also of cells whose repetitions an earlier sweep kept.
        """

        def listed(cell: Cell) -> pa.Table | None:
            table = self.load(cell, keep_repetitions)
            return table if table is None or keep_repetitions else _statistics(cell, table)

        parts = ((map(listed, cells[own]), labels[own]) for own in parts_of(len(cells)))
        write_table(self.results, parts)
        return self.results

    def scan(self) -> "polars.LazyFrame":
        """Return results.parquet, a file or a folder, as a lazy Polars frame, of which only what is used is read."""
        import polars

        return polars.scan_parquet(self.results, glob=False, hive_partitioning=False)  # any name of the folder

    def frame(self) -> "polars.DataFrame":
        """Return results.parquet as a Polars data frame."""
        return self.scan().collect()


def _run_of(cell: Cell, table: pa.Table) -> Run:
    """Return the run in a cell's table, which has its repetitions."""
    rounds = np.unique(table["round"].to_numpy())
    values = table["mean"].to_numpy().reshape(-1, len(cell.problem.metrics), len(rounds)).transpose(0, 2, 1)
    return Run(cell.problem, cell.learner, cell.seed, 0, rounds, np.ascontiguousarray(values))


def _statistics(cell: Cell, table: pa.Table) -> pa.Table:
    """Return a cell's table without its repetitions."""
    if tags_of(table)["kept"] == "statistics":
        return table
    return table_of(cell, _run_of(cell, table), False).replace_schema_metadata(table.schema.metadata)


@contextmanager
def open_store(folder: str | Path) -> Iterator[Store]:
    """Lock a folder for writing; StoreError if another sweep holds it or it cannot be written."""
    store = Store(folder)
    try:
        for name in ("cells", "failed"):
            (store.folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{store.folder} cannot be written: {cause(error)}") from None
    with locked(store.folder / ".lock", store.folder, "sweep"):
        _tidied(store)
        yield store


def _tidied(store: Store) -> None:
    """Remove what a killed sweep left; StoreError if it cannot be."""
    try:
        for name in ("cells", "failed"):  # the sweep's own: the folder may hold others'
            for leftover in (store.folder / name).glob("*.tmp"):
                leftover.unlink(missing_ok=True)
        tidy(store.results)
        check_replaceable(store.results)
    except OSError as error:
        raise StoreError(f"{store.folder} cannot be written: {cause(error)}") from None
