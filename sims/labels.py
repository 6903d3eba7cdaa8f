"""Labels as columns of the results; types are chosen and columns made before any work starts.

A column whose labels are all truth values, all integers or all numbers has type bool, int64 (uint64 where seeds need
it) or float64. None is a missing value in any column. Everything else is text: strings, mixed types, and integers that
a numeric column cannot hold exactly (beyond 64 bits, or beyond 2^53 in a column with floats).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from bandits.core.checks import shown
from sims.messages import one_line

_EXACT = 2**53  # integers up to here are exact as floats


class Columns:
    """The columns that labels need, known once all have been added one by one; `taken` are names that are left out."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = frozenset(taken)
        self._kinds: dict[str, _Kind] = {}

    def add(self, labels: Mapping[str, Any]) -> None:
        """Make room for the labels of a row; TypeError for a name that is not text."""
        for name, value in labels.items():
            if name not in self._kinds:
                if not isinstance(name, str) or name != _encodable(name):
                    raise TypeError(f"labels must have names that are text, got {shown(name)}")
                self._kinds[name] = _Kind()
            self._kinds[name].add(_plain(value))

    def table(self, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
        """Return a row for each mapping, all of which were added, and the columns of all that were, by their names.

        ValueError for a label that cannot be written as text.
        """
        columns = {
            name: _column(name, [_plain(own.get(name)) for own in rows], self._kinds[name].arrow())
            for name in sorted(set(self._kinds) - self._taken)
        }
        return pa.table(columns) if columns else pa.table({"": pa.nulls(len(rows))}).select([])


def label_table(labels: Sequence[Mapping[str, Any]], taken: Sequence[str]) -> pa.Table:
    """Return one row per mapping and one column per name in any of them, in alphabetical order.

    taken: names of columns that the results already have, which are left out. TypeError for a name that is not text,
    ValueError for a label that cannot be written as text.
    """
    columns = Columns(taken)
    for own in labels:
        columns.add(own)
    return columns.table(labels)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _column(name: str, values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        if kind == pa.string():
            values = [None if value is None else _encodable(str(value)) for value in values]
        return pa.array(values, kind)
    except Exception as error:  # str() of a label may raise anything
        raise ValueError(f"labels: {shown(name)} cannot be a column of the results: {one_line(error)}") from None


class _Kind:
    """The types of a column's values, None aside, and the range of those that are integers."""

    def __init__(self) -> None:
        self._types: set[type] = set()
        self._low = self._high = 0

    def add(self, value: Any) -> None:
        if value is not None:
            self._types.add(type(value))
        if type(value) is int:
            self._low, self._high = min(self._low, value), max(self._high, value)

    def arrow(self) -> pa.DataType:
        types, low, high = self._types, self._low, self._high
        if types <= {bool}:
            return pa.bool_()
        if types == {int} and low >= -(2**63) and high < 2**63:
            return pa.int64()
        if types == {int} and low >= 0 and high < 2**64:
            return pa.uint64()
        if types <= {int, float} and low >= -_EXACT and high <= _EXACT and float in types:
            return pa.float64()
        return pa.string()


def _encodable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()
