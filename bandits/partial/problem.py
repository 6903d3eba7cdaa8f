"""Partial monitoring: the learner pays the loss of its action against the round's outcome and sees a signal only.

Regret is against the best fixed action on the same outcomes, up to each checkpoint:

    R_n = sum_{t <= n} L(A_t, x_t) - min_a sum_{t <= n} L(a, x_t).
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import array, instance, integer, integers
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform
from bandits.core.summation import Sum, empty_sum, least, plus, value
from bandits.partial.game import FiniteGame
from bandits.protocol import ProblemSteps, RoundProblem


class OutcomeSetting(NamedTuple):
    """A sequence of outcomes, or where it is empty the law of an outcome."""

    sequence: Any  # (T,) int64
    law: Any  # (d,) float64


class Outcomes(Checked):
    """Base of what chooses the outcomes: a frozen dataclass."""

    @abstractmethod
    def setting(self, horizon: int, n_outcomes: int) -> OutcomeSetting:
        """Return what the compiled functions receive; ValueError where it does not fit horizon or game."""


@dataclass(frozen=True, eq=False)
class OutcomeTable(Outcomes):
    """Given outcomes, integers from 0, the same for every repetition; their number must reach the horizon."""

    outcomes: Numbers

    def __post_init__(self) -> None:
        object.__setattr__(self, "outcomes", np.array(integers("outcomes", self.outcomes, 0), dtype=np.int64))

    def setting(self, horizon: int, n_outcomes: int) -> OutcomeSetting:
        """Return the first `horizon` outcomes."""
        given = self.outcomes[:horizon]
        if len(given) < horizon:
            raise ValueError(f"outcomes must be at least horizon = {horizon} integers, got {len(given)}")
        if given.max() >= n_outcomes:
            raise ValueError(f"outcomes must be between 0 and {n_outcomes - 1}, got {given.max()}")
        return OutcomeSetting(given, np.zeros(1))


@dataclass(frozen=True, eq=False)
class IndependentOutcomes(Outcomes):
    """Outcomes drawn independently, outcome x with probability probabilities[x]; they sum to 1."""

    probabilities: Numbers

    def __post_init__(self) -> None:
        given = array("probabilities", self.probabilities, 1, 0.0, 1.0)
        if abs(given.sum() - 1.0) > 1e-9:
            raise ValueError(f"probabilities must sum to 1, got {given.sum():.12g}")
        object.__setattr__(self, "probabilities", given / given.sum())

    def setting(self, horizon: int, n_outcomes: int) -> OutcomeSetting:
        """Return the probabilities."""
        if len(self.probabilities) != n_outcomes:
            raise ValueError(f"probabilities must be {n_outcomes} numbers, got {len(self.probabilities)}")
        return OutcomeSetting(np.zeros(0, dtype=np.int64), self.probabilities)


@dataclass(frozen=True)
class Signals(Checked):
    """The signal of the action that was played and of the outcome, an integer."""

    kind: ClassVar[str] = "signal"


class PartialSetting(NamedTuple):
    """What the compiled functions receive."""

    losses: Any  # (k, d) float64
    signals: Any  # (k, d) int64
    outcomes: OutcomeSetting


class PartialWorld(NamedTuple):
    """State of the game."""

    counts: Any  # (d,) int64, how often each outcome came
    loss: Sum
    totals: Any  # (k,) float64, scratch


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    loss: float
    best_loss: float
    regret: float


_check_action = returns(None, Part("the action", "integer"))


@kernel
def _init(setting: PartialSetting, env: Stream) -> PartialWorld:
    n_actions, n_outcomes = setting.losses.shape
    return PartialWorld(np.zeros(n_outcomes, np.int64), empty_sum(), np.zeros(n_actions))


@kernel
def _respond(setting: PartialSetting, world: PartialWorld, t: int, action: int, env: Stream) -> Any:
    _check_action(action)
    arm = index(action)
    if arm < 0 or arm >= setting.losses.shape[0]:
        raise InvalidAction("the action must be in 0, ..., {}, got {}", t, setting.losses.shape[0] - 1, arm)
    if setting.outcomes.sequence.size > 0:
        x = setting.outcomes.sequence[t]
    else:
        x = pick(setting.outcomes.law, 1.0, uniform(env, t, 0))
    world.counts[x] += 1
    after = PartialWorld(world.counts, plus(world.loss, setting.losses[arm, x], t), world.totals)
    return setting.signals[arm, x], after


@rare_kernel
def _measure(setting: PartialSetting, world: PartialWorld, n_rounds: int) -> Metrics:
    for a in range(world.totals.size):
        world.totals[a] = 0.0
        for x in range(world.counts.size):
            world.totals[a] += world.counts[x] * setting.losses[a, x]
    loss, best = value(world.loss), least(world.totals)
    return Metrics(loss, best, loss - best)


@dataclass(frozen=True)
class PartialMonitoring(RoundProblem):
    """A finite game over `horizon` rounds (1 to 2^56), against given or drawn outcomes.

    Metrics: loss, best_loss (of the best fixed action on these outcomes), regret = loss - best_loss.
    """

    game: FiniteGame
    outcomes: Outcomes
    horizon: int
    feedback: ClassVar[Signals] = Signals()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure)
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        instance("game", self.game, FiniteGame, "a FiniteGame such as FiniteGame.apple_tasting()")
        instance("outcomes", self.outcomes, Outcomes, "OutcomeTable(outcomes) or IndependentOutcomes(probabilities)")
        integer("horizon", self.horizon, low=1)
        self.setting()

    @property
    def n_actions(self) -> int:
        """Number of actions k."""
        return self.game.n_actions

    @property
    def spread(self) -> float:
        """Largest difference of two actions' losses against one outcome."""
        return self.game.spread

    def setting(self) -> PartialSetting:
        """Return what the compiled functions receive."""
        outcomes = self.outcomes.setting(self.horizon, self.game.n_outcomes)
        return PartialSetting(self.game.losses, self.game.signals, outcomes)
