"""The file of a cell: Parquet bytes with a checksum.

Every file has the same tidy schema, one row per (cell, round, metric) with the statistics over repetitions,
or one per repetition where full repetitions are kept (`repetition` is then not null).

A file that is truncated, damaged or another cell's is reported and computed again: between rows and footer, which
Parquet readers skip, a cell's file has the checksum of all its other bytes and of the cell's address.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sims.files import cause
from sims.messages import one_line
from sims.run import Run
from sims.sweep import Cell

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
KEY = b"regretlab"
_CHECKSUM = hashlib.sha256().digest_size


def encode(cell: Cell, run: Run, keep_repetitions: bool) -> bytes:
    """Return a finished cell as the bytes of its Parquet file; the same run gives the same bytes."""
    table = table_of(cell, run, keep_repetitions)
    tags = {
        "address": cell.address,
        "configuration": cell.configuration(),
        "kept": "repetitions" if keep_repetitions else "statistics",
        "versions": {name: version_of(name) for name in ("regretlab", "numpy", "numba", "jax")},
    }
    table = table.replace_schema_metadata({KEY: json.dumps(tags, sort_keys=True).encode()})
    sink = io.BytesIO()
    pq.write_table(
        table, sink, compression="snappy", use_dictionary=_TEXT, write_statistics=False, write_page_checksum=True
    )
    return _with_checksum(cell.address, sink.getvalue())


def table_of(cell: Cell, run: Run, keep_repetitions: bool) -> pa.Table:
    """Return a cell's rows: one per repetition, or the statistics over them."""
    return pa.table(_columns(cell, run, keep_repetitions), schema=SCHEMA)


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
    content = _checked(path)
    if content is None:
        return None
    with _usable(path):
        table = pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
        _ = tags_of(table)["kept"]
        return table.cast(SCHEMA).replace_schema_metadata(table.schema.metadata)


def read_tags(path: Path) -> dict[str, Any] | None:
    """Return what `tags_of` gives of a cell's file, without its rows; None and ValueError as for `read_cell`."""
    content = _checked(path)
    if content is None:
        return None
    with _usable(path):
        footer = pq.read_metadata(pa.BufferReader(content))
        if footer.schema.names != SCHEMA.names:
            raise ValueError(f"columns {', '.join(footer.schema.names)}")
        tags: dict[str, Any] = json.loads(footer.metadata[KEY])
        _ = tags["kept"]
        return tags


def _checked(path: Path) -> bytes | None:
    """Return the bytes of a cell's file, whose sum is right; None if there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({cause(error)})") from None
    if not _is_whole(path.stem, content):  # before anything in it is read
        raise ValueError(f"{path} is damaged, or does not hold this cell's results")
    return content


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # as of a later version of this module
        raise ValueError(f"{path} cannot be used ({one_line(error)})") from None


def tags_of(table: pa.Table) -> dict[str, Any]:
    """Return what a cell's file says beside its table: address, configuration, kept, versions."""
    tags: dict[str, Any] = json.loads(table.schema.metadata[KEY])
    return tags
