"""Nash-Prox, COMAL and MPO: proximal points, each approached by rounds of mirror descent.

Tiapkin et al. 2025 (arXiv:2505.19731), second version, and Liu et al. 2024 (arXiv:2410.23223). The next outer policy
r = pi_{k+1} is the equilibrium of the game with the regulariser tau KL(. || mu) + lambda KL(. || pi_k), which is one
game of weight tau + lambda and reference proportional to pi_k^{lambda / (lambda + tau)} mu^{tau / (lambda + tau)}.
Solved exactly it has the balance

    (tau + lambda) KL(p* || r) = lambda KL(p* || pi_k) - lambda KL(r || pi_k) - tau KL(r || p*),

so KL(p* || pi_k) falls by lambda / (lambda + tau) per outer round for every lambda > 0. Without a reference (tau = 0)
this is COMAL: for every von Neumann winner v, KL(v || pi_k) never grows, and the policies converge to one.

Here `inner_rounds` rounds of INPO with weight `inner_weight` on the present policy stand for the exact solution; they
contract, by 1 / (1 + 4 (tau + lambda)^2) per round at the default weight 1 / (4 (tau + lambda)).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from bandits.core.checks import integer, optional_real
from bandits.preference.prox import geometric_mixture, prox
from bandits.preference.self_play.problem import PreferenceGame
from bandits.preference.self_play.proximal import ProxLearner


class NashProxParams(NamedTuple):
    """tau, lambda, the inner weight and the inner rounds of an outer one."""

    regularization: float
    prox_weight: float
    inner_weight: float
    inner_rounds: int


class NashProxState(NamedTuple):
    """The present policy and the outer one that it started from."""

    log_policy: Any  # (n,)
    log_outer: Any  # (n,)
    log_reference: Any  # (n,)


@dataclass(frozen=True)
class NashProx(ProxLearner):
    """Proximal points with `prox_weight` lambda > 0, `inner_rounds` >= 1 each; exported as COMAL too.

    inner_weight: of the present policy in the inner rounds, > 0; None means 1 / (4 (tau + lambda)).
    """

    prox_weight: float = 0.5
    inner_rounds: int = 50
    inner_weight: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("inner_rounds", self.inner_rounds, low=1)
        optional_real("inner_weight", self.inner_weight, low=0.0, open_low=True)

    def parameters(self, problem: PreferenceGame) -> NashProxParams:
        """Return the weights and the number of inner rounds."""
        tau, weight = super().parameters(problem)
        return NashProxParams(tau, weight, self.inner_weight or 0.25 / (tau + weight), self.inner_rounds)

    @staticmethod
    def start(params: NashProxParams, log_reference: Any) -> NashProxState:
        """Start at the reference."""
        return NashProxState(log_reference, log_reference, log_reference)

    @staticmethod
    def step(params: NashProxParams, state: NashProxState, t: Any, ask: Any) -> NashProxState:
        """Take one inner round; at the end of an outer one, start the next from where it led."""
        here, outer, reference = state
        xp = here.__array_namespace__()
        total = params.regularization + params.prox_weight
        centre = geometric_mixture(outer, reference, params.regularization / total)
        after = prox(here, ask.row(here), centre, total, params.inner_weight)
        last = (t + 1) % params.inner_rounds == 0
        return NashProxState(after, xp.where(last, after, outer), reference)
