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

from bandits.convex.domains import Domain, check_inside
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
from bandits.core.coins import add_signs
from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.lanes import in_lanes, own_array
from bandits.core.linear_algebra import distance
from bandits.core.regions import Region, least_linear
from bandits.core.rng import OBSERVATION, Stream, for_purpose
from bandits.core.summation import Sum, close_block, own_sum, plus, value
from bandits.protocol import ProblemSteps, RoundProblem, draws_nothing


class ConvexSetting(NamedTuple):
    """What the compiled functions receive."""

    losses: Any
    region: Region
    switching_cost: float
    hints: HintSetting


class Totals(NamedTuple):
    """Sums over the rounds; those of gradients are 0 where none are revealed."""

    loss: Sum
    path: Sum  # of |x_t - x_(t-1)|
    along: Sum  # of <g_t, x_t>
    squares: Sum  # of |g_t|^2
    variation: Sum  # of |g_t - M_t|^2


class Vectors(NamedTuple):
    """Points and gradients, each (d,) float64 and written in place."""

    last: Any  # x_(t-1)
    gradient: Any  # g_t, which learners are shown
    hint: Any  # M_t: the hint, or the gradient of the round before
    open: Any  # total of g_t in the open block of 4096 rounds
    closed: Any  # total of g_t before it
    scratch: Any


class ConvexWorld(NamedTuple):
    """State of the game."""

    losses: Any
    totals: Totals
    vectors: Vectors


class GradientMetrics(NamedTuple):
    """Metrics of a game that reveals gradients."""

    linear_regret: float
    gradient_squares: float
    variation: float


class Metrics(NamedTuple):
    """Metrics after a number of rounds; None where a feedback or loss does not have them."""

    loss: float
    best_loss: Any
    regret: Any
    path: float
    gradients: Any


_check_point = returns(None, Part("the point", "number", 1))
_check_pair = returns(Pair, Part("first", "number", 1), Part("second", "number", 1))


@cache
def _make_init(losses: ConvexSteps) -> Any:
    init_losses = losses.init

    @in_lanes(parts=[init_losses])
    @shared_kernel
    def init(setting: ConvexSetting, env: Stream) -> ConvexWorld:
        d, zero = setting.region.start.size, own_sum(env)
        first, second, third = own_array(d, 0.0, env), own_array(d, 0.0, env), own_array(d, 0.0, env)
        fourth, fifth, sixth = own_array(d, 0.0, env), own_array(d, 0.0, env), own_array(d, 0.0, env)
        vectors = Vectors(first, second, third, fourth, fifth, sixth)
        return ConvexWorld(init_losses(setting.losses, env), Totals(zero, zero, zero, zero, zero), vectors)

    return init


@kernel
def _charged(world: ConvexWorld, t: int, x: Any, loss: float) -> Totals:
    """Return the totals with the loss at x and the move to it; x becomes the last point."""
    totals, last = world.totals, world.vectors.last
    step = distance(x, last) if t > 0 else 0.0
    for i in range(x.size):
        last[i] = x[i]
    total, path = plus(totals.loss, loss, t), plus(totals.path, step, t)
    return Totals(total, path, totals.along, totals.squares, totals.variation)


@kernel
def _with_gradient(world: ConvexWorld, totals: Totals, t: int, x: Any) -> Totals:
    """Return the totals with the gradient of round t at x."""
    g, hint, open_ = world.vectors.gradient, world.vectors.hint, world.vectors.open
    along, square, off = 0.0, 0.0, 0.0
    for i in range(g.size):
        along += g[i] * x[i]
        square += g[i] * g[i]
        off += (g[i] - hint[i]) * (g[i] - hint[i])
        open_[i] += g[i]
    close_block(world.vectors.closed, open_, t)
    sums = plus(totals.along, along, t), plus(totals.squares, square, t), plus(totals.variation, off, t)
    return Totals(totals.loss, totals.path, *sums)


@in_lanes()
@kernel
def _show_gradient(setting: ConvexSetting, world: ConvexWorld) -> Any:
    return world.vectors.gradient


@in_lanes()
@kernel
def _show_hinted(setting: ConvexSetting, world: ConvexWorld) -> Hinted:
    return Hinted(world.vectors.gradient, world.vectors.scratch)


@cache
def _make_show_function(linear: Any) -> Any:
    @kernel
    def show_function(setting: ConvexSetting, world: ConvexWorld) -> Quadratic:
        b, out = linear(setting.losses, world.losses), world.vectors.gradient
        for i in range(b.size):
            out[i] = b[i]
        return Quadratic(setting.losses.curvature, out)

    return show_function


@cache
def _make_respond(losses: ConvexSteps, kind: type) -> Any:
    """Return the kernel that charges a point, and shows the gradient there or the whole loss."""
    advance, value_of, gradient_of, hinted = losses.advance, losses.value, losses.gradient, kind is HintedGradient
    show = _make_show_function(losses.linear) if kind is FullFunction else _show_hinted if hinted else _show_gradient

    @in_lanes(parts=[advance, value_of, gradient_of, show])
    @shared_kernel
    def respond(setting: ConvexSetting, world: ConvexWorld, t: int, x: Any, env: Stream) -> Any:
        _check_point(x)
        check_inside(setting.region, t, x)
        state = world.losses if hinted else advance(setting.losses, world.losses, t, x, env)
        totals = _charged(world, t, x, value_of(setting.losses, state, t, x))
        gradient_of(setting.losses, state, t, x, world.vectors.gradient)
        totals = _with_gradient(world, totals, t, x)
        if not hinted:
            for i in range(x.size):
                world.vectors.hint[i] = world.vectors.gradient[i]
        after = ConvexWorld(state, totals, world.vectors)
        return show(setting, after), after

    return respond


@cache
def _make_respond_with_values(losses: ConvexSteps, pairs: bool) -> Any:
    advance, value_of = losses.advance, losses.value

    @shared_kernel
    def two(setting: ConvexSetting, world: ConvexWorld, t: int, pair: Pair, env: Stream) -> Any:
        _check_pair(pair)
        check_inside(setting.region, t, pair.first)
        check_inside(setting.region, t, pair.second)
        middle = world.vectors.scratch
        for i in range(middle.size):
            middle[i] = 0.5 * (pair.first[i] + pair.second[i])
        state = advance(setting.losses, world.losses, t, middle, env)
        first = value_of(setting.losses, state, t, pair.first)
        second = value_of(setting.losses, state, t, pair.second)
        totals = _charged(world, t, middle, 0.5 * (first + second))
        return Pair(first, second), ConvexWorld(state, totals, world.vectors)

    @shared_kernel
    def one(setting: ConvexSetting, world: ConvexWorld, t: int, x: Any, env: Stream) -> Any:
        _check_point(x)
        values, after = two(setting, world, t, Pair(x, x), env)
        return values.first, after

    return two if pairs else one


@cache
def _make_observe(losses: ConvexSteps) -> Any:
    advance, linear = losses.advance, losses.linear

    @in_lanes(parts=[advance, linear])
    @kernel
    def observe(setting: ConvexSetting, world: ConvexWorld, t: int, env: Stream) -> Any:
        hint, shown = world.vectors.hint, world.vectors.scratch
        state = advance(setting.losses, world.losses, t, world.vectors.last, env)
        table, error = setting.hints
        b = linear(setting.losses, state)
        for i in range(b.size):
            if table.shape[0] > 0:
                hint[i] = table[t, i]
            else:
                hint[i] = b[i]
        if error > 0.0:
            add_signs(error, for_purpose(env, OBSERVATION), t, hint)
        for i in range(b.size):
            shown[i] = hint[i]
        return shown, ConvexWorld(state, world.totals, world.vectors)

    return observe


@kernel
def _unknown(params: Any, state: Any, region: Region, scratch: Any) -> None:
    return None


@rare_kernel
def linear_regret(setting: ConvexSetting, world: ConvexWorld) -> float:
    """Return sum <g_t, x_t> less the least sum <g_t, u>."""
    vectors = world.vectors
    for i in range(vectors.scratch.size):
        vectors.scratch[i] = vectors.closed[i] + vectors.open[i]
    return value(world.totals.along) - least_linear(setting.region, vectors.scratch)


@kernel
def _regret(paid: float, best: Any) -> float:
    return paid - best


@kernel
def _measure_gradients(setting: ConvexSetting, world: ConvexWorld) -> GradientMetrics:
    totals = world.totals
    return GradientMetrics(linear_regret(setting, world), value(totals.squares), value(totals.variation))


@kernel
def _nothing(first: Any, second: Any) -> None:
    """Measure what a loss or feedback does not have, in place of the two kernels above."""
    return None


@cache
def _make_measure(losses: ConvexSteps, gradients: bool) -> Any:
    best_of, regret_of = (losses.best, _regret) if losses.best else (_unknown, _nothing)
    measure_gradients = _measure_gradients if gradients else _nothing

    @rare_kernel
    def measure(setting: ConvexSetting, world: ConvexWorld, n_rounds: int) -> Metrics:
        best = best_of(setting.losses, world.losses, setting.region, world.vectors.scratch)
        loss, path = value(world.totals.loss), value(world.totals.path)
        regret = regret_of(loss + setting.switching_cost * path, best)
        return Metrics(loss, best, regret, path, measure_gradients(setting, world))

    return measure


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
        names = Metrics._fields[:4] + (() if values else GradientMetrics._fields)
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
