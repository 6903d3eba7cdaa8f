"""Rounds per second of the JAX backend by the number of repetitions: `python benchmarks/accelerator.py --out DIR`.

Both precisions at 10^3 to 10^6 repetitions beside the compiled loop on two threads of the CPU, with device, versions
and load, in DIR/accelerator.json and DIR/accelerator.md. Sizes for which a pair's share of `--seconds` does not last
are left out. `accelerator.sh` runs this after the tests of equality. Exit status 1 if a short game's numbers differ.
"""

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numba
import numpy as np
from jax_backend import SEED, agrees, pairs

from sims import simulate

ROUNDS = 1024  # of a repetition
LOOP_REPETITIONS = 256
GOAL = 5e9  # rounds per second of EXP3 on an H100


def speed(game: Any, learner: Any, backend: str, repetitions: int, threads: int = 1) -> float:
    """Return rounds per second, all repetitions together; the pair has been compiled before."""
    began = time.perf_counter()
    simulate(
        game, learner, repetitions=repetitions, seed=SEED, checkpoints=[game.horizon], threads=threads, backend=backend
    )
    return repetitions * game.horizon / (time.perf_counter() - began)


def measured(
    label: str, game: Any, learner: Any, backends: tuple[str, ...], sizes: list[int], seconds: float
) -> list[dict[str, Any]]:
    """Return a record for every backend and number of repetitions that the time allows."""
    speed(game, learner, "numba", 2, 2)
    loop = max(speed(game, learner, "numba", LOOP_REPETITIONS, 2) for _ in range(3))
    found = [{"pair": label, "backend": "compiled, two threads", "repetitions": LOOP_REPETITIONS, "rate": loop}]
    for backend in backends:
        deadline, rate = time.perf_counter() + seconds / len(backends), 0.0
        for size in sizes:
            left = deadline - time.perf_counter()
            if left <= 0.0 or (rate > 0.0 and 2 * size * game.horizon / rate > left):
                break
            speed(game, learner, backend, size)  # compiles for this size
            rate = speed(game, learner, backend, size)
            found.append({"pair": label, "backend": backend, "repetitions": size, "rate": rate, "ratio": rate / loop})
    return found


def table(records: list[dict[str, Any]], device: str) -> str:
    """Return the records in Markdown."""
    lines = [
        device,
        "",
        "| pair | backend | repetitions | rounds per second | of two CPU threads |",
        "|---|---|---:|---:|---:|",
    ]
    lines += [
        f"| {r['pair']} | {r['backend']} | {r['repetitions']:,} | {r['rate']:.3g} | {r.get('ratio', 1.0):.2f} |"
        for r in records
    ]
    best = max((r["rate"] for r in records if r["pair"].startswith("EXP3, Bernoulli")), default=0.0)
    lines += ["", f"EXP3 on Bernoulli losses: at best {best:.3g} rounds per second; the goal on an H100 is {GOAL:.0e}."]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, write both files and print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("results/accelerator"), help="folder (%(default)s)")
    parser.add_argument("--seconds", type=float, default=200.0, help="for all pairs together (%(default)s)")
    parser.add_argument("--most", type=int, default=10**6, help="repetitions (%(default)s)")
    options = parser.parse_args()
    sizes = [10**k for k in range(3, 10) if 10**k <= options.most]
    chosen = list(pairs(ROUNDS))
    kind = jax.default_backend()
    where = jax.devices()[0].device_kind
    said = "no accelerator was found: JAX ran on the CPU" if kind == "cpu" else f"JAX ran on {kind}"
    device = (
        f"{said} ({where}, {len(jax.devices())} device(s)). JAX {jax.__version__}, Numba {numba.__version__}, NumPy "
        f"{np.__version__}, Python {platform.python_version()}; {os.cpu_count()} processors, load "
        f"{os.getloadavg()[0]:.1f}."
    )
    same = all([agrees(replace(game), learner, 64) for _, game, learner, _ in chosen])
    records: list[dict[str, Any]] = []
    for label, game, learner, backends in chosen:
        records += measured(label, game, learner, backends, sizes, options.seconds / len(chosen))
        print(f"{label}: done", file=sys.stderr, flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    report = {"device": device, "backend": kind, "same_numbers": same, "records": records}
    (options.out / "accelerator.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (options.out / "accelerator.md").write_text(table(records, device), encoding="utf-8")
    print(table(records, device))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
