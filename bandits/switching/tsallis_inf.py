"""Tsallis-INF: one learner for stochastic and adversarial bandits, which need not know which of the two it plays.

Zimmert & Seldin, "Tsallis-INF: An Optimal Algorithm for Stochastic and Adversarial Bandits" (JMLR 2021): follow the
regularised leader with the 1/2-Tsallis entropy,

    p_t(i) = 4 / (eta_t (Lhat_{t-1}(i) - x))^2,   x such that the probabilities sum to 1,

on estimates of one of two kinds, for an action A drawn from p_t and its loss l. Importance-weighted ones are
lhat(A) = l / p_t(A) and 0 for other actions, with eta_t = 2 / sqrt(t). Those of reduced variance are lhat(i) =
B(i) + 1{A = i} (l - B(i)) / p_t(i), with B(i) = 1/2 where p_t(i) >= eta_t^2 and else 0, and eta_t = 4 / sqrt(t).

Its regret is of order sqrt(K T) against any losses in [0, 1], and of order ln T sum 1 / gap where they are stochastic;
the constants are in `theory.switching.bounds`. It draws afresh in every round. With a switching cost, `TsallisSwitch`
plays the same on blocks.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from bandits.core.checks import real
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel
from bandits.core.lanes import alike, in_lanes, own_array, where
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import Bandit
from bandits.switching.problem import SwitchingCostGame
from bandits.switching.tsallis_switch import add_to_least, tsallis_probabilities


class TsallisParams(NamedTuple):
    """K, the factor on the learning rate, and whether estimates have reduced variance."""

    n_actions: int
    scale: float
    reduced: bool


class TsallisState(NamedTuple):
    """Estimated losses and the probabilities of the next draw."""

    loss: Any  # (K,) float64, Lhat less its minimum
    probability: Any  # (K,) float64


@kernel
def _rate(params: TsallisParams, t: int) -> float:
    """Return the learning rate of round t, from 0."""
    return (4.0 if params.reduced else 2.0) * params.scale / math.sqrt(t + 1.0)


@in_lanes()
@kernel
def _init(params: TsallisParams, rng: Stream) -> TsallisState:
    n = params.n_actions
    return TsallisState(own_array(n, 0.0, rng), own_array(n, 1.0 / n, rng))


@in_lanes()
@kernel
def _act(params: TsallisParams, state: TsallisState, t: int, rng: Stream) -> int:
    return pick(state.probability, 1.0, uniform(rng, t, 0))


@in_lanes()
@kernel
def _update(params: TsallisParams, state: TsallisState, t: int, arm: int, loss: float, rng: Stream) -> TsallisState:
    total, p, rate = state.loss, state.probability, _rate(params, t)
    own = p[arm]
    base = alike(0.0, own)
    if params.reduced:
        for i in range(total.size):
            total[i] += where(p[i] >= rate * rate, 0.5, 0.0)
        base = where(own >= rate * rate, 0.5, 0.0)
    add_to_least(total, arm, (loss - base) / own)
    tsallis_probabilities(total, _rate(params, t + 1), p)
    return state


@kernel
def _law(params: TsallisParams, state: TsallisState, t: int) -> Any:
    return state.probability


@dataclass(frozen=True)
class TsallisINF(Learner):
    """Tsallis-INF on importance-weighted or reduced-variance estimates; `scale` > 0 multiplies its learning rate."""

    estimates: Literal["importance-weighted", "reduced-variance"] = "importance-weighted"
    scale: float = 1.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    exact: ClassVar[str] = "tsallis_inf"

    def __post_init__(self) -> None:
        real("scale", self.scale, low=0.0, open_low=True)

    def probabilities(self, problem: SwitchingCostGame) -> Any:
        """Return the kernel of p_t."""
        return _law

    def parameters(self, problem: SwitchingCostGame) -> TsallisParams:
        """Return K, the scale and the kind of estimates."""
        return TsallisParams(problem.n_actions, self.scale, self.estimates == "reduced-variance")
