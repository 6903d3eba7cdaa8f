"""The multi-scale random walk: the loss process of the lower bound for switching costs.

Dekel, Ding, Koren & Peres, "Bandits with Switching Costs: T^(2/3) Regret" (STOC 2014), Section 3.
With t counted from 1, delta(t) = max{i : 2^i divides t} and parent rho(t) = t - 2^delta(t),

    W_0 = 0,   W_t = W_rho(t) + xi_t,   xi_t ~ N(0, sigma^2) independent,
    l_t(i) = clip(W_t + 1/2 - epsilon 1{i = chi}, 0, 1),   chi uniform on the K actions,

sigma = 1 / (9 log2 T) and epsilon = K^(1/3) T^(-1/3) / (9 log2 T). The walk makes single steps along a
tree of depth at most floor(log2 T) + 1, so it stays near 1/2, while any two times are joined by few edges: only
playing different actions at the two ends of an edge distinguishes them.

rho(t) clears the lowest set bit of t, so the values at the ancestors of t fit in one slot per bit:
O(log T) memory and O(1) time per round.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import LARGEST_ACTIONS, integer, optional_real
from bandits.core.jit import kernel, rare_kernel, trailing_zeros
from bandits.core.lanes import flat, in_lanes, own, own_array, where
from bandits.core.normal import normal_quantiles
from bandits.core.rng import Stream, uniform_index, words
from bandits.core.summation import Sum, own_sum, plus, value
from bandits.losses.process import LossProcess, LossSteps


class WalkSetting(NamedTuple):
    """Parameters of the walk."""

    n_actions: int
    gap: float  # epsilon
    noise: float  # sigma


class Room(NamedTuple):
    """Scratch of `normal_quantiles`."""

    tails: Any  # (64,) float64
    places: Any  # (64,) int64


class WalkState(NamedTuple):
    """The steps of 64 rounds, the two losses of the round and the totals."""

    steps: Any  # (64,) float64, xi_t of the rounds t // 64 * 64 + 0..63
    room: Room
    ancestor: Any  # (64,) float64, the walk at the latest ancestor with that lowest set bit
    good: int  # chi
    good_loss: float
    other_loss: float
    good_total: Sum
    other_total: Sum
    clipped: int


@kernel
def walk_step(ancestor: Any, t: int, step: float) -> float:
    """Return W_t = W_rho(t) + step for t = 1, 2, ... in order, keeping the ancestors' values."""
    parent = t & (t - 1)
    height = step
    if parent > 0:
        height += ancestor[trailing_zeros(parent)]
    ancestor[trailing_zeros(t)] = height
    return height


@rare_kernel
def normal_steps(env: Stream, t: int, noise: float, steps: Any, room: Room) -> None:
    """Write `noise` times the standard normal draws of rounds t, t + 1, ... into steps.

    A draw is the quantile of a uniform on 2^53 midpoints. Generating them together, in loops, is vectorised: half the
    time of one draw per round.
    """
    for i in range(steps.size):
        first, _ = words(env, t + i, 0)
        steps[i] = ((first >> np.uint64(11)) + 0.5) * 2.0**-53
    normal_quantiles(flat(steps), flat(room.tails), flat(room.places))
    for i in range(steps.size):
        steps[i] *= noise


@kernel
def _clip(x: float) -> float:
    above = where(x > 0.0, x, 0.0)
    return where(above < 1.0, above, 1.0)


@in_lanes()
@kernel
def _init(setting: WalkSetting, env: Stream) -> WalkState:
    room = Room(own_array(64, 0.0, env), own_array(64, 0, env))
    good, losses = uniform_index(env, 0, 1, setting.n_actions), (own(0.0, env), own(0.0, env))
    sums = own_sum(env), own_sum(env)
    return WalkState(own_array(64, 0.0, env), room, own_array(64, 0.0, env), good, *losses, *sums, own(0, env))


@in_lanes()
@kernel
def _advance(setting: WalkSetting, state: WalkState, t: int, env: Stream) -> WalkState:
    if t & 63 == 0:
        normal_steps(env, t, setting.noise, state.steps, state.room)
    height = 0.5 + walk_step(state.ancestor, t + 1, state.steps[t & 63])
    other = _clip(height)
    good = _clip(height - setting.gap)
    return WalkState(
        state.steps,
        state.room,
        state.ancestor,
        state.good,
        good,
        other,
        plus(state.good_total, good, t),
        plus(state.other_total, other, t),
        state.clipped + ((height > 1.0) | (height - setting.gap < 0.0)),
    )


@in_lanes()
@kernel
def _loss(setting: WalkSetting, state: WalkState, t: int, arm: int) -> float:
    return where(arm == state.good, state.good_loss, state.other_loss)


@rare_kernel
def _totals(setting: WalkSetting, state: WalkState, n_rounds: int, out: Any) -> None:
    for arm in range(out.size):
        out[arm] = value(state.other_total)
    out[state.good] = value(state.good_total)


@in_lanes()
@kernel
def _gap(setting: WalkSetting, state: WalkState, arm: int) -> float:
    return where(arm == state.good, 0.0, setting.gap)


@kernel
def _clipped(state: WalkState) -> int:
    return state.clipped


@dataclass(frozen=True)
class MultiScaleRandomWalk(LossProcess):
    """The lower-bound adversary of Dekel et al. (2014) with n_actions >= 2 actions.

    gap (epsilon, in [0, 1]) and noise (sigma >= 0) default to the theorem's values for the game's horizon. The
    pseudo-regret counts `gap` for each round off the good action; it ignores clipping.
    """

    n_actions: int = 2
    gap: float | None = None
    noise: float | None = None
    steps: ClassVar[LossSteps] = LossSteps(_init, _advance, _loss, _totals, _gap, _clipped)
    bounded: ClassVar[bool] = True
    family: ClassVar[str] = "multi-scale random walk"

    def __post_init__(self) -> None:
        integer("n_actions", self.n_actions, low=2, high=LARGEST_ACTIONS)
        optional_real("gap", self.gap, low=0.0, high=1.0)
        optional_real("noise", self.noise, low=0.0)

    def mean_gap(self, horizon: int) -> float:
        """Return the gap of the walk."""
        return self.setting(horizon).gap

    dominance_gap = mean_gap  # noise and clipping are the same for all actions

    def setting(self, horizon: int) -> WalkSetting:
        """Return the walk's parameters for a horizon of at least 2."""
        horizon = integer("horizon", horizon, low=2)
        scale = 9.0 * math.log2(horizon)
        gap = (self.n_actions / horizon) ** (1 / 3) / scale if self.gap is None else self.gap
        noise = 1.0 / scale if self.noise is None else self.noise
        return WalkSetting(int(self.n_actions), float(gap), float(noise))
