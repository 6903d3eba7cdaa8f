"""Excesses: for theorems about every path, the left side of the inequality less the right side, as a metric.

Such a theorem bounds one number of a path by another one of the same path, for example violations by the gaps that were
reported. `Excesses` measures the difference of the two sides, which the theorem says is at most 0.

* violations_excess: V - G / (C epsilon), G the Lagrangian regret beyond the error regret (Lemma 3.3).
* lagrangian_excess: Lagrangian regret less twice the regret of the reduced problem, in which predicting 1 costs 1 - y,
  predicting 0 costs 1/2, and C copies of the reported individuals carry the labels 0 and 1 (Theorem 3.1;
  2 (2 k + 4 C) R_A, as R_A is that regret over 2 k + 4 C). The two are equal, so what is left is rounding.
* miscounted_votes: pairs on which the auditors' objections, counted one by one, and the swing auditor disagree (B.1).
* acceptance_error: the largest |pi^(x) - pi(x)| of a round so far, pi the law of a leader (Lemma D.4). It is known
  with one kind that is always good, two hypotheses, one arrival per round, and C = 0: its risk falls by 1/2
  per round, the noise is two Laplace variables of rate w, so pi_t = 1 - exp(-u) (1 + u / 2) / 2 with u = w t / 2.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.combine import Probe, ProbeSteps
from bandits.core.checks import real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.limits import exceeds
from bandits.core.stateless import Stateless, no_state
from bandits.one_sided.problem import OneSidedGame, OneSidedSetting, OneSidedWorld


class ExcessSetting(NamedTuple):
    """Numbers of the theorems that are not in the game's own setting."""

    distances: Any  # (m, n, n) of the panel's auditors
    votes: int
    price: float
    slack: float
    perturbation: float


class Kept(NamedTuple):
    """The reduced problem's regret, the miscounted pairs and the largest error of acceptance."""

    sums: Any  # (3,) float64


class ExcessMetrics(NamedTuple):
    """The four excesses of the module."""

    violations_excess: float
    lagrangian_excess: float
    miscounted_votes: float
    acceptance_error: float


@kernel
def reduced_regret(
    setting: OneSidedSetting, own: ExcessSetting, world: OneSidedWorld, first: int, second: int
) -> float:
    """Return the round's <a, l> of the policy less that of the strict benchmark, synthetic individuals included."""
    total = 0.0
    for i in range(world.cells.size):
        more = world.acceptance[i] - setting.fair[0, world.cells[i]]
        total += more * ((1.0 - world.labels[i]) - 0.5)
        if i == first:
            total += own.price * more * (1.0 - 0.5)
        if i == second:
            total += own.price * more * (0.0 - 0.5)
    return total


@kernel
def miscounted(setting: OneSidedSetting, own: ExcessSetting, world: OneSidedWorld) -> int:
    """Return the number of ordered pairs of the round on which the votes and the swing auditor disagree."""
    wrong = 0
    tolerance = setting.audits.tolerance
    for i in range(world.people.size):
        for j in range(world.people.size):
            if i != j:
                gap = world.audited[i] - world.audited[j]
                votes = 0
                for auditor in range(own.distances.shape[0]):
                    if exceeds(gap - own.distances[auditor, world.people[i], world.people[j]], tolerance):
                        votes += 1
                swing = gap - setting.audits.swings[0, world.people[i], world.people[j]]
                if (votes >= own.votes) != exceeds(swing, tolerance):
                    wrong += 1
    return wrong


@kernel
def leaders_law(perturbation: float, t: int) -> float:
    """Return the chance that a leader of round t (from 0) accepts the kind that is always good."""
    u = perturbation * t / 2.0
    return 1.0 - 0.5 * math.exp(-u) * (1.0 + 0.5 * u)


@kernel
def _init(setting: OneSidedSetting, own: ExcessSetting) -> Kept:
    return Kept(np.zeros(3))


@kernel
def _update(
    setting: OneSidedSetting, own: ExcessSetting, kept: Kept, world: OneSidedWorld, t: int, play: Any, report: Any
) -> Kept:
    kept.sums[0] += reduced_regret(setting, own, world, report.first, report.second)
    kept.sums[1] += miscounted(setting, own, world)
    if own.perturbation > 0.0:
        kept.sums[2] = max(kept.sums[2], abs(world.acceptance[0] - leaders_law(own.perturbation, t)))
    return kept


@rare_kernel
def _measure(
    setting: OneSidedSetting, own: ExcessSetting, kept: Kept, world: OneSidedWorld, n_rounds: int
) -> ExcessMetrics:
    sums = world.sums
    lagrangian = sums[4, 0] + sums[4, 1]
    paid = lagrangian - (sums[1, 0] + sums[1, 1])
    worth = own.price * own.slack
    violations = world.counts[1] - (paid / worth if worth > 0.0 else 0.0)
    return ExcessMetrics(violations, lagrangian - 2.0 * kept.sums[0], kept.sums[1], kept.sums[2])


@dataclass(frozen=True)
class Excesses(Probe):
    """The excesses of a game with one panel (see the module), for `bandits.combine.observed`.

    price: C >= 0, which must be the learner's.  perturbation: w > 0 of the leaders where their law is known, else 0.
    """

    price: float = 0.0
    perturbation: float = 0.0
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init, _update, _measure)

    def __post_init__(self) -> None:
        real("price", self.price, low=0.0)
        real("perturbation", self.perturbation, low=0.0)

    def metrics(self, problem: OneSidedGame) -> tuple[str, ...]:
        """Return the names of the excesses."""
        return ExcessMetrics._fields

    def setting(self, problem: OneSidedGame) -> ExcessSetting:
        """Return the panel and the parameters; ValueError unless one panel sits."""
        if len(problem.panels.panels) != 1:
            raise ValueError(f"panels must be one, got {len(problem.panels.panels)}")
        panel = problem.panels.panels[0]
        distances = np.stack([auditor.distances(problem.people.features) for auditor in panel.auditors])
        slack = float(problem.slack or 0.0)
        return ExcessSetting(distances, panel.votes, float(self.price), slack, float(self.perturbation))


# ---------------------------------------------------------------- regret and violations together


class JointSetting(NamedTuple):
    """The cost of a violation."""

    worth: float


class JointMetrics(NamedTuple):
    """Error regret plus what the violations cost."""

    regret_and_violations: float


@kernel
def _unchanged(
    setting: OneSidedSetting, own: JointSetting, kept: Stateless, world: OneSidedWorld, t: int, play: Any, report: Any
) -> Stateless:
    return kept


@rare_kernel
def _joint(
    setting: OneSidedSetting, own: JointSetting, kept: Stateless, world: OneSidedWorld, n_rounds: int
) -> JointMetrics:
    return JointMetrics(world.sums[1, 0] + world.sums[1, 1] + own.worth * world.counts[1])


@dataclass(frozen=True)
class JointCost(Probe):
    """Error regret and C (epsilon - eta C) per violation, for `bandits.combine.observed`.

    price: C >= 0.  learning_rate: eta > 0.  The theorem asks for the learner's own.
    """

    price: float
    learning_rate: float
    steps: ClassVar[ProbeSteps] = ProbeSteps(no_state, _unchanged, _joint)

    def __post_init__(self) -> None:
        real("price", self.price, low=0.0)
        real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def metrics(self, problem: OneSidedGame) -> tuple[str, ...]:
        """Return the name of the sum."""
        return JointMetrics._fields

    def setting(self, problem: OneSidedGame) -> JointSetting:
        """Return what a violation costs."""
        slack = float(problem.slack or 0.0)
        return JointSetting(float(self.price) * (slack - float(self.learning_rate) * float(self.price)))

    def metric_range(self, problem: OneSidedGame, metric: str, learner: Any) -> tuple[float, float]:
        """Return the range of the error regret, and what between 0 and T violations cost."""
        low, high = problem.metric_range("error_regret", learner)
        worth = self.setting(problem).worth * problem.horizon
        return low + min(0.0, worth), high + max(0.0, worth)
