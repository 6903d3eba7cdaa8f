"""Feasible search for closed loops: hold a threshold until the population has settled, then learn.

In a population that contracts at rate rho, with states at most D apart, h - 1 rounds of one threshold bring
its means within M D rho^(h-1) of those at its fixed point. With

    h = 1 + max(1, ceil(ln T / ln(1 / rho)))        (1 in a stationary population)

that bias is at most M D / T; it is added to the radii, without which a feasible threshold whose residual is 0
could be excluded by the bias alone.

`BlockFeasibleSearch` holds each choice for h rounds and learns from the last. `EpochFeasibleSearch` holds it
for h - 1 rounds and then for as many rounds as the threshold has been learned from before (at least one),
learning from all of these: at most G (1 + log2 T) epochs, so that settling costs O(G h log T) rounds in all,
while blocks may change the threshold T / h times. Bounds for both: `theory.threshold.bounds`.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from bandits.core.checks import integer
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps
from bandits.threshold.batch import Outcome
from bandits.threshold.evidence import Radii, best_feasible, observe, radii
from bandits.threshold.optimistic_search import ConfidentLearner, SearchState, refresh, start_search
from bandits.threshold.problem import ThresholdGame


class HoldParams(NamedTuple):
    """Radii and the hold h."""

    radii: Radii
    hold: int
    failure_probability: float  # delta_0


class HoldState(NamedTuple):
    """A search, the threshold held, and the rounds left to settle and to learn."""

    search: SearchState
    arm: int
    settling: int  # rounds before learning starts
    learning: int  # rounds to learn from


def settling_rounds(contraction: float, horizon: int) -> int:
    """Return h = 1 + max(1, ceil(ln T / ln(1 / rho))) for 0 <= rho < 1; ValueError otherwise."""
    if not 0.0 <= contraction < 1.0:
        raise ValueError(f"the population must contract: rho must be in [0, 1), got {contraction:g}")
    if contraction == 0.0:
        return 2
    return 1 + max(1, math.ceil(math.log(horizon) / -math.log(contraction)))


@kernel
def _init(params: HoldParams, rng: Stream) -> HoldState:
    return HoldState(start_search(params.radii, rng), 0, params.hold - 1, 1)


@kernel
def _act(params: HoldParams, state: HoldState, t: int, rng: Stream) -> int:
    return state.arm


@kernel
def _update_block(params: HoldParams, state: HoldState, t: int, arm: int, outcome: Outcome, rng: Stream) -> HoldState:
    if state.settling > 0:
        return HoldState(state.search, arm, state.settling - 1, 1)
    observe(state.search.evidence, arm, outcome)
    refresh(params.radii, state.search, arm)
    chosen = best_feasible(state.search.optimistic, state.search.excess)
    return HoldState(state.search, chosen, params.hold - 1, 1)


@kernel
def _update_epoch(params: HoldParams, state: HoldState, t: int, arm: int, outcome: Outcome, rng: Stream) -> HoldState:
    if state.settling > 0:
        return HoldState(state.search, arm, state.settling - 1, state.learning)
    observe(state.search.evidence, arm, outcome)
    if state.learning > 1:
        return HoldState(state.search, arm, 0, state.learning - 1)
    refresh(params.radii, state.search, arm)
    chosen = best_feasible(state.search.optimistic, state.search.excess)
    settling = 0 if chosen == arm else params.hold - 1
    return HoldState(state.search, chosen, settling, max(1, state.search.evidence.plays[chosen]))


@dataclass(frozen=True)
class HoldingLearner(ConfidentLearner):
    """Base of the searches that hold each choice; hold: h >= 1, None means the population's settling time."""

    hold: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hold is not None:
            integer("hold", self.hold, low=1)

    def hold_for(self, problem: ThresholdGame) -> int:
        """Return h; ValueError for a population that neither contracts nor is stationary."""
        if self.hold is not None:
            return int(self.hold)
        if problem.population.stationary:
            return 1
        return settling_rounds(problem.contraction, problem.horizon)

    def decisions(self, problem: ThresholdGame) -> int:
        """Return the largest number of rounds that are learned from."""
        return problem.horizon

    def parameters(self, problem: ThresholdGame) -> HoldParams:
        """Return the radii, with the allowance for bias, and h."""
        hold = self.hold_for(problem)
        distance = problem.diameter * problem.contraction ** (hold - 1)
        delta, width = float(self.failure_probability), float(self.width)
        return HoldParams(radii(problem, delta, width, self.decisions(problem), distance), hold, delta)


@dataclass(frozen=True)
class BlockFeasibleSearch(HoldingLearner):
    """Feasible search that holds each choice for h rounds and learns from the last of them."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update_block)

    def decisions(self, problem: ThresholdGame) -> int:
        """Return the number of blocks, ceil(T / h)."""
        return -(-problem.horizon // self.hold_for(problem))


@dataclass(frozen=True)
class EpochFeasibleSearch(HoldingLearner):
    """Feasible search that holds a choice until its threshold's evidence has doubled."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update_epoch)
