"""Convex sets to play in: ball, box and simplex, with exact projections.

All three share one record and one set of kernels, so that a learner is compiled once for every set.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction
from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import HUGE, LARGEST_ACTIONS, array, integer, real
from bandits.core.jit import kernel, program, rare_kernel, shared_kernel
from bandits.core.lanes import LANES, alike, any_lane, in_lanes, lane_of, own_array, where
from bandits.core.rng import Stream
from bandits.core.vectors import dot as dot

BALL, BOX, SIMPLEX = 0, 1, 2
_MOST_COMPARED = 64  # coordinates of a simplex up to which lanes are ordered together, in d^2 / 2 comparisons
_TOLERANCE = 1e-9  # by which rounding may leave the set, relative to its size


class Region(NamedTuple):
    """A convex set for kernels."""

    kind: int  # BALL, BOX or SIMPLEX
    radius: float  # of a ball
    low: Any  # (d,) float64, of a box
    high: Any  # (d,) float64, of a box
    start: Any  # (d,) float64, where learners begin: the centre
    diameter: float
    inner: float  # radius of the largest ball around the centre, 0 for a simplex


@kernel
def own_start(region: Region, rng: Stream) -> Any:
    """Return the point (d,) where learners begin, as `own_array` of each repetition."""
    x = own_array(region.start.size, 0.0, rng)
    for i in range(x.size):
        x[i] = region.start[i]
    return x


@shared_kernel
def distance(x: Any, y: Any) -> float:
    """Return the Euclidean distance of vectors (d,)."""
    total = 0.0
    for i in range(x.size):
        total += (x[i] - y[i]) * (x[i] - y[i])
    return math.sqrt(total)


@kernel
def _project_on_ball(region: Region, x: Any) -> None:
    square = dot(x, x)
    if square > region.radius * region.radius:
        scale = region.radius / math.sqrt(square)
        for i in range(x.size):
            x[i] *= scale


@in_lanes()
@shared_kernel
def project(region: Region, x: Any) -> None:
    """Replace x (d,) by the nearest point of the region."""
    if region.kind == BALL:
        _project_on_ball(region, x)
    elif region.kind == BOX:
        for i in range(x.size):
            x[i] = min(max(x[i], region.low[i]), region.high[i])
    else:
        _project_on_simplex(x)


@rare_kernel
def _project_on_simplex(x: Any) -> None:
    """Subtract the number from all entries, and cut at 0, for which they sum to 1."""
    ordered = np.sort(x)
    total, taken = 0.0, 0.0
    for k in range(x.size):
        value = ordered[x.size - 1 - k]
        total += value
        if value - (total - 1.0) / (k + 1) > 0.0:
            taken = (total - 1.0) / (k + 1)
    for i in range(x.size):
        x[i] = max(x[i] - taken, 0.0)


@shared_kernel
def least_linear(region: Region, g: Any) -> float:
    """Return the least <g, u> over the points u of the region; g (d,)."""
    if region.kind == BALL:
        return -region.radius * math.sqrt(dot(g, g))
    if region.kind == BOX:
        total = 0.0
        for i in range(g.size):
            total += min(g[i] * region.low[i], g[i] * region.high[i])
        return total
    least = g[0]
    for value in g:
        least = min(least, value)
    return least


@kernel
def least_point(region: Region, g: Any, out: Any) -> None:
    """Write a point u of the region with the least <g, u> into out; g and out (d,). It is the centre where g = 0."""
    size = math.sqrt(dot(g, g))
    for i in range(g.size):
        out[i] = region.start[i]
    if size == 0.0:
        return
    if region.kind == BALL:
        for i in range(g.size):
            out[i] = -region.radius * g[i] / size
    elif region.kind == BOX:
        for i in range(g.size):
            if g[i] != 0.0:
                out[i] = region.low[i] if g[i] > 0.0 else region.high[i]
    else:
        best = 0
        for i in range(g.size):
            out[i] = 0.0
            if g[i] < g[best]:
                best = i
        out[best] = 1.0


@kernel
def inside(region: Region, x: Any) -> bool:
    """Return whether x (d,) is in the region, up to rounding; False for nan."""
    slack = _TOLERANCE * region.diameter
    if region.kind == BALL:
        return dot(x, x) <= (region.radius + slack) ** 2
    if region.kind == BOX:
        outside = 0
        for i in range(x.size):
            outside += not (region.low[i] - slack <= x[i]) & (x[i] <= region.high[i] + slack)
        return outside == 0
    return _is_law(x, slack)


@kernel
def _is_law(x: Any, slack: float) -> bool:
    total = 0.0
    for value in x:
        if not value >= -slack:
            return False
        total += value
    return abs(total - 1.0) <= slack * x.size


@kernel
def check_inside(region: Region, t: int, x: Any) -> None:
    """Raise InvalidAction unless the point of round t, x (n,), is in the region."""
    if x.size != region.start.size:
        raise InvalidAction("the point must have {} coordinates, got {}", t, region.start.size, x.size)
    if not inside(region, x):
        raise InvalidAction("the point must be in the domain, got one with norm {}", t, np.sqrt(dot(x, x)))


# ---------------------------------------------------------------- second texts, for lanes: `bandits.core.lanes`


@in_lanes(of=_project_on_simplex)
@rare_kernel
def _lanes_project_on_simplex(x: Any) -> None:
    """Order by comparing neighbours, which is the same in every lane."""
    if x.size > _MOST_COMPARED:
        for lane in range(LANES):
            _project_on_simplex(lane_of(x, lane))
        return
    ordered = x.copy()
    for i in range(1, x.size):
        for j in range(i, 0, -1):
            first, second = ordered[j - 1], ordered[j]
            ordered[j - 1], ordered[j] = min(first, second), max(first, second)
    total, taken = alike(0.0, x), alike(0.0, x)
    for k in range(x.size):
        total += ordered[x.size - 1 - k]
        rest = (total - 1.0) / (k + 1)
        taken = where(ordered[x.size - 1 - k] - rest > 0.0, rest, taken)
    for i in range(x.size):
        x[i] = max(x[i] - taken, 0.0)


@in_lanes(of=_project_on_ball)
@kernel
def _lanes_project_on_ball(region: Region, x: Any) -> None:
    square = dot(x, x)
    outside = square > region.radius * region.radius
    if any_lane(outside):
        scale = where(outside, region.radius / math.sqrt(square), 1.0)
        for i in range(x.size):
            x[i] *= scale


@in_lanes(of=least_point)
@kernel
def _lanes_least_point(region: Region, g: Any, out: Any) -> None:
    for lane in range(LANES):
        least_point(region, lane_of(g, lane), lane_of(out, lane))


@in_lanes(of=_is_law)
@kernel
def _lanes_is_law(x: Any, slack: float) -> Any:
    total, negative = 0.0, 0
    for i in range(x.size):
        negative += not x[i] >= -slack
        total += x[i]
    return (negative == 0) & (abs(total - 1.0) <= slack * x.size)


@in_lanes(of=check_inside)
@kernel
def _lanes_check_inside(region: Region, t: int, x: Any) -> None:
    if x.size != region.start.size or any_lane(not inside(region, x)):
        raise InvalidAction("the point must be in the domain and have {} coordinates", t, region.start.size)


# ---------------------------------------------------------------- the sets


@program
def _is_inside(region: Region, x: Any) -> bool:
    return inside(region, x)


class Domain(Checked):
    """Base of the convex sets: a frozen dataclass."""

    dimension: int

    @property
    @abstractmethod
    def region(self) -> Region:
        """The set as kernels see it."""

    def contains(self, point: Any) -> bool:
        """Return whether a point (d,) of numbers is in the set, up to rounding."""
        return bool(_is_inside(self.region, np.asarray(point, dtype=np.float64)))

    @property
    def diameter(self) -> float:
        """Largest distance D of two points."""
        return self.region.diameter

    @property
    @abstractmethod
    def largest(self) -> float:
        """Largest norm of a point."""


@dataclass(frozen=True)
class Ball(Domain):
    """Points of norm at most `radius` > 0 in `dimension` >= 1 coordinates; D = 2 radius."""

    dimension: int
    radius: float = 1.0

    def __post_init__(self) -> None:
        integer("dimension", self.dimension, 1, LARGEST_ACTIONS)
        real("radius", self.radius, 0.0, open_low=True)

    @property
    def region(self) -> Region:
        """The ball."""
        zero = np.zeros(self.dimension)
        return Region(BALL, self.radius, zero, zero, zero, 2.0 * self.radius, self.radius)

    @property
    def largest(self) -> float:
        """The radius."""
        return self.radius


@dataclass(frozen=True, eq=False)
class Box(Domain):
    """Points between `low` and `high`, both (d,) with low < high; learners begin at the middle."""

    low: Numbers
    high: Numbers

    def __post_init__(self) -> None:
        low, high = array("low", self.low, 1, -HUGE, HUGE), array("high", self.high, 1, -HUGE, HUGE)
        if low.shape != high.shape:
            raise ValueError(f"high must have the length of low, {low.size}, got {high.size}")
        if not (low < high).all():
            i = int((low >= high).argmax())
            raise ValueError(f"high must be above low, got {high[i]:g} and {low[i]:g} at index {i}")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Number of coordinates d."""
        return int(self.low.size)

    @property
    def region(self) -> Region:
        """The box."""
        width = self.high - self.low
        middle = self.low + width / 2.0
        return Region(BOX, 0.0, self.low, self.high, middle, float(np.linalg.norm(width)), float(width.min()) / 2.0)

    @property
    def largest(self) -> float:
        """Norm of the corner farthest from 0."""
        return float(np.linalg.norm(np.maximum(np.abs(self.low), np.abs(self.high))))


@dataclass(frozen=True)
class Simplex(Domain):
    """Probabilities of `dimension` >= 2 outcomes; D = sqrt(2), learners begin at the uniform law."""

    dimension: int
    largest: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        integer("dimension", self.dimension, 2, LARGEST_ACTIONS)

    @property
    def region(self) -> Region:
        """The simplex."""
        zero = np.zeros(self.dimension)
        return Region(SIMPLEX, 0.0, zero, zero, zero + 1.0 / self.dimension, math.sqrt(2.0), 0.0)
