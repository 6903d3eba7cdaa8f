"""Doubly-optimistic search: optimism for reward and constraints with separate anytime radii.

After Chen, Gangrade & Saligrama, "Doubly-Optimistic Play for Safe Linear Bandits" (ICML 2022), on a grid.
It differs from Optimistic Feasible Search in three ways: the radii depend on the plays k of each
threshold (a union bound over k of weight 1 / (k (k + 1)), so no horizon is needed),

    L_k = ln(2 G (m + 1) k (k + 1) / delta_0),

reward and residuals have separate widths, and if no threshold looks feasible, the largest optimistic residual is
minimised instead of the sum.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from bandits.core.checks import real
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps
from bandits.threshold.batch import Outcome
from bandits.threshold.evidence import (
    Radii,
    best_feasible,
    confidence_log,
    observe,
    radii,
    residual_radius,
    reward_radius,
)
from bandits.threshold.optimistic_search import ConfidentLearner, SearchState, start_search
from bandits.threshold.problem import ThresholdGame


class DoublyOptimisticParams(NamedTuple):
    """Radii with L = 1, each with its own width."""

    radii: Radii
    log_term: float  # ln(2 G (m + 1) / delta_0)
    failure_probability: float


@kernel
def _init(params: DoublyOptimisticParams, rng: Stream) -> SearchState:
    return start_search(params.radii, rng)


@kernel
def _act(params: DoublyOptimisticParams, state: SearchState, t: int, rng: Stream) -> int:
    return best_feasible(state.optimistic, state.excess)


@kernel
def _update(
    params: DoublyOptimisticParams, state: SearchState, t: int, arm: int, outcome: Outcome, rng: Stream
) -> SearchState:
    evidence = state.evidence
    observe(evidence, arm, outcome)
    k = float(evidence.plays[arm])
    root = math.sqrt(params.log_term + math.log(k * (k + 1.0)))
    state.optimistic[arm] = evidence.reward[arm] + root * reward_radius(params.radii, evidence, arm)
    largest = 0.0
    for j in range(params.radii.n_constraints):
        radius = root * residual_radius(params.radii, evidence, arm, j)
        largest = max(largest, evidence.residual[arm, j] - radius)
    state.excess[arm] = largest
    return state


@dataclass(frozen=True)
class DoublyOptimisticSearch(ConfidentLearner):
    """Doubly-optimistic search; reward_width, residual_width >= 0 multiply `width` for the two kinds of radii."""

    reward_width: float = 1.0
    residual_width: float = 1.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)

    def __post_init__(self) -> None:
        super().__post_init__()
        real("reward_width", self.reward_width, low=0.0)
        real("residual_width", self.residual_width, low=0.0)

    def parameters(self, problem: ThresholdGame) -> DoublyOptimisticParams:
        """Return the radii for the game."""
        delta = float(self.failure_probability)
        own = radii(problem, delta, float(self.width))
        reward, residual = (w / math.sqrt(own.log_term) for w in (self.reward_width, self.residual_width))
        plain = own._replace(reward=reward * own.reward, parity=residual * own.parity, service=residual * own.service)
        return DoublyOptimisticParams(plain, confidence_log(problem, delta, 1), delta)
