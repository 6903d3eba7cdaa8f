"""EXP3-IX: implicit exploration, for bounds that hold with high probability.

Neu, "Explore no more: improved high-probability regret bounds for non-stochastic bandits" (NIPS 2015). EXP3 on

    lhat(A) = l / (p(A) + gamma),

which underestimates losses slightly and keeps the estimates' tails light: EXP3's own regret can be of order T with a
probability that does not vanish. On every path, for every action i and with any gamma >= 0,

    sum_t l_t(A_t) - Lhat_T(i) <= ln K / eta + (eta / 2 + gamma) sum_t sum_j lhat_t(j),

since <p, lhat> = l(A) - gamma sum_j lhat(j) and p lhat <= 1 (`theory.switching.bounds` has the theorem).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import optional_real, real
from bandits.core.exponential_weights import Weights, add_loss, probability
from bandits.core.jit import kernel
from bandits.core.lanes import in_lanes
from bandits.core.rng import Stream
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.exp3 import Exp3, law_of_weights
from bandits.switching.feedback import Bandit
from bandits.switching.problem import SwitchingCostGame


class Exp3IXParams(NamedTuple):
    """K, eta, gamma and delta; the learner itself uses delta in eta alone."""

    n_actions: int
    learning_rate: float
    exploration: float
    failure_probability: float


@in_lanes()
@kernel
def _update(params: Exp3IXParams, state: Weights, t: int, arm: int, loss: float, rng: Stream) -> Weights:
    estimate = loss / (probability(state, arm) + params.exploration)
    return add_loss(state, params.learning_rate, arm, estimate)


@dataclass(frozen=True)
class Exp3IX(Learner):
    """EXP3-IX with learning rate eta > 0 and implicit exploration gamma >= 0.

    None means gamma = eta / 2, and eta = sqrt((ln K + ln((K + 1) / delta)) / (K T)), for a bound that fails with
    probability at most delta = failure_probability, in (0, 1).
    """

    learning_rate: float | None = None
    exploration: float | None = None
    failure_probability: float = 0.05
    steps: ClassVar[LearnerSteps] = Exp3.steps._replace(update=_update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    exact: ClassVar[str] = "exp3_ix"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        optional_real("exploration", self.exploration, low=0.0)
        real("failure_probability", self.failure_probability, 0.0, 1.0, open_low=True, open_high=True)

    def probabilities(self, problem: SwitchingCostGame) -> Any:
        """Return the kernel of p_t."""
        return law_of_weights

    def parameters(self, problem: SwitchingCostGame) -> Exp3IXParams:
        """Return K, eta, gamma and delta for the game."""
        n_actions, delta = problem.n_actions, self.failure_probability
        logs = math.log(n_actions) + math.log((n_actions + 1) / delta)
        rate = self.learning_rate or math.sqrt(logs / (n_actions * problem.horizon))
        exploration = 0.5 * rate if self.exploration is None else self.exploration
        return Exp3IXParams(n_actions, rate, exploration, delta)
