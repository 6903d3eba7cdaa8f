"""Fixed thresholds: the oracle, and any other fixed choice."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from bandits.core.checks import integer
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.core.stateless import Stateless, no_state, unchanged
from bandits.protocol import Learner, LearnerSteps
from bandits.threshold.problem import ChosenThreshold, FullScores, ThresholdGame


class FixedThresholdParams(NamedTuple):
    """The threshold's index."""

    arm: int


@kernel
def _act(params: FixedThresholdParams, state: Stateless, t: int, rng: Stream) -> int:
    return params.arm


@dataclass(frozen=True)
class FixedThreshold(Learner):
    """Play threshold `index` in 0..G-1; None means the oracle, the best feasible fixed point."""

    index: int | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(no_state, _act, unchanged)
    accepts: ClassVar[tuple[type, ...]] = (ChosenThreshold, FullScores)

    def __post_init__(self) -> None:
        if self.index is not None:
            integer("index", self.index, low=0)

    def only_action(self, problem: ThresholdGame) -> int:
        """Return the index."""
        return self.parameters(problem).arm

    def parameters(self, problem: ThresholdGame) -> FixedThresholdParams:
        """Return the index; ValueError if the grid has no such threshold."""
        if self.index is None:
            return FixedThresholdParams(problem.fixed_points.best)
        return FixedThresholdParams(integer("index", self.index, low=0, high=problem.n_actions - 1))
