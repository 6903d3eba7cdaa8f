"""SPPO as it is defined: the exact minimiser of its squared loss over normalised policies.

Wu et al. 2024 (arXiv:2405.00675). The loss of a round is

    E_{y ~ pi_t} (log pi(y) / pi_t(y) - eta (P(y > pi_t) - 1/2))^2,

where 1/2 stands for log Z / eta of the ideal step (`HedgeSelfPlay`). As log Z lies in [eta/2, eta/2 + eta^2/8],
the minimiser is not that step. With b = eta (P pi_t - 1/2) its log-ratios l solve l + c e^l = b, where c >= 0
makes the probabilities pi_t e^l sum to 1 (l = b - W(c e^b), Lambert's W): found here by Newton's method in
(l, c) jointly. The loss with a free intercept has exactly the ideal step as its minimiser.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from bandits.core.checks import optional_real
from bandits.preference.prox import normalise
from bandits.preference.self_play.hedge import StepParams, hedge_step
from bandits.preference.self_play.learner import PolicyState, SelfPlay
from bandits.preference.self_play.problem import ExactRow, PreferenceGame

_NEWTON_STEPS = 8


def sppo_log_ratios(log_policy: Any, target: Any) -> Any:
    """Return l (n,) minimising E_{y ~ pi} (l - b)^2 subject to sum pi e^l = 1, for targets b (n,) of mean 0 under pi.

    Eight Newton steps from l = b, c = 0 reach rounding for |b| <= 2.
    """
    xp = target.__array_namespace__()
    policy, ratio, multiplier = xp.exp(log_policy), target, 0.0
    for _ in range(_NEWTON_STEPS):
        growth = xp.exp(ratio)
        residual = ratio + multiplier * growth - target
        curvature = 1.0 + multiplier * growth
        excess = xp.sum(policy * growth) - 1.0
        slope = xp.sum(policy * growth * growth / curvature)
        move = (excess - xp.sum(policy * growth * residual / curvature)) / slope
        ratio = ratio - (residual + growth * move) / curvature
        multiplier = multiplier + move
    return ratio


@dataclass(frozen=True)
class SPPO(SelfPlay):
    """SPPO's exact regression with step eta > 0; None means sqrt(8 D / T), Hedge's tuning."""

    learning_rate: float | None = None
    accepts = (ExactRow,)
    any_regularizer: ClassVar[bool] = True

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, high=4.0, open_low=True)

    def parameters(self, problem: PreferenceGame) -> StepParams:
        """Return the step for the game."""
        return StepParams(self.learning_rate or min(hedge_step(problem), 4.0))

    @staticmethod
    def step(params: StepParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Minimise the round's loss."""
        here, reference = state
        ratios = sppo_log_ratios(here, params.learning_rate * ask.row(here))
        return PolicyState(normalise(here + ratios), reference)
