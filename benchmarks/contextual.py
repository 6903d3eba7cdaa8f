"""Speed compared with other libraries' contextual bandits: `python benchmarks/contextual.py [--markdown FILE]`.

1000 contexts of 5 features that 10 actions share, mean losses linear in them, 2000 rounds per game, each library in its
own loop and on one thread (peer_games.py). Samples of a peer and of ours alternate; "regret" is that of uniform play's.
Environments and exit status are those of peers.py.
"""

import argparse
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
from peers import ENVIRONMENTS, Match, Peer, compared

from bandits.contextual import ContextualGame, InverseGapWeighting, LinearWorld
from sims import simulate

ROUNDS, N_ACTIONS = 2000, 10
PEERS = (
    Peer("Vowpal Wabbit", "contextual_vowpalwabbit", ("SquareCB",), "vowpalwabbit", (("vowpalwabbit", "numpy"),)),
    Peer("river", "contextual_river", ("disjoint LinUCB",), "river"),
    Peer("MABWiser", "contextual_mabwiser", ("LinUCB",), "mabwiser"),
)


@cache
def game() -> ContextualGame:
    """Return the game of peer_games.contextual."""
    rng = np.random.default_rng(0)
    contexts, parameters = (np.abs(rng.standard_normal((n, 5))) for n in (1000, N_ACTIONS))
    contexts /= np.linalg.norm(contexts, axis=1, keepdims=True)
    parameters /= np.linalg.norm(parameters, axis=1, keepdims=True)
    return ContextualGame(LinearWorld(contexts, parameters * (1.0 - 1e-15)), ROUNDS)


def play_ours(repetitions: int, seed: int, algorithm: str) -> tuple[float, float]:
    """Return seconds and mean regret of inverse gap weighting over the forward algorithm on one thread."""
    began = time.perf_counter()
    learner = InverseGapWeighting(gamma=10 * ROUNDS**0.5)
    run = simulate(game(), learner, repetitions=repetitions, seed=seed, checkpoints=[ROUNDS], threads=1)
    return time.perf_counter() - began, float(run.final("regret").mean())


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the package against other libraries' contextual bandits.")
    parser.add_argument("--envs", type=Path, default=ENVIRONMENTS, metavar="DIR", help="environments (%(default)s)")
    parser.add_argument("--samples", type=int, default=5, metavar="N", help="samples of each side (default 5)")
    parser.add_argument("--seconds", type=float, default=1.0, metavar="S", help="of a peer's sample (default 1)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the report to FILE")
    options = parser.parse_args()
    options.peers, options.sources = PEERS, {}
    world = game().world
    uniform = ROUNDS * float((world.means[0].mean(axis=1) - world.least[0]).mean())
    head = [
        f"{N_ACTIONS} actions, 5 features, {ROUNDS} rounds per game, one thread. Ours is `InverseGapWeighting`.",
        "",
        "| peer | version | algorithm | rounds per second | ours | ours / peer | spread | regret | ours |",
        "|---|---|---|---:|---:|---:|---|---:|---:|",
    ]
    text = "\n".join(compared(options, head, Match(play_ours, ROUNDS, uniform)))
    print(text)
    if options.markdown:
        options.markdown.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
