"""The content of a class: what it declares, and the entries that its author wrote."""

import dataclasses
import enum
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

from bandits.core.addresses.libraries import is_library

_OF_PYTHON = {"__module__", "__doc__", "__dict__", "__weakref__", "__annotations__", "__abstractmethods__", "_abc_impl"}
_OF_PYTHON |= {"__firstlineno__", "__static_attributes__", "__parameters__", "__orig_bases__", "__annotate__"}
_OF_PYTHON |= {
    "__slotnames__",
    "__annotations_cache__",
    "__annotate_func__",
    "__dataclass_fields__",
    "__dataclass_params__",
}


class _AnyTuple(NamedTuple):
    """A NamedTuple with only the default entries."""


class _AnyFlag(enum.Flag):
    """An enum with only the default entries."""

    A = 1


_OF_ENUMS = set(vars(_AnyFlag))


def declared(kind: type) -> Iterator[Any]:
    """Yield the metaclass, the members of an enum, the fields of a NamedTuple or dataclass."""
    if type(kind) is not type:
        yield type(kind)
    if issubclass(kind, enum.Enum):
        yield [(member.name, member.value) for member in kind]
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        yield kind._fields
        yield kind._field_defaults  # type: ignore[attr-defined]
    for field in vars(kind).get("__dataclass_fields__", {}).values():
        factory = field.default_factory
        yield (field.name, field.init, None if factory is dataclasses.MISSING else factory)


def written(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the methods and constants (name, value) of a class that neither `declared` yields nor Python adds."""
    for name, item in vars(kind).items():
        if name in _OF_PYTHON or isinstance(item, (types.MemberDescriptorType, types.GetSetDescriptorType)):
            continue
        if issubclass(kind, enum.Enum) and _made_by_enum(name, item):
            continue
        if "_field_defaults" in vars(kind) and name in {*vars(_AnyTuple), *vars(kind)["_fields"]}:
            continue
        yield name, item


def _made_by_enum(name: str, item: Any) -> bool:
    functions = (types.FunctionType, staticmethod, classmethod)
    return isinstance(item, (enum.Enum, enum.property)) or (name in _OF_ENUMS and not isinstance(item, functions))


def state(value: Any) -> list[Any] | None:
    """Return the class and the attributes of an object that has no other state, else None."""
    bases = [kind.__module__ for kind in type(value).__mro__ if kind is not object]
    if any(is_library(module) and module not in ("abc", "typing") for module in bases):
        return None
    return [type(value), getattr(value, "__dict__", {}), [getattr(value, name, None) for name in _slots(type(value))]]


def _slots(kind: type) -> Iterator[str]:
    for base in kind.__mro__:
        names = vars(base).get("__slots__", ())
        yield from (name for name in ((names,) if isinstance(names, str) else names) if not name.startswith("__"))
