"""Proven ranges of convex games: losses differ by at most G D within the domain."""

from typing import Any


def metric_range(problem: Any, metric: str, learner: Any) -> tuple[float, float] | None:
    """Return the proven range of a metric of a convex game; None for other problems, and for subclasses."""
    from bandits.convex import ConvexGame

    if type(problem) is not ConvexGame:
        return None
    T, D = problem.horizon, problem.diameter
    most, path = D * problem.gradient_bound * T, D * (T - 1)
    if metric in ("loss", "best_loss"):
        size = problem.loss_bound * T
        low, high = -size, size
    elif metric in ("regret", "linear_regret"):
        low, high = -most, most + (problem.switching_cost * path if metric == "regret" else 0.0)
    elif metric == "path":
        low, high = 0.0, path
    else:
        raise ValueError(f"no proven range of {metric!r} for a ConvexGame")
    slack = 1e-9 * (1.0 + max(abs(low), abs(high)))  # points are in the domain up to rounding of this size
    return low - slack, high + slack
