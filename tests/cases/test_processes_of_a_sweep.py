"""Worker processes: learners of the script itself, cells that crash their process, a parent that is killed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import psutil
import pytest

from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, SwitchingCostGame
from sims import Cell, run_sweep

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 20)


def cells(*learners):
    return [Cell(GAME, learner, 2, seed) for seed, learner in enumerate(learners)]


SCRIPT = """
import sys
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple
import numpy as np
from bandits.core.jit import kernel
from bandits.losses import BernoulliLosses
from bandits.protocol import Learner, LearnerSteps
from bandits.switching import Bandit, SwitchingCostGame
from sims import Cell, run_sweep

FIRST = 1

class Params(NamedTuple):
    n_actions: int

class State(NamedTuple):
    loss: Any

def made(offset):
    @kernel
    def helper(t, n):
        return (t + offset) % n
    return helper

turn = made(FIRST)

@kernel
def init(params, rng):
    return State(np.zeros(params.n_actions))

@kernel
def act(params, state, t, rng):
    return turn(t, params.n_actions)

@kernel
def update(params, state, t, action, loss, rng):
    state.loss[action] += loss
    return state

@dataclass(frozen=True)
class RoundRobin(Learner):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def parameters(self, problem):
        return Params(problem.n_actions)

cells = [Cell(SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 50), RoundRobin(), 2, seed) for seed in (0, 1)]
out = sys.argv[-1]
reports = [run_sweep(cells, f"{out}/{kind}", kind=kind, workers=2) for kind in ("threads", "processes")]
assert [(r.computed, r.failed) for r in reports] == [(2, {})] * 2, reports
assert reports[0].results.read_bytes() == reports[1].results.read_bytes()
"""


@pytest.mark.parametrize("from_file", [True, False])
def test_a_learner_of_the_script_itself(from_file, tmp_path):
    """Also where the script has no guard, and where it comes from a pipe and has no file."""
    if from_file:
        (tmp_path / "script.py").write_text(SCRIPT)
        command, given = [sys.executable, str(tmp_path / "script.py"), str(tmp_path)], None
    else:
        command, given = [sys.executable, "-", str(tmp_path)], SCRIPT
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@dataclass(frozen=True)
class Deadly(Exp3):
    """Ends its process when it is played."""

    how: str = "exit"

    def parameters(self, problem):
        if os.environ.get("PYTEST_CURRENT_TEST_PID") != str(os.getpid()):
            if self.how == "exit":
                os._exit(7)
            if self.how == "raise":
                raise SystemExit(7)
            if self.how == "read":
                sys.stdin.read()
                return super().parameters(problem)
            if self.how == "recurse":
                return self.parameters(problem)
            os.kill(os.getpid(), getattr(signal, self.how))
        return super().parameters(problem)


@dataclass(frozen=True)
class Unloadable(Exp3):
    """Cannot be loaded by another process."""

    def __reduce__(self):
        return _only_here, (os.getpid(),)


def _only_here(owner):
    if os.getpid() != owner:
        raise ImportError("made to fail\non two lines")
    return Unloadable()


@dataclass(frozen=True)
class Untransportable(Exp3):
    """Cannot be pickled."""

    def __reduce__(self):
        raise TypeError("cannot travel")


def workers_of(process):
    """Return the worker processes of a sweep; others' tests may have left children of other kinds."""
    return [child for child in process.children() if "sims.worker_process" in " ".join(child.cmdline())]


def test_only_the_guilty_cell_fails_and_says_how(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_CURRENT_TEST_PID", str(os.getpid()))
    monkeypatch.setattr("sims.execute._ATTEMPTS", 2)
    guilty = [Deadly(how=how) for how in ("exit", "SIGSEGV", "SIGKILL", "raise", "recurse")]
    harmless = [Exp3(), Exp3(), Exp3(), Deadly(how="read")]  # one that reads finds nothing, and not the other cells
    work = cells(*[Exp3()] * 4, *guilty, Unloadable(), Untransportable(), *harmless)
    report = run_sweep(work, tmp_path, kind="processes", workers=2)
    assert report.computed == 8
    said = [report.failed[cell.address] for cell in work[4:11]]
    assert said[0].startswith("its process ended with exit status 7")
    assert said[1].startswith("its process was killed by SIGSEGV")
    assert said[2].startswith("its process was killed by SIGKILL")
    assert said[3] == "SystemExit: 7"
    assert said[4].startswith("RecursionError: ")
    assert said[5] == "ImportError: made to fail on two lines"
    assert said[6] == "TypeError: cannot travel"
    assert workers_of(psutil.Process()) == []


def test_no_process_outlives_a_killed_parent(tmp_path):
    script = (
        "import sys\nfrom tests.cases.test_processes_of_a_sweep import *\n"
        "long = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 10**9)\n"
        "run_sweep([Cell(long, Exp3(), 1, s) for s in range(4)], sys.argv[1], kind='processes', workers=2)\n"
    )
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=root)
    deadline = time.monotonic() + 60
    while len(children := psutil.Process(parent.pid).children()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 5
    while any(running(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [child for child in children if running(child)] == []
    assert len(children) == 2


def running(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE  # of which only init can dispose
    except psutil.NoSuchProcess:
        return False
