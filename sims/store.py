"""Results on disk: one Parquet file per cell, addressed by content, written once and atomically.

    OUT/cells/ADDRESS.parquet    one finished cell; ADDRESS is the hash of its configuration and code
    OUT/failed/ADDRESS.json      the error of a cell that failed; it is tried again next time
    OUT/results.parquet          all cells of the last sweep, in its order, with its axes as columns
    OUT/log.jsonl, OUT/specs     when and from what it was made (`sims.provenance`)

Every file has the same tidy schema, one row per (cell, round, metric) with the statistics over repetitions,
or one per repetition where full repetitions are kept (`repetition` is then not null):

    polars.read_parquet("OUT/results.parquet"), pandas.read_parquet(...), duckdb.sql("from 'OUT/results.parquet'")

A file that is truncated, damaged or another cell's is reported and computed again: between rows and footer, which
Parquet readers skip, a cell's file has the checksum of all its other bytes and of the cell's address.
"""

import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bandits.core.checks import shown
from sims.messages import one_line
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
    "mean": "mean over repetitions, in the metric's unit (losses in [0, 1] per round, or counts)",
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
_CHECKSUM = hashlib.sha256().digest_size


class StoreError(ValueError):
    """The folder cannot be used: another sweep holds it, or it cannot be written."""


def encode(cell: Cell, run: Run, keep_repetitions: bool) -> bytes:
    """Return a finished cell as the bytes of its Parquet file; the same run gives the same bytes."""
    table = pa.table(_columns(cell, run, keep_repetitions), schema=SCHEMA)
    tags = {
        "address": cell.address,
        "configuration": cell.configuration(),
        "kept": "repetitions" if keep_repetitions else "statistics",
        "versions": {name: version_of(name) for name in ("regretlab", "numpy", "numba", "jax")},
    }
    table = table.replace_schema_metadata({_KEY: json.dumps(tags, sort_keys=True).encode()})
    sink = io.BytesIO()
    pq.write_table(
        table, sink, compression="snappy", use_dictionary=_TEXT, write_statistics=False, write_page_checksum=True
    )
    return _with_checksum(cell.address, sink.getvalue())


def _with_checksum(address: str, content: bytes) -> bytes:
    place = _footer(content)
    return content[:place] + _checksum(address, content[:place], content[place:]) + content[place:]


def _is_whole(address: str, content: bytes) -> bool:
    """Return whether these are the bytes that were written for the cell at `address`."""
    place = _footer(content)
    body, found, footer = content[: place - _CHECKSUM], content[place - _CHECKSUM : place], content[place:]
    return place > _CHECKSUM and found == _checksum(address, body, footer)


def _checksum(address: str, body: bytes, footer: bytes) -> bytes:
    return hashlib.sha256(address.encode() + body + footer).digest()


def _footer(content: bytes) -> int:
    """Return where a Parquet file's footer begins; its length is stored before the last four bytes."""
    return len(content) - 8 - int.from_bytes(content[-8:-4], "little")


def _columns(cell: Cell, run: Run, keep_repetitions: bool) -> dict[str, Any]:
    n, c, m = run.values.shape
    if keep_repetitions:
        mean = low = high = run.values.transpose(0, 2, 1)
        spread = np.full(mean.shape, np.nan)
    else:
        mean, low, high = (f(run.values, axis=0).T for f in (np.mean, np.min, np.max))
        with np.errstate(invalid="ignore"):  # of an infinite value: nan
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
def version_of(name: str) -> str:
    """Return the version of an installed distribution, "unknown" if it is not."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def read_cell(path: Path) -> pa.Table | None:
    """Return the table in a cell's file, with what `tags_of` gives; None if there is none; ValueError if damaged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({_cause(error)})") from None
    if not _is_whole(path.stem, content):  # before anything in it is read
        raise ValueError(f"{path} is damaged, or does not hold this cell's results")
    try:
        table = pq.read_table(io.BytesIO(content), use_threads=False)
        _ = tags_of(table)["kept"]
        return table.cast(SCHEMA).replace_schema_metadata(table.schema.metadata)
    except Exception as error:  # as of a later version of this module
        raise ValueError(f"{path} cannot be used ({one_line(error)})") from None


def tags_of(table: pa.Table) -> dict[str, Any]:
    """Return what a cell's file says beside its table: address, configuration, kept, versions."""
    tags: dict[str, Any] = json.loads(table.schema.metadata[_KEY])
    return tags


def write_table(path: Path, cells: Iterable[pa.Table | None], labels: pa.Table) -> int:
    """Write the tables of cells (None is left out), one row of `labels` for each; return how many, in constant memory.

    The file's metadata, under "regretlab", name the number of cells and the versions that computed them.
    """
    schema = pa.schema([*labels.schema, *SCHEMA])
    count, versions = 0, dict[str, set[str]]()
    with _replacing(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        batch: list[pa.Table] = []
        for number, table in enumerate(cells):
            if table is None:
                continue
            count += 1
            for name, known in tags_of(table).get("versions", {}).items():
                versions.setdefault(name, set()).add(known)
            own = labels.slice(number, 1).take(pa.array(np.zeros(len(table), np.int64)))
            batch.append(pa.table([*own.columns, *table.columns], schema=schema))
            if len(batch) >= 512:
                writer.write_table(pa.concat_tables(batch))
                batch = []
        if batch:
            writer.write_table(pa.concat_tables(batch))
        tags = {"cells": count, "versions": {name: sorted(found) for name, found in versions.items()}}
        writer.add_key_value_metadata({_KEY.decode(): json.dumps(tags, sort_keys=True)})
    return count


class Store:
    """The results in a folder; for writing, get it from `open_store`, which locks the folder."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @property
    def results(self) -> Path:
        """Path of the table of all cells."""
        return self.folder / "results.parquet"

    def path(self, cell: Cell) -> Path:
        """Return the path of a cell's results."""
        return self.folder / "cells" / f"{cell.address}.parquet"

    def load(self, cell: Cell, keep_repetitions: bool = False) -> pa.Table | None:
        """Return a cell's table; None if it is absent or lacks the repetitions asked for; ValueError if damaged."""
        table = read_cell(self.path(cell))
        return None if table is None or (keep_repetitions and tags_of(table)["kept"] != "repetitions") else table

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
        """Write a finished cell atomically."""
        _write(self.path(cell), content)
        (self.folder / "failed" / f"{cell.address}.json").unlink(missing_ok=True)

    def discard(self, cell: Cell) -> None:
        """Remove a cell's results and its failure report."""
        self.path(cell).unlink(missing_ok=True)
        (self.folder / "failed" / f"{cell.address}.json").unlink(missing_ok=True)

    def record_failure(self, cell: Cell, error: str) -> None:
        """Write a cell's failure report."""
        report = {"error": error, "labels": dict(cell.labels), "configuration": cell.configuration()}
        _write(
            self.folder / "failed" / f"{cell.address}.json",
            json.dumps(report, indent=1, default=shown, skipkeys=True).encode(),
        )

    def collect(self, cells: Sequence[Cell], labels: pa.Table) -> Path:
        """Write results.parquet: the finished ones of `cells` in order, in constant memory.

        labels: one row per cell, of the columns to find it by (`sims.labels.label_table`).
        """
        write_table(self.results, (self.load(cell) for cell in cells), labels)
        return self.results

    def frame(self) -> "polars.DataFrame":
        """Return results.parquet as a Polars data frame."""
        import polars

        return polars.read_parquet(self.results)


@contextmanager
def open_store(folder: str | Path) -> Iterator[Store]:
    """Lock a folder for writing; StoreError if another sweep holds it or it cannot be written."""
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
        raise StoreError(f"{store.folder} cannot be written: {_cause(error)}") from None
    try:
        for leftover in (*store.folder.glob("*/*.tmp"), _temporary(store.results)):
            leftover.unlink(missing_ok=True)
        yield store
    finally:
        lock.release()


def _temporary(path: Path) -> Path:
    """Return the path where a file is written before it is renamed; the folder's lock keeps other writers away."""
    return path.with_name(f"{path.name}.tmp")


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` once it is complete and on the disk.

    StoreError if it cannot be written; `path` is then unchanged.
    """
    temporary = _temporary(path)
    try:
        temporary.unlink(missing_ok=True)  # a new file has the mode that the umask gives
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StoreError(f"cannot write {path}: {_cause(error)}; finished cells are kept") from error
        raise


def _cause(error: OSError) -> str:
    return error.strerror or one_line(error)


def _write(path: Path, content: bytes) -> None:
    with _replacing(path) as temporary:
        temporary.write_bytes(content)
