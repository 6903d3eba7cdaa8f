"""The walk that feeds everything within reach into one digest and records where it was found."""

import builtins
import enum
import functools
import hashlib
import sys
import types
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from bandits.core.addresses.bytecode import Read, text_of
from bandits.core.addresses.class_text import declared, state, written
from bandits.core.addresses.found import PRINTED, Binding, Content, items
from bandits.core.addresses.libraries import (
    defined_by_library,
    looks_up_by_name,
    module_of,
    name_of,
    reads_outside,
    shown,
    singleton_name,
)
from bandits.core.addresses.numba_text import (
    Registered,
    is_dispatcher,
    is_foreign_ufunc,
    parts_of,
    parts_of_class,
    registered,
)

_CONTAINERS = (tuple, frozenset, list, set, dict)
_WRAPPERS: dict[type, tuple[str, ...]] = {
    property: ("fget", "fset"),
    functools.cached_property: ("func",),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    functools.partial: ("func", "args", "keywords"),
    types.MethodType: ("__func__", "__self__"),
    types.SimpleNamespace: ("__dict__",),
}


class NotAddressable(Exception):
    """Code or a value is read that cannot be part of an address."""


class GlobalRandomness(TypeError):
    """A step function draws from a generator that is not seeded by the run."""


class Reached(NamedTuple):
    """The digest of all that was reached, and the places where it was found."""

    digest: str
    found: tuple[Binding | Content, ...]
    recursive: bool  # a compiled function calls itself, directly or through others

    def changed(self) -> str | None:
        """Return the name of something that has changed since the digest was taken, else None."""
        return next((place.name for place in self.found if not place.holds()), None)


def reach(*values: Any, libraries: frozenset[str] = frozenset()) -> Reached:
    """Return all that the values can reach; the digest is the same in every process.

    libraries: further packages that enter by name like NumPy and Numba, because their code enters elsewhere.
    Raises NotAddressable or GlobalRandomness, naming the function that reads it.
    """
    walk = _Walk(libraries, registered())
    try:
        for value in values:
            walk.absorb(value)
        return Reached(walk.hexdigest(), tuple(walk.found), walk.recursive)
    except (NotAddressable, GlobalRandomness) as error:
        raise type(error)(f"{walk.inside[-1]} {error}" if walk.inside else str(error)) from None


class _Walk:
    def __init__(self, libraries: frozenset[str], reading: Registered) -> None:
        self.inside: list[str] = []  # the functions being read, the innermost last
        self.found: list[Binding | Content] = []
        self.recursive = False
        self._open: list[Any] = []  # what is being absorbed, the innermost last
        self._digest = hashlib.sha256()
        self._seen: dict[int, tuple[int, Any]] = {}  # the objects are kept alive, so that ids stay unique
        self._libraries = libraries
        self._registered = reading
        self._attributes: set[str] = set()  # all attribute names
        self._loose: dict[str, types.ModuleType] = {}  # modules used as values
        self._by_name = False  # attributes are taken by computed names

    def hexdigest(self) -> str:
        """Return the digest of all that was absorbed.

        Any attribute name in the code may be taken of a module that is used as a value, and so may a method that was
        registered with Numba of an object: these enter last.
        """
        self._enter(self._operators())
        done: set[tuple[str, str]] = set()
        known: set[str] = set()
        while (asked := self._asked() - done) or (names := self._attributes - known):
            done |= asked
            for module, name in sorted(asked):
                if hasattr(self._loose[module], name):
                    self._say(f"{module}.{name}")
                    self._bind(f"{module}.{name}", functools.partial(getattr, self._loose[module], name))
            if not asked:
                known |= names
                self.absorb(tuple(self._registered.for_attributes(names)))
        return self._digest.hexdigest()

    def _operators(self) -> "_Walk":
        """Return the walk through the bodies that operators may run, which is kept as long as what it found holds."""
        kept = self._registered.walks
        if self._libraries not in kept or not all(place.holds() for place in kept[self._libraries].found):
            walk = _Walk(self._libraries, self._registered)  # not a later reading, whose parts are other objects
            walk.inside = self.inside  # an error names the function
            walk.absorb(tuple(self._registered.operators))
            kept[self._libraries] = walk
        return kept[self._libraries]

    def _enter(self, other: "_Walk") -> None:
        """Absorb what another walk has absorbed."""
        self._say(other._digest.hexdigest())
        self.found += other.found
        self.recursive |= other.recursive
        self._attributes |= other._attributes
        self._loose |= other._loose
        self._by_name |= other._by_name

    def _asked(self) -> set[tuple[str, str]]:
        """Return the attributes that may be taken of the modules used as values; all, where names may be computed."""
        names = {
            module: set(vars(self._loose[module])) if self._by_name else self._attributes for module in self._loose
        }
        return {(module, name) for module in names for name in names[module] if not name.startswith("__")}

    def _say(self, text: str) -> None:
        self._digest.update(f"{len(text)}:{text};".encode())

    def _bind(self, name: str, look: Callable[[], Any]) -> None:
        value = look()
        self.found.append(Binding(name, look, value))
        self.absorb(value)

    def absorb(self, value: Any) -> None:
        """Feed `value` and everything that it reaches into the digest."""
        if isinstance(value, enum.Enum):  # before numbers: the members of IntEnum are both
            self._say(f"member {value.name}")
            self.absorb(type(value))
        elif isinstance(value, np.generic):
            self._say(f"{value.dtype.str} {value.tobytes().hex()}")
        elif type(value) in PRINTED:
            self._say(f"{type(value).__name__} {value!r}")
        elif type(value) in (tuple, frozenset):  # by content: equal ones need not be the same object
            self._absorb_container(value)
        elif isinstance(value, types.CodeType):
            self._absorb_code(value)
        elif isinstance(value, np.dtype):
            self._say(f"dtype {value.str} {value.descr}")
        elif id(value) in self._seen:  # recursion and shared helpers enter once, then by their position
            self._say(f"again {self._seen[id(value)][0]}")
            self.recursive |= is_dispatcher(value) and any(value is outer for outer in self._open)
        else:
            self._seen[id(value)] = len(self._seen), value
            self._open.append(value)
            self._absorb_new(value)
            self._open.pop()

    def _absorb_new(self, value: Any) -> None:
        _refuse_global_randomness(value)
        for body in self._registered.for_callable(value):
            self.absorb(body)
        if isinstance(value, types.ModuleType):
            self._absorb_module(value)
        elif isinstance(value, (*_CONTAINERS, np.ndarray)):
            self.found.append(Content(f"the content of {shown(value)}", value, items(value)))
            (self._absorb_array if isinstance(value, np.ndarray) else self._absorb_container)(value)
        elif parts_of(value) is not None or is_foreign_ufunc(value):
            self._absorb_object(value)
        elif isinstance(value, np.ufunc):
            self._say(f"universal function {value.__name__}")
        elif isinstance(value, types.BuiltinMethodType) and not isinstance(value.__self__, types.ModuleType | None):
            self._say(f"method {value.__name__}")
            self.absorb(value.__self__)
        elif self._is_library(value):
            self._absorb_library(value)
        elif isinstance(value, types.FunctionType):
            self._absorb_function(value)
        elif isinstance(value, type):
            self._absorb_class(value)
        else:
            self._absorb_object(value)

    # ------------------------------------------------------------ values

    def _absorb_container(self, value: Any) -> None:
        self._say(f"{type(value).__qualname__} of {len(value)}")
        if isinstance(value, (set, frozenset)):  # iteration order is arbitrary
            for text in sorted(reach(item, libraries=self._libraries).digest for item in value):
                self._say(text)
        else:
            for item in items(value):
                self.absorb(item)
        self._absorb_subclass(value)

    def _absorb_subclass(self, value: Any) -> None:
        """Absorb the class and attributes of a container or array that is not of a built-in class."""
        if type(value) in (*_CONTAINERS, np.ndarray):
            return
        self.absorb(type(value))
        self.absorb(getattr(value, "default_factory", None))
        if not self._is_library(type(value)):
            self.absorb(getattr(value, "__dict__", {}))

    def _absorb_array(self, value: Any) -> None:
        self._say(f"array {value.dtype.str} {value.dtype.descr} {value.shape} {type(value).__qualname__}")
        if value.dtype.hasobject:
            self.absorb(value.tolist())
        else:
            self._digest.update(np.ascontiguousarray(value).tobytes())
        if isinstance(value, np.ma.MaskedArray):
            self.absorb(np.ma.getmaskarray(value))
        self._absorb_subclass(value)

    def _absorb_object(self, value: Any) -> None:
        """Absorb an object by what it wraps, else by its class and its attributes."""
        parts = parts_of(value)
        if parts is None and type(value) in _WRAPPERS:
            parts = [getattr(value, name) for name in _WRAPPERS[type(value)]]
        elif parts is None and hasattr(value, "__wrapped__"):
            parts = [value.__wrapped__, *_functions(value)]
        elif parts is None:
            parts = state(value)
        if parts is None:
            raise NotAddressable(f"reads {shown(value)}")
        self._say(f"object {type(value).__qualname__}")
        for part in parts:
            self.absorb(part)

    # ------------------------------------------------------------ modules

    def _is_library(self, value: Any) -> bool:
        return defined_by_library(value, self._libraries)

    def _absorb_library(self, value: Any) -> None:
        """Absorb what a library defines by its name."""
        name = name_of(value) or singleton_name(value)
        if name is None:  # a closure or an object made by a library, perhaps from code of the user
            (self._absorb_function if isinstance(value, types.FunctionType) else self._absorb_object)(value)
            return
        path = f"{module_of(value)}.{name}"
        self._read_library(path)
        self._say(f"library {path}")

    def _read_library(self, path: str) -> None:
        if reads_outside(path):
            raise NotAddressable(
                f"depends on {path.removeprefix('builtins.')}, whose answer comes from outside the program"
            )
        self._by_name |= looks_up_by_name(path)

    def _absorb_module(self, module: types.ModuleType) -> None:
        self._say(f"module {module.__name__}")
        if not self._is_library(module):
            self._loose[module.__name__] = module

    # ------------------------------------------------------------ text

    def _absorb_code(self, code: types.CodeType) -> None:
        self._say(f"code {code.co_code.hex()} {code.co_exceptiontable.hex()} {code.co_flags}")
        self._say(f"{code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount}")
        self._say(f"{code.co_names} {code.co_varnames} {code.co_freevars} {code.co_cellvars}")
        for constant in text_of(code).constants:
            self.absorb(constant)

    def _absorb_function(self, function: types.FunctionType) -> None:
        self.inside.append(function.__qualname__)
        self._say(f"function {function.__qualname__}")
        self._bind(f"the code of {function.__qualname__}", functools.partial(getattr, function, "__code__"))
        self.absorb(function.__defaults__ or ())
        self.absorb(function.__kwdefaults__ or {})
        extra = {name: item for name, item in vars(function).items() if name != "__wrapped__"}
        if extra:
            self.absorb(extra)
        text = text_of(function.__code__)
        self._attributes |= text.attributes
        self._by_name |= "__dict__" in text.attributes
        for name in text.attributes & {"read_text", "read_bytes"}:
            raise NotAddressable(f"depends on {name}, whose answer comes from outside the program")
        for read in text.reads:
            self._follow(function, read)
        self.inside.pop()

    def _follow(self, function: types.FunctionType, read: Read) -> None:
        """Absorb the value of a name with its attributes."""
        path, look = read.name, _lookup(function, read)
        for name in read.attributes:
            owner = look() if look is not None else None
            if not isinstance(owner, types.ModuleType) or name == "__dict__":
                break
            path = f"{path}.{name}"
            look = functools.partial(getattr, owner, name) if hasattr(owner, name) else None
            if look is not None and self._is_library(owner) and not isinstance(look(), types.ModuleType):
                if not callable(look()):
                    self._read_library(f"{owner.__name__}.{name}")
                    self._say(f"constant {path} of {owner.__name__}")
                    return
                break
        self._say(path if look is not None else f"unbound {path}")
        if look is not None:
            self._bind(path, look)

    def _absorb_class(self, kind: type) -> None:
        """Absorb a class: its bases outside the libraries, fields, members, methods and constants."""
        self._say(f"class {kind.__module__}.{kind.__qualname__}")
        inner = parts_of_class(kind)
        for part in inner or (*kind.__bases__, *declared(kind)):
            self.absorb(part)
        if inner:
            return
        for name in sorted(name for name, _ in written(kind)):  # a class sent by value has another order
            self._say(name)
            self._bind(f"{kind.__qualname__}.{name}", functools.partial(_entry, kind, name))


def _entry(kind: type, name: str) -> Any:
    return vars(kind)[name]


def _lookup(function: types.FunctionType, read: Read) -> Callable[[], Any] | None:
    """Return how to look up the first name of a read, None where it is not bound."""
    look: Callable[[], Any]
    if read.source == "import":
        package = function.__globals__.get("__package__")
        name = "." * read.level + read.name
        look = functools.partial(import_module, name, package if read.level else None)
    elif read.source == "free":
        free = function.__code__.co_freevars
        cell = (function.__closure__ or ())[free.index(read.name)] if read.name in free else None
        look = functools.partial(getattr, cell, "cell_contents")
    elif read.name in function.__globals__:
        look = functools.partial(function.__globals__.__getitem__, read.name)
    else:
        look = functools.partial(getattr, builtins, read.name)
    try:
        look()
    except Exception:  # not defined (yet): the function raises when it runs
        return None
    return look


def _functions(value: Any) -> list[Any]:
    """Return the functions among the attributes of an object, such as the derivatives of a `jax.custom_jvp`."""
    return [item for item in getattr(value, "__dict__", {}).values() if isinstance(item, types.FunctionType)]


def _refuse_global_randomness(value: Any) -> None:
    """Raise for the modules and functions that draw from one generator per process."""
    owner = getattr(value, "__self__", None)
    plain = sys.modules.get("random")
    shared = [np.random, plain] if isinstance(value, types.ModuleType) else []
    drawn = [np.random.mtrand._rand, getattr(plain, "_inst", None)] if owner is not None else []
    if any(value is module for module in shared) or any(owner is generator for generator in drawn):
        raise GlobalRandomness(f"draws from {shown(value)}, which the seed of a run does not reach")
