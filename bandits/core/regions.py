"""Convex sets for kernels: exact projections and least points of balls, boxes and simplices.

All three share one record and one set of kernels, so that what uses them is compiled once for every set.
"""

import math
from typing import Any, NamedTuple

from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.lanes import LANES, alike, any_lane, in_lanes, lane_of, own_array, where
from bandits.core.linear_algebra import ascending, dot
from bandits.core.rng import Stream

BALL, BOX, SIMPLEX = 0, 1, 2
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
    largest: float  # norm of the point farthest from 0


@kernel
def own_start(region: Region, rng: Stream) -> Any:
    """Return the point (d,) where learners begin, as `own_array` of each repetition."""
    x = own_array(region.start.size, 0.0, rng)
    for i in range(x.size):
        x[i] = region.start[i]
    return x


@kernel
def _project_on_ball(region: Region, x: Any) -> None:
    square = dot(x, x)
    outside = square > region.radius * region.radius
    if any_lane(outside):
        scale = where(outside, region.radius / math.sqrt(square), 1.0)
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
    ordered = ascending(x)
    total, taken = alike(0.0, x), alike(0.0, x)
    for k in range(x.size):
        value = ordered[x.size - 1 - k]
        total += value
        rest = (total - 1.0) / (k + 1)
        taken = where(value - rest > 0.0, rest, taken)
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


@in_lanes(of=least_point)
@kernel
def _lanes_least_point(region: Region, g: Any, out: Any) -> None:
    for lane in range(LANES):
        least_point(region, lane_of(g, lane), lane_of(out, lane))


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
    total, negative = 0.0, 0
    for i in range(x.size):
        negative += not x[i] >= -slack
        total += x[i]
    return (negative == 0) & (abs(total - 1.0) <= slack * x.size)
