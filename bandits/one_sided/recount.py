"""The game with its panel's answers counted again: the same objections, another number of votes to make a violation.

The auditors' answers do not depend on how many votes a report takes, so one run shows the violations of its policies
under every threshold s = 1..m: a round counts under s if at least s of the m auditors object to some pair. Only the
game's own threshold was reported and learned from; for a given run the counts fall as s grows.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bandits.core.jit import kernel, rare_kernel
from bandits.core.limits import exceeds
from bandits.core.rng import Stream
from bandits.one_sided.audit import objection
from bandits.one_sided.problem import OneSidedGame, OneSidedSetting, OneSidedWorld, Play
from bandits.protocol import ProblemSteps


class RecountSetting(NamedTuple):
    """The game, and what its auditors would say."""

    game: OneSidedSetting
    swings: Any  # (m, n, n) float64: row s - 1 is the s-th smallest of the auditors' distances


class RecountWorld(NamedTuple):
    """The game's world, and rounds with a violation under each threshold."""

    game: OneSidedWorld
    violations: Any  # (m,) int64


@cache
def _steps(game: ProblemSteps) -> ProblemSteps:
    start, answer, gauge = game.init, game.respond, game.measure

    @kernel
    def init(setting: RecountSetting, env: Stream) -> RecountWorld:
        return RecountWorld(start(setting.game, env), np.zeros(setting.swings.shape[0], np.int64))

    @kernel
    def respond(setting: RecountSetting, world: RecountWorld, t: int, play: Play, env: Stream) -> Any:
        report, after = answer(setting.game, world.game, t, play, env)
        tolerance = setting.game.audits.tolerance
        for s in range(world.violations.size):
            if not exceeds(objection(setting.swings[s], after.people, after.acceptance), tolerance):
                break  # nor do more agree
            world.violations[s] += 1
        return report, RecountWorld(after, world.violations)

    @rare_kernel
    def measure(setting: RecountSetting, world: RecountWorld, n_rounds: int, out: Any) -> None:
        gauge(setting.game, world.game, n_rounds, out)
        own = out.size - world.violations.size
        for s in range(world.violations.size):
            out[own + s] = world.violations[s]

    return ProblemSteps(init, respond, measure)


@dataclass(frozen=True, eq=False)
class RecountedGame(OneSidedGame):
    """A `OneSidedGame` of one panel of m that also measures violations_votes_1 to violations_votes_m."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured numbers: the game's, and the violations under each threshold."""
        members = len(self.panels.panels[0].auditors)
        return (*super().metrics, *(f"violations_votes_{s + 1}" for s in range(members)))

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return ends that a metric cannot leave at the horizon."""
        return super().metric_range("violations" if metric.startswith("violations") else metric, learner)

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions: the game's, with the second count."""
        return _steps(super().steps)

    def setting(self) -> Any:
        """Return what the compiled functions receive; ValueError unless one panel sits."""
        if len(self.panels.panels) != 1:
            raise ValueError(f"panels must be one to be counted again, got {len(self.panels.panels)}")
        auditors = self.panels.panels[0].auditors
        distances = np.stack([auditor.distances(self.people.features) for auditor in auditors])
        return RecountSetting(super().setting(), np.ascontiguousarray(np.sort(distances, axis=0)))
