"""Relative entropies of losses, and the constants of asymptotic lower bounds.

KL_inf(nu, m) = inf{KL(nu, nu') : nu' on [0, 1] with mean below m} says how hard a law nu of losses is to tell from one
whose mean is below m: no learner that is good everywhere plays an action of law nu less than ln T / KL_inf(nu, m_*)
times asymptotically, m_* the least mean (Lai & Robbins 1985; Burnetas & Katehakis 1996).
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import array, real

Array = NDArray[np.float64]
_BISECTIONS = 200
_ROUNDING = 1e-15  # of means, relative to the largest


def bernoulli_kl(p: Any, q: Any) -> Array:
    """Return kl(p, q) of Bernoulli laws, elementwise; inf where q excludes what p has."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(a > 0.0, a * np.log(a / b), 0.0) for a, b in ((p, q), (1.0 - p, 1.0 - q))]
    return np.asarray(parts[0] + parts[1])


@checked
def kl_inf(values: ArrayLike, weights: ArrayLike, mean: float) -> float:
    """Return KL_inf of the law with these values (m,) and weights (m,) to laws on [0, 1] of mean at most `mean`.

    mean in [0, 1): 0 where the law's mean is not above it. The dual of Honda & Takemura 2010 for losses: the greatest
    E ln(1 + s (X - mean)) over 0 <= s <= 1 / mean, concave in s, by bisection of its derivative.
    """
    x = array("values", values, ndim=1, low=0.0, high=1.0)
    w = array("weights", weights, ndim=1, low=0.0, high=1.0)
    limit = real("mean", mean, 0.0, 1.0, open_high=True)
    x, w = x[w > 0.0], w[w > 0.0]
    if w @ x <= limit:
        return 0.0
    if limit == 0.0:
        return math.inf
    low, high = 0.0, 1.0 / limit
    if (x > 0.0).all() and w @ ((x - limit) / (1.0 + high * (x - limit))) >= 0.0:
        low = high
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if w @ ((x - limit) / (1.0 + middle * (x - limit))) > 0.0:
            low = middle
        else:
            high = middle
    return float(w @ np.log1p(low * (x - limit)))


def gaps_of(means: Array) -> Array:
    """Return the gaps (K,) of mean losses (K,); those that rounding of equal means may leave are 0."""
    found = means - means.min()
    return np.where(found > _ROUNDING * np.abs(means).max(), found, 0.0)


@checked
def lai_robbins(values: ArrayLike, weights: ArrayLike) -> float:
    """Return C = sum D_i / KL_inf(i, least mean), with regret at least C ln T asymptotically; losses in [0, 1].

    values: (m,).  weights: (K, m), a law of losses per action.
    """
    x = array("values", values, ndim=1, low=0.0, high=1.0)
    w = array("weights", weights, ndim=2, low=0.0, high=1.0)
    means = w @ x
    best = float(means.min())
    return math.fsum(gap / kl_inf(x, law, best) for gap, law in zip(gaps_of(means), w) if gap > 0.0)
