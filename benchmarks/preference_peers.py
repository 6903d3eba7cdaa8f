"""Preference games in game-theory libraries' own loops, on the same games as ours, for `preference.py --peers`.

OpenSpiel's CFR and CFR+ on a matrix game are alternating regret matching and regret matching+, in C++; Nashpy has
fictitious play (best responses to the other's average), a linear program and support enumeration. They play one game
after the other, ours all at once; samples of the two sides alternate, factors are from neighbours. "Gap" is the mean
duality gap, for ours gap0 of the average: rounds of different algorithms do not make the same progress. Environments,
and libraries that cannot be installed, are handled as in `peers.py`.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from peer_preference_games import random_skew
from peers import Peer, Player, Unplayable, environment, fill

from bandits.preference import PreferenceGame, RegretMatching, RegretMatchingPlus, von_neumann_winner
from bandits.preference.measures import gap0
from sims import simulate

OPEN_SPIEL = Peer("OpenSpiel", "open_spiel", (), "open_spiel")
NASHPY = Peer("Nashpy", "nashpy", (), "nashpy")
BATCH = {3: 1000, 10: 256, 100: 256}  # actions: games that ours takes together
SOLVED = 20  # games of a sample of von_neumann_winner


@dataclass(frozen=True)
class Match:
    """A peer's algorithm on games of one size, and ours: a learner, or None for the von Neumann winner."""

    peer: Peer
    algorithm: str
    n_actions: int
    rounds: int
    learner: RegretMatching | RegretMatchingPlus | None


MATCHES = [
    *(Match(OPEN_SPIEL, "CFR", n, rounds, RegretMatching()) for n, rounds in ((3, 2000), (10, 2000), (100, 50))),
    *(Match(OPEN_SPIEL, "CFR+", n, rounds, RegretMatchingPlus()) for n, rounds in ((3, 2000), (10, 2000), (100, 50))),
    *(Match(NASHPY, "fictitious_play", n, 2000, RegretMatchingPlus()) for n in (3, 10, 100)),
    *(Match(NASHPY, "linear_program", n, 1, None) for n in (2, 3, 5, 10, 30, 100)),
    *(Match(NASHPY, "support_enumeration", n, 1, None) for n in (2, 3)),
]


def skews(match, count):
    return np.array([random_skew(match.n_actions, 1000 + game) for game in range(count)])


def ours(match):
    """Return a function () -> (game-rounds per second, mean gap) of our side."""
    if match.learner is None:
        games = skews(match, SOLVED)

        def solve():
            began = time.perf_counter()
            found = [von_neumann_winner(0.5 + skew) for skew in games]
            seconds = time.perf_counter() - began
            return SOLVED / seconds, float(np.mean([gap0(skew, p) for skew, p in zip(games, found, strict=True)]))

        return solve
    batch = BATCH[match.n_actions]
    problem = PreferenceGame(0.5 + skews(match, batch), match.rounds)

    def play():
        began = time.perf_counter()
        run = simulate(problem, match.learner, repetitions=batch, checkpoints=[match.rounds])
        rate = batch * match.rounds / (time.perf_counter() - began)
        return rate, float(run.final("average_gap0").mean())

    play()  # compiles
    return play


def measure(match, player, samples, seconds):
    """Return the cells of a table's row."""
    mine, more = ours(match), (match.n_actions, match.algorithm)
    games = fill(lambda count: player.play(count, 1, match.rounds, *more)[0], seconds)
    theirs, own = [], []
    for _ in range(samples):
        spent, gap = player.play(games, 1, match.rounds, *more)
        theirs.append((games * match.rounds / spent, gap))
        own.append(mine())
    ratios = sorted(b[0] / a[0] for a, b in zip(theirs, own, strict=True))
    name = "von Neumann winner" if match.learner is None else match.learner.name
    cells = [f"{match.peer.label} {player.version}", match.algorithm, name, match.n_actions, match.rounds]
    cells += [f"{median(a[0] for a in side):,.0f}" for side in (theirs, own)]
    cells += [f"**{median(ratios):,.1f}**", f"{ratios[0]:,.1f} to {ratios[-1]:,.1f}"]
    return [*cells, f"{theirs[0][1]:.1e}", f"{own[0][1]:.1e}"]


def beside_peers(envs: Path, samples: int, seconds: float) -> None:
    """Print the table, and the libraries that are not in it."""
    print(
        "| peer | algorithm | ours | actions | rounds | game-rounds per second | ours | ratio | spread | gap | ours |"
    )
    print("|---|---|---|---:|---:|---:|---:|---:|---|---:|---:|", flush=True)
    missing = []
    for peer in (OPEN_SPIEL, NASHPY):
        try:
            player = Player(environment(peer, envs, None), peer)
        except Unplayable as error:
            missing.append(f"| {peer.label} | {error} |")
            continue
        try:
            for match in (match for match in MATCHES if match.peer is peer):
                print("| " + " | ".join(map(str, measure(match, player, samples, seconds))) + " |", flush=True)
        except Unplayable as error:
            missing.append(f"| {peer.label} | {error} |")
        finally:
            player.close()
    if missing:
        print("\n".join(["", "| not measured | reason |", "|---|---|", *missing]))
