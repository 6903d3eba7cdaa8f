"""Weights of experts that sleep: AdaNormalHedge (Luo & Schapire, COLT 2015).

With R the regret to an expert over the rounds in which it was awake, and C the sum of its sizes,

    w = [Phi(R + 1, C + 1) - Phi(R - 1, C + 1)] / 2,   Phi(R, C) = exp(max(R, 0)^2 / (3 C)),

and weights of awake experts are proportional to w, uniform where all w are 0.
"""

import math
from typing import Any, NamedTuple

from bandits.core.exponential_weights import exponential
from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.lanes import any_lane, own_array, where
from bandits.core.rng import Stream


class Regrets(NamedTuple):
    """Regret to each expert while it was awake, and the sum of its sizes."""

    total: Any  # (N,) float64, R
    size: Any  # (N,) float64, C


@kernel
def own_regrets(n_experts: int, rng: Stream) -> Regrets:
    """Return no regrets of every repetition that has the stream `rng`."""
    return Regrets(own_array(n_experts, 0.0, rng), own_array(n_experts, 0.0, rng))


@shared_kernel
def expert_weight(total: float, size: float) -> float:
    """Return w of an expert with R = total and C = size."""
    above, below, scale = max(total + 1.0, 0.0), max(total - 1.0, 0.0), 1.0 / (3.0 * (size + 1.0))
    return 0.5 * (_potential(above, scale) - _potential(below, scale))


@kernel
def _potential(regret: float, scale: float) -> float:
    """Return exp(scale regret^2); where regrets are 0 in all lanes, it is 1 without an exponential."""
    return exponential(regret * regret * scale) if any_lane(regret > 0.0) else 1.0


@shared_kernel
def weigh(regrets: Regrets, awake: Any, out: Any) -> None:
    """Write the weights of the experts (N,) into out; they sum to 1 where any of them is awake."""
    total, count = 0.0, 0
    for i in range(out.size):
        out[i] = 0.0
        if any_lane(awake[i]):
            out[i] = where(awake[i], expert_weight(regrets.total[i], regrets.size[i]), 0.0)
            total += out[i]
            count += awake[i]
    some = total > 0.0
    for i in range(out.size):
        if any_lane(awake[i]):
            out[i] = where(awake[i], where(some, out[i], 1.0) / where(some, total, count), 0.0)


@shared_kernel
def count_regrets(regrets: Regrets, awake: Any, weights: Any, losses: Any) -> float:
    """Add a round with losses (N,) in [0, 1] of those who are awake; return the loss of the weights."""
    mean = 0.0
    for i in range(weights.size):
        if any_lane(awake[i]):
            mean += where(awake[i], weights[i] * losses[i], 0.0)
    for i in range(weights.size):
        if any_lane(awake[i]):
            regret = where(awake[i], mean - losses[i], 0.0)
            regrets.total[i] += regret
            regrets.size[i] += abs(regret)
    return mean


@rare_kernel
def worst_ratio(regrets: Regrets) -> float:
    """Return the largest R / sqrt(3 C ln(N B)), B = 1 + (3/2) mean (1 + ln(1 + C)): at most 1 on every path."""
    n, logs, worst = regrets.size.size, 0.0, 0.0
    for i in range(n):
        logs += 1.0 + math.log1p(regrets.size[i])
    spread = math.log(n * (1.0 + 1.5 * logs / n))
    for i in range(n):
        if regrets.size[i] > 0.0:
            worst = max(worst, regrets.total[i] / math.sqrt(3.0 * regrets.size[i] * spread))
    return worst
