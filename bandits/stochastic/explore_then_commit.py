"""Explore-then-commit: every action m times in turn, then for good the one of least mean loss."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import integer
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps
from bandits.stochastic.counts import BanditLearner, Counts, count, least_mean, no_counts


class CommitParams(NamedTuple):
    """K and m."""

    n_actions: int
    pulls: int


@kernel
def _act(params: CommitParams, state: Counts, t: int, rng: Stream) -> int:
    return t % params.n_actions if t < params.pulls * params.n_actions else least_mean(state)


@kernel
def _update(params: CommitParams, state: Counts, t: int, arm: int, loss: float, rng: Stream) -> Counts:
    if t < params.pulls * params.n_actions:  # later losses must not change the choice
        count(state, arm, loss)
    return state


@dataclass(frozen=True)
class ETC(BanditLearner):
    """Explore-then-commit with `pulls` m >= 1 of every action; None means (T / K)^(2/3), rounded up.

    That choice bounds the regret by order K^(1/3) T^(2/3) sqrt(ln K) whatever the gaps are; for a known gap smaller
    numbers are best (Lattimore & Szepesvari 2020, Section 6.1).
    """

    pulls: int | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(no_counts, _act, _update)
    exact: ClassVar[str] = "commit"

    def __post_init__(self) -> None:
        if self.pulls is not None:
            integer("pulls", self.pulls, low=1)

    def parameters(self, problem: Any) -> CommitParams:
        """Return K and m."""
        tuned = math.ceil((problem.horizon / problem.n_actions) ** (2.0 / 3.0))
        return CommitParams(problem.n_actions, tuned if self.pulls is None else self.pulls)
