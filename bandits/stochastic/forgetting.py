"""UCB for means that change: over a sliding window, or with discounted counts (Garivier & Moulines 2011).

`SlidingWindowUCB` plays the least mean_i - sqrt(xi ln min(t, tau) / N_i), with mean and plays of the last tau rounds;
`DiscountedUCB` the least mean_i - 2 sqrt(xi ln n / N_i), where a round s back counts gamma^s and n is the sum of all
N_i. An action without a play is played at once; ties go to the first action.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import LARGEST_ACTIONS, integer, optional_real, real
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps
from bandits.stochastic.counts import BanditLearner, Counts, count, no_counts


@kernel
def _least_index(state: Counts, square: float) -> int:
    """Return the action of least mean - sqrt(square / plays); one without plays at once."""
    best = 0
    least = math.inf
    for i in range(state.plays.size):
        if state.plays[i] <= 0.0:
            return i
        index = state.mean[i] - math.sqrt(square / state.plays[i])
        if index < least:
            least = index
            best = i
    return best


# ---------------------------------------------------------------- sliding window


class WindowParams(NamedTuple):
    """K, the length of the window and the factor of the logarithm."""

    n_actions: int
    window: int
    exploration: float


class WindowState(NamedTuple):
    """Counts in the window, and its actions and losses: round t is at place t mod window."""

    counts: Counts
    arms: Any  # (window,) int64
    losses: Any  # (window,) float64


@kernel
def _window_init(params: WindowParams, rng: Stream) -> WindowState:
    return WindowState(no_counts(params, rng), np.zeros(params.window, np.int64), np.zeros(params.window))


@kernel
def _window_act(params: WindowParams, state: WindowState, t: int, rng: Stream) -> int:
    return _least_index(state.counts, params.exploration * math.log(float(min(t + 1, params.window))))


@kernel
def _window_update(params: WindowParams, state: WindowState, t: int, arm: int, loss: float, rng: Stream) -> WindowState:
    counts = state.counts
    place = t % params.window
    if t >= params.window:
        old = state.arms[place]
        counts.plays[old] -= 1.0
        counts.total[old] -= state.losses[place]
        counts.mean[old] = counts.total[old] / max(1.0, counts.plays[old])
    state.arms[place] = arm
    state.losses[place] = loss
    count(counts, arm, loss)
    if place == 0:  # sums afresh, so that the rounding of differences does not grow
        _sum_again(counts, state.arms, state.losses)
    return state


@kernel
def _sum_again(counts: Counts, arms: Any, losses: Any) -> None:
    for i in range(counts.total.size):
        counts.total[i] = 0.0
    for s in range(losses.size):
        counts.total[arms[s]] += losses[s]


@dataclass(frozen=True)
class SlidingWindowUCB(BanditLearner):
    """UCB over the last `window` >= 1 rounds, for losses in [0, 1]; exploration xi > 0.

    window: None means 2 sqrt(T ln T), rounded up, which suits one change; with C changes divide by sqrt(C).
    """

    window: int | None = None
    exploration: float = 0.6
    steps: ClassVar[LearnerSteps] = LearnerSteps(_window_init, _window_act, _window_update)

    def __post_init__(self) -> None:
        if self.window is not None:
            integer("window", self.window, low=1, high=LARGEST_ACTIONS)
        real("exploration", self.exploration, low=0.0, open_low=True)

    def parameters(self, problem: Any) -> WindowParams:
        """Return K, the window, which need not be longer than the game, and xi."""
        tuned = math.ceil(2.0 * math.sqrt(problem.horizon * math.log(problem.horizon)))
        window = min(max(1, tuned), LARGEST_ACTIONS) if self.window is None else self.window
        return WindowParams(problem.n_actions, min(window, problem.horizon), float(self.exploration))


# ---------------------------------------------------------------- discounted counts


class DiscountParams(NamedTuple):
    """K, the discount and the factor of the logarithm."""

    n_actions: int
    discount: float
    exploration: float


@kernel
def _discounted_act(params: DiscountParams, state: Counts, t: int, rng: Stream) -> int:
    total = 0.0
    for i in range(params.n_actions):
        total += state.plays[i]
    return _least_index(state, 4.0 * params.exploration * math.log(max(1.0, total)))


@kernel
def _discounted_update(params: DiscountParams, state: Counts, t: int, arm: int, loss: float, rng: Stream) -> Counts:
    for i in range(params.n_actions):
        state.plays[i] *= params.discount
        state.total[i] *= params.discount
    count(state, arm, loss)
    return state


@dataclass(frozen=True)
class DiscountedUCB(BanditLearner):
    """UCB with counts discounted by gamma in [1e-6, 1] per round, for losses in [0, 1]; exploration xi > 0.

    discount: for smaller ones ln n would be lost in the rounding of n = 1 + gamma + ...; None means
    1 - 1 / (4 sqrt(T)), which suits one change.
    """

    discount: float | None = None
    exploration: float = 0.6
    steps: ClassVar[LearnerSteps] = LearnerSteps(no_counts, _discounted_act, _discounted_update)

    def __post_init__(self) -> None:
        optional_real("discount", self.discount, low=1e-6, high=1.0)
        real("exploration", self.exploration, low=0.0, open_low=True)

    def parameters(self, problem: Any) -> DiscountParams:
        """Return K, the discount and xi."""
        tuned = 1.0 - 0.25 / math.sqrt(problem.horizon)
        return DiscountParams(problem.n_actions, tuned if self.discount is None else self.discount, self.exploration)
