"""Compilation by Numba: how step functions are compiled, composed and cached.

No other module calls `numba.njit`, but `inner_numba`, which only this one imports.

`kernel` decorates a step function (a leaf that the loop calls every round); `program` an outer function
that Python calls. Programs are cached on disk under the digest of everything they can reach
(`bandits.core.addresses`), so that an edit anywhere in that graph, in any file, triggers a new compilation.
Numba's own cache watches only the caller's file.

`borrow` makes composition cheap: arrays held in a NamedTuple are reference counted at each access, which
costs more than the arithmetic of a round. A borrowed tuple points at the same memory without owning it; the
loop keeps the owner alive (`keep_alive`).
"""

import io
import operator
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from types import CellType, FunctionType, ModuleType
from typing import Any, NamedTuple, TypeVar, cast

import numba
from numba import cloudpickle
from numba import typeof as typeof
from numba import uint32 as uint32
from numba import uint64 as uint64
from numba.core import cgutils, config
from numba.core import types as _numba_types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher
from numba.core.serialize import NumbaPickler
from numba.extending import lower_builtin, type_callable

from bandits.core.addresses import NotAddressable, Reached, reach

F = TypeVar("F", bound=Callable[..., Any])
types: Any = _numba_types  # its members are made at run time
CompilationError: type[Exception] = numba.core.errors.NumbaError
RECORDS_HOLD = "records hold numbers, arrays of numbers and tuples of them"


@cache
def inner_parts() -> Any:
    """Return `bandits.core.inner_numba`, or None where it does not fit the private parts of this version of Numba."""
    try:
        from bandits.core import inner_numba

        if inner_numba.fits():
            inner_numba.number_apart()
            return inner_numba
    except (ImportError, AttributeError, TypeError, ValueError):
        pass
    warnings.warn(f"Numba {numba.__version__} lacks private parts: slow compilation, no cache", stacklevel=2)
    return None


def _compile(function: F, **options: Any) -> F:
    parts = inner_parts()
    options |= {"error_model": "numpy", "nogil": True} | ({"pipeline_class": parts.FastCompiler} if parts else {})
    return cast(F, numba.njit(**options)(function))


def _step(function: F, **options: Any) -> F:
    parts = inner_parts()
    if config.DISABLE_JIT or parts is None:
        return _compile(function, **options)
    options |= {"error_model": "numpy", "nogil": True, "nopython": True}
    options |= {"no_cfunc_wrapper": True, "no_cpython_wrapper": True}
    step = parts.Step(function, targetoptions=options, pipeline_class=parts.FastCompiler)
    step.reach = lambda: _origin(step)
    step._cache = parts.PartCache(lambda: _digest(step))
    return cast(F, step)


def kernel(function: F) -> F:
    """Compile a step function, inlined by Numba where it is called; division by 0 follows IEEE rules."""
    return _compile(function, inline="always")


def shared_kernel(function: F) -> F:
    """Compile a step function that many programs call: compiled once per process, inlined by the optimiser.

    As fast as `kernel`; quicker to compile where one problem is played by many learners.
    """
    return _step(function, forceinline=True)


def rare_kernel(function: F) -> F:
    """Compile a step function that is not inlined, because it is called rarely: saves compile time.

    It should return numbers, not arrays: a returned array is reference counted in the loop.
    """
    return _step(function)


def checking_kernel(function: F) -> F:
    """Compile a function whose sums may be reordered: for comparisons only, not for stored numbers."""
    return _step(function, fastmath={"reassoc"})


_CHOSEN = ("inline", "forceinline", "fastmath")  # the options by which the decorators of kernels differ
_rewired: dict[Any, tuple[Any, list[Any]]] = {}  # the values whose ids are in a key are kept alive


def rewired(function: Any, changed: Callable[[Any], Any]) -> Any:
    """Return a kernel in which every kernel that its text calls is the one that `changed` returns for it.

    It is the function itself where nothing changes, and the same one again as long as all names have the same values.
    """
    text = function.py_func
    names = {name: text.__globals__[name] for name in text.__code__.co_names if name in text.__globals__}
    cells = [cell.cell_contents for cell in text.__closure__ or ()]
    old = [*names.values(), *cells]
    new = [changed(value) if is_compiled(value) else value for value in old]
    if all(map(operator.is_, old, new)):
        return function
    key = function, *map(id, old), *map(id, new)
    if key not in _rewired:
        calls = dict(zip(names, new, strict=False))
        closure = tuple(map(CellType, new[len(names) :])) or None
        made = FunctionType(text.__code__, text.__globals__ | calls, text.__name__, text.__defaults__, closure)
        made.__qualname__, made.__module__ = text.__qualname__, text.__module__
        own = {name: function.targetoptions[name] for name in _CHOSEN if name in function.targetoptions}
        _rewired[key] = (_compile if "inline" in own else _step)(made, **own), old + new
    return _rewired[key][0]


def program(function: F) -> F:
    """Compile a function that Python calls: it releases the GIL and is cached on disk by content."""
    compiled: Any = _compile(function, no_cfunc_wrapper=True)
    if is_compiled(compiled):
        compiled.origin = origin = _origin(compiled)
        reached = origin.reached
        if inner_parts() and reached is not None and not reached.recursive:  # recursion breaks when reloaded
            compiled._cache = inner_parts().ContentCache(lambda: reached.digest)
    return cast(F, compiled)


@cache
def is_at_hand(function: Any, *kinds: Any) -> bool:
    """Return whether the machine code of a program for arguments of these types was in this process or on disk.

    Once told in a process, the answer stays.
    """
    kept: Any = getattr(function, "_cache", None)
    return bool(function.signatures) or (hasattr(kept, "holds") and kept.holds(kinds, function.targetctx.codegen()))


def is_compiled(function: Any) -> bool:
    """Return whether a program is machine code, not interpreted (NUMBA_DISABLE_JIT=1)."""
    return isinstance(function, Dispatcher)


def settings_of_numbers() -> dict[str, str]:
    """Return the non-default settings that can change results or which actions are invalid."""
    usual = {"BOUNDSCHECK": ("None", "0"), "USING_SVML": ("False",), "CPU_NAME": ("None",), "CPU_FEATURES": ("None",)}
    here = {name: repr(getattr(config, name, None)) for name in usual}
    return {name: text for name, text in here.items() if text not in (*usual[name], "None")}


class Origin(NamedTuple):
    """All that a program can reach."""

    reached: Reached | None
    reason: str  # why it is unknown; empty where it is known


def origin_of(function: Any) -> Origin:
    """Return what a program reached when it was decorated; in interpreted mode, what it reaches now."""
    return cast(Origin, function.origin) if is_compiled(function) else _origin(function)


def changed_since(function: Any) -> str | None:
    """Return the name of something that has changed since a program was decorated, or a step it calls was compiled."""
    reached = origin_of(function).reached
    return None if reached is None else reached.changed() or _changed_before(function)


@cache  # later changes are those of what the program reaches
def _changed_before(function: Any) -> str | None:
    """Return what had changed, when a program was first asked for, since a step that it calls was compiled."""
    places = origin_of(function).reached.found  # type: ignore[union-attr]
    steps = {id(place.value): place.value for place in places if isinstance(place.value, Dispatcher)}
    known = [step.origin.reached for step in steps.values() if hasattr(step, "origin")]
    return next(filter(None, (reached.changed() for reached in known if reached)), None)


def _origin(function: Any) -> Origin:
    try:
        return Origin(reach(function), "")
    except NotAddressable as error:
        return Origin(None, str(error))


def _digest(function: Any) -> str | None:
    """Return the digest of all that a function reaches now; None where its machine code must not be kept."""
    reached = _origin(function).reached
    return None if reached is None or reached.recursive else reached.digest  # as in `program`


def pickled_by_value(value: Any, modules: Sequence[ModuleType] = ()) -> bytes:
    """Return a pickle with the source of what another process cannot import: classes of a script or notebook.

    modules: further modules that it cannot import. One thread at a time: Numba names a function when it is first
    pickled, and two threads would name it twice.
    """
    with global_compiler_lock, io.BytesIO() as out:
        for module in modules:
            cloudpickle.register_pickle_by_value(module)
        try:
            _Pickler(out, protocol=4).dump(value)
        finally:
            for module in modules:
                cloudpickle.unregister_pickle_by_value(module)
        return out.getvalue()


class _Pickler(NumbaPickler):
    """Writes kernels of importable modules by name, as it does functions: a copy would give them another address."""

    def reducer_override(self, value: Any) -> Any:
        if is_compiled(value):
            module, name = value.py_func.__module__, value.py_func.__name__
            if (
                module not in {"__main__", *cloudpickle.list_registry_pickle_by_value()}
                and getattr(sys.modules.get(module), name, None) is value
            ):
                return _named, (module, name)
        return super().reducer_override(value)


def _named(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


# ---------------------------------------------------------------- functions as LLVM instructions


def instructions(function: Any, typed: Callable[..., Any]) -> Callable[[Any], Any]:
    """Return the decorator that implements `function` for compiled code by LLVM instructions, without compilation.

    typed: from the arguments' types to the type of the value; it may raise.  Decorated: (context, builder, signature,
    values) -> value, as in Numba's `lower_builtin`.
    """

    def decorate(lower: Any) -> Any:
        type_callable(function)(lambda context: typed)
        return lower_builtin(function, types.VarArg(types.Any))(lower)

    return decorate


# ---------------------------------------------------------------- borrowed references


def borrow(value: Any) -> Any:
    """Return the tuple or array `value` with references that do not own their memory.

    The owner must outlive the borrowed value: call `keep_alive(owner)` after its last use.
    """
    return value


def keep_alive(value: Any) -> None:
    """Mark the point up to which `value` must stay allocated."""


def trailing_zeros(value: int) -> int:
    """Return the number of trailing zero bits of a positive integer."""
    return (value & -value).bit_length() - 1


def without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Write the code that takes the owners of their memory from the arrays of a value, and return it."""
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        for position, item in enumerate(kind.types):
            part = builder.extract_value(value, position)
            stripped = without_owner(context, builder, item, part)
            value = builder.insert_value(value, stripped, position)
    return value


class NumberType(types.Type):
    """Base of further types that count as numbers in records."""

    counts_as_number = True


_NUMBERS = (types.Number, types.Boolean, NumberType)


def _refuse_other_than_numbers(kind: Any, path: str) -> None:
    """Raise for a type that a record must not hold; for some of them Numba aborts the process."""
    if isinstance(kind, types.BaseTuple):
        names = getattr(kind, "fields", range(len(kind.types)))
        path = path or getattr(getattr(kind, "instance_class", None), "__name__", "a tuple")
        for name, item in zip(names, kind.types, strict=True):
            _refuse_other_than_numbers(item, f"{path}.{name}")
    elif isinstance(kind, types.Array):
        if not isinstance(kind.dtype, _NUMBERS):
            raise numba.core.errors.TypingError(f"{path} is {kind}: {RECORDS_HOLD}")
    elif not isinstance(kind, (*_NUMBERS, types.NoneType)):
        raise numba.core.errors.TypingError(f"{path} is {kind}: {RECORDS_HOLD}")


def _borrowed(value: Any) -> Any:
    _refuse_other_than_numbers(value, "")
    return value


@instructions(borrow, _borrowed)
def _lower_borrow(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return without_owner(context, builder, signature.args[0], arguments[0])


@instructions(keep_alive, lambda value: types.none)
def _lower_keep_alive(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return context.get_dummy_value()


# ---------------------------------------------------------------- records written into rows


def stored(function: Any, places_of: Callable[[Any], list[tuple[Any, tuple[int, ...]]]]) -> None:
    """Implement `function`, (record, out) -> None, for compiled code: it writes a record into out, (M,) float64.

    places_of: from the record's type to (index or slice of out, indices that lead to the number or array).
    An array of another length than its slice is a ValueError.
    """

    def typed(record: Any, out: Any) -> Any:
        places_of(record)  # raises for what cannot be stored
        return types.none

    @instructions(function, typed)
    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = context.make_array(signature.args[1])(context, builder, arguments[1]).data

        def put(kind: Any, value: Any, place: Any) -> None:
            builder.store(context.cast(builder, value, kind, types.float64), builder.gep(row, [place]))

        for place, path in places_of(signature.args[0]):
            kind, value = signature.args[0], arguments[0]
            for part in path:
                kind, value = kind.types[part], builder.extract_value(value, part)
            if isinstance(place, slice):
                _each_entry(context, builder, kind, value, place, put)
            else:
                put(kind, value, context.get_constant(types.intp, place))
        return context.get_dummy_value()


def _each_entry(context: Any, builder: Any, kind: Any, value: Any, place: slice, put: Callable[..., None]) -> None:
    """Write the code that puts every entry of an array of one axis at its place."""
    array = context.make_array(kind)(context, builder, value)
    count = context.get_constant(types.intp, place.stop - place.start)
    (length,) = cgutils.unpack_tuple(builder, array.shape, 1)
    with builder.if_then(builder.icmp_signed("!=", length, count), likely=False):
        reason = f"measure returns an array that does not have {place.stop - place.start} entries"
        context.call_conv.return_user_exc(builder, ValueError, (reason,))
    with cgutils.for_range(builder, count) as loop:
        pointer = cgutils.get_item_pointer(context, builder, kind, array, [loop.index])
        entry = context.unpack_value(builder, kind.dtype, pointer)
        put(kind.dtype, entry, builder.add(loop.index, context.get_constant(types.intp, place.start)))


@instructions(trailing_zeros, lambda value: types.int64)
def _lower_trailing_zeros(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.cttz(context.cast(builder, arguments[0], signature.args[0], types.int64), cgutils.false_bit)
