"""Exact redundancies of binary sequences under log loss, in nats, by counts instead of sequences."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, logsumexp, xlogy

from bandits.core.arguments import checked
from bandits.core.checks import array, integer, real
from bandits.prediction.mixture import as_laws

LARGEST = 10**6


def _counts(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return k = 0, ..., n and the logarithms of the binomial coefficients."""
    integer("n", n, 1, LARGEST)
    k = np.arange(n + 1.0)
    return k, gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)


@checked
def redundancy(thetas: ArrayLike, truth: float, n: int, prior: ArrayLike | None = None) -> float:
    """Return D(P^n || Q) of the Bayes mixture Q of Bernoulli experts for n independent Bernoulli(truth) symbols.

    thetas: (M,) in [0, 1], probabilities of 1.  truth: in [0, 1].  n: 1 to 10^6.  prior: (M,), None means uniform.
    inf where every expert excludes something that may happen.
    """
    grid, p = array("thetas", thetas, 1, 0.0, 1.0), real("truth", truth, 0.0, 1.0)
    k, choose = _counts(n)
    weights = np.full(grid.size, 1.0 / grid.size) if prior is None else as_laws("prior", prior, 1)
    if weights.size != grid.size:
        raise ValueError(f"prior must have {grid.size} probabilities, one per expert, got {weights.size}")
    own = xlogy(k, p) + xlogy(n - k, 1.0 - p)
    mass = np.exp(choose + own)
    mixed = np.full(n + 1, -np.inf)
    with np.errstate(divide="ignore"):
        for theta, weight in zip(grid, np.log(weights), strict=True):
            mixed = np.logaddexp(mixed, weight + xlogy(k, theta) + xlogy(n - k, 1.0 - theta))
    there = mass > 0.0
    return float((mass[there] * (own[there] - mixed[there])).sum())


@checked
def subset_bound(thetas: ArrayLike, truth: float, n: int) -> float:
    """Return min over sets B of neighbours of the truth of -ln w(B) + n mean_B D(truth || theta), for a uniform prior.

    An upper bound on `redundancy`, for the same arguments.
    """
    grid, p = array("thetas", thetas, 1, 0.0, 1.0), real("truth", truth, 0.0, 1.0)
    integer("n", n, 1, LARGEST)
    with np.errstate(divide="ignore"):
        away = np.sort(xlogy(p, p) + xlogy(1 - p, 1 - p) - xlogy(p, grid) - xlogy(1 - p, 1 - grid))
    m = np.arange(1, grid.size + 1)
    return float((np.log(grid.size / m) + n * np.cumsum(away) / m).min())


@checked
def shtarkov(n: int) -> float:
    """Return the least worst-case regret against constants over n binary symbols, n from 1 to 10^6 (Shtarkov 1987)."""
    k, choose = _counts(n)
    return float(logsumexp(choose + xlogy(k, k / n) + xlogy(n - k, 1.0 - k / n)))


@checked
def worst_regret(n: int, added: float) -> float:
    """Return the worst-case regret against constants over n binary symbols of adding `added` > 0 to each count.

    KT adds 1/2, Laplace 1. The loss depends on the counts alone.
    """
    a = real("added", added, 0.0, open_low=True)
    k, _ = _counts(n)
    steps = np.append(0.0, np.cumsum(np.log(np.arange(n) + a)))  # of the numerators of one symbol
    loss = np.log(np.arange(n) + 2.0 * a).sum() - steps - steps[::-1]
    return float((loss + xlogy(k, k / n) + xlogy(n - k, 1.0 - k / n)).max())
