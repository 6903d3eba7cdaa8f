"""Adversarial losses, a price for every change of action, and what the learner may see.

Cheng, Zhou & Ji, "Understanding the Role of Feedback in Online Learning with Switching Costs"
(ICML 2023), Section 2. In round t the learner plays A_t in {0, ..., K-1} and pays
l_t(A_t) + c 1{A_t != A_{t-1}} (the first action is free); regret is against the best fixed action in
hindsight of that very loss sequence, up to each checkpoint:

    R_n = sum_{t<=n} l_t(A_t) + c sum_{2<=t<=n} 1{A_t != A_{t-1}} - min_i sum_{t<=n} l_t(i).

| feedback              | action | feedback passed to `update`                         |
|-----------------------|--------|-----------------------------------------------------|
| `FullInformation()`   | int    | losses (K,) of the round                            |
| `Bandit()`            | int    | the played action's loss                            |
| `ExtraObservations(B)`| `Play` | `Seen`: own loss, and the losses looked at (<= B)   |
| `TotalBudget(B)`      | `Play` | `Seen`: own loss hidden (nan) unless looked at      |

Looks are chosen before anything of the round is seen, and cost one each; those of one round differ.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import numpy as np

from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.arguments import Checked
from bandits.core.checks import instance, integer, real
from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.rng import Stream
from bandits.core.summation import Sum, empty_sum, plus, value
from bandits.losses import LossProcess, LossSteps
from bandits.protocol import Problem, ProblemSteps

Looks = Literal["flexible", "full", "bandit"]


class BudgetExceeded(InvalidAction):
    """A learner asked for more observations than its budget holds."""


@dataclass(frozen=True)
class FullInformation(Checked):
    """Every action's loss is revealed in every round."""

    kind: ClassVar[str] = "full information"

    def observation_range(self, horizon: int, n_actions: int) -> tuple[int, int]:
        """Return the least and the greatest number of losses that the game can reveal."""
        return horizon * n_actions, horizon * n_actions


@dataclass(frozen=True)
class Bandit(Checked):
    """The played action's loss is revealed."""

    kind: ClassVar[str] = "bandit"

    def observation_range(self, horizon: int, n_actions: int) -> tuple[int, int]:
        """Return the least and the greatest number of losses that the game can reveal."""
        return horizon, horizon


@dataclass(frozen=True)
class ExtraObservations(Checked):
    """Bandit feedback, and `budget` >= 0 further (round, action) looks in all, any actions."""

    budget: int
    kind: ClassVar[str] = "extra observations"

    def __post_init__(self) -> None:
        integer("budget", self.budget, low=0)

    def observation_range(self, horizon: int, n_actions: int) -> tuple[int, int]:
        """Return the least and the greatest number of losses that can be bought."""
        return 0, self.budget


@dataclass(frozen=True)
class TotalBudget(Checked):
    """Nothing is free: `budget` >= 1 looks in all.

    looks: "flexible" (any actions of the round), "full" (all actions of a round or none) or "bandit"
    (the played action only).
    """

    budget: int
    looks: Looks = "flexible"
    kind: ClassVar[str] = "total budget"

    def __post_init__(self) -> None:
        integer("budget", self.budget, low=1)

    def observation_range(self, horizon: int, n_actions: int) -> tuple[int, int]:
        """Return the least and the greatest number of losses that can be bought."""
        return 0, self.budget


Feedback = FullInformation | Bandit | ExtraObservations | TotalBudget


class Play(NamedTuple):
    """An action with looks: the arm to play and the arms whose losses to buy."""

    arm: int
    looks: Any  # (at least n_looks,) int64, different arms; only the first n_looks entries count
    n_looks: int  # 0, ..., K


_check_arm = returns(None, Part("the action", "integer"))
_check_play = returns(Play, Part("arm", "integer"), Part("looks", "integer", 1), Part("n_looks", "integer"))


class Seen(NamedTuple):
    """What was revealed: the played arm's loss (nan if hidden) and the losses looked at, in order."""

    loss: float
    losses: Any  # (K,) float64; only the first n entries count
    n: int


class SwitchingSetting(NamedTuple):
    """What the compiled functions receive."""

    losses: Any
    n_actions: int
    switching_cost: float
    budget: int


class World(NamedTuple):
    """What the game remembers."""

    losses: Any
    last_arm: int
    loss: Sum
    excess: Sum  # of the mean losses over the best arm's
    switches: int
    observations: int
    revealed: Any  # (K,) float64, what the learner is shown
    totals: Any  # (K,) float64, scratch that no learner sees


@dataclass(frozen=True)
class SwitchingCostGame(Problem):
    """A game of `horizon` rounds (1 to 2^56) over a loss process, with `switching_cost` c >= 0.

    Metrics: loss, switches, observations (looks bought; without a budget, losses seen), best_loss,
    regret (switching cost included), and where they are defined pseudo_regret (mean losses, switching
    cost included) and clipped_rounds.
    """

    losses: LossProcess
    horizon: int
    switching_cost: float = 1.0
    feedback: Feedback = field(default_factory=Bandit)

    def __post_init__(self) -> None:
        instance("losses", self.losses, LossProcess, "a loss process such as MultiScaleRandomWalk(n_actions=5)")
        integer("horizon", self.horizon, low=1)
        real("switching_cost", self.switching_cost, low=0.0)
        instance(
            "feedback",
            self.feedback,
            get_args(Feedback),
            "FullInformation(), Bandit(), ExtraObservations(budget) or TotalBudget(budget)",
        )
        self.losses.setting(self.horizon)
        if isinstance(self.feedback, TotalBudget):
            integer("budget", self.feedback.budget, self.n_actions, self.horizon * self.n_actions)

    @property
    def n_actions(self) -> int:
        """Number of actions K."""
        return int(self.losses.n_actions)

    @property
    def budget(self) -> int:
        """Looks that may be bought; 0 where there is no budget."""
        return int(getattr(self.feedback, "budget", 0))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured numbers."""
        names = ["loss", "switches", "observations", "best_loss", "regret"]
        if self.losses.steps.gap:
            names.append("pseudo_regret")
        if self.losses.steps.clipped:
            names.append("clipped_rounds")
        return tuple(names)

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions for this loss process and feedback."""
        kind = type(self.feedback).__name__
        looks = self.feedback.looks if isinstance(self.feedback, TotalBudget) else ""
        return _steps(self.losses.steps, kind, looks)

    def setting(self) -> SwitchingSetting:
        """Return what the compiled functions receive."""
        losses = self.losses.setting(self.horizon)
        return SwitchingSetting(losses, self.n_actions, float(self.switching_cost), self.budget)


@cache
def _steps(losses: LossSteps, kind: str, looks: str) -> ProblemSteps:
    charge = _make_charge(losses)
    makers: dict[str, Callable[..., Any]] = {
        "FullInformation": _make_full,
        "Bandit": _make_bandit,
        "ExtraObservations": _make_extra,
        "TotalBudget": _TOTAL.get(looks, _make_flexible),
    }
    return ProblemSteps(_make_init(losses), makers[kind](losses, charge), _make_measure(losses))


def _make_init(losses: LossSteps) -> Any:
    init_losses = losses.init

    @shared_kernel
    def init(setting: SwitchingSetting, env: Stream) -> World:
        state = init_losses(setting.losses, env)
        n_actions = setting.n_actions
        return World(state, -1, empty_sum(), empty_sum(), 0, 0, np.zeros(n_actions), np.zeros(n_actions))

    return init


@kernel
def _no_gap(setting: Any, state: Any, arm: int) -> float:
    return 0.0


@kernel
def _never_clipped(state: Any) -> int:
    return 0


def _make_charge(losses: LossSteps) -> Any:
    advance, loss_of, gap_of = losses.advance, losses.loss, losses.gap or _no_gap

    @kernel
    def charge(setting: SwitchingSetting, world: World, t: int, arm: int, looks: int, env: Stream) -> Any:
        """Make round t's losses and let the learner pay; return its loss and the world."""
        if arm < 0 or arm >= setting.n_actions:
            raise InvalidAction("the action must be in 0, ..., {}, got {}", t, setting.n_actions - 1, arm)
        state = advance(setting.losses, world.losses, t, env)
        loss = loss_of(setting.losses, state, t, arm)
        gap = gap_of(setting.losses, state, arm)
        switches = world.switches
        if arm != world.last_arm and t > 0:
            switches += 1
        after = World(
            state,
            arm,
            plus(world.loss, loss, t),
            plus(world.excess, gap, t),
            switches,
            world.observations + looks,
            world.revealed,
            world.totals,
        )
        return loss, after

    return charge


def _make_bandit(losses: LossSteps, charge: Any) -> Any:
    @shared_kernel
    def respond(setting: SwitchingSetting, world: World, t: int, arm: int, env: Stream) -> Any:
        _check_arm(arm)
        return charge(setting, world, t, index(arm), 1, env)

    return respond


def _make_full(losses: LossSteps, charge: Any) -> Any:
    row = _make_row(losses)

    @shared_kernel
    def respond(setting: SwitchingSetting, world: World, t: int, arm: int, env: Stream) -> Any:
        _check_arm(arm)
        _, after = charge(setting, world, t, index(arm), setting.n_actions, env)
        return row(setting, after, t), after

    return respond


def _make_row(losses: LossSteps) -> Any:
    """Return (setting, world, t) -> (K,), the losses of round t: where they are, or else copied into `revealed`."""
    loss_of, row_of = losses.loss, losses.row

    @kernel
    def in_place(setting: SwitchingSetting, world: World, t: int) -> Any:
        return row_of(setting.losses, world.losses, t)

    @kernel
    def copied(setting: SwitchingSetting, world: World, t: int) -> Any:
        for i in range(setting.n_actions):
            world.revealed[i] = loss_of(setting.losses, world.losses, t, i)
        return world.revealed

    return in_place if row_of else copied


@rare_kernel
def refuse_repeats(looks: Any, scratch: Any, t: int) -> None:
    """Raise InvalidAction if an action stands twice in looks (n,); scratch (K,) is overwritten."""
    for j in range(looks.size):
        scratch[looks[j]] = j
    for j in range(looks.size):
        if scratch[looks[j]] != j:
            raise InvalidAction("looks must hold different actions, got {} twice", t, index(looks[j]))


def _make_look(losses: LossSteps, charge: Any) -> Any:
    loss_of = losses.loss

    @kernel
    def look(setting: SwitchingSetting, world: World, t: int, play: Play, env: Stream) -> Any:
        n_looks = index(play.n_looks)
        if n_looks < 0 or n_looks > min(setting.n_actions, play.looks.size):
            reason = "n_looks must be in 0, ..., {}, the number of actions and at most the length of looks {}, got {}"
            raise InvalidAction(reason, t, setting.n_actions, play.looks.size, n_looks)
        if world.observations + n_looks > setting.budget:
            reason = "n_looks = {} asks for more observations than its budget holds: {} of {} are left"
            raise BudgetExceeded(reason, t, n_looks, setting.budget - world.observations, setting.budget)
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


def _make_extra(losses: LossSteps, charge: Any) -> Any:
    look = _make_look(losses, charge)

    @shared_kernel
    def respond(setting: SwitchingSetting, world: World, t: int, play: Play, env: Stream) -> Any:
        _check_play(play)
        loss, after = look(setting, world, t, play, env)
        return Seen(loss, after.revealed, index(play.n_looks)), after

    return respond


def _make_flexible(losses: LossSteps, charge: Any) -> Any:
    look = _make_look(losses, charge)

    @shared_kernel
    def respond(setting: SwitchingSetting, world: World, t: int, play: Play, env: Stream) -> Any:
        _check_play(play)
        _, after = look(setting, world, t, play, env)
        return Seen(np.nan, after.revealed, index(play.n_looks)), after

    return respond


def _make_full_looks(losses: LossSteps, charge: Any) -> Any:
    flexible = _make_flexible(losses, charge)

    @shared_kernel
    def respond(setting: SwitchingSetting, world: World, t: int, play: Play, env: Stream) -> Any:
        _check_play(play)
        if play.n_looks != 0 and play.n_looks != setting.n_actions:
            reason = "looks='full' reveals all actions of a round or none: n_looks must be 0 or {}, got {}"
            raise InvalidAction(reason, t, setting.n_actions, play.n_looks)
        return flexible(setting, world, t, play, env)

    return respond


def _make_bandit_looks(losses: LossSteps, charge: Any) -> Any:
    flexible = _make_flexible(losses, charge)

    @shared_kernel
    def respond(setting: SwitchingSetting, world: World, t: int, play: Play, env: Stream) -> Any:
        _check_play(play)
        if play.n_looks > 1:
            raise InvalidAction("looks='bandit' reveals only the played action: got n_looks = {}", t, play.n_looks)
        if play.n_looks == 1 and play.looks.size > 0 and play.looks[0] != play.arm:
            reason = "looks='bandit' reveals only the played action {}: got a look at {}"
            raise InvalidAction(reason, t, play.arm, play.looks[0])
        return flexible(setting, world, t, play, env)

    return respond


_TOTAL = {"flexible": _make_flexible, "full": _make_full_looks, "bandit": _make_bandit_looks}


def _make_measure(losses: LossSteps) -> Any:
    totals, clipped_of = losses.totals, losses.clipped or _never_clipped
    has_gap, has_clipped = losses.gap is not None, losses.clipped is not None

    @rare_kernel
    def measure(setting: SwitchingSetting, world: World, n_rounds: int, out: Any) -> None:
        totals(setting.losses, world.losses, n_rounds, world.totals)
        paid = setting.switching_cost * world.switches
        best = world.totals[0]
        for arm in range(1, setting.n_actions):
            best = min(best, world.totals[arm])
        out[0] = value(world.loss)
        out[1] = world.switches
        out[2] = world.observations
        out[3] = best
        out[4] = out[0] + paid - best
        if has_gap:
            out[5] = value(world.excess) + paid
        if has_clipped:
            out[out.size - 1] = clipped_of(world.losses)

    return measure
