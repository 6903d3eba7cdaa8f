"""The places where a walk found its values, and whether these have changed."""

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
    """The place where a value was found."""

    name: str
    look: Callable[[], Any]
    value: Any

    def holds(self) -> bool:
        """Return whether the place still holds the same object."""
        try:
            here = self.look()
        except (AttributeError, KeyError, ValueError):
            return False
        return here is self.value or _is_equal(here, self.value)  # a module may compute an attribute at each access


class Content(NamedTuple):
    """The content of a mutable value when it was found."""

    name: str
    value: Any
    items: Any

    def holds(self) -> bool:
        """Return whether the content is unchanged."""
        return _same(items(self.value), self.items)


def items(value: Any) -> Any:
    """Return a fingerprint that changes when a container or array changes in place."""
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return hashlib.sha256(np.ascontiguousarray(value).tobytes()).digest()
    if isinstance(value, dict):
        return [*value, *value.values()]
    return list(np.ravel(value) if isinstance(value, np.ndarray) else value)


def _is_equal(here: Any, before: Any) -> bool:
    """Return whether two plain values or arrays are equal in type and content."""
    if type(here) is not type(before):
        return False
    if isinstance(here, np.ndarray):
        return (here.dtype, here.shape) == (before.dtype, before.shape) and _same(items(here), items(before))
    return type(here) in PRINTED and repr(here) == repr(before)


def _same(here: Any, before: Any) -> bool:
    if isinstance(before, bytes):
        return bool(here == before)
    return len(here) == len(before) and all(a is b for a, b in zip(here, before, strict=True))
