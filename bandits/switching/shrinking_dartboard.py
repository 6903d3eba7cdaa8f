"""Shrinking Dartboard: Hedge's probabilities, with few switches (full information).

Geulen, Voecking & Winkler, "Regret Minimization for Online Buffering Problems Using the Weighted
Majority Algorithm" (COLT 2010). The action is kept with probability w_{t+1}(A_t) / w_t(A_t) =
exp(-eta l_t(A_t)) and otherwise redrawn from p_{t+1}. The law of A_t is Hedge's p_t in every round,
and with W_t the sum of the weights E[redraws] = sum (1 - W_{t+1} / W_t) <= ln K + eta min_i L_T(i), so

    R_T <= ln K / eta + eta T / 8 + c (ln K + eta T),   least at eta = sqrt(ln K / (T (c + 1/8))):
    R_T <= 2 sqrt((c + 1/8) T ln K) + c ln K.

Two implementations, equal draw by draw:

- `steps` follows the paper and updates all K weights every round.
- `_LAZY_STEPS` (used when losses are at most 1) skips work. Weights are only needed when the action is redrawn, so
  losses are accumulated and exponentiated then. An action is redrawn only if u_t >= exp(-eta l_t) >= 1 - eta; rounds
  with u_t < 1 - eta are skipped. The remaining rounds, a fraction eta on average, are found 64 at a time as a bit mask.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import optional_real
from bandits.core.exponential_weights import (
    Weights,
    add_losses,
    bring_up_to_date,
    draw,
    exponential,
    own_weights,
    pick,
    postpone_losses,
    uniform_weights,
)
from bandits.core.jit import kernel, rare_kernel, uint64
from bandits.core.lanes import alike, any_lane, in_lanes, own, where
from bandits.core.rng import Stream, uniform, uniform_pair
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import FullInformation
from bandits.switching.hedge import same_losses, shared_steps
from bandits.switching.problem import SwitchingCostGame


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
def keep_or_draw(state: Any, t: int, rng: Stream) -> int:
    """Return `state.arm` with probability `state.keep`, else a draw from `state.weights`."""
    first, second = uniform_pair(rng, t, 0)
    if first < state.keep:
        return state.arm
    return draw(state.weights, second)


@kernel
def _act(params: DartboardParams, state: DartboardState, t: int, rng: Stream) -> int:
    if state.keep == 1.0:
        return state.arm
    return keep_or_draw(state, t, rng)


@kernel
def _update(
    params: DartboardParams, state: DartboardState, t: int, arm: int, losses: Any, rng: Stream
) -> DartboardState:
    keep = math.exp(-params.learning_rate * losses[arm])
    return DartboardState(add_losses(state.weights, params.learning_rate, losses), arm, keep)


class LazyState(NamedTuple):
    """Cumulative losses, the action held and its last loss, and the rounds in which it may be redrawn."""

    weights: Weights  # only its cumulative losses are up to date
    arm: int
    loss: float
    doubtful: Any  # uint64: bit i is set if the uniform of round t // 64 * 64 + i is not below 1 - eta


@rare_kernel
def _doubtful_rounds(rng: Stream, t: int, certain: float) -> Any:
    """Return the word of 64 bits whose bit i is set if the uniform of round t + i is not below `certain`."""
    found = own(uint64(0), rng)
    for i in range(64):
        found |= alike(uniform(rng, t + i, 0) >= certain, uint64(0)) << uint64(i)
    return found


@in_lanes()
@kernel
def _lazy_init(params: DartboardParams, rng: Stream) -> LazyState:
    doubtful = _doubtful_rounds(rng, 0, 1.0 - params.learning_rate) | uint64(1)
    return LazyState(own_weights(params.n_actions, rng), own(0, rng), own(math.inf, rng), doubtful)


@kernel
def _lazy_act(params: DartboardParams, state: LazyState, t: int, rng: Stream) -> int:
    if (state.doubtful >> uint64(t & 63)) & uint64(1) == uint64(0):
        return state.arm
    first, second = uniform_pair(rng, t, 0)
    if first < exponential(-params.learning_rate * state.loss):
        return state.arm
    return pick(state.weights.weight, bring_up_to_date(state.weights, params.learning_rate), second)


@in_lanes(of=_lazy_act)
@kernel
def _lanes_act(params: DartboardParams, state: LazyState, t: int, rng: Stream) -> Any:
    arm = state.arm
    doubtful = (state.doubtful >> uint64(t & 63)) & uint64(1) != uint64(0)
    if any_lane(doubtful):
        first, second = uniform_pair(rng, t, 0)
        redrawn = doubtful & (first >= exponential(-params.learning_rate * state.loss))
        if any_lane(redrawn):
            total = bring_up_to_date(state.weights, params.learning_rate)
            arm = where(redrawn, pick(state.weights.weight, total, second), arm)
    return arm


@in_lanes()
@kernel
def _lazy_update(params: DartboardParams, state: LazyState, t: int, arm: int, losses: Any, rng: Stream) -> LazyState:
    postpone_losses(state.weights, losses)
    doubtful = state.doubtful
    if t & 63 == 63:
        doubtful = _doubtful_rounds(rng, t + 1, 1.0 - params.learning_rate)
    return LazyState(state.weights, arm, losses[arm], doubtful)


_LAZY_STEPS = LearnerSteps(_lazy_init, _lazy_act, _lazy_update)


@dataclass(frozen=True)
class ShrinkingDartboard(Learner):
    """Shrinking Dartboard with learning rate eta > 0; None means sqrt(ln K / (T (c + 1/8)))."""

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (FullInformation,)
    exact: ClassVar[str] = "shrinking_dartboard"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def steps_for(self, problem: SwitchingCostGame) -> LearnerSteps:
        """Return the compiled functions: lazy where losses are at most 1; lanes share weights as in `Hedge`."""
        if self.steps is not ShrinkingDartboard.steps or not problem.losses.bounded:  # a subclass with its own steps
            return self.steps
        return shared_steps(_LAZY_STEPS) if same_losses(problem) else _LAZY_STEPS

    def parameters(self, problem: SwitchingCostGame) -> DartboardParams:
        """Return K and eta for the game."""
        tuned = math.sqrt(math.log(problem.n_actions) / (problem.horizon * (problem.switching_cost + 0.125)))
        return DartboardParams(problem.n_actions, self.learning_rate or tuned)
