"""Learners of a finite class of N functions f_j: each is a policy, which plays the action of least f_j(x, a).

`ContextualExp4` is EXP4 (`bandits.switching.exp4`) with these policies as experts; it competes with the best of them
even if none of the functions is right. `PosteriorSampling` assumes that one of them is, and that losses are 0 or 1.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.contextual.finite import FiniteParams, finite_init, finite_params, learn_log
from bandits.contextual.laws import least_action
from bandits.contextual.problem import ContextualGame, PlayedLoss, Revealed
from bandits.core.checks import optional_real
from bandits.core.exponential_weights import Estimated, draw, no_estimates
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.exp4 import follow, learn_from


class PolicyParams(NamedTuple):
    """N, K and eta."""

    n_experts: int
    n_actions: int
    learning_rate: float


class PolicyState(NamedTuple):
    """The state of EXP4, and the advice of a round."""

    experts: Estimated
    advice: Any  # (N, K) float64, scratch


@kernel
def action_of(context: Any, j: int) -> int:
    """Return the action that function j plays, the first where it is least; context: (K, N)."""
    return least_action(context[:, j])


@kernel
def _advise(advice: Any, context: Any) -> None:
    for j in range(advice.shape[0]):
        for a in range(advice.shape[1]):
            advice[j, a] = 0.0
        advice[j, action_of(context, j)] = 1.0


@kernel
def _init(params: PolicyParams, rng: Stream) -> PolicyState:
    return PolicyState(no_estimates(params.n_experts), np.zeros((params.n_experts, params.n_actions)))


@kernel
def _act(params: PolicyParams, state: PolicyState, context: Any, t: int, rng: Stream) -> int:
    _advise(state.advice, context)
    return follow(state.experts, state.advice, t, rng)


@kernel
def _update(params: PolicyParams, state: PolicyState, t: int, arm: int, seen: Revealed, rng: Stream) -> PolicyState:
    _advise(state.advice, seen.context)
    experts = learn_from(state.experts, params.learning_rate, state.advice, arm, seen.loss)
    return PolicyState(experts, state.advice)


@dataclass(frozen=True)
class ContextualExp4(Learner):
    """EXP4 whose experts are the policies of a finite class.

    learning_rate: eta > 0, None means sqrt(2 ln N / (T min(K, N))), 1 for N = 1.
    """

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (PlayedLoss,)

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: ContextualGame) -> PolicyParams:
        """Return N, K and eta; ValueError where features are not the predictions of a class."""
        n, size = finite_params(problem.size, self).n_functions, problem.size
        tuned = math.sqrt(2.0 * math.log(n) / (size.horizon * min(size.n_actions, n)))
        return PolicyParams(n, size.n_actions, self.learning_rate or tuned or 1.0)


# ---------------------------------------------------------------- the exact posterior


@kernel
def _init_posterior(params: FiniteParams, rng: Stream) -> Estimated:
    return finite_init(params)


@kernel
def _act_posterior(params: FiniteParams, state: Estimated, context: Any, t: int, rng: Stream) -> int:
    return action_of(context, draw(state.weights, uniform(rng, t, 0)))


@kernel
def _update_posterior(
    params: FiniteParams, state: Estimated, t: int, arm: int, seen: Revealed, rng: Stream
) -> Estimated:
    return learn_log(params, state, seen.context, arm, seen.loss)


@dataclass(frozen=True)
class PosteriorSampling(Learner):
    """Thompson sampling: play the policy of a function drawn from the posterior of a uniform prior, for losses 0 or 1.

    Russo & Van Roy, "An information-theoretic analysis of Thompson sampling" (JMLR 17, 2016).
    """

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_posterior, _act_posterior, _update_posterior)
    accepts: ClassVar[tuple[type, ...]] = (PlayedLoss,)

    def parameters(self, problem: ContextualGame) -> FiniteParams:
        """Return N; ValueError where features are not the predictions of a class."""
        return finite_params(problem.size, self)
