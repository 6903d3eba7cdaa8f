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

    state: NDArray[np.float64]  # (G, 2) fixed points
    accept: NDArray[np.float64]  # (G, 2) acceptance rates by group
    reward: NDArray[np.float64]  # (G,) mean reward, in units of a good acceptance
    residuals: NDArray[np.float64]  # (G, m)
    violation: NDArray[np.float64]  # (G,) summed positive parts of the residuals
    feasible: NDArray[np.bool_]  # (G,)
    best: int  # highest reward among the feasible; least violation if none is feasible


def find_fixed_points(
    population: Population, thresholds: NDArray[np.float64], price: float, limits: Constraints
) -> FixedPoints:
    """Return the fixed points of the thresholds, (G,) in [0, 1]."""
    n_thresholds = len(thresholds)
    state, accept = np.empty((n_thresholds, 2)), np.empty((n_thresholds, 2))
    reward, violation = np.empty(n_thresholds), np.empty(n_thresholds)
    residuals = np.empty((n_thresholds, limits.n_constraints))
    setting, rounds = population.setting(thresholds), _ROUNDS if population.adaptation > 0.0 else 0
    _settle(population.steps)(setting, rounds, price, limits, state, accept, reward, residuals, violation)
    feasible = violation <= 0.0
    found = np.where(feasible, reward, -np.inf)
    if not feasible.any():
        found = np.where(violation - violation.min() <= ROUNDING, reward, -np.inf)
    return FixedPoints(state, accept, reward, residuals, violation, feasible, int(found.argmax()))


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
                moved = max(abs(after.first - now.first), abs(after.second - now.second))
                now = after
                rates = rates_of(population, now, i)
                if moved <= _TOLERANCE:
                    break
            state[i, 0], state[i, 1] = now.first, now.second
            accept[i, 0], accept[i, 1] = rates.accept_0, rates.accept_1
            reward[i] = mean_reward(rates, price)
            write_residuals(limits, rates.accept_0, rates.accept_1, acceptance(rates), i, residuals)
            violation[i] = parity_violation(limits, rates) + service_violation(limits, rates)

    return settle
