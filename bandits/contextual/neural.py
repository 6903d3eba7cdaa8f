"""A neural network as oracle, and optimism about its predictions.

Deb, Ban, Zuo, He & Banerjee, "Contextual bandits with online neural regression" (ICLR 2024), play SquareCB over
`NeuralNetwork("square")`, their NeuSquareCB, and FastCB over `NeuralNetwork("log")`, their NeuFastCB.

A hidden layer of m rectified units, of which the hidden weights W learn, a_j = +-1 being fixed:

    f(x) = sum_j a_j max(0, <w_j, z>) / sqrt(m),   z = (x / X, 1)

Units come in pairs of one initial weight and opposite signs, so that f is 0 at first. S copies add a fixed random
linear function of what was learnt, f_s(x) = f(x) + c <W - W_0, e_s> / m^(1/4) with signs e_s; the prediction is the
mean of 1 / (1 + exp(-f_s)), and every loss is learnt by a step of gradient descent on the copies' mean loss.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from bandits.contextual.oracles import Oracle, OracleSteps, model_of, row_of
from bandits.contextual.problem import ContextualGame, PlayedLoss, Revealed
from bandits.contextual.worlds import Size, World
from bandits.core.checks import fits, instance, integer, real
from bandits.core.jit import kernel
from bandits.core.linear_algebra import first_least, sigmoid
from bandits.core.rng import Stream
from bandits.protocol import Learner, LearnerSteps


class NeuralParams(NamedTuple):
    """The initial weights, the signs of the copies, and the steps."""

    start: Any  # (m models, d + 1, m units) float64
    signs: Any  # ((d + 1) * units, S) float64
    scale: float  # 1 / X
    perturbation: float  # c / units^(1/4)
    log_loss: bool
    learning_rate: float
    radius: float


class NeuralState(NamedTuple):
    """The weights of every model, the copies' linear functions, and room for a pass through the network."""

    weights: Any  # (m models, d + 1, units) float64
    shift: Any  # (m models, S) float64
    hidden: Any  # (units,) float64, scratch
    part: Any  # (S,) float64, scratch


@kernel
def _init(params: NeuralParams) -> NeuralState:
    models, _, units = params.start.shape
    copies = params.signs.shape[1]
    return NeuralState(params.start.copy(), np.zeros((models, copies)), np.zeros(units), np.zeros(copies))


@kernel
def _forward(weights: Any, x: Any, scale: float, hidden: Any) -> float:
    """Return f(x), and write what enters the hidden units into hidden (units,)."""
    d, units = x.size, hidden.size
    for j in range(units):
        hidden[j] = weights[d, j]
    for i in range(d):
        z = scale * x[i]
        for j in range(units):
            hidden[j] += z * weights[i, j]
    total = 0.0
    for j in range(0, units, 2):
        total += max(0.0, hidden[j]) - max(0.0, hidden[j + 1])
    return total / math.sqrt(units)


@kernel
def _input(params: NeuralParams, x: Any, i: int) -> float:
    """Return z_i."""
    return params.scale * x[i] if i < x.size else 1.0


@kernel
def _predict(params: NeuralParams, state: NeuralState, context: Any, out: Any) -> None:
    for a in range(out.size):
        model = model_of(context, a)
        value = _forward(state.weights[model], row_of(context, a), params.scale, state.hidden)
        total = 0.0
        for s in range(state.part.size):
            total += sigmoid(value + state.shift[model, s])
        out[a] = total / state.part.size


@kernel
def _slope(params: NeuralParams, logit: float, loss: float) -> float:
    """Return the derivative of a copy's loss with respect to f_s."""
    guess = sigmoid(logit)
    return guess - loss if params.log_loss else 2.0 * (guess - loss) * guess * (1.0 - guess)


@kernel
def _learn(params: NeuralParams, state: NeuralState, context: Any, arm: int, loss: float) -> NeuralState:
    x, model = row_of(context, arm), model_of(context, arm)
    weights, shift, units, copies = state.weights[model], state.shift[model], state.hidden.size, state.part.size
    value = _forward(weights, x, params.scale, state.hidden)
    total = 0.0
    for s in range(copies):
        state.part[s] = _slope(params, value + shift[s], loss) / copies
        total += state.part[s]
    for i in range(weights.shape[0]):
        z = _input(params, x, i)
        for j in range(units):
            along = 0.0
            for s in range(copies):
                along += params.signs[i * units + j, s] * state.part[s]
            active = total * z / math.sqrt(units) if state.hidden[j] > 0.0 else 0.0
            step = params.perturbation * along + (active if j % 2 == 0 else -active)
            weights[i, j] -= params.learning_rate * step
    _project(params, weights, params.start[model], shift)
    return state


@kernel
def _project(params: NeuralParams, weights: Any, start: Any, shift: Any) -> None:
    """Move the weights to within the radius of the start, and write the copies' linear functions."""
    units, square = weights.shape[1], 0.0
    shift[:] = 0.0
    for i in range(weights.shape[0]):
        for j in range(units):
            learnt = weights[i, j] - start[i, j]
            square += learnt * learnt
            for s in range(shift.size):
                shift[s] += learnt * params.signs[i * units + j, s]
    inside = 1.0 if square <= params.radius * params.radius else params.radius / math.sqrt(square)
    shift *= params.perturbation * inside
    if inside < 1.0:
        weights[:] = start + inside * (weights - start)


@dataclass(frozen=True)
class NeuralNetwork(Oracle):
    """A hidden layer of rectified units with perturbed copies, learning by gradient steps; no guarantee of its own.

    loss: "square" or "log", of the predictions.  width: even number m of units, 2 to 2^16.  copies: S, 1 to 1024.
    perturbation: c >= 0.  learning_rate: > 0.  radius: > 0, the largest distance of the weights to the initial ones.
    seed: of the initial weights, which are standard normal, and of the signs; both are part of the learner, the same
    in every repetition. A network per action where the actions share their features.

    Deb et al. (2024) prove O(ln T) regret in either loss for very wide networks; no number is known for finite ones.
    """

    loss: Literal["square", "log"] = "square"
    width: int = 64
    copies: int = 4
    perturbation: float = 0.1
    learning_rate: float = 1.0
    radius: float = 20.0
    seed: int = 0
    steps: ClassVar[OracleSteps] = OracleSteps(_init, _predict, _learn)

    def __post_init__(self) -> None:
        if integer("width", self.width, 2, 2**16) % 2:
            raise ValueError(f"width must be even, got {self.width}")
        integer("copies", self.copies, 1, 1024)
        real("perturbation", self.perturbation, low=0.0)
        real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        real("radius", self.radius, low=0.0, open_low=True)
        integer("seed", self.seed, low=0)

    def parameters(self, size: Size) -> NeuralParams:
        """Return the initial weights, the signs and the steps for features of this size."""
        rows = size.dimension + 1
        fits("width", rows * self.width * (size.models + self.copies))
        rng = np.random.default_rng(self.seed)
        start = np.repeat(rng.standard_normal((size.models, rows, self.width // 2)), 2, axis=2)
        signs = rng.integers(2, size=(rows * self.width, self.copies)) * 2.0 - 1.0
        scale, small = 1.0 / (size.feature_norm or 1.0), self.perturbation / self.width**0.25
        return NeuralParams(start, signs, scale, small, self.loss == "log", self.learning_rate, self.radius)

    def covers(self, world: World) -> bool:
        """Return False: no class of functions is guaranteed."""
        return False


# ---------------------------------------------------------------- optimism, the baseline


class OptimismParams(NamedTuple):
    """The network, beta, lambda, and the number of actions."""

    network: NeuralParams
    exploration: float
    regularization: float
    n_actions: int


class OptimismState(NamedTuple):
    """The network, lambda plus the sums of squared derivatives, and the indices of a round."""

    network: NeuralState
    squares: Any  # (m models, d + 1, units) float64
    index: Any  # (K,) float64, scratch


@kernel
def _width_of(params: NeuralParams, network: NeuralState, squares: Any, context: Any, arm: int, learnt: bool) -> float:
    """Return sqrt(sum of squared derivatives / squares) of a prediction; learnt: whether they are added to squares."""
    x, model, slope, total = row_of(context, arm), model_of(context, arm), 0.0, 0.0
    value = _forward(network.weights[model], x, params.scale, network.hidden)
    for s in range(network.part.size):
        guess = sigmoid(value + network.shift[model, s])
        slope += guess * (1.0 - guess) / network.part.size
    for i in range(squares.shape[1]):
        z = _input(params, x, i) * slope
        for j in range(network.hidden.size):
            square = z * z / network.hidden.size if network.hidden[j] > 0.0 else 0.0
            total += square / squares[model, i, j]
            if learnt:
                squares[model, i, j] += square
    return math.sqrt(total)


@kernel
def _init_optimism(params: OptimismParams, rng: Stream) -> OptimismState:
    squares = np.full(params.network.start.shape, params.regularization)
    return OptimismState(_init(params.network), squares, np.zeros(params.n_actions))


@kernel
def _act_optimism(params: OptimismParams, state: OptimismState, context: Any, t: int, rng: Stream) -> int:
    _predict(params.network, state.network, context, state.index)
    for a in range(params.n_actions):
        width = _width_of(params.network, state.network, state.squares, context, a, False)
        state.index[a] -= params.exploration * width
    return first_least(state.index)[0]


@kernel
def _update_optimism(
    params: OptimismParams, state: OptimismState, t: int, arm: int, seen: Revealed, rng: Stream
) -> OptimismState:
    _width_of(params.network, state.network, state.squares, seen.context, arm, True)
    _learn(params.network, state.network, seen.context, arm, seen.loss)
    return state


@dataclass(frozen=True)
class NeuralUCB(Learner):
    """The least prediction less beta sqrt(sum g_i^2 / u_i), g the prediction's derivatives in the weights through f.

    u_i is lambda plus the sum of the squared derivatives of what was played: the diagonal form of NeuralUCB (Zhou, Li &
    Gu, ICML 2020), a baseline without a guarantee at finite width.  network: without perturbation by default.
    exploration: beta >= 0.  regularization: lambda > 0.
    """

    network: NeuralNetwork = NeuralNetwork(copies=1, perturbation=0.0)
    exploration: float = 0.1
    regularization: float = 0.01
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_optimism, _act_optimism, _update_optimism)
    accepts: ClassVar[tuple[type, ...]] = (PlayedLoss,)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        instance("network", self.network, NeuralNetwork, "a NeuralNetwork")
        real("exploration", self.exploration, low=0.0)
        real("regularization", self.regularization, low=0.0, open_low=True)

    def parameters(self, problem: ContextualGame) -> OptimismParams:
        """Return the network's parameters, beta, lambda and K."""
        network = self.network.parameters(problem.size)
        return OptimismParams(network, self.exploration, self.regularization, problem.n_actions)
