"""Whether code plays the known law of its algorithm: action frequencies against exact probabilities.

If the code draws action i in round t with probability p_t(i), its count N among n independent repetitions is binomial,
and for the relative entropy kl of two Bernoulli laws (Chernoff)

    P(N / n on one side of p_t(i), n kl(N / n, p_t(i)) >= x) <= exp(-x).

So with x = ln(2 T K / alpha) all T K counts stay below x with probability at least 1 - alpha: that is the test. By
Pinsker's inequality it notices any count with |N / n - p| > sqrt(x / 2n), so by Hoeffding's it notices a true frequency
off by more than sqrt(x / 2n) + sqrt(ln(1 / beta) / 2n) in some round with probability at least 1 - beta.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import theory

Array = NDArray[np.float64]
REPETITIONS = 2000
_ROUNDING = 1e-9  # of a probability that was computed in floating point
MISSED = 0.01  # beta: how often a deviation of the stated size may be missed


class Agreement(NamedTuple):
    """The result of the test: what it found against the law, in words ("" for nothing), and what it can notice.

    noticed: a deviation of a probability in some round that is missed with probability at most `MISSED`.
    """

    against: str
    noticed: float
    repetitions: int


def agreement(
    problem: Any, learner: Any, repetitions: int, seed: int, alpha: float, threads: int | None
) -> Agreement | None:
    """Compare the code's actions with the exact law of its algorithm; None where none is known."""
    law = theory.first_answer("exact", "marginals", problem, learner)
    if law is None:
        return None
    from sims.engines.recorder import action_counts

    counts = action_counts(problem, learner, law.shape[1], repetitions, seed, threads)
    return compare(counts, law, repetitions, alpha)


def compare(counts: NDArray[np.int64], law: Array, repetitions: int, alpha: float) -> Agreement:
    """Return the test of counts (T, K) among `repetitions` against probabilities (T, K), false alarm at most alpha."""
    limit = math.log(2.0 * law.size / alpha)
    frequency = counts / repetitions
    nearest = np.clip(frequency, law - _ROUNDING, law + _ROUNDING).clip(0.0, 1.0)
    surprise = repetitions * _divergence(frequency, nearest)
    t, i = np.unravel_index(int(surprise.argmax()), law.shape)
    against = ""
    if surprise[t, i] >= limit:
        against = (
            f"in round {t + 1} it plays action {i} with frequency {frequency[t, i]:.3g} instead of {law[t, i]:.3g}"
        )
    noticed = (math.sqrt(limit) + math.sqrt(-math.log(MISSED))) / math.sqrt(2.0 * repetitions)
    return Agreement(against, noticed, repetitions)


def _divergence(q: Array, p: Array) -> Array:
    """Return kl(q, p) of Bernoulli laws, elementwise; inf where p excludes what q has."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(a > 0.0, a * np.log(a / b), 0.0) for a, b in ((q, p), (1.0 - q, 1.0 - p))]
    return np.asarray(parts[0] + parts[1])
