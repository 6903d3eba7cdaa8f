"""The Python functions behind objects of Numba: those that its wrappers compile, and registered implementations.

A kernel may call a function with an implementation registered by `numba.extending` (`overload`, `overload_method`,
`lower_builtin`, `type_callable`). These are found in Numba's registries; only those from outside the libraries count.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np
from numba.core import types as _numba_types
from numba.core.dispatcher import Dispatcher
from numba.core.imputils import builtin_registry as _lowered
from numba.core.typing.templates import builtin_registry as _typed
from numba.experimental.jitclass.base import JitClassType
from numba.extending import _Intrinsic
from numba.np.ufunc.dufunc import DUFunc
from numba.np.ufunc.gufunc import GUFunc

_UNNAMED = (bool, iter, next, int, float, complex)  # functions that code may call implicitly
_types: Any = _numba_types  # its members are made at run time
_LIBRARIES = ("numba.", "numba_", "numpy.", "llvmlite.")


def is_dispatcher(value: Any) -> bool:
    """Return whether `value` is a function that Numba compiles."""
    return isinstance(value, Dispatcher)


def parts_of(value: Any) -> list[Any] | None:
    """Return what an object of Numba compiles, with the options of its compilation; None for other objects."""
    if isinstance(value, Dispatcher):
        signatures = (
            [] if getattr(value, "_can_compile", True) else value.nopython_signatures
        )  # those that its author wrote
        return [_options(value), _texts(signatures), value.py_func]
    if isinstance(value, DUFunc):
        inner = value._dispatcher
        return [_options(inner), _texts(inner.overloads if value._frozen else []), inner.py_func, value.identity]
    if isinstance(value, GUFunc):
        builder = value.gufunc_builder
        signatures = builder._sigs if value._frozen else []
        return [builder.signature, _options(builder), _texts(signatures), builder.py_func]
    if isinstance(value, _Intrinsic):
        return [value._defn]
    if hasattr(value, "_pyfunc") and type(value).__module__.startswith("numba."):  # numba.cfunc
        return [_texts([value._sig]), value._pyfunc]
    if isinstance(value, _types.ClassInstanceType | _types.ClassType):  # of a jitclass, whose repr contains an address
        return _parts_of_jitclass(getattr(value, "class_type", value))
    if isinstance(value, _types.Type) and type(value).__module__.startswith("numba."):
        return [repr(value)]
    return None


def parts_of_class(kind: type) -> list[Any]:
    """Return the fields and methods of a jitclass; nothing for other classes."""
    return _parts_of_jitclass(kind.class_type) if isinstance(kind, JitClassType) else []


def _parts_of_jitclass(inner: Any) -> list[Any]:
    properties = {name: dict(functions) for name, functions in inner.jit_props.items()}
    return [dict(inner.struct), dict(inner.jit_methods), dict(inner.jit_static_methods), properties]


def registered() -> "Registered":
    """Return the bodies that code outside the libraries has registered with Numba up to now."""
    import_module("bandits.core.lanes")  # so that what it registers enters whatever was imported before
    templates = sum(len(getattr(kind, "templates", ())) for _, kind in _typed.globals)
    return _registered(len(_typed.globals), templates, len(_typed.functions), len(_lowered.functions))


@lru_cache(maxsize=1)
def _registered(*sizes: int) -> "Registered":
    """Return what there is while registries, to which entries are only added, have these sizes."""
    return Registered()


class Registered:
    """The bodies that code outside the libraries has registered with Numba."""

    def __init__(self) -> None:
        self._calls: dict[int, list[Any]] = {}
        self.operators: list[Any] = []  # the bodies that a + b, a[i], a conversion or a loop may run
        self.walks: dict[Any, Any] = {}  # through them, see `walk`
        for key, kind in _typed.globals:
            for template in getattr(kind, "templates", ()):
                self._add(key, _bodies(template), *_settings(template))
        for template in _typed.functions:
            self._add(getattr(template, "key", None), _bodies(template), *_settings(template))
        for body, key, _ in _lowered.functions:
            self._add(key, [body])

    def _add(self, key: Any, bodies: list[Any], *settings: Any) -> None:
        found = list(_outside(bodies))
        if found:
            found += settings
            self._calls.setdefault(id(key), []).extend(found)
        if isinstance(key, str) or getattr(key, "__module__", None) == "_operator" or key in _UNNAMED:
            self.operators += found

    def for_callable(self, value: Any) -> list[Any]:
        """Return the bodies that calls of `value` may run instead of its own."""
        return self._calls.get(id(value), [])

    def for_attributes(self, names: Iterable[str]) -> list[Any]:
        """Return the bodies registered for methods and attributes of these names, of whatever type."""
        wanted = set(names)
        templates = [template for template in _typed.attributes if getattr(template, "_attr", None) in wanted]
        bodies = [(list(_outside(_bodies(template))), _settings(template)) for template in templates]
        return [part for found, settings in bodies if found for part in (*found, *settings)]


def is_foreign_ufunc(value: Any) -> bool:
    """Return whether `value` is a universal function of machine code only, from neither NumPy nor SciPy."""
    homes = [np, sys.modules.get("scipy.special")]
    return isinstance(value, np.ufunc) and all(getattr(home, value.__name__, None) is not value for home in homes)


def _bodies(template: Any) -> list[Any]:
    found = [getattr(template, name, None) for name in ("_overload_func", "generic", "_definition_func")]
    return [getattr(body, "__func__", body) for body in found if body is not None]


def _settings(template: Any) -> tuple[Any, ...]:
    """Return the compilation options of the body registered by a template."""
    return dict(getattr(template, "_jit_options", {})), str(getattr(template, "_inline", None))


def _outside(bodies: Iterable[Any]) -> Iterator[Any]:
    """Yield the functions defined outside the libraries, also those in closures of library functions."""
    for body in bodies:
        body = getattr(body, "__wrapped__", body)
        if not isinstance(body, FunctionType):
            continue
        home = body.__module__ or body.__globals__.get("__name__") or ""
        if not home.startswith(_LIBRARIES):
            yield body
            continue
        for cell in body.__closure__ or ():
            with suppress(ValueError):
                if isinstance(cell.cell_contents, FunctionType):
                    yield from _outside([cell.cell_contents])


def _options(owner: Any) -> list[dict[str, Any]]:
    return [dict(sorted(getattr(owner, name, {}).items())) for name in ("targetoptions", "locals")]


def _texts(signatures: Iterable[Any]) -> list[str]:
    return [str(signature) for signature in signatures]
