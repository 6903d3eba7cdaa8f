"""Mirror descent with a regulariser of one's choice (`bandits.preference.regularizers`), in unregularised games.

Nemirovski & Yudin 1983, in self-play: the dual of the policy moves by the row of the present policy,

    y_{t+1} = y_t + S p_t / lambda,    p_{t+1} = argmax_p <y_{t+1}, p> - psi(p),    p_0 = mu.

As P is linear, the gap of the average policy is twice its regret per round (`regularizers`), gap0 <= 2 (lambda D / T +
1 / (8 lambda sigma)) with D the largest B(u, mu), least at lambda = sqrt(T / (8 sigma D)).
"""

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bandits.core.checks import instance, optional_real
from bandits.preference.regularizers import Entropy, Regularizer
from bandits.preference.self_play.learner import SelfPlay
from bandits.preference.self_play.problem import PreferenceGame

_SLACK = 1e-9


class MirrorParams(NamedTuple):
    """Lambda, and what the theorem reads."""

    prox_weight: float
    divergence: float  # D, the largest B(u, mu)
    strong_convexity: float  # sigma


class MirrorState(NamedTuple):
    """The dual and its policy."""

    dual: Any  # (n,), its largest entry is 0
    log_policy: Any  # (n,)


@dataclass(frozen=True)
class MirrorDescent(SelfPlay):
    """Mirror descent with a `regularizer` psi, the entropy by default, in games without regularisation.

    prox_weight: lambda > 0 of the divergence from the present policy; None means sqrt(T / (8 sigma D)), 1 where D = 0.
    Before a play the regulariser is checked on some policies; ValueError where its functions disagree.
    """

    regularizer: Regularizer = field(default_factory=Entropy)
    prox_weight: float | None = None

    def __post_init__(self) -> None:
        instance("regularizer", self.regularizer, Regularizer, "a Regularizer such as Entropy() or Tsallis()")
        optional_real("prox_weight", self.prox_weight, low=0.0, open_low=True)

    def check(self, problem: Any) -> None:
        """Raise unless the game has regularization 0 and the regulariser keeps its contract."""
        super().check(problem)
        if problem.regularization != 0.0:
            raise ValueError(
                f"regularization must be 0 for {self.name}, got {problem.regularization:g}: that of the game is the "
                "relative entropy; INPO and the other proximal learners use it"
            )
        _refuse_inconsistent(self.regularizer, problem.n_actions)

    def parameters(self, problem: PreferenceGame) -> MirrorParams:
        """Return lambda, D and sigma."""
        sigma = float(self.regularizer.strong_convexity)
        radius = self.regularizer.radius(np.exp(problem.log_reference))
        tuned = math.sqrt(problem.horizon / (8.0 * sigma * radius)) if radius > 0.0 else 1.0
        weight = self.prox_weight or tuned
        return MirrorParams(weight, radius, sigma)

    @property
    def start(self) -> Any:
        """Return the function that starts at the reference."""
        return _functions(self.regularizer)[0]

    @property
    def step(self) -> Any:
        """Return the function that moves the dual by the row of the present policy."""
        return _functions(self.regularizer)[1]


@cache
def _functions(regularizer: Regularizer) -> Any:
    def start(params: MirrorParams, log_reference: Any) -> MirrorState:
        xp = log_reference.__array_namespace__()
        return _reduced(regularizer.gradient(xp.exp(log_reference)), log_reference)

    def step(params: MirrorParams, state: MirrorState, t: Any, ask: Any) -> MirrorState:
        dual = state.dual + ask.row(state.log_policy) / params.prox_weight
        return _reduced(dual, regularizer.log_policy(dual))

    return start, step


def _reduced(dual: Any, log_policy: Any) -> MirrorState:
    """Return the state of the dual less its largest entry, which changes no policy and loses no digits."""
    return MirrorState(dual - dual.__array_namespace__().max(dual, axis=-1, keepdims=True), log_policy)


def _refuse_inconsistent(regularizer: Regularizer, n_actions: int) -> None:
    """Raise ValueError unless value, gradient, log_policy and strong_convexity agree on some policies."""
    corners = np.eye(n_actions)[[0, -1]]
    laws = [share * corner + (1.0 - share) / n_actions for corner in corners for share in (0.0, 0.5, 0.9)]
    name, sigma = type(regularizer).__name__, float(regularizer.strong_convexity)
    for law in laws:
        found = np.exp(regularizer.log_policy(regularizer.gradient(law)))
        if not np.allclose(found, law, rtol=1e-6, atol=1e-9):
            wrong = int(np.argmax(np.abs(found - law)))
            got = f"{found[wrong]:.6g} where p is {law[wrong]:.6g}"
            raise ValueError(f"{name}: log_policy(gradient(p)) must be log p, so inverse must undo slope, got {got}")
    for law in laws:
        for other in [*corners, *laws]:
            least = 0.5 * sigma * float(np.abs(other - law).sum()) ** 2
            found = float(regularizer.divergence(other, law))
            if not (sigma > 0.0 and found >= least - _SLACK):
                raise ValueError(
                    f"{name}: value must exceed its tangent by strong_convexity / 2 |u - w|_1^2 = {least:.6g}, "
                    f"got {found:.6g}: is it too large, or is value not the one of gradient?"
                )
