"""Bayesian regret of Bernoulli bandits whose means are independent and uniform on [0, 1], exactly.

After s losses in n plays of an action its next loss is 1 with probability (1 + s) / (2 + n), so the recursion over
counts gives the regret on average over the means, and a backward recursion the least one: a floor for every learner.
"""

import numpy as np

from bandits.core.arguments import checked
from bandits.core.checks import integer
from theory.stochastic.exact import Integers, rounds
from theory.stochastic.exact.policies import Array, Law


def _posterior(counts: Integers) -> Array:
    """Return the probabilities (N, K, 2) that the next loss is 0 or 1, after counts (N, K, 2)."""
    return np.asarray((1.0 + counts) / (2.0 + counts.sum(axis=2, keepdims=True)))


@checked
def bayesian_regret(law: Law, horizon: int, n_actions: int = 2) -> float:
    """Return the Bayesian regret of a law of the package; ValueError where the counts are too many."""
    played = rounds(np.array([0.0, 1.0]), (n_actions, 2), horizon, law, _posterior)
    paid = sum(float(probability @ (p * _posterior(counts)[..., 1]).sum(axis=1)) for counts, probability, p in played)
    return paid - horizon / (n_actions + 1)


@checked
def least_bayesian_regret(horizon: int) -> float:
    """Return the least Bayesian regret of any learner on two actions, horizon >= 1; about T^4 / 24 steps."""
    horizon = integer("horizon", horizon, low=1, high=200)
    size = horizon + 2
    losses = np.zeros((size, size, size))  # to come, by plays and losses of the first action, and losses of the second
    plays = np.arange(size - 1.0)
    for t in range(horizon - 1, -1, -1):
        n, s, r = plays[: t + 1, None, None], plays[None, : t + 1, None], plays[None, None, : t + 1]
        first, second = (1.0 + s) / (2.0 + n), (1.0 + r) / (2.0 + t - n)
        here, one_more = slice(0, t + 1), slice(1, t + 2)
        by_first = first * (1.0 + losses[one_more, one_more, here]) + (1.0 - first) * losses[one_more, here, here]
        by_second = second * (1.0 + losses[here, here, one_more]) + (1.0 - second) * losses[here, here, here]
        losses = np.zeros_like(losses)
        losses[here, here, here] = np.minimum(by_first, by_second)
    return float(losses[0, 0, 0]) - horizon / 3.0
