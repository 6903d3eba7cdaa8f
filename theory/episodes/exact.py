"""Exact expected regret with probes and with the lock, where the state is drawn; coverability of laws."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import array, integer, real
from bandits.episodes.mdp import sum_to_one
from bandits.episodes.stopping import boundary


def _checked(horizon: int, gap: float) -> None:
    integer("horizon", horizon, low=1, high=10**7)
    real("gap", gap, low=0.0, high=1.0, open_low=True, open_high=True)


@checked
def paid_value(horizon: int, gap: float) -> float:
    """Return the minimax regret with paid signs for a known gap, V(0, 0) of `bandits.episodes.stopping`.

    horizon: T in [1, 10^7].  gap: Delta in (0, 1).
    """
    _checked(horizon, gap)
    return boundary(horizon, gap)[1]


@checked
def free_value(horizon: int, gap: float) -> float:
    """Return the minimax regret with free signs: Delta times the sum of the chances that the majority is wrong.

    After an odd number of signs and one more, which may tie, the chance is the same: each pair of rounds counts twice.
    """
    from scipy.stats import binom  # slow to import

    _checked(horizon, gap)
    odd = np.arange(1, horizon, 2)
    wrong = binom.cdf((odd - 1) // 2, odd, 0.5 * (1.0 + gap))
    later = 2.0 * math.fsum(wrong) - (wrong[-1] if horizon > 1 and horizon % 2 == 0 else 0.0)
    return gap * (0.5 + later)


def _wrong_majority(n: int, right: float) -> float:
    """Return the chance that most of n >= 0 signs are wrong, each right with a probability; a tie counts half."""
    from scipy.stats import binom

    below = float(binom.cdf((n - 1) // 2, n, right)) if n else 0.0
    return below + (0.5 * float(binom.pmf(n // 2, n, right)) if n % 2 == 0 else 0.0)


@checked
def commit_cost(horizon: int, gap: float, probes: int) -> float:
    """Return the expected regret of `probes` probes, in [0, horizon], and plays of the majority, ties drawn evenly."""
    _checked(horizon, gap)
    integer("probes", probes, low=0, high=horizon)
    return probes + (horizon - probes) * gap * _wrong_majority(probes, 0.5 * (1.0 + gap))


@checked
def lock_regret(horizon: int, n_bits: int, gap: float, reliability: float, reveals: int) -> float:
    """Return the expected regret of `reveals` reveals, in [0, horizon], and entries of the majorities; key drawn.

    n (1/2 + Delta) + (T - n) Delta (1 - q^L), q the probability that a bit's majority of n is right, a tie with 1/2.
    """
    integer("horizon", horizon, low=1)
    integer("n_bits", n_bits, low=1)
    real("gap", gap, low=0.0, high=0.5, open_low=True)
    real("reliability", reliability, low=0.0, high=1.0, open_low=True)
    n = integer("reveals", reveals, low=0, high=horizon)
    wrong = _wrong_majority(n, 0.5 * (1.0 + reliability))
    return n * (0.5 + gap) - (horizon - n) * gap * math.expm1(n_bits * math.log1p(-wrong))


def _laws(laws: ArrayLike) -> NDArray[np.float64]:
    given = array("laws", laws, 2, 0.0, 1.0)
    sum_to_one("laws", given)
    return given


@checked
def coverability(laws: ArrayLike) -> float:
    """Return C = sum_x max_t d_t(x) of laws d (T, X): the least, over laws mu, of the largest d_t(x) / mu(x).

    In [1, min(T, X)]. Raises ValueError for laws that do not sum to 1.
    """
    return float(_laws(laws).max(axis=0).sum())


@checked
def coverage_potential(laws: ArrayLike) -> float:
    """Return sum_t sum_x d_t(x)^2 / (a(x) + sum_{s < t} d_s(x)) of laws d (T, X), a(x) = max_t d_t(x).

    At most C log2(1 + T) with C = `coverability(laws)`, with equality at T = 1 (`theory.episodes.bounds`).
    """
    given = _laws(laws)
    earlier = given.max(axis=0) + np.cumsum(given, axis=0) - given
    return float((given**2 / np.where(earlier > 0.0, earlier, 1.0)).sum())
