"""Pools of workers that compute a sweep's cells: local threads, local processes, or the caller's executor.

A pool takes cells while it has room and returns the outcome of each. Its threads are daemons: when a sweep is stopped,
the compiled loops see its flag (`bandits.core.stopping`), processes are killed, and threads still running after a
second (in an XLA program, which cannot be interrupted) are abandoned.
"""

import json
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import getpid
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from bandits.core import stopping
from sims.compute import answer, parcel
from sims.messages import Failure, failure
from sims.sweep import Cell
from sims.worker_process import READY

_PATIENCE = 1.0  # seconds for threads to end after a stop


@dataclass(frozen=True)
class Lost:
    """The process that worked on a cell is gone; the reason completes "its process ..."."""

    reason: str


Outcome = bytes | Failure | Lost


class Pool(Protocol):
    """Interface of a pool of workers."""

    @property
    def under_way(self) -> int:
        """Number of cells sent whose outcome is not known yet."""

    def room(self, alone: bool = False) -> bool:
        """Whether another cell may be sent now; alone: to a process that holds no other cell."""

    def send(self, cell: Cell) -> None:
        """Start computing a cell."""

    def next(self) -> tuple[Cell, Outcome] | None:
        """Wait for a cell and return its outcome, or None when there may be room for others.

        ValueError if no worker is left.
        """

    def close(self, stopped: bool) -> None:
        """Release the workers; stopped: at once, without waiting for their cells."""


@contextmanager
def at_work(pool: Pool) -> Iterator[Pool]:
    """Yield the pool and close it at the end: at once, if the sweep is stopped."""
    try:
        yield pool
    except BaseException:
        pool.close(stopped=True)
        raise
    pool.close(stopped=False)


class Threads:
    """A pool of `count` threads, each with its own `Tool`, which turns a cell into its outcome and never raises."""

    def __init__(self, count: int, tool: Callable[[], "Tool"]) -> None:
        self._count, self._tool, self.under_way = count, tool, 0
        self._cells: SimpleQueue[Cell | None] = SimpleQueue()
        self._heard: SimpleQueue[tuple[Cell, Outcome | BaseException]] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._tools: list[Tool] = []

    def room(self, alone: bool = False) -> bool:
        """Whether another cell may be sent now: up to two per thread; alone: only if none is under way."""
        return self.under_way < (1 if alone else 2 * self._count)

    def send(self, cell: Cell) -> None:
        """Start computing a cell, in a new thread while there are fewer than `count`."""
        self.under_way += 1
        self._cells.put(cell)
        if len(self._threads) < min(self._count, self.under_way):
            self._tools.append(self._tool())
            self._threads.append(threading.Thread(target=self._serve, args=(self._tools[-1],), daemon=True))
            self._threads[-1].start()

    def next(self) -> tuple[Cell, Outcome]:
        """Wait for a cell and return its outcome; raises what a tool raised."""
        cell, outcome = self._heard.get()
        self.under_way -= 1
        if isinstance(outcome, BaseException):
            raise outcome
        return cell, outcome

    def close(self, stopped: bool) -> None:
        """End the threads; stopped: abandon those still running after a second."""
        if stopped:
            with suppress(Empty):
                while True:
                    self._cells.get_nowait()
        for tool in self._tools:
            if stopped:
                tool.stop()
            self._cells.put(None)
        end = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()) if stopped else None)

    def _serve(self, tool: "Tool") -> None:
        with tool:
            while (cell := self._cells.get()) is not None:
                try:
                    self._heard.put((cell, tool(cell)))
                except BaseException as error:
                    self._heard.put((cell, error))


class Tool(Protocol):
    """Computes cells in a thread of `Threads`."""

    def __enter__(self) -> "Tool":
        """Set up, in the thread."""

    def __call__(self, cell: Cell) -> Outcome:
        """Compute a cell."""

    def stop(self) -> None:
        """Stop the computation; called from another thread."""

    def __exit__(self, *error: object) -> None:
        """Clean up, in the thread."""


class Here:
    """Computes cells in the thread itself. The tools of a sweep share one stop flag."""

    def __init__(self, work: Callable[[Cell], bytes], flag: stopping.Flag) -> None:
        self._work, self._flag = work, flag

    def __enter__(self) -> "Here":
        """Use the flag for simulations of this thread."""
        stopping.use(self._flag)
        return self

    def __call__(self, cell: Cell) -> Outcome:
        """Compute a cell."""
        try:
            return self._work(cell)
        except BaseException as error:  # a learner may raise SystemExit
            return failure(error)

    def stop(self) -> None:
        """Raise the flag."""
        self._flag[0] = 1

    def __exit__(self, *error: object) -> None:
        """Do nothing."""


class Process:
    """Computes cells in a separate process, one at a time, so that the cell of a process that dies is known."""

    def __init__(self, keep_repetitions: bool) -> None:
        self._keep = keep_repetitions
        self._process: Any = None
        self._stopped, self._lock = False, threading.Lock()

    def __enter__(self) -> "Process":
        """Do nothing: the process starts with the first cell."""
        return self

    def __call__(self, cell: Cell) -> Outcome:
        """Compute a cell in the process; start a new one if the last has ended."""
        try:
            packed = parcel(cell, self._keep)
        except Exception as error:  # the cell cannot be pickled
            return failure(error)
        process = self._process or self._start()
        try:
            pickle.dump(packed, process.stdin)
            process.stdin.flush()
            outcome: Outcome = pickle.load(process.stdout)
            return outcome
        except (OSError, EOFError, pickle.UnpicklingError):
            return Lost(self._end(process))

    def stop(self) -> None:
        """Kill the process."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def __exit__(self, *error: object) -> None:
        """End the process by closing its input."""
        if self._process is not None:
            self._end(self._process)

    def _start(self) -> Any:
        """Return a new process that is ready; ValueError if it does not start."""
        with self._lock:
            if self._stopped:
                raise ValueError("the sweep is stopped")
            process = self._process = _without_ctrl_c(_spawn)
        try:
            process.stdin.write(json.dumps(sys.path).encode() + b"\n")
            process.stdin.flush()
            if pickle.load(process.stdout) == READY:
                return process
        except (OSError, EOFError, pickle.UnpicklingError):
            pass
        raise ValueError(f"a worker process did not start: it {self._end(process)}")

    def _end(self, process: Any) -> str:
        """Wait for the process, and return how it ended."""
        self._process = None
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # the reader may have gone
                pipe.close()
        return _ending(process.wait())


_BOOT = """
import json, sys
sys.path[:] = json.loads(sys.stdin.buffer.raw.readline())
from sims.worker_process import main
main(int(sys.argv[1]))
"""


def _spawn() -> Any:
    command = [sys.executable, "-c", _BOOT, str(getpid())]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _without_ctrl_c(start: Callable[[], Any]) -> Any:
    """Return start(), with Ctrl-C blocked in this thread and in the processes that it starts."""
    if not hasattr(signal, "pthread_sigmask"):
        return start()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ending(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was killed by {name}" + (" (out of memory?)" if status == -signal.SIGKILL else "")


class Lent:
    """A pool of the caller's executor."""

    def __init__(self, executor: Executor, count: int, keep_repetitions: bool) -> None:
        self._executor, self._count, self._keep, self.under_way = executor, count, keep_repetitions, 0
        self._heard: SimpleQueue[tuple[Cell, Future[Any]]] = SimpleQueue()
        self._futures: set[Future[Any]] = set()

    def room(self, alone: bool = False) -> bool:
        """Whether another cell may be sent now."""
        return self.under_way < (1 if alone else 4 * self._count)

    def send(self, cell: Cell) -> None:
        """Submit a cell."""
        self.under_way += 1
        try:
            future = self._executor.submit(answer, parcel(cell, self._keep))
        except Exception as error:  # the executor is broken, or the cell cannot be pickled
            future = Future()
            future.set_exception(error)
        self._futures.add(future)
        future.add_done_callback(lambda done: self._heard.put((cell, done)))

    def next(self) -> tuple[Cell, Outcome]:
        """Wait for a cell and return its outcome."""
        cell, future = self._heard.get()
        self.under_way -= 1
        self._futures.discard(future)
        try:
            outcome: Outcome = future.result()
            return cell, outcome
        except BrokenExecutor as error:
            return cell, Lost(f"is gone: {failure(error).text}")
        except BaseException as error:
            return cell, failure(error)

    def close(self, stopped: bool) -> None:
        """Cancel the cells that have not begun; the executor stays open."""
        for future in self._futures:
            future.cancel()
