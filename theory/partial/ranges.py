"""Proven ranges of partial monitoring: sums of the least and the greatest loss against each outcome."""

from typing import Any

import numpy as np


def metric_range(problem: Any, metric: str, learner: Any) -> tuple[float, float] | None:
    """Return the proven range of a metric of partial monitoring; None for other problems, and for subclasses."""
    from bandits.partial import OutcomeTable, PartialMonitoring

    if type(problem) is not PartialMonitoring:
        return None
    losses, T = problem.game.losses, problem.horizon
    if type(problem.outcomes) is OutcomeTable:
        counts = np.bincount(problem.outcomes.outcomes[:T], minlength=problem.game.n_outcomes)
        least, most = float(counts @ losses.min(axis=0)), float(counts @ losses.max(axis=0))
        best = float((losses @ counts).min())
        ends = {"loss": (least, most), "best_loss": (best, best), "regret": (least - best, most - best)}
    else:
        low, high, regret = T * float(losses.min()), T * float(losses.max()), T * problem.spread
        ends = {"loss": (low, high), "best_loss": (low, high), "regret": (-regret, regret)}
    if metric not in ends:
        raise ValueError(f"no proven range of {metric!r} for a PartialMonitoring game")
    slack = 1e-12 * T * (1.0 + float(np.abs(losses).max()))  # more than the rounding of any sum of T terms
    return ends[metric][0] - slack, ends[metric][1] + slack
