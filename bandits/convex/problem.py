"""Online convex optimisation: play a point of a convex set, then a convex loss is charged at it.

In round t the learner plays x_t in X and pays f_t(x_t) + c |x_t - x_(t-1)|, the first move free. Regret is against the
best fixed point in hindsight on the same losses, up to each checkpoint:

    R_n = sum_{t <= n} f_t(x_t) + c sum_{2 <= t <= n} |x_t - x_(t-1)| - min_{u in X} sum_{t <= n} f_t(u).

The linear regret has <g_t, x> in place of f_t(x), g_t the gradient at x_t, and no cost of movement; it is at least the
regret at c = 0. `bandits.convex.feedback` lists what is revealed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bandits.convex.domains import Domain, Region, check_inside, distance, least_linear
from bandits.convex.feedback import (
    ConvexFeedback,
    FullFunction,
    Gradient,
    Hinted,
    HintedGradient,
    HintSetting,
    OnePoint,
    Pair,
    Quadratic,
    TwoPoints,
)
from bandits.convex.losses import ConvexLosses, ConvexSteps
from bandits.core.actions import Part, returns
from bandits.core.checks import instance, integer, real
from bandits.core.jit import kernel, rare_kernel, shared_kernel, uint64
from bandits.core.lanes import in_lanes, own, own_array, where
from bandits.core.rng import OBSERVATION, Stream, for_purpose, words
from bandits.core.summation import Sum, close_block, own_sum, plus, value
from bandits.protocol import ProblemSteps, RoundProblem, draws_nothing


class ConvexSetting(NamedTuple):
    """What the compiled functions receive."""

    losses: Any
    region: Region
    switching_cost: float
    hints: HintSetting


class ConvexWorld(NamedTuple):
    """State of the game."""

    losses: Any
    loss: Sum
    along: Sum  # of <g_t, x_t>
    squares: Sum  # of |g_t|^2
    variation: Sum  # of |g_t - M_t|^2
    path: Sum  # of |x_t - x_(t-1)|
    last: Any  # (d,) float64, x_(t-1)
    gradient: Any  # (d,) float64, g_t, which learners are shown
    hint: Any  # (d,) float64, M_t: the hint, or the gradient of the round before
    open: Any  # (d,) float64, total of g_t in the open block of 4096 rounds
    closed: Any  # (d,) float64, total of g_t before it
    scratch: Any  # (d,) float64


class Metrics(NamedTuple):
    """Metrics after a number of rounds; None where a feedback or loss does not have them."""

    loss: float
    best_loss: Any
    regret: Any
    path: float
    linear_regret: Any
    gradient_squares: Any
    variation: Any


_check_point = returns(None, Part("the point", "number", 1))
_check_pair = returns(Pair, Part("first", "number", 1), Part("second", "number", 1))


@cache
def _make_init(losses: ConvexSteps) -> Any:
    init_losses = losses.init

    @in_lanes(parts=[init_losses])
    @shared_kernel
    def init(setting: ConvexSetting, env: Stream) -> ConvexWorld:
        d = setting.region.start.size
        zero = own_sum(env)
        return ConvexWorld(
            init_losses(setting.losses, env), zero, zero, zero, zero, zero, own_array(d, 0.0, env),
            own_array(d, 0.0, env), own_array(d, 0.0, env), own_array(d, 0.0, env), own_array(d, 0.0, env),
            own_array(d, 0.0, env),
        )  # fmt: skip

    return init


@kernel
def _moved(world: ConvexWorld, t: int, x: Any) -> Sum:
    """Return the path with the move to x; x becomes the last point."""
    step = distance(x, world.last) if t > 0 else 0.0
    for i in range(x.size):
        world.last[i] = x[i]
    return plus(world.path, step, t)


@kernel
def _add_gradient(world: ConvexWorld, t: int, x: Any) -> Any:
    """Add the gradient of round t at x to the totals; return <g, x>, |g|^2 and |g - M|^2."""
    g = world.gradient
    along, square, off = 0.0, 0.0, 0.0
    for i in range(g.size):
        along += g[i] * x[i]
        square += g[i] * g[i]
        off += (g[i] - world.hint[i]) * (g[i] - world.hint[i])
        world.open[i] += g[i]
    close_block(world.closed, world.open, t)
    return along, square, off


@cache
def _make_charge(losses: ConvexSteps, hinted: bool) -> Any:
    """Return the kernel that charges the point x and computes the gradient there."""
    advance, value_of, gradient_of = losses.advance, losses.value, losses.gradient

    @in_lanes(parts=[advance, value_of, gradient_of])
    @shared_kernel
    def charge(setting: ConvexSetting, world: ConvexWorld, t: int, x: Any, env: Stream) -> ConvexWorld:
        _check_point(x)
        check_inside(setting.region, t, x)
        state = world.losses if hinted else advance(setting.losses, world.losses, t, x, env)
        loss = value_of(setting.losses, state, t, x)
        gradient_of(setting.losses, state, t, x, world.gradient)
        along, square, off = _add_gradient(world, t, x)
        path = _moved(world, t, x)
        if not hinted:
            for i in range(x.size):
                world.hint[i] = world.gradient[i]
        return ConvexWorld(
            state, plus(world.loss, loss, t), plus(world.along, along, t), plus(world.squares, square, t),
            plus(world.variation, off, t), path, world.last, world.gradient, world.hint, world.open,
            world.closed, world.scratch,
        )  # fmt: skip

    return charge


@cache
def _make_respond(losses: ConvexSteps, kind: type) -> Any:
    charge, linear = _make_charge(losses, kind is HintedGradient), losses.linear

    @in_lanes(parts=[charge])
    @shared_kernel
    def gradient(setting: ConvexSetting, world: ConvexWorld, t: int, x: Any, env: Stream) -> Any:
        after = charge(setting, world, t, x, env)
        return after.gradient, after

    @in_lanes(parts=[charge])
    @shared_kernel
    def hinted(setting: ConvexSetting, world: ConvexWorld, t: int, x: Any, env: Stream) -> Any:
        after = charge(setting, world, t, x, env)
        return Hinted(after.gradient, after.scratch), after

    @shared_kernel
    def function(setting: ConvexSetting, world: ConvexWorld, t: int, x: Any, env: Stream) -> Any:
        after = charge(setting, world, t, x, env)
        b = linear(setting.losses, after.losses)
        for i in range(b.size):
            after.gradient[i] = b[i]
        return Quadratic(setting.losses.curvature, after.gradient), after

    return hinted if kind is HintedGradient else function if kind is FullFunction else gradient


@kernel
def _after(world: ConvexWorld, losses: Any, loss: Sum, path: Sum) -> ConvexWorld:
    """Return the world with another state of the losses, total and path."""
    return ConvexWorld(
        losses, loss, world.along, world.squares, world.variation, path, world.last, world.gradient, world.hint,
        world.open, world.closed, world.scratch,
    )  # fmt: skip


@cache
def _make_respond_with_values(losses: ConvexSteps, pairs: bool) -> Any:
    advance, value_of = losses.advance, losses.value

    @shared_kernel
    def one(setting: ConvexSetting, world: ConvexWorld, t: int, x: Any, env: Stream) -> Any:
        _check_point(x)
        check_inside(setting.region, t, x)
        state = advance(setting.losses, world.losses, t, x, env)
        loss = value_of(setting.losses, state, t, x)
        return loss, _after(world, state, plus(world.loss, loss, t), _moved(world, t, x))

    @shared_kernel
    def two(setting: ConvexSetting, world: ConvexWorld, t: int, pair: Pair, env: Stream) -> Any:
        _check_pair(pair)
        check_inside(setting.region, t, pair.first)
        check_inside(setting.region, t, pair.second)
        for i in range(world.scratch.size):
            world.scratch[i] = 0.5 * (pair.first[i] + pair.second[i])
        state = advance(setting.losses, world.losses, t, world.scratch, env)
        first = value_of(setting.losses, state, t, pair.first)
        second = value_of(setting.losses, state, t, pair.second)
        total, path = plus(world.loss, 0.5 * (first + second), t), _moved(world, t, world.scratch)
        return Pair(first, second), _after(world, state, total, path)

    return two if pairs else one


@cache
def _make_observe(losses: ConvexSteps) -> Any:
    advance, linear = losses.advance, losses.linear

    @in_lanes(parts=[advance, linear])
    @kernel
    def observe(setting: ConvexSetting, world: ConvexWorld, t: int, env: Stream) -> Any:
        state = advance(setting.losses, world.losses, t, world.last, env)
        table, error = setting.hints
        b = linear(setting.losses, state)
        bits = own(uint64(0), env)
        for i in range(b.size):
            if table.shape[0] > 0:
                world.hint[i] = table[t, i]
            else:
                if error > 0.0 and i & 63 == 0:
                    bits, _ = words(for_purpose(env, OBSERVATION), t, i >> 6)
                world.hint[i] = b[i] + where(bits & uint64(1) == uint64(1), error, -error)
                bits = bits >> uint64(1)
            world.scratch[i] = world.hint[i]
        return world.scratch, _after(world, state, world.loss, world.path)

    return observe


@kernel
def _unknown(params: Any, state: Any, region: Region, scratch: Any) -> None:
    return None


@rare_kernel
def linear_regret(setting: ConvexSetting, world: ConvexWorld) -> float:
    """Return sum <g_t, x_t> less the least sum <g_t, u>."""
    for i in range(world.scratch.size):
        world.scratch[i] = world.closed[i] + world.open[i]
    return value(world.along) - least_linear(setting.region, world.scratch)


@kernel
def _difference(loss: float, paid: float, best: Any) -> Any:
    return loss + paid - best


@kernel
def _no_difference(loss: float, paid: float, best: Any) -> Any:
    return None


@cache
def _make_measure(losses: ConvexSteps, gradients: bool) -> Any:
    best_of = losses.best or _unknown
    regret_of = _no_difference if losses.best is None else _difference

    @rare_kernel
    def with_gradients(setting: ConvexSetting, world: ConvexWorld, n_rounds: int) -> Metrics:
        best = best_of(setting.losses, world.losses, setting.region, world.scratch)
        loss, path = value(world.loss), value(world.path)
        linear = linear_regret(setting, world)
        regret = regret_of(loss, setting.switching_cost * path, best)
        return Metrics(loss, best, regret, path, linear, value(world.squares), value(world.variation))

    @rare_kernel
    def with_values(setting: ConvexSetting, world: ConvexWorld, n_rounds: int) -> Metrics:
        best = best_of(setting.losses, world.losses, setting.region, world.scratch)
        loss, path = value(world.loss), value(world.path)
        return Metrics(loss, best, regret_of(loss, setting.switching_cost * path, best), path, None, None, None)

    return with_gradients if gradients else with_values


@cache
def _steps(losses: ConvexSteps, kind: type) -> ProblemSteps:
    init, values = _make_init(losses), kind in (TwoPoints, OnePoint)
    respond = _make_respond_with_values(losses, kind is TwoPoints) if values else _make_respond(losses, kind)
    observe = _make_observe(losses) if kind is HintedGradient else None
    return ProblemSteps(init, respond, _make_measure(losses, not values), observe)


_KINDS = (Gradient, HintedGradient, FullFunction, TwoPoints, OnePoint)


@dataclass(frozen=True)
class ConvexGame(RoundProblem):
    """A game of `horizon` rounds (1 to 2^56) of convex losses on a domain; switching_cost c >= 0 per distance moved.

    Metrics: loss; best_loss and regret (movement included), unless the losses have no known minimiser; path, the
    distance moved; and where gradients are revealed linear_regret, gradient_squares (sum of |g_t|^2) and variation
    (sum of |g_t - M_t|^2 for the hints M_t, without hints for M_t = g_(t-1), M_1 = 0).
    Two points count as their mean, in loss and path.
    """

    losses: ConvexLosses
    domain: Domain
    horizon: int
    feedback: ConvexFeedback = field(default_factory=Gradient)
    switching_cost: float = 0.0

    def __post_init__(self) -> None:
        instance("losses", self.losses, ConvexLosses, "losses such as SEALosses(mean)")
        instance("domain", self.domain, Domain, "Ball(dimension), Box(low, high) or Simplex(dimension)")
        integer("horizon", self.horizon, low=1)
        instance("feedback", self.feedback, _KINDS, " or ".join(f"{kind.__name__}()" for kind in _KINDS))
        real("switching_cost", self.switching_cost, low=0.0)
        if self.losses.dimension != self.domain.dimension:
            wanted, given = self.domain.dimension, self.losses.dimension
            raise ValueError(f"losses must have the domain's {wanted} coordinates, got {given}")
        if isinstance(self.feedback, (HintedGradient, FullFunction)) and self.losses.steps.linear is None:
            raise TypeError(f"{type(self.feedback).__name__} needs losses of one curvature, not OwnLosses")
        if isinstance(self.feedback, HintedGradient) and self.losses.reacts:
            raise ValueError("drift must not depend on the play with hints: the losses must be drawn before it")
        comparator = getattr(self.losses, "comparator", None)
        if comparator is not None and not self.domain.contains(comparator):
            raise ValueError(f"comparator must be in the domain, got {comparator}")
        self.losses.setting(self.horizon)
        self.feedback.setting(self.horizon, self.dimension)

    @property
    def dimension(self) -> int:
        """Number of coordinates d."""
        return self.domain.dimension

    @property
    def diameter(self) -> float:
        """Diameter D of the domain."""
        return self.domain.diameter

    @property
    def gradient_bound(self) -> float:
        """G, at least the norm of every gradient in the domain."""
        return self.losses.lipschitz(self.domain, self.horizon)

    @property
    def loss_bound(self) -> float:
        """M, at least the size of every loss in the domain; ValueError where it is not known."""
        return self.losses.largest(self.domain, self.horizon)

    @property
    def hint_error(self) -> float:
        """The largest possible |g_t - M_t|, at most 2 G unless hints are given."""
        if isinstance(self.feedback, HintedGradient):
            if self.feedback.hints is None:
                return self.feedback.error + self.smoothness * self.domain.largest
            return self.gradient_bound + float(np.linalg.norm(self.feedback.hints[: self.horizon], axis=1).max())
        return 2.0 * self.gradient_bound

    @property
    def smoothness(self) -> float:
        """L, for which the losses are L-smooth."""
        return self.losses.curvature

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured numbers."""
        values = isinstance(self.feedback, (TwoPoints, OnePoint))
        names = Metrics._fields[:4] if values else Metrics._fields
        unknown = () if self.losses.steps.best else ("best_loss", "regret")
        return tuple(name for name in names if name not in unknown)

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions for these losses and this feedback."""
        return _steps(self.losses.steps, type(self.feedback))

    def payoff(self, metrics: Mapping[str, float]) -> float:
        """Return minus what was paid, movement included."""
        return -metrics["loss"] - self.switching_cost * metrics["path"]

    def plays(self, learner: Any) -> int | None:
        """Return 1 where neither losses nor hints nor the learner draw anything, else None."""
        drawn = getattr(self.feedback, "error", 0.0) > 0.0 or not self.losses.fixed
        return 1 if draws_nothing(learner) and not drawn else None

    def setting(self) -> ConvexSetting:
        """Return what the compiled functions receive."""
        hints = self.feedback.setting(self.horizon, self.dimension)
        return ConvexSetting(self.losses.setting(self.horizon), self.domain.region, self.switching_cost, hints)
