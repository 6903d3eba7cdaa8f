"""Start-up time of a fresh process and memory of a long run, each measured in separate processes."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

_IMPORT = """
import json, sys, time
start = time.perf_counter()
import bandits, theory, sims, regretlab
late = [name for name in ("jax", "matplotlib", "scipy.stats", "sympy", "polars") if name in sys.modules]
print(json.dumps({"import": time.perf_counter() - start, "late": late}))
"""

_FIRST = """
import json, time
start = time.perf_counter()
from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, SwitchingCostGame
from sims import simulate
ready = time.perf_counter()
game = SwitchingCostGame(BernoulliLosses.with_gap(10, gap=0.1), horizon=10_000)
simulate(game, Exp3(), repetitions=2, seed=1)
first = time.perf_counter()
simulate(game, Exp3(), repetitions=2, seed=1)
print(json.dumps({"import": ready - start, "first": first - ready, "second": time.perf_counter() - first}))
"""

_LONG = """
import json, os, resource, sys, time
from bandits.losses import BernoulliLosses
from bandits.switching import BatchedExp3, FullInformation, Bandit, ShrinkingDartboard, SwitchingCostGame
from sims import simulate
feedback, learner = {"batched": (Bandit(), BatchedExp3()), "dartboard": (FullInformation(), ShrinkingDartboard())}[
    sys.argv[1]
]
horizon = int(sys.argv[2])
game = SwitchingCostGame(BernoulliLosses.with_gap(2, gap=0.1), horizon, feedback=feedback)
start = time.perf_counter()
run = simulate(game, learner, repetitions=1, seed=1, threads=1)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
if os.path.exists("/proc/self/status"):  # on Linux the number above is never below the parent's
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    peak = int(status["VmHWM"].split()[0]) / 2**10
print(json.dumps({"seconds": seconds, "peak": peak}))
"""

MEMORY_LIMIT = 300.0  # MiB, at any horizon


def start_up_table(samples: int) -> list[str]:
    """Return Markdown lines: import, and the first simulate with a cold, a partly warm and a warm cache (medians)."""
    imports = [_child(_IMPORT) for _ in range(samples)]
    other = _FIRST.replace("Exp3", "BatchedExp3")
    cold, new, warm = [], [], []
    for _ in range(samples):
        with tempfile.TemporaryDirectory() as folder:
            cache = {"REGRETLAB_CACHE_DIR": folder}
            cold.append(_child(other, environment=cache))
            new.append(_child(_FIRST, environment=cache))
            warm.append(_child(_FIRST, environment=cache))
    late = sorted({name for one in imports for name in one["late"]})
    rows = [
        ("`import bandits, theory, sims, regretlab`", median(one["import"] for one in imports), 0.7),
        ("first `simulate`, cold cache (compiles)", median(one["first"] for one in cold), None),
        ("first `simulate` of a new learner in a problem played before", median(one["first"] for one in new), None),
        ("first `simulate`, warm cache", median(one["first"] for one in warm), None),
        ("process from import to first result, warm cache", median(one["import"] + one["first"] for one in warm), 1.0),
        ("second `simulate` in the same process", median(one["second"] for one in warm), None),
    ]
    lines = ["| start-up | seconds | goal |", "|---|---:|---:|"]
    lines += [f"| {label} | {seconds:.3f} | {f'{goal:g}' if goal else ''} |" for label, seconds, goal in rows]
    note = f"imported at once although nothing needs them yet: {', '.join(late)}" if late else "none of them"
    return [
        *lines,
        "",
        f"Heavy libraries (JAX, Matplotlib, SciPy's statistics, SymPy, Polars) loaded by the import: {note}.",
    ]


def memory_table(horizon: int) -> tuple[list[str], bool]:
    """Return Markdown lines on peak memory of runs of `horizon` rounds, and whether all stay within the limit."""
    lines = [f"| one repetition of {horizon:.0e} rounds, K = 2 | peak MiB | limit | seconds |", "|---|---:|---:|---:|"]
    fits = True
    for name, label in (("batched", "batched EXP3, bandit feedback"), ("dartboard", "Shrinking Dartboard")):
        seen = _child(_LONG, name, str(horizon))
        fits = fits and seen["peak"] <= MEMORY_LIMIT
        lines.append(f"| {label} | {seen['peak']:.0f} | {MEMORY_LIMIT:g} | {seen['seconds']:.1f} |")
    return lines, fits


def _child(text: str, *arguments: str, environment: dict[str, str] | None = None) -> dict:
    root = Path(__file__).resolve().parent.parent
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(root)]))
    done = subprocess.run(
        [sys.executable, "-c", text, *arguments],
        env={**os.environ, "PYTHONPATH": path, **(environment or {})},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"a measuring process failed:\n{done.stderr}")
    return json.loads(done.stdout)
