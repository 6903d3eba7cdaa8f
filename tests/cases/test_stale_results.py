"""No stale number: after an edit, `simulate` and a sweep give the new one, for every kind of edited code.

One folder of results and one kernel cache see three processes: the first version, the same again, an edited one.
"""

import json
import os
import subprocess
import sys

import pytest

MODULE = """
import functools
from dataclasses import dataclass
from typing import ClassVar, NamedTuple
import jax.numpy as jnp
import numpy as np
from bandits.core.jit import kernel
from bandits.losses import LossProcess, LossSteps, LossTable
from bandits.preference import INPO, PreferenceGame, games
from bandits.protocol import Learner, LearnerSteps, RoundProblem, ProblemSteps
from bandits.switching import Bandit, Exp3, SwitchingCostGame
from sims import Cell
import lab.settings

class Params(NamedTuple):
    n: int
class State(NamedTuple):
    n: int
class Setting(NamedTuple):
    n: int

@kernel
def init(params, rng): return State(0)
@kernel
def act(params, state, t, rng): return lab.settings.A
@kernel
def update(params, state, t, action, feedback, rng): return state

@dataclass(frozen=True)
class Compiled(Learner):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
    accepts: ClassVar[tuple] = (Bandit, type(None))
    def parameters(self, problem): return Params(1)

@kernel
def first(params, state, t, rng): return 0

@dataclass(frozen=True)
class First(Compiled):
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, first, update)

@dataclass(frozen=True)
class Batched(Learner):
    accepts: ClassVar[tuple] = (Bandit,)
    def parameters(self, problem): return Params(1)
    def play(self, problem, seed, first, count, rounds):
        return np.full((count, len(rounds), len(problem.metrics)), 10.0 * helped())

def helped(): return lab.settings.A

@kernel
def losses_init(setting, env): return State(0)
@kernel
def advance(setting, state, t, env): return state
@kernel
def loss(setting, state, t, arm): return 1.0 * lab.settings.A
@kernel
def totals(setting, state, n, out): out[:] = n * 1.0 * lab.settings.A

@dataclass(frozen=True)
class OwnLosses(LossProcess):
    n_actions: int = 2
    steps: ClassVar[LossSteps] = LossSteps(losses_init, advance, loss, totals)
    def setting(self, horizon): return Setting(2)

    def level(self): return lab.settings.A

@dataclass(frozen=True)
class AsksTheLosses(Learner):
    accepts: ClassVar[tuple] = (Bandit,)
    def parameters(self, problem): return Params(1)
    def play(self, problem, seed, first, count, rounds):
        return np.full((count, len(rounds), len(problem.metrics)), 10.0 * problem.losses.level())

class Loss(NamedTuple):
    loss: int

@kernel
def start(setting, env): return State(0)
@kernel
def respond(setting, world, t, action, env): return 0.0, State(world.n + lab.settings.A)
@kernel
def measure(setting, world, n): return Loss(world.n)

@dataclass(frozen=True)
class OwnProblem(RoundProblem):
    horizon: int = 10
    @property
    def metrics(self): return ("loss",)
    @property
    def steps(self): return ProblemSteps(start, respond, measure)
    def setting(self): return Setting(2)

@dataclass(frozen=True)
class SelfPlayed(INPO):
    @staticmethod
    def step(params, state, t, ask):
        return INPO.step(params, state, t, ask) if lab.settings.A else state

@kernel
def count(setting, world, t, action, env): return 0.0, State(world.n + 1)

@dataclass(frozen=True)
class OwnHorizon(OwnProblem):
    horizon: ClassVar[int] = 10 * lab.settings.A or 1
    @property
    def steps(self): return ProblemSteps(start, count, measure)

@dataclass(frozen=True)
class Wrapped(INPO):
    @staticmethod
    @functools.wraps(INPO.step)
    def step(params, state, t, ask):
        return INPO.step(params, state, t, ask) if lab.settings.A else state

table = LossTable(np.tile([0.0, 1.0], (10, 1)))
rows = PreferenceGame(games.rock_paper_scissors(0.3), horizon=10, regularization=0.1, reference=[0.5, 0.3, 0.2])
PAIRS = {
    "kernel": (Cell(SwitchingCostGame(table, 10), Compiled()), "loss"),
    "play of its own": (Cell(SwitchingCostGame(table, 10), Batched()), "loss"),
    "loss process": (Cell(SwitchingCostGame(OwnLosses(), 10), First()), "loss"),
    "problem": (Cell(OwnProblem(), First()), "loss"),
    "method of the losses": (Cell(SwitchingCostGame(OwnLosses(), 10), AsksTheLosses()), "loss"),
    "horizon": (Cell(OwnHorizon(), First()), "loss"),
    "wrapped self-play step": (Cell(rows, Wrapped(1.0)), "kl"),
    "self-play step": (Cell(rows, SelfPlayed(1.0)), "kl"),
}
"""
PLAY = """
import json, sys
sys.path.insert(0, ".")
import polars
from mine import PAIRS
from sims import run_sweep, simulate
found = {}
for name, (cell, metric) in PAIRS.items():
    report = run_sweep([cell], f"out/{name}", workers=1)
    table = polars.read_parquet(report.results).filter(polars.col("metric") == metric)
    found[name] = simulate(cell.problem, cell.learner).final(metric)[0], table["mean"][-1], report.reused, report.failed
print(json.dumps(found))
"""
KINDS = ["kernel", "play of its own", "loss process", "problem", "method of the losses"]
OTHERS = ["horizon", "self-play step", "wrapped self-play step"]  # whose numbers are not 0 and 10


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """Return what each of the three processes found, by kind."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "lab").mkdir()
    (folder / "lab" / "__init__.py").write_text("")
    (folder / "mine.py").write_text(MODULE)
    environment = os.environ | {"REGRETLAB_CACHE_DIR": str(folder / "kernels"), "PYTHONDONTWRITEBYTECODE": "1"}
    found = []
    for value in (0, 0, 1):
        (folder / "lab" / "settings.py").write_text(f"A = {value}\n")
        command = [sys.executable, "-c", PLAY]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    return found


@pytest.mark.parametrize("kind", [*KINDS, *OTHERS])
def test_an_edit_is_computed_and_what_is_unchanged_is_reused(versions, kind):
    first, again, edited = (version[kind] for version in versions)
    assert [version[3] for version in (first, again, edited)] == [{}, {}, {}]
    assert [version[2] for version in (first, again, edited)] == [0, 1, 0]
    assert first[0] == first[1] == again[0] == again[1]
    assert edited[0] == edited[1] != first[0]
    if kind in KINDS:
        assert (first[0], edited[0]) == (0.0, 10.0)
