"""The table of a sweep of many cells: a folder of files that is read as one, and replaced as a whole."""

import gc
import json
import os
import stat
import tracemalloc

import pandas
import polars
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, SwitchingCostGame
from sims import Cell, Store, collection, dataset, execute, files, run_sweep
from sims.collection import collect_folder
from sims.files import StoreError
from sims.labels import label_table
from sims.store import open_store
from sims.summary import summary

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 20)
CELLS = [
    Cell(GAME, Exp3(), 2, seed, labels={"point": 100 - n, "half": n / 2 if n % 3 else None, "word": "ab"[n % 2]})
    for n, seed in enumerate((3, 1, 4, 0, 5, 9, 2, 6, 1))
]


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """Return the folder of the same sweep, with its table in one file."""
    folder = tmp_path_factory.mktemp("single")
    assert run_sweep(CELLS, folder).results.is_file()
    return folder


@pytest.fixture(params=[True, False], ids=["exchanged", "renamed twice"])
def in_parts(request, monkeypatch):
    """Make files of four cells, on a system that exchanges folders in one step or not."""
    monkeypatch.setattr(dataset, "CELLS_PER_FILE", 4)
    if not request.param:
        monkeypatch.setattr(files, "_exchanged", lambda one, other: False)


def left_over(folder):
    return [path.name for path in folder.glob("*results*") if path.name != "results.parquet"]


def test_the_parts_are_the_single_file(in_parts, single, tmp_path):
    path, wanted = run_sweep(CELLS, tmp_path, workers=2).results, polars.read_parquet(single / "results.parquet")
    assert [file.name[:11] for file in dataset.files_of(path)] == [f"part-0000{n}-" for n in range(3)]
    assert path == tmp_path / "results.parquet"
    for frame in (polars.scan_parquet(path).collect(), polars.read_parquet(path), Store(tmp_path).frame()):
        assert_frame_equal(frame, wanted)
    pandas.testing.assert_frame_equal(pandas.read_parquet(path), pandas.read_parquet(single / "results.parquet"))
    assert list(dict.fromkeys(wanted["point"])) == [cell.labels["point"] for cell in CELLS]
    assert {pq.read_schema(file) for file in path.iterdir()} == {pq.read_schema(single / "results.parquet")}
    lazy = Store(tmp_path).scan().filter(metric="regret", round=20).select("point", "mean").collect()
    assert_frame_equal(lazy, wanted.filter(metric="regret", round=20).select("point", "mean"))
    said = [json.loads(pq.read_metadata(file).metadata[b"regretlab"]) for file in dataset.files_of(path)]
    assert [part["cells"] for part in said] == [4, 4, 1]


def test_the_summary_is_that_of_the_single_file(in_parts, single, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "_GROUP_CELLS", 3)
    report = run_sweep(CELLS, tmp_path)
    assert summary(report.results) == summary(single / "results.parquet")
    assert summary(report.results)[1][2:4] == ["8", "16"]  # cells 1 and 8 have one address


def test_the_summary_of_cells_in_several_row_groups(single, tmp_path):
    table = pq.read_table(single / "results.parquet")
    for size in (5, 7, len(table)):
        pq.write_table(table, tmp_path / "results.parquet", row_group_size=size)
        assert summary(tmp_path / "results.parquet") == summary(single / "results.parquet")
    pq.write_table(table.slice(0, 0), tmp_path / "results.parquet")
    assert len(summary(tmp_path / "results.parquet")) == 1


def test_what_was_there_is_replaced_by_more_or_fewer_cells(in_parts, tmp_path):
    for count in (9, 4, 5, 8, 1, 9):
        report = run_sweep(CELLS[:count], tmp_path)
        assert polars.read_parquet(report.results)["point"].unique().len() == count
        assert report.results.is_dir() == (count > 4)
        assert left_over(tmp_path) == []


def test_a_reader_meanwhile_never_reads_parts_of_both_tables(in_parts, tmp_path):
    path = run_sweep(CELLS, tmp_path).results
    old = {file: file.read_bytes() for file in dataset.files_of(path)}
    run_sweep([*CELLS[:4], *CELLS[5:]], tmp_path)
    still = [file.read_bytes() == content for file, content in old.items() if file.exists()]
    assert still == [True]  # the first part, which is the same in both
    assert len(dataset.files_of(path)) == 2


@pytest.mark.parametrize("count", [4, 9])
def test_a_link_to_what_is_gone_is_replaced(in_parts, count, tmp_path):
    (tmp_path / "results.parquet").symlink_to(tmp_path / "gone")
    path = run_sweep(CELLS[:count], tmp_path).results
    assert (path.is_symlink(), polars.read_parquet(path)["point"].n_unique()) == (False, count)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("name", ["run[12]", "x*y", "seed=70"])
@pytest.mark.parametrize("count", [4, 9])
def test_the_frame_is_that_of_the_folder_whatever_its_name(in_parts, name, count, tmp_path):
    run_sweep(CELLS[:2], tmp_path / "xy")  # which "x*y" would match, too
    run_sweep(CELLS[:count], tmp_path / name)
    frame = Store(tmp_path / name).frame()
    assert set(frame["point"]) == {cell.labels["point"] for cell in CELLS[:count]}
    assert set(frame["seed"]) == {cell.seed for cell in CELLS[:count]}


def test_all_cells_of_a_folder(in_parts, single, tmp_path):
    run_sweep(CELLS[:5], tmp_path, collect=False)
    run_sweep(CELLS[5:], tmp_path, collect=False)
    found, wanted = collect_folder(tmp_path), collect_folder(single, tmp_path / "single.parquet")
    assert (found.cells, found.path.is_dir()) == (8, True)
    assert polars.read_parquet(found.path)["cell"].is_sorted()
    assert_frame_equal(polars.read_parquet(found.path), polars.read_parquet(wanted.path))


@pytest.mark.parametrize("place", ["synced", "swap"])
@pytest.mark.parametrize("error", [RuntimeError("stopped"), OSError(28, "No space left on device")])
def test_a_stop_before_the_parts_are_in_place_leaves_the_old_table(in_parts, place, error, tmp_path, monkeypatch):
    for before in (3, 9):
        wanted = polars.read_parquet(run_sweep(CELLS[:before], tmp_path).results)
        with monkeypatch.context() as patch:
            patch.setattr(dataset, place, lambda *paths: (_ for _ in ()).throw(error))
            with pytest.raises(StoreError if isinstance(error, OSError) else RuntimeError):
                run_sweep(CELLS[:7], tmp_path)
        assert_frame_equal(polars.read_parquet(tmp_path / "results.parquet"), wanted)
        assert left_over(tmp_path) == []


def test_a_kill_between_the_renames_is_mended_when_the_folder_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "CELLS_PER_FILE", 4)
    monkeypatch.setattr(files, "_exchanged", lambda one, other: False)
    wanted = polars.read_parquet(run_sweep(CELLS, tmp_path).results)
    table, aside, new = (tmp_path / name for name in ("results.parquet", ".results.parquet.replaced", "half"))
    for renamed in (False, True):
        table.rename(aside)
        if renamed:
            new.mkdir()
            (new / "part-00000.parquet").write_bytes(next(aside.iterdir()).read_bytes())
            new.rename(table)
        with open_store(tmp_path):
            assert not aside.exists()
            assert not (tmp_path / "results.parquet.tmp").exists()
            assert len(dataset.files_of(table)) == (1 if renamed else 3)
            if not renamed:
                assert_frame_equal(polars.read_parquet(table), wanted)


def test_a_failed_rename_puts_the_old_table_back(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_exchanged", lambda one, other: False)
    old = tmp_path / "old"
    old.mkdir()
    with pytest.raises(FileNotFoundError):
        files.swap(tmp_path / "missing", old)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_killed_collection_leaves_nothing(in_parts, tmp_path):
    half = tmp_path / "results.parquet.tmp"
    half.mkdir()
    (half / "part-00007.parquet").write_bytes(b"half")
    assert len(dataset.files_of(run_sweep(CELLS, tmp_path).results)) == 3
    assert left_over(tmp_path) == []


def test_two_collections_into_one_table(single, tmp_path, monkeypatch):
    """The second is refused while the first is under way, which then ends as if alone."""
    out, read, said = tmp_path / "all.parquet", collection.read_cell, []

    def read_meanwhile(path):
        with pytest.raises(StoreError, match=r"all\.parquet is being written by another command") as error:
            collect_folder(single, out)
        said.append(error)
        return read(path)

    wanted = collect_folder(single, tmp_path / "alone.parquet").path.read_bytes()
    monkeypatch.setattr(collection, "read_cell", read_meanwhile)
    assert collect_folder(single, out).path.read_bytes() == wanted
    assert len(said) == 8


@pytest.mark.parametrize("name", [".", "..", "", "missing/all.parquet"])
def test_a_table_without_a_place(name, single, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"out must be the name of a file|no folder missing"):
        collect_folder(single, name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_other_files_is_seen_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "compute", lambda cell, keep: pytest.fail("computed"))
    for name in ("results.parquet", "results.parquet.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text("mine")
        with pytest.raises(StoreError, match=rf"{name}.* holds notes\.txt"):
            run_sweep(CELLS, tmp_path)
        (tmp_path / name / "notes.txt").unlink()
        (tmp_path / name).rmdir()


@pytest.mark.parametrize("name", ["notes.txt", None])
def test_a_folder_of_other_files_is_not_replaced(name, single, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    for file in (name, name and "part-00000.parquet"):
        if file:
            (mine / file).write_text("mine")
    before = sorted(mine.iterdir())
    with pytest.raises(StoreError, match=r"it is a folder that (holds notes\.txt|is empty)"):
        collect_folder(single, mine)
    assert sorted(mine.iterdir()) == before


def test_parts_follow_the_umask(monkeypatch, tmp_path):
    monkeypatch.setattr(dataset, "CELLS_PER_FILE", 4)
    before = os.umask(0o027)
    try:
        path = run_sweep(CELLS, tmp_path).results
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()} == {0o640}


def test_failed_cells_are_left_out_of_their_part(single, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "CELLS_PER_FILE", 2)
    store, tables = Store(single), []
    for number, cell in enumerate(CELLS):
        tables.append(None if number in (2, 3, 4) else store.load(cell))
    labels = label_table([{"number": n} for n in range(len(CELLS))], [])
    path = tmp_path / "some.parquet"
    assert dataset.write_table(path, ((tables[own], labels[own]) for own in dataset.parts_of(len(CELLS)))) == 6
    assert list(dict.fromkeys(polars.read_parquet(path)["number"])) == [0, 1, 5, 6, 7, 8]
    assert [pq.read_metadata(file).num_rows > 0 for file in dataset.files_of(path)] == [True, False, True, True, True]


@pytest.mark.slow
def test_a_cell_costs_the_command_less_than_a_kilobyte(tmp_path, monkeypatch):
    """1,000 cells more, the cells themselves included, allocate less than 1 MB more at the peak, without a table."""
    monkeypatch.setattr(execute, "compute", lambda cell, keep: b"results")

    def peak(count, folder):
        learner = Exp3()
        gc.collect()
        tracemalloc.start()
        try:
            cells = [Cell(GAME, learner, 2, seed, labels={"point": seed}) for seed in range(count)]
            assert run_sweep(cells, folder, workers=1, collect=False).computed == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10, tmp_path / "first")  # imports, and compiled code's digests
    small, *large = (peak(n, tmp_path / str(place)) for place, n in enumerate((500, 1500, 1500)))
    assert min(large) - small < 1000 * 1000, (small, large)  # the interpreter's table of names doubles at some point
