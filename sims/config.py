"""Objects as plain data and back: what a sweep file says, and what a result is addressed by.

`describe` turns a problem, learner or loss process (any frozen dataclass) into JSON-able data;
`build` makes the object from such data, by the class's short name or by "module:Class" for one's own.
"""

import dataclasses
import difflib
import hashlib
import importlib
import inspect
import json
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np


def describe(value: Any) -> Any:
    """Return `value` as JSON-able data: dataclasses by class and fields, arrays by shape and content hash."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        fields = {f.name: describe(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
        return {"type": f"{kind.__module__}:{kind.__qualname__}", **fields}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: describe(item) for name, item in zip(value._fields, value, strict=True)}
    if isinstance(value, np.ndarray):
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return {"array": content, "shape": list(value.shape), "dtype": value.dtype.str}
    if isinstance(value, np.generic):
        return describe(value.item())
    if isinstance(value, Mapping):
        return {str(name): describe(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [describe(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} cannot be part of a configuration: {value!r}")


def canonical(value: Any) -> str:
    """Return the one JSON text of a described value: sorted names, no spaces, floats to the last bit."""
    return json.dumps(_exact(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, dict):
        return {name: _exact(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return value


def build(data: Any, where: str = "") -> Any:
    """Return the object that `data` describes; tables without "type" and plain values are returned as they are.

    Raises ValueError naming the place (`where`) for an unknown class or parameter, and the class's own error,
    prefixed with the place, for a bad value.
    """
    if isinstance(data, list):
        return [build(item, f"{where}[{i}]") for i, item in enumerate(data)]
    if not isinstance(data, Mapping) or "type" not in data:
        return data
    kind = find_class(str(data["type"]), where)
    known = {f.name for f in dataclasses.fields(kind) if f.init}
    arguments = {
        name: build(item, f"{where}.{name}" if where else name) for name, item in data.items() if name != "type"
    }
    for name in arguments:
        if name not in known:
            raise ValueError(f"{where or 'spec'}: {kind.__name__} has no parameter {name!r}{_hint(name, known)}")
    missing = [f.name for f in dataclasses.fields(kind) if f.init and _required(f) and f.name not in arguments]
    if missing:
        raise ValueError(f"{where or 'spec'}: {kind.__name__} needs {' and '.join(missing)}")
    try:
        return kind(**arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where or 'spec'}: {kind.__name__}: {error}") from None


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def find_class(name: str, where: str = "") -> Any:
    """Return the dataclass called `name`: a public name of the families, or "module:Class"."""
    if ":" in name:
        module, _, attribute = name.partition(":")
        try:
            kind: Any = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"{where or 'spec'}: cannot find {name!r}: {error}") from None
    else:
        kind = public_classes().get(name)
        if kind is None:
            raise ValueError(f"{where or 'spec'}: unknown type {name!r}{_hint(name, public_classes())}")
    if not dataclasses.is_dataclass(kind):
        raise ValueError(f"{where or 'spec'}: {name!r} is not a dataclass")
    return kind


@cache
def public_classes() -> dict[str, Any]:
    """Return every dataclass that the families and the loss modules export, by name."""
    import bandits

    modules = [importlib.import_module(f"bandits.{m.name}") for m in pkgutil.iter_modules(bandits.__path__)]
    found: dict[str, Any] = {}
    for module in modules:
        for name, member in vars(module).items():
            if inspect.isclass(member) and dataclasses.is_dataclass(member) and not name.startswith("_"):
                found[name] = member
    return found


def _hint(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(sorted(known))}"
