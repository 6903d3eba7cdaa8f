"""Labels as columns of the results; types are chosen and columns made before any work starts.

A column whose labels are all truth values, all integers or all numbers has type bool, int64 (uint64 where seeds need
it) or float64. None is a missing value in any column. Everything else is text: strings, mixed types, and integers that
a numeric column cannot hold exactly (beyond 64 bits, or beyond 2^53 in a column with floats).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from bandits.core.checks import shown
from sims.messages import one_line

_EXACT = 2**53  # integers up to here are exact as floats


def label_table(labels: Sequence[Mapping[str, Any]], taken: Sequence[str]) -> pa.Table:
    """Return one row per mapping and one column per name in any of them, in alphabetical order.

    taken: names of columns that the results already have, which are left out. TypeError for a name that is not text,
    ValueError for a label that cannot be written as text.
    """
    for name in {name for own in labels for name in own}:
        if not isinstance(name, str) or name != _encodable(name):
            raise TypeError(f"labels must have names that are text, got {shown(name)}")
    names = sorted({name for own in labels for name in own} - set(taken))
    columns = {name: _column(name, [own.get(name) for own in labels]) for name in names}
    return pa.table(columns) if columns else pa.table({"": pa.nulls(len(labels))}).select([])


def _column(name: str, values: Sequence[Any]) -> pa.Array:
    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    kind = _type_of([value for value in plain if value is not None])
    try:
        if kind == pa.string():
            plain = [None if value is None else _encodable(str(value)) for value in plain]
        return pa.array(plain, kind)
    except Exception as error:  # str() of a label may raise anything
        raise ValueError(f"labels: {shown(name)} cannot be a column of the results: {one_line(error)}") from None


def _type_of(present: Sequence[Any]) -> pa.DataType:
    kinds = {type(value) for value in present}
    integers = [value for value in present if type(value) is int]
    low, high = min(integers, default=0), max(integers, default=0)
    if kinds <= {bool}:
        return pa.bool_()
    if kinds == {int} and low >= -(2**63) and high < 2**63:
        return pa.int64()
    if kinds == {int} and low >= 0 and high < 2**64:
        return pa.uint64()
    if kinds <= {int, float} and low >= -_EXACT and high <= _EXACT and float in kinds:
        return pa.float64()
    return pa.string()


def _encodable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()
