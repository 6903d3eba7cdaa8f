"""Prediction with experts that sleep: in each round some are awake, and weights are put on those.

AdaNormalHedge (Luo & Schapire, COLT 2015), whose weights are in `bandits.core.sleeping_weights`, has no parameters.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, returns
from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import array, integer, zeros_and_ones
from bandits.core.jit import kernel
from bandits.core.lanes import any_lane, in_lanes, lane_of, own_array
from bandits.core.rng import Stream
from bandits.core.sleeping_weights import Regrets, count_regrets, own_regrets, weigh, worst_ratio
from bandits.core.summation import Sum, own_sum, plus, value
from bandits.protocol import Learner, LearnerSteps, ProblemSteps, RoundProblem, draws_nothing

_ROUNDING = 1e-9  # by which weights may miss the sum 1


# ---------------------------------------------------------------- the game


@dataclass(frozen=True)
class AwakeLosses(Checked):
    """The losses of the experts that were awake; those of others are 0."""

    kind: ClassVar[str] = "losses of awake experts"


class SleepingSetting(NamedTuple):
    """Losses and who is awake."""

    losses: Any  # (T, N) float64, 0 of those who sleep
    awake: Any  # (T, N) bool


class SleepingWorld(NamedTuple):
    """Loss of the learner, and its regret to each expert."""

    loss: Sum
    regrets: Regrets


class SleepingMetrics(NamedTuple):
    """Metrics after a number of rounds."""

    loss: float
    regret: float
    ratio: float


_check_weights = returns(None, Part("the weights", "number", 1))


@in_lanes()
@kernel
def _init(setting: SleepingSetting, env: Stream) -> SleepingWorld:
    return SleepingWorld(own_sum(env), own_regrets(setting.losses.shape[1], env))


@in_lanes()
@kernel
def _observe(setting: SleepingSetting, world: SleepingWorld, t: int, env: Stream) -> Any:
    return setting.awake[t], world


@kernel
def _check_allowed(awake: Any, t: int, weights: Any) -> None:
    """Raise InvalidAction for weights that are not allowed; its values are those of the first lane."""
    if weights.size != awake.size:
        raise InvalidAction("the weights must be {}, got {}", t, awake.size, weights.size)
    total = 0.0
    for i in range(weights.size):
        if any_lane(not (weights[i] >= 0.0) & ((weights[i] == 0.0) | awake[i])):
            weight = lane_of(weights[i], 0)
            raise InvalidAction("the weight of expert {} must be 0 or more, 0 if it sleeps, got {}", t, i, weight)
        total += weights[i]
    if any_lane(not abs(total - 1.0) <= _ROUNDING):
        raise InvalidAction("the weights must sum to 1, got {}", t, lane_of(total, 0))


@in_lanes()
@kernel
def _respond(setting: SleepingSetting, world: SleepingWorld, t: int, weights: Any, env: Stream) -> Any:
    _check_weights(weights)
    _check_allowed(setting.awake[t], t, weights)
    loss = count_regrets(world.regrets, setting.awake[t], weights, setting.losses[t])
    return setting.losses[t], SleepingWorld(plus(world.loss, loss, t), world.regrets)


@kernel
def _measure(setting: SleepingSetting, world: SleepingWorld, n_rounds: int) -> SleepingMetrics:
    largest = world.regrets.total[0]
    for total in world.regrets.total:
        largest = max(largest, total)
    return SleepingMetrics(value(world.loss), largest, worst_ratio(world.regrets))


@dataclass(frozen=True, eq=False)
class SleepingExperts(RoundProblem):
    """A game of experts that sleep: put weights (N,) that sum to 1 on those that are awake, and pay their mean loss.

    losses: (T, N) in [0, 1].  awake: (T, N) of 0 and 1, at least one 1 per round.  horizon: None means T.
    Metrics: loss; regret, to the expert with the largest over the rounds in which it is awake; ratio, the largest of
    the regrets divided by the bound of AdaNormalHedge.
    """

    losses: Numbers
    awake: Numbers
    horizon: int = None  # type: ignore[assignment]
    feedback: ClassVar[AwakeLosses] = AwakeLosses()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure, _observe)
    metrics: ClassVar[tuple[str, ...]] = SleepingMetrics._fields

    def __post_init__(self) -> None:
        losses, awake = array("losses", self.losses, 2, 0.0, 1.0), zeros_and_ones("awake", self.awake)
        if losses.shape != awake.shape:
            raise ValueError(f"awake must have the shape of losses, {losses.shape}, got {awake.shape}")
        horizon = len(losses) if self.horizon is None else integer("horizon", self.horizon, 1, len(losses))
        for name, made in (("losses", np.where(awake, losses, 0.0)), ("awake", awake), ("horizon", horizon)):
            object.__setattr__(self, name, made)

    @property
    def n_actions(self) -> int:
        """Number of experts N."""
        return int(self.losses.shape[1])

    def plays(self, learner: Any) -> int | None:
        """Return 1 for a learner that draws nothing, else None."""
        return 1 if draws_nothing(learner) else None

    def setting(self) -> SleepingSetting:
        """Return what the compiled functions receive."""
        return SleepingSetting(self.losses, self.awake)

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric at the horizon; ValueError for the ratio."""
        if metric == "ratio":
            raise ValueError("no proven range of the ratio")
        return -self.horizon * (1.0 + 1e-9), self.horizon * (1.0 + 1e-9)


# ---------------------------------------------------------------- the learner


class HedgeParams(NamedTuple):
    """N."""

    n_experts: int


class HedgeState(NamedTuple):
    """Regrets and the weights of the round."""

    regrets: Regrets
    awake: Any  # (N,) bool, scratch
    weights: Any  # (N,) float64, scratch


@in_lanes()
@kernel
def _begin(params: HedgeParams, rng: Stream) -> HedgeState:
    n = params.n_experts
    return HedgeState(own_regrets(n, rng), own_array(n, False, rng), own_array(n, 0.0, rng))


@in_lanes()
@kernel
def _act(params: HedgeParams, state: HedgeState, awake: Any, t: int, rng: Stream) -> Any:
    for i in range(awake.size):
        state.awake[i] = awake[i]
    weigh(state.regrets, awake, state.weights)
    return state.weights


@in_lanes()
@kernel
def _update(params: HedgeParams, state: HedgeState, t: int, weights: Any, losses: Any, rng: Stream) -> HedgeState:
    count_regrets(state.regrets, state.awake, state.weights, losses)
    return state


@dataclass(frozen=True)
class AdaNormalHedge(Learner):
    """AdaNormalHedge for experts that sleep."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_begin, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (AwakeLosses,)
    draws: ClassVar[bool] = False

    def parameters(self, problem: SleepingExperts) -> HedgeParams:
        """Return N."""
        return HedgeParams(problem.n_actions)
