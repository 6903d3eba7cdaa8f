"""A one-sided game that holds two numbers of the same path against each other, for theorems about every path.

Such a theorem bounds one number of a path by another one, as violations by the gaps that were reported. What is
measured here is the first less what the theorem makes of the second, whose field is 0 in turn: the theorem then says
that the excess is at most 0.

* violations: V - G / (C epsilon), G the Lagrangian regret beyond the error regret (Lemma 3.3).
* lagrangian_regret: less twice the regret of the reduced problem, in which predicting 1 costs 1 - y, predicting 0 costs
  1/2, and C copies of the reported people carry the labels 0 and 1 (Theorem 3.1; 2 (2 k + 4 C) R_A, as R_A is that
  regret over 2 k + 4 C). The two are equal, so what is left is rounding.
* miscounted_votes: pairs on which the auditors' objections, counted one by one, and the swing auditor disagree (B.1).
* acceptance_error: the largest |pi^(x) - pi(x)| of a round so far, pi the law of a leader (Lemma D.4). It is known
  where one kind that is always good meets the two hypotheses, one arrival a round, and C = 0: its risk falls by 1/2 a
  round, the noise is two Laplace variables of rate w, so pi_t = 1 - exp(-u) (1 + u / 2) / 2 with u = w t / 2.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bandits.core.jit import kernel, rare_kernel
from bandits.core.limits import exceeds
from bandits.core.rng import Stream
from bandits.one_sided.problem import OneSidedGame, OneSidedSetting, OneSidedWorld, Play
from bandits.protocol import ProblemSteps


class PathSetting(NamedTuple):
    """The game, and what its theorems ask for besides."""

    game: OneSidedSetting
    distances: Any  # (m, n, n) of the panel's auditors
    votes: int
    price: float
    slack: float
    perturbation: float


class PathWorld(NamedTuple):
    """The game's world, and the reduced problem's regret, the miscounted pairs and the largest error of acceptance."""

    game: OneSidedWorld
    kept: Any  # (3,) float64


@kernel
def reduced_regret(setting: PathSetting, world: OneSidedWorld, first: int, second: int) -> float:
    """Return the round's <a, l> of the policy less that of the strict benchmark, synthetic people included."""
    total = 0.0
    for i in range(world.cells.size):
        more = world.acceptance[i] - setting.game.fair[0, world.cells[i]]
        total += more * ((1.0 - world.labels[i]) - 0.5)
        if i == first:
            total += setting.price * more * (1.0 - 0.5)
        if i == second:
            total += setting.price * more * (0.0 - 0.5)
    return total


@kernel
def miscounted(setting: PathSetting, world: OneSidedWorld) -> int:
    """Return the number of ordered pairs of the round on which the votes and the swing auditor disagree."""
    wrong = 0
    tolerance = setting.game.audits.tolerance
    for i in range(world.people.size):
        for j in range(world.people.size):
            if i != j:
                gap = world.audited[i] - world.audited[j]
                votes = 0
                for auditor in range(setting.distances.shape[0]):
                    if exceeds(gap - setting.distances[auditor, world.people[i], world.people[j]], tolerance):
                        votes += 1
                swing = gap - setting.game.audits.swings[0, world.people[i], world.people[j]]
                if (votes >= setting.votes) != exceeds(swing, tolerance):
                    wrong += 1
    return wrong


@kernel
def leaders_law(perturbation: float, t: int) -> float:
    """Return the chance that a leader of round t (from 0) accepts the kind that is always good."""
    u = perturbation * t / 2.0
    return 1.0 - 0.5 * math.exp(-u) * (1.0 + 0.5 * u)


@rare_kernel
def _measure(setting: PathSetting, world: PathWorld, n_rounds: int, out: Any) -> None:
    sums = world.game.sums
    lagrangian = sums[4, 0] + sums[4, 1]
    paid = lagrangian - (sums[1, 0] + sums[1, 1])
    worth = setting.price * setting.slack
    out[0] = world.game.counts[1] - (paid / worth if worth > 0.0 else 0.0)
    out[1] = lagrangian - 2.0 * world.kept[0]
    out[2] = world.kept[1]
    out[3] = world.kept[2]


@cache
def _steps(game: ProblemSteps) -> ProblemSteps:
    start, answer = game.init, game.respond

    @kernel
    def init(setting: PathSetting, env: Stream) -> PathWorld:
        return PathWorld(start(setting.game, env), np.zeros(3))

    @kernel
    def respond(setting: PathSetting, world: PathWorld, t: int, play: Play, env: Stream) -> Any:
        report, after = answer(setting.game, world.game, t, play, env)
        world.kept[0] += reduced_regret(setting, after, report.first, report.second)
        world.kept[1] += miscounted(setting, after)
        if setting.perturbation > 0.0:
            away = abs(after.acceptance[0] - leaders_law(setting.perturbation, t))
            world.kept[2] = max(world.kept[2], away)
        return report, PathWorld(after, world.kept)

    return ProblemSteps(init, respond, _measure)


@dataclass(frozen=True, eq=False)
class ExcessOnPaths(OneSidedGame):
    """A game of one panel that measures excesses (module docstring).

    price: C >= 0, which must be the learner's.  perturbation: w > 0 of the leaders where their law is known, else 0.
    failure_probability: of Lemma D.4.  reported_gaps and semi_bandit_regret are 0: they are in what is measured.
    """

    price: float = 0.0
    perturbation: float = 0.0
    failure_probability: float = 0.05
    reported_gaps: float = 0.0
    semi_bandit_regret: float = 0.0

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured excesses."""
        return ("violations", "lagrangian_regret", "miscounted_votes", "acceptance_error")

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions: the game's, with what is kept of each round."""
        return _steps(super().steps)

    def setting(self) -> Any:
        """Return what the compiled functions receive; ValueError unless one panel sits."""
        if len(self.panels.panels) != 1:
            raise ValueError(f"panels must be one, got {len(self.panels.panels)}")
        panel = self.panels.panels[0]
        distances = np.stack([auditor.distances(self.people.features) for auditor in panel.auditors])
        price, perturbation = float(self.price), float(self.perturbation)
        return PathSetting(super().setting(), distances, panel.votes, price, float(self.slack or 0.0), perturbation)
