"""Independent 0/1 losses whose means change at given rounds, or drift between them."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.arguments import Numbers
from bandits.core.checks import array, integers, shown
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import in_lanes, own_array, where
from bandits.core.rng import Stream, uniform
from bandits.core.summation import least
from bandits.losses.process import LossProcess, LossSteps


class PiecewiseSetting(NamedTuple):
    """Mean losses at the start of each piece and their slope within it."""

    start: Any  # (S,) int64, first round of each piece, start[0] = 0
    mean: Any  # (S, K) float64
    slope: Any  # (S, K) float64, change of the mean per round


class PiecewiseState(NamedTuple):
    """The current piece, the means and losses of the round and every arm's total."""

    piece: int
    mean: Any  # (K,) float64
    losses: Any  # (K,) float64, 0 or 1
    total: Any  # (K,) float64, exact: sums of at most 2^53 ones


@in_lanes()
@kernel
def _piecewise_init(setting: PiecewiseSetting, env: Stream) -> PiecewiseState:
    n = setting.mean.shape[1]
    return PiecewiseState(0, np.zeros(n), own_array(n, 0.0, env), own_array(n, 0.0, env))


@in_lanes()
@kernel
def _piecewise_advance(setting: PiecewiseSetting, state: PiecewiseState, t: int, env: Stream) -> PiecewiseState:
    piece = state.piece
    if piece + 1 < setting.start.size and t >= setting.start[piece + 1]:
        piece += 1
    elapsed = t - setting.start[piece]
    for arm in range(state.losses.size):
        state.mean[arm] = setting.mean[piece, arm] + elapsed * setting.slope[piece, arm]
        state.losses[arm] = where(uniform(env, t, arm) < state.mean[arm], 1.0, 0.0)
        state.total[arm] += state.losses[arm]
    return PiecewiseState(piece, state.mean, state.losses, state.total)


@in_lanes()
@kernel
def _listed_loss(setting: Any, state: Any, t: int, arm: int) -> float:
    return state.losses[arm]


@rare_kernel
def _listed_totals(setting: Any, state: Any, n_rounds: int, out: Any) -> None:
    for arm in range(out.size):
        out[arm] = state.total[arm]


@in_lanes()
@kernel
def _moving_gap(setting: Any, state: PiecewiseState, arm: int) -> float:
    return state.mean[arm] - least(state.mean)


@dataclass(frozen=True)
class PiecewiseLosses(LossProcess):
    """Independent 0/1 losses whose means change: means (S, K) in [0, 1], one row per piece.

    change_points (S - 1,) are the rounds (from 0, increasing, the first at least 1) at which the later
    pieces begin; those beyond the horizon are never reached. Without drift the means are constant in a
    piece; with `drift=True` they change linearly to those of the next piece (constant in the last).
    """

    means: Numbers
    change_points: Numbers = ()
    drift: bool = False
    steps: ClassVar[LossSteps] = LossSteps(
        _piecewise_init, _piecewise_advance, _listed_loss, _listed_totals, _moving_gap, moving=True
    )
    bounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        means = array("means", self.means, ndim=2, low=0.0, high=1.0)
        points = integers("change_points", self.change_points, low=1)
        if len(points) != len(means) - 1 or points != sorted(set(points)):
            wanted = f"{len(means) - 1} increasing rounds (one fewer than rows of means)"
            raise ValueError(f"change_points must be {wanted}, got {shown(points)}")
        object.__setattr__(self, "means", tuple(map(tuple, means.tolist())))
        object.__setattr__(self, "change_points", tuple(points))

    @property
    def n_actions(self) -> int:  # type: ignore[override]
        """Number of actions K."""
        return len(self.means[0])

    def setting(self, horizon: int) -> PiecewiseSetting:
        """Return what the compiled functions receive."""
        start = np.array((0, *self.change_points), dtype=np.int64)
        mean = np.array(self.means)
        slope = np.zeros_like(mean)
        if self.drift:
            slope[:-1] = np.diff(mean, axis=0) / np.diff(start)[:, None]
        return PiecewiseSetting(start, mean, slope)
