"""Hedge: exponential weights under full information, redrawn every round.

Freund & Schapire (1997); Cesa-Bianchi & Lugosi (2006), Theorem 2.2. With p_t(i) proportional to
exp(-eta L_{t-1}(i)), every sequence of losses in [0, 1] satisfies

    sum_t <p_t, l_t> - min_i L_T(i) <= ln K / eta + eta T / 8,   least at eta = sqrt(8 ln K / T).
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import optional_real
from bandits.core.exponential_weights import (
    Weights,
    add_losses,
    draw,
    law,
    own_weights,
)
from bandits.core.jit import kernel
from bandits.core.lanes import in_lanes, unchanged
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import FullInformation
from bandits.switching.problem import SwitchingCostGame


class HedgeParams(NamedTuple):
    """K and eta."""

    n_actions: int
    learning_rate: float


@in_lanes()
@kernel
def _init(params: HedgeParams, rng: Stream) -> Weights:
    return own_weights(params.n_actions, rng)


@in_lanes()
@kernel
def _act(params: HedgeParams, state: Weights, t: int, rng: Stream) -> int:
    return draw(state, uniform(rng, t, 0))


@in_lanes()
@kernel
def _update(params: HedgeParams, state: Weights, t: int, arm: int, losses: Any, rng: Stream) -> Weights:
    return add_losses(state, params.learning_rate, losses)


@cache
def shared_steps(steps: LearnerSteps) -> LearnerSteps:
    """Return steps for losses that are the same in all lanes: only actions differ, one state is kept for all."""
    return LearnerSteps(unchanged(steps.init), steps.act, unchanged(steps.update))


def same_losses(problem: SwitchingCostGame) -> bool:
    """Return whether every repetition has the same losses, in memory: its weights are then the same too."""
    losses = problem.losses
    return losses.steps.row is not None and losses.known_table(problem.horizon) is not None


class LearnerOfAllLosses(Learner):
    """Base of learners whose state depends on losses alone, all of which they see: `sharing` are their steps.

    Lanes that have the same losses keep one state; a subclass with steps of its own keeps one in each lane.
    """

    sharing: ClassVar[LearnerSteps]
    accepts: ClassVar[tuple[type, ...]] = (FullInformation,)

    def steps_for(self, problem: SwitchingCostGame) -> LearnerSteps:
        """Return the compiled functions."""
        alike = self.steps is self.sharing and same_losses(problem)
        return shared_steps(self.steps) if alike else self.steps


@kernel
def _law(params: HedgeParams, state: Weights, t: int) -> Any:
    return law(state)


@dataclass(frozen=True)
class Hedge(LearnerOfAllLosses):
    """Hedge with learning rate eta > 0; None means sqrt(8 ln K / T)."""

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    sharing: ClassVar[LearnerSteps] = steps
    exact: ClassVar[str] = "hedge"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def probabilities(self, problem: SwitchingCostGame) -> Any:
        """Return the kernel of p_t."""
        return _law

    def parameters(self, problem: SwitchingCostGame) -> HedgeParams:
        """Return K and eta for the game."""
        tuned = math.sqrt(8.0 * math.log(problem.n_actions) / problem.horizon)
        return HedgeParams(problem.n_actions, self.learning_rate or tuned)
