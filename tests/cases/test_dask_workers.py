"""Dask workers that cannot load a cell, have other libraries, die or are missing: a failed cell, or one line."""

import os
import sys
from dataclasses import dataclass

import polars
import pytest

from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, SwitchingCostGame
from sims import Cell, run_sweep, simulate
from sims.environment import environment, samples
from sims.modules import importable

distributed = pytest.importorskip("distributed")

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 20)
CELLS = [Cell(GAME, Exp3(), 2, seed) for seed in range(3)]
OWN = """
from dataclasses import dataclass
from bandits.switching import Exp3
@dataclass(frozen=True)
class Own(Exp3):
    pass
"""


def cluster(workers):
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0", silence_logs=50
    )


@pytest.fixture(scope="module")
def two_workers():
    with cluster(2) as running:
        yield running.scheduler_address


@dataclass(frozen=True)
class Deadly(Exp3):
    """Ends any other process."""

    owner: int = os.getpid()

    def parameters(self, problem):
        if os.getpid() != self.owner:
            os._exit(7)
        return super().parameters(problem)


def test_a_learner_that_the_workers_cannot_import_is_a_failed_cell(two_workers, tmp_path, monkeypatch):
    (tmp_path / "module_of_the_client.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    from module_of_the_client import Own

    own = Cell(GAME, Own(), 2)
    report = run_sweep([*CELLS, own], tmp_path / "out", cluster=two_workers)
    assert report.computed == 3
    assert report.failed == {own.address: "ModuleNotFoundError: No module named 'module_of_the_client'"}
    monkeypatch.delitem(sys.modules, "module_of_the_client")


BESIDE = """
from dataclasses import dataclass
from typing import ClassVar

from bandits.core.jit import kernel
from bandits.core.rng import uniform
from bandits.protocol import LearnerSteps
from bandits.switching import Exp3
from own_helper import cap

@kernel
def act(params, state, t, rng):
    return cap(int(uniform(rng, t, 0) * params.n_actions), params.n_actions)

@dataclass(frozen=True)
class Own(Exp3):
    steps: ClassVar[LearnerSteps] = LearnerSteps(Exp3.steps.init, act, Exp3.steps.update)

class Plain:
    def reset(self, problem, rng):
        pass
    def act(self, observation, rng):
        return cap(5, 2)
    def update(self, observation, action, feedback, rng):
        pass
"""
HELPER = """
from bandits.core.jit import kernel

@kernel
def cap(arm, n):
    return min(arm, n - 1)
"""


def test_modules_beside_the_file_of_a_sweep_are_sent_to_workers(two_workers, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "own_module.py").write_text(BESIDE)
    (tmp_path / "own_helper.py").write_text(HELPER)
    importable(tmp_path, ["own_module"])
    from own_module import Own, Plain

    cells = [Cell(GAME, Own(), 2), Cell(GAME, Plain(), 2, backend="python")]
    report = run_sweep(cells, tmp_path / "out", cluster=two_workers)
    assert (report.computed, report.failed, report.left_out) == (2, {}, ())
    here = simulate(GAME, Own(), repetitions=2).mean("loss")[-1]
    table = polars.read_parquet(report.results).filter(metric="loss", round=GAME.horizon, cell=cells[0].address)
    assert table["mean"].item() == here


def test_a_worker_with_other_libraries_is_left_out_by_name(two_workers, tmp_path, monkeypatch):
    """The workers are as always; the inspection of this process is changed."""
    monkeypatch.setattr("sims.dask_workers.environment", lambda blas: environment(blas) | {"numpy": "0.1"})
    with pytest.raises(ValueError, match=r"no worker may be used: worker tcp://\S+ is left out: numpy .* \(here 0.1\)"):
        run_sweep(CELLS, tmp_path, cluster=two_workers)
    assert list((tmp_path / "cells").iterdir()) == []


def test_a_worker_that_gives_a_cell_another_address_is_left_out(two_workers, tmp_path, monkeypatch):
    other = [sample._replace(address="0" * 32) for sample in samples(CELLS)]
    monkeypatch.setattr("sims.dask_workers.samples", lambda cells: other)
    with pytest.raises(ValueError, match="is left out: its code or libraries give a cell another address"):
        run_sweep(CELLS, tmp_path, cluster=two_workers)


def test_a_cell_that_kills_its_worker_fails_alone(tmp_path):
    with cluster(2) as running:
        deadly = Cell(GAME, Deadly(), 2)
        report = run_sweep([CELLS[0], deadly, *CELLS[1:]], tmp_path, cluster=running.scheduler_address)
    assert report.computed == 3
    assert list(report.failed) == [deadly.address]
    assert report.failed[deadly.address].startswith("its process was lost with Dask worker tcp://")


def test_a_cluster_without_workers_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("sims.dask_workers._WORKERS", 1.0)
    with cluster(0) as running, pytest.raises(ValueError, match=r"no worker has connected to tcp://.* in 1 s"):
        run_sweep(CELLS, tmp_path, cluster=running.scheduler_address)
