"""Exact numbers of the data loop: how far a constant error drives it, and the law of sampled labels."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from bandits.core.arguments import checked
from bandits.core.checks import integer, real


def _sizes(start: int, people: int, model: int) -> None:
    integer("start", start, low=1)
    integer("people", people, low=0)
    integer("model", model, low=0)
    if people + model == 0:
        raise ValueError("people and model must label at least one item per round, got 0 and 0")


@checked
def amplification(start: int, people: int, model: int, rounds: int) -> float:
    """Return 1 + (k/m) (1 - prod_{s < t} (n_s + k) / (n_s + m + k)) for t = `rounds` >= 0 and n_s = start + s (m + k).

    It multiplies a constant error of the model into the bias of the model after t rounds; its limit is 1 + k / m.
    people: m >= 0; for m = 0 it is 1 + sum_{s <= t} k / n_s.  start: n_0 >= 1.  model: k >= 0.
    """
    _sizes(start, people, model)
    integer("rounds", rounds, low=0)
    total = people + model
    if people == 0:
        return 1.0 + model * math.fsum(1.0 / (start + s * total) for s in range(1, rounds + 1))
    return 1.0 - model / people * math.expm1(_log_product((start + model) / total, people / total, rounds))


def _log_product(a: float, c: float, rounds: int) -> float:
    """Return ln prod_{s < t} (s + a) / (s + a + c) for c in (0, 1]: a sum, and Stirling's series for late rounds.

    ln Gamma(z + c) - ln Gamma(z) is c ln z and a rest, here without the cancellation of the two.
    """

    def rest(z: float) -> float:
        return (z + c - 0.5) * math.log1p(c / z) - c - c / (12.0 * z * (z + c))

    early = min(rounds, 10**4)
    first, z, late = np.log1p(-c / (np.arange(early) + a + c)), a + early, rounds - early
    return math.fsum(first) - (c * math.log1p(late / z) + rest(z + late) - rest(z) if late else 0.0)


@checked
def sampler_variance(share: float, start: int, people: int, model: int, rounds: int) -> float:
    """Return the variance of the share of label 1 in a bin after `rounds` rounds of sampled labels.

    The mean stays p = share. With n items and variance V of the count of label 1, a round adds to (1 + k/n)^2 V the
    variance m p (1 - p) of the people's labels and the mean variance k (p (1 - p) - V / n^2) of the model's.
    """
    real("share", share, low=0.0, high=1.0)
    _sizes(start, people, model)
    integer("rounds", rounds, low=0)
    coin, variance, n = share * (1.0 - share), 0.0, float(start)
    for _ in range(rounds):
        variance = (1.0 + model / n) ** 2 * variance + people * coin + model * (coin - variance / n**2)
        n += people + model
    return variance / n**2


@checked
def urn_law(ones: float, zeros: float, rounds: int) -> NDArray[np.float64]:
    """Return the law (rounds + 1,) of how many of `rounds` labels are 1 where m = 0, k = 1 and the model samples.

    Polya's urn: beta-binomial with the parameters ones > 0 and zeros > 0, the counts at the start. For c and (n - 1) c
    it is the law of an item's clicks among the first ones under `Popularity(c)`, with n items of equal relevance.
    """
    real("ones", ones, low=0.0, open_low=True)
    real("zeros", zeros, low=0.0, open_low=True)
    integer("rounds", rounds, low=0, high=10**6)
    j = np.arange(rounds + 1)
    choose = -np.log(rounds + 1.0) - betaln(rounds - j + 1.0, j + 1.0)
    return np.asarray(np.exp(choose + betaln(j + ones, rounds - j + zeros) - betaln(ones, zeros)))
