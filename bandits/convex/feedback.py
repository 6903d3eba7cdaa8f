"""What a round of a convex game reveals.

| feedback | action | passed to `update` |
|---|---|---|
| `Gradient()` | x (d,) | gradient (d,) of f_t at x |
| `HintedGradient(...)` | x, after the hint M_t (d,) was shown | `Hinted(gradient, hint)` |
| `FullFunction()` | x | `Quadratic(curvature, linear)`: f_t(x) = (curvature/2) |x|^2 + <linear, x> |
| `TwoPoints()` | `Pair(first, second)` | `Pair` of the two values; the loss is their mean |
| `OnePoint()` | x | f_t(x) |
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import HUGE, array, real


class Pair(NamedTuple):
    """Two points (d,) that are played in a round, or two values of its loss."""

    first: Any
    second: Any


class Hinted(NamedTuple):
    """The gradient of the round and the hint that preceded it, both (d,) float64."""

    gradient: Any
    hint: Any


class Quadratic(NamedTuple):
    """The loss of the round, (curvature/2) |x|^2 + <linear, x> up to a constant."""

    curvature: float
    linear: Any  # (d,) float64


class HintSetting(NamedTuple):
    """The hints, or their error."""

    table: Any  # (T, d) float64, empty where hints are made from the losses
    error: float


class ConvexFeedback(Checked):
    """Base of the kinds of feedback: a frozen dataclass."""

    kind: ClassVar[str]

    def setting(self, horizon: int, dimension: int) -> HintSetting:
        """Return what the kernels read; ValueError where it does not fit horizon or dimension."""
        return HintSetting(np.zeros((0, dimension)), 0.0)


@dataclass(frozen=True)
class Gradient(ConvexFeedback):
    """The gradient of the round's loss at the point that was played."""

    kind: ClassVar[str] = "gradient"


@dataclass(frozen=True, eq=False)
class HintedGradient(ConvexFeedback):
    """Before each round a guess M_t of its gradient, afterwards the gradient.

    hints: (T, d), one per round; None means b_t, the linear part of the loss, which is its gradient at curvature 0,
    plus an error of norm `error` >= 0 with random signs.
    """

    hints: Numbers = None
    error: float = 0.0
    kind: ClassVar[str] = "gradient with hint"

    def __post_init__(self) -> None:
        real("error", self.error, low=0.0)
        if self.hints is not None:
            object.__setattr__(self, "hints", array("hints", self.hints, 2, -HUGE, HUGE))

    def setting(self, horizon: int, dimension: int) -> HintSetting:
        """Return the hints."""
        if self.hints is None:
            return HintSetting(np.zeros((0, dimension)), self.error / np.sqrt(dimension))
        if len(self.hints) < horizon or self.hints.shape[1] != dimension:
            raise ValueError(f"hints must be ({horizon}, {dimension}) numbers or more rows, got {self.hints.shape}")
        return HintSetting(self.hints, 0.0)


@dataclass(frozen=True)
class FullFunction(ConvexFeedback):
    """The whole loss of the round."""

    kind: ClassVar[str] = "full function"


@dataclass(frozen=True)
class TwoPoints(ConvexFeedback):
    """The values of the loss at two points; what is paid is their mean."""

    kind: ClassVar[str] = "two points"


@dataclass(frozen=True)
class OnePoint(ConvexFeedback):
    """The value of the loss at the point that was played."""

    kind: ClassVar[str] = "one point"
