"""A comparator that moves: dynamic regret against points of one's own, as a probe (`bandits.combine.observed`)."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.combine import Probe, ProbeSteps
from bandits.convex.problem import ConvexGame, ConvexSetting, ConvexWorld
from bandits.core.arguments import Numbers
from bandits.core.checks import HUGE, array
from bandits.core.jit import kernel


class PathOwn(NamedTuple):
    """The comparator's points."""

    points: Any  # (T, d) float64


class PathKept(NamedTuple):
    """The regret so far."""

    total: Any  # (1,) float64


class PathMetrics(NamedTuple):
    """Regret against the comparator."""

    dynamic_regret: float


@kernel
def _init_path(setting: ConvexSetting, own: PathOwn) -> PathKept:
    return PathKept(np.zeros(1))


@kernel
def _update_path(
    setting: ConvexSetting, own: PathOwn, kept: PathKept, world: ConvexWorld, t: int, action: Any, feedback: Any
) -> PathKept:
    for i in range(action.size):
        kept.total[0] += world.vectors.gradient[i] * (action[i] - own.points[t, i])
    return kept


@kernel
def _measure_path(
    setting: ConvexSetting, own: PathOwn, kept: PathKept, world: ConvexWorld, n_rounds: int
) -> PathMetrics:
    return PathMetrics(kept.total[0])


@dataclass(frozen=True, eq=False)
class MovingComparator(Probe):
    """Dynamic regret, sum <g_t, x_t - u_t>, against given points u_t (T, d) of the domain.

    For linear losses it is the difference of losses, for others at least that.
    """

    points: Numbers
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init_path, _update_path, _measure_path)

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", array("points", self.points, 2, -HUGE, HUGE))

    def path_length(self, horizon: int) -> float:
        """Return P_T, the sum of |u_(t+1) - u_t|."""
        return float(np.linalg.norm(np.diff(self.points[:horizon], axis=0), axis=1).sum())

    def metrics(self, problem: Any) -> tuple[str, ...]:
        """Return dynamic_regret."""
        return PathMetrics._fields

    def setting(self, problem: ConvexGame) -> PathOwn:
        """Return the points; TypeError or ValueError where they do not fit the game."""
        if "linear_regret" not in getattr(problem, "metrics", ()):
            raise TypeError("MovingComparator needs a ConvexGame that reveals gradients")
        if len(self.points) < problem.horizon or self.points.shape[1] != problem.dimension:
            wanted = f"({problem.horizon}, {problem.dimension})"
            raise ValueError(f"points must be {wanted} numbers or more rows, got {self.points.shape}")
        outside = [t for t, u in enumerate(self.points) if not problem.domain.contains(u)]
        if outside:
            raise ValueError(f"points must be in the domain, got {self.points[outside[0]]} at index {outside[0]}")
        return PathOwn(self.points)
