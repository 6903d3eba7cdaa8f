"""Self-play in preference games against NumPy and game-theory libraries, and equilibria certified on 400 games.

Usage: python benchmarks/preference.py [--quick] [--peers [--envs DIR]] [--certify]

NumPy and ours run the same Nash-MP rounds (two rows each) on the same games; their last policies are compared first.
With --peers also OpenSpiel and Nashpy on games of the same sizes (`preference_peers.py`), each installed from the
package index into its own environment under DIR. With --certify also solves 400 random games of up to 1000 actions
(minutes) and reports the worst certificates.
Exit status: 0; 1 if the two sides differ or a certificate fails.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from peers import ENVIRONMENTS
from preference_peers import beside_peers

from bandits.preference import NashMP, PreferenceGame, games, log_regularized_nash, von_neumann_winner
from bandits.preference.measures import gap0, gap_tau, sub_tau
from sims import simulate

TAU, WEIGHT = 0.1, 0.5


@dataclass(frozen=True)
class Contest:
    n_games: int
    n_actions: int
    rounds: int


CONTESTS = [Contest(1000, 3, 4000), Contest(256, 10, 4000), Contest(256, 100, 400)]


def normalised(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def plain_numpy(skew, log_mu, rounds):
    """Nash-MP on a batch of games, written as one would in NumPy: (G, n, n), (G, n) -> (G, n)."""
    here, total = log_mu, TAU + WEIGHT

    def half(seen):
        gain = (skew @ np.exp(seen)[:, :, None])[:, :, 0]
        return normalised((WEIGHT * here + TAU * log_mu + gain) / total)

    for _ in range(rounds):
        here = half(half(here))
    return here


def compare(contest, samples):
    """Return (agreement of the last gaps, seconds of ours, seconds of NumPy, seconds of the first call)."""
    rng = np.random.default_rng(1)
    matrices = np.stack([games.uniform_random(contest.n_actions, rng) for _ in range(contest.n_games)])
    problem = PreferenceGame(matrices, contest.rounds, TAU)
    last = [contest.rounds]
    _ = problem.log_equilibrium  # solved before anything is timed
    began = time.perf_counter()
    run = simulate(problem, NashMP(WEIGHT), repetitions=contest.n_games, checkpoints=last)
    first = time.perf_counter() - began
    short = PreferenceGame(matrices, 5, TAU)
    ours = simulate(short, NashMP(WEIGHT), repetitions=contest.n_games, checkpoints=[5])["gap_tau"][:, 0]
    plain = plain_numpy(problem.skew, problem.log_reference, 5)
    agrees = np.allclose(ours, gap_tau(problem.skew, plain, problem.log_reference, TAU), rtol=1e-9, atol=1e-15)
    agrees = agrees and float(run.final("gap_tau").max()) < 1e-3
    mine, rival = [], []
    for _ in range(samples):
        mine.append(seconds(lambda: simulate(problem, NashMP(WEIGHT), repetitions=contest.n_games, checkpoints=last)))
        rounds = max(1, contest.rounds // 10)
        theirs = seconds(lambda r=rounds: plain_numpy(problem.skew, problem.log_reference, r))
        rival.append(theirs * contest.rounds / rounds)
    return agrees, mine, rival, first


def seconds(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def speed(samples):
    print(f"Load before the run: {os.getloadavg()[0]:.1f}; {os.cpu_count()} processors; medians of {samples}.")
    print("| games | actions | rounds per second | NumPy | ratio | best | rounds of games | first call, s | agree |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---|", flush=True)
    passed = True
    for contest in CONTESTS:
        agrees, mine, rival, first = compare(contest, samples)
        passed = passed and bool(agrees)
        ours, theirs = (contest.rounds / median(x) for x in (mine, rival))
        ratio = median(b / a for a, b in zip(mine, rival, strict=True))
        cells = [contest.n_games, contest.n_actions, f"{ours:,.0f}", f"{theirs:,.0f}", f"{ratio:.1f}"]
        cells += [f"{min(rival) / min(mine):.1f}", f"{ours * contest.n_games:,.0f}", f"{first:.1f}"]
        print("| " + " | ".join(map(str, [*cells, "yes" if agrees else "NO"])) + " |", flush=True)
    return passed


KINDS = {
    "uniform": lambda n, rng: games.uniform_random(n, rng),
    "tournament": lambda n, rng: games.tournament(n, rng),
    "Bradley-Terry": lambda n, rng: games.bradley_terry(rng.standard_normal(n)),
    "disc": lambda n, rng: games.disc(*rng.standard_normal((2, n, 3)), [4.0, 2.0, 1.0]),
    "annotators": lambda n, rng: games.annotator_mixture(rng.dirichlet(np.ones(5)), rng.standard_normal((5, n))),
}
SIZES = {2: 60, 3: 60, 5: 60, 10: 60, 30: 60, 100: 60, 200: 30, 500: 8, 1000: 2}  # actions: games


def certify(quick):
    """Solve games of every kind and size; print the worst certificates and the times; return whether all hold."""
    print("| actions | games | worst gap0 of the winner | worst sub_tau | winner, s a game | equilibrium, s a game |")
    print("|---:|---:|---:|---:|---:|---:|", flush=True)
    passed, rng = True, np.random.default_rng(7)
    for n, count in SIZES.items():
        if quick and n > 100:
            break
        worst, times = [0.0, 0.0], [0.0, 0.0]
        for i in range(count):
            matrix = KINDS[list(KINDS)[i % len(KINDS)]](n, rng)
            mu = rng.dirichlet(np.ones(n)) + 1e-9
            mu, tau = mu / mu.sum(), 10.0 ** rng.uniform(-2.0, 0.3)
            began = time.perf_counter()
            winner = von_neumann_winner(matrix)
            middle = time.perf_counter()
            star = log_regularized_nash(matrix, tau, mu)
            times[0] += middle - began
            times[1] += time.perf_counter() - middle
            skew = games.skew(matrix)
            worst[0] = max(worst[0], float(gap0(skew, winner)))
            worst[1] = max(worst[1], float(sub_tau(skew, star, np.log(mu), tau)))
        passed = passed and worst[0] < 1e-10 and worst[1] < 1e-13
        cells = [n, count, f"{worst[0]:.1e}", f"{worst[1]:.1e}", f"{times[0] / count:.4f}", f"{times[1] / count:.4f}"]
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    return passed


def main():
    parser = argparse.ArgumentParser(description="Time self-play against NumPy, and certify equilibria.")
    parser.add_argument("--quick", action="store_true", help="fewer samples, and games of up to 100 actions")
    parser.add_argument("--certify", action="store_true", help="also solve 400 games (minutes)")
    parser.add_argument("--peers", action="store_true", help="also OpenSpiel and Nashpy, installed where they are not")
    parser.add_argument("--envs", type=Path, default=ENVIRONMENTS, metavar="DIR", help="of the peers (%(default)s)")
    options = parser.parse_args()
    samples = 3 if options.quick else 9
    passed = speed(samples)
    if options.peers:
        print()
        beside_peers(options.envs, samples, 0.2 if options.quick else 1.0)
    if options.certify:
        passed = certify(options.quick) and passed
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
