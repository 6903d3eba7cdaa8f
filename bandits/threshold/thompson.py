"""Constrained Thompson sampling: play the best threshold that is feasible in one posterior draw.

In each round, independently for every threshold,

    r ~ N(rhat, 1 / (4 N)),   d ~ N(dhat, R^2 / (4 N)) for parity (R = 2) and the service rate (R = 1),

with N the number of individuals (of an ideal batch) observed plus one. This is the Gaussian posterior for the largest
variance that the range allows and a prior of weight one individual at the middle of the range. The highest r
among the thresholds whose drawn residuals are all <= 0 is played, or the least violation if there is none.
Both residuals of a pair use the same draw, so that they are consistent; pairs of several groups are drawn apart, so
that the drawn differences of three groups need not add up.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.limits import excess
from bandits.core.normal import normal_quantile
from bandits.core.rng import Stream, uniform_pair
from bandits.protocol import Learner, LearnerSteps
from bandits.threshold.batch import Constraints, Outcome
from bandits.threshold.evidence import PARITY_RANGE, SERVICE_RANGE, Evidence, best_feasible, no_evidence, observe
from bandits.threshold.problem import ChosenThreshold, ThresholdGame

_SMALLEST = 2.0**-54  # the uniform 0 becomes half a step


class ThompsonThresholdParams(NamedTuple):
    """G, n, the limits and the posterior's width."""

    n_actions: int
    batch_size: int
    constraints: Constraints
    width: float


class ThompsonThresholdState(NamedTuple):
    """Evidence and the round's draws."""

    evidence: Evidence
    reward: Any  # (G,)
    excess: Any  # (G,)
    normal: Any  # standard normals of one threshold, in pairs


@kernel
def _init(params: ThompsonThresholdParams, rng: Stream) -> ThompsonThresholdState:
    g, m, pairs = params.n_actions, params.constraints.n_constraints, params.constraints.n_parity // 2
    count = 1 + pairs + (m - 2 * pairs) // 2  # the reward, every pair of groups, the service rate
    return ThompsonThresholdState(no_evidence(g, m), np.zeros(g), np.zeros(g), np.zeros((count + 1) // 2 * 2))


@rare_kernel
def normals(rng: Stream, t: int, index: int) -> tuple[float, float]:
    """Return two independent standard normals."""
    first, second = uniform_pair(rng, t, index)
    return normal_quantile(max(first, _SMALLEST)), normal_quantile(max(second, _SMALLEST))


@kernel
def posterior(mean: float, prior: float, seen: float, spread: float, normal: float) -> float:
    """Return a draw around the mean of `seen` individuals and one at the prior; spread is half the range."""
    return (mean * seen + prior) / (seen + 1.0) + spread * normal / math.sqrt(seen + 1.0)


@kernel
def draw_normals(rng: Stream, t: int, first: int, out: Any) -> None:
    """Write standard normals, in pairs from index `first` on."""
    for k in range(out.size // 2):
        out[2 * k], out[2 * k + 1] = normals(rng, t, first + k)


@kernel
def drawn_excess(params: ThompsonThresholdParams, evidence: Evidence, i: int, normal: Any) -> float:
    """Return the violation of threshold i under these standard normals: 0 the reward's, then one per pair, service."""
    limits, seen, worst = params.constraints, evidence.information, 0.0
    for pair in range(limits.n_parity // 2):
        j = 2 * pair
        gap = evidence.residual[i, j] + limits.tolerance if seen[i, j] > 0.0 else 0.0
        gap = posterior(gap, 0.0, seen[i, j], 0.5 * PARITY_RANGE * params.width, normal[1 + pair])
        worst = max(worst, excess(abs(gap), limits.tolerance))
    if limits.n_constraints == limits.n_parity:
        return worst
    j = limits.n_parity + 1
    rate = evidence.residual[i, j] + limits.high if seen[i, j] > 0.0 else 0.0
    rate = posterior(rate, 0.5, seen[i, j], 0.5 * SERVICE_RANGE * params.width, normal[1 + limits.n_parity // 2])
    return worst + (max(0.0, excess(limits.low, rate)) + max(0.0, excess(rate, limits.high)))


@kernel
def _act(params: ThompsonThresholdParams, state: ThompsonThresholdState, t: int, rng: Stream) -> int:
    evidence = state.evidence
    stride = (params.constraints.n_parity // 2 + 3) // 2  # pairs of normals per threshold, service or not
    for i in range(params.n_actions):
        draw_normals(rng, t, i * stride, state.normal)
        seen = float(params.batch_size * evidence.plays[i])
        state.reward[i] = posterior(evidence.reward[i], 0.5, seen, 0.5 * params.width, state.normal[0])
        state.excess[i] = drawn_excess(params, evidence, i, state.normal)
    return best_feasible(state.reward, state.excess)


@kernel
def _update(
    params: ThompsonThresholdParams, state: ThompsonThresholdState, t: int, arm: int, outcome: Outcome, rng: Stream
) -> ThompsonThresholdState:
    observe(state.evidence, arm, outcome)
    return state


@dataclass(frozen=True)
class ConstrainedThompson(Learner):
    """Constrained Thompson sampling; width >= 0 multiplies the posterior's standard deviations."""

    width: float = 1.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (ChosenThreshold,)

    def __post_init__(self) -> None:
        real("width", self.width, low=0.0)

    def parameters(self, problem: ThresholdGame) -> ThompsonThresholdParams:
        """Return what the compiled functions receive."""
        limits, n = problem.constraints, int(problem.batch_size)
        return ThompsonThresholdParams(problem.n_actions, n, limits, float(self.width))
