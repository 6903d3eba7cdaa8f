"""Ader: adaptive learning for dynamic environments (Zhang, Lu & Zhou, NeurIPS 2018).

Experts run gradient descent on <g_t, .> with rates eta_i = D 2^i / (G sqrt T), i = 0, ..., N - 1, where g_t is taken at
the point that is played: their mean under the exponential weights of <g_t, x^i_t>.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.convex.gradient_descent import ConvexLearner, descend, play_point
from bandits.convex.problem import ConvexGame
from bandits.core.checks import integer
from bandits.core.exponential_weights import Weights, add_losses, probability, uniform_weights
from bandits.core.jit import kernel
from bandits.core.linear_algebra import dot
from bandits.core.regions import Region
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps


class AderParams(NamedTuple):
    """The domain, the experts' rates, the rate of the weights and N."""

    region: Region
    rates: Any  # (N,) float64
    learning_rate: float
    n_experts: int


class AderState(NamedTuple):
    """The experts, their weights and their mean."""

    experts: Any  # (N, d) float64
    weights: Weights
    losses: Any  # (N,) float64, scratch
    x: Any  # (d,) float64


@kernel
def _init(params: AderParams, rng: Stream) -> AderState:
    n, start = params.rates.size, params.region.start
    experts = np.zeros((n, start.size))
    for i in range(n):
        for j in range(start.size):
            experts[i, j] = start[j]
    return AderState(experts, uniform_weights(n), np.zeros(n), start.copy())


@kernel
def _update(params: AderParams, state: AderState, t: int, x: Any, g: Any, rng: Stream) -> AderState:
    least = 0.0
    for i in range(params.rates.size):
        state.losses[i] = dot(g, state.experts[i])
        if i == 0 or state.losses[i] < least:
            least = state.losses[i]
    for i in range(params.rates.size):
        state.losses[i] -= least
        descend(params.region, state.experts[i], params.rates[i], g)
    weights = add_losses(state.weights, params.learning_rate, state.losses)
    for j in range(g.size):
        state.x[j] = 0.0
    for i in range(params.rates.size):
        p = probability(weights, i)
        for j in range(g.size):
            state.x[j] += p * state.experts[i, j]
    return AderState(state.experts, weights, state.losses, state.x)


@dataclass(frozen=True)
class Ader(ConvexLearner):
    """Ader, for comparators that move.

    experts: N >= 1; None means ceil(log2(1 + 2 T) / 2) + 1, which covers all lengths of the comparator's path.
    """

    experts: int | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, play_point, _update)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.experts is not None:
            integer("experts", self.experts, 1, 64)

    def parameters(self, problem: ConvexGame) -> AderParams:
        """Return domain, rates of the experts and of the weights."""
        T, D, G = problem.horizon, problem.diameter, problem.gradient_bound or 1.0
        n = math.ceil(math.log2(1 + 2 * T) / 2.0) + 1 if self.experts is None else self.experts
        rates = D * 2.0 ** np.arange(n) / (G * math.sqrt(T))
        return AderParams(problem.domain.region, rates, math.sqrt(8.0 * math.log(n) / T) / (G * D), n)
