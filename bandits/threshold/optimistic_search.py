"""Optimistic Feasible Search (Du 2025, arXiv 2512.22313).

With means rhat, ghat_j and radii beta of `bandits.threshold.evidence`:

    F_t = {theta: ghat_j(theta) - beta_j(theta) <= 0 for all j}                 (looks feasible)
    theta_t = argmax over F_t of rhat + beta,
              argmin of sum_j max(0, ghat_j - beta_j) if F_t is empty;          ties to the lowest threshold.

With stationary means, reward regret and each constraint's violation are O(sqrt(G T L / n)) with probability
at least 1 - delta_0 (`theory.threshold.bounds`). The plain algorithm passes over the grid in every round.
Only the bounds of the played threshold change in a round, so the implementation stores the best value of the other
thresholds and passes over the grid only when the played one falls behind it; the choices are the same.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import real
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.protocol import Learner, LearnerSteps
from bandits.threshold.batch import Outcome
from bandits.threshold.evidence import (
    Evidence,
    Radii,
    best_feasible,
    no_evidence,
    observe,
    observe_residuals,
    observe_reward,
    optimistic_excess,
    radii,
    reward_radius,
    rivals,
)
from bandits.threshold.problem import ChosenThreshold, FullScores, ThresholdGame


class SearchState(NamedTuple):
    """Evidence and the optimistic bounds."""

    evidence: Evidence
    optimistic: Any  # (G,) float64, rhat + beta
    excess: Any  # (G,) float64, summed optimistic violation; 0: looks feasible


@kernel
def start_search(params: Radii, rng: Stream) -> SearchState:
    """Return the state before any play: infinite optimistic rewards and no excess."""
    return SearchState(
        no_evidence(params.n_actions, params.n_constraints),
        np.full(params.n_actions, np.inf),
        np.zeros(params.n_actions),
    )


@kernel
def refresh(params: Radii, state: SearchState, arm: int) -> None:
    """Recompute the bounds of a threshold from its evidence."""
    state.optimistic[arm] = state.evidence.reward[arm] + reward_radius(params, state.evidence, arm)
    state.excess[arm] = optimistic_excess(params, state.evidence, arm)


class LedState(NamedTuple):
    """The bounds, the next choice, and the best values of the others, which it must stay ahead of."""

    search: SearchState
    leader: int
    rival: float  # highest optimistic value of another threshold that looks feasible; -inf if none
    rival_excess: float  # least excess of the others; 0 if one looks feasible


@kernel
def _start_led(params: Radii, rng: Stream) -> LedState:
    return LedState(start_search(params, rng), 0, np.inf, 0.0)


@kernel
def _still_leads(state: LedState) -> bool:
    excess = state.search.excess[state.leader]
    if excess == 0.0:
        return state.search.optimistic[state.leader] > state.rival
    return excess < state.rival_excess


@kernel
def _act_led(params: Radii, state: LedState, t: int, rng: Stream) -> int:
    return state.leader


@kernel
def _update_led(params: Radii, state: LedState, t: int, arm: int, outcome: Outcome, rng: Stream) -> LedState:
    search = state.search
    observe(search.evidence, arm, outcome)
    refresh(params, search, arm)
    if arm == state.leader and _still_leads(state):
        return state
    leader = best_feasible(search.optimistic, search.excess)
    rival, rival_excess = rivals(leader, search.optimistic, search.excess)
    return LedState(search, leader, rival, rival_excess)


@kernel
def _act_on_all(params: Radii, state: SearchState, t: int, rng: Stream) -> int:
    return best_feasible(state.optimistic, state.excess)


@kernel
def _update_all(params: Radii, state: SearchState, t: int, arm: int, outcome: Outcome, rng: Stream) -> SearchState:
    evidence = state.evidence
    observe_reward(evidence, arm, outcome.reward)
    for i in range(params.n_actions):
        observe_residuals(evidence, i, i, outcome)
        refresh(params, state, i)
    return state


@dataclass(frozen=True)
class ConfidentLearner(Learner):
    """Base of the learners with confidence radii.

    failure_probability: delta_0 in (0, 1).  width: >= 0, multiplies every radius; 1 is the theorem's, smaller
    values explore less and carry no guarantee.
    """

    failure_probability: float = 0.05
    width: float = 1.0
    accepts: ClassVar[tuple[type, ...]] = (ChosenThreshold,)

    def __post_init__(self) -> None:
        real("failure_probability", self.failure_probability, 0.0, 1.0, open_low=True, open_high=True)
        real("width", self.width, low=0.0)

    def parameters(self, problem: ThresholdGame) -> Any:
        """Return the radii for the game."""
        return radii(problem, float(self.failure_probability), float(self.width))


@dataclass(frozen=True)
class OptimisticFeasibleSearch(ConfidentLearner):
    """Optimistic Feasible Search on the chosen threshold's feedback."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_start_led, _act_led, _update_led)


@dataclass(frozen=True)
class FullScoreSearch(ConfidentLearner):
    """Optimistic Feasible Search with the residuals of every threshold observed: only rewards have bandit feedback.

    The gap to `OptimisticFeasibleSearch` is what bandit feedback on the constraints costs.
    """

    steps: ClassVar[LearnerSteps] = LearnerSteps(start_search, _act_on_all, _update_all)
    accepts: ClassVar[tuple[type, ...]] = (FullScores,)
