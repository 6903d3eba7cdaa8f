"""The switching-cost game: adversarial losses, a cost for every change of action, and several kinds of feedback.

Cheng, Zhou & Ji, "Understanding the Role of Feedback in Online Learning with Switching Costs"
(ICML 2023), Section 2. In round t the learner plays A_t in {0, ..., K-1} and pays
l_t(A_t) + c 1{A_t != A_{t-1}} (the first action is free); regret is against the best fixed action in
hindsight on the same loss sequence, up to each checkpoint:

    R_n = sum_{t<=n} l_t(A_t) + c sum_{2<=t<=n} 1{A_t != A_{t-1}} - min_i sum_{t<=n} l_t(i).

| feedback              | action | feedback passed to `update`                         |
|-----------------------|--------|-----------------------------------------------------|
| `FullInformation()`   | int    | losses (K,) of the round                            |
| `Bandit()`            | int    | the played action's loss                            |
| `ExtraObservations(B)`| `Play` | `Seen`: own loss, and the losses bought (<= B)      |
| `TotalBudget(B)`      | `Play` | `Seen`: own loss hidden (nan) unless bought         |

The observations of a round are chosen before it, of different actions; each counts one towards the budget.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from bandits.core.actions import InvalidAction
from bandits.core.checks import instance, integer, real
from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.lanes import any_lane, in_lanes, own, own_array
from bandits.core.rng import Stream
from bandits.core.summation import Sum, least, own_sum, plus, value
from bandits.losses import LossProcess, LossSteps
from bandits.protocol import ProblemSteps, RoundProblem
from bandits.switching.feedback import Bandit, Feedback, TotalBudget
from bandits.switching.feedback import Play as Play


class SwitchingSetting(NamedTuple):
    """What the compiled functions receive."""

    losses: Any
    n_actions: int
    switching_cost: float
    feedback: Any


class World(NamedTuple):
    """State of the game."""

    losses: Any
    last_arm: int
    loss: Sum
    excess: Sum  # of the mean losses over the best arm's
    switches: int
    observations: int
    revealed: Any  # (K,) float64, losses revealed to the learner
    totals: Any  # (K,) float64, scratch not revealed to learners


@dataclass(frozen=True)
class SwitchingCostGame(RoundProblem):
    """A game of `horizon` rounds (1 to 2^56) over a loss process, with `switching_cost` c >= 0.

    Metrics: loss, switches, observations (bought; without a budget, losses seen), best_loss,
    regret (switching cost included), and where they are defined pseudo_regret (mean losses, switching
    cost included), where the means change instead of it dynamic_regret (mean losses above the least mean of
    each round, switching cost included), and clipped_rounds.
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
            Feedback,
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
        """Observations that may be bought; 0 where there is no budget."""
        return int(getattr(self.feedback, "budget", 0))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured numbers."""
        names = list(Metrics._fields[:5])
        if self.losses.steps.gap:
            names.append("dynamic_regret" if self.losses.steps.moving else "pseudo_regret")
        if self.losses.steps.clipped:
            names.append("clipped_rounds")
        return tuple(names)

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions for this loss process and feedback."""
        return _steps(self.losses.steps, self.feedback)

    def payoff(self, metrics: Mapping[str, float]) -> float:
        """Return minus what was paid, switches included."""
        return -metrics["loss"] - self.switching_cost * metrics["switches"]

    def setting(self) -> SwitchingSetting:
        """Return what the compiled functions receive."""
        losses = self.losses.setting(self.horizon)
        feedback = self.feedback.setting(self.n_actions)
        return SwitchingSetting(losses, self.n_actions, float(self.switching_cost), feedback)


@cache
def _steps(losses: LossSteps, feedback: Feedback) -> ProblemSteps:
    return ProblemSteps(_make_init(losses), feedback.respond(losses, _make_charge(losses)), _make_measure(losses))


@cache
def _make_init(losses: LossSteps) -> Any:
    init_losses = losses.init

    @in_lanes(parts=[init_losses])
    @shared_kernel
    def init(setting: SwitchingSetting, env: Stream) -> World:
        state, n = init_losses(setting.losses, env), setting.n_actions
        room = own_array(n, 0.0, env), own_array(n, 0.0, env)
        return World(state, own(-1, env), own_sum(env), own_sum(env), own(0, env), own(0, env), *room)

    return init


@in_lanes()
@kernel
def _no_gap(setting: Any, state: Any, arm: int) -> float:
    return 0.0


@cache
def _make_charge(losses: LossSteps) -> Any:
    steps = losses.advance, losses.loss, losses.gap or _no_gap
    paying = _make_paying(*steps)

    @kernel
    def charge(setting: SwitchingSetting, world: World, t: int, arm: int, n_observed: int, env: Stream) -> Any:
        """Generate the losses of round t and charge the learner; return its loss and the new state."""
        if arm < 0 or arm >= setting.n_actions:
            raise InvalidAction("the action must be in 0, ..., {}, got {}", t, setting.n_actions - 1, arm)
        return paying(setting, world, t, arm, n_observed, env)

    @in_lanes(of=charge, parts=steps)
    @kernel
    def lanes(setting: SwitchingSetting, world: World, t: int, arm: Any, n_observed: int, env: Stream) -> Any:
        if any_lane((arm < 0) | (arm >= setting.n_actions)):
            raise InvalidAction("the action must be in 0, ..., {}, got another", t, setting.n_actions - 1)
        return paying(setting, world, t, arm, n_observed, env)

    return charge


def _make_paying(advance: Any, loss_of: Any, gap_of: Any) -> Any:
    @kernel
    def paying(setting: SwitchingSetting, world: World, t: int, arm: Any, n_observed: int, env: Stream) -> Any:
        state = advance(setting.losses, world.losses, t, env)
        loss = loss_of(setting.losses, state, t, arm)
        gap = gap_of(setting.losses, state, arm)
        after = World(
            state,
            arm,
            plus(world.loss, loss, t),
            plus(world.excess, gap, t),
            world.switches + ((arm != world.last_arm) & (t > 0)),
            world.observations + n_observed,
            world.revealed,
            world.totals,
        )
        return loss, after

    return paying


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    loss: float
    switches: int
    observations: int
    best_loss: float
    regret: float
    pseudo_regret: Any  # float, or None where gaps are unknown or change
    dynamic_regret: Any  # float, or None where gaps are unknown or constant
    clipped_rounds: Any  # int, or None without clipping


@cache
def _make_measure(losses: LossSteps) -> Any:
    totals, clipped_of = losses.totals, losses.clipped or _no_clipping
    pseudo_regret = _no_regret_of_means if losses.gap is None or losses.moving else _regret_of_means
    dynamic_regret = _regret_of_means if losses.moving else _no_regret_of_means

    @rare_kernel
    def measure(setting: SwitchingSetting, world: World, n_rounds: int) -> Metrics:
        totals(setting.losses, world.losses, n_rounds, world.totals)
        loss, best = value(world.loss), least(world.totals)
        paid = setting.switching_cost * world.switches
        regret = loss + paid - best
        pseudo, dynamic = pseudo_regret(world, paid), dynamic_regret(world, paid)
        clipped = clipped_of(world.losses)
        return Metrics(loss, world.switches, world.observations, best, regret, pseudo, dynamic, clipped)

    return measure


@kernel
def _regret_of_means(world: World, paid: float) -> float:
    return value(world.excess) + paid


@kernel
def _no_regret_of_means(world: World, paid: float) -> None:
    return None


@kernel
def _no_clipping(state: Any) -> None:
    return None
