"""Proven ranges of the metrics of the switching-cost game.

With T rounds and a learner that changes its action at most s times:

    any losses in [0, 1]:                          -T <= regret <= T + c s,
    one action always best, others e worse:         0 <= regret <= e T + c s,
    a given table l:      sum_t min_i l_t(i) - L* <= regret <= max over plays of the loss - L* + c s.

L* is the loss of the best action. If the learner holds its action over batches, so do the plays of a table. A learner's
statements about its switches and batches (`Learner.switch_cap`, `Learner.rounds_held`) are used for the package's own
steps only: for your own steps s is T - 1, since nothing proves them. Those of a loss process define the problem.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.protocol import known


def metric_range(game: Any, metric: str, learner: Any) -> tuple[float, float] | None:
    """Return the proven range of a metric of a switching-cost game; None for another problem, or a subclass."""
    from bandits.switching import SwitchingCostGame

    if type(game) is not SwitchingCostGame:  # a subclass may measure otherwise
        return None
    if not game.losses.bounded and metric in ("loss", "best_loss", "regret"):
        raise ValueError(
            f"no proven range of losses of {type(game.losses).__name__}: give verify a sample_range, or declare "
            "them bounded in [0, 1]"
        )
    low, high = _range(game, metric, learner)
    slack = 1e-12 * game.horizon * (1.0 + game.switching_cost)  # more than the rounding of any sum of T terms
    return (low - slack, high + slack) if low < high else (low, high)


def _range(game: Any, metric: str, learner: Any) -> tuple[float, float]:
    horizon, paid = game.horizon, game.switching_cost * switch_cap(game, learner)
    counts = {"switches": (0, switch_cap(game, learner)), "clipped_rounds": (0, horizon)}
    if metric in counts:
        return counts[metric]
    if metric == "observations":
        low, high = game.feedback.observation_range(horizon, game.n_actions)
        return float(low), float(high)
    if metric in ("pseudo_regret", "dynamic_regret"):
        return 0.0, known(game.losses, "mean_gap")(horizon) * horizon + paid
    if metric not in ("loss", "best_loss", "regret"):
        raise ValueError(f"no proven range of {metric!r} for a SwitchingCostGame")
    table, gap = known_table(game), known(game.losses, "dominance_gap")(horizon)
    if table is not None:
        best = float(table.sum(axis=0).min())
        least, most = _play_totals(table, batch_length(game, learner))
        return {"loss": (least, most), "best_loss": (best, best), "regret": (least - best, most - best + paid)}[metric]
    if metric != "regret":
        return 0.0, float(horizon)
    return (-float(horizon), horizon + paid) if gap is None else (0.0, gap * horizon + paid)


def switch_cap(game: Any, learner: Any) -> int:
    """Return the most switches that `learner` can make in `game`: one less than its batches, or T - 1."""
    batches = -(-game.horizon // batch_length(game, learner))
    return int(min(known(learner, "switch_cap", "bandits")(game), batches - 1))


def batch_length(game: Any, learner: Any) -> int:
    """Return the length in rounds of the batches in which the learner holds its action; 1 if unknown."""
    return int(known(learner, "rounds_held", "bandits")(game))


def known_table(game: Any) -> NDArray[np.float64] | None:
    """Return the losses (T, K) where they are the same in every repetition, else None."""
    table = known(game.losses, "known_table")(game.horizon)
    return None if table is None else np.asarray(table)


def _play_totals(table: NDArray[np.float64], length: int) -> tuple[float, float]:
    """Return the least and the greatest loss of a play that holds its action over batches of `length`."""
    batches = np.add.reduceat(table, np.arange(0, len(table), length), axis=0)
    return float(batches.min(axis=1).sum()), float(batches.max(axis=1).sum())
