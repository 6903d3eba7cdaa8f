"""Records of metrics: NamedTuples that the loop writes into a row of numbers.

A field is a number, an array with one metric per entry (`errors` for the metrics errors_0, errors_1, ...),
a NamedTuple whose fields are metrics, or None for a metric that this problem does not have.
"""

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from bandits.core.jit import stored, types


class InvalidMetrics(TypeError):
    """A record of metrics that does not match the problem's `metrics`."""


def writer(names: tuple[str, ...], *, empty: bool = False) -> Callable[[Any, Any], None]:
    """Return (record, out) -> None, callable in kernels too: it writes the metrics `names` into out, (M,) float64.

    empty: arrays without entries are allowed.
    Raises InvalidMetrics, when the pair is compiled, for a record whose fields are not these metrics in this order.
    """

    def write(record: Any, out: Any) -> None:
        for place, path in _places(names, record, _kind_of_value, empty):
            value = record
            for part in path:
                value = value[part]
            out[place] = value

    stored(write, lambda record: _places(names, record, _kind_of_type, empty))
    return write


def columns(record: Any) -> tuple[str, ...]:
    """Return the names of the numbers of a record, as `writer` takes them; InvalidMetrics for what it cannot write."""
    names: list[str] = []
    for name, path, many in _parts(record, _kind_of_value):
        value = functools.reduce(operator.getitem, path, record)
        names += [f"{name}_{i}" for i in range(len(value))] if many else [name]
    return tuple(names)


def _places(
    names: tuple[str, ...], record: Any, kind_of: Callable[[Any], Any], empty: bool
) -> list[tuple[slice | int, tuple[int, ...]]]:
    """Return the place of each part of a record in the row, and the indices that lead to the part."""
    found = list(_parts(record, kind_of))
    places: list[tuple[slice | int, tuple[int, ...]]] = []
    at = 0
    for name, path, many in found:
        count = _entries(names[at:], name) if many else 1
        if (count == 0 and not empty) or (not many and names[at : at + 1] != (name,)):
            break
        places.append((slice(at, at + count) if many else at, path))
        at += count
    if len(places) < len(found) or at < len(names):
        fields = ", ".join(f"{name}_0, ..." if many else name for name, _, many in found)
        raise InvalidMetrics(f"measure returns {fields or 'nothing'}, but the metrics are {', '.join(names)}")
    return places


def _entries(names: tuple[str, ...], field: str) -> int:
    """Return how many of the leading names are `field` with a number: errors_0, errors_1, ... for `errors`."""
    count = 0
    while count < len(names) and names[count].removeprefix(f"{field}_").isdigit():
        count += 1
    return count


def _parts(record: Any, kind_of: Callable[[Any], Any], path: tuple[int, ...] = ()) -> Any:
    """Yield (name, path, whether it is an array) of every number and array in a record."""
    fields = kind_of(record)
    if not isinstance(fields, list):
        raise InvalidMetrics(f"measure must return a NamedTuple of the metrics, got {record}")
    for index, (name, value) in enumerate(fields):
        kind = kind_of(value)
        if isinstance(kind, list):
            yield from _parts(value, kind_of, (*path, index))
        elif kind in ("number", "array"):
            yield name, (*path, index), kind == "array"
        elif kind != "none":
            raise InvalidMetrics(
                f"measure must return numbers or arrays of one axis, got {_kind_in_words(value)} for {name}"
            )


def _kind_in_words(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return f"an array of shape {shape}" if isinstance(shape, tuple) else str(value)


def _kind_of_value(value: Any) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(value._fields, value, strict=True))
    if value is None:
        return "none"
    ndim = np.ndim(value)
    return ("number", "array")[ndim] if ndim < 2 and np.asarray(value).dtype.kind in "biuf" else "other"


def _kind_of_type(kind: Any) -> Any:
    kind = types.unliteral(kind)
    if isinstance(kind, types.BaseNamedTuple):
        return list(zip(kind.fields, kind.types, strict=True))
    if isinstance(kind, types.NoneType):
        return "none"
    if isinstance(kind, types.Array):
        return "array" if kind.ndim == 1 and isinstance(kind.dtype, (types.Number, types.Boolean)) else "other"
    return "number" if isinstance(kind, (types.Integer, types.Float, types.Boolean)) else "other"
