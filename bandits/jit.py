"""The only door to Numba: how step functions are compiled, composed and cached.

`kernel` marks a step function (a leaf that the loop calls every round); `program` marks an outer
function that Python calls. Programs are cached on disk under the digest of everything they can reach
(`bandits.addresses`), so that an edit anywhere in that graph, in any file, compiles afresh and a stale
result cannot occur. Numba's own cache watches only the caller's file.

`borrow` is what makes composition free: arrays held in a NamedTuple are reference counted at each
access, which costs more than the arithmetic of a round. A borrowed tuple points at the same memory
without owning it; the loop keeps the owner alive (`keep_alive`).
"""

import gc
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
from numba import uint32 as uint32
from numba import uint64 as uint64
from numba.core import cgutils, config
from numba.core import types as _numba_types
from numba.core.caching import NullCache
from numba.core.compiler import Compiler
from numba.core.dispatcher import Dispatcher
from numba.core.registry import CPUDispatcher
from numba.core.runtime.context import NRTContext
from numba.extending import intrinsic, lower_builtin, overload, type_callable

from bandits.addresses import NotAddressable, Reached, reach
from bandits.kernel_cache import ContentCache
from bandits.kernel_cache import cache_directory as cache_directory

F = TypeVar("F", bound=Callable[..., Any])
types: Any = _numba_types  # its members are made at run time
CompilationError: type[Exception] = numba.core.errors.NumbaError
RECORDS_HOLD = "records hold numbers, arrays of numbers and tuples of them"


class _References(NRTContext):
    """Reference counting that looks at the arrays of a value alone, not at each of its numbers.

    Numba's own emits an instruction for every field of every tuple each time, most of a loop's text, which its
    optimiser then throws away.
    """

    def get_meminfos(self, builder: Any, ty: Any, val: Any) -> list[Any]:
        """Return the (type, memory) pairs inside the value."""
        models = self._context.data_model_manager
        model = models[ty]
        found = [(ty, model.get_nrt_meminfo(builder, val))] if model.has_nrt_meminfo() else []
        for kind, getter in model.traverse(builder):
            if models[kind].contains_nrt_meminfo():
                found += self.get_meminfos(builder, kind, getter(val))
        return found


class _Compiler(Compiler):
    """Numba's pipeline with `_References`, and without Python's garbage collector.

    A compilation makes so many objects that the collector would go over all that the process holds again and again,
    a fifth of the time where much is loaded.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        context = self.state.targetctx
        context.nrt = _References(context, context.enable_nrt)

    def compile_extra(self, func: Any) -> Any:
        """Run the pipeline on the function."""
        collecting = gc.isenabled()  # not so inside the compilation of a caller
        gc.disable()
        try:
            return super().compile_extra(func)
        finally:
            if collecting:
                gc.enable()


class _Step(CPUDispatcher):
    """A step function that compiled code calls: compiled without the wrapper that a call from Python needs.

    A call from Python compiles a twin that has one.
    """

    def __call__(self, *arguments: Any) -> Any:
        if "twin" not in self.__dict__:
            own = ("nopython", "no_cpython_wrapper")
            options = {name: value for name, value in self.targetoptions.items() if name not in own}
            self.twin = numba.njit(**options)(self.py_func)
        return self.twin(*arguments)


def _step(function: F, **options: Any) -> F:
    if config.DISABLE_JIT:
        return function
    options |= {"error_model": "numpy", "nogil": True, "nopython": True}
    options |= {"no_cfunc_wrapper": True, "no_cpython_wrapper": True}
    return cast(F, _Step(function, targetoptions=options, pipeline_class=_Compiler))


def kernel(function: F) -> F:
    """Compile a step function; its text is inlined where it is called and follows IEEE rules for 1/0."""
    return cast(F, numba.njit(pipeline_class=_Compiler, error_model="numpy", nogil=True, inline="always")(function))


def shared_kernel(function: F) -> F:
    """Compile a step function that many programs call: compiled once a process, inlined by the optimiser.

    As fast as `kernel`; cheaper to compile where one problem meets many learners.
    """
    return _step(function, forceinline=True)


def rare_kernel(function: F) -> F:
    """Compile a step function that is called so seldom that inlining it would only cost compile time.

    It should return numbers, not arrays: an array that comes back is reference counted in the loop.
    """
    return _step(function)


def program(function: F) -> F:
    """Compile a function that Python calls: it releases the GIL and is cached on disk by content."""
    compiled = numba.njit(error_model="numpy", nogil=True, no_cfunc_wrapper=True, pipeline_class=_Compiler)(function)
    if isinstance(compiled, Dispatcher):
        origin = _origin(compiled)
        cast(Any, compiled).origin = origin
        kept = origin.reached is not None and not origin.reached.recursive  # Numba reloads recursion as a wild jump
        cast(Any, compiled)._cache = ContentCache(origin.reached.digest) if kept and origin.reached else NullCache()
    return cast(F, compiled)


def is_compiled(function: Any) -> bool:
    """Return whether a program is machine code, not interpreted (NUMBA_DISABLE_JIT=1)."""
    return isinstance(function, Dispatcher)


class Origin(NamedTuple):
    """What a program was made of."""

    reached: Reached | None
    reason: str  # why that is unknown; empty where it is known


def origin_of(function: Any) -> Origin:
    """Return what a program was made of when it was decorated; in interpreted mode, what it is made of now."""
    return cast(Origin, function.origin) if is_compiled(function) else _origin(function)


def _origin(function: Any) -> Origin:
    try:
        return Origin(reach(function), "")
    except NotAddressable as error:
        return Origin(None, str(error))


# ---------------------------------------------------------------- borrowed references


def borrow(value: Any) -> Any:
    """Return the tuple or array `value` with references that do not own their memory.

    The owner must outlive the borrowed value: call `keep_alive(owner)` after its last use.
    """
    return value


def keep_alive(value: Any) -> None:
    """Mark the point up to which `value` must stay allocated."""


def popcount(word: Any) -> int:
    """Return the number of one bits of an unsigned 64-bit word."""
    return int(word).bit_count()


def trailing_zeros(value: int) -> int:
    """Return the number of trailing zero bits of a positive integer."""
    return (value & -value).bit_length() - 1


def _without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        for position, item in enumerate(kind.types):
            part = builder.extract_value(value, position)
            stripped = _without_owner(context, builder, item, part)
            value = builder.insert_value(value, stripped, position)
    return value


def _refuse_other_than_numbers(kind: Any, path: str) -> None:
    """Raise for a type that a record must not hold: Numba aborts the process where it meets some of them."""
    if isinstance(kind, types.BaseTuple):
        names = getattr(kind, "fields", range(len(kind.types)))
        path = path or getattr(getattr(kind, "instance_class", None), "__name__", "a tuple")
        for name, item in zip(names, kind.types, strict=True):
            _refuse_other_than_numbers(item, f"{path}.{name}")
    elif isinstance(kind, types.Array):
        if not isinstance(kind.dtype, (types.Number, types.Boolean)):
            raise numba.core.errors.TypingError(f"{path} is {kind}: {RECORDS_HOLD}")
    elif not isinstance(kind, (types.Number, types.Boolean, types.NoneType)):
        raise numba.core.errors.TypingError(f"{path} is {kind}: {RECORDS_HOLD}")


@intrinsic
def _borrow(_typing_context: Any, value: Any) -> Any:
    _refuse_other_than_numbers(value, "")

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _without_owner(context, builder, signature.args[0], arguments[0])

    return value(value), codegen


@overload(borrow, strict=False)
def _overload_borrow(value: Any) -> Any:
    return lambda value: _borrow(value)


@overload(keep_alive, strict=False)
def _overload_keep_alive(value: Any) -> Any:
    return lambda value: None


@type_callable(popcount)
def _type_popcount(context: Any) -> Any:
    return lambda word: types.int64(types.uint64)


@lower_builtin(popcount, types.uint64)
def _lower_popcount(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.ctpop(arguments[0])


@type_callable(trailing_zeros)
def _type_trailing_zeros(context: Any) -> Any:
    return lambda value: types.int64(types.int64)


@lower_builtin(trailing_zeros, types.int64)
def _lower_trailing_zeros(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.cttz(arguments[0], cgutils.false_bit)
