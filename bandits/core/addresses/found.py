"""Where a walk found its values, and whether they are there still."""

import hashlib
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

PRINTED: tuple[type, ...] = (
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    type(None),
    type(Ellipsis),
    type(NotImplemented),
    range,
    slice,
)
PRINTED += (Fraction, Decimal)


class Binding(NamedTuple):
    """Where a value was found."""

    name: str
    look: Callable[[], Any]
    value: Any

    def holds(self) -> bool:
        """Return whether the same object is there still."""
        try:
            here = self.look()
        except (AttributeError, KeyError, ValueError):
            return False
        return here is self.value or _is_equal(here, self.value)  # a module may compute what it is asked for each time


class Content(NamedTuple):
    """What a value that can change in place held."""

    name: str
    value: Any
    items: Any

    def holds(self) -> bool:
        """Return whether it holds the same still."""
        return _same(items(self.value), self.items)


def items(value: Any) -> Any:
    """Return what tells whether a container or array has changed in place."""
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return hashlib.sha256(np.ascontiguousarray(value).tobytes()).digest()
    if isinstance(value, dict):
        return [*value, *value.values()]
    return list(np.ravel(value) if isinstance(value, np.ndarray) else value)


def _is_equal(here: Any, before: Any) -> bool:
    """Return whether two plain values or arrays are the same, whichever objects they are."""
    if type(here) is not type(before):
        return False
    if isinstance(here, np.ndarray):
        return (here.dtype, here.shape) == (before.dtype, before.shape) and _same(items(here), items(before))
    return type(here) in PRINTED and repr(here) == repr(before)


def _same(here: Any, before: Any) -> bool:
    if isinstance(before, bytes):
        return bool(here == before)
    return len(here) == len(before) and all(a is b for a, b in zip(here, before, strict=True))
