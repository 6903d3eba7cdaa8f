"""Nash-MD: mirror descent from, and against, a geometric mixture with the reference; and Nash-EMA.

Munos et al. 2023 (arXiv:2312.00886), Section 5:

    m_t prop. to pi_t^{1 - eta_t tau} mu^{eta_t tau},     pi_{t+1} prop. to m_t exp(eta_t P m_t).

With eta_t = 2 / (tau (t + 2)) the last iterate converges: the one-step identity

    KL(p* || pi_{t+1}) = (1 - eta tau) KL(p* || pi_t) - eta tau KL(m || p*) - (1 - eta tau) KL(m || pi_t)
                         + (log E_m exp(eta P m) - eta / 2)

has a last bracket in [0, eta^2 / 8], which gives KL(p* || pi_T) <= 1 / (2 tau^2 (T + 1)) (the paper's constant,
8 / (tau^2 (T + 1)), is 16 times larger). With a constant step the fixed point solves tau log(pi / mu) = P m + c
with m != pi: it is not p*, only within KL <= eta / (8 tau) of it.

Nash-EMA answers a moving average of the policies: e_t = (1 - b) e_{t-1} + b pi_t, pi_{t+1} = prox(pi_t, P e_t).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from bandits.core.checks import optional_real, real
from bandits.preference.prox import geometric_mixture, normalise, prox
from bandits.preference.self_play.learner import PolicyState, SelfPlay
from bandits.preference.self_play.problem import PreferenceGame
from bandits.preference.self_play.proximal import ProxLearner


class NashMDParams(NamedTuple):
    """tau and eta; eta = 0 stands for the schedule."""

    regularization: float
    learning_rate: float


@dataclass(frozen=True)
class NashMD(SelfPlay):
    """Nash-MD with a constant step 0 < eta <= 1 / tau; None means eta_t = 2 / (tau (t + 2)). Needs tau > 0."""

    learning_rate: float | None = None

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: PreferenceGame) -> NashMDParams:
        """Return tau and the step; ValueError where eta tau > 1."""
        tau = real("regularization", problem.regularization, 0.0, open_low=True)
        if self.learning_rate is not None:
            real("learning_rate", self.learning_rate, 0.0, 1.0 / tau)
        return NashMDParams(tau, self.learning_rate or 0.0)

    @staticmethod
    def step(params: NashMDParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Mix with the reference, then move by the mixture's row."""
        here, reference = state
        rate = step_length(here, params, 2.0 / (params.regularization * (t + 2.0)))
        mixture = geometric_mixture(here, reference, rate * params.regularization)
        return PolicyState(normalise(mixture + rate * ask.row(mixture)), reference)


def step_length(log_policy: Any, params: NashMDParams, scheduled: Any) -> Any:
    """Return the constant step where there is one, else the scheduled one, as an array of the policy's namespace."""
    return log_policy.__array_namespace__().where(params.learning_rate > 0.0, params.learning_rate, scheduled)


class NashEMAParams(NamedTuple):
    """tau, lambda and the weight b of the newest policy."""

    regularization: float
    prox_weight: float
    newest: float


class NashEMAState(NamedTuple):
    """The present policy and the average that it answers."""

    log_policy: Any  # (n,)
    average: Any  # (n,) probabilities e_t
    log_reference: Any  # (n,)


@dataclass(frozen=True)
class NashEMA(ProxLearner):
    """Proximal steps against a moving average of the policies, the newest of weight b = `newest` in (0, 1].

    prox_weight: lambda > 0; None as in `INPO`, which this is at b = 1. No guarantee is claimed for b < 1.
    """

    newest: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        real("newest", self.newest, 0.0, 1.0, open_low=True)

    def parameters(self, problem: PreferenceGame) -> NashEMAParams:
        """Return tau, lambda and b."""
        tau, weight = super().parameters(problem)
        return NashEMAParams(tau, weight, float(self.newest))

    @staticmethod
    def start(params: NashEMAParams, log_reference: Any) -> NashEMAState:
        """Start at the reference, which is the first average too."""
        xp = log_reference.__array_namespace__()
        return NashEMAState(log_reference, xp.exp(log_reference), log_reference)

    @staticmethod
    def step(params: NashEMAParams, state: NashEMAState, t: Any, ask: Any) -> NashEMAState:
        """Answer the average; then let the new policy join it."""
        xp = state.average.__array_namespace__()
        gain = ask.row(xp.log(state.average))
        after = prox(state.log_policy, gain, state.log_reference, params.regularization, params.prox_weight)
        average = (1.0 - params.newest) * state.average + params.newest * xp.exp(after)
        return NashEMAState(after, average, state.log_reference)
