"""JAX's process-wide settings do not change results, and the package does not change the settings."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys
import numpy as np
import jax
from bandits import threshold as th
from bandits.losses import BernoulliLosses, LossTable
from bandits.preference import INPO, PreferenceGame, SampledINPO, Comparisons, NoisyRow
from bandits.preference import StackelbergGDA, StackelbergGame, StackelbergMatch, games
from bandits.switching import Exp3, FullInformation, Hedge, SwitchingCostGame
from sims import simulate

hostile = {
    "jax_enable_x64": False,
    "jax_debug_nans": True,
    "jax_debug_infs": True,
    "jax_numpy_dtype_promotion": "strict",
    "jax_numpy_rank_promotion": "raise",
    "jax_default_matmul_precision": "bfloat16",
    "jax_disable_jit": sys.argv[1] == "interpreted",
    "jax_transfer_guard": "disallow",
}
if sys.argv[1] != "plain":
    for name, value in hostile.items():
        jax.config.update(name, value)
before = dict(jax.config.values)
table = LossTable(np.random.default_rng(0).random((64, 3)))
rps = games.rock_paper_scissors(0.3)
stackelberg = StackelbergMatch(StackelbergGame(rps, 0.1, 0.5), 20)
pairs = [
    (SwitchingCostGame(BernoulliLosses([0.3, 0.5, 0.7]), 64), Exp3(), "jax"),
    (SwitchingCostGame(table, 64, feedback=FullInformation()), Hedge(), "jax"),
    (SwitchingCostGame(table, 64, feedback=FullInformation()), Hedge(), "jax-float32"),
    (th.ThresholdGame(th.Synthetic(), 20, grid=5), th.OptimisticFeasibleSearch(), "jax"),
    (PreferenceGame(games.uniform_random(5, 0), 20, 0.1), INPO(), "numba"),
    (PreferenceGame(games.uniform_random(5, 0), 20, 0.1, feedback=NoisyRow(3, True)), INPO(), "numba"),
    (PreferenceGame(games.uniform_random(5, 0), 20, 0.1, feedback=Comparisons(8)), SampledINPO(), "numba"),
    (stackelberg, StackelbergGDA(0.5, 2.0), "numba"),
]
for problem, learner, backend in pairs:
    run = simulate(problem, learner, repetitions=3, backend=backend)
    print(type(learner).__name__, backend, run.values.tobytes().hex())
assert dict(jax.config.values) == before
"""


@pytest.fixture(scope="module")
def said():
    def run(mode):
        command = [sys.executable, "-c", SCRIPT, mode]
        done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.splitlines()

    return run


def test_the_numbers_are_the_same(said):
    plain = said("plain")
    assert len(plain) == 8
    for hostile in ("strict", "interpreted"):
        assert said(hostile) == plain
