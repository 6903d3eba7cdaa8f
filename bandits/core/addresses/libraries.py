"""Which modules are libraries, whose functions enter an address by name, and which module defines a value."""

import os
import sys
import sysconfig
import types
from functools import cache, reduce
from pathlib import Path
from typing import Any

_WELL_KNOWN = {
    "builtins",
    "numpy",
    "scipy",
    "numba",
    "llvmlite",
    "jax",
    "jaxlib",
    "sklearn",
    "pandas",
    "polars",
    "torch",
}
_OUTSIDE = {f"builtins.{name}" for name in ("eval", "exec", "compile", "input", "open", "__import__", "globals")}
_OUTSIDE |= {f"os.{name}" for name in ("environ", "environb", "getenv", "open", "popen", "listdir", "scandir", "walk")}
_OUTSIDE |= {f"sys.{name}" for name in ("argv", "orig_argv", "modules", "path", "stdin", "_getframe")}
_OUTSIDE |= {"os.system", "posix.open", "posix.listdir", "posix.scandir", "posix.system", "posix.urandom"}
_OUTSIDE |= {"pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath"}
_OUTSIDE_MODULES = {"_io", "fileinput", "glob", "http", "importlib", "io", "linecache", "pkgutil", "runpy", "secrets"}
_OUTSIDE_MODULES |= {"shelve", "socket", "sqlite3", "subprocess", "tempfile", "time", "urllib", "uuid"}
_READERS = {"load", "loadtxt", "genfromtxt", "fromfile", "memmap", "loadmat", "mmread"}
_BY_NAME = {f"builtins.{name}" for name in ("getattr", "vars", "dir")}
_BY_NAME |= {"operator.attrgetter", "operator.methodcaller", "inspect.getmembers", "inspect.getattr_static"}


def reads_outside(path: str) -> bool:
    """Return whether the library function `module.name` reads files, the clock or other outside input."""
    module, name = path.split(".")[0], path.rpartition(".")[2]
    by_name = name in _READERS or name.startswith(("read_", "scan_", "load_", "fetch_"))
    return path in _OUTSIDE or module in _OUTSIDE_MODULES or by_name


def looks_up_by_name(path: str) -> bool:
    """Return whether the library function `module.name` takes attributes by computed names."""
    return path in _BY_NAME


@cache
def is_library(module: str) -> bool:
    """Return whether a module belongs to the standard library or to a well-known library."""
    package = module.split(".")[0]
    if package in _WELL_KNOWN:
        return True
    file = getattr(sys.modules.get(package), "__file__", None)
    paths = sysconfig.get_paths()
    standard = file is None or file.startswith((paths["stdlib"], paths["platstdlib"]))
    return package in sys.stdlib_module_names and package != "__main__" and standard  # not a user's file


def defined_by_library(value: Any, others: frozenset[str] = frozenset()) -> bool:
    """Return whether a library defines a module, function, class or named object; `__module__` is not trusted.

    others: further packages that count as libraries. `exec` and `functools.wraps` can put the name of a library on a
    function of the user.
    """
    module = module_of(value)
    if not is_library(module) and module.split(".")[0] not in others:
        return False
    if isinstance(value, types.ModuleType) or type(value).__module__ == "typing":
        return True
    if isinstance(value, types.FunctionType) and _is_file_of(value.__code__.co_filename, module):
        return True
    name, found = name_of(value), sys.modules.get(module)
    if name is None:
        return singleton_name(value) is not None
    return reduce(lambda owner, part: getattr(owner, part, None), name.split("."), found) is value


def _is_file_of(file: str, module: str) -> bool:
    home = getattr(sys.modules.get(module.split(".")[0]), "__file__", None)
    return file.startswith("<frozen ") or (home is not None and file.startswith(_folder(home)))


def _folder(file: str) -> str:
    """Return the common prefix of the files of a library: its folder, or its one file."""
    path = Path(file)
    return f"{path.parent}{os.sep}" if path.stem == "__init__" else str(path)


def module_of(value: Any) -> str:
    """Return the name of the module that defines a function, class or module; of an object's class otherwise."""
    name = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
    if not isinstance(name, str):
        owner = getattr(value, "__objclass__", getattr(value, "__self__", None))
        owner = owner if isinstance(owner, (type, types.ModuleType)) else type(value if owner is None else owner)
        name = owner.__name__ if isinstance(owner, types.ModuleType) else owner.__module__
    return name


def package_of(value: Any) -> str:
    """Return the top-level package of `module_of`."""
    return module_of(value).split(".")[0]


def name_of(value: Any) -> str | None:
    """Return the name of a function or class in its module, None for other objects."""
    if type(value).__module__ == "typing":
        return repr(value)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    return name if isinstance(name, str) and "<locals>" not in name else None


def singleton_name(value: Any) -> str | None:
    """Return the name under which a library's package or module holds this object, for example `numba.objmode`."""
    home = sys.modules.get(package_of(value))
    return next((name for name, item in vars(home).items() if item is value), None) if home is not None else None


def shown(value: Any) -> str:
    """Return the name of a value for messages."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    kind = type(value)
    return (
        f"{module_of(value)}.{name}" if isinstance(name, str) else f"an object of {kind.__module__}.{kind.__qualname__}"
    )
