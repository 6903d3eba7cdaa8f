"""Regression oracles: they predict the loss of every action from its features, and learn from a loss.

An oracle is a part of a learner, and by `regress` a forecaster of its own. Its guarantees (`theory.contextual.bounds`)
are on its regret against the best function of its class, in square loss or log loss.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.contextual.worlds import Size, World
from bandits.core.arguments import Checked, checked
from bandits.core.checks import HUGE, array, instance, optional_real, real
from bandits.core.jit import kernel, program
from bandits.core.lanes import alike, in_lanes, lane_array
from bandits.core.linear_algebra import dot, sigmoid, square_norm


class OracleSteps(NamedTuple):
    """The compiled functions of an oracle; context: (R, d), one row per action or one for all."""

    init: Any  # (params) -> state
    predict: Any  # (params, state, context, out): predicted losses into out (K,), in [0, 1]
    learn: Any  # (params, state, context, arm, loss) -> state


class Oracle(Checked):
    """Base of the oracles: a frozen dataclass."""

    steps: ClassVar[OracleSteps]
    log_loss: ClassVar[bool] = False  # whether its guarantee is in log loss

    @abstractmethod
    def parameters(self, size: Size) -> Any:
        """Return the NamedTuple that the compiled functions receive, tuned for a problem of this size."""

    def error(self, size: Size) -> float:
        """Return a bound on the expected sum of squared errors of predictions, or of kl(f, yhat); inf if none is known.

        It is for worlds that the oracle `covers`.
        """
        return math.inf

    def covers(self, world: World) -> bool:
        """Return whether the mean losses of a world are in the class that the guarantee is about."""
        return world.parameter_norm <= self.norm  # type: ignore[attr-defined]


@checked
def regress(oracle: Oracle, features: ArrayLike, values: ArrayLike) -> NDArray[np.float64]:
    """Return the predictions (T,) of an oracle for features (T, d), each made before it learns the value among (T,).

    Values must lie in [0, 1], and in {0, 1} for an oracle in log loss that is to keep its bound.
    """
    instance("oracle", oracle, Oracle, "an oracle such as VovkAzouryWarmuth()")
    rows, losses = array("features", features, 2, -HUGE, HUGE), array("values", values, 1, 0.0, 1.0)
    if len(rows) != len(losses):
        raise ValueError(f"features and values must be of equal length, got {len(rows)} and {len(losses)}")
    unit = bool(rows.min() >= 0.0 and rows.max() <= 1.0)
    size = Size(1, 1, rows.shape[1], len(rows), float(np.linalg.norm(rows, axis=1).max()), unit)
    out = np.empty(len(rows))
    _forecaster(oracle.steps)(oracle.parameters(size), np.ascontiguousarray(rows[:, None, :]), losses, out)
    return out


@cache
def _forecaster(steps: OracleSteps) -> Any:
    init, predict, learn = steps

    @program
    def forecast(params: Any, rows: Any, losses: Any, out: Any) -> None:
        state = init(params)
        for t in range(losses.size):
            predict(params, state, rows[t], out[t : t + 1])
            state = learn(params, state, rows[t], 0, losses[t])

    return forecast


@kernel
def row_of(context: Any, arm: int) -> Any:
    """Return the features (d,) of an action."""
    return context[arm if context.shape[0] > 1 else 0]


@kernel
def within(value: float) -> float:
    """Return the number of [0, 1] nearest to `value`."""
    return min(1.0, max(0.0, value))


# ---------------------------------------------------------------- least squares


class RidgeParams(NamedTuple):
    """lambda, and the numbers of models and features."""

    regularization: float
    n_models: int
    dimension: int
    forward: float  # 1 for the forward algorithm, 0 for ridge regression


class RidgeState(NamedTuple):
    """For every model the inverse of A = lambda I + sum x x', and theta = A^-1 sum y x."""

    inverse: Any  # (m, d, d) float64
    theta: Any  # (m, d) float64
    log_det: Any  # (m,) float64, ln det(A / lambda)
    image: Any  # (d,) float64, scratch
    row: Any  # (d,) float64, in lanes: the features of the action of each


@kernel
def ridge_init(params: Any) -> RidgeState:
    """Return A = lambda I and theta = 0 for every model."""
    m, d = params.n_models, params.dimension
    inverse = np.zeros((m, d, d))
    for k in range(m):
        for i in range(d):
            inverse[k, i, i] = 1.0 / params.regularization
    return RidgeState(inverse, np.zeros((m, d)), np.zeros(m), np.zeros(d), np.zeros(0))


@in_lanes(of=ridge_init)
@kernel
def _lanes_ridge_init(params: Any) -> RidgeState:
    m, d = params.n_models, params.dimension
    inverse = lane_array((m, d, d), 0.0)
    for k in range(m):
        for i in range(d):
            inverse[k, i, i] = 1.0 / params.regularization
    rows = lane_array(d, 0.0), lane_array(d, 0.0)
    return RidgeState(inverse, lane_array((m, d), 0.0), lane_array(m, 0.0), *rows)


@kernel
def model_of(context: Any, arm: int) -> int:
    """Return the number of an action's model."""
    return 0 if context.shape[0] > 1 else arm


@in_lanes()
@kernel
def _ridge_predict(params: RidgeParams, state: RidgeState, context: Any, out: Any) -> None:
    for a in range(out.size):
        x, model = row_of(context, a), model_of(context, a)
        value = dot(state.theta[model], x)
        if params.forward > 0.0:
            value /= 1.0 + square_norm(state.inverse[model], x)
        out[a] = within(value)


@kernel
def ridge_learn(params: Any, state: RidgeState, context: Any, arm: int, loss: float) -> RidgeState:
    """Return the state after a loss: a rank-one change of A, by the formula of Sherman and Morrison."""
    _rank_one(state, model_of(context, arm), row_of(context, arm), loss)
    return state


@in_lanes(of=ridge_learn)
@kernel
def _lanes_ridge_learn(params: Any, state: RidgeState, context: Any, arm: Any, loss: Any) -> RidgeState:
    if context.shape[0] == 1:
        _rank_one(state, arm, context[0], loss)
    else:
        for i in range(state.row.size):
            state.row[i] = context[arm, i]
        _rank_one(state, 0, state.row, loss)
    return state


@kernel
def _rank_one(state: RidgeState, model: Any, x: Any, loss: Any) -> None:
    inverse, theta, image = state.inverse, state.theta, state.image
    growth, guess = alike(1.0, x), alike(0.0, x)
    for i in range(x.size):
        moved = alike(0.0, x)
        for j in range(x.size):
            moved += inverse[model, i, j] * x[j]
        image[i] = moved
        growth += moved * x[i]
        guess += theta[model, i] * x[i]
    miss = (loss - guess) / growth
    for i in range(x.size):
        theta[model, i] += image[i] * miss
        scaled = image[i] / growth
        for j in range(x.size):
            inverse[model, i, j] -= scaled * image[j]
    state.log_det[model] += math.log(growth)


def enough(regularization: float, size: Size) -> None:
    """Raise ValueError unless lambda >= X^2 / 10^8: rounding of the inverse grows with X^2 / lambda, to 1e-8 there."""
    least = size.feature_norm**2 / 1e8
    if regularization < least:
        raise ValueError(f"regularization must be at least {least:g} for these features, got {regularization:g}")


@dataclass(frozen=True)
class Ridge(Oracle):
    """Ridge regression: yhat = x' A^-1 b, A = lambda I + sum x x', b = sum y x, clipped to [0, 1].

    regularization: lambda > 0.  norm: > 0, of the largest parameter that its guarantees cover, where they have one.
    """

    regularization: float = 1.0
    norm: float = 1.0
    steps: ClassVar[OracleSteps] = OracleSteps(ridge_init, _ridge_predict, ridge_learn)
    forward: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        real("regularization", self.regularization, low=0.0, open_low=True)
        real("norm", self.norm, low=0.0, open_low=True)

    def parameters(self, size: Size) -> RidgeParams:
        """Return lambda and the size; ValueError where lambda is too small for features of this size."""
        enough(self.regularization, size)
        return RidgeParams(self.regularization, size.models, size.dimension, self.forward)


@dataclass(frozen=True)
class VovkAzouryWarmuth(Ridge):
    """The forward algorithm: ridge regression whose A counts the present x too, yhat = x' A_t^-1 b_{t-1}.

    Vovk (2001), Azoury & Warmuth (2001): regret in square loss at most d ln(1 + X^2 T / (lambda d)) + lambda |theta|^2
    for values in [0, 1] and features of norm at most X; with a model per action d counts the features of all.
    """

    forward: ClassVar[float] = 1.0

    def error(self, size: Size) -> float:
        """Return the bound on its regret in square loss, for parameters of the largest norm."""
        d = size.models * size.dimension
        grown = size.feature_norm**2 * size.horizon / (self.regularization * d)
        return d * math.log1p(grown) + self.regularization * self.norm**2


# ---------------------------------------------------------------- gradient steps


class GradientParams(NamedTuple):
    """eta, the numbers of models and features, and for the logistic model the largest norm, else inf."""

    learning_rate: float
    n_models: int
    dimension: int
    radius: float
    logistic: bool


class GradientState(NamedTuple):
    """The weights of every model."""

    weights: Any  # (m, d) float64


@kernel
def _gradient_init(params: GradientParams) -> GradientState:
    return GradientState(np.zeros((params.n_models, params.dimension)))


@kernel
def _gradient_predict(params: GradientParams, state: GradientState, context: Any, out: Any) -> None:
    for a in range(out.size):
        value = dot(state.weights[model_of(context, a)], row_of(context, a))
        out[a] = sigmoid(value) if params.logistic else within(value)


@kernel
def _gradient_learn(params: GradientParams, state: GradientState, context: Any, arm: int, loss: float) -> GradientState:
    x, weights = row_of(context, arm), state.weights[model_of(context, arm)]
    value, total = dot(weights, x), 0.0
    step = params.learning_rate * (loss - (sigmoid(value) if params.logistic else value))
    for i in range(x.size):
        weights[i] += step * x[i]
    for k in range(params.n_models):
        total += dot(state.weights[k], state.weights[k])
    if total > params.radius * params.radius:
        for k in range(params.n_models):
            for i in range(x.size):
                state.weights[k, i] *= params.radius / math.sqrt(total)
    return state


@dataclass(frozen=True)
class _Descent(Oracle):
    """Base of the oracles that learn by gradient steps."""

    norm: float = 1.0
    learning_rate: float | None = None
    steps: ClassVar[OracleSteps] = OracleSteps(_gradient_init, _gradient_predict, _gradient_learn)

    def __post_init__(self) -> None:
        real("norm", self.norm, low=0.0, open_low=True)
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, size: Size) -> GradientParams:
        """Return eta, the size and for the logistic model B."""
        rate, radius = self.learning_rate or self._tuned(size), self.norm if self.log_loss else math.inf
        return GradientParams(rate, size.models, size.dimension, radius, self.log_loss)

    @abstractmethod
    def _tuned(self, size: Size) -> float:
        """Return the theorem's eta."""


@dataclass(frozen=True)
class LeastMeanSquares(_Descent):
    """Gradient steps in square loss: yhat = w'x, clipped to [0, 1], and w += eta (y - w'x) x.

    norm: S > 0, of the largest parameter that its guarantee covers.  learning_rate: eta > 0, None means
    2 S / (X sqrt(T)), at most 1 / X^2, X the largest norm of features.
    """

    def _tuned(self, size: Size) -> float:
        x = size.feature_norm or 1.0
        return min(2.0 * self.norm / (x * math.sqrt(size.horizon)), x**-2)

    def error(self, size: Size) -> float:
        """Return (S^2 / eta + eta X^2 T / 4) / (2 - eta X^2), as losses in [0, 1] have variance at most 1/4."""
        rate, square = self.parameters(size).learning_rate, size.feature_norm**2
        if rate * square >= 2.0:
            return math.inf
        return (self.norm**2 / rate + rate * square * size.horizon / 4.0) / (2.0 - rate * square)


@dataclass(frozen=True)
class LogisticDescent(_Descent):
    """Gradient steps in log loss: yhat = 1 / (1 + exp(-w'x)), w += eta (y - yhat) x, scaled back to |w| <= norm.

    norm: B > 0.  learning_rate: eta > 0, None means B / (X sqrt(T)), X the largest norm of features. Its regret in log
    loss against parameters of norm B is at most B^2 / (2 eta) + eta X^2 T / 2 (Zinkevich 2003).
    """

    log_loss: ClassVar[bool] = True

    def _tuned(self, size: Size) -> float:
        return self.norm / ((size.feature_norm or 1.0) * math.sqrt(size.horizon))

    def error(self, size: Size) -> float:
        """Return the bound on its regret in log loss."""
        rate = self.parameters(size).learning_rate
        return self.norm**2 / (2.0 * rate) + rate * size.feature_norm**2 * size.horizon / 2.0

    def covers(self, world: World) -> bool:
        """Return whether the log odds of the mean losses are linear with a parameter of norm at most B."""
        return world.log_odds_norm <= self.norm
