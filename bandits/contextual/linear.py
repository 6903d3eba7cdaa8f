"""LinUCB and linear Thompson sampling, on ridge regression, and a softmax policy of linear scores.

With A = lambda I + sum x x' and theta = A^-1 sum y x, over the features x of the actions played and their losses y:

    LinUCB               the least x' theta - beta sqrt(x' A^-1 x)
    Thompson sampling    the least x' theta~, theta~ normal with mean theta and covariance v^2 A^-1

Li, Chu, Langford & Schapire (WWW 2010); Abbasi-Yadkori, Pal & Szepesvari, "Improved algorithms for linear stochastic
bandits" (NIPS 2011), whose confidence set gives beta; Agrawal & Goyal (ICML 2013).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.contextual.oracles import (
    RidgeState,
    enough,
    model_of,
    ridge_init,
    ridge_learn,
    row_of,
)
from bandits.contextual.problem import ContextualGame, Play, PlayedLoss, Revealed
from bandits.core.actions import arm_of
from bandits.core.checks import optional_real, real
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel
from bandits.core.linear_algebra import dot, first_least, square_norm
from bandits.core.normal import normal_quantile
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps


class LinearParams(NamedTuple):
    """lambda, the size, and what widths are made of."""

    regularization: float
    n_models: int
    dimension: int
    n_actions: int
    norm: float
    failure_probability: float
    width: float  # beta, or v; below 0 for the theorem's beta
    determinant: float  # bound on ln det(A / lambda) at the horizon
    largest_width: float  # beta at that determinant


class LinearState(NamedTuple):
    """Least squares, and room for the indices of a round."""

    ridge: RidgeState
    index: Any  # (K,) float64, scratch
    draw: Any  # (m, d) float64, scratch
    factor: Any  # (d, d) float64, scratch


@kernel
def _init(params: LinearParams, rng: Stream) -> LinearState:
    d = params.dimension
    return LinearState(ridge_init(params), np.zeros(params.n_actions), np.zeros((params.n_models, d)), np.zeros((d, d)))


@kernel
def _update(params: LinearParams, state: LinearState, t: int, arm: int, seen: Revealed, rng: Stream) -> LinearState:
    ridge_learn(params, state.ridge, seen.context, arm, seen.loss)
    return state


@kernel
def _width(params: LinearParams, log_det: Any) -> float:
    """Return beta = sqrt(lambda) S + (1/2) sqrt(2 ln(1 / delta) + ln det(A / lambda))."""
    if params.width >= 0.0:
        return params.width
    total = 0.0
    for k in range(log_det.size):
        total += log_det[k]
    radius = math.sqrt(2.0 * math.log(1.0 / params.failure_probability) + total)
    return math.sqrt(params.regularization) * params.norm + 0.5 * radius


@kernel
def _act_ucb(params: LinearParams, state: LinearState, context: Any, t: int, rng: Stream) -> int:
    ridge, width = state.ridge, _width(params, state.ridge.log_det)
    for a in range(params.n_actions):
        x, model = row_of(context, a), model_of(context, a)
        radius = math.sqrt(max(0.0, square_norm(ridge.inverse[model], x)))
        state.index[a] = dot(ridge.theta[model], x) - width * radius
    return first_least(state.index)[0]


@kernel
def _factorise(matrix: Any, factor: Any) -> None:
    """Write the lower triangular L with L L' = matrix (d, d), which is positive definite, into factor (d, d)."""
    for i in range(matrix.shape[0]):
        for j in range(i + 1):
            rest = matrix[i, j]
            for k in range(j):
                rest -= factor[i, k] * factor[j, k]
            factor[i, j] = math.sqrt(max(0.0, rest)) if i == j else rest / factor[j, j] if factor[j, j] > 0.0 else 0.0


@kernel
def _act_thompson(params: LinearParams, state: LinearState, context: Any, t: int, rng: Stream) -> int:
    ridge, d = state.ridge, params.dimension
    for model in range(params.n_models):
        _factorise(ridge.inverse[model], state.factor)
        for i in range(d):
            state.draw[model, i] = ridge.theta[model, i]
        for j in range(d):
            z = params.width * normal_quantile(uniform(rng, t, model * d + j) + 2.0**-54)
            for i in range(j, d):
                state.draw[model, i] += state.factor[i, j] * z
    for a in range(params.n_actions):
        state.index[a] = dot(state.draw[model_of(context, a)], row_of(context, a))
    return first_least(state.index)[0]


class _Linear(Learner):
    """Base of the learners on ridge regression."""

    regularization: float
    accepts: ClassVar[tuple[type, ...]] = (PlayedLoss,)
    updates_late: ClassVar[bool] = True

    def _params(self, problem: ContextualGame, width: float, norm: float, delta: float) -> LinearParams:
        size, weight = problem.size, self.regularization
        enough(weight, size)
        d = size.models * size.dimension
        determinant = d * math.log1p(size.horizon * size.feature_norm**2 / (weight * d))
        widest = math.sqrt(weight) * norm + 0.5 * math.sqrt(2.0 * math.log(1.0 / delta) + determinant)
        widest = width if width >= 0.0 else widest
        return LinearParams(
            weight, size.models, size.dimension, size.n_actions, norm, delta, width, determinant, widest
        )


@dataclass(frozen=True)
class LinUCB(_Linear):
    """Optimism on the confidence set of Abbasi-Yadkori, Pal & Szepesvari (2011).

    regularization: lambda > 0.  norm: S > 0, of the largest parameter that the set covers.  failure_probability: delta
    in (0, 1).  width: beta >= 0, constant; None means sqrt(lambda) S + (1/2) sqrt(2 ln(1 / delta) + ln det(A /
    lambda)), for losses in [0, 1].
    """

    regularization: float = 1.0
    norm: float = 1.0
    failure_probability: float = 0.01
    width: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act_ucb, _update)

    def __post_init__(self) -> None:
        real("regularization", self.regularization, low=0.0, open_low=True)
        real("norm", self.norm, low=0.0, open_low=True)
        real("failure_probability", self.failure_probability, 0.0, 1.0, open_low=True, open_high=True)
        optional_real("width", self.width, low=0.0)

    def parameters(self, problem: ContextualGame) -> LinearParams:
        """Return lambda, S, delta and what beta is made of; ValueError for lambda too small for the features."""
        width = -1.0 if self.width is None else self.width
        return self._params(problem, width, self.norm, self.failure_probability)


@dataclass(frozen=True)
class LinearThompson(_Linear):
    """Thompson sampling with normal posteriors: regularization lambda > 0, deviation v > 0 (1/2 for losses in [0, 1]).

    It is exact for normal losses of deviation v and parameters of deviation v / sqrt(lambda); with losses in [0, 1] no
    constant of its regret is known.
    """

    regularization: float = 1.0
    deviation: float = 0.5
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act_thompson, _update)

    def __post_init__(self) -> None:
        real("regularization", self.regularization, low=0.0, open_low=True)
        real("deviation", self.deviation, low=0.0, open_low=True)

    def parameters(self, problem: ContextualGame) -> LinearParams:
        """Return lambda and v; ValueError for lambda too small for the features."""
        return self._params(problem, self.deviation, 1.0, 0.5)


# ---------------------------------------------------------------- softmax policy gradient


class GradientParams(NamedTuple):
    """The step, 1 / X, and the size."""

    learning_rate: float
    scale: float
    n_models: int
    dimension: int
    n_actions: int


class GradientState(NamedTuple):
    """The parameters, the law of the round, and the mean of the losses so far."""

    theta: Any  # (m, d) float64
    law: Any  # (K,) float64
    guess: Any  # (0,) float64, no prediction
    mean: float
    rounds: float


@kernel
def _init_gradient(params: GradientParams, rng: Stream) -> GradientState:
    theta = np.zeros((params.n_models, params.dimension))
    return GradientState(theta, np.zeros(params.n_actions), np.zeros(0), 0.0, 0.0)


@kernel
def _act_gradient(params: GradientParams, state: GradientState, context: Any, t: int, rng: Stream) -> Play:
    law, most, total = state.law, -np.inf, 0.0
    for a in range(law.size):
        law[a] = params.scale * dot(state.theta[model_of(context, a)], row_of(context, a))
        most = max(most, law[a])
    for a in range(law.size):
        law[a] = math.exp(law[a] - most)
        total += law[a]
    for a in range(law.size):
        law[a] /= total
    return Play(pick(law, 1.0, uniform(rng, t, 0)), law, state.guess)


@kernel
def _update_gradient(
    params: GradientParams, state: GradientState, t: int, play: Any, seen: Revealed, rng: Stream
) -> GradientState:
    arm, theta = arm_of(play), state.theta
    step = params.learning_rate * params.scale * (state.mean - seen.loss if state.rounds > 0.0 else 0.0)
    for a in range(params.n_actions):
        x, model = row_of(seen.context, a), model_of(seen.context, a)
        for i in range(x.size):
            theta[model, i] += step * ((1.0 if a == arm else 0.0) - play.law[a]) * x[i]
    rounds = state.rounds + 1.0
    return GradientState(theta, state.law, state.guess, state.mean + (seen.loss - state.mean) / rounds, rounds)


@dataclass(frozen=True)
class PolicyGradient(Learner):
    """REINFORCE (Williams 1992) on p_a proportional to exp(theta'x_a / X), with the mean of past losses as baseline.

    theta += learning_rate (baseline - loss) (x_arm - sum_a p_a x_a) / X, learning_rate > 0; a parameter per action
    where the actions share their features. It has no bound on its regret: its gradient vanishes with the probability
    of what would be better.
    """

    learning_rate: float = 2.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_gradient, _act_gradient, _update_gradient)
    accepts: ClassVar[tuple[type, ...]] = (PlayedLoss,)

    def __post_init__(self) -> None:
        real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: ContextualGame) -> GradientParams:
        """Return the step and the size."""
        size = problem.size
        scale = 1.0 / (size.feature_norm or 1.0)
        return GradientParams(self.learning_rate, scale, size.models, size.dimension, size.n_actions)
