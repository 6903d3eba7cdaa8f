"""Means and confidence radii per threshold, shared by the learners of this family.

With k plays of a threshold, N = n k individuals for the reward and N_j = sum of the information for residual j,

    radius of the reward      width sqrt(L / (2 n k)),
    radius of residual j      width R_j S sqrt(L / (2 N_j)),      L = ln(2 G (m + 1) T / delta_0),

R = 2 for parity and 1 for service; residuals are averaged with their information as weights, which
minimises the variance; each pair of groups has information of its own. A radius without evidence is infinite.
S = cosh(ln(n T) / (4 T)), 1 + O((ln T / T)^2), accounts for the randomness of N_j (group sizes); proof in
`theory.threshold.bounds`. `width` 1 is the theorem's.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from bandits.core.jit import kernel
from bandits.core.limits import excess
from bandits.threshold.batch import Outcome

PARITY_RANGE, SERVICE_RANGE = 2.0, 1.0


class Evidence(NamedTuple):
    """Statistics of the plays of each threshold."""

    plays: Any  # (G,) int64
    reward: Any  # (G,) float64 mean reward, in [0, 1]
    residual: Any  # (G, m) float64 weighted mean residuals
    information: Any  # (G, m) float64


class Radii(NamedTuple):
    """Confidence radii for one play or one individual, and allowances for bias."""

    n_actions: int  # G
    n_constraints: int  # m
    reward: float  # width sqrt(L / (2 n))
    parity: float  # width 2 S sqrt(L / 2)
    service: float  # width sqrt(L / 2)
    reward_bias: float  # added to the radii: largest distance of a mean from that at the fixed point
    parity_bias: float
    service_bias: float
    failure_probability: float  # delta_0
    log_term: float  # L
    n_parity: int = 2  # the first residuals are those of parity


def confidence_log(problem: Any, failure_probability: float, decisions: int) -> float:
    """Return L = ln(2 G (m + 1) decisions / delta_0)."""
    return math.log(2.0 * problem.n_actions * (problem.n_constraints + 1) * decisions / failure_probability)


def stretch(batch_size: int, decisions: int) -> float:
    """Return S = cosh(ln(n T) / (4 T)), at least 1."""
    return math.cosh(math.log(batch_size * decisions) / (4.0 * decisions))


def radii(
    problem: Any,
    failure_probability: float,
    width: float,
    decisions: int | None = None,
    bias: float = 0.0,
) -> Radii:
    """Return the radii for a game; decisions: rounds learned from (None: all); bias: distance to a fixed point."""
    rounds = problem.horizon if decisions is None else decisions
    log_term = confidence_log(problem, failure_probability, rounds)
    unit = width * math.sqrt(log_term / 2.0)
    slope = problem.sensitivity
    return Radii(
        problem.n_actions,
        problem.n_constraints,
        unit / math.sqrt(problem.batch_size),
        PARITY_RANGE * stretch(problem.batch_size, rounds) * unit,
        SERVICE_RANGE * unit,
        slope.reward * bias,
        slope.parity * bias,
        slope.service * bias,
        failure_probability,
        log_term,
        problem.constraints.n_parity,
    )


@kernel
def no_evidence(n_actions: int, n_constraints: int) -> Evidence:
    """Return the evidence before any play."""
    shape = (n_actions, n_constraints)
    return Evidence(np.zeros(n_actions, np.int64), np.zeros(n_actions), np.zeros(shape), np.zeros(shape))


@kernel
def observe(evidence: Evidence, arm: int, outcome: Outcome) -> None:
    """Update the evidence with one play of `arm`."""
    observe_reward(evidence, arm, outcome.reward)
    observe_residuals(evidence, arm, 0, outcome)


@kernel
def observe_reward(evidence: Evidence, arm: int, reward: float) -> None:
    """Count a play of `arm` and update its mean reward."""
    evidence.plays[arm] += 1
    evidence.reward[arm] += (reward - evidence.reward[arm]) / evidence.plays[arm]


@kernel
def observe_residuals(evidence: Evidence, arm: int, row: int, outcome: Outcome) -> None:
    """Update the mean residuals of `arm` with row `row` of the outcome."""
    for j in range(outcome.information.size):
        weight = outcome.information[j]
        if weight > 0.0:
            evidence.information[arm, j] += weight
            share = weight / evidence.information[arm, j]
            evidence.residual[arm, j] += share * (outcome.residuals[row, j] - evidence.residual[arm, j])


@kernel
def reward_radius(radii: Radii, evidence: Evidence, arm: int) -> float:
    """Return the reward's radius for a threshold: infinite before its first play."""
    if evidence.plays[arm] == 0:  # explicit, because 0 / 0 otherwise for a width of 0
        return np.inf
    return radii.reward / math.sqrt(evidence.plays[arm]) + radii.reward_bias


@kernel
def residual_radius(radii: Radii, evidence: Evidence, arm: int, j: int) -> float:
    """Return residual j's radius for a threshold: infinite before its first information."""
    if evidence.information[arm, j] == 0.0:
        return np.inf
    scale, bias = (radii.parity, radii.parity_bias) if j < radii.n_parity else (radii.service, radii.service_bias)
    return scale / math.sqrt(evidence.information[arm, j]) + bias


@kernel
def optimistic_excess(radii: Radii, evidence: Evidence, arm: int) -> float:
    """Return the violation if each residual is its mean less its radius: 0 if and only if the threshold looks feasible.

    As in the metrics, parity counts by the worst pair of groups.
    """
    worst = 0.0
    for j in range(radii.n_parity):
        worst = max(worst, excess(evidence.residual[arm, j], residual_radius(radii, evidence, arm, j)))
    total = worst
    for j in range(radii.n_parity, radii.n_constraints):
        total += max(0.0, excess(evidence.residual[arm, j], residual_radius(radii, evidence, arm, j)))
    return total


@kernel
def mean_excess(evidence: Evidence, arm: int, n_parity: int) -> float:
    """Return the violation if each residual is its mean."""
    worst, service = 0.0, 0.0
    for j in range(evidence.residual.shape[1]):
        over = excess(evidence.residual[arm, j], 0.0)
        if j < n_parity:
            worst = max(worst, over)
        else:
            service += max(0.0, over)
    return worst + service


@kernel
def best_feasible(value: Any, excess: Any) -> int:
    """Return the index of the highest value among those with excess 0, else of the least excess; ties to the lowest."""
    best = -1
    least = 0
    for i in range(value.size):
        if excess[i] == 0.0:
            if best < 0 or value[i] > value[best]:
                best = i
        elif excess[i] < excess[least]:
            least = i
    return best if best >= 0 else least


@kernel
def rivals(leader: int, value: Any, excess: Any) -> tuple[float, float]:
    """Return the highest value of the others with excess 0 (-inf if there is none), and the others' least excess."""
    highest_value = -np.inf
    least_excess = np.inf
    for i in range(value.size):
        if i != leader:
            least_excess = min(least_excess, excess[i])
            if excess[i] == 0.0:
                highest_value = max(highest_value, value[i])
    return highest_value, least_excess


@kernel
def highest(value: Any) -> int:
    """Return the index of the highest value; ties to the lowest."""
    best = 0
    for i in range(1, value.size):
        if value[i] > value[best]:
            best = i
    return best
