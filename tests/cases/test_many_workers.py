"""Which worker of a cluster gets the next cell: the least loaded, found in a heap with outdated entries."""

import numpy as np
import pytest

from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, SwitchingCostGame
from sims import Cell, dask_workers
from sims.dask_workers import DaskPool

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 20)


class Future:
    """A task that is never done by itself."""

    def add_done_callback(self, heard):
        pass

    def cancel(self):
        pass


@pytest.fixture
def pool(monkeypatch):
    """Return a pool without a cluster."""
    monkeypatch.setattr(DaskPool, "__init__", lambda self: None)
    monkeypatch.setattr(DaskPool, "_submit", lambda *_: Future())
    monkeypatch.setattr(dask_workers, "parcel", lambda *_: None)
    made = DaskPool()
    made._threads, made._busy, made._free, made._asked = {}, {}, [], {}
    made._keep, made._sweep = False, "sweep"
    made._heard = type("Heard", (), {"put": lambda *_: None})()
    return made


def load(pool, worker):
    return len(pool._busy[worker]) / (pool._threads[worker] + 1)


def test_cells_go_to_the_least_loaded_as_workers_come_and_go(pool):
    rng, cells = np.random.default_rng(4), iter([Cell(GAME, Exp3(), 1, seed) for seed in range(100)])
    sent = 0
    for step in range(600):
        kind, workers = rng.integers(10), list(pool._threads)
        under_way = [(worker, address) for worker in workers for address in pool._busy[worker]]
        if step < 5 or kind == 0:
            pool._use(f"worker {rng.integers(20)}", int(rng.integers(1, 4)))
        elif kind == 1 and len(workers) > 3:
            pool._part_with(workers[rng.integers(len(workers))])
        elif kind < 5 and under_way:
            worker, address = under_way[rng.integers(len(under_way))]
            del pool._busy[worker][address]
            pool._offer(worker)
        least = min(load(pool, worker) for worker in pool._threads)
        assert pool.room() == (least < 1)
        assert pool.room(alone=True) == (least == 0)
        if pool.room() and (cell := next(cells, None)):
            pool.send(cell)
            sent += 1
            (given,) = [worker for worker in pool._threads if cell.address in pool._busy[worker]]
            assert (len(pool._busy[given]) - 1) / (pool._threads[given] + 1) == least
        assert len(pool._free) <= 4 * 20 + 4
    assert sent > 50
