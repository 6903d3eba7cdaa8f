"""Which action explore-then-commit chooses: closed forms, for horizons of any length.

With losses 0 and 1 and m plays each, P(i is chosen) = sum_s P(i has s losses) prod_{j < i} P(j has more) prod_{j > i}
P(j has at least s): ties go to the first action. With normal losses it is the probability that the mean of i is the
least of independent normal ones.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.stochastic.exact.policies import least_normal

Array = NDArray[np.float64]


def chosen(losses: Any, pulls: int) -> Array | None:
    """Return the probabilities (K,) that each action has the least mean of `pulls` losses; None where unknown."""
    from bandits.losses import BernoulliLosses, GaussianLosses

    means = np.array(getattr(losses, "means", ()))
    if type(losses) is BernoulliLosses:
        return _of_coins(means, pulls)
    if type(losses) is GaussianLosses and losses.sigma > 0.0:
        return np.asarray(least_normal(means[None], np.full((1, len(means)), losses.sigma / np.sqrt(pulls)))[0])
    return None


def _of_coins(means: Array, pulls: int) -> Array:
    from scipy.stats import binom

    losses = np.arange(pulls + 1)
    mass, more = binom.pmf(losses, pulls, means[:, None]), binom.sf(losses, pulls, means[:, None])
    earlier = np.cumprod(np.vstack([np.ones(pulls + 1), more[:-1]]), axis=0)
    later = np.cumprod(np.vstack([np.ones(pulls + 1), (more + mass)[:0:-1]]), axis=0)[::-1]
    return np.asarray((mass * earlier * later).sum(axis=1))
