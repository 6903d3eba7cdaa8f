"""The only door to Numba: how step functions are compiled, composed and cached.

`kernel` marks a step function (a leaf that the loop calls every round); `program` marks an outer
function that Python calls. Programs are cached on disk under a fingerprint of everything they can
reach (the bytecode of every function called, the constants and module-level values they read), so
that an edit anywhere in that graph, in any file, compiles afresh and a stale result cannot occur.
Numba's own cache watches only the caller's file.

`borrow` is what makes composition free: arrays held in a NamedTuple are reference counted at each
access, which costs more than the arithmetic of a round. A borrowed tuple points at the same memory
without owning it; the loop keeps the owner alive (`keep_alive`).
"""

import builtins
import dis
import gc
import hashlib
import os
import pickle
import platform
import types as pytypes
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba import uint32 as uint32
from numba import uint64 as uint64
from numba.core import cgutils, config
from numba.core import types as _numba_types
from numba.core.caching import CompileResultCacheImpl, NullCache, _Cache
from numba.core.compiler import Compiler, CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.registry import CPUDispatcher
from numba.core.runtime.context import NRTContext
from numba.core.serialize import dumps
from numba.extending import intrinsic, lower_builtin, overload, type_callable

F = TypeVar("F", bound=Callable[..., Any])
types: Any = _numba_types  # its members are made at run time
CompilationError: type[Exception] = numba.core.errors.NumbaError
_DIGEST_SIZE = hashlib.sha256().digest_size


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
        digest = fingerprint(compiled)
        cast(Any, compiled)._cache = NullCache() if digest is None else _ContentCache(digest)
    return cast(F, compiled)


def cache_directory() -> Path:
    """Where compiled programs are kept: $REGRETLAB_CACHE_DIR, else the user's cache directory."""
    chosen = os.environ.get("REGRETLAB_CACHE_DIR")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "regretlab" / "kernels"


def pickled_by_value(value: Any) -> bytes:
    """Return a pickle that holds the text of what another process could not import: classes of a script or notebook."""
    return cast(bytes, dumps(value))


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


@intrinsic
def _borrow(_typing_context: Any, value: Any) -> Any:
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


# ---------------------------------------------------------------- cache by content


class _ContentCache(_Cache):
    """One file a (program content, signature, processor): written once, atomically, never updated."""

    def __init__(self, digest: str) -> None:
        self._digest = digest

    @property
    def cache_path(self) -> str:
        return str(cache_directory())

    def _file(self, signature: Any, codegen: Any) -> Path:
        key = repr((self._digest, str(signature), codegen.magic_tuple()))
        return cache_directory() / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.nbc"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        target_context.refresh()
        try:
            content = self._file(sig, target_context.codegen()).read_bytes()
            digest, payload = content[:_DIGEST_SIZE], content[_DIGEST_SIZE:]
            if hashlib.sha256(payload).digest() != digest:  # a damaged file holds machine code that must not run
                return None
            result = CompileResult._rebuild(target_context, *pickle.loads(payload))
        except (OSError, ImportError, AttributeError, pickle.UnpicklingError):
            return None
        # A class defined in __main__ is unpickled as a copy; the caller's own types are the ones to register.
        arguments = tuple(getattr(sig, "args", sig))
        return result._replace(signature=result.signature.replace(args=arguments))

    def save_overload(self, sig: Any, data: Any) -> None:
        if not CompileResultCacheImpl.check_cachable(cast(Any, self), data):
            return
        path = self._file(sig, data.codegen)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            payload = dumps(data._reduce())
            temporary.write_bytes(hashlib.sha256(payload).digest() + payload)
            temporary.replace(path)
        except OSError:  # a read-only or full disk costs the next process a compilation, not this one its result
            with suppress(OSError):
                temporary.unlink()

    def enable(self) -> None: ...
    def disable(self) -> None: ...
    def flush(self) -> None: ...


class _NotAddressable(Exception):
    """The function reads something whose value cannot be part of a key."""


def fingerprint(function: Any, *, versions: bool = True) -> str | None:
    """Return a digest of all that a compiled function can reach, or None where that is unknown.

    With `versions`, those of the libraries and this file are part of it: two functions with one digest then
    compile to the same machine code on one processor.
    """
    digest = hashlib.sha256()
    if versions:
        digest.update(repr((numba.__version__, np.__version__, platform.python_version(), config.OPT)).encode())
        digest.update(Path(__file__).read_bytes())
    try:
        _absorb(function, digest, {})
    except _NotAddressable:
        return None
    return digest.hexdigest()


def _absorb(value: Any, digest: Any, seen: dict[int, int]) -> None:
    """Feed `value` into the digest; functions are followed, plain values enter by their repr."""
    if id(value) in seen:  # recursion and shared helpers enter once, then by their position
        digest.update(f"<{seen[id(value)]}>".encode())
        return
    if isinstance(value, Dispatcher):
        seen[id(value)] = len(seen)
        digest.update(repr(sorted(value.targetoptions.items(), key=str)).encode())
        _absorb(value.py_func, digest, seen)
    elif isinstance(value, pytypes.FunctionType):
        seen[id(value)] = len(seen)
        _absorb_function(value, digest, seen)
    elif isinstance(value, pytypes.CodeType):
        digest.update(value.co_code + repr((value.co_names, value.co_varnames)).encode())
        for constant in value.co_consts:
            _absorb(constant, digest, seen)
    elif isinstance(value, (tuple, list)):
        digest.update(f"{type(value).__qualname__}{len(value)}".encode())
        for item in value:
            _absorb(item, digest, seen)
    elif isinstance(value, np.ndarray):
        digest.update(repr((value.dtype.str, value.shape)).encode() + value.tobytes())
    elif isinstance(value, (int, float, complex, str, bytes, bool, np.generic, np.dtype, types.Type, type(None))):
        digest.update(f"{type(value).__qualname__}:{value!r};".encode())
    elif isinstance(value, type):
        fields = getattr(value, "_fields", ())
        digest.update(f"class {value.__module__}.{value.__qualname__}{fields}".encode())
    elif isinstance(value, (pytypes.ModuleType, pytypes.BuiltinFunctionType, np.ufunc)):
        digest.update(f"{type(value).__qualname__} {value.__name__}".encode())
    elif type(value).__module__.startswith(("numba.", "typing")):
        digest.update(repr(value).split(" at 0x")[0].encode())
    elif callable(value) and getattr(value, "__module__", "").split(".")[0] in ("numpy", "math", "builtins"):
        digest.update(f"{value.__module__}.{getattr(value, '__qualname__', value)}".encode())
    else:
        raise _NotAddressable(repr(value))


def _absorb_function(function: pytypes.FunctionType, digest: Any, seen: dict[int, int]) -> None:
    code = function.__code__
    digest.update(function.__qualname__.encode())
    _absorb(code, digest, seen)
    _absorb(function.__defaults__ or (), digest, seen)
    for cell in function.__closure__ or ():
        _absorb(cell.cell_contents, digest, seen)
    names = _names_read(code)
    for name in sorted(names):
        if name not in function.__globals__:
            if not hasattr(builtins, name):
                digest.update(f"unbound {name}".encode())
            continue
        value = function.__globals__[name]
        digest.update(name.encode())
        _absorb(value, digest, seen)
        if isinstance(value, pytypes.ModuleType):
            _absorb_attributes(value, names, digest, seen)


def _names_read(code: pytypes.CodeType) -> set[str]:
    names = {i.argval for i in dis.get_instructions(code) if i.opname.startswith(("LOAD_GLOBAL", "LOAD_ATTR"))}
    names |= {i.argval for i in dis.get_instructions(code) if i.opname.startswith(("LOAD_METHOD", "LOAD_NAME"))}
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType):
            names |= _names_read(constant)
    return names


def _absorb_attributes(module: pytypes.ModuleType, names: set[str], digest: Any, seen: dict[int, int]) -> None:
    """Follow `module.name` for compiled functions and constants of modules outside the libraries."""
    if module.__name__.split(".")[0] in ("numpy", "math", "numba", "builtins"):
        return
    for name in sorted(names):
        if hasattr(module, name):
            digest.update(name.encode())
            _absorb(getattr(module, name), digest, seen)
