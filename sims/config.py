"""Conversion of objects to plain data and back, for sweep files and addresses.

`describe` turns a problem, learner or loss process (any frozen dataclass) into JSON-able data. `build` makes the object
from such data, by the class's short name, or by "module:Class" for classes outside the package, also those of plain
learners (`bandits.plain`). A "type" may also name a function that returns such an object: a public one of the families,
such as `three_points`, or "module:function". The address is then that of the returned object.
"""

import dataclasses
import difflib
import hashlib
import importlib
import inspect
import json
import pkgutil
import signal
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any, get_type_hints

import numpy as np

from bandits.core.checks import shown
from bandits.plain import Plain, wanting
from sims.messages import one_line

_IMPORT = 30.0  # seconds


def describe(value: Any) -> Any:
    """Return `value` as JSON-able data: dataclasses by class and fields, arrays by shape and content hash."""
    if isinstance(value, Plain):  # all that the object holds enters an address with its code
        kind = type(value.policy)
        return {**describe(value.described), "type": f"{kind.__module__}:{kind.__qualname__}"}
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
    raise TypeError(f"{type(value).__name__} cannot be part of a configuration: {shown(value)}")


def canonical(value: Any) -> str:
    """Return the canonical JSON text of a described value: sorted names, no spaces, floats in hexadecimal."""
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
    """Return the object that `data` describes; tables without "type" and plain values are returned unchanged.

    The modules and functions that it names are imported and called. Raises ValueError naming the place (`where`) for an
    unknown class or parameter, and the class's own error, prefixed with the place, for a bad value.
    """
    if isinstance(data, list):
        return [build(item, f"{where}[{i}]") for i, item in enumerate(data)]
    if not isinstance(data, Mapping) or "type" not in data:
        return data
    make = find_maker(str(data["type"]), where)
    known, needed = _parameters(make)
    arguments = {
        name: build(item, f"{where}.{name}" if where else name) for name, item in data.items() if name != "type"
    }
    for name in arguments:
        if name not in known:
            raise ValueError(f"{where or 'spec'}: {make.__name__} has no parameter {shown(name)}{_hint(name, known)}")
    missing = [name for name in needed if name not in arguments]
    if missing:
        raise ValueError(f"{where or 'spec'}: {make.__name__} needs {' and '.join(missing)}")
    try:
        return make(**arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where or 'spec'}: {make.__name__}: {' '.join(str(error).split())}") from None
    except (Exception, SystemExit) as error:  # users' functions may raise anything
        raise ValueError(f"{where or 'spec'}: {make.__name__}: {one_line(error)}") from None


def _parameters(make: Any) -> tuple[set[str], list[str]]:
    """Return the names that a class or a function accepts, and those that it requires."""
    if inspect.isclass(make) and dataclasses.is_dataclass(make):
        fields = [f for f in dataclasses.fields(make) if f.init]
        return {f.name for f in fields}, [f.name for f in fields if _required(f)]
    known: set[str] = set()
    needed = []
    for name, parameter in inspect.signature(make).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD and _made_by(make):  # further fields of the returned object
            known |= {f.name for f in dataclasses.fields(_made_by(make)) if f.init}
        elif parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            known.add(name)
            needed += [name] if parameter.default is parameter.empty else []
    return known, needed


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def find_maker(name: str, where: str = "") -> Any:
    """Return the dataclass called `name`, or the function that makes one, public in the families or "module:name".

    Beside these, "module:name" may be the class of a plain learner.
    """
    if ":" in name:
        module, _, attribute = name.partition(":")
        try:
            make: Any = getattr(_imported(module), attribute)
        except (Exception, SystemExit) as error:  # importing a module may raise anything
            raise ValueError(f"{where or 'spec'}: cannot find {shown(name)}: {one_line(error)}") from None
    else:
        known = public_makers() | public_classes()
        make = known.get(name)
        if make is None:
            raise ValueError(f"{where or 'spec'}: unknown type {shown(name)}{_hint(name, known)}")
    fits = dataclasses.is_dataclass(make) or not wanting(make) if inspect.isclass(make) else _made_by(make) is not None
    if not fits:
        wrong = "is not a dataclass, nor a function annotated to return one, nor a class with reset, act and update"
        raise ValueError(f"{where or 'spec'}: {shown(name)} {wrong}")
    return make


def _imported(module: str) -> Any:
    """Return an imported module; TimeoutError if the import takes over 30 s (checked in the main thread only)."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return importlib.import_module(module)

    def late(*_: Any) -> None:
        raise TimeoutError(f"importing {shown(module)} did not end within {_IMPORT:.0f} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, _IMPORT)
    try:
        return importlib.import_module(module)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _made_by(function: Any) -> Any:
    """Return the dataclass in a function's return annotation, else None."""
    if not inspect.isfunction(function):
        return None
    try:
        made = get_type_hints(function).get("return")
    except Exception:  # an annotation for type checkers only
        return None
    return made if inspect.isclass(made) and dataclasses.is_dataclass(made) else None


@cache
def public_classes() -> dict[str, Any]:
    """Return every dataclass that the families and the loss modules export, by name."""
    return {name: m for name, m in _exported() if inspect.isclass(m) and dataclasses.is_dataclass(m)}


@cache
def public_makers() -> dict[str, Any]:
    """Return every function of the families that is annotated to return a dataclass (ready-made games), by name."""
    return {name: member for name, member in _exported() if _made_by(member) is not None}


def _exported() -> list[tuple[str, Any]]:
    import bandits

    names = [m.name for m in pkgutil.iter_modules(bandits.__path__) if m.ispkg and m.name != "core"]
    modules = [importlib.import_module(f"bandits.{name}") for name in names]
    return [(name, m) for module in modules for name, m in vars(module).items() if not name.startswith("_")]


def _hint(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(sorted(known))}"
