"""Main loop of a worker process of a sweep: answer parcels from standard input until it is closed.

The process ends with its parent, whose death closes the input (and sends a signal on Linux). It ignores Ctrl-C, which
the parent handles.
"""

import os
import pickle
import signal
import sys
import threading
import warnings
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from sims.compute import answer
from sims.side_by_side import end_with

READY = "ready"


def main(parent: int) -> None:
    """Serve the process `parent`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a learner's prints must not mix with the results
    given = os.fdopen(os.dup(0), "rb")
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)  # and it must not read the parcels
    parcels: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_read, args=(given, parcels), daemon=True).start()
    end_with(parent)
    warnings.showwarning = lambda message, *_: print(f"regretlab: {message}", file=sys.stderr)
    reply: Any = READY
    while True:
        pickle.dump(reply, results)
        results.flush()
        reply = answer(parcels.get())


def _read(given: Any, parcels: "SimpleQueue[Any]") -> None:
    """Put arriving parcels into the queue; end the process when the input is closed."""
    with suppress(Exception):
        while True:
            parcels.put(pickle.load(given))
    os._exit(0)
