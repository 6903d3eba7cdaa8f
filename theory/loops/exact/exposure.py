"""Exact numbers of exposure: who gets the clicks where items are shown in proportion to their clicks."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import array, integer, real


@checked
def click_law(relevance: ArrayLike, start: float, clicks: int) -> NDArray[np.float64]:
    """Return the law (clicks + 1,) of how many of the first `clicks` clicks the first of two items has.

    Items are shown in proportion to start + their clicks, without a floor. Rounds without a click change nothing, so
    the next click is the first item's with probability g_1 C_1 / (g_1 C_1 + g_2 C_2). For equal relevance it is Polya's
    urn, `urn_law(start, start, clicks)`.

    relevance: (2,) in (0, 1].  start: > 0.  clicks: in [0, 10^4].
    """
    g = array("relevance", relevance, 1, 0.0, 1.0)
    if g.size != 2 or g.min() <= 0.0:
        raise ValueError(f"relevance must be two numbers above 0, got {g.tolist()}")
    c = real("start", start, low=0.0, open_low=True)
    law = np.ones(1)
    for m in range(integer("clicks", clicks, low=0, high=10**4)):
        first = np.arange(m + 1)
        weight = g[0] * (c + first)
        share = weight / (weight + g[1] * (c + m - first))
        law = np.append(law * (1.0 - share), 0.0) + np.insert(law * share, 0, 0.0)
    return law


@checked
def expected_concentration(n_items: int, relevance: float, start: float, rounds: int) -> float:
    """Return the expected concentration sum_i p_i^2 of `Popularity(start)` in round `rounds`, without a floor.

    All items have the same relevance g in [0, 1]. With A = n start and m clicks before, Binomial(rounds - 1, g), it is
    1/n + (1 - 1/n) E[m / (A + m)] / (A + 1), which rises to (start + 1) / (n start + 1).  n_items: n >= 1.
    rounds: in [1, 10^6].
    """
    from scipy.stats import binom  # slow to import

    n, g = integer("n_items", n_items, low=1), real("relevance", relevance, 0.0, 1.0)
    total = n * real("start", start, 0.0, open_low=True)
    m = np.arange(integer("rounds", rounds, low=1, high=10**6))
    share = float(binom.pmf(m, rounds - 1, g) @ (m / (total + m)))
    return 1.0 / n + (1.0 - 1.0 / n) * share / (total + 1.0)
