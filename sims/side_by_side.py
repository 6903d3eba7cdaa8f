"""Apply a function to many items in several processes at once, for functions that compile, simulate or draw.

Threads would wait for each other while they compile. Scripts that use it need a guard, `if __name__ == "__main__"`.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import active_children, get_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_ON_DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl


def side_by_side(
    function: Callable[[Item], Result], items: Iterable[Item], processes: int
) -> Iterator[tuple[Item, Result | BaseException]]:
    """Yield (item, function(item)) as they are done, or (item, what it raised); with one process, here and in order.

    A process that an item ends is replaced, and the items that were lost with it are done again.
    If the caller stops, on Ctrl-C too, the processes are ended.
    """
    waiting = list(items)
    if min(processes, len(waiting)) > 1:
        yield from _in_processes(function, waiting, processes)
        return
    for item in waiting:
        try:
            result: Result | BaseException = function(item)
        except Exception as error:
            result = error
        yield item, result


def _start(parent: int) -> None:
    """Set up a process: the parent handles Ctrl-C, and no process outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)


def end_with(parent: int) -> None:
    """Let the system end this process when the parent ends, even if a learner holds the GIL."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_ON_DEATH_OF_PARENT, signal.SIGKILL)
    if hasattr(os, "getppid") and os.getppid() != parent:
        os._exit(0)


def _in_processes(
    function: Callable[[Item], Result], items: list[Item], processes: int
) -> Iterator[tuple[Item, Result | BaseException]]:
    others, lost = set(active_children()), []
    # A forked process could hang in a lock that a thread of this one holds.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _start, (os.getpid(),))
    try:
        given = {pool.submit(function, item): item for item in items}
        for done in as_completed(given):
            error = done.exception()
            if isinstance(error, BrokenProcessPool) and len(items) > 1:
                lost.append(given[done])
            else:
                yield given[done], done.result() if error is None else error
    except BaseException:
        for process in set(active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    for item in lost:  # one of them ended its process, and with it those of the others
        yield from _in_processes(function, [item], 1)
