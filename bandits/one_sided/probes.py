"""Probes of a one-sided game, for `bandits.combine.observed`: terms of the analysis, and other vote thresholds."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.combine import Probe, ProbeSteps
from bandits.core.jit import kernel, rare_kernel
from bandits.core.limits import exceeds
from bandits.core.summation import least
from bandits.one_sided.audit import objection
from bandits.one_sided.play import Play
from bandits.one_sided.problem import OneSidedGame, OneSidedSetting, OneSidedWorld, Report
from bandits.one_sided.reduction import estimate_losses

# ---------------------------------------------------------------- the analysis of exponential weights


class Moments(NamedTuple):
    """Sums over the rounds."""

    estimate: Any  # (N,) float64 scratch: the round's g
    total: Any  # (N,) float64, sum of g
    sums: Any  # (3,) float64: sums of <p, X^2>, <p, g^2>, <p, g>


class MomentMetrics(NamedTuple):
    """Both sides of the inequality behind the bounds of exponential weights."""

    labels_moment: float
    second_moment: float
    estimated_regret: float


@kernel
def _no_moments(setting: OneSidedSetting, own: Any) -> Moments:
    size = setting.table.shape[1]
    return Moments(np.zeros(size), np.zeros(size), np.zeros(3))


@kernel
def add_moments(
    setting: OneSidedSetting, own: Any, kept: Moments, world: OneSidedWorld, t: int, play: Play, report: Report
) -> Moments:
    """Add a round's moments; at C = 0 g equals X, and a report adds an amount in [0, 2 C]."""
    if play.atoms.size > 0 or play.tasting > 0.0:  # the play is not the law of these estimates
        kept.sums[:] = np.nan
        return kept
    table = setting.table
    estimate_losses(table, report, play.price, kept.estimate)
    for h in range(kept.estimate.size):
        p = play.weight[h] / play.total
        g = kept.estimate[h]
        x = g
        if report.first >= 0:
            gap = float(table[report.cells[report.first], h]) - float(table[report.cells[report.second], h])
            x -= play.price * (1.0 + gap)
        kept.total[h] += g
        kept.sums[0] += p * x * x
        kept.sums[1] += p * g * g
        kept.sums[2] += p * g
    return kept


@rare_kernel
def _measure_moments(
    setting: OneSidedSetting, own: Any, kept: Moments, world: OneSidedWorld, n_rounds: int
) -> MomentMetrics:
    return MomentMetrics(kept.sums[0], kept.sums[1], kept.sums[2] - least(kept.total))


@dataclass(frozen=True)
class Exp2Analysis(Probe):
    """The terms in the analysis of exponential weights, on the learner's own estimates g of (R2) in every round.

    Measures labels_moment = sum <p, X^2>, X the part of g that is about labels, second_moment = sum <p, g^2>, and
    estimated_regret = sum <p, g> - min_h sum g(h), so that on each path, at every checkpoint

        estimated_regret <= ln N / eta + (eta / 2) second_moment,
        estimated_regret <= ln N / eta + eta labels_moment + eta C^2 reports

    (`theory.one_sided`). For learners that weigh the whole class (`Exp2OneSided`); for others the moments
    are nan. ValueError for a class that is too large to list.
    """

    steps: ClassVar[ProbeSteps] = ProbeSteps(_no_moments, add_moments, _measure_moments)
    undefined: ClassVar[tuple[str, ...]] = MomentMetrics._fields

    def metrics(self, problem: OneSidedGame) -> tuple[str, ...]:
        """Return the names of the three terms."""
        return MomentMetrics._fields

    def setting(self, problem: OneSidedGame) -> None:
        """Return None; ValueError if the class is too large to list."""
        if problem.table.size == 0:
            raise ValueError(f"hypotheses must be a class that can be listed, got {problem.n_hypotheses} hypotheses")


# ---------------------------------------------------------------- other thresholds for a violation


class Thresholds(NamedTuple):
    """The auditors' distances, sorted per pair."""

    swings: Any  # (m, n, n) float64: row s - 1 is the s-th smallest of the auditors' distances


class VoteMetrics(NamedTuple):
    """Rounds with a violation under each threshold."""

    violations_votes: Any  # (m,) int64, entry s - 1 for threshold s


@kernel
def _no_violations(setting: OneSidedSetting, own: Thresholds) -> VoteMetrics:
    return VoteMetrics(np.zeros(own.swings.shape[0], np.int64))


@kernel
def _count_votes(
    setting: OneSidedSetting, own: Thresholds, kept: VoteMetrics, world: OneSidedWorld, t: int, play: Any, report: Any
) -> VoteMetrics:
    for s in range(kept.violations_votes.size):
        if not exceeds(objection(own.swings[s], world.people, world.acceptance), setting.audits.tolerance):
            break  # larger thresholds have no violation either
        kept.violations_votes[s] += 1
    return kept


@rare_kernel
def _measure_votes(
    setting: OneSidedSetting, own: Thresholds, kept: VoteMetrics, world: OneSidedWorld, n_rounds: int
) -> VoteMetrics:
    return kept


@dataclass(frozen=True)
class ViolationsByVotes(Probe):
    """Violations under every number of votes s = 1, ..., m: the metrics violations_votes_1 to violations_votes_m.

    A round counts under s if at least s of the m auditors object to some pair. Objections do not depend on the
    threshold, so one run gives the violations of its policies under every s; the learner observes only reports under
    the threshold of the game. On a given run the counts are non-increasing in s. ValueError unless there is one panel.
    """

    steps: ClassVar[ProbeSteps] = ProbeSteps(_no_violations, _count_votes, _measure_votes)

    def metrics(self, problem: OneSidedGame) -> tuple[str, ...]:
        """Return one name per threshold."""
        return tuple(f"violations_votes_{s + 1}" for s in range(len(problem.panels.panels[0].auditors)))

    def metric_range(self, problem: OneSidedGame, metric: str, learner: Any) -> tuple[float, float]:
        """Return 0 and the horizon."""
        return problem.metric_range("violations", learner)

    def setting(self, problem: OneSidedGame) -> Thresholds:
        """Return the auditors' distances, sorted."""
        if len(problem.panels.panels) != 1:
            raise ValueError(f"panels must be one panel to count its votes, got {len(problem.panels.panels)}")
        auditors = problem.panels.panels[0].auditors
        distances = np.stack([auditor.distances(problem.people.features) for auditor in auditors])
        return Thresholds(np.ascontiguousarray(np.sort(distances, axis=0)))
