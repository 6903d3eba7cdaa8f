"""Laws of learners whose next action depends on counts: an independent text of each, vectorised over histories.

A law is a function (t, record) -> (N, K), the probabilities of the actions in round t = 1, 2, ... after each of N
histories that are summed up by a `Record`, or (t, record) -> ((N, K), (N,)) where the learner remembers a number beside
the counts. It shares no code with the learner that it describes.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.stochastic.bounds.divergence import bernoulli_kl

Array = NDArray[np.float64]
_BISECTIONS = 100
_POINTS = 100  # of Gauss's rule for normal draws; two actions need none


class Record(NamedTuple):
    """What N histories say about K actions."""

    plays: Array  # (N, K)
    mean: Array  # (N, K), of the losses; nan where there are none
    variance: Array  # (N, K), of the losses
    memory: NDArray[np.int64]  # (N,), 0 at first


Law = Callable[[int, Record], Any]


def least(values: Array) -> Array:
    """Return the law that plays the action of least value, the first one of several."""
    return np.asarray(np.eye(values.shape[1])[values.argmin(axis=1)])


def each_once(law: Law) -> Law:
    """Return the law that plays every action once, in order, and then by `law`."""

    def after(t: int, record: Record) -> Any:
        n, n_actions = record.plays.shape
        return np.tile(np.eye(n_actions)[t - 1], (n, 1)) if t <= n_actions else law(t, record)

    return after


def ucb(params: Any) -> Law:
    """Least mean - sqrt((a ln t + b) / N), or with a scale s > 0 of MOSS mean - sqrt(b log+(s / N) / N)."""

    def law(t: int, record: Record) -> Array:
        spread = params.per_log * math.log(t) + params.constant
        if params.scale > 0.0:
            spread = params.constant * np.log(np.maximum(1.0, params.scale / record.plays))
        return least(record.mean - np.sqrt(spread / record.plays))

    return each_once(law)


def ucb_v(params: Any) -> Law:
    """Least mean - sqrt(2 V zeta ln t / N) - 3 c zeta ln t / N."""

    def law(t: int, record: Record) -> Array:
        ratio = params.zeta * math.log(t) / record.plays
        return least(record.mean - np.sqrt(2.0 * record.variance * ratio) - 3.0 * params.range_factor * ratio)

    return each_once(law)


def kl_ucb(params: Any) -> Law:
    """Least q with N kl(mean, q) <= ln t, or <= ln(1 + t ln^2 t)."""

    def law(t: int, record: Record) -> Array:
        level = math.log(1.0 + t * math.log(t) ** 2) if params.book else math.log(t)
        mean, plays, where = _pairs(record.mean, record.plays)
        return least(_kl_index(mean, level / plays)[where])

    return each_once(law)


def _kl_index(mean: Array, level: Array) -> Array:
    """Return the least q with kl(mean, q) <= level (n,), by bisection."""
    low, high = np.zeros_like(mean), mean.copy()
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        inside = bernoulli_kl(mean, middle) <= level
        low, high = np.where(inside, low, middle), np.where(inside, middle, high)
    return high


def _pairs(first: Array, second: Array) -> tuple[Array, Array, Any]:
    """Return the different pairs of entries of two arrays, and the number of each entry's pair."""
    pairs, where = np.unique(first + 1j * second, return_inverse=True)
    return pairs.real, pairs.imag, where.reshape(first.shape)


def beta_thompson(params: Any) -> Law:
    """P(action i has the least of independent Beta(1 + losses, 1 + N - losses)): polynomials, integrated exactly."""
    from scipy.special import betainc, betaln, xlog1py, xlogy

    def law(t: int, record: Record) -> Array:
        x, weight = np.polynomial.legendre.leggauss((t + record.plays.shape[1]) // 2 + 1)
        x, weight = 0.5 + 0.5 * x, 0.5 * weight
        ones = np.rint(np.nan_to_num(record.mean) * record.plays)
        a, b, where = _pairs(1.0 + ones, 1.0 + record.plays - ones)
        log_density = xlog1py(b[:, None] - 1.0, -x) + xlogy(a[:, None] - 1.0, x) - betaln(a, b)[:, None]
        return _least_draw(np.exp(log_density)[where], betainc(b[:, None], a[:, None], 1.0 - x)[where], weight)

    return law


def least_normal(mean: Array, spread: Array) -> Array:
    """Return P(action i has the least of independent normal draws) from means and deviations (N, K)."""
    from scipy.special import ndtr

    if mean.shape[1] == 2:
        first = ndtr((mean[:, 1] - mean[:, 0]) / np.hypot(spread[:, 0], spread[:, 1]))
        return np.stack([first, 1.0 - first], axis=1)
    x, weight = np.polynomial.hermite_e.hermegauss(_POINTS)
    weight = weight / weight.sum()
    points = mean[..., None] + spread[..., None] * x  # of each action's own draw
    p = np.empty_like(mean)
    for i in range(mean.shape[1]):
        ahead = ndtr((mean[..., None] - points[:, i, None]) / spread[..., None])
        p[:, i] = np.delete(ahead, i, axis=1).prod(axis=1) @ weight
    return p


def gaussian_thompson(params: Any) -> Law:
    """P(action i has the least of independent N(m_i, s_i^2)): posterior means and deviations of unit-normal arms."""

    def law(t: int, record: Record) -> Array:
        prior = params.prior_plays
        seen = record.plays + prior
        mean = (np.nan_to_num(record.mean) * record.plays + prior * params.prior_mean) / seen
        spread = params.sigma / np.sqrt(seen)
        return least_normal(mean, spread)

    return each_once(law) if params.prior_plays == 0.0 else law


def _least_draw(density: Array, survival: Array, weight: Array) -> Array:
    """Return P(draw i is the least) (N, K) from densities and survival functions (N, K, points)."""
    p = np.empty(density.shape[:2])
    for i in range(density.shape[1]):
        p[:, i] = (density[:, i] * np.delete(survival, i, axis=1).prod(axis=1)) @ weight
    return p


def epsilon_greedy(params: Any) -> Law:
    """The least mean, and with probability min(1, epsilon / t^decay) a uniform action."""

    def law(t: int, record: Record) -> Array:
        epsilon = min(1.0, params.epsilon * t**-params.decay)
        return (1.0 - epsilon) * least(record.mean) + epsilon / record.mean.shape[1]

    return each_once(law)


def commit(params: Any) -> Law:
    """Every action m times in turn, then the one of least mean for good; memory: that action + 1."""

    def law(t: int, record: Record) -> Any:
        n, n_actions = record.plays.shape
        if t <= n_actions * params.pulls:
            return np.tile(np.eye(n_actions)[(t - 1) % n_actions], (n, 1)), record.memory
        chosen = np.where(record.memory == 0, record.mean.argmin(axis=1) + 1, record.memory)
        return np.eye(n_actions)[chosen - 1], chosen

    return law


def elimination(params: Any) -> Law:
    """All active actions in turn; after a turn those are dropped whose mean exceeds the least by more than 2 radii.

    memory: a bit for each dropped action.
    """

    def law(t: int, record: Record) -> Any:
        n_actions = record.plays.shape[1]
        dropped = (record.memory[:, None] >> np.arange(n_actions)) & 1 == 1
        active = np.where(dropped, np.inf, record.plays)
        turns = active.min(axis=1)
        ended = turns == np.where(dropped, -np.inf, record.plays).max(axis=1)
        radius = np.sqrt(params.log_term / (2.0 * np.maximum(turns, 1.0)))
        means = np.where(dropped, np.inf, np.nan_to_num(record.mean))
        bad = (means - means.min(axis=1, keepdims=True) > 2.0 * radius[:, None]) & ended[:, None]
        dropped |= bad
        p = np.eye(n_actions)[np.where(dropped, np.inf, record.plays).argmin(axis=1)]
        return p, (dropped << np.arange(n_actions)).sum(axis=1)

    return law


LAWS: dict[str, Callable[[Any], Law]] = {
    "ucb": ucb,
    "ucb_v": ucb_v,
    "kl_ucb": kl_ucb,
    "beta_thompson": beta_thompson,
    "gaussian_thompson": gaussian_thompson,
    "epsilon_greedy": epsilon_greedy,
    "commit": commit,
    "elimination": elimination,
}
