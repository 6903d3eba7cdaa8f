"""Stopping a running simulation: a flag that is checked several times per second.

Ctrl-C reaches the main thread only. A caller that simulates in other threads gives them a common flag (`use`) and sets
it; the compiled loop checks it every few rounds, JAX programs between the pieces in which they are called.
"""

import time
from collections.abc import Iterator
from contextvars import ContextVar

import numpy as np
from numpy.typing import NDArray

Flag = NDArray[np.uint8]  # (1,), not 0 once all computations that check it should stop

_SHORT, _LONG = 0.1, 0.3  # seconds of a call
_FIRST = 1024  # rounds

_flag: ContextVar[Flag | None] = ContextVar("stop", default=None)


def new_flag() -> Flag:
    """Return a flag that is not set."""
    return np.zeros(1, np.uint8)


def use(flag: Flag) -> None:
    """Make this thread check `flag` from now on."""
    _flag.set(flag)


def flag() -> Flag:
    """Return the flag that this thread checks, a new one where none was given."""
    found = _flag.get()
    return new_flag() if found is None else found


def look(at: Flag | None = None) -> None:
    """Raise KeyboardInterrupt if the flag, by default the thread's, is set."""
    seen = _flag.get() if at is None else at
    if seen is not None and seen[0]:
        raise KeyboardInterrupt


def pieces(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield begin..end in pieces that take the caller a fraction of a second each, and check the flag between them.

    All but the last end at multiples of 64 rounds. Results must not depend on the pieces, whose lengths depend on the
    machine.
    """
    size = _FIRST
    while begin < end:
        look()
        stop = min(end, begin - begin % size + size)
        began = time.perf_counter()
        yield begin, stop
        taken = time.perf_counter() - began
        if taken < _SHORT:
            size *= 2
        elif taken > _LONG:
            size = max(size // 2, 64)
        begin = stop
