"""Convex losses of your own."""

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.convex.domains import Domain
from bandits.convex.losses import ConvexLosses, ConvexSteps
from bandits.core.arguments import Numbers
from bandits.core.checks import HUGE, array, instance, integer, optional_real, real
from bandits.core.jit import kernel
from bandits.core.linear_algebra import dot
from bandits.core.regions import Region
from bandits.core.rng import Stream
from bandits.core.summation import Sum, empty_sum, plus, value


class OwnSetting(NamedTuple):
    """What the user's kernels receive, and the comparator."""

    params: Any
    comparator: Any  # (d,) float64
    longest: float  # squared norm of a gradient, with rounding


@kernel
def _init_own(params: OwnSetting, env: Stream) -> Sum:
    """Return the total loss of the comparator."""
    return empty_sum()


@kernel
def _advance_own(params: OwnSetting, state: Sum, t: int, x: Any, env: Stream) -> Sum:
    return state


@kernel
def _best_own(params: OwnSetting, state: Sum, region: Region, scratch: Any) -> float:
    return value(state)


@cache
def _own_steps(f: Any, gradient: Any, compared: bool) -> ConvexSteps:
    @kernel
    def advance(params: OwnSetting, state: Sum, t: int, x: Any, env: Stream) -> Sum:
        return plus(state, f(params.params, t, params.comparator), t)

    @kernel
    def value_of(params: OwnSetting, state: Sum, t: int, x: Any) -> float:
        return f(params.params, t, x)

    @kernel
    def gradient_of(params: OwnSetting, state: Sum, t: int, x: Any, out: Any) -> None:
        gradient(params.params, t, x, out)
        if not dot(out, out) <= params.longest:
            raise ValueError("a gradient of OwnLosses is longer than its gradient_bound, or nan")

    if not compared:
        return ConvexSteps(_init_own, _advance_own, value_of, gradient_of, None)
    return ConvexSteps(_init_own, advance, value_of, gradient_of, _best_own)


@dataclass(frozen=True, eq=False)
class OwnLosses(ConvexLosses):
    """Your own convex losses, compiled; that they are convex is for you to see to.

    value: kernel (params, t, x) -> float.  gradient: kernel (params, t, x, out), which writes a subgradient into out
    (d,).  params: a NamedTuple of numbers and arrays.  gradient_bound: G >= 0, at least the norm of every gradient;
    a longer one ends the play.
    comparator: (d,) in the domain, that regret is measured against, or None: then there is `linear_regret` only.
    curvature: L >= 0, for which the losses are L-smooth.  loss_bound: M >= 0, at least the size of every loss, for
    learners that need it.
    """

    value: Any
    gradient: Any
    params: Any
    dimension: int
    gradient_bound: float
    comparator: Numbers = None
    curvature: float = 0.0
    loss_bound: float | None = None
    fixed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        integer("dimension", self.dimension, low=1)
        real("gradient_bound", self.gradient_bound, low=0.0)
        real("curvature", self.curvature, low=0.0)
        optional_real("loss_bound", self.loss_bound, low=0.0)
        instance("params", self.params, tuple, "a NamedTuple of numbers and arrays")
        if self.comparator is not None:
            given = array("comparator", self.comparator, 1, -HUGE, HUGE)
            if given.size != self.dimension:
                raise ValueError(f"comparator must have dimension = {self.dimension} entries, got {given.size}")
            object.__setattr__(self, "comparator", given)

    @property
    def steps(self) -> ConvexSteps:
        """The compiled functions."""
        return _own_steps(self.value, self.gradient, self.comparator is not None)

    def setting(self, horizon: int) -> OwnSetting:
        """Return the parameters and the comparator."""
        u = np.zeros(self.dimension) if self.comparator is None else self.comparator
        return OwnSetting(self.params, u, (self.gradient_bound * (1.0 + 1e-9)) ** 2)

    def lipschitz(self, domain: Domain, horizon: int) -> float:
        """Return the given bound on gradients."""
        return self.gradient_bound

    def largest(self, domain: Domain, horizon: int) -> float:
        """Return the given bound on losses; ValueError without one."""
        if self.loss_bound is None:
            raise ValueError("loss_bound must be given for learners that learn from values of the losses")
        return self.loss_bound
