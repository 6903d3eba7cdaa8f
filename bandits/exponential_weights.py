"""Exponential weights in log space: p_t(i) proportional to exp(-eta L_{t-1}(i)).

The cumulative losses L are the truth; the weights exp(-eta (L - shift)) and their sum are kept beside
them so that a round in which one arm's loss changes costs one exponential. The weights are made anew
from L (with shift = min L) when their sum has halved or 256 single updates have passed, which keeps
the sum's relative error below about 512 * 2^-53 and lets nothing underflow for good: an arm whose
weight has vanished returns when the others have paid as much.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from bandits.jit import kernel, rare_kernel

_SINGLE_UPDATES = 256


class Weights(NamedTuple):
    """Exponential weights over K actions."""

    loss: Any  # (K,) float64, cumulative losses or estimates L
    weight: Any  # (K,) float64, exp(-eta (L - shift))
    total: float  # sum of weight
    shift: float
    floor: float  # make the weights anew once total falls below
    updates: int  # single updates since they were made


@kernel
def uniform_weights(n_actions: int) -> Weights:
    """Return the weights of the first round: all losses 0."""
    return Weights(np.zeros(n_actions), np.ones(n_actions), float(n_actions), 0.0, 0.5 * n_actions, 0)


@kernel
def probability(weights: Weights, arm: int) -> float:
    """Return p(arm)."""
    return weights.weight[arm] / weights.total


@kernel
def draw(weights: Weights, u: float) -> int:
    """Return the arm at quantile u of p: the first whose cumulative probability exceeds u."""
    return pick(weights.weight, weights.total, u)


@kernel
def pick(weight: Any, total: float, u: float) -> int:
    """Return the first index whose cumulative weight exceeds u * total; never one of weight 0."""
    target = u * total
    arm = 0
    cumulative = weight[0]
    while target >= cumulative and arm < weight.size - 1:
        arm += 1
        cumulative += weight[arm]
    while weight[arm] == 0.0 and arm > 0:  # rounding can carry the target past the last positive weight
        arm -= 1
    return arm


@kernel
def add_loss(weights: Weights, learning_rate: float, arm: int, loss: float) -> Weights:
    """Return the weights after one arm's cumulative loss grew by `loss` >= 0; the arrays are updated in place."""
    if loss == 0.0:
        return weights
    weights.loss[arm] += loss
    new = math.exp(-learning_rate * (weights.loss[arm] - weights.shift))
    total = weights.total + (new - weights.weight[arm])
    weights.weight[arm] = new
    if total < weights.floor or weights.updates >= _SINGLE_UPDATES:
        return _remade(weights, learning_rate)
    return Weights(weights.loss, weights.weight, total, weights.shift, weights.floor, weights.updates + 1)


@kernel
def add_losses(weights: Weights, learning_rate: float, losses: Any) -> Weights:
    """Return the weights after every arm's cumulative loss grew by losses (K,); arrays updated in place."""
    total = 0.0
    for i in range(losses.size):
        weights.loss[i] += losses[i]
        weights.weight[i] = math.exp(-learning_rate * (weights.loss[i] - weights.shift))
        total += weights.weight[i]
    if total < weights.floor:
        return _remade(weights, learning_rate)
    return Weights(weights.loss, weights.weight, total, weights.shift, weights.floor, 0)


@kernel
def _remade(weights: Weights, learning_rate: float) -> Weights:
    total, shift = _remake(weights.loss, weights.weight, learning_rate)
    return Weights(weights.loss, weights.weight, total, shift, 0.5 * total, 0)


@rare_kernel
def _remake(loss: Any, weight: Any, learning_rate: float) -> tuple[float, float]:
    """Write the weights computed afresh from the cumulative losses; return their sum and the least loss.

    Only numbers are returned: an array handed back by a function that is not inlined would be reference
    counted in the loop.
    """
    shift = loss[0]
    for i in range(1, loss.size):
        shift = min(shift, loss[i])
    total = 0.0
    for i in range(loss.size):
        weight[i] = math.exp(-learning_rate * (loss[i] - shift))
        total += weight[i]
    return total, shift
