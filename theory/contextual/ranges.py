"""Proven ranges of contextual games: every round's term is between its least and greatest over contexts and actions."""

from typing import Any

import numpy as np


def metric_range(problem: Any, metric: str, learner: Any) -> tuple[float, float] | None:
    """Return the proven range of a metric of a contextual game; None for other problems, and for subclasses."""
    from bandits.contextual import ContextualGame

    if type(problem) is not ContextualGame:
        return None
    means, horizon = problem.world.means, problem.horizon
    far = np.maximum(means, 1.0 - means) ** 2  # predictions are in [0, 1]
    triangular = np.maximum(means, (1.0 - means) ** 2 / (1.0 + means))
    ends = {
        "loss": (0.0, 1.0),
        "best_loss": (float(problem.world.least.min()), float(problem.world.least.max())),
        "regret": (0.0, problem.gap),
        "law_regret": (0.0, problem.gap),
        "estimation": (0.0, float(far.max())),
        "triangular": (0.0, float(triangular.max())),
        "oracle_regret": (-1.0, 1.0),
    }
    if metric not in ends:
        raise ValueError(f"no proven range of {metric!r} for a ContextualGame")
    slack = 1e-12 * horizon  # more than the rounding of any sum of T terms
    return horizon * ends[metric][0] - slack, horizon * ends[metric][1] + slack
