"""Conversion of arguments by their annotations, once, when an object is made or a function is called.

    int, float, bool, str, Literal         a Python value of that type; TypeError or ValueError for anything else
    ArrayLike, Numbers, Sequence[float]    arrays, frames and buffers are copied to arrays owned by the object
    Any, unions                            NumPy numbers, Fractions, Decimals inside become Python's, arrays are copied
    a class, Mapping, Callable             unchanged; checked by `bandits.core.checks.instance`

So no number of fixed width reaches arithmetic (np.int32 overflows, np.uint64 wraps), and later changes by the caller
do not change an object. The arrays of frozen dataclasses are read-only. Ranges are checked afterwards, by
`__post_init__`, on the converted values.
Learners, problems and their components derive from `Checked`; functions are decorated with `@checked`.
"""

import collections.abc
import functools
import inspect
import types
from abc import ABCMeta
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from fractions import Fraction
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike

from bandits.core.checks import as_array, choice, fits, flag, integer, no_masked, number, shown, text

Kind = Callable[[str, Any], Any]  # (name, value) -> converted value
Numbers = Annotated[Any, ArrayLike]  # a field given as ArrayLike and stored in another form
Function = TypeVar("Function", bound=Callable[..., Any])

_SCALARS: dict[Any, Kind] = {int: integer, float: number, bool: flag, str: text}
_LONGEST = 10**7  # entries of a tuple
_REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_AS_THEY_ARE = (int, float, str, bool, type(None))
_ARRAY_PARTS = set(get_args(ArrayLike))


class _Converting(ABCMeta):
    """Classes that convert their arguments before `__init__` sees them."""

    if not TYPE_CHECKING:  # type checkers read `__init__`

        def __call__(cls, *args, **kwargs):
            with np.errstate(all="warn", under="ignore"):
                made = super().__call__(*_converted(_plan(cls), (None, *args), kwargs)[1:], **kwargs)
            _freeze(made)
            return made

        @property
        def __signature__(cls):
            own = inspect.signature(cls.__init__)
            return own.replace(parameters=list(own.parameters.values())[1:])


class Checked(metaclass=_Converting):
    """Base of objects whose arguments are converted by their annotations, custom subclasses included."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__repr__" not in vars(cls) and cls.__repr__ in (Checked.__repr__, object.__repr__):
            cls.__repr__ = Checked.__repr__  # type: ignore[method-assign] # else dataclass makes one that prints arrays

    def __repr__(self) -> str:
        """Return the class with its fields but those that are None, arrays and long values by their shape."""
        known: Any = fields(self) if is_dataclass(self) else ()
        given = {field.name: getattr(self, field.name, None) for field in known if field.repr}
        texts = [f"{name}={_in_brief(value)}" for name, value in given.items() if value is not None]
        return f"{type(self).__qualname__}({', '.join(texts)})"

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy; its arrays are read-only again."""
        self.__dict__.update(state)
        _freeze(self)


def _in_brief(value: Any) -> str:
    return repr(value) if isinstance(value, (Checked, float)) else shown(value)


def read_only(compute: Function) -> Function:
    """Decorate the function of a cached property: its array is read-only, in the object as in a copy of it."""

    @functools.wraps(compute)
    def computed(self: Any) -> Any:
        value = compute(self)
        value.flags.writeable = False
        return value

    return cast(Function, computed)


def _freeze(made: Any) -> None:
    if getattr(getattr(made, "__dataclass_params__", None), "frozen", False):
        kept = [getattr(made, field, None) for field in type(made).__dataclass_fields__]  # in slots, too
        for value in [*getattr(made, "__dict__", {}).values(), *kept]:
            if isinstance(value, np.ndarray):
                value.flags.writeable = False


def checked(function: Function) -> Function:
    """Return the function with its arguments converted by their annotations.

    It runs under NumPy's default settings for floating-point errors, whatever `np.seterr` the caller has set.
    """
    plan: list[Any] = []

    @functools.wraps(function)
    def converting(*args: Any, **kwargs: Any) -> Any:
        if not plan:  # annotations may refer to names that the module defines later
            plan.append(_make_plan(function))
        with np.errstate(all="warn", under="ignore"):
            return function(*_converted(plan[0], args, kwargs), **kwargs)

    converting.converts = True  # type: ignore[attr-defined]
    return converting  # type: ignore[return-value]


# ---------------------------------------------------------------- from annotations to kinds

_plans: WeakKeyDictionary[type, Any] = WeakKeyDictionary()


def _plan(cls: type) -> Any:
    if cls not in _plans:
        made_by: Any = cls.__new__ if cls.__init__ is object.__init__ else cls.__init__  # type: ignore[misc]
        _plans[cls] = _make_plan(made_by)
    return _plans[cls]


class _Plan(NamedTuple):
    by_position: list[str]
    names: frozenset[str]
    kinds: dict[str, Kind]
    rest: tuple[Kind | None, Kind | None]  # of *args and **kwargs
    defaults: dict[str, Any]  # NumPy defaults, converted as if given


def _make_plan(function: Callable[..., Any]) -> _Plan:
    """Return the conversions of the arguments of a function, by its annotations."""
    parameters = inspect.signature(function).parameters
    by_position = [n for n, p in parameters.items() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception:  # an annotation that only a type checker can read
        hints = {n: p.annotation for n, p in parameters.items() if p.annotation is not p.empty}
    kinds = {n: kind_of(hint) for n, hint in hints.items() if n in parameters}
    found = {n: kind for n, kind in kinds.items() if kind is not None}
    rest = [next((n for n, p in parameters.items() if p.kind is kind), "") for kind in _REST]
    taken = {n: found.pop(n, None) for n in rest}
    named = {n: p for n, p in parameters.items() if n in found and p.kind is not p.POSITIONAL_ONLY}
    defaults = {n: p.default for n, p in named.items() if isinstance(p.default, (np.generic, np.ndarray))}
    return _Plan(by_position, frozenset(parameters), found, (taken[rest[0]], taken[rest[1]]), defaults)


def _converted(plan: _Plan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Return the positional arguments converted, and convert the others in place."""
    by_position, names, kinds, (more, others), defaults = plan
    result = list(args)
    for i, name in enumerate(by_position[: len(args)]):
        if name in kinds:
            result[i] = kinds[name](name, args[i])
    if more is not None:
        result[len(by_position) :] = [more("an argument", item) for item in result[len(by_position) :]]
    for name, value in defaults.items():
        if name not in by_position[: len(args)]:
            kwargs.setdefault(name, value)
    for name in kwargs:
        kind = kinds.get(name, None if name in names else others)
        if kind is not None:
            kwargs[name] = kind(name, kwargs[name])
    return result


def kind_of(annotation: Any) -> Kind | None:
    """Return the conversion for an annotation; None where the value is not converted."""
    if isinstance(annotation, str):
        annotation = {"int": int, "float": float, "bool": bool, "str": str}.get(annotation, Any)
    if annotation in (int, float, bool, str):
        return _SCALARS[annotation]
    if annotation in (ArrayLike, Numbers):
        return own_array
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal and all(isinstance(part, str) for part in parts):
        return lambda name, value: choice(name, value, parts)
    if annotation is np.ndarray or origin is np.ndarray:
        return lambda name, value: own(name, own_array(name, value))
    if origin is Union and set(parts) >= _ARRAY_PARTS:
        return own_array
    if origin in (Union, types.UnionType):
        return _kind_of_union([part for part in parts if part is not type(None)], len(parts))
    if origin is tuple and parts and parts[0] in _SCALARS and set(parts[1:]) <= {parts[0], ...}:
        return lambda name, value: _tuple_of(_SCALARS[parts[0]], name, value)
    if origin in (collections.abc.Mapping, collections.abc.Callable):
        return None
    if origin is collections.abc.Sequence:
        return own_array if parts in ((float,), (int,)) else own
    taken = inspect.isclass(annotation) and annotation not in (Any, object, dict, list, tuple)
    return None if taken else own


def _kind_of_union(parts: list[Any], size: int) -> Kind | None:
    if len(parts) < size and len(parts) == 1:  # X | None
        inner = kind_of(parts[0])
        return None if inner is None else lambda name, value: None if value is None else inner(name, value)
    kinds = {kind_of(part) for part in parts}
    if own_array in kinds:
        return own_array
    return None if kinds == {None} else own


def _tuple_of(kind: Kind, name: str, value: Any) -> tuple[Any, ...]:
    value = own_array(name, value)
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    if not isinstance(value, (tuple, list, range)):
        raise TypeError(f"{name} must be a list, got {shown(value)}")
    if len(value) > _LONGEST:
        raise ValueError(f"{name} must have at most {_LONGEST} entries, got {shown(value)}")
    done = {_SCALARS[one] for one in set(map(type, value)) if one in _SCALARS} == {kind}
    return tuple(value) if done and kind is not number else tuple(kind(name, item) for item in value)


# ---------------------------------------------------------------- kinds that may hold more than one number


def own(name: str, value: Any) -> Any:
    """Return `value` with its numbers as Python's and its arrays as copies; objects of other types unchanged."""
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, np.ndarray):
        return own_copy(name, value)
    if isinstance(value, (np.integer, np.floating, Fraction, Decimal)) and not isinstance(value, np.timedelta64):
        return integer(name, value) if isinstance(value, np.integer) else number(name, value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return _own_items(name, value)
    return {key: own(name, item) for key, item in value.items()} if type(value) is dict else value


def _own_items(name: str, value: Any) -> Any:
    if set(map(type, value)) <= set(_AS_THEY_ARE):
        return value if isinstance(value, tuple) else list(value)
    try:
        items = [own(name, item) for item in value]
    except RecursionError:
        raise ValueError(f"{name} must not be nested that deeply") from None
    if isinstance(value, list):
        return items
    return type(value)(*items) if hasattr(value, "_fields") else tuple(items)


def own_array(name: str, value: Any) -> Any:
    """Return `value` as `own` does; buffers and arrays of other libraries become arrays as well."""
    if not isinstance(value, (np.ndarray, np.generic)) and (
        hasattr(type(value), "__array__") or isinstance(value, (memoryview, bytearray))
    ):
        value = np.asarray(as_array(name, value))
    return own_copy(name, value, widen=(np.longdouble,)) if isinstance(value, np.ndarray) else own(name, value)


def own_copy(name: str, value: np.ndarray[Any, Any], widen: Any = (np.float16, np.longdouble)) -> np.ndarray[Any, Any]:
    """Return a C-contiguous copy in this machine's byte order; the types `widen`, unknown to compilers, as float64.

    An ArrayLike may stay float16 until it is checked, since the accuracy of its numbers depends on it.
    """
    no_masked(name, value)
    fits(name, value.size)
    given = as_array(name, value) if value.dtype.kind == "O" else value
    kind = np.dtype(np.float64) if given.dtype.type in widen else given.dtype.newbyteorder("=")
    try:
        with np.errstate(all="ignore"):
            copy = np.array(given, dtype=kind, order="C", subok=False)
    except MemoryError:
        raise ValueError(f"{name} does not fit into memory: {shown(value)}") from None
    return copy
