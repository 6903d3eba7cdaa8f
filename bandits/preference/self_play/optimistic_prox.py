"""ONPO: optimistic proximal steps, one row per round.

Zhang et al. 2025 (arXiv:2502.16852) prove an O(1/T) average duality gap for optimistic Nash policy optimisation.
The tabular form used here, with S = P - 1/2, g_0 = 0 and w_1 = mu:

    pi_t = prox(w_t, g_{t-1}),    g_t = S pi_t,    w_{t+1} = prox(w_t, g_t).

The two three-point equalities add up, for every u, to

    <u - pi_t, g_t> - tau KL(u || mu) + tau KL(pi_t || mu)
        = lambda KL(u || w_t) - (lambda + tau) KL(u || w_{t+1}) - lambda KL(pi_t || w_t)
          - (lambda + tau) KL(w_{t+1} || pi_t) + <w_{t+1} - pi_t, g_t - g_{t-1}>.

Two steps from one centre differ by |w_{t+1} - pi_t|_1 <= d_t / (lambda + tau) with d_t = |g_t - g_{t-1}|_inf, which
is at most |pi_t - pi_{t-1}|_1 / 2, and 1/2 in the first round; the divergences pay for at least
(lambda / 4) |pi_t - pi_{t-1}|_1^2. So wherever lambda (lambda + tau) >= 1, with D = log(1 / min mu),

    gap_tau(average of pi_t) <= 2 (lambda D + 1 / (4 (lambda + tau))) / T.

With tau = 0 it is OMWU of step 1 / lambda, and the bound is OMWU's.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from bandits.preference.prox import prox
from bandits.preference.self_play.proximal import ProxLearner, ProxParams


class ONPOState(NamedTuple):
    """The centre w_t and the policy pi_t that looks ahead of it."""

    log_centre: Any  # (n,)
    log_policy: Any  # (n,)
    log_reference: Any  # (n,)


@dataclass(frozen=True)
class ONPO(ProxLearner):
    """Optimistic proximal steps with `prox_weight` lambda > 0, 1 by default, which the bound allows for every tau."""

    prox_weight: float = 1.0

    @staticmethod
    def start(params: ProxParams, log_reference: Any) -> ONPOState:
        """Start at the reference, with no row to be optimistic about."""
        return ONPOState(log_reference, log_reference, log_reference)

    @staticmethod
    def step(params: ProxParams, state: ONPOState, t: Any, ask: Any) -> ONPOState:
        """Move the centre by the row of the policy played, and look ahead by the same row."""
        gain, reference = ask.row(state.log_policy), state.log_reference
        centre = prox(state.log_centre, gain, reference, *params)
        return ONPOState(centre, prox(centre, gain, reference, *params), reference)
