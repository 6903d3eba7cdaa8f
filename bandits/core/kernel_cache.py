"""Machine code on disk: one file per (program, signature, processor, compiler settings), under a key of all four.

A file is written once and never updated. It is used only if the folder and the file belong to the user or to root and
others cannot write to them, and if its digest, which covers key and content, is right; a damaged, swapped or planted
file is replaced by a new compilation.
"""

import hashlib
import os
import pickle
import platform
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import config
from numba.core import types as _numba_types
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

types: Any = _numba_types  # its members are made at run time
_DIGEST_SIZE = hashlib.sha256().digest_size
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # without it, opening a pipe waits for a writer
_OF_DISPLAY: tuple[str, ...] = (
    "CACHE",
    "CHROME",
    "COLOR",
    "CUDA",
    "DEBUG_",
    "DEVELOPER",
    "DIFF",
    "DUMP",
    "FULL_TRACE",
    "GDB",
    "HIGHLIGHT",
)
_OF_DISPLAY += ("HTML", "ANNOTATE", "NUMBA_", "PARALLEL_DIAG", "RUNNING", "SHOW", "THREADING", "TRACE", "LLVM_PASS_TIM")
_ADDRESSES = "addresses of this process are in it, for example of a global array above 1 MB, a pointer or NUMBA_OPT=0"


class CacheWarning(UserWarning):
    """Compiled code is not cached: the next process compiles it again."""


def cache_directory() -> Path | None:
    """Where compiled programs are kept: $REGRETLAB_CACHE_DIR, else the user's cache directory; None without a home."""
    chosen = os.environ.get("REGRETLAB_CACHE_DIR")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    with suppress(RuntimeError):  # no entry in the user database and no $HOME
        return Path(base or Path.home() / ".cache") / "regretlab" / "kernels"
    _say_once("no kernel cache: there is no home directory; set REGRETLAB_CACHE_DIR to keep compiled code")
    return None


def compiler_settings() -> dict[str, str]:
    """Return the settings of Numba that may change what it compiles."""
    names = (name for name in dir(config) if name.isupper() and not name.startswith(_OF_DISPLAY))
    return {name: repr(getattr(config, name)) for name in names}


class ContentCache(_Cache):
    """The cached files of one function.

    digest: returns the digest of all that the function can reach now, None if it must not be cached.
    """

    def __init__(self, digest: Callable[[], str | None]) -> None:
        self._digest = digest

    @property
    def cache_path(self) -> str:
        """The folder, as Numba asks for it."""
        return str(cache_directory())

    def _key(self, signature: Any, codegen: Any) -> str | None:
        digest, kinds = self._digest(), getattr(signature, "args", signature)
        if digest is None or not all(map(_is_numbers, kinds)):
            return None
        versions = numba.__version__, np.__version__, platform.python_version()
        identity = digest, versions, _own_text(), compiler_settings(), list(map(_layout, kinds)), codegen.magic_tuple()
        return hashlib.sha256(repr(identity).encode()).hexdigest()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function for a signature, None if it must be compiled."""
        target_context.refresh()
        key = self._key(sig, target_context.codegen())
        payload = _read(key) if key else None
        if payload is None:
            return None
        try:
            result = CompileResult._rebuild(target_context, *pickle.loads(payload))
        except (ImportError, AttributeError, pickle.UnpicklingError):
            return None
        # A class defined in __main__ is unpickled as a copy; the caller's own types are the ones to register.
        arguments = tuple(getattr(sig, "args", sig))
        return result._replace(signature=result.signature.replace(args=arguments))

    def holds(self, arguments: tuple[Any, ...], codegen: Any) -> bool:
        """Return whether the function compiled for these types of arguments is kept."""
        key = self._key(arguments, codegen)
        return key is not None and _read(key) is not None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled function of a signature."""
        name = data.fndesc.qualname.split(".")[-1]
        key = self._key(sig, data.codegen)
        if key is None:
            return
        if data.library.has_dynamic_globals:
            _say_once(f"{name} is compiled in every process: {_ADDRESSES}")
        elif all(lifted.can_cache for lifted in data.lifted):
            try:
                payload = dumps(data._reduce())
            except (TypeError, ValueError, AttributeError, pickle.PicklingError) as error:
                _say_once(f"{name} is compiled in every process: {error}")
            else:
                _write(key, payload)

    def enable(self) -> None:
        """Numba's interface: always enabled."""

    def disable(self) -> None:
        """Numba's interface: never disabled."""

    def flush(self) -> None:
        """Numba's interface: there is no buffer."""


class PartCache(ContentCache):
    """The cached files of a function that compiled code calls: linked into its callers, in this process and others.

    Where a record is of a class that another process does not find by name, nothing is kept.
    """

    def _key(self, signature: Any, codegen: Any) -> str | None:
        kinds = getattr(signature, "args", signature)
        return super()._key(signature, codegen) if all(map(_is_found_by_name, kinds)) else None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled function of a signature."""
        given = data.signature.return_type
        if _is_numbers(given) and _is_found_by_name(given):
            super().save_overload(sig, data)


def _is_numbers(kind: Any) -> bool:
    """Return whether a type is of numbers, arrays of numbers and tuples of them; other types hold addresses."""
    if isinstance(kind, types.BaseTuple):
        return all(map(_is_numbers, kind.types))
    if isinstance(kind, types.Array):
        return isinstance(kind.dtype, (types.Number, types.Boolean)) or hasattr(kind.dtype, "counts_as_number")
    known = types.Number, types.Boolean, types.NoneType, types.Omitted, types.Literal
    return isinstance(kind, known) or hasattr(kind, "counts_as_number")


def _is_found_by_name(kind: Any) -> bool:
    """Return whether the classes of all records in a type can be imported by another process."""
    if not isinstance(kind, types.BaseTuple):
        return True
    record = getattr(kind, "instance_class", tuple)
    module = sys.modules.get(record.__module__) if record.__module__ != "__main__" else None
    return getattr(module, record.__qualname__, None) is record and all(map(_is_found_by_name, kind.types))


def _layout(kind: Any) -> Any:
    """Return all that tells a type from others: Numba's text of a NamedTuple leaves out its module and its fields."""
    if not isinstance(kind, types.BaseTuple):
        return str(kind)
    record = getattr(kind, "instance_class", None)
    names = (record.__module__, record.__qualname__, kind.fields) if record else ()
    return names, [_layout(part) for part in kind.types]


@cache
def _own_text() -> str:
    """Return the digest of the compiling modules: a change in them may change the machine code."""
    names = "jit.py", "inner_numba.py", "inliner.py", "lane_types.py", "lanes.py", Path(__file__).name
    texts = [Path(__file__).with_name(name).read_bytes() for name in names]
    return hashlib.sha256(b"".join(texts)).hexdigest()


def _read(key: str) -> bytes | None:
    folder = cache_directory()
    if folder is None or not _folder_is_ours(folder):
        return None
    try:
        with os.fdopen(os.open(folder / f"{key}.nbc", os.O_RDONLY | _AT_ONCE), "rb") as file:
            ours = _is_ours(os.fstat(file.fileno()))
            content = file.read()
    except OSError:
        return None
    if not ours:
        _say_once(f"{folder} holds files that others can write; they are not used")
        return None
    digest, payload = content[:_DIGEST_SIZE], content[_DIGEST_SIZE:]
    return payload if _digest(key, payload) == digest else None  # never run damaged code or code of another key


def _write(key: str, payload: bytes) -> None:
    folder = cache_directory()
    if folder is None:
        return
    path = folder / f"{key}.nbc"
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _folder_is_ours(folder):
            return
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_digest(key, payload) + payload)
        temporary.replace(path)
    except OSError:  # on a read-only or full disk the next process compiles again
        with suppress(OSError):
            temporary.unlink()


def _digest(key: str, payload: bytes) -> bytes:
    return hashlib.sha256(key.encode() + payload).digest()


def _folder_is_ours(folder: Path) -> bool:
    try:
        ours = _is_ours(folder.stat())
    except OSError:
        return False
    if not ours:
        _say_once(f"no kernel cache: others can write to {folder}; make it yours alone or set REGRETLAB_CACHE_DIR")
    return ours


def _is_ours(status: os.stat_result) -> bool:
    """Return whether only the user and root can have written it."""
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid in (0, os.getuid()) and not status.st_mode & 0o022


@cache
def _say_once(message: str) -> None:
    warnings.warn(message, CacheWarning, stacklevel=2)
