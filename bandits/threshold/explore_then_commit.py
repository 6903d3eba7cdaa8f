"""Explore then commit: every threshold for a fixed number of plays, then the best one for the rest.

With p plays each, means are known to about sqrt(L / (2 n p)), and the exploration costs G p rounds; both
are balanced at p of order (T / G)^(2/3) (Lattimore & Szepesvari, "Bandit Algorithms", 2020, chapter 6). The
plays of a threshold are consecutive, so that a closed-loop population has time to settle.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import integer
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.protocol import Learner, LearnerSteps
from bandits.threshold.batch import Outcome
from bandits.threshold.evidence import Evidence, best_feasible, mean_excess, no_evidence, observe
from bandits.threshold.problem import ChosenThreshold, ThresholdGame


class CommitParams(NamedTuple):
    """G, m, the number of parity residuals and the plays of each threshold."""

    n_actions: int
    n_constraints: int
    n_parity: int
    plays: int


class CommitState(NamedTuple):
    """Evidence, the violation of the mean residuals, and the threshold committed to (-1: exploring)."""

    evidence: Evidence
    excess: Any  # (G,)
    arm: int


@kernel
def _init(params: CommitParams, rng: Stream) -> CommitState:
    evidence = no_evidence(params.n_actions, params.n_constraints)
    return CommitState(evidence, np.zeros(params.n_actions), -1)


@kernel
def _act(params: CommitParams, state: CommitState, t: int, rng: Stream) -> int:
    return t // params.plays if state.arm < 0 else state.arm


@kernel
def _update(params: CommitParams, state: CommitState, t: int, arm: int, outcome: Outcome, rng: Stream) -> CommitState:
    if state.arm >= 0:
        return state
    observe(state.evidence, arm, outcome)
    state.excess[arm] = mean_excess(state.evidence, arm, params.n_parity)
    committed = -1
    if t + 1 == params.plays * params.n_actions:
        committed = best_feasible(state.evidence.reward, state.excess)
    return CommitState(state.evidence, state.excess, committed)


@dataclass(frozen=True)
class ExploreThenCommit(Learner):
    """Each threshold `plays` >= 1 times, then the best mean reward among those with mean residuals <= 0.

    plays: None means ceil((T / G)^(2/3) / 4), at least 1. It never commits if exploration takes the whole horizon.
    """

    plays: int | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (ChosenThreshold,)

    def __post_init__(self) -> None:
        if self.plays is not None:
            integer("plays", self.plays, low=1)

    def parameters(self, problem: ThresholdGame) -> CommitParams:
        """Return what the compiled functions receive."""
        plays = self.plays or math.ceil((problem.horizon / problem.n_actions) ** (2 / 3) / 4.0)
        return CommitParams(problem.n_actions, problem.n_constraints, problem.constraints.n_parity, plays)
