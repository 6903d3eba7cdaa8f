"""
A sweep, on threads and on Dask
===============================

*For large sweeps.* A sweep is a list of cells. Each is computed once, kept in a file under the hash of all that it
depends on, and the same on every worker; after a crash the same call resumes.
"""

# %%
# Three horizons, two learners, 32 repetitions each.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import polars

from bandits.switching import Exp3
from regretlab import BatchedExp3, Cell, MultiScaleRandomWalk, SwitchingCostGame, grid, run_sweep

learners = {"EXP3": Exp3(), "batched EXP3": BatchedExp3()}
cells = [
    Cell(
        SwitchingCostGame(MultiScaleRandomWalk(n_actions=3), p.horizon),
        learners[p.name],
        repetitions=32,
        seed=7,
        labels=vars(p),
    )
    for p in grid(horizon=[2**10, 2**12, 2**14], name=list(learners))
]
out = Path(tempfile.mkdtemp())
report = run_sweep(cells, out, workers=2)
print(f"{report.computed} computed, {report.reused} reused")

# %%
# The results are a Parquet file with a column for each axis of the sweep; for more than 10,000 cells a folder of files,
# which the same line reads. It is lazy: only what is used comes into memory.

results = polars.scan_parquet(report.results)
last = results.filter((polars.col("metric") == "regret") & (polars.col("round") == polars.col("horizon"))).collect()
last.select("horizon", "name", "mean", "std")

# %%
# On log-log axes the two rates are lines.

for name in learners:
    line = last.filter(polars.col("name") == name)
    plt.loglog(line["horizon"], line["mean"], "o-", label=name)
plt.xlabel("horizon")
plt.ylabel("regret, switches included")
plt.legend()

# %%
# The same call again computes nothing; a new horizon computes its own cells.

print(f"{run_sweep(cells, out).reused} reused")

# %%
# With `cluster=` the cells go to a Dask scheduler: here to one in this process, elsewhere to
# `dask scheduler` and its `dask worker` on a hundred machines. The command is the only writer, so the workers share no
# disk, and the numbers are the same.

from distributed import LocalCluster

with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as dask:
    remote = run_sweep(cells, tempfile.mkdtemp(), cluster=dask.scheduler_address)
print(f"{remote.computed} computed")
assert polars.read_parquet(remote.results).equals(results.collect())

# %%
# A sweep can also be a TOML file: `regretlab sweep switching.toml --out results --dry-run` counts its cells and
# estimates the time. See :doc:`/sweeps` for files, clusters and the planning of ten thousand cells.
