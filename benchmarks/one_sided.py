"""Speed of one-sided Exp2 against plain NumPy, in one run: `python -m benchmarks.one_sided [--quick]`.

10 000 hypotheses (a score threshold for each of two groups, 100 cuts each), 10 applicants per round, a panel of five
that changes every round, 10 000 rounds on one core. NumPy plays the same applicants with the same uniforms, vectorised
over hypotheses, so it is an independent check as well as a baseline. Exit status 1 if the numbers differ.

Then the cost of a round in classes of G groups with q cuts each, N = q^G hypotheses, whose separators all have
G (q - 1) = 24 cells, for the same 96 individuals: exponential weights pay per hypothesis, perturbed leaders for their
oracle.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.jit import program
from bandits.core.rng import LEARNER, seed_word, stream, uniform_pair
from bandits.one_sided import (
    Crowd,
    Exp2OneSided,
    GroupThresholds,
    InstanceFtpl,
    Lending,
    OneSidedGame,
    RecordedPeople,
    lending,
    nobody_audits,
)
from sims import simulate

SEED = 7
APPLICANTS = 10
GOAL = 10.0  # seconds for the full size
CLASSES = ((25, 1), (13, 2), (9, 3), (7, 4), (5, 6), (4, 8), (3, 12))  # q, G with G (q - 1) = 24
LEADERS = 16
NAMES = ("loss", "error", "violations", "observations")


@program
def _uniforms(seed: Any, out: Any) -> None:
    rng = stream(seed, 0, LEARNER)
    for t in range(out.size):
        _, out[t] = uniform_pair(rng, t, 0)


def make_game(horizon: int, cuts: int) -> OneSidedGame:
    """Return the credit market of 400 individuals with a fixed sequence of applicants."""
    market = Lending(400)
    random = np.random.default_rng(SEED)
    people = random.integers(0, market.n_people, (horizon, APPLICANTS))
    labels = random.random((horizon, APPLICANTS)) < market.law.chance[0][people]
    recorded = RecordedPeople(market.features, people, labels, market.groups)
    return lending(horizon, recorded, GroupThresholds(cuts), individuals=APPLICANTS)


def play_ours(game: OneSidedGame) -> NDArray[np.float64]:
    """Return the final metrics of one repetition."""
    run = simulate(game, Exp2OneSided(), seed=SEED, threads=1, checkpoints=[game.horizon])
    return np.array([run.final(name)[0] for name in NAMES])


def play_numpy(game: OneSidedGame) -> NDArray[np.float64]:
    """Return the same metrics by NumPy, one vector operation over all hypotheses at a time."""
    params = Exp2OneSided().parameters(game)
    uniforms = np.empty(game.horizon)
    _uniforms(seed_word(SEED), uniforms)
    table = game.table.astype(np.float64)
    cells = game.hypotheses.cells(game.people)
    loss = np.zeros(game.n_hypotheses)
    totals = np.zeros(len(NAMES))
    for t in range(game.horizon):
        people, labels = game.people.people[t], game.people.labels[t]
        weights = np.exp(-params.learning_rate * (loss - loss.min()))
        predictions = table[cells[people]]  # (k, N)
        total = weights.sum()
        acceptance = np.minimum(predictions @ weights / total, 1.0)
        drawn = np.searchsorted(np.cumsum(weights), uniforms[t] * total, side="right")
        accepted = predictions[:, min(drawn, len(loss) - 1)]
        swing = game.swings[t % len(game.swings)][np.ix_(people, people)]
        excess = acceptance[:, None] - acceptance[None] - swing
        np.fill_diagonal(excess, -np.inf)
        first, second = np.unravel_index(np.argmax(excess), excess.shape)
        reported = excess[first, second] > game.tolerance
        risk = np.where((accepted == 1) & (labels == 0), 2.0 / acceptance, 0.0) - 1.0
        if reported:
            risk[first] += params.price
            risk[second] -= params.price
        loss += APPLICANTS + params.price * reported + risk @ predictions
        error = (labels + acceptance * (1 - 2 * labels)).sum()
        totals += ((accepted != labels).sum(), error, reported, accepted.sum())
    return totals


def _timed(play: Any, game: OneSidedGame) -> tuple[float, Any]:
    start = time.perf_counter()
    result = play(game)
    return time.perf_counter() - start, result


def make_class(cuts: int, groups: int) -> OneSidedGame:
    """Return a game of 96 individuals in G groups, four per round, without auditors."""
    random = np.random.default_rng(SEED)
    merit = random.standard_normal(96)
    people = Crowd(merit[:, None], 1.0 / (1.0 + np.exp(-3.0 * merit)), groups=np.arange(96) % groups)
    return OneSidedGame(people, GroupThresholds(cuts), nobody_audits(96), 4096, individuals=4)


def seconds_a_round(game: OneSidedGame, learner: Any, rounds: int) -> float:
    """Return the minimum of three times per round on one thread, without the start of a run."""

    def play(count: int) -> float:
        return min(_timed(lambda g: simulate(g, learner, checkpoints=[count], threads=1), game)[0] for _ in range(3))

    play(1)
    return max(play(rounds) - play(1), 1e-9) / (rounds - 1)


def print_classes() -> None:
    """Print microseconds per round of exponential weights and perturbed leaders against the class size."""
    print(f"one separator of 24 cells, {LEADERS} leaders, k = 4: microseconds per round")
    print(f"  {'N':>8} {'weights':>10} {'leaders':>10}")
    for cuts, groups in CLASSES:
        game = make_class(cuts, groups)
        size = game.n_hypotheses
        times = (
            seconds_a_round(game, Exp2OneSided(price=1.0), max(8, min(4096, 2**24 // size))),
            seconds_a_round(game, InstanceFtpl(price=1.0, leaders=LEADERS), 2048),
        )
        print(f"  {size:8d} {1e6 * times[0]:10.2f} {1e6 * times[1]:10.2f}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the numbers over 1000 rounds, time both sides over all, print a table; return the exit status."""
    parser = argparse.ArgumentParser(description="Speed of one-sided Exp2 against plain NumPy.")
    parser.add_argument("--quick", action="store_true", help="1000 rounds")
    horizon = 1000 if parser.parse_args(arguments).quick else 10_000
    short, game = make_game(1000, 100), make_game(horizon, 100)
    start = time.perf_counter()
    game.setting()
    print(f"linear programs of the benchmark policies: {time.perf_counter() - start:.2f} s")
    # over longer runs one rounding turns a draw or a report, and the two paths part
    agrees = bool(np.allclose(play_ours(short), play_numpy(short), rtol=1e-9))
    print(f"1000 rounds: numbers {'agree' if agrees else 'DIFFER'}")
    print(f"N = {game.n_hypotheses}, k = {APPLICANTS}, T = {horizon}, one thread")
    (ours, numbers), (rival, expected) = _timed(play_ours, game), _timed(play_numpy, game)
    for name, seconds, values in (("ours", ours, numbers), ("NumPy", rival, expected)):
        row = ", ".join(f"{n} {v:.1f}" for n, v in zip(NAMES, values, strict=True))
        print(f"  {name:6}{seconds:8.2f} s {1e6 * seconds / horizon:8.1f} us per round   {row}")
    print(f"  {rival / ours:.1f} times as fast as NumPy")
    if horizon == 10_000:
        print(f"  goal: {GOAL:g} s, {'met' if ours < GOAL else 'MISSED'}")
    print_classes()
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
