"""Tables of individuals as text, from CSV files; errors name the file, column and line."""

import csv
import io
import math
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.checks import HUGE, shown
from bandits.core.text import read_text

DATA = Path(__file__).with_name("data")
_MOST_BYTES = 1 << 30  # of a file
# common marks of a missing value: words, compared by their letters and digits, and short signs
_ABSENT = {"na", "nan", "nat", "nil", "nul", "null", "none", "missing", "1ind", "1qnan", "pdna", "blank", "undefined"}
_ABSENT |= {"notavailable", "nodata", "noanswer"}
_ABSENT_SIGNS = {"", "\\n", "n/d", "n.d.", "#n/v"}
_UNTOLD = {"unknown", "unspecified", "notknown", "notstated"}  # of an outcome or a group; in features it is a value
_TRUTH = {"1.0": "1, 0", "0.0": "1, 0"} | dict.fromkeys(("yes", "no"), "words") | dict.fromkeys(("true", "false"), "TF")
_TRUTH_IN_LETTERS = {"y", "n", "t", "f"}
_SEPARATORS = ",;\t|"
_SHOWN = 5  # values in a message ...
_LONGEST = 30  # ... and characters of each


class NoTable(FileNotFoundError, ValueError):
    """The file of a table does not exist."""


@dataclass(frozen=True)
class Table:
    """Columns of a table as text, and the line of each row."""

    source: Path | str  # for messages
    columns: dict[str, list[str]]
    lines: list[int]  # line of the file at which each row ends, for messages
    unit: str = "line"  # what `lines` counts

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lines)


def read_table(
    path: str | Path,
    columns: Sequence[str] | Mapping[str, str],
    separator: str | None = None,
    encoding: str | None = None,
) -> Table:
    """Return the named columns of a CSV file with a header line, in any order.

    columns: names, or for messages a mapping from each to the argument that names it.
    separator: one character, by default the comma, semicolon, tab or bar that gives most of the columns.
    encoding: one that Python knows, by default UTF-8; a byte order mark decides before it.

    Byte order marks (UTF-8, UTF-16) and all line ends are supported. Raises FileNotFoundError, or ValueError for
    another encoding, a quotation mark that is not closed, a file without rows, a column that is missing or duplicated,
    or a row of the wrong length; each message names the file.
    """
    source = Path(path)
    if not _is_file(source):
        raise NoTable(f"path must name a CSV file with a header line, no such table: {shown(str(source))}")
    text = read_text(source, _MOST_BYTES, encoding)
    if separator is not None and (not isinstance(separator, str) or len(separator) != 1 or separator in '"\r\n '):
        raise ValueError(f"separator must be one character, got {shown(separator)}")
    tried = [_rows(source, text, each) for each in ([separator] if separator else _separators(text))]
    rows = max(tried, key=lambda rows: sum(name.strip() in columns for name in rows[0][1]) if rows else 0)
    if len(rows) < 2:
        raise ValueError(f"{source}: no rows below the header line" if rows else f"{source}: the file is empty")
    header = [name.strip() for name in rows[0][1]]
    for name in columns:
        role = f" for {columns[name]}" if isinstance(columns, Mapping) else ""
        one_column(source, header, name, role + (f", with the separator {separator!r}" if separator else ""))
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise ValueError(f"{source}: line {line} has {len(row)} fields, the header line has {len(header)}")
    found = {name: [row[header.index(name)].strip() for _, row in rows[1:]] for name in columns}
    for name, values in found.items():
        for (line, _), value in zip(rows[1:], values, strict=True):
            if "\n" in value:
                raise ValueError(f"{source}: line {line}: {name!r} holds a line break: is a quotation mark left open?")
    return Table(source, found, [line for line, _ in rows[1:]])


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # not a valid file name
        return False


def _separators(text: str) -> list[str]:
    """Return the separators that the header line may be split by, the comma first."""
    header = text.partition("\n")[0]
    return [",", *(separator for separator in _SEPARATORS[1:] if separator in header)]


def _rows(source: Path, text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Return the lines at which rows end, and the rows; ValueError names the line of a quotation mark left open."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    rows, begin = [], 1
    try:
        for row in reader:
            if row:
                rows.append((reader.line_num, row))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{source}: line {begin}: is a quotation mark left open? ({error})") from None
    return rows


def one_column(source: object, header: list[str], name: str, role: str = "") -> None:
    """Raise ValueError, listing the columns, unless the table has one column of this name."""
    if header.count(name) != 1:
        problem = "no column" if name not in header else "more than one column"
        raise ValueError(f"{source}: {problem} {name!r}{role}; its columns are {_listed(header)}")


def _listed(header: list[str]) -> str:
    text = ", ".join(" ".join(name.split()) for name in header)
    return text if len(text) <= 300 else text[:297] + "..."


def select(table: Table, keep: NDArray[np.bool_]) -> Table:
    """Return the rows where `keep` (N,) holds."""
    rows = np.flatnonzero(keep)
    columns = {name: [values[row] for row in rows] for name, values in table.columns.items()}
    return Table(table.source, columns, [table.lines[row] for row in rows], table.unit)


def numbers(table: Table, name: str, absent: float | None = None) -> NDArray[np.float64]:
    """Return a column as float64, with `absent` for empty fields where it is given.

    ValueError names the first line whose field is not a number, or one above 1e100 in size.
    """
    out = np.empty(len(table))
    for row, text in enumerate(table.columns[name]):
        if text == "" and absent is not None:
            out[row] = absent
            continue
        out[row] = _number(text)
        if not abs(out[row]) <= HUGE:
            expected = f"numbers up to {HUGE:g} in size" if math.isfinite(out[row]) else "finite numbers"
            raise ValueError(_wrong(table, name, row, expected))
    return out


def choices(table: Table, name: str, allowed: Sequence[float]) -> NDArray[np.float64]:
    """Return a column of numbers that are all among `allowed`; ValueError names the first line where it is not."""
    found = numbers(table, name)
    wrong = np.flatnonzero(~np.isin(found, allowed))
    if len(wrong):
        raise ValueError(_wrong(table, name, int(wrong[0]), " or ".join(f"{value:g}" for value in allowed)))
    return found


def categories(table: Table, name: str) -> NDArray[np.str_]:
    """Return a column as text; ValueError names the first line where it is empty or a mark of a missing value."""
    column = table.columns[name]
    absent = {text for text in set(column) if _is_absent(text)}
    for row, text in enumerate(column):
        if text in absent:
            raise ValueError(_wrong(table, name, row, "a value in every row"))
    return np.array(column)


def absent_rows(table: Table) -> NDArray[np.bool_]:
    """Return which rows have a mark of a missing value in any column."""
    out = np.zeros(len(table), dtype=bool)
    for column in table.columns.values():
        absent = {text for text in set(column) if _is_absent(text)}
        out |= np.array([text in absent for text in column], dtype=bool)
    return out


def _is_absent(text: str) -> bool:
    """Return whether a field is a mark of a missing value: punctuation alone, the name of an error, or such a word."""
    bare = _bare(text)
    an_error = text.startswith("#") and text.endswith(("!", "?"))
    only_marks = not bare and not any(unicodedata.category(letter).startswith("S") for letter in text)
    return an_error or only_marks or bare in _ABSENT or text.lower() in _ABSENT_SIGNS


def _bare(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def matches(table: Table, name: str, value: str, *, two: bool, argument: str = "") -> NDArray[np.bool_]:
    """Return where a column equals `value`: as numbers where both are numbers ("1" is 1.0), as text otherwise.

    argument: that gives the value, for messages.

    ValueError for missing and unknown values, for values that are spelled in several ways (in upper and lower case,
    with other spaces or accents of another encoding, or truth as "1" and as "yes"), where the value is absent or the
    only one, and with `two` for more than two values; it lists the values held.
    """
    column = categories(table, name).tolist()
    untold = [row for row, text in enumerate(column) if _bare(text) in _UNTOLD]
    if untold:
        raise ValueError(_wrong(table, name, untold[0], "a known value in every row"))
    spelled: dict[str, str] = {}
    for text in column:
        spelled.setdefault(_canonical(text), text)
    held = _some(spelled.values())
    where = f"{table.source}: column {name!r}"
    if not _spelled_in_one_way(spelled):
        raise ValueError(f"{where} must spell each value in one way, got {held}")
    if _canonical(value.strip()) not in spelled:
        raise ValueError(f"{where} holds no {argument}{' ' if argument else ''}{value!r}, only {held}")
    if len(spelled) == 1:
        raise ValueError(f"{where} is the same in every row, {held}: two are needed")
    if two and len(spelled) > 2:
        raise ValueError(f"{where} must hold two values, {value!r} and another, got {held}")
    wanted = _canonical(value.strip())
    return np.array([_canonical(text) == wanted for text in column])


def two_groups(table: Table, name: str, one: str, other: str | None, *, merge_others: bool) -> NDArray[np.int64]:
    """Return the group of every row: 1 where the column equals `one`, 0 where it equals `other`, -1 elsewhere.

    other: None for the column's only other value, or with merge_others for all others. Raises as `matches`, and
    ValueError for a column of more than two values of which neither is said.
    """
    if other is not None and merge_others:
        raise ValueError(f"merge_others puts all other values into group 0: other_value must be None, got {other!r}")
    first = matches(table, name, one, two=False, argument="group_value")
    if other is not None:
        if same(one, other):
            raise ValueError(f"other_value must be another value than group_value, got {other!r}")
        second = matches(table, name, other, two=False, argument="other_value")
        return np.where(first, 1, np.where(second, 0, -1))
    values = {_canonical(text): text for text in table.columns[name]}
    if len(values) > 2 and not merge_others:
        raise ValueError(
            f"{table.source}: column {name!r} holds more than two values, {_some(values.values())}: give other_value, "
            "one of them, or merge_others=True for all of them (acceptance_by_group names the two that differ most); "
            'groups, a list of them or "all", makes a game of several groups'
        )
    return np.where(first, 1, 0)


def given_alone(group_value: Any, other_value: Any, *, merge_others: bool) -> None:
    """Raise ValueError unless the arguments in whose place `groups` is given are at their defaults."""
    if merge_others or other_value is not None or str(group_value) != "1":
        raise ValueError("groups takes the place of group_value, other_value and merge_others: give it alone")


def several_groups(table: Table, name: str, groups: Any, smallest: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the group of every row, -1 for none, and the groups' names.

    groups: the values of groups 0, 1, ..., two at least, or "all" for every value that the column holds, in order of
    appearance. Raises as `matches`, and ValueError for a value that is given twice, or groups of fewer rows than
    `smallest`, which it lists.
    """
    if isinstance(groups, str) and groups == "all":
        held: dict[str, str] = {}
        for value in categories(table, name).tolist():
            held.setdefault(_canonical(value), value)
        groups = list(held.values())
    elif not isinstance(groups, (list, tuple)):
        raise TypeError(f'groups must be a list of values or "all", got {shown(groups)}')
    names = tuple(str(value).strip() for value in groups)
    if len({_canonical(value) for value in names}) < len(names) or len(names) < 2:
        raise ValueError(f"groups must be two or more different values, got {shown(groups)}")
    out = np.full(len(table), -1)
    for g, value in enumerate(names):
        out[matches(table, name, value, two=False, argument="groups")] = g
    sizes = np.bincount(out[out >= 0], minlength=len(names))
    few = [f"{_brief(value)} ({size})" for value, size in zip(names, sizes.tolist(), strict=True) if size < smallest]
    if few:
        raise ValueError(
            f"{table.source}: column {name!r} has groups of fewer than smallest = {smallest} rows, "
            f"{', '.join(few)}: name the others in groups, or lower smallest"
        )
    return out, names


def _spelled_in_one_way(values: Iterable[str]) -> bool:
    """Return whether no two of the distinct values stand for the same, as far as can be told."""
    plain = [_plain(text) for text in values]
    kinds = {_TRUTH[text] for text in plain if text in _TRUTH}
    kinds |= {"letters"} if kinds and not _TRUTH_IN_LETTERS.isdisjoint(plain) else set()
    return len(set(plain)) == len(plain) and len(kinds) < 2


def _plain(text: str) -> str:
    """Return a value without case, numbers of spaces, invisible marks, and the several codes of one accent."""
    shown = "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", shown.casefold()).split())


def same(one: str, other: str) -> bool:
    """Return whether two fields are equal: as numbers where both are numbers, as text otherwise."""
    return _canonical(one) == _canonical(other.strip())


def _canonical(text: str) -> str:
    number = _number(text)
    return text if math.isnan(number) else repr(number + 0.0)


def _number(text: str) -> float:
    """Return the number that a field holds, nan where it is none; Python's underscores are no part of numbers."""
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan


def _some(values: Collection[str]) -> str:
    return ", ".join([_brief(text) for text in values][:_SHOWN]) + (", ..." if len(values) > _SHOWN else "")


def _brief(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


def _wrong(table: Table, name: str, row: int, expected: str) -> str:
    text = table.columns[name][row]
    return (
        f"{table.source}: column {name!r} must hold {expected}, got {_brief(text)} in {table.unit} {table.lines[row]}"
    )
