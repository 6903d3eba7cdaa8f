"""Overhead of a sweep: milliseconds per cell beyond the simulation, and memory as the number of cells grows.

Usage: python benchmarks/sweeps.py [CELLS]
"""

import resource
import subprocess
import sys
import tempfile
import time

from bandits.losses import BernoulliLosses
from bandits.switching import BatchedExp3, SwitchingCostGame
from sims import Cell, run_sweep, simulate


def small_cells(count: int) -> list[Cell]:
    game = SwitchingCostGame(BernoulliLosses.with_gap(4, 0.1), 100)
    return [Cell(game, BatchedExp3(), 4, seed, labels={"point": seed}) for seed in range(count)]


def measure(count: int) -> None:
    warm = small_cells(1)[0]
    simulate(warm.problem, warm.learner, repetitions=4, threads=1)
    began = time.perf_counter()
    for _ in range(200):
        simulate(warm.problem, warm.learner, repetitions=4, threads=1)
    own = (time.perf_counter() - began) / 200
    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        run_sweep(small_cells(count), out, workers=2)
        fresh = (time.perf_counter() - began) / count
        began = time.perf_counter()
        run_sweep(small_cells(count), out, workers=2)
        again = (time.perf_counter() - began) / count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    milliseconds = " | ".join(f"{1e3 * x:.2f}" for x in (own, fresh - own, again))
    print(f"| {count} | {milliseconds} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measure(int(sys.argv[1]))
    else:
        most = int(sys.argv[1]) if len(sys.argv) == 2 else 10_000
        print("| cells | simulation, ms per cell | overhead, ms per cell | resumed, ms per cell | peak memory, MiB |")
        print("|---|---|---|---|---|", flush=True)
        for cells in (most // 100, most // 10, most):
            subprocess.run([sys.executable, __file__, str(cells), "once"], check=True)
