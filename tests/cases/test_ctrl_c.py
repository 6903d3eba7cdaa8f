"""One press of Ctrl-C: it ends within two seconds, with one line and no process left; resuming gives the same bytes."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from bandits.core import stopping
from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, SwitchingCostGame
from sims import simulate

SPEC = """
repetitions = 100
backend = "BACKEND"
[axes]
seed_label = [1, 2, 3]
[[problem]]
type = "SwitchingCostGame"
losses = { type = "BernoulliLosses", means = [0.5, 0.4] }
horizon = "$horizon"
axes = { horizon = [64, HORIZON] }
[[learner]]
type = "Exp3"
"""


@pytest.mark.parametrize(
    ("options", "backend", "to_group"),
    [([], "numba", True), (["--processes"], "numba", True), (["--processes"], "numba", False), ([], "jax", False)],
)
def test_one_press_ends_a_sweep_of_long_cells(options, backend, to_group, tmp_path):
    spec = tmp_path / "sweep.toml"
    spec.write_text(SPEC.replace("BACKEND", backend).replace("HORIZON", "100000000"))
    command = [sys.executable, "-m", "sims", "sweep", str(spec), "--out", str(tmp_path / "out"), "--workers", "2"]
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("out/cells/*/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) == (2 if options else 0)
    pressed = time.monotonic()
    (os.killpg if to_group else os.kill)(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert time.monotonic() - pressed < 2.0
    assert (process.returncode, errors.count("\n")) == (130, 1)
    assert errors.startswith("regretlab: interrupted; what is finished is kept, run the same command to go on")
    assert psutil.wait_procs(children, timeout=0.5)[1] == []
    assert list(tmp_path.rglob("*.tmp")) == []


def test_a_raised_flag_stops_the_loop_and_gives_no_numbers():
    game = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 100)
    flag = stopping.new_flag()
    token = stopping._flag.set(flag)
    try:
        assert simulate(game, Exp3(), threads=1).repetitions == 1
        flag[0] = 1
        with pytest.raises(KeyboardInterrupt):
            simulate(game, Exp3(), threads=1)
        with pytest.raises(KeyboardInterrupt):
            simulate(game, Exp3(), backend="jax")
    finally:
        stopping._flag.reset(token)


def test_pieces_cover_the_rounds_and_end_at_multiples_of_64():
    pieces = list(stopping.pieces(100, 300_000))
    assert [end for _, end in pieces[:-1]] == [begin for begin, _ in pieces[1:]]
    assert (pieces[0][0], pieces[-1][1]) == (100, 300_000)
    assert all(end % 64 == 0 for _, end in pieces[:-1])
    assert len(pieces) > 3
