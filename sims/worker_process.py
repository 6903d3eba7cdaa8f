"""What a worker process of a sweep does: answer parcels from its standard input until that ends.

It outlives neither its parent (whose death closes the input, and sends a signal where the system can) nor is it stopped
by Ctrl-C, which is the parent's to handle.
"""

import os
import pickle
import signal
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from sims.compute import answer

READY = "ready"
_ON_DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl


def main(parent: int) -> None:
    """Serve the process `parent`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a learner prints must not come between the results
    given = os.fdopen(os.dup(0), "rb")
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)  # nor may it read the parcels
    parcels: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_read, args=(given, parcels), daemon=True).start()
    _end_with(parent)
    reply: Any = READY
    while True:
        pickle.dump(reply, results)
        results.flush()
        reply = answer(parcels.get())


def _read(given: Any, parcels: "SimpleQueue[Any]") -> None:
    """Hand on what arrives; when nothing more can, all work is done or the parent is dead."""
    with suppress(Exception):
        while True:
            parcels.put(pickle.load(given))
    os._exit(0)


def _end_with(parent: int) -> None:
    """Let the system end this process when the parent ends, also where a learner holds Python's lock."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_ON_DEATH_OF_PARENT, signal.SIGKILL)
    if hasattr(os, "getppid") and os.getppid() != parent:
        os._exit(0)
