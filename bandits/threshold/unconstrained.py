"""Learners that use only the reward: upper confidence bounds and epsilon-greedy.

Auer, Cesa-Bianchi & Fischer, "Finite-time analysis of the multiarmed bandit problem", Machine Learning 47
(2002). Baselines that ignore the constraints.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from bandits.core.checks import optional_real
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform_pair
from bandits.protocol import Learner, LearnerSteps
from bandits.threshold.batch import Outcome
from bandits.threshold.evidence import Evidence, Radii, highest, no_evidence, observe, reward_radius
from bandits.threshold.optimistic_search import ConfidentLearner, SearchState, start_search
from bandits.threshold.problem import ChosenThreshold, ThresholdGame


@kernel
def _ucb_act(params: Radii, state: SearchState, t: int, rng: Stream) -> int:
    return highest(state.optimistic)


@kernel
def _ucb_update(params: Radii, state: SearchState, t: int, arm: int, outcome: Outcome, rng: Stream) -> SearchState:
    observe(state.evidence, arm, outcome)
    state.optimistic[arm] = state.evidence.reward[arm] + reward_radius(params, state.evidence, arm)
    return state


@dataclass(frozen=True)
class RewardUCB(ConfidentLearner):
    """Play the highest upper confidence bound of the reward; constraints are ignored."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(start_search, _ucb_act, _ucb_update)


class GreedyParams(NamedTuple):
    """G, m and epsilon."""

    n_actions: int
    n_constraints: int
    exploration: float  # negative: the schedule min(1, (G / (t + 1))^(1/3))


@kernel
def _greedy_init(params: GreedyParams, rng: Stream) -> Evidence:
    return no_evidence(params.n_actions, params.n_constraints)


@kernel
def _greedy_act(params: GreedyParams, state: Evidence, t: int, rng: Stream) -> int:
    if t < params.n_actions:
        return t
    epsilon = params.exploration
    if epsilon < 0.0:
        epsilon = (params.n_actions / (t + 1.0)) ** (1.0 / 3.0)
    coin, where = uniform_pair(rng, t, 0)
    if coin < epsilon:
        return int(where * params.n_actions)
    return highest(state.reward)


@kernel
def _greedy_update(params: GreedyParams, state: Evidence, t: int, arm: int, outcome: Outcome, rng: Stream) -> Evidence:
    observe(state, arm, outcome)
    return state


@dataclass(frozen=True)
class RewardEpsilonGreedy(Learner):
    """Each threshold once, then with probability epsilon a uniform one, else the highest mean reward.

    exploration: epsilon in [0, 1]; None means min(1, (G / t)^(1/3)) in round t.
    """

    exploration: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_greedy_init, _greedy_act, _greedy_update)
    accepts: ClassVar[tuple[type, ...]] = (ChosenThreshold,)

    def __post_init__(self) -> None:
        optional_real("exploration", self.exploration, low=0.0, high=1.0)

    def parameters(self, problem: ThresholdGame) -> GreedyParams:
        """Return G, m and epsilon."""
        epsilon = -1.0 if self.exploration is None else float(self.exploration)
        return GreedyParams(problem.n_actions, problem.n_constraints, epsilon)
