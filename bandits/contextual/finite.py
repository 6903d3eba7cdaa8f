"""Finite classes: the features of an action are the predictions f_1, ..., f_N of N functions, in [0, 1].

Exponential weights w_j of the functions' losses on the values seen. The *aggregating* forecaster (Vovk 1998; Haussler,
Kivinen & Warmuth 1998) predicts

    yhat = 1/2 + (G(0) - G(1)) / 2, clipped to [0, 1], G(v) = -(1/2) ln sum_j w_j exp(-2 (f_j - v)^2),

with w_j proportional to exp(-2 L_j), L_j the squared errors: its regret in square loss is at most (ln N) / 2 on every
sequence of values in [0, 1]. The *mixture* predicts sum_j w_j f_j with w_j proportional to exp(-L_j), L_j the log loss:
its regret in log loss is at most ln N, and on values 0 and 1 w is the posterior of a uniform prior.

Each function is a policy, too, which plays the action of least f_j(x, a). `ContextualExp4` is EXP4
(`bandits.switching.exp4`) with these policies as experts; it competes with the best of them even if none of the
functions is right. `PosteriorSampling` assumes that one of them is, and that losses are 0 or 1.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.contextual.oracles import Oracle, OracleSteps, row_of, within
from bandits.contextual.problem import ContextualGame, PlayedLoss, Revealed
from bandits.contextual.worlds import Size, World
from bandits.core.checks import optional_real
from bandits.core.exponential_weights import Estimated, add_estimates, draw, exponential, no_estimates, sum_of
from bandits.core.jit import kernel
from bandits.core.linear_algebra import dot, first_least
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.exp4 import follow, learn_from

_RATE = 2.0  # squared errors in [0, 1] are 2-mixable
_LEAST = 1e-300  # a probability that is 0 counts as this, so that log loss is finite


class FiniteParams(NamedTuple):
    """The number of functions N."""

    n_functions: int


@kernel
def finite_init(params: FiniteParams) -> Estimated:
    """Return equal weights."""
    return no_estimates(params.n_functions)


@kernel
def _aggregate(params: FiniteParams, state: Estimated, context: Any, out: Any) -> None:
    for a in range(out.size):
        values, weight = row_of(context, a), state.weights.weight
        for j in range(values.size):
            state.estimates[j] = weight[j] * exponential(-_RATE * values[j] * values[j])
        zero = sum_of(state.estimates)
        for j in range(values.size):
            state.estimates[j] *= exponential(_RATE * (2.0 * values[j] - 1.0))
        out[a] = within(0.5 + 0.25 * math.log(sum_of(state.estimates) / zero))


@kernel
def _learn_square(params: FiniteParams, state: Estimated, context: Any, arm: int, loss: float) -> Estimated:
    values = row_of(context, arm)
    for j in range(values.size):
        state.estimates[j] = (values[j] - loss) * (values[j] - loss)
    return add_estimates(state, _RATE)


@kernel
def _mix(params: FiniteParams, state: Estimated, context: Any, out: Any) -> None:
    for a in range(out.size):
        out[a] = within(dot(state.weights.weight, row_of(context, a)) / state.weights.total)


@kernel
def learn_log(params: FiniteParams, state: Estimated, context: Any, arm: int, loss: float) -> Estimated:
    """Return the state after a loss; for losses 0 and 1 the weights are the posterior of a uniform prior."""
    values = row_of(context, arm)
    for j in range(values.size):
        state.estimates[j] = 0.0
        if loss > 0.0:
            state.estimates[j] -= loss * math.log(max(values[j], _LEAST))
        if loss < 1.0:
            state.estimates[j] -= (1.0 - loss) * math.log(max(1.0 - values[j], _LEAST))
    return add_estimates(state, 1.0)


class _Finite(Oracle):
    """Base of the oracles of a finite class."""

    def parameters(self, size: Size) -> FiniteParams:
        """Return N; ValueError unless every action has the predictions of the class as features."""
        return finite_params(size, self)

    def error(self, size: Size) -> float:
        """Return (ln N) / 2 in square loss, ln N in log loss."""
        return (1.0 if self.log_loss else 0.5) * math.log(size.dimension)

    def covers(self, world: World) -> bool:
        """Return whether one of the features is the mean loss."""
        return hasattr(world, "functions")


@dataclass(frozen=True)
class Aggregating(_Finite):
    """The aggregating forecaster of a finite class, in square loss: regret at most (ln N) / 2."""

    steps: ClassVar[OracleSteps] = OracleSteps(finite_init, _aggregate, _learn_square)


@dataclass(frozen=True)
class Mixture(_Finite):
    """The mixture forecaster of a finite class, in log loss: regret at most ln N."""

    steps: ClassVar[OracleSteps] = OracleSteps(finite_init, _mix, learn_log)
    log_loss: ClassVar[bool] = True


def finite_params(size: Size, user: Any) -> FiniteParams:
    """Return N for an oracle or learner of a finite class; ValueError where features are not its predictions."""
    if (size.rows == 1 and size.n_actions > 1) or not size.unit:
        name = type(user).__name__
        raise ValueError(f"{name} needs features (K, N) in [0, 1], the predictions of N functions, as in FiniteWorld")
    return FiniteParams(size.dimension)


# ---------------------------------------------------------------- learners


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
    return first_least(context[:, j])[0]


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
