"""Online gradient descent: x_(t+1) = Proj(x_t - eta_t g_t).

| learner | eta_t | source |
|---|---|---|
| `OGD` | a / sqrt(t) | Zinkevich, ICML 2003 |
| `LazyOGD` | the same in blocks of rounds, in which it does not move | |
| `AdaGradNorm` | D / sqrt(2 sum_{s <= t} |g_s|^2) | Streeter & McMahan 2010 |
| `StronglyConvexOGD` | 1 / (mu t) | Hazan, Agarwal & Kale 2007 |
"""

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

from bandits.convex.feedback import Gradient
from bandits.convex.problem import ConvexGame
from bandits.core.checks import integer, optional_real
from bandits.core.jit import kernel
from bandits.core.lanes import any_lane, in_lanes, own, own_array, where
from bandits.core.linear_algebra import dot
from bandits.core.regions import Region, own_start, project
from bandits.core.rng import Stream
from bandits.protocol import Learner, LearnerSteps


@dataclass(frozen=True)
class ConvexLearner(Learner):
    """Base of the learners of convex games: a parameter that may be None, the theorem's value, is else above 0."""

    accepts: ClassVar[tuple[type, ...]] = (Gradient,)

    def __post_init__(self) -> None:
        for parameter in fields(self):
            if parameter.default is None:
                optional_real(parameter.name, getattr(self, parameter.name), low=0.0, open_low=True)


@in_lanes()
@kernel
def play_point(params: Any, state: Any, t: int, rng: Stream) -> Any:
    """Act of a learner whose state has the point x (d,) to play."""
    return state.x


class DescentParams(NamedTuple):
    """The domain and the step size: a, or the strong convexity; the length of a block."""

    region: Region
    step: float
    block: int


class DescentState(NamedTuple):
    """The point to play, a total of gradients, and of their squares or of rounds."""

    x: Any  # (d,) float64
    total: Any  # (d,) float64
    squares: float
    blocks: int
    left: int  # rounds of the block


@in_lanes()
@kernel
def _init(params: DescentParams, rng: Stream) -> DescentState:
    x, total = own_start(params.region, rng), own_array(params.region.start.size, 0.0, rng)
    return DescentState(x, total, own(0.0, rng), 0, params.block)


@kernel
def descend(region: Region, x: Any, rate: float, g: Any) -> None:
    """Replace x by Proj(x - rate g)."""
    for i in range(x.size):
        x[i] -= rate * g[i]
    project(region, x)


@in_lanes()
@kernel
def _update(params: DescentParams, state: DescentState, t: int, x: Any, g: Any, rng: Stream) -> DescentState:
    descend(params.region, state.x, params.step / math.sqrt(t + 1.0), g)
    return state


@in_lanes()
@kernel
def _update_lazily(params: DescentParams, state: DescentState, t: int, x: Any, g: Any, rng: Stream) -> DescentState:
    for i in range(g.size):
        state.total[i] += g[i]
    if state.left > 1:
        return DescentState(state.x, state.total, state.squares, state.blocks, state.left - 1)
    descend(params.region, state.x, params.step / math.sqrt(state.blocks + 1.0), state.total)
    for i in range(g.size):
        state.total[i] = 0.0
    return DescentState(state.x, state.total, state.squares, state.blocks + 1, params.block)


@in_lanes()
@kernel
def _update_adaptively(params: DescentParams, state: DescentState, t: int, x: Any, g: Any, rng: Stream) -> DescentState:
    squares = state.squares + dot(g, g)
    moves = squares > 0.0
    if any_lane(moves):
        descend(params.region, state.x, where(moves, params.step / math.sqrt(squares), 0.0), g)
        for i in range(x.size):  # a projection may move the start by rounding
            state.x[i] = where(moves, state.x[i], params.region.start[i])
    return DescentState(state.x, state.total, squares, 0, 0)


@in_lanes()
@kernel
def _update_strongly(params: DescentParams, state: DescentState, t: int, x: Any, g: Any, rng: Stream) -> DescentState:
    descend(params.region, state.x, 1.0 / (params.step * (t + 1.0)), g)
    return state


@dataclass(frozen=True)
class OGD(ConvexLearner):
    """Online gradient descent with eta_t = a / sqrt(t).

    step: a > 0; None means D / G, with a cost c of movement D / sqrt(2 G (G + 2 c)), which minimises the bound.
    """

    step: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, play_point, _update)
    draws: ClassVar[bool] = False

    def parameters(self, problem: ConvexGame) -> DescentParams:
        """Return domain and step size."""
        return DescentParams(problem.domain.region, self._step(problem, 1), 1)

    def _step(self, problem: ConvexGame, block: int) -> float:
        G, c = (problem.gradient_bound or 1.0) * block, problem.switching_cost
        least = problem.diameter / (G if c == 0.0 else math.sqrt(2.0 * G * (G + 2.0 * c)))
        return least if self.step is None else self.step


@in_lanes()
@kernel
def _update_steadily(params: DescentParams, state: DescentState, t: int, x: Any, g: Any, rng: Stream) -> DescentState:
    descend(params.region, state.x, params.step, g)
    return state


@dataclass(frozen=True)
class FixedRateOGD(ConvexLearner):
    """Online gradient descent with one learning rate eta > 0; None means D / (G sqrt T)."""

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, play_point, _update_steadily)
    draws: ClassVar[bool] = False

    def parameters(self, problem: ConvexGame) -> DescentParams:
        """Return domain and eta."""
        tuned = problem.diameter / ((problem.gradient_bound or 1.0) * math.sqrt(problem.horizon))
        return DescentParams(problem.domain.region, self.learning_rate or tuned, 1)


@dataclass(frozen=True)
class LazyOGD(OGD):
    """Online gradient descent that moves once in `block` >= 1 rounds, against the gradients of the block.

    step: a > 0, for eta = a / sqrt(number of the block); None means as in OGD, with block G in place of G. A block that
    the horizon cuts short is not learned from.
    """

    block: int = 10
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, play_point, _update_lazily)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("block", self.block, low=1)

    def parameters(self, problem: ConvexGame) -> DescentParams:
        """Return domain, step size and length of a block."""
        return DescentParams(problem.domain.region, self._step(problem, self.block), self.block)


@dataclass(frozen=True)
class AdaGradNorm(ConvexLearner):
    """Online gradient descent with eta_t = D / sqrt(2 sum_{s <= t} |g_s|^2), which needs no bound on gradients."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, play_point, _update_adaptively)
    draws: ClassVar[bool] = False

    def parameters(self, problem: ConvexGame) -> DescentParams:
        """Return domain and D / sqrt(2)."""
        return DescentParams(problem.domain.region, problem.diameter / math.sqrt(2.0), 1)


def strong_convexity_of(learner: Any, problem: ConvexGame) -> float:
    """Return mu: the learner's `strong_convexity`, or that of losses of one curvature; ValueError where it is 0."""
    if learner.strong_convexity is not None:
        return float(learner.strong_convexity)
    if problem.losses.steps.linear is None or problem.smoothness == 0.0:
        raise ValueError(f"{learner.name} needs strong_convexity: these losses have none that is known")
    return problem.smoothness


@dataclass(frozen=True)
class StronglyConvexOGD(ConvexLearner):
    """Online gradient descent with eta_t = 1 / (mu t).

    strong_convexity: mu > 0; None means the curvature of the losses.
    """

    strong_convexity: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, play_point, _update_strongly)
    draws: ClassVar[bool] = False

    def parameters(self, problem: ConvexGame) -> DescentParams:
        """Return domain and mu; ValueError where mu is not known."""
        return DescentParams(problem.domain.region, strong_convexity_of(self, problem), 1)
