"""The files of a sweep: their mode, what a killed collection leaves, a disk that is full."""

import os
import stat

import pytest

import sims.dataset
from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, SwitchingCostGame
from sims import Cell, run_sweep
from sims.files import StoreError

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 20)
CELLS = [Cell(GAME, Exp3(), 2, seed) for seed in range(2)]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o007, 0o660)])
def test_files_follow_the_umask(mask, mode, tmp_path):
    before = os.umask(mask)
    try:
        report = run_sweep(CELLS, tmp_path)
    finally:
        os.umask(before)
    files = [report.results, *tmp_path.glob("cells/*/*")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {mode}


def test_what_a_killed_run_left_is_removed(tmp_path):
    wanted = run_sweep(CELLS, tmp_path).results.read_bytes()
    files = sorted(file.name for file in tmp_path.rglob("*"))
    for name in ("results.parquet.tmp", "cells/x.parquet.tmp", "failed/x.json.tmp"):
        (tmp_path / name).write_bytes(b"half")
    mine = [tmp_path / "mine.tmp", tmp_path / "mine" / "notes.tmp"]
    mine[1].parent.mkdir()
    for path in mine:
        path.write_bytes(b"not the sweep's")
    assert run_sweep(CELLS, tmp_path).results.read_bytes() == wanted
    assert sorted(file.name for file in tmp_path.rglob("*")) == sorted([*files, "mine", "mine.tmp", "notes.tmp"])


class Full:
    """A Parquet writer on a full disk."""

    def __init__(self, *args, **options):
        pass

    def __enter__(self):
        return self

    def write_table(self, table):
        raise OSError(28, "No space left on device")

    def __exit__(self, *error):
        raise OSError(28, "No space left on device")


def test_a_full_disk_while_collecting(tmp_path, monkeypatch):
    monkeypatch.setattr(sims.dataset.pq, "ParquetWriter", Full)
    with pytest.raises(StoreError, match=r"results\.parquet: No space left on device; finished cells are kept"):
        run_sweep(CELLS, tmp_path)
    monkeypatch.undo()
    assert list(tmp_path.glob("*.tmp")) == []
    assert run_sweep(CELLS, tmp_path).reused == 2
