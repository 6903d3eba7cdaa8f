"""Learners that take proximal steps with a weight lambda on the present iterate (`bandits.preference.prox`)."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from bandits.core.checks import optional_real
from bandits.preference.self_play.learner import SelfPlay
from bandits.preference.self_play.problem import PreferenceGame


class ProxParams(NamedTuple):
    """tau and lambda."""

    regularization: float
    prox_weight: float


@dataclass(frozen=True)
class ProxLearner(SelfPlay):
    """Base of the learners of proximal steps with `prox_weight` lambda > 0.

    None means 1 / (4 tau), the fastest guaranteed contraction of `INPO`, or sqrt(T / (8 D)) where tau = 0.
    """

    prox_weight: float | None = None

    def __post_init__(self) -> None:
        optional_real("prox_weight", self.prox_weight, low=0.0, open_low=True)

    def parameters(self, problem: PreferenceGame) -> Any:
        """Return tau and lambda."""
        return ProxParams(float(problem.regularization), self.prox_weight or default_prox_weight(problem))


def default_prox_weight(problem: PreferenceGame) -> float:
    """Return 1 / (4 tau), or sqrt(T / (8 D)) where tau = 0."""
    if problem.regularization > 0.0:
        return 0.25 / problem.regularization
    return average_prox_weight(problem)


def average_prox_weight(problem: PreferenceGame) -> float:
    """Return sqrt(T / (8 D)), which minimises the bound on the average iterate's gap_tau; 1 where D = 0."""
    return math.sqrt(problem.horizon / (8.0 * problem.reference_range)) if problem.reference_range > 0.0 else 1.0
