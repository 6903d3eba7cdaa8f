"""Tables of individuals from CSV files, with errors that say what is wrong and where."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Table = dict[str, list[str]]

DATA = Path(__file__).with_name("data")


def read_table(path: str | Path, columns: Sequence[str]) -> Table:
    """Return the named columns of a CSV file with a header line, as text; their order in the file is free.

    Raises FileNotFoundError, or ValueError for a file without rows, a column that is missing or there twice, or
    a row of the wrong length; each message names the file.
    """
    source = Path(path)
    if not source.is_file():
        raise FileNotFoundError(f"no such table: {source} (a CSV file with a header line is needed)")
    try:
        with source.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{source}: not a readable CSV file in UTF-8: {error}") from None
    if len(rows) < 2:
        raise ValueError(f"{source}: no rows below the header line" if rows else f"{source}: the file is empty")
    header = [name.strip() for name in rows[0]]
    for name in columns:
        if header.count(name) != 1:
            problem = "no column" if name not in header else "more than one column"
            raise ValueError(f"{source}: {problem} {name!r}; its columns are {', '.join(header)}")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise ValueError(f"{source}: row {number} has {len(row)} fields, the header line has {len(header)}")
    return {name: [row[header.index(name)].strip() for row in rows[1:]] for name in columns}


def select(table: Table, keep: NDArray[np.bool_]) -> Table:
    """Return the rows where `keep` (N,) holds."""
    return {name: [value for value, kept in zip(values, keep, strict=True) if kept] for name, values in table.items()}


def numbers(table: Table, name: str, source: object) -> NDArray[np.float64]:
    """Return a column as float64; ValueError names the first row that is empty, not a number or not finite."""
    out = np.empty(len(table[name]))
    for row, text in enumerate(table[name]):
        try:
            out[row] = float(text)
        except ValueError:
            out[row] = math.nan
        if not math.isfinite(out[row]):
            raise ValueError(f"{source}: column {name!r} must hold finite numbers, got {text!r} in row {row + 2}")
    return out


def categories(table: Table, name: str, source: object) -> NDArray[np.str_]:
    """Return a column as text; ValueError names the first row that is empty or NaN."""
    for row, text in enumerate(table[name]):
        if text == "" or text.lower() in ("nan", "na", "null"):
            raise ValueError(f"{source}: column {name!r} has no value in row {row + 2} (got {text!r})")
    return np.array(table[name])
