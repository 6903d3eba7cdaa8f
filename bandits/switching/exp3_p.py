"""EXP3.P: EXP3 with explicit exploration and a bonus, for bounds with high probability and adaptive adversaries.

Auer, Cesa-Bianchi, Freund & Schapire (2002); constants of Bubeck & Cesa-Bianchi (2012), Figure 3.2 and Theorem 3.3.
With gains g = 1 - l,

    ghat(i) = (g 1{A = i} + beta) / p(i),   p(i) = (1 - gamma) w(i) + gamma / K,

w(i) proportional to exp(eta Ghat(i)).

The bonus beta makes Ghat an upper estimate of every action's gain at once, with probability 1 - delta. The weights are
computed from losses max_j ghat(j) - ghat(i) >= 0, which give the same law.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import optional_real, real
from bandits.core.exponential_weights import Estimated, add_estimates, draw, law, own_estimates, probability
from bandits.core.jit import kernel
from bandits.core.lanes import alike, in_lanes, where
from bandits.core.rng import Stream, uniform_pair
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import Bandit
from bandits.switching.problem import SwitchingCostGame


class Exp3PParams(NamedTuple):
    """K, eta, beta, gamma and delta; the learner itself uses delta in beta alone."""

    n_actions: int
    learning_rate: float
    bonus: float
    exploration: float
    failure_probability: float


@in_lanes()
@kernel
def _init(params: Exp3PParams, rng: Stream) -> Estimated:
    return own_estimates(params.n_actions, rng)


@in_lanes()
@kernel
def _act(params: Exp3PParams, state: Estimated, t: int, rng: Stream) -> int:
    coin, other = uniform_pair(rng, t, 0)
    return where(coin < params.exploration, alike(other * params.n_actions, 0), draw(state.weights, other))


@kernel
def _mixed(params: Exp3PParams, state: Estimated, arm: int) -> float:
    return (1.0 - params.exploration) * probability(state.weights, arm) + params.exploration / params.n_actions


@in_lanes()
@kernel
def _update(params: Exp3PParams, state: Estimated, t: int, arm: int, loss: float, rng: Stream) -> Estimated:
    most = alike(0.0, state.estimates)
    for i in range(params.n_actions):
        gain = where(i == arm, 1.0 - loss, 0.0)
        estimate = (gain + params.bonus) / _mixed(params, state, i)
        state.estimates[i] = estimate
        most = where(estimate > most, estimate, most)
    for i in range(params.n_actions):
        state.estimates[i] = most - state.estimates[i]
    return add_estimates(state, params.learning_rate)


@kernel
def _law(params: Exp3PParams, state: Estimated, t: int) -> Any:
    return (1.0 - params.exploration) * law(state.weights) + params.exploration / params.n_actions


@dataclass(frozen=True)
class Exp3P(Learner):
    """EXP3.P with learning rate eta > 0, bonus beta >= 0 and exploration gamma in (0, 1].

    None means beta = sqrt(ln(K / delta) / (T K)), eta = 0.95 sqrt(ln K / (T K)), gamma = 1.05 sqrt(K ln K / T), at most
    1; delta = failure_probability, in (0, 1), is that of the bound.
    """

    learning_rate: float | None = None
    bonus: float | None = None
    exploration: float | None = None
    failure_probability: float = 0.05
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    exact: ClassVar[str] = "exp3_p"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        optional_real("bonus", self.bonus, low=0.0)
        if self.exploration is not None:
            real("exploration", self.exploration, 0.0, 1.0, open_low=True)
        real("failure_probability", self.failure_probability, 0.0, 1.0, open_low=True, open_high=True)

    def probabilities(self, problem: SwitchingCostGame) -> Any:
        """Return the kernel of p_t."""
        return _law

    def parameters(self, problem: SwitchingCostGame) -> Exp3PParams:
        """Return K, eta, beta, gamma and delta for the game."""
        n_actions, horizon, delta = problem.n_actions, problem.horizon, self.failure_probability
        size, log = n_actions * horizon, math.log(n_actions)
        return Exp3PParams(
            n_actions,
            self.learning_rate or 0.95 * math.sqrt(log / size),
            math.sqrt(math.log(n_actions / delta) / size) if self.bonus is None else self.bonus,
            self.exploration or min(1.0, 1.05 * math.sqrt(n_actions * log / horizon)),
            delta,
        )
