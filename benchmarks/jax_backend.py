"""Speed of the JAX backend against the compiled loop: `python benchmarks/jax_backend.py [--repetitions R] [--quick]`.

Prints the device that JAX has found, then a Markdown table: nanoseconds per round and repetition of both sides (medians
of alternating runs), their ratio (median of neighbouring runs), and the seconds that JAX takes until the first result.
The compiled loop plays on one thread; JAX has its own threads. Before timing, every pair's numbers of a short game in
double precision are compared with the compiled loop's. Exit status 1 if they differ.

It runs unchanged on an accelerator that the installed JAX supports; use more repetitions there.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import jax
import numpy as np

from bandits.losses import BernoulliLosses, LossTable
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.preference import RUCB, DuelingBandit, SparringExp3, VersatileDB
from bandits.switching import (
    Bandit,
    BatchedExp3,
    Exp3,
    FullInformation,
    Hedge,
    ShrinkingDartboard,
    SwitchingCostGame,
)
from bandits.threshold import GermanCredit, OptimisticFeasibleSearch, Synthetic, ThresholdGame
from sims import simulate

SEED = 7
SHORT = 200  # rounds over which the numbers are compared
SINGLE = ("jax", "jax-float32")


def pairs(horizon: int) -> Iterator[tuple[str, Any, Any, tuple[str, ...]]]:
    """Yield label, game, learner and backends; K = 10 but where the label says otherwise."""
    coins, walk = BernoulliLosses.with_gap(10, gap=0.1), MultiScaleRandomWalk(10)
    table = LossTable(np.random.default_rng(1).random((horizon, 10)))
    for label, losses, learner in (
        ("EXP3, Bernoulli", coins, Exp3()),
        ("EXP3, random walk", walk, Exp3()),
        ("batched EXP3, random walk", walk, BatchedExp3()),
        ("Hedge, table", table, Hedge()),
        ("Hedge, random walk", walk, Hedge()),
        ("Shrinking Dartboard, random walk", walk, ShrinkingDartboard()),
    ):
        feedback = Bandit() if Bandit in learner.accepts else FullInformation()
        yield label, SwitchingCostGame(losses, horizon, feedback=feedback), learner, SINGLE
    matrix = np.random.default_rng(2).random((10, 10))
    duel = DuelingBandit(0.5 + 0.5 * (matrix - matrix.T), horizon)
    for learner in (SparringExp3(), VersatileDB(), RUCB()):
        yield f"{learner.name}, duels", duel, learner, SINGLE[:1]
    for label, population in (("synthetic", Synthetic()), ("German Credit", GermanCredit())):
        game = ThresholdGame(population, horizon, price=1.35)
        yield f"OFS, {label}, 50 thresholds", game, OptimisticFeasibleSearch(), SINGLE[:1]


def played(game: Any, learner: Any, backend: str, repetitions: int) -> tuple[Any, float]:
    """Return the metrics at the horizon (R, M) and the seconds."""
    start = time.perf_counter()
    run = simulate(
        game, learner, repetitions=repetitions, seed=SEED, checkpoints=[game.horizon], threads=1, backend=backend
    )
    return run.values[:, 0], time.perf_counter() - start


def agrees(game: Any, learner: Any, repetitions: int) -> bool:
    """Return whether both sides' numbers agree on a short game in double precision; prints the largest difference."""
    short = replace(game, horizon=SHORT)
    ours, theirs = (played(short, learner, backend, repetitions)[0] for backend in ("jax", "numba"))
    same = np.isclose(ours, theirs, rtol=1e-9, atol=1e-9).all(axis=1)
    if same.mean() < 0.99:  # rounding may make a repetition diverge
        print(f"{learner.name} in {game!r}: {(~same).sum()} of {repetitions} repetitions differ", file=sys.stderr)
    return bool(same.mean() >= 0.99)


def row(label: str, game: Any, learner: Any, backend: str, repetitions: int, samples: int) -> str:
    """Return a line of the table."""
    first = played(game, learner, backend, repetitions)[1]
    played(game, learner, "numba", 1)
    fewer = max(2, min(repetitions, 32))
    ours, loop, ratios = [], [], []
    for _ in range(samples):
        jax_seconds, loop_seconds = (
            played(game, learner, where, count)[1] / (count * game.horizon) * 1e9
            for where, count in ((backend, repetitions), ("numba", fewer))
        )
        ours.append(jax_seconds)
        loop.append(loop_seconds)
        ratios.append(jax_seconds / loop_seconds)
    before = first - median(ours) * repetitions * game.horizon / 1e9
    numbers = f"{median(ours):.1f} | {median(loop):.1f} | {median(ratios):.2f} | {max(before, 0.0):.1f}"
    return f"| {label} | {backend} | {numbers} |"


def main() -> int:
    """Print device and table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=256, help="in one call of JAX (default 256)")
    parser.add_argument("--horizon", type=int, default=4096, help="rounds of a repetition (default 4096)")
    parser.add_argument("--samples", type=int, default=5, help="runs of each side (default 5)")
    parser.add_argument("--quick", action="store_true", help="one run of each side over 512 rounds")
    options = parser.parse_args()
    horizon, samples = (512, 1) if options.quick else (options.horizon, options.samples)
    if min(horizon, options.repetitions, samples) < 1 or horizon < SHORT:
        parser.error(f"--repetitions and --samples must be at least 1, --horizon at least {SHORT}")
    device = jax.devices()[0]
    print(
        f"JAX {jax.__version__} on {jax.default_backend()} ({device.device_kind}); {options.repetitions} repetitions\n"
    )
    print("| pair | backend | JAX, ns | loop, ns | JAX / loop | before the first result, s |")
    print("|---|---|---:|---:|---:|---:|")
    same = True
    for label, game, learner, backends in pairs(horizon):
        same &= agrees(game, learner, 64)
        for backend in backends:
            print(row(label, game, learner, backend, options.repetitions, samples), flush=True)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
