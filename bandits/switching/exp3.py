"""EXP3: exponential weights on importance-weighted losses (bandit feedback).

Auer, Cesa-Bianchi, Freund & Schapire (2002), in the loss form of Bubeck & Cesa-Bianchi (2012), Section 3.1:

    p_t(i) proportional to exp(-eta Lhat_{t-1}(i)),   Lhat_t(A_t) = Lhat_{t-1}(A_t) + l_t(A_t) / p_t(A_t).

For every oblivious sequence of losses in [0, 1], E[sum l_t(A_t)] - min_i L_T(i) <= ln K / eta + eta T K / 2
(Theorem 3.1), least at eta = sqrt(2 ln K / (T K)). It redraws its action every round, so with a switching
cost c > 0 its regret grows linearly in T.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from bandits.checks import optional_real
from bandits.exponential_weights import Weights, add_loss, draw, probability, uniform_weights
from bandits.jit import kernel
from bandits.protocol import Learner, LearnerSteps
from bandits.rng import Stream, uniform
from bandits.switching.problem import Bandit, SwitchingCostGame


class Exp3Params(NamedTuple):
    """K and eta."""

    n_actions: int
    learning_rate: float


@kernel
def _init(params: Exp3Params, rng: Stream) -> Weights:
    return uniform_weights(params.n_actions)


@kernel
def _act(params: Exp3Params, state: Weights, t: int, rng: Stream) -> int:
    return draw(state, uniform(rng, t, 0))


@kernel
def _update(params: Exp3Params, state: Weights, t: int, arm: int, loss: float, rng: Stream) -> Weights:
    if loss == 0.0:  # known before the division below: the processor need not wait for it
        return state
    estimate = loss / probability(state, arm)
    return add_loss(state, params.learning_rate, arm, estimate)


@dataclass(frozen=True)
class Exp3(Learner):
    """EXP3 with learning rate eta > 0; None means sqrt(2 ln K / (T K))."""

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: SwitchingCostGame) -> Exp3Params:
        """Return K and eta for the game."""
        n_actions = problem.n_actions
        tuned = math.sqrt(2.0 * math.log(n_actions) / (problem.horizon * n_actions))
        return Exp3Params(n_actions, self.learning_rate or tuned)
