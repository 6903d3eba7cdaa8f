"""Shrinking Dartboard: Hedge's probabilities, with few switches (full information).

Geulen, Voecking & Winkler, "Regret Minimization for Online Buffering Problems Using the Weighted
Majority Algorithm" (COLT 2010). The action is kept with probability w_{t+1}(A_t) / w_t(A_t) =
exp(-eta l_t(A_t)) and otherwise drawn afresh from p_{t+1}. The law of A_t is Hedge's p_t in every round,
and with W_t the sum of the weights E[redraws] = sum (1 - W_{t+1} / W_t) <= ln K + eta min_i L_T(i), so

    R_T <= ln K / eta + eta T / 8 + c (ln K + eta T),   least at eta = sqrt(ln K / (T (c + 1/8))):
    R_T <= 2 sqrt((c + 1/8) T ln K) + c ln K.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.checks import optional_real
from bandits.exponential_weights import Weights, add_losses, draw, uniform_weights
from bandits.jit import kernel
from bandits.protocol import Learner, LearnerSteps
from bandits.rng import Stream, uniform_pair
from bandits.switching.problem import FullInformation, SwitchingCostGame


class DartboardParams(NamedTuple):
    """K and eta."""

    n_actions: int
    learning_rate: float


class DartboardState(NamedTuple):
    """Hedge's weights, the action held and the probability of keeping it."""

    weights: Weights
    arm: int
    keep: float


@kernel
def _init(params: DartboardParams, rng: Stream) -> DartboardState:
    return DartboardState(uniform_weights(params.n_actions), 0, 0.0)


@kernel
def _act(params: DartboardParams, state: DartboardState, t: int, rng: Stream) -> int:
    if state.keep == 1.0:
        return state.arm
    first, second = uniform_pair(rng, t, 0)
    if first < state.keep:
        return state.arm
    return draw(state.weights, second)


@kernel
def _update(
    params: DartboardParams, state: DartboardState, t: int, arm: int, losses: Any, rng: Stream
) -> DartboardState:
    keep = math.exp(-params.learning_rate * losses[arm])
    return DartboardState(add_losses(state.weights, params.learning_rate, losses), arm, keep)


@dataclass(frozen=True)
class ShrinkingDartboard(Learner):
    """Shrinking Dartboard with learning rate eta > 0; None means sqrt(ln K / (T (c + 1/8)))."""

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (FullInformation,)

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: SwitchingCostGame) -> DartboardParams:
        """Return K and eta for the game."""
        tuned = math.sqrt(math.log(problem.n_actions) / (problem.horizon * (problem.switching_cost + 0.125)))
        return DartboardParams(problem.n_actions, self.learning_rate or tuned)
