"""EXP4: exponential weights over experts whose advice is a law of actions, under bandit feedback.

Auer, Cesa-Bianchi, Freund & Schapire (2002), without mixing. With xi_t(m) the advice of expert m and q_t the
exponential weights of the estimated losses of the experts, A_t is drawn from p_t = sum_m q_t(m) xi_t(m), and

    yhat_t(m) = xi_t(m, A_t) l_t(A_t) / p_t(A_t).

Against the best of N experts the expected regret is at most ln N / eta + (eta / 2) E, E = sum_t sum_i max_m xi_t(m, i)
<= T min(K, N) (`theory.switching.bounds.adaptive`). A round takes an expert and then an action of its: O(N + K).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.arguments import Numbers
from bandits.core.checks import array, optional_real
from bandits.core.exponential_weights import Estimated, add_estimates, draw, no_estimates, pick
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform_pair
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import Bandit
from bandits.switching.problem import SwitchingCostGame


class Exp4Params(NamedTuple):
    """K, eta and the advice; round t has advice t mod the length."""

    n_experts: int
    n_actions: int
    learning_rate: float
    advice: Any  # (T or 1, N, K) float64
    advice_size: float  # the mean over the rounds of sum_i max_m xi(m, i)


@kernel
def _init(params: Exp4Params, rng: Stream) -> Estimated:
    return no_estimates(params.n_experts)


@kernel
def follow(state: Estimated, advice: Any, t: int, rng: Stream) -> int:
    """Return an action of the expert that is drawn from the weights; advice: (N, K)."""
    first, second = uniform_pair(rng, t, 0)
    return pick(advice[draw(state.weights, first)], 1.0, second)


@kernel
def learn_from(state: Estimated, learning_rate: float, advice: Any, arm: int, loss: float) -> Estimated:
    """Return the state after the loss of an action that was drawn by `follow`; advice: (N, K)."""
    weights = state.weights
    mass = 0.0
    for m in range(state.estimates.size):
        mass += weights.weight[m] * advice[m, arm]
    for m in range(state.estimates.size):
        state.estimates[m] = advice[m, arm] * loss * weights.total / mass
    return add_estimates(state, learning_rate)


@kernel
def _act(params: Exp4Params, state: Estimated, t: int, rng: Stream) -> int:
    return follow(state, params.advice[t % params.advice.shape[0]], t, rng)


@kernel
def _update(params: Exp4Params, state: Estimated, t: int, arm: int, loss: float, rng: Stream) -> Estimated:
    return learn_from(state, params.learning_rate, params.advice[t % params.advice.shape[0]], arm, loss)


@dataclass(frozen=True, eq=False)
class Exp4(Learner):
    """EXP4 with given advice and learning rate eta > 0; None means sqrt(2 ln N / E).

    advice: (N, K), the same in every round, or (T, N, K), which must reach the horizon: laws of actions, whose
    probabilities sum to 1.
    """

    advice: Numbers
    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        advice = array("advice", self.advice, None, 0.0, 1.0)
        if advice.ndim not in (2, 3):
            raise ValueError(f"advice must have shape (N, K) or (T, N, K), got {advice.shape}")
        totals = advice.sum(axis=-1)
        if np.abs(totals - 1.0).max() > 1e-9:
            raise ValueError(f"advice must be probabilities that sum to 1, got a sum of {totals.min():.12g}")
        object.__setattr__(self, "advice", advice)

    def parameters(self, problem: SwitchingCostGame) -> Exp4Params:
        """Return N, K, eta and the advice; ValueError for advice on other actions, or on fewer rounds."""
        advice = self.advice[: problem.horizon] if self.advice.ndim == 3 else self.advice[None]
        if advice.shape[-1] != problem.n_actions:
            raise ValueError(f"advice must be on {problem.n_actions} actions, got {advice.shape[-1]}")
        if self.advice.ndim == 3 and len(advice) < problem.horizon:
            raise ValueError(f"advice must reach the horizon = {problem.horizon}, got {len(advice)} rounds")
        advice = advice / advice.sum(axis=-1, keepdims=True)
        size = float(advice.max(axis=1).sum(axis=1).mean())
        tuned = math.sqrt(2.0 * math.log(advice.shape[1]) / (problem.horizon * size))
        return Exp4Params(advice.shape[1], problem.n_actions, self.learning_rate or tuned, advice, size)
