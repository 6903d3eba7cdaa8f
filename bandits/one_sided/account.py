"""The game with a second account: what exponential weights were charged by their own estimates, round by round.

For a learner whose plays are weights on the whole class, with the estimates g of (R2), the game keeps

    labels_moment     sum <p, X^2>, X the part of g that is about labels,
    second_moment     sum <p, g^2>,
    estimated_regret  sum <p, g> - min_h sum g(h),

so that both sides of the inequality behind its bounds can be seen on each path, at every checkpoint:

    estimated_regret <= ln N / eta + (eta / 2) second_moment,
    estimated_regret <= ln N / eta + eta labels_moment + eta C^2 reports

(`theory.one_sided.bounds`, `theory.one_sided.lagrangian`). The learner is told nothing more, so it plays as it would in
the `OneSidedGame`; only those who ask for this game pay for the account.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream
from bandits.one_sided.problem import OneSidedGame, OneSidedSetting, OneSidedWorld, Play, Report
from bandits.one_sided.reduction import estimate_losses
from bandits.protocol import ProblemSteps


class AccountedWorld(NamedTuple):
    """The game's world, and the account."""

    game: OneSidedWorld
    estimate: Any  # (N,) float64 scratch: the round's g
    total: Any  # (N,) float64, sum of g
    sums: Any  # (3,) float64: sums of <p, X^2>, <p, g^2>, <p, g>


@kernel
def book(table: Any, play: Play, report: Report, world: AccountedWorld) -> None:
    """Add a round to the account; without a price g is X, and what a report adds to it is in [0, 2 C]."""
    if play.atoms.size > 0 or play.tasting > 0.0:  # not the law of these estimates
        world.sums[0] = np.nan
        world.sums[1] = np.nan
        world.sums[2] = np.nan
        return
    estimate_losses(table, report, play.price, world.estimate)
    for h in range(world.estimate.size):
        p = play.weight[h] / play.total
        g = world.estimate[h]
        x = g
        if report.first >= 0:
            gap = float(table[report.cells[report.first], h]) - float(table[report.cells[report.second], h])
            x -= play.price * (1.0 + gap)
        world.total[h] += g
        world.sums[0] += p * x * x
        world.sums[1] += p * g * g
        world.sums[2] += p * g


@cache
def _steps(game: ProblemSteps) -> ProblemSteps:
    start, answer, gauge = game.init, game.respond, game.measure

    @kernel
    def init(setting: OneSidedSetting, env: Stream) -> AccountedWorld:
        size = setting.table.shape[1]
        return AccountedWorld(start(setting, env), np.zeros(size), np.zeros(size), np.zeros(3))

    @kernel
    def respond(setting: OneSidedSetting, world: AccountedWorld, t: int, play: Play, env: Stream) -> Any:
        report, after = answer(setting, world.game, t, play, env)
        book(setting.table, play, report, world)
        return report, AccountedWorld(after, world.estimate, world.total, world.sums)

    @rare_kernel
    def measure(setting: OneSidedSetting, world: AccountedWorld, n_rounds: int, out: Any) -> None:
        gauge(setting, world.game, n_rounds, out)
        least = world.total[0]
        for h in range(1, world.total.size):
            least = min(least, world.total[h])
        own = out.size - 3
        out[own] = world.sums[0]
        out[own + 1] = world.sums[1]
        out[own + 2] = world.sums[2] - least

    return ProblemSteps(init, respond, measure)


@dataclass(frozen=True, eq=False)
class AccountedGame(OneSidedGame):
    """A `OneSidedGame` that also measures labels_moment, second_moment and estimated_regret (module docstring).

    For learners that weigh the whole class (`Exp2OneSided`); for the plays of others the account is nan.
    """

    undefined: ClassVar[tuple[str, ...]] = ("labels_moment", "second_moment", "estimated_regret")

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured numbers: the game's, and the account's."""
        return (*super().metrics, *self.undefined)

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return the range of a metric of the game; ValueError for the account's, which has none."""
        if metric in self.metrics[-3:]:
            raise ValueError(f"no proven range of {metric!r}: 1 / q may be anything")
        return super().metric_range(metric, learner)

    def setting(self) -> OneSidedSetting:
        """Return what the compiled functions receive; ValueError if the class is too large to list."""
        if self.table.size == 0:
            raise ValueError(f"an account needs a class that can be listed, got {self.n_hypotheses} hypotheses")
        return super().setting()

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions: the game's, with the account."""
        return _steps(super().steps)
