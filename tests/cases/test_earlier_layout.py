"""Folders of results that an earlier version wrote, with all files of cells directly in `cells`."""

import polars
import pytest

from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, SwitchingCostGame
from sims import Cell, Store, run_sweep
from sims.collection import collect_folder
from sims.execute import pending

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 20)
CELLS = [Cell(GAME, Exp3(), 2, seed, labels={"seed_label": seed}) for seed in range(4)]


@pytest.fixture
def earlier(tmp_path):
    """Return a folder with the files of three cells, in the earlier layout."""
    run_sweep(CELLS[:3], tmp_path, keep_repetitions=True)
    for cell in CELLS[:3]:
        path = Store(tmp_path).path(cell)
        path.rename(tmp_path / "cells" / path.name)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    return tmp_path


def names(folder):
    return sorted(file.name for file in folder.glob("cells/**/*.parquet"))


def test_it_is_resumed_from_without_duplicate_work(earlier):
    assert pending(CELLS, earlier) == CELLS[3:]
    report = run_sweep(CELLS, earlier)
    assert (report.computed, report.reused, report.damaged) == (1, 3, ())
    assert polars.read_parquet(report.results)["seed_label"].unique().sort().to_list() == [0, 1, 2, 3]
    assert names(earlier) == sorted(f"{cell.address}.parquet" for cell in CELLS)
    assert len(Store(earlier).run(CELLS[0])["regret"]) == 2


def test_it_is_collected_with_cells_of_both_layouts(earlier, tmp_path_factory):
    run_sweep(CELLS, earlier)
    new = tmp_path_factory.mktemp("new")
    run_sweep(CELLS[:3], new, keep_repetitions=True)
    run_sweep(CELLS, new)
    both = [collect_folder(folder) for folder in (earlier, new)]
    assert [found.cells for found in both] == [4, 4]
    assert both[0].path.read_bytes() == both[1].path.read_bytes()


def test_a_damaged_file_is_replaced(earlier):
    damaged = earlier / "cells" / f"{CELLS[1].address}.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    report = run_sweep(CELLS[:3], earlier)
    assert (report.computed, report.reused, len(report.damaged)) == (1, 2, 1)
    assert not damaged.exists()
    assert Store(earlier).path(CELLS[1]).exists()
    assert run_sweep(CELLS[:3], earlier).reused == 3


def test_results_that_are_computed_again_are_kept_once(earlier):
    assert run_sweep(CELLS[:3], earlier).reused == 3
    (earlier / "cells" / f"{CELLS[0].address}.parquet").unlink()
    assert run_sweep(CELLS[:3], earlier).computed == 1
    assert collect_folder(earlier).cells == 3
