"""The workers of a Dask cluster as a pool.

Each worker is inspected before it receives a cell: one with other code, libraries or BLAS kernels is left out. Every
cell is submitted to a named worker, so the cells of a lost worker are known, and it is unpickled inside the task, so a
worker that cannot load a cell reports that as an error. Modules beside the sweep's file are sent along. Workers may
join and leave. If no worker or no scheduler is left, the sweep ends with one line.
"""

import logging
import pickle
import threading
import time
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from heapq import heappop, heappush
from queue import Empty, SimpleQueue
from typing import Any

from bandits.core import stopping
from sims.compute import OTHER_ADDRESS, Parcel, answer, parcel
from sims.environment import Inspection, blas_matters, differences, environment, inspect, samples
from sims.messages import Failure, failure, one_line
from sims.modules import found_beside
from sims.sweep import Cell
from sims.workers import Lost, Outcome

_SCHEDULER = 10.0  # seconds for the scheduler to answer
_WORKERS = 15.0  # seconds to wait for a first worker
_RETURN = 30.0  # seconds without any worker later, or until a connected worker answers
_PATIENCE = 0.7  # seconds to disconnect
_LOOK = 1.0  # seconds between checks of which workers are connected
_LOUD = ("distributed", "tornado", "asyncio")  # loggers that are silenced: this module reports in one line


class DaskPool:
    """The workers of the Dask cluster at `address`; ValueError if none answers within seconds or none may be used."""

    def __init__(self, address: str, cells: Sequence[Cell], keep_repetitions: bool) -> None:
        self._address, self._keep, self._sweep = address, keep_repetitions, uuid.uuid4().hex
        self._quiet = _silenced()
        self._quiet.__enter__()
        try:
            self._client = _connected(address)
        except BaseException:
            self._quiet.__exit__(None, None, None)
            raise
        blas = blas_matters(cells)
        self._samples, self._blas = samples(cells), blas
        self._here = environment(blas)
        self._heard: SimpleQueue[tuple[str, Cell | None, Any]] = SimpleQueue()  # worker, cell or None, future
        self._threads: dict[str, int] = {}  # worker in use -> its number of threads
        self._busy: dict[str, dict[str, tuple[Cell, Any]]] = {}  # worker -> address -> cell and future under way
        self._free: list[tuple[float, int, str]] = []  # heap of load, cells and worker, with entries that are outdated
        self._asked: dict[str, Any] = {}  # workers under inspection
        self._cannot_load: dict[str, tuple[int, str]] = {}  # workers that are used only if no other can be
        self.left_out: dict[str, str] = {}  # one line for each worker that is not used
        self._looked, self._since = 0.0, time.monotonic()
        try:
            self._await_workers()
        except BaseException:
            self.close(stopped=True)
            raise

    @property
    def under_way(self) -> int:
        """Number of cells sent whose outcome is not known yet."""
        return sum(map(len, self._busy.values()))

    def room(self, alone: bool = False) -> bool:
        """Whether a worker can take another cell (one may wait at each); alone: whether some worker is idle."""
        return self._idlest(alone) is not None

    def _idlest(self, alone: bool) -> str | None:
        """Return the least loaded worker, if it has room; of a thousand, too, in a time that hardly grows with them."""
        while self._free:
            _, cells, worker = self._free[0]
            if worker in self._threads and len(self._busy[worker]) == cells:
                break
            heappop(self._free)
        if alone:  # rare: a cell that was lost before
            return next((worker for worker in self._threads if not self._busy[worker]), None)
        return self._free[0][2] if self._free else None

    def _offer(self, worker: str) -> None:
        """Note the load of a worker after a change, if it has room."""
        if len(self._free) > 4 * len(self._threads):  # mostly outdated
            self._free.clear()
            for known in self._threads:
                self._push(known)
        elif worker in self._threads:
            self._push(worker)

    def _push(self, worker: str) -> None:
        cells = len(self._busy[worker])
        if cells <= self._threads[worker]:
            heappush(self._free, (cells / (self._threads[worker] + 1), cells, worker))

    def send(self, cell: Cell) -> None:
        """Send a cell to the least loaded worker."""
        worker = self._idlest(alone=False)
        assert worker is not None
        try:
            future = self._submit(worker, _answer, parcel(cell, self._keep, found_beside()), self._sweep)
        except Exception as error:  # the cell cannot be pickled
            self._busy[worker][cell.address] = cell, None
            self._offer(worker)
            self._heard.put((worker, cell, failure(error)))
            return
        self._busy[worker][cell.address] = cell, future
        self._offer(worker)
        future.add_done_callback(lambda done: self._heard.put((worker, cell, done)))

    def _submit(self, worker: str, function: Any, *arguments: Any) -> Any:
        where = {"workers": [worker], "allow_other_workers": False, "pure": False, "retries": 0}
        call = pickle.dumps(_Call(function, arguments))
        return self._client.submit(pickle.loads, call, **where, key=f"regretlab-{uuid.uuid4().hex}")

    def next(self) -> tuple[Cell, Outcome] | None:
        """Wait for a cell and return its outcome; ValueError if no worker is left, or the scheduler is gone."""
        self._look()
        if not self._threads and time.monotonic() - self._since > _RETURN:
            raise ValueError(f"cluster: no worker is left at {self._address}; {_KEPT}")
        with suppress(Empty):
            worker, cell, done = self._heard.get(timeout=_LOOK)
            if cell is None:
                self._judge(worker, done)
            elif self._busy.get(worker, {}).pop(cell.address, None):
                self._offer(worker)
                return cell, self._outcome(worker, done)
        return None

    def _outcome(self, worker: str, done: Any) -> Outcome:
        if isinstance(done, Failure | Lost):
            return done
        if worker not in self._threads:  # it was lost after it had finished the cell
            return _lost_with(worker)
        if done.status == "cancelled":
            raise ValueError(f"cluster: the Dask scheduler at {self._address} is gone; {_KEPT}")
        try:
            outcome: Outcome = self._fetch(worker, done)
            return outcome
        except _Gone:
            return _lost_with(worker)
        except Exception as error:
            from distributed import KilledWorker

            return _lost_with(worker) if isinstance(error, KilledWorker) else failure(error)

    def _fetch(self, worker: str, done: Any) -> Any:
        """Return the value of a finished task; _Gone if its worker was lost with it: Dask would wait for ever."""
        patience = _LOOK
        while done.status != "lost":
            try:
                return done.result(timeout=patience)
            except TimeoutError:
                if worker not in self._connected_workers():
                    break
                patience *= 2
        raise _Gone(f"{worker} is gone")

    # ---------------------------------------------------------------- connected workers

    def _await_workers(self) -> None:
        """Return once all connected workers are inspected and one may be used; ValueError if none may."""
        began = time.monotonic()
        while not (self._threads and not self._asked):
            self._look()
            waited = time.monotonic() - began
            if not self._asked and self._cannot_load and not self._threads:
                for worker, (threads, _) in self._cannot_load.items():  # the cells that they cannot load fail by name
                    self._use(worker, threads)
                return
            if self.left_out and not self._asked and not self._threads:
                raise ValueError(f"cluster: no worker may be used: {'; '.join(self.left_out.values())}")
            if waited > _WORKERS and not (self._asked or self._threads):
                raise ValueError(f"cluster: no worker has connected to {self._address} in {_WORKERS:.0f} s")
            if waited > _RETURN:
                if self._threads:
                    return
                raise ValueError(f"cluster: {', '.join(self._asked)} did not answer in {_RETURN:.0f} s")
            with suppress(Empty):
                worker, _, done = self._heard.get(timeout=0.1)
                self._judge(worker, done)

    def _look(self) -> None:
        """Inspect new workers, and mark the cells of lost workers as lost."""
        if time.monotonic() - self._looked < _LOOK and self._looked:
            return
        self._looked = time.monotonic()
        present = self._connected_workers()
        for worker in [*self._threads, *self._asked]:
            if worker not in present:
                self._part_with(worker)
        for worker in present:
            if not any(worker in known for known in (self._threads, self._asked, self._cannot_load, self.left_out)):
                future = self._submit(worker, inspect, self._samples, self._blas)
                self._asked[worker] = future, present[worker]
                future.add_done_callback(lambda done, worker=worker: self._heard.put((worker, None, done)))
        if self._threads:
            self._since = time.monotonic()

    def _connected_workers(self) -> dict[str, int]:
        """Return the number of threads of each connected worker."""
        try:
            return dict(self._client.nthreads())
        except Exception as error:
            text = f"cluster: the Dask scheduler at {self._address} is gone ({one_line(error)}); {_KEPT}"
            raise ValueError(text) from None

    def _part_with(self, worker: str) -> None:
        if self._asked.pop(worker, None):
            self._samples = []  # a sample may have killed the worker
        self._threads.pop(worker, None)
        for cell, future in self._busy.get(worker, {}).values():
            self._heard.put((worker, cell, _lost_with(worker)))
            if future is not None:
                future.cancel()

    def _use(self, worker: str, threads: int) -> None:
        self._threads[worker] = threads
        self._busy.setdefault(worker, {})
        self._offer(worker)

    def _judge(self, worker: str, done: Any) -> None:
        """Decide from an inspection whether a worker may be used."""
        if worker not in self._asked:  # it was lost meanwhile
            return
        _, threads = self._asked.pop(worker)
        try:
            found: Inspection = self._fetch(worker, done)
            reason = differences(self._here, found.environment)
        except Exception as error:  # it has no regretlab, or another version
            found, reason = Inspection({}, ()), one_line(error)
        failures = [said for said in found.samples if isinstance(said, Failure)]
        agrees = all(said in (own.address, *failures) for said, own in zip(found.samples, self._samples, strict=False))
        if reason or not agrees:
            self._leave_out(worker, reason or OTHER_ADDRESS)
        elif failures:
            self._cannot_load[worker] = threads, failures[0].text
        else:
            self._use(worker, threads)
        if self._threads and not self._asked:
            for other, (_, text) in self._cannot_load.items():
                if other not in self._threads:
                    self._leave_out(other, text)

    def _leave_out(self, worker: str, reason: str) -> None:
        self.left_out[worker] = f"worker {worker} is left out: {reason}"

    def close(self, stopped: bool) -> None:
        """Disconnect from the cluster; stopped: also stop the cells under way."""
        if stopped:
            ending = threading.Thread(target=self._stop_cells, daemon=True)
            ending.start()
            ending.join(_PATIENCE)
        with suppress(Exception):
            self._client.close(timeout=_PATIENCE)
        self._quiet.__exit__(None, None, None)

    def _stop_cells(self) -> None:
        """Cancel the cells that have not begun, and stop those that have."""
        futures = [future for busy in self._busy.values() for _, future in busy.values() if future is not None]
        with suppress(Exception):
            if futures and self._client.status == "running":
                self._client.cancel(futures, force=True)
                self._client.run(pickle.loads, pickle.dumps(_Call(_stop, (self._sweep,))), workers=list(self._threads))


class _Gone(Exception):
    """The worker that holds a value is not connected any more."""


def _lost_with(worker: str) -> Lost:
    return Lost(f"was lost with Dask worker {worker}")


_KEPT = "finished cells are kept, the same call goes on from there"


@contextmanager
def cluster_at(address: str) -> Iterator[Any]:
    """Yield a client of the Dask scheduler at `address`; ValueError if none answers."""
    with _silenced():
        client = _connected(address)
        try:
            yield client
        finally:
            with suppress(Exception):
                client.close(timeout=_PATIENCE)


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise ValueError("cluster needs the extra: pip install 'regretlab[cluster]'") from None
    try:
        return Client(address, timeout=_SCHEDULER, set_as_default=False)
    except Exception as error:
        raise ValueError(f"cluster: no Dask scheduler answers at {address}: {one_line(error)}") from None


@contextmanager
def _silenced() -> Iterator[None]:
    """Silence Dask's loggers and warnings; the pool reports what matters."""
    with suppress(ImportError):
        import distributed  # noqa: F401 - creates its loggers
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.split(".")[0] in _LOUD]
    before = [logger.disabled for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="distributed")
        for logger in loggers:
            logger.disabled = True
        try:
            yield
        finally:
            for logger, disabled in zip(loggers, before, strict=True):
                logger.disabled = disabled


class _Call:
    """A call that is made when its pickle is loaded inside a task, so that a failed import is an error of the task.

    A function that Dask itself failed to load would end the worker.
    """

    def __init__(self, function: Any, arguments: tuple[Any, ...]) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


# ---------------------------------------------------------------- in the worker

_flags: dict[str, stopping.Flag] = {}  # sweep -> its stop flag


def _answer(given: Parcel, sweep: str) -> bytes | Failure:
    """Return answer(given), stopped by the sweep's flag."""
    stopping.use(_flags.setdefault(sweep, stopping.new_flag()))
    return answer(given)


def _stop(sweep: str) -> None:
    """Stop the sweep's cells in this process."""
    _flags.setdefault(sweep, stopping.new_flag())[0] = 1
