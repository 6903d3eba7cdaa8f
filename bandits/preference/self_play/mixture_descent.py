"""Mirror descent from the geometric mixture with the reference, answering the policy itself.

The baseline of Munos et al. 2023 (arXiv:2312.00886), Section 5: Nash-MD's centre with another opponent,

    m_t prop. to pi_t^{1 - eta_t tau} mu^{eta_t tau},     pi_{t+1} prop. to m_t exp(eta_t P pi_t).

A step is `prox(pi_t, P pi_t)` with lambda = 1 / eta - tau: with a constant step it is INPO, whose fixed point is p*
itself, where Nash-MD's is not. Here it also comes with steps that fall, which noisy rows need. For an estimate g of
S pi_t with mean S pi_t and entries within 1/2,

    KL(p* || pi_{t+1}) = (1 - eta tau) (KL(p* || pi_t) - KL(m || pi_t)) - eta tau KL(m || p*)
                         - eta <p* - m, S (pi_t - m)> - eta <p* - m, g - S pi_t> + (log E_m e^{eta g} - eta <m, g>).

The last bracket is at most eta^2 / 8, the term before it has mean 0, and the one before that is at most
eta tau KL(m || p*) + eta / (4 tau) KL(m || pi_t). So wherever eta (tau + 1 / (4 tau)) <= 1,

    E KL(p* || pi_{t+1}) <= (1 - eta tau) E KL(p* || pi_t) + eta^2 / 8.

eta_t = 2 / (tau (t + t_0)), t_0 = 2 + 1 / (2 tau^2), begins at the largest such step, and summing gives, for exact
and for noisy rows (`ours.mixture_descent` in `theory.preference.self_play.bounds`),

    E KL(p* || pi_T) <= ((t_0 - 1)(t_0 - 2) KL(p* || mu) + T / (2 tau^2)) / ((T + t_0 - 1)(T + t_0 - 2)).
"""

from dataclasses import dataclass
from typing import Any

from bandits.preference.prox import geometric_mixture, normalise
from bandits.preference.self_play.learner import PolicyState
from bandits.preference.self_play.nash_md import NashMD, NashMDParams, step_length


@dataclass(frozen=True)
class MixtureDescent(NashMD):
    """Nash-MD with another opponent: constant step 0 < eta <= 1 / tau. Needs tau > 0.

    learning_rate: None means eta_t = 2 / (tau (t + 2 + 1 / (2 tau^2))).
    """

    @staticmethod
    def step(params: NashMDParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Mix with the reference, then move by the row of the policy."""
        (here, reference), tau = state, params.regularization
        rate = step_length(here, params, 2.0 / (tau * (t + delay(tau))))
        mixture = geometric_mixture(here, reference, rate * tau)
        return PolicyState(normalise(mixture + rate * ask.row(here)), reference)


def delay(regularization: Any) -> Any:
    """Return t_0 = 2 + 1 / (2 tau^2), with which the steps begin as large as the proof allows."""
    return 2.0 + 0.5 / regularization**2
