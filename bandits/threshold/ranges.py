"""Ranges of the metrics of a threshold game that hold for every draw.

The means at the fixed point s*_i of threshold i are exact (`bandits.threshold.fixed_points`). Reachable states are
at most D from s*_i in each coordinate, so the means of a round are within M D of those at s*_i: with M the
Lipschitz constants of `Population.sensitivity`,

    mean reward      r(s*_i) -+ (1 + q) M_r D, within [-q, 1],
    max A - min A    the one at s*_i -+ M_p D, within [0, 1] (over the groups; |A_0 - A_1| for two),
    overall rate     the one at s*_i -+ M_s D, within [0, 1].

In a stationary population D = 0 and the ranges are those of the best and the worst threshold; a sum of T rounds lies
between T times the least and T times the greatest. For drawn rewards the range is [-q, 1].
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.protocol import known

_SLACK = 1e-10  # above the rounding per round of a sum of up to 10^9 terms, and the tolerance of the fixed points

Interval = tuple[NDArray[np.float64], NDArray[np.float64]]  # (G,) least and greatest of a round, by threshold


class RoundRanges(NamedTuple):
    """Ranges of the means of one round, by threshold."""

    reward: Interval
    parity: Interval  # parity violation
    service: Interval  # service violation
    worst: NDArray[np.float64]  # (G,) largest possible value of any residual


def round_ranges(game: Any) -> RoundRanges:
    """Return the ranges of one round's means in a `ThresholdGame`, for each of its G thresholds."""
    found, slope, distance = game.fixed_points, game.sensitivity, game.diameter
    reward = _around(found.reward, game.reward_range * slope.reward * distance, -float(game.price))
    gap = _around(np.ptp(found.accept, axis=1), slope.parity * distance, 0.0)
    tolerance = float(game.parity_tolerance)
    parity = np.maximum(gap[0] - tolerance, 0.0), np.maximum(gap[1] - tolerance, 0.0)
    worst = gap[1] - tolerance
    if game.service is None:
        none = np.zeros(game.n_actions)
        return RoundRanges(reward, parity, (none, none), worst)
    low, high = game.service
    least, most = _around(found.residuals[:, -1] + high, slope.service * distance, 0.0)
    below, above = (np.maximum(low - rate, 0.0) + np.maximum(rate - high, 0.0) for rate in (least, most))
    meets = (least <= high) & (most >= low)
    service = np.where(meets, 0.0, np.minimum(below, above)), np.maximum(below, above)
    return RoundRanges(reward, parity, service, np.maximum(worst, np.maximum(low - least, most - high)))


def _around(centre: NDArray[np.float64], radius: float, floor: float) -> Interval:
    return np.clip(centre - radius, floor, 1.0), np.clip(centre + radius, floor, 1.0)


def proven_range(game: Any, metric: str, learner: Any) -> tuple[float, float]:
    """Return bounds on `metric` of the game at its horizon under `learner`; ValueError for a name that is no metric.

    The learner is arbitrary, unless it declares the one threshold that it always plays (`only_action`). Bounds on sums
    of real numbers are widened by more than the rounding of such a sum.
    """
    if metric not in game.metrics:
        raise ValueError(f"metric must be one of {', '.join(game.metrics)}, got {metric!r}")
    observables = game.population.observables
    if metric in observables:
        low, high = game.population.reachable[observables.index(metric)]
        return low - _SLACK, high + _SLACK
    played = _thresholds_played(game, learner)
    counts = _count_range(game, metric, played)
    if counts is not None:
        return counts
    least, most = _round_range(game, metric)
    slack = _SLACK * (1.0 + game.reward_range)
    return game.horizon * float(least[played].min() - slack), game.horizon * float(most[played].max() + slack)


def _thresholds_played(game: Any, learner: Any) -> NDArray[np.int64]:
    only = known(learner, "only_action", "bandits")(game)
    return np.arange(game.n_actions) if only is None else np.array([only])


def _count_range(game: Any, metric: str, played: NDArray[np.int64]) -> tuple[float, float] | None:
    """Return the range of a number of rounds; None for other metrics."""
    horizon = float(game.horizon)
    if metric == "switches":
        return 0.0, horizon - 1.0 if len(played) > 1 else 0.0
    if metric == "absent_groups":
        return (horizon, horizon) if game.batch_size < game.population.n_groups else (0.0, horizon)
    if metric == "infeasible_rounds":
        always = (_round_range(game, "violation")[0][played] > _SLACK).all()
        never = (round_ranges(game).worst[played] < -_SLACK).all()
        return horizon if always else 0.0, 0.0 if never else horizon
    return None


def _round_range(game: Any, metric: str) -> Interval:
    """Return the range of the increment of a metric in one round, by threshold."""
    found, ranges = game.fixed_points, round_ranges(game)
    best = found.reward[found.best]
    (least, most), parity, service = ranges.reward, ranges.parity, ranges.service
    return {
        "reward": (np.full_like(least, -float(game.price)), np.ones_like(most)),
        "regret": (best - most, best - least),
        "parity_violation": parity,
        "service_violation": service,
        "violation": (parity[0] + service[0], parity[1] + service[1]),
        "settled_regret": (best - found.reward, best - found.reward),
        "settled_violation": (found.violation, found.violation),
    }[metric]
