"""Predict a sweep of many cells on many workers from the overheads of a small Dask cluster on this machine.

Usage: python benchmarks/cluster.py [CELLS [WORKERS]]     of the sweep to predict; 1,000,000 and 1,000 by default

Clusters of one and of two worker processes compute tiny cells. The scheduler is in this process and the command in
another one, so that the processor time of either is known, on a busy machine too: per cell from sweeps of two sizes,
per worker from clusters of two sizes. Resuming, and memory per cell, are measured without a cluster. The prediction
takes the parts to be as fast as here, the network not to wait, and the command and the scheduler to work at the same
time, each on one core: the slower one bounds the number of cells per second.
"""

import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from typing import Any

from bandits.losses import BernoulliLosses
from bandits.switching import BatchedExp3, SwitchingCostGame
from sims import Cell, run_sweep
from sims.compute import parcel

FEW, MANY = 30, 130
UNDER_WAY = 2  # cells per worker


def tiny_cells(count: int) -> list[Cell]:
    game, learner = SwitchingCostGame(BernoulliLosses.with_gap(4, 0.1), 100), BatchedExp3()
    return [Cell(game, learner, 4, seed, labels={"point": seed}) for seed in range(count)]


def command(address: str, count: int) -> None:
    """Print the seconds of processor time of a sweep on a cluster, and of the same sweep resumed."""
    run_sweep(tiny_cells(3), tempfile.mkdtemp(), workers=1)
    with tempfile.TemporaryDirectory() as out:
        spent = []
        for cluster in (address, None):
            began = time.process_time()
            run_sweep(tiny_cells(count), out, cluster=cluster)
            spent.append(time.process_time() - began)
    print(json.dumps(spent))


def memory(count: int) -> None:
    """Print the bytes per cell that a resumed sweep allocates at most, its cells included and its table not."""
    peaks = []
    with tempfile.TemporaryDirectory() as out:
        run_sweep(tiny_cells(count), out, collect=False)
        for part in (count // 4, count):
            tracemalloc.start()
            run_sweep(tiny_cells(part), out, collect=False)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    print((peaks[1] - peaks[0]) / (count - count // 4))


def child(*arguments: Any) -> Any:
    told = [sys.executable, __file__, *map(str, arguments)]
    return json.loads(subprocess.run(told, capture_output=True, text=True, check=True).stdout)


def on_cluster(workers: int) -> tuple[float, float, float, float, float]:
    """Return seconds: per cell in the command, in the scheduler, and resumed; per sweep in the first two."""
    from distributed import LocalCluster

    spent = {}
    began = time.process_time()
    with LocalCluster(
        n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0", silence_logs=50
    ) as cluster:
        joined = time.process_time() - began
        for count in (FEW, MANY):
            began = time.process_time()
            own, again = child("command", cluster.scheduler_address, count)
            spent[count] = own, time.process_time() - began, again
    per_cell = [(more - less) / (MANY - FEW) for less, more in zip(spent[FEW], spent[MANY], strict=True)]
    return *per_cell, spent[FEW][0] - FEW * per_cell[0], joined


def predict(cells: int, workers: int) -> None:
    one, two = on_cluster(1), on_cluster(2)
    own, scheduler, again = (max(first, second) for first, second in zip(one[:3], two[:3], strict=True))
    greeting, joining = (max(0.0, two[part] - one[part]) for part in (3, 4))
    size, sent = child("memory", 4 * MANY), len(parcel(tiny_cells(1)[0]).cell)
    print("| part | measured | predicted |")
    print("|---|---|---|")
    print(f"| the command | {1e3 * own:.2f} ms per cell | {cells * own / 60:.0f} minutes |")
    print(f"| the scheduler | {1e3 * scheduler:.2f} ms per cell | {cells * scheduler / 60:.0f} minutes |")
    for part, each in (("the command inspects workers", greeting), ("workers join the scheduler", joining)):
        known = f"{1e3 * each:.1f} ms per worker | {workers * each:.0f} s" if each else "below the noise | not known"
        print(f"| {part} | {known} |")
    print(f"| resuming, all cells done | {1e3 * again:.2f} ms per cell | {cells * again / 60:.0f} minutes |")
    print(f"| memory of the command | {size:.0f} B per cell | {cells * size / 1e9:.2f} GB |")
    print(
        f"| cells at the scheduler | {sent} B, {UNDER_WAY} per worker | {UNDER_WAY * workers * sent / 1e6:.1f} MB |",
        flush=True,
    )
    name, slowest = max(("command", own), ("scheduler", scheduler), key=lambda part: part[1])
    total = cells * slowest + workers * (greeting + joining)
    print(
        f"\n{cells} cells on {workers} workers: {total / 60:.0f} minutes, bounded by the {name}, which serves "
        f"{1 / slowest:.0f} cells per second; cells of {workers * slowest:.1f} s or more keep all workers busy."
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["command"]:
        command(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1:2] == ["memory"]:
        memory(int(sys.argv[2]))
    else:
        predict(*(int(given) for given in [*sys.argv[1:], *("1000000", "1000")[len(sys.argv) - 1 :]]))
