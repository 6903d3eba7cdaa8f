"""Optimistic learners: a hint M_t guesses the gradient g_t; the closer, the smaller the regret.

With feedback `HintedGradient` the hints are those of the game; with `Gradient`, M_t = g_(t-1) and M_1 = 0.

Sources: Chen, Tu, Zhao & Zhang, "Optimistic Online Mirror Descent for Bridging Stochastic and Adversarial Online Convex
Optimization" (JMLR 25, 2024); Sachs, Hadiji, van Erven & Guzman, "Between Stochastic and Adversarial Online Convex
Optimization" (NeurIPS 2022).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.convex.feedback import FullFunction, Gradient, Hinted, HintedGradient, Quadratic
from bandits.convex.gradient_descent import ConvexLearner, descend, play_point, strong_convexity_of
from bandits.convex.problem import ConvexGame
from bandits.core.checks import optional_real
from bandits.core.jit import kernel
from bandits.core.lanes import in_lanes, own, own_array
from bandits.core.regions import Region, least_point, own_start, project
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps


class OptimisticParams(NamedTuple):
    """The domain and what the step sizes are made of."""

    region: Region
    square: float  # D^2
    offset: float  # delta + 4 G^2, nu, or mu


class OptimisticState(NamedTuple):
    """The point to play, what is known without the hint, and the hint."""

    x: Any  # (d,) float64
    base: Any  # (d,) float64: the point without hint, the sum of gradients, or mu sum x - sum g
    hint: Any  # (d,) float64, M_t, where it is the last gradient
    errors: float  # sum of |g - M|^2, weighted for OFTRL; of curvatures for FollowTheLeader
    rate: float  # eta_t


@in_lanes()
@kernel
def _init(params: OptimisticParams, rng: Stream) -> OptimisticState:
    d, rate = params.region.start.size, own(params.square / params.offset, rng)
    base, hint = own_array(d, 0.0, rng), own_array(d, 0.0, rng)
    return OptimisticState(own_start(params.region, rng), base, hint, own(0.0, rng), rate)


@in_lanes()
@kernel
def _init_at_start(params: OptimisticParams, rng: Stream) -> OptimisticState:
    x, base = own_start(params.region, rng), own_start(params.region, rng)
    rate = own(math.sqrt(params.square / params.offset), rng)
    return OptimisticState(x, base, own_array(x.size, 0.0, rng), own(0.0, rng), rate)


def _steps(init: Any, look: Any, learn: Any) -> tuple[LearnerSteps, LearnerSteps]:
    """Return the steps of a learner whose hint is the last gradient, and of one that is shown hints.

    look: kernel (params, state, t, hint), which writes the point of round t into state.x.  learn: kernel (params,
    state, t, x, g, hint) -> state without regard to the next hint.
    """

    @in_lanes(parts=[look, learn])
    @kernel
    def update(params: OptimisticParams, state: OptimisticState, t: int, x: Any, g: Any, rng: Stream) -> Any:
        after = learn(params, state, t, x, g, state.hint)
        for i in range(g.size):
            after.hint[i] = g[i]
        look(params, after, t + 1, after.hint)
        return after

    @in_lanes(parts=[look])
    @kernel
    def act_on_hint(params: OptimisticParams, state: OptimisticState, hint: Any, t: int, rng: Stream) -> Any:
        look(params, state, t, hint)
        return state.x

    @in_lanes(parts=[learn])
    @kernel
    def learn_seen(params: OptimisticParams, state: OptimisticState, t: int, x: Any, seen: Hinted, rng: Stream) -> Any:
        return learn(params, state, t, x, seen.gradient, seen.hint)

    return LearnerSteps(init, play_point, update), LearnerSteps(init, act_on_hint, learn_seen)


@kernel
def _error(g: Any, hint: Any) -> float:
    total = 0.0
    for i in range(g.size):
        total += (g[i] - hint[i]) * (g[i] - hint[i])
    return total


# ---------------------------------------------------------------- mirror descent


@in_lanes()
@kernel
def _look_down(params: OptimisticParams, state: OptimisticState, t: int, hint: Any) -> None:
    for i in range(hint.size):
        state.x[i] = state.base[i] - state.rate * hint[i]
    project(params.region, state.x)


@in_lanes()
@kernel
def _learn_down(params: OptimisticParams, state: OptimisticState, t: int, x: Any, g: Any, hint: Any) -> OptimisticState:
    descend(params.region, state.base, state.rate, g)
    errors = state.errors + _error(g, hint)
    rate = math.sqrt(params.square / (params.offset + errors))
    return OptimisticState(state.x, state.base, state.hint, errors, rate)


class Optimistic(ConvexLearner):
    """Base of the learners that use hints where there are some, and else the last gradient."""

    hinted: ClassVar[LearnerSteps]  # the steps where there are hints
    accepts: ClassVar[tuple[type, ...]] = (Gradient, HintedGradient)

    def steps_for(self, problem: Any) -> LearnerSteps:
        """Return the compiled functions for hints of the game, or for the learner's own."""
        return self.hinted if isinstance(problem.feedback, HintedGradient) else self.steps


@dataclass(frozen=True)
class OptimisticDescent(Optimistic):
    """Optimistic mirror descent in Euclidean norm: x_t = Proj(w_t - eta_t M_t), w_(t+1) = Proj(w_t - eta_t g_t).

    eta_t = D / sqrt(delta + 4 G^2 + V_(t-1)), V_t = sum_{s <= t} |g_s - M_s|^2.
    offset: delta >= 0; None means 20 D^2 L^2, for L-smooth losses between stochastic and adversarial.
    """

    offset: float | None = None
    steps, hinted = _steps(_init_at_start, _look_down, _learn_down)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        optional_real("offset", self.offset, low=0.0)

    def parameters(self, problem: ConvexGame) -> OptimisticParams:
        """Return domain, D^2 and delta + 4 G^2."""
        square, G = problem.diameter**2, problem.gradient_bound
        delta = 20.0 * square * problem.smoothness**2 if self.offset is None else self.offset
        return OptimisticParams(problem.domain.region, square, (delta + 4.0 * G * G) or 1.0)


# ---------------------------------------------------------------- follow the regularised leader


@in_lanes()
@kernel
def _look_ahead(params: OptimisticParams, state: OptimisticState, t: int, hint: Any) -> None:
    for i in range(hint.size):
        state.x[i] = params.region.start[i] - 0.5 * state.rate * (state.base[i] + hint[i])
    project(params.region, state.x)


@in_lanes()
@kernel
def _learn_sum(params: OptimisticParams, state: OptimisticState, t: int, x: Any, g: Any, hint: Any) -> OptimisticState:
    for i in range(g.size):
        state.base[i] += g[i]
    errors = state.errors + state.rate * _error(g, hint)
    return OptimisticState(state.x, state.base, state.hint, errors, params.square / (params.offset + errors))


@dataclass(frozen=True)
class OptimisticFTRL(Optimistic):
    """Optimistic follow the regularised leader: x_t = argmin <sum_{s < t} g_s + M_t, x> + |x - x_1|^2 / eta_t.

    eta_t = D^2 / (nu + sum_{s < t} eta_s |g_s - M_s|^2).
    offset: nu > 0; None means 2 D G, and D sqrt(4 G^2 + 9 L^2 D^2) for L-smooth losses with L > 0, which minimises the
    bound.
    """

    offset: float | None = None
    steps, hinted = _steps(_init, _look_ahead, _learn_sum)
    draws: ClassVar[bool] = False

    def parameters(self, problem: ConvexGame) -> OptimisticParams:
        """Return domain, D^2 and nu."""
        D, G, L = problem.diameter, problem.gradient_bound, problem.smoothness
        nu = D * math.sqrt(4.0 * G * G + 9.0 * L * L * D * D) if self.offset is None else self.offset
        return OptimisticParams(problem.domain.region, D * D, nu or 1.0)


# ---------------------------------------------------------------- follow the leader


@in_lanes()
@kernel
def _look_for_leader(params: OptimisticParams, state: OptimisticState, t: int, hint: Any) -> None:
    if t == 0:
        least_point(params.region, hint, state.x)
        return
    weight = params.offset * t
    for i in range(hint.size):
        state.x[i] = (state.base[i] - hint[i]) / weight
    project(params.region, state.x)


@in_lanes()
@kernel
def _learn_centres(
    params: OptimisticParams, state: OptimisticState, t: int, x: Any, g: Any, hint: Any
) -> OptimisticState:
    for i in range(g.size):
        state.base[i] += params.offset * x[i] - g[i]
    return state


@dataclass(frozen=True)
class OptimisticFTL(Optimistic):
    """Optimistic follow the leader: x_t = argmin sum_{s < t} [<g_s, x> + (mu/2) |x - x_s|^2] + <M_t, x>.

    strong_convexity: mu > 0; None means the curvature of the losses. Without hint the first point is the centre.
    """

    strong_convexity: float | None = None
    steps, hinted = _steps(_init, _look_for_leader, _learn_centres)
    draws: ClassVar[bool] = False

    def parameters(self, problem: ConvexGame) -> OptimisticParams:
        """Return domain and mu; ValueError where mu is not known."""
        mu = strong_convexity_of(self, problem)
        return OptimisticParams(problem.domain.region, problem.diameter**2, mu)


@kernel
def _update_functions(
    params: OptimisticParams, state: OptimisticState, t: int, x: Any, f: Quadratic, rng: Stream
) -> OptimisticState:
    curvature = state.errors + f.curvature
    for i in range(f.linear.size):
        state.base[i] += f.linear[i]
    if curvature > 0.0:
        for i in range(f.linear.size):
            state.x[i] = -state.base[i] / curvature
        project(params.region, state.x)
    else:
        least_point(params.region, state.base, state.x)
    return OptimisticState(state.x, state.base, state.hint, curvature, state.rate)


@dataclass(frozen=True)
class FollowTheLeader(ConvexLearner):
    """Follow the leader on whole functions: x_t minimises the losses so far; the first point is the centre."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, play_point, _update_functions)
    accepts: ClassVar[tuple[type, ...]] = (FullFunction,)
    draws: ClassVar[bool] = False

    def parameters(self, problem: ConvexGame) -> OptimisticParams:
        """Return the domain; the rest is not used."""
        return OptimisticParams(problem.domain.region, problem.diameter**2, 1.0)
