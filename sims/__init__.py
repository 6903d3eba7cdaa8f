"""Simulation: `simulate` joins a problem and a learner, a `Run` holds what was measured, `run_sweep` runs many."""

from typing import Any

from sims.run import Run as Run
from sims.simulate import simulate as simulate

_LAZY = {"Cell": "sims.sweep", "Precision": "sims.sweep", "grid": "sims.sweep", "load_sweep": "sims.spec"}
_LAZY |= {"run_sweep": "sims.execute", "Store": "sims.store", "trajectory": "sims.engines.policies"}


def __getattr__(name: str) -> Any:
    """Load the parts that need Parquet, or few users need, only when they are used."""
    if name not in _LAZY:
        raise AttributeError(f"module 'sims' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
