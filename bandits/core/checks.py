"""Checks of arguments; every message is one line with the argument, the value and the allowed range."""

import math
import operator
import os
import reprlib
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST = 2**56  # default upper limit of integers: compiled code counts in 64 bits, streams count rounds in 56
LARGEST_ACTIONS = 2**26  # a learner keeps several arrays of this many numbers, in every thread
HUGE = 1e100  # default limit of numbers: their squares and products with horizons stay finite
_SHOWN = 80  # characters of a value in a message
_WHOLE = 10**40  # larger integers are shown by their order of magnitude
_PLAIN = {bool, int, float, str, type(None)}  # lists of these need no conversion
_NO_NUMBERS = (bool, np.bool_, str, bytes, bytearray, complex, np.complexfloating, np.datetime64, np.timedelta64)


class _Short(reprlib.Repr):
    """Short texts of values: arrays and frames by shape, long integers by their order of magnitude."""

    def repr1(self, x: Any, level: int) -> str:
        shape = None if isinstance(x, (np.generic, type)) else getattr(x, "shape", None)
        if isinstance(shape, tuple):
            return f"{type(x).__name__} of shape {shape}"
        return super().repr1(x, level)

    def repr_int(self, x: int, level: int) -> str:
        """An integer of any length; Python does not print those of more than 4300 digits."""
        size = abs(int(x))
        return repr(x) if size < _WHOLE else f"{'-' if x < 0 else ''}1e{int(math.log10(size))} (an integer)"


_short = _Short()
_short.maxother = _short.maxstring = _short.maxlong = _SHOWN


def shown(value: Any) -> str:
    """Return `value` for a message: one line of at most 80 characters; arrays by shape."""
    try:
        text = " ".join(_short.repr(value).split())
    except Exception:  # repr of an arbitrary value may raise
        text = f"an object of type {type(value).__name__}"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def integer(name: str, value: Any, low: int | None = None, high: int | None = None) -> int:
    """Return `value` as an int in [low, high]; TypeError for other types, ValueError outside."""
    no_masked(name, value)
    try:
        if isinstance(value, _NO_NUMBERS):
            raise TypeError
        number = operator.index(value)
    except Exception:  # whatever __index__ raises
        raise TypeError(f"{name} must be an integer, got {shown(value)}") from None
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"{name} must be {_range(low, high)}, got {shown(number)}")
    if low is not None and high is None and number > LARGEST:
        raise ValueError(f"{name} must be {_range(low, LARGEST)}, got {shown(number)}")
    return number


def number(name: str, value: Any) -> float:
    """Return `value`, a number of any type but bool and complex, as a float; TypeError for other types."""
    no_masked(name, value)
    try:
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value.item()
        if isinstance(value, _NO_NUMBERS) or hasattr(value, "__len__") or getattr(value, "shape", ()) != ():
            raise TypeError
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} must be finite, got {shown(value)}") from None
    except Exception:  # whatever __float__ raises
        raise TypeError(f"{name} must be a number, got {shown(value)}") from None


def real(
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
    divides: bool = False,
) -> float:
    """Return `value` as a finite float in the interval; TypeError for other types, ValueError outside.

    Infinite ends mean +-1e100. Numbers that must be above 0 are at least 1e-100, and so are non-zero divisors
    (`divides`).
    """
    given = number(name, value)
    below = given <= low if open_low else given < low
    above = given >= high if open_high else given > high
    if not math.isfinite(given) or below or above:
        left = "(" if open_low or low == -math.inf else "["
        right = ")" if open_high or high == math.inf else "]"
        raise ValueError(f"{name} must be finite and in {left}{low:g}, {high:g}{right}, got {shown(value)}")
    if abs(given) > HUGE:
        raise ValueError(f"{name} must be at most {HUGE:g} in size, got {shown(value)}")
    if (open_low or divides) and low == 0.0 and 0.0 < given < 1.0 / HUGE:
        raise ValueError(f"{name} must be {'' if open_low else '0 or '}at least {1.0 / HUGE:g}, got {shown(value)}")
    return given


def optional_real(name: str, value: Any, **interval: Any) -> float | None:
    """Return None for None (the theorem's tuning), else `real`."""
    return None if value is None else real(name, value, **interval)


def flag(name: str, value: Any) -> bool:
    """Return `value`, True or False of Python or NumPy, as a bool; TypeError for other types."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def text(name: str, value: Any) -> str:
    """Return `value` as a str; TypeError for other types."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, got {shown(value)}")
    return str(value)


def choice(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Return `value` if it is one of the texts `allowed`, else raise ValueError."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {shown(value)}")
    return str(value)


def instance(name: str, value: Any, kind: type | tuple[type, ...], expected: str) -> Any:
    """Return `value` if it is an instance of `kind`, else raise TypeError saying what was expected."""
    if not isinstance(value, kind):
        got = value.__name__ + " (the class itself: call it)" if isinstance(value, type) else type(value).__name__
        raise TypeError(f"{name} must be {expected}, got {got}")
    return value


def several(name: str, value: Any, kind: type, expected: str) -> tuple[Any, ...]:
    """Return an instance of `kind`, or a list of one or more, as a tuple; else TypeError saying what was expected."""
    items = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if not items:
        raise ValueError(f"{name} must not be empty")
    return tuple(instance(name, item, kind, expected) for item in items)


# ---------------------------------------------------------------- arrays


def array(name: str, value: ArrayLike, ndim: int | None, low: float, high: float) -> NDArray[np.float64]:
    """Return `value` as a C-contiguous float64 array, non-empty, all in [low, high]; ndim None for any axes.

    An array that already has this form is not copied; objects that store it have a copy (`bandits.core.arguments`).
    """
    given = as_array(name, value, "an array of numbers" if ndim is None else f"an array of numbers with {ndim} axes")
    axes = given.ndim if ndim is None else ndim
    if given.ndim != axes or given.size == 0:
        raise ValueError(f"{name} must have {axes} non-empty axes, got shape {given.shape}")
    fits(name, given.size)
    with np.errstate(all="ignore"):  # a longdouble beyond float64 becomes inf, which fails the range check below
        result = np.asarray(given, dtype=np.float64, order="C")
        smallest, largest = result.min(), result.max()  # nan where there is a nan
    if not (smallest >= low and largest <= high):
        where = tuple(int(i) for i in np.argwhere(~((result >= low) & (result <= high)))[0])
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {result[where]} at index {where}")
    return result


def zeros_and_ones(name: str, value: Any) -> Any:
    """Return a table (T, N) of 0 and 1, at least one 1 per row, as bools; ValueError for others."""
    given = array(name, value, 2, 0.0, 1.0)
    if not np.isin(given, (0.0, 1.0)).all():
        raise ValueError(f"{name} must be 0 or 1, got {given[~np.isin(given, (0.0, 1.0))][0]:g}")
    found = given == 1.0
    if not found.any(axis=1).all():
        raise ValueError(f"{name} must have a 1 in every row, got none in row {int(found.any(axis=1).argmin())}")
    return found


def as_array(name: str, value: Any, expected: str = "an array of numbers") -> NDArray[Any]:
    """Return `value`, anything that NumPy converts to an unmasked array of numbers, as an array.

    Objects that are numbers become float64. Raises TypeError for anything but real numbers and bools.
    """
    no_masked(name, value)
    if isinstance(value, range):
        fits(name, len(value))
    try:
        given = np.asarray(value)
    except MemoryError:
        raise ValueError(f"{name} does not fit into memory: {shown(value)}") from None
    except Exception:  # rows of different lengths, or whatever __array__ raises
        raise TypeError(f"{name} must be {expected}, got {shown(value)}") from None
    if given.dtype.kind in "biuf" or given.size == 0:
        return given
    items = given.ravel().tolist() if given.dtype.kind == "O" else [""]
    if not all(issubclass(kind, (int, float, np.number, Fraction, Decimal)) for kind in set(map(type, items))):
        raise TypeError(f"{name} must be {expected}, got {shown(value)}")
    return np.array([number(name, item) for item in items]).reshape(given.shape)


def integers(name: str, value: Any, low: int, high: int | None = None) -> list[int]:
    """Return a list of integers in [low, high]; TypeError for anything else, ValueError outside."""
    given = np.atleast_1d(as_array(name, value, "a list of integers"))
    if given.ndim != 1 or (given.dtype.kind == "b" and given.size):
        raise TypeError(f"{name} must be a list of integers, got {shown(value)}")
    return [integer(name, item, low, high) for item in given.tolist()]


def no_masked(name: str, value: Any) -> None:
    """Raise ValueError if `value` is a masked array with masked entries, or a list that holds one."""
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.getmaskarray(value).any():
            raise ValueError(f"{name} must not have masked entries, got {shown(value)}")
    elif isinstance(value, (list, tuple)) and not set(map(type, value)) <= _PLAIN:
        try:
            for item in value:
                no_masked(name, item)
        except RecursionError:
            raise ValueError(f"{name} must not be nested that deeply") from None


def fits(name: str, size: int) -> None:
    """Raise ValueError unless `size` numbers of 64 bits fit into this machine's memory."""
    limit = _memory() // 8
    if size > limit:
        raise ValueError(f"{name} asks for {shown(size)} numbers at once, but memory holds {limit} here")


def _memory() -> int:
    """Return the bytes of this machine's memory, or of this process's limit where that is less."""
    try:
        import resource

        allowed = resource.getrlimit(resource.RLIMIT_AS)[0]
        there = int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_PHYS_PAGES"))
    except (ImportError, AttributeError, OSError, ValueError):  # not a POSIX system
        return 2**40
    return there if allowed == resource.RLIM_INFINITY else min(there, allowed)


def _range(low: int | None, high: int | None) -> str:
    if high is None:
        return f"at least {low}"
    if low is None:
        return f"at most {high}"
    return f"between {low} and {high}"
