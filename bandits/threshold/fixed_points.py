"""The fixed point of every threshold of the grid, and the best feasible threshold: the benchmark of the regret.

If threshold i is held from the population's first state, s <- Phi(s, theta_i) converges to a fixed point. It is
computed with full steps to the target, which have the same limit (see `bandits.threshold.population`). A population
without adaptation keeps its first state. Means are exact, so feasibility is a plain comparison.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.jit import program
from bandits.core.limits import ROUNDING
from bandits.threshold.batch import Constraints, parity_violation, service_violation, write_residuals
from bandits.threshold.population import Population, acceptance, mean_reward

_ROUNDS = 100_000
_TOLERANCE = 1e-15


class FixedPoints(NamedTuple):
    """Fixed points of the G thresholds and their means; arrays over thresholds."""

    state: NDArray[np.float64]  # (G, K) fixed points, two numbers for K = 2 groups, K shares for more
    accept: NDArray[np.float64]  # (G, K) acceptance rates by group
    reward: NDArray[np.float64]  # (G,) mean reward, in units of a good acceptance
    residuals: NDArray[np.float64]  # (G, m)
    violation: NDArray[np.float64]  # (G,) positive parts of the residuals: that of the worst pair, and of service
    feasible: NDArray[np.bool_]  # (G,)
    best: int  # highest reward among the feasible; least violation if none is feasible
    shares: NDArray[np.float64]  # (G, K) shares of the groups

    @property
    def worst(self) -> NDArray[np.int64]:
        """Return the pair of groups (G, 2) that differs most: the one accepted most, the one accepted least."""
        last = self.accept.shape[1] - 1  # ties name two groups
        return np.stack([self.accept.argmax(axis=1), last - self.accept[:, ::-1].argmin(axis=1)], axis=1)


def find_fixed_points(
    population: Population, thresholds: NDArray[np.float64], price: float, limits: Constraints
) -> FixedPoints:
    """Return the fixed points of the thresholds, (G,) in [0, 1]."""
    n_thresholds = len(thresholds)
    state, shares, accept = np.empty((3, n_thresholds, population.n_groups))
    reward, violation = np.empty(n_thresholds), np.empty(n_thresholds)
    residuals = np.empty((n_thresholds, limits.n_constraints))
    setting, rounds = population.setting(thresholds), _ROUNDS if population.adaptation > 0.0 else 0
    _settle(population.steps)(setting, rounds, price, limits, state, shares, accept, reward, residuals, violation)
    feasible = violation <= 0.0
    found = np.where(feasible, reward, -np.inf)
    if not feasible.any():
        found = np.where(violation - violation.min() <= ROUNDING, reward, -np.inf)
    return FixedPoints(state, accept, reward, residuals, violation, feasible, int(found.argmax()), shares)


@cache
def _settle(steps: Any) -> Any:
    init, rates_of, target_of = steps.init, steps.rates, steps.target

    @program
    def settle(
        population: Any,
        rounds: int,
        price: float,
        limits: Constraints,
        state: Any,
        shares: Any,
        accept: Any,
        reward: Any,
        residuals: Any,
        violation: Any,
    ) -> None:
        for i in range(reward.size):
            now = init(population)
            rates = rates_of(population, now, i)
            for _ in range(rounds):
                after = target_of(population, rates)
                moved = 0.0
                for c in range(len(now)):
                    moved = max(moved, abs(after[c] - now[c]))
                now = after
                rates = rates_of(population, now, i)
                if moved <= _TOLERANCE:
                    break
            for c in range(len(now)):
                state[i, c] = now[c]
            for g in range(len(rates.accept)):
                shares[i, g], accept[i, g] = rates.shares[g], rates.accept[g]
            reward[i] = mean_reward(rates, price)
            write_residuals(limits, accept.shape[1], accept, acceptance(rates), i, residuals)
            violation[i] = parity_violation(limits, rates) + service_violation(limits, rates)

    return settle
