"""Check of the metrics of a play: every declared metric was measured and is a number."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.protocol import Learner, Problem


def measured(problem: Problem, learner: Learner, values: Any, count: int, rounds: Any) -> NDArray[np.float64]:
    """Return the metrics (count, C, M) as float64; ValueError if a declared one was not measured, or is nan."""
    names, found = problem.metrics, np.ascontiguousarray(values, dtype=np.float64)
    kind, shape = type(problem).__name__, (count, len(rounds), len(names))
    if found.ndim == 3 and found.shape[2] < len(names):
        missing = ", ".join(repr(name) for name in names[found.shape[2] :])
        raise ValueError(f"{kind} declares the metrics {missing}, but the play of {learner.name} never writes them")
    if found.shape != shape:
        raise ValueError(f"{learner.name}.play must return metrics of shape {shape}, got shape {found.shape}")
    for m, name in enumerate(names):
        wrong = np.argwhere(np.isnan(found[..., m]))
        if len(wrong) and name not in problem.undefined:
            where = f"after round {rounds[wrong[0, 1]]} of repetition {wrong[0, 0]}"
            raise ValueError(f"{learner.name} in {kind}: the metric {name!r} is nan {where}")
    return found
