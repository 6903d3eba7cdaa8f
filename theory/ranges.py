"""Proven ranges of metrics, for every draw; tests of means rely on them.

Nothing here is estimated. A problem proves its ranges by a method `metric_range(metric, learner) -> (low, high)`, or
its family does in `theory/<family>/ranges.py` by a function `metric_range(problem, metric, learner)`, which returns
None for problems of other families.
"""

from typing import Any, NamedTuple

import theory
from bandits.protocol import Learner


class Range(NamedTuple):
    """Least and greatest possible value of a sample."""

    low: float
    high: float


def proven_range(problem: Any, learner: Any, metric: str) -> Range:
    """Return the proven range of a metric of `problem` played by `learner`; ValueError where none is known."""
    own = getattr(problem, "metric_range", None)
    ends = own(metric, learner) if own else theory.first_answer("ranges", "metric_range", problem, metric, learner)
    if ends is None:
        raise ValueError(f"no proven range of {metric!r} for {type(problem).__name__}: give it a metric_range method")
    low, high = ends
    return Range(float(low), float(high))


class _Anyone(Learner):
    """A learner that declares nothing of itself."""

    def parameters(self, problem: Any) -> Any:
        return ()


def range_of_all_plays(problem: Any, metric: str) -> Range | None:
    """Return the proven range of a metric whoever plays; None where it is not known without the learner."""
    try:
        return proven_range(problem, _Anyone(), metric)
    except (AttributeError, TypeError, ValueError):
        return None
