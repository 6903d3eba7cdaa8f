"""Mirror descent with a regulariser of one's choice (`bandits.preference.regularizers`).

Nemirovski & Yudin 1983, in self-play: the dual of the policy moves by the row of the present policy, and in a game
regularised by the same psi towards that of the reference, m = grad psi(mu),

    y_{t+1} = (lambda y_t + tau m + S p_t) / (lambda + tau),    p_{t+1} = argmax_p <y_{t+1}, p> - psi(p),    p_0 = mu,

which for steep psi is p_{t+1} = argmax_p <p, S p_t> - tau B(p, mu) - lambda B(p, p_t).

**Averages, tau = 0.** As P is linear, the gap of the average policy is twice its regret per round (`regularizers`),
gap0 <= 2 (lambda D / T + 1 / (8 lambda sigma)) with D the largest B(u, mu), least at lambda = sqrt(T / (8 sigma D)).

**Last iterates, tau > 0.** Let F(u, y) = psi(u) + psi*(y) - <y, u>, with psi*(y) the maximum of <y, p> - psi(p) and
y* = m + S p* / tau the dual of the equilibrium. For the policy p of y, F(u, y) is at least B(u, p), hence at least
sigma |u - p|_1^2 / 2; it equals B(u, p) where y = grad psi(p), as in the first round. With r = p_{t+1} the definitions
give, without an inequality,

    (lambda + tau) F(p*, y_{t+1}) = lambda F(p*, y_t) - lambda F(r, y_t) - tau F(r, y*) - <p* - r, S (p_t - r)>,

where the product is at most |p* - r|_1 |p_t - r|_1 / 2. So wherever 4 sigma^2 lambda tau >= 1, in every game and round,

    F(p*, y_{t+1}) <= lambda / (lambda + tau) F(p*, y_t),    B(p*, p_T) <= (lambda / (lambda + tau))^T B(p*, mu),

fastest at lambda = 1 / (4 sigma^2 tau). For the entropy this is INPO.
"""

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import optional_real
from bandits.preference.regularizers import Entropy, Regularizer, checked_regularizer, refuse_inconsistent
from bandits.preference.self_play.learner import SelfPlay
from bandits.preference.self_play.problem import PreferenceGame


class MirrorParams(NamedTuple):
    """Lambda, and what the theorem reads."""

    prox_weight: float
    divergence: float  # D, the largest B(u, mu)
    strong_convexity: float  # sigma
    regularization: float | None  # tau, None where it is 0


class MirrorState(NamedTuple):
    """The dual, its policy, and the dual of the reference."""

    dual: Any  # (n,), its largest entry is 0
    log_policy: Any  # (n,)
    reference_dual: Any = None  # (n,), its largest entry is 0; None where tau = 0


@dataclass(frozen=True)
class MirrorDescent(SelfPlay):
    """Mirror descent with a `regularizer` psi, the entropy by default; a regularised game must have the same one.

    prox_weight: lambda > 0 of the divergence from the present policy; None means 1 / (4 sigma^2 tau), the fastest
    guaranteed contraction, or sqrt(T / (8 sigma D)) where tau = 0, 1 where D = 0, too.
    Before a play, or for a bound, the regulariser is checked on some policies; ValueError where functions disagree.
    """

    regularizer: Regularizer = field(default_factory=Entropy)
    prox_weight: float | None = None
    any_regularizer: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checked_regularizer(self.regularizer)
        optional_real("prox_weight", self.prox_weight, low=0.0, open_low=True)

    def check(self, problem: Any) -> None:
        """Raise unless the regulariser is that of a regularised game."""
        super().check(problem)
        if problem.regularization > 0.0 and problem.regularizer != self.regularizer:
            own, given = self.regularizer, problem.regularizer
            raise ValueError(f"regularizer must be the game's for {self.name}, {given!r} where tau > 0, got {own!r}")

    def parameters(self, problem: PreferenceGame) -> MirrorParams:
        """Return lambda, D, sigma and tau; ValueError where the functions of the regulariser disagree."""
        refuse_inconsistent(self.regularizer, problem.n_actions)
        sigma, tau = float(self.regularizer.strong_convexity), float(problem.regularization)
        radius = self.regularizer.radius(np.exp(problem.log_reference))
        tuned = math.sqrt(problem.horizon / (8.0 * sigma * radius)) if radius > 0.0 else 1.0
        weight = self.prox_weight or (0.25 / (sigma * sigma * tau) if tau > 0.0 else tuned)
        return MirrorParams(weight, radius, sigma, tau or None)

    @property
    def start(self) -> Any:
        """Return the function that starts at the reference."""
        return _functions(self.regularizer)[0]

    @property
    def step(self) -> Any:
        """Return the function that moves the dual by the row of the present policy and towards the reference."""
        return _functions(self.regularizer)[1]


@cache
def _functions(regularizer: Regularizer) -> Any:
    def start(params: MirrorParams, log_reference: Any) -> MirrorState:
        xp = log_reference.__array_namespace__()
        dual = _reduced(regularizer.gradient(xp.exp(log_reference)))
        return MirrorState(dual, log_reference, None if params.regularization is None else dual)

    def step(params: MirrorParams, state: MirrorState, t: Any, ask: Any) -> MirrorState:
        tau, reference = params.regularization, state.reference_dual
        pull, weight = ask.row(state.log_policy), params.prox_weight
        if tau is not None:
            pull, weight = pull + tau * (reference - state.dual), weight + tau
        dual = state.dual + pull / weight
        return MirrorState(_reduced(dual), regularizer.log_policy(dual), reference)

    return start, step


def _reduced(dual: Any) -> Any:
    """Return the dual less its largest entry, which changes no policy and loses no digits."""
    return dual - dual.__array_namespace__().max(dual, axis=-1, keepdims=True)
