"""Gradient descent and optimistic descent beside PyNOL: `python benchmarks/convex.py [--python PATH]`.

--python: an interpreter with `pynol-xzp` installed, in an environment of its own; without it only ours are timed. Both
sides descend on the same 20 000 gradients in five dimensions, in the unit ball; PyNOL is given the gradients, so that
nothing is differentiated, and its points of plain descent are compared with ours. Exit status: 0; 1 if points differ.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bandits.convex import Ball, ConvexGame, FixedRateOGD, GradientTable, OptimisticDescent
from sims import simulate

ROUNDS, DIMENSION, RATE, SAMPLES = 20_000, 5, 0.02, 5
PEER = f"""
import sys, time
import numpy as np
from pynol.environment.domain import Ball
from pynol.environment.environment import Environment
from pynol.environment.loss_function import InnerLoss
from pynol.learner.base import OGD, OptimisticOGD

g = np.load(sys.argv[1])
for make in (OGD, OptimisticOGD):
    learner = make(Ball({DIMENSION}, 1.0), {RATE}, prior=np.zeros({DIMENSION}))
    env, began, points = Environment(func_sequence=InnerLoss(feature=g)), time.process_time(), np.empty_like(g)
    for t in range(len(g)):
        shown = env[t]
        shown.grad = g[t]
        points[t] = learner.opt(shown)[0]
    print(make.__name__, (time.process_time() - began) / len(g) * 1e9)
    np.save(sys.argv[2] + make.__name__ + ".npy", points)
"""


def main() -> int:
    """Time both and print nanoseconds per round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", metavar="PATH", help="an interpreter with pynol-xzp")
    python = parser.parse_args().python
    gradients = 0.4 * np.random.default_rng(0).normal(size=(ROUNDS, DIMENSION))
    game = ConvexGame(GradientTable(gradients), Ball(DIMENSION), ROUNDS)
    for learner in (FixedRateOGD(RATE), OptimisticDescent()):
        print(f"ours, {learner.name}: {nanoseconds(game, learner):.1f} ns per round")
    if python is None:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        table, points = Path(folder) / "gradients.npy", f"{folder}/"
        np.save(table, gradients)
        done = subprocess.run([python, "-c", PEER, str(table), points], capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            name, time_of = line.split()
            print(f"PyNOL, {name}: {float(time_of):.0f} ns per round")
        ours = simulate(game, FixedRateOGD(RATE), repetitions=1, record=("actions",)).actions[0]
        off = float(np.abs(ours - np.load(f"{points}OGD.npy")).max())
    print(f"largest difference of points of gradient descent: {off:.1e}")
    return int(off > 1e-12)


def nanoseconds(game: ConvexGame, learner: FixedRateOGD | OptimisticDescent) -> float:
    """Return the least processor time per round of some samples of 50 repetitions, on one thread."""
    found = []
    for _ in range(SAMPLES + 1):  # the first one compiles
        began = time.process_time()
        simulate(game, learner, repetitions=50, checkpoints=[ROUNDS], threads=1)
        found.append((time.process_time() - began) / (50 * ROUNDS) * 1e9)
    return min(found)


if __name__ == "__main__":
    sys.exit(main())
