"""Kinds of feedback of the switching-cost game, each with the kernel that computes it.

A custom feedback is a subclass of `Feedback` whose `respond` returns the kernel of a round. The kernel must call
`charge(setting, world, t, arm, n_observed, env) -> (loss, world)` once, which generates the losses of the round and
charges the learner. After that it may reveal any loss, read by `losses.loss(setting.losses, world.losses, t, arm)`.
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.arguments import Checked
from bandits.core.checks import integer
from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.lanes import in_lanes, own
from bandits.core.rng import Stream
from bandits.losses import LossSteps

Looks = Literal["flexible", "full", "bandit"]


class BudgetExceeded(InvalidAction):
    """A learner asked for more observations than its budget holds."""


class Feedback(Checked):
    """Base of the kinds of feedback: a frozen dataclass that determines what the learner observes."""

    kind: ClassVar[str]  # its name in the assumptions of theorems

    @abstractmethod
    def respond(self, losses: LossSteps, charge: Any) -> Any:
        """Return the kernel (setting, world, t, action, env) -> (feedback, world); see the module docstring."""

    @abstractmethod
    def observation_range(self, horizon: int, n_actions: int) -> tuple[int, int]:
        """Return the smallest and the largest number of observations in a game of this size."""

    def setting(self, n_actions: int) -> Any:
        """Return what the kernel reads as `setting.feedback`: a NamedTuple, or None (default)."""
        return None

    def example(self, n_actions: int) -> Any:
        """Return a record of the type that the kernel returns, so that it can be kept; TypeError if it cannot be."""
        raise TypeError(f"{type(self).__name__} feedback cannot be delayed: it has no `example(n_actions)`")


class Budget(NamedTuple):
    """What the kernels of bought observations read."""

    budget: int


class _Bought(Feedback):
    """Base of feedback whose observations are bought, at most `budget` in all."""

    budget: int

    def observation_range(self, horizon: int, n_actions: int) -> tuple[int, int]:
        """Return 0 and the budget."""
        return 0, self.budget

    def setting(self, n_actions: int) -> Budget:
        """Return the budget."""
        return Budget(int(self.budget))


@dataclass(frozen=True)
class FullInformation(Feedback):
    """Every action's loss is revealed in every round."""

    kind: ClassVar[str] = "full information"

    def respond(self, losses: LossSteps, charge: Any) -> Any:
        """Return the kernel that reveals the losses of the round."""
        return _full(losses, charge)

    def observation_range(self, horizon: int, n_actions: int) -> tuple[int, int]:
        """Return K per round."""
        return horizon * n_actions, horizon * n_actions

    def example(self, n_actions: int) -> Any:
        """Return the losses of a round, (K,)."""
        return np.zeros(n_actions)


@dataclass(frozen=True)
class Bandit(Feedback):
    """The played action's loss is revealed."""

    kind: ClassVar[str] = "bandit"

    def respond(self, losses: LossSteps, charge: Any) -> Any:
        """Return the kernel that reveals the loss paid."""
        return _bandit(losses, charge)

    def observation_range(self, horizon: int, n_actions: int) -> tuple[int, int]:
        """Return one per round."""
        return horizon, horizon

    def example(self, n_actions: int) -> float:
        """Return a loss."""
        return 0.0


@dataclass(frozen=True)
class ExtraObservations(_Bought):
    """Bandit feedback, and `budget` >= 0 further observations in all, of any actions' losses."""

    budget: int
    kind: ClassVar[str] = "extra observations"

    def __post_init__(self) -> None:
        integer("budget", self.budget, low=0)

    def respond(self, losses: LossSteps, charge: Any) -> Any:
        """Return the kernel that reveals the loss paid and the losses bought."""
        return _extra(losses, charge)


@dataclass(frozen=True)
class TotalBudget(_Bought):
    """No free feedback: `budget` >= 1 observations in all.

    looks: what may be observed: "flexible" (any actions of the round), "full" (all actions of a round or none) or
    "bandit" (the played action only).
    """

    budget: int
    looks: Looks = "flexible"
    kind: ClassVar[str] = "total budget"

    def __post_init__(self) -> None:
        integer("budget", self.budget, low=1)

    def respond(self, losses: LossSteps, charge: Any) -> Any:
        """Return the kernel that reveals the losses bought."""
        return {"flexible": _flexible, "full": _full_looks, "bandit": _bandit_looks}[self.looks](losses, charge)


class Play(NamedTuple):
    """An action with observations: the arm to play and the arms whose losses to buy."""

    arm: int
    looks: Any  # (at least n_looks,) int64, different arms; only the first n_looks entries count
    n_looks: int  # 0, ..., K


_check_arm = returns(None, Part("the action", "integer"))
_check_play = returns(Play, Part("arm", "integer"), Part("looks", "integer", 1), Part("n_looks", "integer"))


class Seen(NamedTuple):
    """What was revealed: the loss of the played arm (nan if hidden) and the losses bought, in order."""

    loss: float
    losses: Any  # (K,) float64; only the first n entries count
    n: int


# ---------------------------------------------------------------- kernels


@cache
def _bandit(losses: LossSteps, charge: Any) -> Any:
    @in_lanes(parts=[charge])
    @shared_kernel
    def respond(setting: Any, world: Any, t: int, arm: int, env: Stream) -> Any:
        _check_arm(arm)
        return charge(setting, world, t, own(index(arm), env), 1, env)

    return respond


@cache
def _full(losses: LossSteps, charge: Any) -> Any:
    row = _make_row(losses.loss, losses.row)

    @in_lanes(parts=[charge])
    @shared_kernel
    def respond(setting: Any, world: Any, t: int, arm: int, env: Stream) -> Any:
        _check_arm(arm)
        _, after = charge(setting, world, t, own(index(arm), env), setting.n_actions, env)
        return row(setting, after, t), after

    return respond


def _make_row(loss_of: Any, row_of: Any) -> Any:
    """Return (setting, world, t) -> (K,), the losses of round t: in place if possible, else copied into `revealed`."""

    @kernel
    def in_place(setting: Any, world: Any, t: int) -> Any:
        return row_of(setting.losses, world.losses, t)

    @kernel
    def copied(setting: Any, world: Any, t: int) -> Any:
        for i in range(setting.n_actions):
            world.revealed[i] = loss_of(setting.losses, world.losses, t, i)
        return world.revealed

    return in_place if row_of else copied


@rare_kernel
def refuse_repeats(looks: Any, scratch: Any, t: int) -> None:
    """Raise InvalidAction if an action occurs twice in looks (n,); scratch (K,) is overwritten."""
    for j in range(looks.size):
        scratch[looks[j]] = j
    for j in range(looks.size):
        if scratch[looks[j]] != j:
            raise InvalidAction("looks must hold different actions, got {} twice", t, index(looks[j]))


def _make_look(losses: LossSteps, charge: Any) -> Any:
    loss_of = losses.loss

    @kernel
    def look(setting: Any, world: Any, t: int, play: Play, env: Stream) -> Any:
        n_looks = index(play.n_looks)
        if n_looks < 0 or n_looks > min(setting.n_actions, play.looks.size):
            reason = "n_looks must be in 0, ..., {}, the number of actions and at most the length of looks {}, got {}"
            raise InvalidAction(reason, t, setting.n_actions, play.looks.size, n_looks)
        if world.observations + n_looks > setting.feedback.budget:
            reason = "n_looks = {} asks for more observations than its budget holds: {} of {} are left"
            raise BudgetExceeded(
                reason, t, n_looks, setting.feedback.budget - world.observations, setting.feedback.budget
            )
        loss, after = charge(setting, world, t, index(play.arm), n_looks, env)
        for j in range(n_looks):
            arm = index(play.looks[j])
            if arm < 0 or arm >= setting.n_actions:
                raise InvalidAction("looks must hold actions in 0, ..., {}, got {}", t, setting.n_actions - 1, arm)
            after.revealed[j] = loss_of(setting.losses, after.losses, t, arm)
        if n_looks > 1:
            refuse_repeats(play.looks[:n_looks], after.totals, t)
        return loss, after

    return look


@cache
def _extra(losses: LossSteps, charge: Any) -> Any:
    look = _make_look(losses, charge)

    @shared_kernel
    def respond(setting: Any, world: Any, t: int, play: Play, env: Stream) -> Any:
        _check_play(play)
        loss, after = look(setting, world, t, play, env)
        return Seen(loss, after.revealed, index(play.n_looks)), after

    return respond


@cache
def _flexible(losses: LossSteps, charge: Any) -> Any:
    look = _make_look(losses, charge)

    @shared_kernel
    def respond(setting: Any, world: Any, t: int, play: Play, env: Stream) -> Any:
        _check_play(play)
        _, after = look(setting, world, t, play, env)
        return Seen(np.nan, after.revealed, index(play.n_looks)), after

    return respond


@cache
def _full_looks(losses: LossSteps, charge: Any) -> Any:
    flexible = _flexible(losses, charge)

    @shared_kernel
    def respond(setting: Any, world: Any, t: int, play: Play, env: Stream) -> Any:
        _check_play(play)
        if play.n_looks != 0 and play.n_looks != setting.n_actions:
            reason = "looks='full' reveals all actions of a round or none: n_looks must be 0 or {}, got {}"
            raise InvalidAction(reason, t, setting.n_actions, play.n_looks)
        return flexible(setting, world, t, play, env)

    return respond


@cache
def _bandit_looks(losses: LossSteps, charge: Any) -> Any:
    flexible = _flexible(losses, charge)

    @shared_kernel
    def respond(setting: Any, world: Any, t: int, play: Play, env: Stream) -> Any:
        _check_play(play)
        if play.n_looks > 1:
            raise InvalidAction("looks='bandit' reveals only the played action: got n_looks = {}", t, play.n_looks)
        if play.n_looks == 1 and play.looks.size > 0 and play.looks[0] != play.arm:
            reason = "looks='bandit' reveals only the played action {}: got an observation of {}"
            raise InvalidAction(reason, t, play.arm, play.looks[0])
        return flexible(setting, world, t, play, env)

    return respond
