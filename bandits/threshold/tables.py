"""Tables of individuals from CSV files, with errors that say what is wrong and where."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandits.checks import shown

DATA = Path(__file__).with_name("data")
_ABSENT = ("", "nan", "na", "null")


class NoTable(FileNotFoundError, ValueError):
    """The file of a table is not there."""


@dataclass(frozen=True)
class Table:
    """Columns of a CSV file as text, and where each row stands in it."""

    source: Path
    columns: dict[str, list[str]]
    lines: list[int]  # line of the file at which each row ends, for messages

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lines)


def read_table(path: str | Path, columns: Sequence[str]) -> Table:
    """Return the named columns of a CSV file with a header line; their order in the file is free.

    Raises FileNotFoundError, or ValueError for a file without rows, a column that is missing or there twice, or
    a row of the wrong length; each message names the file.
    """
    source = Path(path)
    if not source.is_file():
        raise NoTable(f"path must name a CSV file with a header line, no such table: {shown(str(source))}")
    try:
        with source.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{source}: not a readable CSV file in UTF-8: {error}") from None
    if len(rows) < 2:
        raise ValueError(f"{source}: no rows below the header line" if rows else f"{source}: the file is empty")
    header = [name.strip() for name in rows[0][1]]
    for name in columns:
        if header.count(name) != 1:
            problem = "no column" if name not in header else "more than one column"
            raise ValueError(f"{source}: {problem} {name!r}; its columns are {', '.join(header)}")
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise ValueError(f"{source}: line {line} has {len(row)} fields, the header line has {len(header)}")
    found = {name: [row[header.index(name)].strip() for _, row in rows[1:]] for name in columns}
    return Table(source, found, [line for line, _ in rows[1:]])


def select(table: Table, keep: NDArray[np.bool_]) -> Table:
    """Return the rows where `keep` (N,) holds."""
    rows = np.flatnonzero(keep)
    columns = {name: [values[row] for row in rows] for name, values in table.columns.items()}
    return Table(table.source, columns, [table.lines[row] for row in rows])


def numbers(table: Table, name: str, absent: float | None = None) -> NDArray[np.float64]:
    """Return a column as float64, with `absent` for empty fields where it is given.

    ValueError names the first line whose field is not a finite number.
    """
    out = np.empty(len(table))
    for row, text in enumerate(table.columns[name]):
        if text == "" and absent is not None:
            out[row] = absent
            continue
        try:
            out[row] = float(text)
        except ValueError:
            out[row] = math.nan
        if not math.isfinite(out[row]):
            raise ValueError(_wrong(table, name, row, "finite numbers"))
    return out


def choices(table: Table, name: str, allowed: Sequence[float]) -> NDArray[np.float64]:
    """Return a column of numbers that are all among `allowed`; ValueError names the first line where it is not."""
    found = numbers(table, name)
    wrong = np.flatnonzero(~np.isin(found, allowed))
    if len(wrong):
        raise ValueError(_wrong(table, name, int(wrong[0]), " or ".join(f"{value:g}" for value in allowed)))
    return found


def categories(table: Table, name: str) -> NDArray[np.str_]:
    """Return a column as text; ValueError names the first line where it is empty, NA, NaN or null."""
    for row, text in enumerate(table.columns[name]):
        if text.lower() in _ABSENT:
            raise ValueError(_wrong(table, name, row, "a value in every row"))
    return np.array(table.columns[name])


def _wrong(table: Table, name: str, row: int, expected: str) -> str:
    text = table.columns[name][row]
    return f"{table.source}: column {name!r} must hold {expected}, got {text!r} in line {table.lines[row]}"
