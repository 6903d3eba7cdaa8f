"""Nash-MP: mirror prox on the regularised game; in the tabular case the same update as EGPO.

Tiapkin et al. 2025 (arXiv:2505.19731), whose proximal weight beta / eta is lambda; Zhou et al. 2025
(arXiv:2503.08942), whose extragradient step on the logits is 1 / (lambda + tau):

    q = pi_{k+1/2} = prox(pi_k, P pi_k),     pi_{k+1} = prox(pi_k, P q),          two rows per round.

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
from typing import Any, ClassVar

from bandits.core.arguments import checked
from bandits.core.checks import real
from bandits.preference.prox import prox
from bandits.preference.self_play.learner import PolicyState
from bandits.preference.self_play.proximal import ProxLearner, ProxParams


@checked
def least_prox_weight(regularization: float) -> float:
    """Return (sqrt(1 + tau^2) - tau) / 2: the least lambda with 4 lambda (lambda + tau) >= 1, tau >= 0."""
    tau = real("regularization", regularization, 0.0)
    return 0.5 / (math.sqrt(1.0 + tau * tau) + tau)


@dataclass(frozen=True)
class NashMP(ProxLearner):
    """Nash-MP with `prox_weight` lambda > 0, 1/2 by default; also exported as EGPO. Two row queries per round.

    Smaller weights than `least_prox_weight(tau)` are allowed but not guaranteed to converge.
    """

    prox_weight: float = 0.5
    queries: ClassVar[int] = 2

    @staticmethod
    def step(params: ProxParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Look ahead, then move from the present policy along the row of the policy ahead."""
        here, reference = state
        ahead = prox(here, ask.row(here, 0), reference, *params)
        return PolicyState(prox(here, ask.row(ahead, 1), reference, *params), reference)
