"""Time paging rules per request: `python benchmarks/paging.py`.

One thread, 20 repetitions of 200 000 requests by popularity of 10 000 pages (one Zipf trace), cache 256, perfect bits.
"""

import time

from bandits.prediction import FIFO, LRU, Flush, Mark0, Marker, MarkPredict, PagingGame, zipf_trace
from sims import simulate

PAGES, CACHE, ROUNDS, REPETITIONS, SAMPLES = 10_000, 256, 200_000, 20, 5


def main() -> None:
    """Print nanoseconds of processor time per request, the least of some samples."""
    game = PagingGame(zipf_trace(PAGES, ROUNDS, seed=1), CACHE, ROUNDS)
    for rule in (LRU(), FIFO(), Flush(), Mark0(), Marker(), MarkPredict()):
        found = []
        for _ in range(SAMPLES + 1):  # the first one compiles
            began = time.process_time()
            run = simulate(game, rule, repetitions=REPETITIONS, checkpoints=[ROUNDS], threads=1)
            found.append((time.process_time() - began) / (REPETITIONS * ROUNDS) * 1e9)
        print(f"{rule.name}: {min(found):.1f} ns per request, hit rate {run.mean('hit_rate')[-1]:.3f}")


if __name__ == "__main__":
    main()
