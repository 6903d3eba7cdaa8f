"""Exponential weights against itself, plain and optimistic.

Hedge (Freund & Schapire 1999); the tabular core of SPO, "self-play preference optimisation" (Swamy et al.
2024, arXiv:2401.04056), and the ideal step of SPPO (Wu et al. 2024, arXiv:2405.00675):

    pi_{t+1} prop. to pi_t exp(a P pi_t).

Its regret R_T = max_y sum_t (P pi_t)_y - T / 2 is the gap of the average: gap0(mean of pi_t) = 2 R_T / T
exactly, because P is linear; so gap0 <= 2 (D / (a T) + a / 8) with D = log(1 / min mu), least at
a = sqrt(8 D / T). The last iterate spirals away from an interior equilibrium.

The optimistic form (Rakhlin & Sridharan 2013; Daskalakis & Panageas 2019) counts the last row twice,

    pi_t prop. to mu exp(a (sum_{s<t} u_s + u_{t-1})),   u_s = S pi_s,   u_{-1} = 0,

and the variation bound of Syrgkanis et al. (2015) with |u_t - u_{t-1}| <= |pi_t - pi_{t-1}|_1 / 2 gives
gap0(average) <= 2 (D / a + a / 4) / T for a <= 1. It is the optimistic proximal method with tau = 0.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import optional_real, real
from bandits.preference.prox import normalise
from bandits.preference.self_play.learner import PolicyState, SelfPlay
from bandits.preference.self_play.problem import PreferenceGame


class StepParams(NamedTuple):
    """The step a."""

    learning_rate: float


@dataclass(frozen=True)
class HedgeSelfPlay(SelfPlay):
    """Hedge against itself with step a > 0; None means sqrt(8 D / T). Also exported as SPO."""

    learning_rate: float | None = None
    any_regularizer: ClassVar[bool] = True

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: PreferenceGame) -> StepParams:
        """Return the step for the game."""
        return StepParams(self.learning_rate or hedge_step(problem))

    @staticmethod
    def step(params: StepParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Move by the row of the present policy."""
        here, reference = state
        return PolicyState(normalise(here + params.learning_rate * ask.row(here)), reference)


def hedge_step(problem: PreferenceGame) -> float:
    """Return sqrt(8 D / T), or 1 where the reference leaves no choice."""
    return math.sqrt(8.0 * problem.reference_range / problem.horizon) or 1.0


class OmwuState(NamedTuple):
    """The weights mu exp(a sum u), normalised, and the last row."""

    log_weights: Any  # (n,)
    last: Any  # (n,)


@dataclass(frozen=True)
class OMWU(SelfPlay):
    """Optimistic multiplicative weights against itself with step a > 0, 1 by default (the bound needs a <= 1)."""

    learning_rate: float = 1.0
    any_regularizer: ClassVar[bool] = True

    def __post_init__(self) -> None:
        real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: PreferenceGame) -> StepParams:
        """Return the step."""
        return StepParams(float(self.learning_rate))

    @staticmethod
    def start(params: StepParams, log_reference: Any) -> OmwuState:
        """Start at the reference, with no row seen."""
        return OmwuState(log_reference, 0.0 * log_reference)

    @staticmethod
    def policy(params: StepParams, state: OmwuState) -> Any:
        """Return the weights moved once more by the last row."""
        return normalise(state.log_weights + params.learning_rate * state.last)

    @staticmethod
    def step(params: StepParams, state: OmwuState, t: Any, ask: Any) -> OmwuState:
        """Add the row of the policy played."""
        gain = ask.row(OMWU.policy(params, state))
        return OmwuState(normalise(state.log_weights + params.learning_rate * gain), gain)
