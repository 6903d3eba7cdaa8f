"""Successive elimination (Even-Dar, Mannor & Mansour 2006).

The active actions are played in turn. After a turn, in which each of them has been played n times in all, those are
dropped whose mean loss exceeds the least one by more than 2 sigma sqrt(2 ln(2 K T^2) / n).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import real
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps
from bandits.stochastic.counts import BanditLearner, Counts, count, no_counts


class EliminationParams(NamedTuple):
    """K, 4 sigma^2 ln(2 K T^2) (the radius after n plays is the root of half of it over n), and sigma."""

    n_actions: int
    log_term: float
    sigma: float


class EliminationState(NamedTuple):
    """Counts, the actions that are active in order, how many they are, and the place of the next one."""

    counts: Counts
    active: Any  # (K,) int64; the first n_active entries count
    n_active: int
    place: int


@kernel
def _init(params: EliminationParams, rng: Stream) -> EliminationState:
    return EliminationState(no_counts(params, rng), np.arange(params.n_actions), params.n_actions, 0)


@kernel
def _act(params: EliminationParams, state: EliminationState, t: int, rng: Stream) -> int:
    return state.active[state.place]


@kernel
def _update(
    params: EliminationParams, state: EliminationState, t: int, arm: int, loss: float, rng: Stream
) -> EliminationState:
    mean, active = state.counts.mean, state.active
    count(state.counts, arm, loss)
    if state.place + 1 < state.n_active:
        return EliminationState(state.counts, active, state.n_active, state.place + 1)
    least = math.inf
    for j in range(state.n_active):
        least = min(least, mean[active[j]])
    limit = least + 2.0 * math.sqrt(params.log_term / (2.0 * state.counts.plays[arm]))
    kept = 0
    for j in range(state.n_active):
        if mean[active[j]] <= limit:
            active[kept] = active[j]
            kept += 1
    return EliminationState(state.counts, active, kept, 0)


@dataclass(frozen=True)
class SuccessiveElimination(BanditLearner):
    """Successive elimination; sigma > 0 is a sub-Gaussian constant of the losses, 1/2 where they lie in [0, 1]."""

    sigma: float = 0.5
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    exact: ClassVar[str] = "elimination"

    def __post_init__(self) -> None:
        real("sigma", self.sigma, low=0.0, open_low=True)

    def parameters(self, problem: Any) -> EliminationParams:
        """Return K and the radius."""
        log = math.log(2.0 * problem.n_actions) + 2.0 * math.log(problem.horizon)
        return EliminationParams(problem.n_actions, 4.0 * self.sigma**2 * log, self.sigma)
