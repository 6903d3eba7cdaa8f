"""Nash-MP from comparisons: each half step approached by stochastic policy gradients.

Tiapkin et al. 2025 (arXiv:2505.19731), the approximate version. Both halves of an outer step k start from pi_k; the
first has pi_k for opponent, the second the first's result. A round draws y from the present policy pi and y' from
the opponent, sees who wins (z = 1 for y), and with

    A = z - 1/2 - tau log pi(y) / mu(y) - lambda log pi(y) / pi_k(y)

moves the logits by eta times the mean of A (e_y - pi): the gradient, in expectation, of the half step's objective
<pi, P opponent> - tau KL(pi || mu) - lambda KL(pi || pi_k). `inner_rounds` M of them make a half.

If the errors of the two halves' logarithms have spans e and e', then at lambda = 1/2
KL(p* || pi_{k+1}) <= KL(p* || pi_k) / (1 + 2 tau) + e + e': errors add up to (1 + 2 tau) (e + e') / (2 tau) at most.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import integer, real
from bandits.preference.prox import normalise
from bandits.preference.self_play.policy_gradient import score_ascent
from bandits.preference.self_play.problem import Comparisons, PreferenceGame
from bandits.preference.self_play.proximal import ProxLearner


class SampledNashMPParams(NamedTuple):
    """tau, lambda, eta and the rounds M of a half."""

    regularization: float
    prox_weight: float
    learning_rate: float
    inner_rounds: int


class SampledNashMPState(NamedTuple):
    """The inner policy, pi_k, the opponent of the present half, and the reference."""

    log_inner: Any  # (n,)
    log_outer: Any  # (n,)
    log_opponent: Any  # (n,)
    log_reference: Any  # (n,)


@dataclass(frozen=True)
class SampledNashMP(ProxLearner):
    """Nash-MP from comparisons; an outer step takes 2 `inner_rounds` rounds, and pi_k is played through it.

    prox_weight: lambda > 0.  inner_rounds: M >= 1.  learning_rate: eta > 0.
    """

    prox_weight: float = 0.5
    inner_rounds: int = 50
    learning_rate: float = 0.5
    accepts: ClassVar[tuple[type, ...]] = (Comparisons,)

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("inner_rounds", self.inner_rounds, low=1)
        real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: PreferenceGame) -> SampledNashMPParams:
        """Return the weights, the step and M."""
        tau, weight = super().parameters(problem)
        return SampledNashMPParams(tau, weight, float(self.learning_rate), self.inner_rounds)

    @staticmethod
    def start(params: SampledNashMPParams, log_reference: Any) -> SampledNashMPState:
        """Start at the reference, which answers itself."""
        return SampledNashMPState(log_reference, log_reference, log_reference, log_reference)

    @staticmethod
    def policy(params: SampledNashMPParams, state: SampledNashMPState) -> Any:
        """Return pi_k, the last finished step."""
        return state.log_outer

    @staticmethod
    def step(params: SampledNashMPParams, state: SampledNashMPState, t: Any, ask: Any) -> SampledNashMPState:
        """Take one gradient step; at the end of a half, hand its result on."""
        moved = inner_step(params, state, ask)
        xp = moved.__array_namespace__()
        done = (t + 1) % params.inner_rounds == 0
        looked = done & ((t + 1) % (2 * params.inner_rounds) != 0)
        finished = done & ~looked
        outer = xp.where(finished, moved, state.log_outer)
        opponent = xp.where(done, moved, state.log_opponent)  # half a step ahead, or the new pi_k
        return SampledNashMPState(xp.where(looked, outer, moved), outer, opponent, state.log_reference)


def inner_step(params: SampledNashMPParams, state: SampledNashMPState, ask: Any) -> Any:
    """Return the inner policy (n,) after one gradient step from the round's comparisons."""
    inner, outer, opponent, reference = state
    left = ask.sample(inner, 0)
    wins = ask.compare(left, ask.sample(opponent, 1))
    paid = params.regularization * (inner - reference) + params.prox_weight * (inner - outer)
    return normalise(inner + params.learning_rate * score_ascent(inner, wins - 0.5 - paid[left], left))
