"""Optimistic Feasible Search compared with the same loop in NumPy, in one run: a Markdown table.

    python benchmarks/threshold.py [--quick] [--rounds 1000000] [--runs 3]

The game is the synthetic population with 50 thresholds and batches of 100. Both sides first play 3000 rounds on the
same draws and must give the same numbers, so that the same computation is timed (NumPy's operations are in the
package's order, because one rounding can decide a tie and change all later rounds). NumPy draws its batches once by
binomials, as the package does, and once individual by individual. The sides alternate; ratios are of neighbouring runs.
Exit status: 0; 1 if the numbers differ; 2 for bad usage.
"""

import argparse
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median

import numba
import numpy as np

from bandits.core.rng import ENVIRONMENT, seed_word, stream
from bandits.core.sampling import binomial
from bandits.protocol import Learner
from bandits.threshold import FixedThreshold, OptimisticFeasibleSearch, Synthetic, ThresholdGame
from bandits.threshold.batch import uniform_at
from sims import simulate

SEED, PRICE, TOLERANCE, GRID, BATCH = 20, 1.35, 0.1, 50, 100
BASE, LIFT, STEP, SPREAD = np.array([0.55, 0.40]), 0.2, 0.2, 0.15
DELTA = 0.05
Draw = Callable[[int, np.ndarray, np.ndarray, np.ndarray, float], tuple[int, np.ndarray, int]]


def game(rounds: int) -> ThresholdGame:
    return ThresholdGame(Synthetic(), rounds, grid=GRID, batch_size=BATCH, price=PRICE, parity_tolerance=TOLERANCE)


def ours(rounds: int, learner: Learner | None = None) -> np.ndarray:
    chosen = OptimisticFeasibleSearch(DELTA) if learner is None else learner
    run = simulate(game(rounds), chosen, seed=SEED, checkpoints=[rounds], threads=1)
    return np.array([run.final(metric)[0] for metric in ("reward", "regret", "violation", "switches")])


# ---------------------------------------------------------------- the same loop in plain NumPy


def rates(means: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Return both groups' rates of acceptance and of good acceptances, (2,) each."""
    accept, good = np.empty(2), np.empty(2)
    for g, mean in enumerate(means.tolist()):
        low, high = (threshold - mean) / SPREAD, (1.0 - mean) / SPREAD
        above, at_one = 0.5 * math.erfc(low / math.sqrt(2.0)), 0.5 * math.erfc(high / math.sqrt(2.0))
        density = (math.exp(-0.5 * low * low) - math.exp(-0.5 * high * high)) / math.sqrt(2.0 * math.pi)
        accept[g] = above if threshold > 0.0 else 1.0
        good[g] = 0.1 * accept[g] + 0.8 * (mean * (above - at_one) + SPREAD * density + at_one)
    return accept, good


def numpy_play(rounds: int, draw: Draw, best: float) -> np.ndarray:
    """Play the search; return reward, regret, violation and switches."""
    thresholds, means = np.linspace(0.0, 1.0, GRID), BASE.copy()
    unit = math.sqrt(math.log(2.0 * GRID * 3 * rounds / DELTA) / 2.0)
    parity_unit = 2.0 * math.cosh(math.log(BATCH * rounds) / (4.0 * rounds)) * unit
    plays, reward = np.zeros(GRID), np.zeros(GRID)
    residual, information = np.zeros((GRID, 2)), np.zeros(GRID)
    optimistic, excess = np.full(GRID, np.inf), np.zeros(GRID)
    total, regret, violation, switches, last, last_rates = 0.0, 0.0, 0.0, 0, -1, np.zeros(2)
    for t in range(rounds):
        feasible = excess == 0.0
        arm = int(np.where(feasible, optimistic, -np.inf).argmax() if feasible.any() else excess.argmin())
        accept, good = rates(means, thresholds[arm])
        n_1, accepted, n_good = draw(t, means, accept, good, thresholds[arm])
        sizes = np.array([BATCH - n_1, n_1])
        last_rates = np.where(sizes > 0, accepted / np.maximum(sizes, 1), last_rates)
        scaled = ((1.0 + PRICE) * n_good / BATCH - PRICE * accepted.sum() / BATCH + PRICE) / (1.0 + PRICE)

        plays[arm] += 1
        reward[arm] += (scaled - reward[arm]) / plays[arm]
        weight = 4.0 * sizes[0] * sizes[1] / BATCH
        if weight > 0.0:
            information[arm] += weight
            gap = last_rates[0] - last_rates[1]
            residual[arm] += weight / information[arm] * (np.array([gap, -gap]) - TOLERANCE - residual[arm])
        optimistic[arm] = reward[arm] + unit / math.sqrt(BATCH) / math.sqrt(plays[arm])
        radius = parity_unit / math.sqrt(information[arm]) if information[arm] > 0.0 else math.inf
        excess[arm] = np.maximum(0.0, residual[arm] - radius).sum()

        total += (1.0 + PRICE) * scaled - PRICE
        regret += best - 0.5 * ((1.0 + PRICE) * good - PRICE * accept).sum()
        violation += max(0.0, abs(accept[0] - accept[1]) - TOLERANCE)
        switches += last not in (-1, arm)
        last = arm
        means = (1.0 - STEP) * means + STEP * (BASE + LIFT * accept)
    return np.array([total, regret, violation, switches])


def package_draws(t: int, means: np.ndarray, accept: np.ndarray, good: np.ndarray, threshold: float) -> tuple:
    """Draw a batch from the package's own uniforms, so that both sides get the same individuals."""
    u = [uniform_at(stream(seed_word(SEED), 0, ENVIRONMENT), t, j) for j in range(5)]
    n_1 = binomial(u[0], BATCH, 0.5)
    accepted = np.array([binomial(u[1], BATCH - n_1, accept[0]), binomial(u[2], n_1, accept[1])])
    n_good = sum(
        binomial(v, int(k), min(max(part, 0.0), whole) / whole if whole > 0.0 else 0.0)
        for v, k, part, whole in zip(u[3:], accepted, good, accept)
    )
    return n_1, accepted, n_good


def binomial_draws() -> Draw:
    generator = np.random.default_rng(SEED)

    def draw(t: int, means: np.ndarray, accept: np.ndarray, good: np.ndarray, threshold: float) -> tuple:
        n_1 = generator.binomial(BATCH, 0.5)
        accepted = generator.binomial((BATCH - n_1, n_1), accept)
        share = np.clip(good / np.maximum(accept, 1e-300), 0.0, 1.0)
        return n_1, accepted, int(generator.binomial(accepted, share).sum())

    return draw


def individual_draws() -> Draw:
    generator = np.random.default_rng(SEED)

    def draw(t: int, means: np.ndarray, accept: np.ndarray, good: np.ndarray, threshold: float) -> tuple:
        group = generator.integers(0, 2, BATCH)
        scores = np.clip(means[group] + SPREAD * generator.standard_normal(BATCH), 0.0, 1.0)
        outcome = generator.random(BATCH) < 0.1 + 0.8 * scores
        taken = scores >= threshold
        accepted = np.bincount(group[taken], minlength=2)
        return int(group.sum()), accepted, int((outcome & taken).sum())

    return draw


# ---------------------------------------------------------------- timing


def seconds(play: Callable[[], object]) -> float:
    began = time.perf_counter()
    play()
    return time.perf_counter() - began


def row(label: str, rounds: int, own: Sequence[float], rival: Sequence[float]) -> str:
    ratios = sorted(theirs / mine for mine, theirs in zip(own, rival, strict=True))
    cells = [f"{1e6 * median(times) / rounds:.2f}" for times in (own, rival)]
    return f"| {label} | {' | '.join(cells)} | **{median(ratios):.0f}** | {ratios[0]:.0f} to {ratios[-1]:.0f} |"


def parts(rounds: int, runs: int) -> str:
    """Return the row of nanoseconds of a whole round, of the environment's share, and of what the search adds."""
    ours(rounds, FixedThreshold())
    whole, environment = [], []
    for _ in range(2 * runs + 1):
        whole.append(1e9 * seconds(lambda: ours(rounds)) / rounds)
        environment.append(1e9 * seconds(lambda: ours(rounds, FixedThreshold())) / rounds)
    added = sorted(a - b for a, b in zip(whole, environment, strict=True))
    cells = [f"{least(times):.0f}" for times in (whole, environment) for least in (median, min)]
    return f"| {' | '.join(cells)} | {median(added):.0f} | {added[0]:.0f} to {added[-1]:.0f} |"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time Optimistic Feasible Search against the same loop in NumPy.")
    parser.add_argument("--quick", action="store_true", help="50 000 rounds instead of a million")
    parser.add_argument("--rounds", type=int, default=None, metavar="N", help="rounds of a run (at least 1)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of each side (at least 1)")
    options = parser.parse_args()
    options.rounds = options.rounds if options.rounds is not None else 50_000 if options.quick else 1_000_000
    if options.rounds < 1 or options.runs < 1:
        parser.error(f"--rounds and --runs must be at least 1, got {options.rounds} and {options.runs}")
    return options


def main() -> int:
    options = arguments()
    found, rounds = game(10).fixed_points, options.rounds
    best = float(found.reward[found.best])
    mine, theirs = ours(3000), numpy_play(3000, package_draws, best)
    agrees = bool(np.allclose(mine, theirs, rtol=1e-9, atol=1e-9))
    print(f"{platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, ", end="")
    print(f"NumPy {np.__version__}, Numba {numba.__version__}; load before the run: {os.getloadavg()[0]:.1f}.")
    print(f"{rounds} rounds, {GRID} thresholds, batches of {BATCH}; {options.runs} runs of each side in turn.")
    print(f"Same numbers on the same draws (3000 rounds): {'yes' if agrees else 'NO'}.\n")
    print(
        "| NumPy draws | ours, us per round | NumPy, us per round | NumPy / ours | spread |\n|---|---:|---:|---:|---:|"
    )
    for label, draws in (("binomials", binomial_draws), ("individuals", individual_draws)):
        own, rival = [], []
        for _ in range(options.runs):
            own.append(seconds(lambda: ours(rounds)))
            rival.append(seconds(lambda draws=draws: numpy_play(rounds, draws(), best)))
        print(row(label, rounds, own, rival), flush=True)
    print("\n| per round, ns | best | environment | best | learner | spread |\n|---:|---:|---:|---:|---:|---|")
    print(parts(rounds, options.runs))
    if not agrees:
        print(f"benchmarks/threshold.py: the numbers differ: {mine} and {theirs}", file=sys.stderr)
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
