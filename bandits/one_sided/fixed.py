"""Baselines: the leader on observed labels, the best fair policy known in advance, and any fixed policy.

*Follow the observed*: play the hypothesis with the fewest errors on revealed labels, breaking ties towards the one that
accepts most. Its regret is linear under hidden outcomes: with one kind that is good with probability p > 1/2 it accepts
while good labels are at least as many as bad ones, and after a rejection no label is revealed any more. By gambler's
ruin P(reject for ever) = (1 - p) / p and

    E[error regret against accepting all] = (2 p - 1) (T - E[acceptances]) >= ((1 - p) / p) ((2 p - 1) T - 1).

*Omniscient fair policy*: the game's benchmark, the policy of least error that is fair at alpha - epsilon (a linear
program); one hypothesis is drawn per round.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from bandits.core.arguments import Numbers
from bandits.core.checks import array, optional_real, shown
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel
from bandits.core.linear_algebra import first_least
from bandits.core.rng import Stream, uniform
from bandits.core.stateless import Stateless, no_state, unchanged
from bandits.core.weights import proportions
from bandits.one_sided.exponential import listed_table
from bandits.one_sided.problem import FullLabels, OneSided, OneSidedGame, Play, Report
from bandits.one_sided.tasting import LeaderState, leader_play, leader_state
from bandits.protocol import Learner, LearnerSteps

Unseen = Literal["ignored", "bad"]


class ObservedParams(NamedTuple):
    """Hypotheses, ordered by acceptances, and how rejected individuals are counted."""

    table: Any  # (n_cells, N) uint8, columns with the most acceptances first
    order: Any  # (N,) int64, the hypothesis of each column
    impute_bad: bool


@kernel
def _observed_init(params: ObservedParams, rng: Stream) -> LeaderState:
    state = leader_state(params.order.size)
    state.leader[0] = params.order[0]
    return state


@kernel
def _observed_act(params: ObservedParams, state: LeaderState, t: int, rng: Stream) -> Play:
    return leader_play(state, 0.0, t, rng)


@kernel
def _observed_update(
    params: ObservedParams, state: LeaderState, t: int, play: Play, report: Report, rng: Stream
) -> LeaderState:
    for i in range(report.cells.size):
        label = report.labels[i]
        if label < 0 and params.impute_bad:
            label = 0
        if label >= 0:
            for h in range(state.loss.size):
                if params.table[report.cells[i], h] != label:
                    state.loss[h] += 1.0
    state.leader[0] = params.order[first_least(state.loss)[0]]
    return state


@dataclass(frozen=True)
class FollowObserved(Learner):
    """Follow the leader on revealed labels.

    unseen: rejected individuals are "ignored", or counted as "bad" (label 0).
    """

    unseen: Unseen = "ignored"
    steps: ClassVar[LearnerSteps] = LearnerSteps(_observed_init, _observed_act, _observed_update)
    accepts: ClassVar[tuple[type, ...]] = (OneSided, FullLabels)

    def parameters(self, problem: OneSidedGame) -> ObservedParams:
        """Return the class with hypotheses in the order of the kinds they accept, most first."""
        table = listed_table(self, problem)
        accepted = table[problem.hypotheses.cells(problem.people)].sum(axis=0, dtype=np.int64)
        order = np.argsort(-accepted, kind="stable")
        return ObservedParams(np.ascontiguousarray(table[:, order]), order, self.unseen == "bad")


class FixedParams(NamedTuple):
    """A policy: A hypotheses and their probabilities."""

    atoms: Any  # (A,) int64, hypotheses
    weight: Any  # (A,) float64, sums to 1


@kernel
def _fixed_act(params: FixedParams, state: Stateless, t: int, rng: Stream) -> Play:
    drawn = params.atoms[pick(params.weight, 1.0, uniform(rng, t, 0))]
    return Play(params.weight, 1.0, params.atoms, 0.0, drawn, 0.0)


@dataclass(frozen=True)
class OmniscientFair(Learner):
    """Play the benchmark of the game; slack: in [0, alpha], None means the game's epsilon."""

    slack: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(no_state, _fixed_act, unchanged)
    accepts: ClassVar[tuple[type, ...]] = (OneSided, FullLabels)

    def __post_init__(self) -> None:
        optional_real("slack", self.slack, low=0.0, high=1.0)

    def parameters(self, problem: OneSidedGame) -> FixedParams:
        """Return the policy's hypotheses and probabilities."""
        policy = problem.benchmarks[0] if self.slack is None else problem.benchmark(self.slack)
        return FixedParams(policy.atoms, policy.weight)


@dataclass(frozen=True)
class FixedPolicy(Learner):
    """Play one policy; weights: (N,) >= 0, not all 0, proportional to the probabilities of the hypotheses."""

    weights: Numbers
    steps: ClassVar[LearnerSteps] = LearnerSteps(no_state, _fixed_act, unchanged)
    accepts: ClassVar[tuple[type, ...]] = (OneSided, FullLabels)

    def __post_init__(self) -> None:
        weights = array("weights", self.weights, 1, 0.0, np.finfo(float).max)
        if not weights.any():
            raise ValueError(f"weights must not all be 0, got {shown(self.weights)}")
        object.__setattr__(self, "weights", tuple(weights.tolist()))

    def parameters(self, problem: OneSidedGame) -> FixedParams:
        """Return the hypotheses of positive weight and their probabilities; ValueError unless there are N weights."""
        law = np.array(self.weights)
        if len(law) != problem.n_hypotheses:
            raise ValueError(f"weights must be {problem.n_hypotheses} numbers, one per hypothesis, got {len(law)}")
        atoms = np.flatnonzero(law)
        return FixedParams(atoms, proportions(law)[atoms])
