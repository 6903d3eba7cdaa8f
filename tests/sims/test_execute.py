"""Sweeps end with the same rows on any workers and after any interruption."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars
import psutil
import pyarrow.parquet as pq
import pytest

from bandits.losses import BernoulliLosses, LossTable
from bandits.switching import BatchedExp3, FullInformation, Hedge, SwitchingCostGame
from sims import simulate
from sims.cell_files import SCHEMA, encode
from sims.compute import compute
from sims.dask_workers import DaskPool
from sims.execute import estimate_seconds, pending, run_sweep
from sims.files import StoreError
from sims.store import Store, open_store
from sims.summary import summary
from sims.sweep import Cell, Precision
from tests.sims.cells import every_kind


def small_cells(count=12, horizon=50):
    game = SwitchingCostGame(BernoulliLosses.with_gap(3, 0.2), horizon)
    return [Cell(game, BatchedExp3(), 2, seed, labels={"point": seed}) for seed in range(count)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    report = run_sweep(every_kind(), folder, workers=1)
    assert (report.computed, report.reused, report.failed) == (len(every_kind()), 0, {})
    return (folder / "results.parquet").read_bytes()


def test_two_threads_give_the_same_bytes(undisturbed, tmp_path):
    assert run_sweep(every_kind(), tmp_path, workers=2).results.read_bytes() == undisturbed


def test_two_processes_give_the_same_bytes(undisturbed, tmp_path):
    assert run_sweep(every_kind(), tmp_path, workers=2, kind="processes").results.read_bytes() == undisturbed


def test_killed_and_resumed_gives_the_same_bytes(undisturbed, tmp_path):
    script = (
        "import sys, os, signal; sys.path.insert(0, sys.argv[2])\n"
        "from tests.sims.cells import every_kind\n"
        "from sims.execute import run_sweep\n"
        "count = [0]\n"
        "def die_half_way(rounds, failed):\n"
        "    count[0] += 1\n"
        "    if count[0] == 10: os.kill(os.getpid(), signal.SIGKILL)\n"
        "run_sweep(every_kind(), sys.argv[1], workers=2, progress=die_half_way)\n"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path), root], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert not (tmp_path / "results.parquet").exists()
    report = run_sweep(every_kind(), tmp_path, workers=2)
    assert 9 <= report.reused <= 11
    assert report.results.read_bytes() == undisturbed


def test_a_killed_process_is_replaced_and_its_cell_done_again(tmp_path):
    killed = []

    def workers():
        return [child for child in psutil.Process().children() if "sims.worker_process" in " ".join(child.cmdline())]

    def kill_one(rounds, failed):
        if not killed:
            killed.append(workers()[0])
            killed[0].kill()

    report = run_sweep(small_cells(40), tmp_path, workers=2, kind="processes", progress=kill_one)
    assert (report.computed, report.failed) == (40, {})
    assert killed
    assert workers() == []


class _BrokenFrom(ThreadPoolExecutor):
    """A pool that refuses work from its n-th cell on, as one does that has lost a process."""

    def __init__(self, n):
        super().__init__(1)
        self.left = n

    def submit(self, *args):
        self.left -= 1
        if self.left < 0:
            raise BrokenExecutor("a process died")
        return super().submit(*args)


def test_a_pool_that_stays_broken_fails_the_cells_and_ends(tmp_path):
    report = run_sweep(small_cells(6), tmp_path, executor=_BrokenFrom(2), collect=False)
    assert report.computed + len(report.failed) == 6
    assert set(report.failed.values()) == {"its process is gone: BrokenExecutor: a process died; tried 3 times"}


def test_dask_cluster_that_loses_a_worker_gives_the_same_bytes(undisturbed, tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as cluster:
        victims = [nanny.pid for nanny in cluster.workers.values()]
        killed = []

        def kill_one(rounds, failed):
            if not killed:
                killed.append(victims[0])
                os.kill(victims[0], signal.SIGKILL)

        report = run_sweep(every_kind(), tmp_path, workers=2, cluster=cluster.scheduler_address, progress=kill_one)
    assert killed
    assert report.failed == {}
    assert report.results.read_bytes() == undisturbed


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "not noticed yet"])
def test_a_dask_worker_that_is_lost_with_finished_cells_gives_the_same_bytes(
    noticed, undisturbed, tmp_path, monkeypatch
):
    distributed = pytest.importorskip("distributed")
    killed, overlooked = [], []
    look = DaskPool._look

    def look_later(pool):
        if killed and not (noticed or overlooked):
            overlooked.append(True)
        else:
            look(pool)

    monkeypatch.setattr(DaskPool, "_look", look_later)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        victim = cluster.workers[0]

        def kill_a_holder(rounds, failed):
            if not killed:
                until = time.monotonic() + 60
                while not client.has_what()[victim.worker_address] and time.monotonic() < until:
                    time.sleep(0.05)
                killed.append(client.has_what()[victim.worker_address])
                os.kill(victim.pid, signal.SIGKILL)
                while victim.worker_address in client.has_what() and time.monotonic() < until:
                    time.sleep(0.05)

        report = run_sweep(every_kind(), tmp_path, workers=2, cluster=cluster.scheduler_address, progress=kill_a_holder)
    assert killed[0]
    assert report.failed == {}
    assert report.results.read_bytes() == undisturbed


def test_no_cluster_there(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("sims.dask_workers._SCHEDULER", 0.5)
    with pytest.raises(ValueError, match="no Dask scheduler answers"):
        run_sweep(small_cells(1), tmp_path, cluster="tcp://127.0.0.1:1")


def test_stored_statistics_are_those_of_the_run(tmp_path):
    cell = small_cells(1)[0]
    run_sweep([cell], tmp_path)
    run = simulate(cell.problem, cell.learner, repetitions=2, seed=0)
    frame = Store(tmp_path).frame().filter(polars.col("metric") == "regret")
    assert frame["round"].to_list() == run.rounds.tolist()
    assert frame["mean"].to_list() == run.mean("regret").tolist()
    assert frame["std"].to_list() == run["regret"].std(axis=0, ddof=1).tolist()
    assert frame["point"].to_list() == [0] * len(run.rounds)


def test_repetitions_are_kept_on_request(tmp_path):
    cell = small_cells(1)[0]
    run_sweep([cell], tmp_path)
    report = run_sweep([cell], tmp_path, keep_repetitions=True)
    assert (report.computed, report.reused) == (1, 0), "statistics alone do not serve a request for repetitions"
    run = simulate(cell.problem, cell.learner, repetitions=2, seed=0)
    frame = Store(tmp_path).frame().filter(polars.col("metric") == "loss")
    assert np.array_equal(frame["mean"].to_numpy().reshape(2, -1), run["loss"])
    assert run_sweep([cell], tmp_path).reused == 1


def test_kept_repetitions_do_not_change_the_table_of_a_later_sweep(tmp_path):
    cells = [dataclasses.replace(cell, repetitions=5) for cell in every_kind()[:12]]
    run_sweep(cells[::2], tmp_path / "kept", keep_repetitions=True)
    paths = [run_sweep(cells, tmp_path / name).results for name in ("kept", "new")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert run_sweep(cells[::2], tmp_path / "kept", keep_repetitions=True).computed == 0
    assert polars.read_parquet(tmp_path / "kept" / "results.parquet")["repetition"].null_count() == 0


def test_a_kept_run_comes_back_as_it_was(tmp_path):
    kept, statistics = small_cells(2)
    run_sweep([kept], tmp_path, keep_repetitions=True, collect=False)
    run_sweep([statistics], tmp_path, collect=False)
    run = simulate(kept.problem, kept.learner, repetitions=2, seed=0)
    stored = Store(tmp_path).run(kept)
    assert np.array_equal(stored.values, run.values)
    assert np.array_equal(stored.rounds, run.rounds)
    assert (stored.seed, stored.first_repetition) == (run.seed, run.first_repetition)
    with pytest.raises(ValueError, match=f"does not hold the repetitions of cell {statistics.address}"):
        Store(tmp_path).run(statistics)
    assert not Store(tmp_path).results.exists()


def test_truncated_foreign_and_damaged_files_are_computed_again(tmp_path):
    cells = small_cells(4)
    wanted = run_sweep(cells, tmp_path).results.read_bytes()
    store = Store(tmp_path)
    whole = [store.path(c).read_bytes() for c in cells]
    store.path(cells[0]).write_bytes(whole[0][: len(whole[0]) // 2])
    store.path(cells[1]).write_bytes(whole[0])
    middle = bytearray(whole[2])
    middle[len(middle) // 8] ^= 0xFF
    store.path(cells[2]).write_bytes(middle)
    frame = polars.DataFrame({"x": [1]})
    frame.write_parquet(store.path(cells[3]))
    report = run_sweep(cells, tmp_path)
    assert (report.computed, len(report.damaged)) == (4, 4)
    assert report.results.read_bytes() == wanted


def test_a_failing_cell_is_recorded_and_the_rest_goes_on(tmp_path, monkeypatch):
    cells = small_cells(3)
    bad = cells[1].address

    def sometimes(cell, keep):
        if cell.address == bad:
            raise ArithmeticError("made to fail")
        return compute(cell, keep)

    monkeypatch.setattr("sims.execute.compute", sometimes)
    report = run_sweep(cells, tmp_path)
    assert (report.computed, list(report.failed)) == (2, [bad])
    note = json.loads((tmp_path / "failed" / f"{bad}.json").read_text())
    assert "made to fail" in note["error"]
    monkeypatch.undo()
    again = run_sweep(cells, tmp_path)
    assert (again.computed, again.reused, again.failed) == (1, 2, {})
    assert not (tmp_path / "failed" / f"{bad}.json").exists()


def test_full_disk_loses_nothing(tmp_path, monkeypatch):
    cells = small_cells(5)
    written = []
    original = Store.save

    def full(self, cell, content):
        if len(written) == 3:
            monkeypatch.setattr("sims.files.os.fsync", no_space)
        written.append(cell)
        original(self, cell, content)

    def no_space(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "save", full)
    with pytest.raises(StoreError, match="No space left on device; finished cells are kept"):
        run_sweep(cells, tmp_path, workers=1)
    monkeypatch.undo()
    assert sum(path.is_file() for path in tmp_path.glob("cells/**/*")) == 3, "no temporary file is left"
    assert run_sweep(cells, tmp_path).reused == 3


def test_two_sweeps_cannot_write_one_folder(tmp_path):
    with open_store(tmp_path), pytest.raises(StoreError, match="another sweep"):
        run_sweep(small_cells(1), tmp_path)


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        run_sweep(small_cells(1), tmp_path / "file")


def test_bad_options(tmp_path):
    with pytest.raises(ValueError, match="at least one cell"):
        run_sweep([], tmp_path)
    with pytest.raises(TypeError, match="cells must be a sequence of cells, got int"):
        run_sweep([3], tmp_path)
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        run_sweep(small_cells(1), tmp_path, workers=0)
    with pytest.raises(ValueError, match="kind must be 'threads' or 'processes', got 'fibres'"):
        run_sweep(small_cells(1), tmp_path, kind="fibres")


def test_an_executor_of_ones_own_and_duplicates(tmp_path):
    cells = small_cells(3)
    with ThreadPoolExecutor(2) as pool:
        report = run_sweep([*cells, *cells], tmp_path, executor=pool)
    assert (report.total, report.computed) == (3, 3)
    assert pending(cells, tmp_path) == []


def test_precision_asks_for_repetitions_reproducibly(tmp_path):
    game = SwitchingCostGame(BernoulliLosses.with_gap(3, 0.2), 200)
    loose, tight = (Cell(game, BatchedExp3(), 4, 5, precision=Precision(w)) for w in (1.0, 0.02))
    counts = []
    for cell in (loose, tight):
        report = run_sweep([cell], tmp_path)
        frame = polars.read_parquet(report.results).filter(polars.col("metric") == "regret")
        counts.append(frame["repetitions"][0])
    assert counts[0] == 4 < counts[1]
    run = simulate(game, BatchedExp3(), repetitions=counts[1], seed=5)
    low, high = run.interval("regret")
    assert 0.5 * (high[-1] - low[-1]) <= 0.02 * run.mean("regret")[-1]
    assert frame["mean"].to_list() == run.mean("regret").tolist(), "the same as asking for that many at once"
    capped = Cell(game, BatchedExp3(), 4, 5, precision=Precision(1e-9, limit=10))
    assert polars.read_parquet(run_sweep([capped], tmp_path).results)["repetitions"][0] == 10


def test_schema_has_units_and_provenance(tmp_path):
    cell = small_cells(1)[0]
    run_sweep([cell], tmp_path)
    schema = pq.read_schema(Store(tmp_path).path(cell))
    assert schema.names == SCHEMA.names
    assert all(b"unit" in SCHEMA.field(name).metadata for name in SCHEMA.names)
    tags = json.loads(schema.metadata[b"regretlab"])
    assert tags["configuration"]["seed"] == 0
    assert {"regretlab", "numpy", "numba", "jax"} == set(tags["versions"])
    run = simulate(cell.problem, cell.learner, repetitions=2, seed=0)
    assert encode(cell, run, False) == Store(tmp_path).path(cell).read_bytes(), "the same run gives the same bytes"


# ---------------------------------------------------------------- backends


def table_cells(backend):
    game = SwitchingCostGame(LossTable(np.random.default_rng(3).random((50, 3))), 50, feedback=FullInformation())
    return [Cell(game, Hedge(0.1), 70, seed, backend=backend) for seed in range(4)]


def test_jax_cells_on_any_number_of_workers(tmp_path):
    """Same bytes; another backend's cells in the same folder are computed, not taken over."""
    first = run_sweep(table_cells("jax"), tmp_path / "one", workers=1)
    second = run_sweep(table_cells("jax"), tmp_path / "two", workers=2)
    assert first.results.read_bytes() == second.results.read_bytes()
    assert (first.computed, run_sweep(table_cells("jax"), tmp_path / "one").reused) == (4, 4)
    double = polars.read_parquet(first.results)
    other = run_sweep(table_cells("jax-float32"), tmp_path / "one")
    assert (other.computed, other.reused) == (4, 0)
    single = polars.read_parquet(other.results)
    assert set(double["cell"]).isdisjoint(single["cell"])
    kept = simulate(table_cells("jax")[2].problem, Hedge(0.1), repetitions=70, seed=2, backend="jax")
    rows = double.filter((polars.col("cell") == table_cells("jax")[2].address) & (polars.col("metric") == "regret"))
    assert np.array_equal(rows["mean"], kept.mean("regret"))
    assert 0.0 < estimate_seconds(table_cells("jax"), workers=1) < 60.0


def test_a_cell_is_computed_once_and_listed_under_all_its_labels(tmp_path):
    cell = small_cells(1)[0]
    report = run_sweep([dataclasses.replace(cell, labels={"budget": n}) for n in (20, 40, 40)], tmp_path)
    assert (report.total, report.computed) == (1, 1)
    table = polars.read_parquet(report.results)
    assert table["budget"].unique().to_list() == [20, 40]
    header, row = summary(report.results)
    assert dict(zip(header, row))["repetitions"] == str(cell.repetitions)


def test_labels_that_hide_a_column_are_refused():
    cell = small_cells(1)[0]
    with pytest.raises(ValueError, match="labels must not contain 'mean': the results have a column of that name"):
        dataclasses.replace(cell, labels={"mean": 7})
    assert dataclasses.replace(cell, labels={"seed": cell.seed}).labels == {"seed": cell.seed}
