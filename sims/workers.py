"""Pools of workers: threads and processes of this machine, or an executor of one's own, that compute a sweep's cells.

A pool takes cells while it has room and says in turn what became of each. Its threads are daemons: when a sweep is
stopped, the compiled loops see its flag (`bandits.core.stopping`), processes are killed, and what still runs after a
second (an XLA program that nothing can stop) is left behind.
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

_PATIENCE = 1.0  # seconds for threads to see that the sweep is stopped


@dataclass(frozen=True)
class Lost:
    """The process that worked on a cell is gone; the reason completes "its process ..."."""

    reason: str


Outcome = bytes | Failure | Lost


class Pool(Protocol):
    """Those who compute cells."""

    @property
    def under_way(self) -> int:
        """Number of cells sent and not yet heard of."""

    def room(self, alone: bool = False) -> bool:
        """Whether another cell may be sent now; alone: to a process in which no other cell is then."""

    def send(self, cell: Cell) -> None:
        """Begin with a cell."""

    def next(self) -> tuple[Cell, Outcome] | None:
        """Wait for a cell and return what became of it, or None when there may be room for others.

        ValueError if nobody can work any more.
        """

    def close(self, stopped: bool) -> None:
        """Part with the workers; stopped: at once, whatever they do."""


@contextmanager
def at_work(pool: Pool) -> Iterator[Pool]:
    """Yield the pool, and part with it in the end: at once, if the sweep is stopped."""
    try:
        yield pool
    except BaseException:
        pool.close(stopped=True)
        raise
    pool.close(stopped=False)


class Threads:
    """`count` threads, each with a tool of its own that turns a cell into its outcome and never raises."""

    def __init__(self, count: int, tool: Callable[[], "Tool"]) -> None:
        self._count, self._tool, self.under_way = count, tool, 0
        self._cells: SimpleQueue[Cell | None] = SimpleQueue()
        self._heard: SimpleQueue[tuple[Cell, Outcome | BaseException]] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._tools: list[Tool] = []

    def room(self, alone: bool = False) -> bool:
        """Whether another cell may be sent now: each thread has another one waiting, or none other is under way."""
        return self.under_way < (1 if alone else 2 * self._count)

    def send(self, cell: Cell) -> None:
        """Begin with a cell, in a new thread while there are fewer than `count`."""
        self.under_way += 1
        self._cells.put(cell)
        if len(self._threads) < min(self._count, self.under_way):
            self._tools.append(self._tool())
            self._threads.append(threading.Thread(target=self._serve, args=(self._tools[-1],), daemon=True))
            self._threads[-1].start()

    def next(self) -> tuple[Cell, Outcome]:
        """Wait for a cell and return what became of it; raises what a tool could not make an outcome of."""
        cell, outcome = self._heard.get()
        self.under_way -= 1
        if isinstance(outcome, BaseException):
            raise outcome
        return cell, outcome

    def close(self, stopped: bool) -> None:
        """End the threads; stopped: in a second, or leave them behind."""
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
    """What a thread of `Threads` computes cells with."""

    def __enter__(self) -> "Tool":
        """Begin, in the thread."""

    def __call__(self, cell: Cell) -> Outcome:
        """Compute a cell."""

    def stop(self) -> None:
        """End what is going on; called from another thread."""

    def __exit__(self, *error: object) -> None:
        """End, in the thread."""


class Here:
    """Computes cells in the thread itself. The tools of a sweep share one flag that stops them."""

    def __init__(self, work: Callable[[Cell], bytes], flag: stopping.Flag) -> None:
        self._work, self._flag = work, flag

    def __enter__(self) -> "Here":
        """Let what this thread plays look at the flag."""
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
        """Do nothing more."""


class Process:
    """Computes cells in a process of its own, one at a time, so that a process that dies names its cell."""

    def __init__(self, keep_repetitions: bool) -> None:
        self._keep = keep_repetitions
        self._process: Any = None
        self._stopped, self._lock = False, threading.Lock()

    def __enter__(self) -> "Process":
        """Start nothing before there is a cell."""
        return self

    def __call__(self, cell: Cell) -> Outcome:
        """Compute a cell in the process, a new one if the last is gone."""
        try:
            packed = parcel(cell, self._keep)
        except Exception as error:  # something in it cannot travel
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
        """Close its input, at which it ends."""
        if self._process is not None:
            self._end(self._process)

    def _start(self) -> Any:
        """Return a new process that is ready; ValueError if it does not come that far."""
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
        """Part with the process, and return how it ended."""
        self._process = None
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what was still to be written has no reader
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
    """Return start(), with Ctrl-C blocked in this thread and in what it starts."""
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
    """An executor of the caller's."""

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
        except Exception as error:  # the executor is broken, or something in the cell cannot travel
            future = Future()
            future.set_exception(error)
        self._futures.add(future)
        future.add_done_callback(lambda done: self._heard.put((cell, done)))

    def next(self) -> tuple[Cell, Outcome]:
        """Wait for a cell and return what became of it."""
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
        """Take back what has not begun; the executor remains the caller's."""
        for future in self._futures:
            future.cancel()
