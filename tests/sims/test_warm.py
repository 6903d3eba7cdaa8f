"""Compiling ahead of a sweep."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bandits.losses import BernoulliLosses
from bandits.preference import HedgeSelfPlay, PreferenceGame, games
from bandits.switching import Bandit, Exp3, SwitchingCostGame, TsallisSwitch
from sims import Cell
from sims.side_by_side import side_by_side
from sims.warm import pairs_of, warm

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 50, 1.0, Bandit())


def test_there_is_one_cell_for_each_compiled_loop():
    again = SwitchingCostGame(BernoulliLosses([0.1, 0.9, 0.5]), 70, 1.0, Bandit())
    self_play = Cell(PreferenceGame(games.rock_paper_scissors(0.3), 9), HedgeSelfPlay(), 1, 0)
    cells = [Cell(GAME, Exp3(), 1, 0), Cell(again, Exp3(0.1), 1, 1), Cell(GAME, TsallisSwitch(), 1, 0), self_play]
    assert pairs_of(cells) == [cells[0], cells[2]]
    assert pairs_of([Cell(GAME, Exp3(), 1, 0, backend="jax")]) == []


def test_a_process_finds_what_another_compiled_ahead(tmp_path):
    """Compiled in the folder, a pair is read from it: the second call writes no file."""
    spec = tmp_path / "sweep.toml"
    spec.write_text(
        'seed = 1\n[[problem]]\ntype = "SwitchingCostGame"\nlosses = { type = "BernoulliLosses", means = [0.2, 0.4] }\n'
        'horizon = 40\n[[learner]]\ntype = "Exp3"\n'
    )
    kernels = tmp_path / "kernels"
    environment = os.environ | {"REGRETLAB_CACHE_DIR": str(kernels)}
    command = [str(Path(sys.executable).with_name("regretlab"))]
    subprocess.run([*command, "warm", str(spec), "--quiet"], env=environment, check=True)
    compiled = {path: path.stat().st_mtime_ns for path in kernels.iterdir()}
    assert compiled
    subprocess.run(
        [*command, "sweep", str(spec), "--out", str(tmp_path / "out"), "--quiet"], env=environment, check=True
    )
    assert {path: path.stat().st_mtime_ns for path in kernels.iterdir()} == compiled


def test_a_pair_that_does_not_compile_is_reported(monkeypatch):
    def refuse(*_):
        raise TypeError("no types")

    monkeypatch.setattr("sims.warm.compile_pair", refuse)
    ((cell, error),) = warm([Cell(GAME, Exp3(), 1, 0)], 1)
    assert (cell.learner, str(error)) == (Exp3(), "no types")


def end_or_negate(number):
    if number == 3:
        os._exit(1)
    if number == 2:
        raise ValueError("two")
    return -number


def test_results_and_errors_come_with_their_items_and_outlive_a_process_that_ends():
    found = dict(side_by_side(end_or_negate, range(6), 2))
    assert {item: result for item, result in found.items() if isinstance(result, int)} == {0: 0, 1: -1, 4: -4, 5: -5}
    assert isinstance(found[2], ValueError)
    assert isinstance(found[3], Exception)
    with pytest.raises(ValueError, match="two"):
        raise dict(side_by_side(end_or_negate, [1, 2], 1))[2]
