"""AdaHedge: Hedge that tunes its learning rate by what it has lost (full information).

De Rooij, van Erven, Gruenwald & Koolen, "Follow the Leader If You Can, Hedge If You Must" (JMLR 2014):

    eta_t = ln K / Delta_{t-1},   Delta_t = Delta_{t-1} + <p_t, l_t> + (1 / eta_t) ln <p_t, exp(-eta_t l_t)>,

where a term of Delta, the mixability gap, is what playing p_t loses to the best that its weights could do. While
Delta is 0 the rate is infinite: uniform on the leaders. Then regret <= 2 Delta_T, and

    regret <= 2 sqrt(V_T ln K) + (4/3 ln K + 2) S,   V_T = sum_t Var_{p_t}(l_t), S the largest range of a round's losses

(`theory.switching.bounds`). Its play does not change if all losses of a round grow by one number, or all losses of the
game by one factor; it needs neither the horizon nor the range.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.exponential_weights import remake
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps
from bandits.switching.anytime import draw_by_weights, law_by_weights
from bandits.switching.hedge import LearnerOfAllLosses
from bandits.switching.problem import SwitchingCostGame

_LARGEST_RATE = 1e300  # times a difference of 0 it is 0; infinity is not


class AdaHedgeParams(NamedTuple):
    """K and ln K."""

    n_actions: int
    log_actions: float


class AdaHedgeState(NamedTuple):
    """Cumulative losses, the weights of the next round, and Delta."""

    loss: Any  # (K,) float64
    weight: Any  # (K,) float64
    total: float  # sum of weight
    gap: float  # Delta, the sum of the mixability gaps


@kernel
def _init(params: AdaHedgeParams, rng: Stream) -> AdaHedgeState:
    n_actions = params.n_actions
    return AdaHedgeState(np.zeros(n_actions), np.ones(n_actions), float(n_actions), 0.0)


@kernel
def _mixability_gap(params: AdaHedgeParams, state: AdaHedgeState, losses: Any) -> float:
    """Return <p, l> - m, where m = -(1 / eta) ln <p, exp(-eta l)>, or the least loss with weight if eta is infinite."""
    least = math.inf
    mean = 0.0
    for i in range(losses.size):
        if state.weight[i] > 0.0:
            least = min(least, losses[i])
            mean += state.weight[i] * losses[i]
    mean /= state.total
    if state.gap == 0.0:
        return max(0.0, mean - least)
    rate = params.log_actions / state.gap
    mixed = 0.0
    for i in range(losses.size):
        if state.weight[i] > 0.0:
            mixed += state.weight[i] * math.exp(-rate * (losses[i] - least))
    return max(0.0, mean - least + math.log(mixed / state.total) / rate)


@kernel
def _update(params: AdaHedgeParams, state: AdaHedgeState, t: int, arm: int, losses: Any, rng: Stream) -> AdaHedgeState:
    gap = state.gap + _mixability_gap(params, state, losses)
    least = math.inf
    for i in range(losses.size):
        state.loss[i] += losses[i]
        least = min(least, state.loss[i])
    if gap > 0.0:
        total, _ = remake(state.loss, state.weight, min(params.log_actions / gap, _LARGEST_RATE))
        return AdaHedgeState(state.loss, state.weight, total, gap)
    leaders = 0.0
    for i in range(losses.size):
        state.weight[i] = 1.0 if state.loss[i] == least else 0.0
        leaders += state.weight[i]
    return AdaHedgeState(state.loss, state.weight, leaders, gap)


@dataclass(frozen=True)
class AdaHedge(LearnerOfAllLosses):
    """AdaHedge; it has no parameters."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, draw_by_weights, _update)
    sharing: ClassVar[LearnerSteps] = steps
    exact: ClassVar[str] = "adahedge"

    def probabilities(self, problem: SwitchingCostGame) -> Any:
        """Return the kernel of p_t."""
        return law_by_weights

    def parameters(self, problem: SwitchingCostGame) -> AdaHedgeParams:
        """Return K and ln K."""
        return AdaHedgeParams(problem.n_actions, math.log(problem.n_actions))
