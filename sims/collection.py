"""Every cell in a folder of results as one table, whichever sweeps they are of."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import chain, groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from bandits.core.checks import instance
from sims.cell_files import SCHEMA, read_cell, read_tags
from sims.dataset import parts_of, write_table
from sims.files import locked
from sims.labels import Columns


class Collected(NamedTuple):
    """The table's path, the number of cells in it, and one line for each file that could not be read."""

    path: Path
    cells: int
    damaged: tuple[str, ...]


def collect_folder(folder: str | Path, out: str | Path | None = None) -> Collected:
    """Write all finished cells of a folder, of any sweep, into one table: `out`, by default FOLDER/all.parquet.

    Columns: those of results.parquet, and in place of axes the cells' parameters that are numbers, truth values or
    text, as "problem.horizon", "learner.learning_rate"; null where a cell has no such parameter. As results.parquet, a
    file for up to 10,000 cells and a folder of files for more; written in constant memory, a hundred bytes per cell
    aside. Raises ValueError if the folder has no cells or `out` is no file's name in a folder, StoreError if the table
    cannot be written or another command writes it.
    """
    home = Path(instance("folder", folder, (str, Path), "the name of a folder"))
    if not home.is_dir():
        raise ValueError(f"no folder {home}")
    path = home / "all.parquet" if out is None else Path(instance("out", out, (str, Path), "the name of a file"))
    if path.name in ("", ".."):
        raise ValueError(f"out must be the name of a file, got {str(out)!r}")
    if not path.parent.is_dir():
        raise ValueError(f"no folder {path.parent}")
    files, columns, damaged = [], Columns(SCHEMA.names), []
    for name in _names(home / "cells"):
        try:
            labels = _labels(home / "cells" / name)
        except ValueError as error:
            damaged.append(str(error))
            continue
        if labels is not None:
            files.append(name)
            columns.add(labels)
    if not files:
        raise ValueError(f"{home} has no finished cells" + (f": {damaged[0]}" if damaged else ""))
    lock = path.with_name(f".{path.name}.lock")
    with locked(lock, path, "command"):
        count = write_table(path, (_part(home / "cells", files[own], columns) for own in parts_of(len(files))))
    return Collected(path, count, tuple(damaged))


def _names(cells: Path) -> list[str]:
    """Return the files of cells by their addresses, each once, relative to their folder."""
    found = [f"{place.name}/{file.name}" for place in cells.glob("*/") for file in place.glob("*.parquet")]
    before = [file.name for file in cells.glob("*.parquet")]  # of an earlier version
    found.sort(key=_file_name)
    return [next(same) for _, same in groupby(merge(found, sorted(before), key=_file_name), _file_name)]


def _file_name(name: str) -> str:
    return name.rpartition("/")[2]


def _part(cells: Path, names: Sequence[str], columns: Columns) -> tuple[Iterator[pa.Table | None], pa.Table]:
    """Return the tables of cells and, of the same cells, a table of parameters."""
    labels = [_labels(cells / name) or {} for name in names]
    return (read_cell(cells / name) for name in names), columns.table(labels)


def _labels(path: Path) -> dict[str, Any] | None:
    """Return the parameters of a cell; None if there is no such file, ValueError if it is damaged."""
    tags = read_tags(path)
    if tags is None:
        return None
    return dict(chain(*(_leaves(part, tags["configuration"][part]) for part in ("problem", "learner"))))


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of an object that fit a column, by their names joined by dots."""
    if isinstance(value, Mapping):
        for part, item in value.items():
            yield from _leaves(f"{name}.{part}", item)
    elif value is None or isinstance(value, (bool, int, float, str)):
        yield name, value
