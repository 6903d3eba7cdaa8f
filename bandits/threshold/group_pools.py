"""Pools of K > 2 groups whose shares react to acceptance rates.

The state holds the shares w_0, ..., w_{K-1}, of sum 1. With A_g the rates of a threshold, which do not depend on them,

    w_g' = (1 - k) w_g + k c_g / (c_0 + ... + c_{K-1}),
    c_g  = w0_g + lift (A_g - mean of A over the other groups), cut to [f_g, 1 - sum of f over the other groups],
    f_g  = min(0.1 / K, w0_g):

a group that is accepted less than the others applies less. Before they are cut, the c_g have sum 1, for the differences
cancel; afterwards at least 1. For K = 2 this is the rule of `bandits.threshold.pools` wherever w0_g >= 0.05 (to which
two groups are cut at the start, too; more groups start with their own shares). For a fixed threshold the target is
constant: each share moves towards it monotonically, at rate rho = 1 - k, and stays between its least and its largest
value among w0 and the targets.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.jit import kernel, shared_kernel
from bandits.threshold.population import PopulationSteps

Array = NDArray[np.float64]

_LEAST = 0.1  # over K: share to which a group is pushed down, unless it begins below it


class GroupPoolSetting(NamedTuple):
    """Rates of the K groups at the G thresholds, and the shares that each threshold leads to."""

    accept: Any  # (G, K) float64, shares accepted
    good: Any  # (G, K) float64, shares accepted and good
    target: Any  # (G, K) float64
    start: Any  # (K,) float64, w0


class TargetedRates(NamedTuple):
    """Rates, and the shares that the threshold leads to; all (K,) float64."""

    shares: Any
    accept: Any
    good: Any
    target: Any


class Shares(NamedTuple):
    """Metrics of the state."""

    share: Any  # (K,)


def targets(start: Array, accept: Array, lift: float) -> Array:
    """Return the shares (G, K) that the acceptance rates (G, K) of thresholds lead to, for w0 = start (K,)."""
    k = len(start)
    others = (accept.sum(axis=1, keepdims=True) - accept) / (k - 1)
    least = np.minimum(_LEAST / k, start)
    wanted = np.clip(start + lift * (accept - others), least, 1.0 - (least.sum() - least))
    return np.asarray(wanted / wanted.sum(axis=1, keepdims=True))


@kernel
def _init(setting: GroupPoolSetting) -> Any:
    return setting.start.copy()


@kernel
def _rates(setting: GroupPoolSetting, state: Any, index: int) -> TargetedRates:
    return TargetedRates(state, setting.accept[index], setting.good[index], setting.target[index])


@kernel
def _target(setting: GroupPoolSetting, rates: TargetedRates) -> Any:
    return rates.target


@shared_kernel
def _observe(state: Any) -> Shares:
    return Shares(state)


@kernel
def _advance(adaptation: float, state: Any, target: Any) -> Any:
    for g in range(state.size):
        state[g] = (1.0 - adaptation) * state[g] + adaptation * target[g]
    return state


STEPS = PopulationSteps(_init, _rates, _target, _observe, _advance)
