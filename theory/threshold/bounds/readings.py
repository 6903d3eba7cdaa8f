"""What the bounds of the threshold family read off a problem."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TIE = 1e-12  # rounding of means that are equal


def balance(problem: Any, parameters: Any) -> float:
    """Return the least beta over the batches that a search learns from, and over all pairs of groups.

    The shares are those at the thresholds' fixed points, give or take how far the population may be from them
    after h - 1 rounds, for a population whose shares are fixed or coordinates of its state.
    """
    away = problem.diameter * problem.contraction ** (getattr(parameters, "hold", 1) - 1)
    shares = problem.fixed_points.shares
    if shares.shape[1] == 2:
        ends = np.concatenate([np.maximum(0.0, shares[:, 1] - away), np.minimum(1.0, shares[:, 1] + away)])
        least = 4.0 * (1.0 - 1.0 / problem.batch_size) * ends * (1.0 - ends)
        return min(1.0, float(least.min()))
    low = np.sort(np.maximum(0.0, shares - away), axis=1)[:, :2]  # beta rises with each share: the two smallest groups
    return min(pair_balance(float(a), float(b), problem.batch_size) for a, b in low)


def pair_balance(first: float, second: float, n: int) -> float:
    """Return E N / n of two groups with these shares, among more groups, in a batch of n."""
    both = first + second
    if first <= 0.0 or second <= 0.0:
        return 0.0
    left = n * both - 1.0 + (1.0 - min(1.0, both)) ** n
    return 4.0 * first * second / both**2 * left / n


def reward_gaps(problem: Any) -> NDArray[np.float64]:
    """Return by how much the thresholds that earn less than the best feasible one do so."""
    earned = problem.fixed_points.reward
    missing = earned[problem.fixed_points.best] - earned
    return np.asarray(missing[missing > _TIE])


def service_misses(problem: Any) -> NDArray[np.float64]:
    """Return by how much the thresholds that miss the service rates do so."""
    missing = np.maximum(problem.fixed_points.residuals[:, problem.n_parity :], 0.0).sum(axis=1)
    return np.asarray(missing[missing > _TIE])


READERS: Mapping[str, Callable[[Any, Any], float]] = {
    "reward_gaps": lambda problem, parameters: float(reward_gaps(problem).sum()),
    "inverse_reward_gaps": lambda problem, parameters: float((1.0 / reward_gaps(problem)).sum()),
    "service_misses": lambda problem, parameters: float(service_misses(problem).sum()),
    "inverse_service_misses": lambda problem, parameters: float((1.0 / service_misses(problem)).sum()),
    "balance": balance,
    "group_pairs": lambda problem, parameters: problem.n_parity // 2,
    "service_rates": lambda problem, parameters: float(problem.service is not None),
    "least_violation": lambda problem, parameters: float(problem.fixed_points.violation.min()),
    "reward_sensitivity": lambda problem, parameters: problem.sensitivity.reward,
    "parity_sensitivity": lambda problem, parameters: problem.sensitivity.parity,
    "service_sensitivity": lambda problem, parameters: problem.sensitivity.service,
}
