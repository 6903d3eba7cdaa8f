"""Simulation: `simulate` joins a problem and a learner, a `Run` holds what was measured, `run_sweep` runs many.

`plot` and `compare` show runs side by side. The parts that need Parquet or Matplotlib load when they are first used.
"""

from typing import TYPE_CHECKING

from bandits.core.lazy import lazy
from sims.run import Run
from sims.simulate import simulate

if TYPE_CHECKING:
    from sims.comparison import compare, to_latex
    from sims.engines.policies import trajectory
    from sims.execute import Report, run_sweep
    from sims.plots import plot, simplex
    from sims.spec import load_sweep
    from sims.store import Store
    from sims.sweep import Cell, Precision, grid

__all__ = [
    "Cell",
    "Precision",
    "Report",
    "Run",
    "Store",
    "compare",
    "grid",
    "load_sweep",
    "plot",
    "run_sweep",
    "simplex",
    "simulate",
    "to_latex",
    "trajectory",
]

if not TYPE_CHECKING:
    _NAMES = {
        "sims.comparison": "compare to_latex",
        "sims.engines.policies": "trajectory",
        "sims.execute": "Report run_sweep",
        "sims.plots": "plot simplex",
        "sims.spec": "load_sweep",
        "sims.store": "Store",
        "sims.sweep": "Cell Precision grid",
    }
    __getattr__, __dir__ = lazy(__name__, _NAMES)
