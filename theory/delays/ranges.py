"""Proven ranges of a delayed problem: those of the problem, since what is revealed does not change what is paid."""

from typing import Any

from theory.ranges import proven_range


def metric_range(problem: Any, metric: str, learner: Any) -> tuple[float, float] | None:
    """Return the proven range of a metric of a delayed problem; None for other problems, and for subclasses."""
    from bandits.delays import Delayed

    return proven_range(problem.problem, learner, metric) if type(problem) is Delayed else None
