"""The table of all cells of a sweep or folder: one Parquet file, or where there are many cells a folder of such files.

    results.parquet                                up to 10,000 cells: a file
    results.parquet/part-00000-3f0c....parquet     more: a folder with parts of 10,000 cells, in the order of the cells

Polars, pandas (PyArrow) and DuckDB read the one path in either case. File and folder cannot be there together, and what
was there is replaced in one step when all parts are complete. Parts are named by their content: who reads meanwhile
finds a listed part unchanged or gone, and never reads some parts of the old table and some of the new one.
"""

import errno
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sims.cell_files import KEY, SCHEMA, tags_of
from sims.files import StoreError, cause, restore, swap, synced, temporary_of

CELLS_PER_FILE = 10_000
_PART = re.compile(r"part-[0-9]{5,}(-[0-9a-f]{16})?\.parquet")
_GROUP_CELLS, _GROUP_ROWS = 512, 1 << 20  # of a row group, which ends with a cell


def write_table(path: Path, parts: Iterable[tuple[Iterable[pa.Table | None], pa.Table]]) -> int:
    """Write the tables of cells (None is left out); return how many cells, in the memory of one part's labels.

    parts: for each file at most CELLS_PER_FILE cells, and a table with one row of labels for each. One part is written
    as a file, several as a folder. The metadata of each file, under "regretlab", name the number of its cells and the
    versions that computed them. StoreError if it cannot be written; `path` is then unchanged.
    """
    count = 0
    with _replacing(path) as folder:
        for number, (cells, labels) in enumerate(parts):
            count += _write_part(folder / f"part-{number:05d}.parquet", cells, labels)
    return count


def parts_of(count: int) -> Iterator[slice]:
    """Yield the places of the cells that are written into one file, in order."""
    for begin in range(0, count, CELLS_PER_FILE):
        yield slice(begin, min(begin + CELLS_PER_FILE, count))


def files_of(path: Path) -> list[Path]:
    """Return the files of a table, in the order of its rows."""
    return sorted(path.glob("part-*.parquet")) if path.is_dir() else [path]


def row_groups(path: Path, columns: list[str]) -> Iterator[pa.Table]:
    """Yield the row groups of a table in order, with these columns; each cell listed is in one of them."""
    for file in files_of(path):
        with pq.ParquetFile(file) as parquet:
            filled = (n for n in range(parquet.num_row_groups) if parquet.metadata.row_group(n).num_rows)
            for group in filled:
                yield parquet.read_row_group(group, columns)


def tidy(path: Path) -> None:
    """Remove what a killed command left of the table at `path`."""
    _remove(temporary_of(path))
    restore(path)
    _remove(temporary_of(path))


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield an empty folder whose parts then replace `path`: one part as a file, several as this folder."""
    folder = temporary_of(path)
    try:
        tidy(path)
        check_replaceable(path)
        folder.mkdir()
        yield folder
        parts = [_named_by_content(part) for part in files_of(folder)]
        synced(*parts, folder)
        swap(parts[0] if len(parts) == 1 else folder, path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {cause(error)}; finished cells are kept") from error
    finally:
        with suppress(OSError):
            _remove(folder)


def _named_by_content(part: Path) -> Path:
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return part.rename(part.with_name(f"{part.stem}-{digest[:16]}.parquet"))


def check_replaceable(path: Path) -> None:
    """Raise StoreError for a folder that holds anything but the parts of a table: its files would be lost."""
    if path.is_dir():
        others = _others(path)
        if others or not any(path.iterdir()):
            holds = f"holds {others[0]}" if others else "is empty"
            raise StoreError(f"cannot write {path}: it is a folder that {holds}; finished cells are kept")


def _others(folder: Path) -> list[str]:
    """Return the names of the files in a folder that are no parts of a table."""
    return sorted(file.name for file in folder.iterdir() if not _PART.fullmatch(file.name))


def _remove(path: Path) -> None:
    """Remove a table; OSError, and nothing is removed, for a folder that holds anything else."""
    if path.is_dir() and not path.is_symlink():
        if others := _others(path):
            raise OSError(errno.ENOTEMPTY, f"{path} holds {others[0]}")
        for file in path.iterdir():
            _remove(file)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _write_part(path: Path, cells: Iterable[pa.Table | None], labels: pa.Table) -> int:
    schema = pa.schema([*labels.schema, *SCHEMA])
    count, versions = 0, dict[str, set[str]]()
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        batch, rows = list[pa.Table](), 0
        for number, table in enumerate(cells):
            if table is None:
                continue
            count += 1
            for name, known in tags_of(table).get("versions", {}).items():
                versions.setdefault(name, set()).add(known)
            own = labels.slice(number, 1).take(pa.array(np.zeros(len(table), np.int64)))
            batch.append(pa.table([*own.columns, *table.columns], schema=schema))
            rows += len(table)
            if len(batch) >= _GROUP_CELLS or rows >= _GROUP_ROWS:
                _write_group(writer, batch)
                batch, rows = [], 0
        if batch:
            _write_group(writer, batch)
        tags = {"cells": count, "versions": {name: sorted(found) for name, found in versions.items()}}
        writer.add_key_value_metadata({KEY.decode(): json.dumps(tags, sort_keys=True)})
    return count


def _write_group(writer: pq.ParquetWriter, tables: list[pa.Table]) -> None:
    group = pa.concat_tables(tables)
    writer.write_table(group, row_group_size=max(1, len(group)))
