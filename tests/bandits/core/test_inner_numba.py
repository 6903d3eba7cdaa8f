"""Numba's internals: as expected in this version, and replaced by plain Numba where they differ."""

import os
import subprocess
import sys

import pytest

from bandits.core.jit import inner_parts

PLAINLY = """
import warnings
import numba.core.runtime.context as context
warnings.simplefilter("ignore")
if CHANGED:
    before = context.NRTContext.get_meminfos
    context.NRTContext.get_meminfos = lambda self, *other: before(self, *other)
from bandits.core import jit
from bandits.losses import BernoulliLosses
from bandits.switching import BatchedExp3, SwitchingCostGame
from sims import simulate
from sims.engines import compiled
compiled.LEAST_FOR_LANES = compiled._WORTH_COMPILING = 0
assert (jit.inner_parts() is None) == CHANGED
game = SwitchingCostGame(BernoulliLosses([0.3, 0.5, 0.4]), 300)
assert compiled.width_of(game, BatchedExp3(), 20, 300, 1) == (1 if CHANGED else 16)
print(simulate(game, BatchedExp3(), repetitions=20, seed=1, threads=1).values.tobytes().hex())
"""


def test_the_inner_parts_of_the_numba_in_use_are_as_expected():
    assert inner_parts() is not None


@pytest.mark.slow
def test_a_numba_with_other_inner_parts_gives_the_same_numbers_uncached(tmp_path):
    """Where an internal part is missing or takes other arguments, plain Numba compiles."""
    cache = tmp_path / "kernels"
    environment = os.environ | {"REGRETLAB_CACHE_DIR": str(cache)}

    def numbers(changed):
        command = [sys.executable, "-c", PLAINLY.replace("CHANGED", str(changed))]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    without = numbers(True)
    assert not cache.exists()
    assert numbers(False) == without
    assert any(cache.iterdir())
