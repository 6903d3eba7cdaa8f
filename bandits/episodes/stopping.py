"""The optimal number of paid signs: exact dynamic programming over their number and sum.

With n signs of sum s seen, the majority is wrong with probability p = 1 / (1 + ((1 + Delta) / (1 - Delta))^|s|)
under the uniform prior, and

    V(n, s) = min{ (T - n) Delta p,  1 + E V(n + 1, s +- 1) }.

Probing first loses nothing, since a play shows nothing. Where (T - n) Delta p <= 1 no probe pays, which bounds |s|.
V(0, 0) is the least expected regret of any learner under the prior, so by symmetry the minimax regret for known Delta.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=32)
def boundary(horizon: int, gap: float) -> tuple[NDArray[np.int64], float]:
    """Return the least lead |s| at which to stop after n = 0, 1, ... signs, (N,) int64, and V(0, 0).

    After N signs stopping is best whatever the lead. Raises ValueError for horizons above 10^7 and where it
    takes more than 10^11 steps.
    """
    if horizon * gap <= 2.0:  # the first probe cannot pay
        return np.zeros(0, np.int64), 0.5 * horizon * gap
    ratio = math.log1p(gap) - math.log1p(-gap)
    widest = min(math.ceil(math.log(horizon * gap) / ratio), horizon) + 1
    if horizon > 10**7 or horizon * widest > 10**11:
        raise ValueError(
            f"horizon must be at most 10^7, and with gap need at most 10^11 steps, got {horizon} and {gap}"
        )
    s = np.arange(widest + 1)
    wrong = 1.0 / (1.0 + np.exp(np.minimum(ratio * s, 700.0)))
    up = (1.0 - wrong) * 0.5 * (1.0 + gap) + wrong * 0.5 * (1.0 - gap)  # the next sign agrees with the majority
    value = np.zeros(widest + 1)
    lead = np.zeros(horizon, np.int64)
    for n in range(horizon - 1, -1, -1):
        stop = (horizon - n) * gap * wrong
        on = np.empty_like(value)
        on[1:-1] = 1.0 + up[1:-1] * value[2:] + (1.0 - up[1:-1]) * value[:-2]
        on[0], on[-1] = 1.0 + value[1], np.inf
        lead[n] = np.argmin(on < stop)
        value = np.minimum(stop, on)
    used = np.flatnonzero(lead)
    lead = lead[: used[-1] + 1 if used.size else 0].copy()
    lead.flags.writeable = False
    return lead, float(value[0])
