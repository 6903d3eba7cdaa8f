"""Compiled functions as plain Python: the same source, with all that it calls, run by the interpreter.

The copies have their own globals, so nothing that is compiled changes, and keep their files and lines: a debugger stops
in the kernel as it is written. Philox runs on Python integers, which is twenty times faster than on NumPy's.
Where compiled code follows IEEE rules, Python raises: a division of floats by 0 is a ZeroDivisionError.
"""

from types import CellType, FunctionType, ModuleType
from typing import Any

from bandits.core.addresses.libraries import is_library
from bandits.core.jit import is_compiled
from bandits.core.rng import philox4x32

_WORD = 0xFFFFFFFF


class Interpreter:
    """A function from compiled functions to plain ones, with one set of copies of the modules that they are from."""

    def __init__(self, **instead: Any) -> None:
        self._instead = instead  # names that mean something else in all copies
        self._made: dict[int, Any] = {}  # by id; the originals live as long as the modules and closures that hold them
        self._names: dict[int, dict[str, Any]] = {}

    def __call__(self, function: Any) -> Any:
        """Return a compiled function, or a tuple of them, as plain Python; anything else unchanged."""
        if isinstance(function, tuple) and any(is_compiled(part) for part in function):
            parts = [self(part) for part in function]
            return type(function)(*parts) if hasattr(function, "_fields") else tuple(parts)
        return self.text(function.py_func) if is_compiled(function) else function

    def step(self, function: Any) -> Any:
        """Return a step function as plain Python, whether it is a kernel or not; None for none."""
        return self.text(function) if isinstance(function, FunctionType) else self(function)

    def text(self, function: FunctionType) -> Any:
        """Return a function of Python that calls plain functions where it called compiled ones."""
        if function is _PHILOX:
            return _philox
        if id(function) not in self._made:
            cells = tuple(CellType() for _ in function.__closure__ or ())
            names = self._globals(function.__globals__)
            made = FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells or None)
            made.__kwdefaults__, made.__qualname__ = function.__kwdefaults__, function.__qualname__
            self._made[id(function)] = made
            for cell, original in zip(cells, function.__closure__ or (), strict=True):
                cell.cell_contents = self(original.cell_contents)
        return self._made[id(function)]

    def _globals(self, original: dict[str, Any]) -> dict[str, Any]:
        if id(original) not in self._names:
            names = self._names[id(original)] = dict(original)
            for name, value in original.items():
                own = isinstance(value, ModuleType) and not is_library(value.__name__)
                names[name] = _Module(value, self) if own else self(value)
            names |= self._instead
        return self._names[id(original)]


class _Module:
    """A module whose compiled functions are plain."""

    def __init__(self, module: ModuleType, interpreter: Interpreter) -> None:
        self._module, self._interpreter = module, interpreter

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._module, name)
        own = isinstance(value, ModuleType) and not is_library(value.__name__)
        return _Module(value, self._interpreter) if own else self._interpreter(value)


_PHILOX = getattr(philox4x32, "py_func", philox4x32)


def _philox(k0: Any, k1: Any, c0: Any, c1: Any, c2: Any, c3: Any) -> tuple[int, int, int, int]:
    """Return what `bandits.core.rng.philox4x32` does."""
    k0, k1, c0, c1, c2, c3 = int(k0), int(k1), int(c0), int(c1), int(c2), int(c3)
    for _ in range(10):
        left, right = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c2 = (right >> 32) ^ c1 ^ k0, (left >> 32) ^ c3 ^ k1
        c1, c3 = right & _WORD, left & _WORD
        k0, k1 = (k0 + 0x9E3779B9) & _WORD, (k1 + 0xBB67AE85) & _WORD
    return c0, c1, c2, c3
