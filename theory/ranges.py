"""Ranges that a measured quantity cannot leave, whatever is drawn: what a test of means rests on.

Nothing here is estimated. For a switching-cost game of T rounds and a learner that changes its action at most s times,

    any losses in [0, 1]:     -T <= regret <= T + c s,
    the walk with gap e:       0 <= regret <= e T + c s,
    a given table l:           sum_t min_i l_t(i) - L* <= regret <= max over plays of the loss - L* + c s:

in the walk the good action is best in every round and the others at most e worse, and a play of a table holds one
action a batch if the learner does. s is T - 1 unless the learner is one of ours whose code holds its action over
batches: the cap of anyone's own learner is not proven by what it says of itself, so a subclass gets T - 1. A problem
of another family, or of your own, proves its ranges by a method `metric_range(metric, learner) -> (low, high)`.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Range(NamedTuple):
    """Ends that no sample can leave."""

    low: float
    high: float


def proven_range(problem: Any, learner: Any, metric: str) -> Range:
    """Return the proven range of a metric of `problem` played by `learner`; ValueError where none is known."""
    own = getattr(problem, "metric_range", None)
    if own is not None:
        low, high = own(metric, learner)
        return Range(float(low), float(high))
    from bandits.switching import SwitchingCostGame

    if type(problem) is not SwitchingCostGame:  # a subclass may measure otherwise
        raise ValueError(f"no proven range of {metric!r} for {type(problem).__name__}: give it a metric_range method")
    if not problem.losses.bounded:
        raise ValueError(
            f"no proven range of losses of {type(problem.losses).__name__}: give verify a sample_range, or declare "
            "them bounded in [0, 1]"
        )
    low, high = _switching_range(problem, learner, metric)
    slack = 1e-12 * problem.horizon * (1.0 + problem.switching_cost)  # more than the rounding of any sum of T terms
    return Range(low - slack, high + slack) if low < high else Range(low, high)


def _switching_range(game: Any, learner: Any, metric: str) -> tuple[float, float]:
    horizon, cap = game.horizon, switch_cap(game, learner)
    paid = game.switching_cost * cap
    if metric == "switches":
        return 0.0, float(cap)
    if metric == "observations":
        return _observations(game)
    if metric == "clipped_rounds":
        return 0.0, float(horizon)
    if metric == "pseudo_regret":
        return 0.0, _gap(game) * horizon + paid
    table = known_table(game)
    if metric not in ("loss", "best_loss", "regret"):
        raise ValueError(f"no proven range of {metric!r} for a SwitchingCostGame")
    if table is None:
        if metric == "regret":
            return (0.0, _gap(game) * horizon + paid) if _is_walk(game) else (-float(horizon), horizon + paid)
        return 0.0, float(horizon)
    best = float(table.sum(axis=0).min())
    least, most = _play_totals(table, batch_length(game, learner))
    return {"loss": (least, most), "best_loss": (best, best), "regret": (least - best, most - best + paid)}[metric]


def switch_cap(game: Any, learner: Any) -> int:
    """Return a number of switches that `learner` cannot exceed in `game`: batches less one, or T - 1."""
    from bandits.switching import TsallisSwitch

    if batch_length(game, learner) > 1:
        return int(learner.parameters(game).n_batches) - 1
    if type(learner) is TsallisSwitch:
        growth, played, block = learner.parameters(game).growth, 0, 0
        while played < game.horizon:
            block += 1
            played += max(1, math.ceil(growth * math.sqrt(block)))
        return block - 1
    return int(game.horizon) - 1


def batch_length(game: Any, learner: Any) -> int:
    """Return over how many rounds at a time, from the first on, the learner holds its action; 1 if unknown."""
    from bandits.switching import BatchedDartboard, BatchedExp3, BudgetedExp3, ExtraObservationLearner

    if type(learner) in (BatchedExp3, BudgetedExp3, BatchedDartboard, ExtraObservationLearner):
        return int(learner.parameters(game).batch_length)
    return 1


def known_table(game: Any) -> NDArray[np.float64] | None:
    """Return the losses (T, K) where they are the same in every repetition, else None."""
    from bandits.losses import AlternatingLosses, LossTable

    losses = game.losses
    if type(losses) is LossTable:
        return np.asarray(losses.table[: game.horizon])
    if type(losses) is AlternatingLosses:
        paying = np.arange(game.horizon) // losses.period % losses.n_actions
        return np.asarray(paying[:, None] == np.arange(losses.n_actions), dtype=np.float64)
    return None


def _play_totals(table: NDArray[np.float64], length: int) -> tuple[float, float]:
    """Return the least and the greatest loss of a play that holds its action over batches of `length`."""
    batches = np.add.reduceat(table, np.arange(0, len(table), length), axis=0)
    return float(batches.min(axis=1).sum()), float(batches.max(axis=1).sum())


def _is_walk(game: Any) -> bool:
    from bandits.losses.random_walk import MultiScaleRandomWalk

    return type(game.losses) is MultiScaleRandomWalk


def _gap(game: Any) -> float:
    """Return by how much an action's mean loss can exceed the best one's in a round."""
    from bandits.losses import BernoulliLosses

    if _is_walk(game):
        return float(game.losses.setting(game.horizon).gap)
    if type(game.losses) is BernoulliLosses:
        return max(game.losses.means) - min(game.losses.means)
    return 1.0


def _observations(game: Any) -> tuple[float, float]:
    from bandits.switching import Bandit, FullInformation

    if isinstance(game.feedback, Bandit):
        return float(game.horizon), float(game.horizon)
    if isinstance(game.feedback, FullInformation):
        return float(game.horizon * game.n_actions), float(game.horizon * game.n_actions)
    return 0.0, float(game.budget)
