"""Hedge and EXP3 with falling learning rates, which need not know the horizon.

p_t(i) proportional to exp(-eta_t L_{t-1}(i)), where the rate applies to all losses so far. With falling rates and a
uniform start the penalty telescopes to ln K / eta_T, and each round adds what it adds at a fixed rate:

    Hedge, eta_t = 2 sqrt(ln K / t):      ln K / eta_T + sum eta_t / 8    <= sqrt(T ln K),
    EXP3,  eta_t = sqrt(ln K / (K t)):    ln K / eta_T + sum eta_t K / 2  <= 2 sqrt(T K ln K)

for every horizon T (Cesa-Bianchi & Lugosi 2006, Theorem 2.3; Bubeck & Cesa-Bianchi 2012, Theorem 3.1). All weights
change in every round: a round of EXP3 costs K exponentials here, and one at a fixed rate.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import real
from bandits.core.exponential_weights import own_weights, pick, remake
from bandits.core.jit import kernel
from bandits.core.lanes import in_lanes
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import Bandit
from bandits.switching.hedge import LearnerOfAllLosses
from bandits.switching.problem import SwitchingCostGame


class AnytimeParams(NamedTuple):
    """K and the learning rate of the first round, eta_1; eta_t = eta_1 / sqrt(t)."""

    n_actions: int
    first_rate: float


class AnytimeState(NamedTuple):
    """Cumulative losses or estimates, and the weights of the next round."""

    loss: Any  # (K,) float64
    weight: Any  # (K,) float64
    total: float  # sum of weight


@in_lanes()
@kernel
def _init(params: AnytimeParams, rng: Stream) -> AnytimeState:
    first = own_weights(params.n_actions, rng)
    return AnytimeState(first.loss, first.weight, first.total)


@in_lanes()
@kernel
def draw_by_weights(params: Any, state: Any, t: int, rng: Stream) -> int:
    """Return an action drawn by the weights of a state with `weight` and `total`; for `act`."""
    return pick(state.weight, state.total, uniform(rng, t, 0))


@kernel
def _next(params: AnytimeParams, state: AnytimeState, t: int) -> AnytimeState:
    total, _ = remake(state.loss, state.weight, params.first_rate / math.sqrt(t + 2.0))
    return AnytimeState(state.loss, state.weight, total)


@in_lanes()
@kernel
def _update_hedge(
    params: AnytimeParams, state: AnytimeState, t: int, arm: int, losses: Any, rng: Stream
) -> AnytimeState:
    for i in range(losses.size):
        state.loss[i] += losses[i]
    return _next(params, state, t)


@in_lanes()
@kernel
def _update_exp3(
    params: AnytimeParams, state: AnytimeState, t: int, arm: int, loss: float, rng: Stream
) -> AnytimeState:
    state.loss[arm] += loss * state.total / state.weight[arm]
    return _next(params, state, t)


@kernel
def law_by_weights(params: Any, state: Any, t: int) -> Any:
    """Return the law of that draw, (K,) float64."""
    return state.weight / state.total


@dataclass(frozen=True)
class _Anytime(Learner):
    """Exponential weights with learning rates that fall like 1 / sqrt(t); `scale` > 0 multiplies them."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        real("scale", self.scale, low=0.0, open_low=True)


@dataclass(frozen=True)
class AnytimeHedge(_Anytime, LearnerOfAllLosses):
    """Hedge with the learning rates scale * 2 sqrt(ln K / t)."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, draw_by_weights, _update_hedge)
    sharing: ClassVar[LearnerSteps] = steps
    exact: ClassVar[str] = "anytime_hedge"

    def probabilities(self, problem: SwitchingCostGame) -> Any:
        """Return the kernel of p_t."""
        return law_by_weights

    def parameters(self, problem: SwitchingCostGame) -> AnytimeParams:
        """Return K and eta_1 for the game."""
        return AnytimeParams(problem.n_actions, self.scale * 2.0 * math.sqrt(math.log(problem.n_actions)))


@dataclass(frozen=True)
class AnytimeExp3(_Anytime):
    """EXP3 with the learning rates scale * sqrt(ln K / (K t))."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, draw_by_weights, _update_exp3)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    exact: ClassVar[str] = "anytime_exp3"

    def probabilities(self, problem: SwitchingCostGame) -> Any:
        """Return the kernel of p_t."""
        return law_by_weights

    def parameters(self, problem: SwitchingCostGame) -> AnytimeParams:
        """Return K and eta_1 for the game."""
        n_actions = problem.n_actions
        return AnytimeParams(n_actions, self.scale * math.sqrt(math.log(n_actions) / n_actions))
