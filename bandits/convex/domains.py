"""Convex sets to play in: ball, box and simplex (`bandits.core.regions`)."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from bandits.core.actions import InvalidAction
from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import HUGE, LARGEST_ACTIONS, array, integer, real
from bandits.core.jit import kernel, program
from bandits.core.lanes import any_lane, lane_of
from bandits.core.linear_algebra import dot
from bandits.core.regions import BALL, BOX, SIMPLEX, Region, inside


@kernel
def check_inside(region: Region, t: int, x: Any) -> None:
    """Raise InvalidAction unless the point of round t, x (n,), is in the region."""
    if x.size != region.start.size:
        raise InvalidAction("the point must have {} coordinates, got {}", t, region.start.size, x.size)
    if any_lane(not inside(region, x)):
        norm = lane_of(math.sqrt(dot(x, x)), 0)  # read where one repetition is played: lanes are played again so
        raise InvalidAction("the point must be in the domain, got one with norm {}", t, norm)


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
    def largest(self) -> float:
        """Largest norm of a point."""
        return self.region.largest


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
        return Region(BALL, self.radius, zero, zero, zero, 2.0 * self.radius, self.radius, self.radius)


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
        width, corner = self.high - self.low, np.maximum(np.abs(self.low), np.abs(self.high))
        diameter, largest = float(np.linalg.norm(width)), float(np.linalg.norm(corner))
        middle, inner = self.low + width / 2.0, float(width.min()) / 2.0
        return Region(BOX, 0.0, self.low, self.high, middle, diameter, inner, largest)


@dataclass(frozen=True)
class Simplex(Domain):
    """Probabilities of `dimension` >= 2 outcomes; D = sqrt(2), learners begin at the uniform law."""

    dimension: int

    def __post_init__(self) -> None:
        integer("dimension", self.dimension, 2, LARGEST_ACTIONS)

    @property
    def region(self) -> Region:
        """The simplex."""
        zero = np.zeros(self.dimension)
        return Region(SIMPLEX, 0.0, zero, zero, zero + 1.0 / self.dimension, math.sqrt(2.0), 0.0, 1.0)
