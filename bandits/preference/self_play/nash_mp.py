"""Nash-MP: mirror prox on the regularised game; in the tabular case the same update as EGPO.

Tiapkin et al. 2025 (arXiv:2505.19731), whose proximal weight beta / eta is lambda; Zhou et al. 2025
(arXiv:2503.08942), whose extragradient step on the logits is 1 / (lambda + tau):

    q = pi_{k+1/2} = prox(pi_k, P pi_k),     pi_{k+1} = prox(pi_k, P q),          two rows a round.

For r = pi_{k+1} the three-point equalities add up to the identity

    (tau + lambda) KL(p* || r) = lambda KL(p* || pi_k) - lambda KL(q || pi_k) - (tau + lambda) KL(r || q)
                                 - tau KL(q || p*) + (r - q)^T S (q - pi_k),

whose last term is at most (tau + lambda) KL(r || q) + KL(q || pi_k) / (4 (tau + lambda)). So wherever
4 lambda (lambda + tau) >= 1, in every game of any size and at every round,

    KL(p* || pi_{k+1}) <= lambda / (lambda + tau) KL(p* || pi_k).

lambda = 1/2, the paper's choice, qualifies for every tau: the factor is 1 / (1 + 2 tau). The least weight that
does is `least_prox_weight`.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.arguments import checked
from bandits.core.checks import real
from bandits.preference.prox import prox
from bandits.preference.self_play.learner import SelfPlay
from bandits.preference.self_play.problem import PreferenceGame


class NashMPParams(NamedTuple):
    """tau and lambda."""

    regularization: float
    prox_weight: float


class NashMPState(NamedTuple):
    """The present policy."""

    log_policy: Any  # (n,)
    log_reference: Any  # (n,)


@checked
def least_prox_weight(regularization: float) -> float:
    """Return (sqrt(1 + tau^2) - tau) / 2: the least lambda with 4 lambda (lambda + tau) >= 1, tau >= 0."""
    tau = real("regularization", regularization, 0.0)
    return 0.5 / (math.sqrt(1.0 + tau * tau) + tau)


@dataclass(frozen=True)
class NashMP(SelfPlay):
    """Nash-MP with `prox_weight` lambda > 0, 1/2 by default; also exported as EGPO. Two row queries a round.

    Smaller weights than `least_prox_weight(tau)` are allowed but not guaranteed to converge.
    """

    prox_weight: float = 0.5
    queries: ClassVar[int] = 2

    def __post_init__(self) -> None:
        real("prox_weight", self.prox_weight, low=0.0, open_low=True)

    def parameters(self, problem: PreferenceGame) -> NashMPParams:
        """Return tau and lambda."""
        return NashMPParams(float(problem.regularization), float(self.prox_weight))

    @staticmethod
    def start(params: NashMPParams, log_reference: Any) -> NashMPState:
        """Start at the reference."""
        return NashMPState(log_reference, log_reference)

    @staticmethod
    def policy(params: NashMPParams, state: NashMPState) -> Any:
        """Return the present policy."""
        return state.log_policy

    @staticmethod
    def step(params: NashMPParams, state: NashMPState, t: Any, ask: Any) -> NashMPState:
        """Look ahead, then move from where it stood along the row of what it saw."""
        tau, weight = params
        here, reference = state
        ahead = prox(here, ask.row(here, 0), reference, tau, weight)
        return NashMPState(prox(here, ask.row(ahead, 1), reference, tau, weight), reference)
