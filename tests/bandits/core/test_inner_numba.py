"""Numba's internals: as expected in this version, and replaced by plain Numba where they differ."""

import os
import subprocess
import sys

import pytest
from numba.core.bytecode import FunctionIdentity

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


NUMBERED = """
import os
from bandits.core.jit import inner_parts
from numba.core.bytecode import FunctionIdentity
assert inner_parts() is not None
child = os.fork()
os.write(1, b"%d " % next(FunctionIdentity._unique_ids))
if child:
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_no_two_processes_number_their_functions_alike():
    """Neither a process beside another nor one forked from it."""
    done = subprocess.run([sys.executable, "-c", NUMBERED], capture_output=True, text=True)
    numbers = [int(number) for number in done.stdout.split()]
    assert len(numbers) == 2, done.stderr
    assert len({*numbers, next(FunctionIdentity._unique_ids)}) == 3
    assert min(numbers) > 2**32  # false alarm: 2^-27


FACTORY = """
import sys
from bandits.core.jit import program, rare_kernel, shared_kernel

def factory(decorator, value):
    @decorator
    def part(t):
        return value + t * t
    return part

def whole(first, second):
    @program
    def main(t):
        return first(t), second(t)
    return main

for decorator in rare_kernel, shared_kernel:
    parts = [factory(decorator, value) for value in (10, 20)]
    print(*whole(*(parts[int(which)] for which in sys.argv[1]))(2))
"""


@pytest.mark.slow
def test_parts_kept_by_two_processes_are_told_apart_in_a_third(tmp_path):
    """They come from one factory, and were the first that either process has compiled."""

    def results(which, cache):
        environment = os.environ | {"REGRETLAB_CACHE_DIR": str(tmp_path / cache)}
        done = subprocess.run([sys.executable, "-c", FACTORY, which], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert results("00", "one") == ["14", "14"] * 2
    assert results("11", "other") == ["24", "24"] * 2
    for path in (tmp_path / "other").iterdir():
        path.rename(tmp_path / "one" / path.name)
    assert results("01", "one") == ["14", "24"] * 2
