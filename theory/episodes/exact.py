"""Exact expected regret in the probe game, under the uniform prior or, the same by symmetry, for each state."""

import math

import numpy as np
from scipy.stats import binom

from bandits.core.arguments import checked
from bandits.core.checks import integer, real
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
    _checked(horizon, gap)
    odd = np.arange(1, horizon, 2)
    wrong = binom.cdf((odd - 1) // 2, odd, 0.5 * (1.0 + gap))
    later = 2.0 * math.fsum(wrong) - (wrong[-1] if horizon > 1 and horizon % 2 == 0 else 0.0)
    return gap * (0.5 + later)


@checked
def commit_cost(horizon: int, gap: float, probes: int) -> float:
    """Return the expected regret of `probes` probes, in [0, horizon], and plays of the majority, ties drawn evenly."""
    _checked(horizon, gap)
    integer("probes", probes, low=0, high=horizon)
    half = (probes - 1) // 2
    wrong = float(binom.cdf(half, probes, 0.5 * (1.0 + gap))) if probes else 0.5
    if probes and probes % 2 == 0:
        wrong += 0.5 * float(binom.pmf(probes // 2, probes, 0.5 * (1.0 + gap)))
    return probes + (horizon - probes) * gap * wrong
