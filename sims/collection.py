"""Every cell in a folder of results as one table, whichever sweeps they are of."""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from bandits.core.checks import instance
from sims.cell_files import SCHEMA, read_cell, tags_of
from sims.dataset import write_table
from sims.labels import label_table


class Collected(NamedTuple):
    """The table's path, the number of cells in it, and one line for each file that could not be read."""

    path: Path
    cells: int
    damaged: tuple[str, ...]


def collect_folder(folder: str | Path, out: str | Path | None = None) -> Collected:
    """Write all finished cells of a folder, of any sweep, into one Parquet file: `out`, by default FOLDER/all.parquet.

    Columns: those of results.parquet, and in place of axes the cells' parameters that are numbers, truth values or
    text, as "problem.horizon", "learner.learning_rate"; null where a cell has no such parameter. In constant memory.
    Raises ValueError if the folder has no cells, StoreError if the table cannot be written.
    """
    home = Path(instance("folder", folder, (str, Path), "the name of a folder"))
    if not home.is_dir():
        raise ValueError(f"no folder {home}")
    files, labels, damaged = [], [], []
    found = {file.stem: file for place in ("*.parquet", "*/*.parquet") for file in (home / "cells").glob(place)}
    for _, file in sorted(found.items()):
        try:
            table = read_cell(file)
        except ValueError as error:
            damaged.append(str(error))
            continue
        if table is not None:
            configuration = tags_of(table)["configuration"]
            files.append(file)
            labels.append(dict(chain(*(_leaves(part, configuration[part]) for part in ("problem", "learner")))))
    if not files:
        raise ValueError(f"{home} has no finished cells" + (f": {damaged[0]}" if damaged else ""))
    path = home / "all.parquet" if out is None else Path(out)
    count = write_table(path, map(read_cell, files), label_table(labels, SCHEMA.names))
    return Collected(path, count, tuple(damaged))


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of an object that fit a column, by their names joined by dots."""
    if isinstance(value, Mapping):
        for part, item in value.items():
            yield from _leaves(f"{name}.{part}", item)
    elif value is None or isinstance(value, (bool, int, float, str)):
        yield name, value
