"""Results on disk: one Parquet file a cell, addressed by content, written once and atomically.

    OUT/cells/ADDRESS.parquet    one finished cell; ADDRESS is the hash of its configuration and code
    OUT/failed/ADDRESS.json      the error of a cell that failed; it is tried again next time
    OUT/results.parquet          all cells of the last sweep, in its order, with its axes as columns

Every file has the same tidy schema, one row a (cell, round, metric) with the statistics over repetitions,
or one a repetition where full repetitions are kept (`repetition` is then not null):

    polars.read_parquet("OUT/results.parquet"), pandas.read_parquet(...), duckdb.sql("from 'OUT/results.parquet'")

A file that is truncated, damaged or foreign is reported and computed again, never used.
"""

import io
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sims.run import Run
from sims.sweep import Cell

if TYPE_CHECKING:
    import polars

_UNITS = {
    "cell": "address: hash of the configuration and code",
    "problem": "class of the problem",
    "learner": "class of the learner",
    "seed": "key of the random streams",
    "repetition": "number of the repetition, null for statistics over all of them",
    "repetitions": "number of repetitions behind the row",
    "round": "rounds played",
    "metric": "name of the measured quantity",
    "mean": "mean over repetitions, in the metric's unit (losses in [0, 1] a round, or counts)",
    "std": "standard deviation over repetitions (n - 1), null for one repetition",
    "minimum": "least over repetitions",
    "maximum": "greatest over repetitions",
}
SCHEMA = pa.schema(
    [
        pa.field(name, kind, metadata={"unit": _UNITS[name]})
        for name, kind in {
            "cell": pa.string(),
            "problem": pa.string(),
            "learner": pa.string(),
            "seed": pa.uint64(),
            "repetition": pa.int64(),
            "repetitions": pa.int64(),
            "round": pa.int64(),
            "metric": pa.string(),
            "mean": pa.float64(),
            "std": pa.float64(),
            "minimum": pa.float64(),
            "maximum": pa.float64(),
        }.items()
    ]
)
_TEXT = ["cell", "problem", "learner", "metric"]
_KEY = b"regretlab"


class StoreError(ValueError):
    """The folder cannot be used: another sweep holds it, or it cannot be written."""


def encode(cell: Cell, run: Run, keep_repetitions: bool) -> bytes:
    """Return a finished cell as the bytes of its Parquet file; the same run gives the same bytes."""
    tags = {
        "address": cell.address,
        "configuration": cell.configuration(),
        "kept": "repetitions" if keep_repetitions else "statistics",
        "versions": {name: _version(name) for name in ("regretlab", "numpy", "numba", "jax")},
    }
    table = pa.table(_columns(cell, run, keep_repetitions), schema=SCHEMA)
    table = table.replace_schema_metadata({_KEY: json.dumps(tags, sort_keys=True).encode()})
    sink = io.BytesIO()
    pq.write_table(
        table, sink, compression="snappy", use_dictionary=_TEXT, write_statistics=False, write_page_checksum=True
    )
    return sink.getvalue()


def _columns(cell: Cell, run: Run, keep_repetitions: bool) -> dict[str, Any]:
    n, c, m = run.values.shape
    if keep_repetitions:
        mean = low = high = run.values.transpose(0, 2, 1)
        spread = np.full(mean.shape, np.nan)
    else:
        mean, low, high = (f(run.values, axis=0).T for f in (np.mean, np.min, np.max))
        spread = np.std(run.values, axis=0, ddof=1).T if n > 1 else np.full((m, c), np.nan)
    rows = mean.size
    repetition = np.repeat(np.arange(run.first_repetition, run.first_repetition + n), m * c)
    return {
        "cell": [cell.address] * rows,
        "problem": [type(cell.problem).__name__] * rows,
        "learner": [cell.learner.name] * rows,
        "seed": np.full(rows, cell.seed, dtype=np.uint64),
        "repetition": repetition if keep_repetitions else pa.nulls(rows, pa.int64()),
        "repetitions": np.full(rows, 1 if keep_repetitions else n),
        "round": np.tile(run.rounds, rows // c),
        "metric": np.tile(np.repeat(np.array(run.metrics, dtype=object), c), rows // (m * c)),
        "mean": np.ravel(mean),
        "std": pa.array(np.ravel(spread), from_pandas=True),
        "minimum": np.ravel(low),
        "maximum": np.ravel(high),
    }


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


class Store:
    """The results in a folder; make it with `open_store` to hold the folder while writing."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @property
    def results(self) -> Path:
        """Where the table of all cells belongs."""
        return self.folder / "results.parquet"

    def path(self, cell: Cell) -> Path:
        """Return where a cell's results belong."""
        return self.folder / "cells" / f"{cell.address}.parquet"

    def load(self, cell: Cell, keep_repetitions: bool = False) -> pa.Table | None:
        """Return a cell's table; None if it is absent or holds less than is asked; ValueError if it is damaged."""
        path = self.path(cell)
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                table = file.read(use_threads=False)
        except FileNotFoundError:
            return None
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{path} is damaged ({str(error).splitlines()[0]})") from None
        tags = json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
        if tags.get("address") != cell.address or table.schema.names != SCHEMA.names:
            raise ValueError(f"{path} does not hold this cell's results")
        if keep_repetitions and tags["kept"] != "repetitions":
            return None
        return table

    def run(self, cell: Cell) -> Run:
        """Return the stored run of a cell whose repetitions were kept; ValueError if they were not."""
        table = self.load(cell, keep_repetitions=True)
        if table is None:
            raise ValueError(f"{self.folder} does not hold the repetitions of cell {cell.address}")
        metrics = cell.problem.metrics
        rounds = np.unique(table["round"].to_numpy())
        values = table["mean"].to_numpy().reshape(-1, len(metrics), len(rounds)).transpose(0, 2, 1)
        return Run(cell.problem, cell.learner, cell.seed, 0, rounds, np.ascontiguousarray(values))

    def save(self, cell: Cell, content: bytes) -> None:
        """Write a finished cell: whole or not at all."""
        _write(self.path(cell), content)
        (self.folder / "failed" / f"{cell.address}.json").unlink(missing_ok=True)

    def record_failure(self, cell: Cell, error: str) -> None:
        """Note why a cell failed."""
        report = {"error": error, "labels": dict(cell.labels), "configuration": cell.configuration()}
        _write(self.folder / "failed" / f"{cell.address}.json", json.dumps(report, indent=1, default=str).encode())

    def collect(self, cells: Sequence[Cell]) -> Path:
        """Write results.parquet: the finished ones of `cells` in order, labels as columns; memory stays flat."""
        path = self.results
        names = sorted({name for cell in cells for name in cell.labels} - set(SCHEMA.names))
        kinds = {name: _label_type([cell.labels.get(name) for cell in cells]) for name in names}
        schema = pa.schema([*(pa.field(name, kind) for name, kind in kinds.items()), *SCHEMA])
        with _replacing(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            batch: list[pa.Table] = []
            for number, cell in enumerate(cells, 1):
                table = self.load(cell)
                if table is not None:
                    batch.append(_with_labels(table, cell, kinds, schema))
                if batch and (len(batch) >= 512 or number == len(cells)):
                    writer.write_table(pa.concat_tables(batch))
                    batch = []
        return path

    def frame(self) -> "polars.DataFrame":
        """Return results.parquet as a Polars data frame."""
        import polars

        return polars.read_parquet(self.results)


def _label_type(values: Sequence[Any]) -> pa.DataType:
    present = [v for v in values if v is not None]
    if all(isinstance(v, bool) for v in present):
        return pa.bool_()
    if all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) for v in present):
        return pa.int64()
    if all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in present):
        return pa.float64()
    return pa.string()


def _with_labels(table: pa.Table, cell: Cell, kinds: dict[str, pa.DataType], schema: pa.Schema) -> pa.Table:
    columns = []
    for name, kind in kinds.items():
        value = cell.labels.get(name)
        value = str(value) if kind == pa.string() and value is not None else value
        columns.append(pa.repeat(pa.scalar(value, kind), len(table)))
    return pa.table([*columns, *table.columns], schema=schema)


@contextmanager
def open_store(folder: str | Path) -> Iterator[Store]:
    """Hold a folder for writing; StoreError if another sweep does or it cannot be written."""
    from filelock import FileLock, Timeout

    store = Store(folder)
    try:
        for name in ("cells", "failed"):
            (store.folder / name).mkdir(parents=True, exist_ok=True)
        lock = FileLock(store.folder / ".lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise StoreError(f"{store.folder} is being written by another sweep") from None
    except OSError as error:
        raise StoreError(f"{store.folder} cannot be written: {error.strerror or error}") from None
    try:
        for leftover in store.folder.glob("*/*.tmp"):
            leftover.unlink(missing_ok=True)
        yield store
    finally:
        lock.release()


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path that takes the place of `path` once it is whole and on the disk."""
    handle, name = tempfile.mkstemp(suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _write(path: Path, content: bytes) -> None:
    try:
        with _replacing(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}; finished cells are kept") from error
