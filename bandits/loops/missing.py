"""Implicit feedback that is missing not at random: clipped inverse propensities, with exact bias and variance.

A user-item pair is clicked, Y = O R, where it is exposed (O, with probability theta) and relevant (R, with probability
g), independently. A recommender is judged by the mean of R d1 + (1 - R) d0 over n pairs, d1 and d0 its losses on
relevant and other pairs; only clicks are seen. The estimate, for a clip M in [0, 1],

    mean of Y / max(theta, M) d1 + (1 - Y / max(theta, M)) d0,

has bias mean of g (theta / max(theta, M) - 1) (d1 - d0) and, for independent pairs, variance
n^-2 sum theta g (1 - theta g) (d1 - d0)^2 / max(theta, M)^2. The variance falls as M rises; the size of the bias rises
where all d1 - d0 have one sign, but not in general.

Saito, Yaginuma, Nishino, Sakata & Nakata, "Unbiased recommender learning from missing-not-at-random implicit feedback"
(WSDM 2020), arXiv:1909.03601.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import HUGE, array, integer, real


class Moments(NamedTuple):
    """Bias and variance of an estimate."""

    bias: float
    variance: float

    @property
    def squared_error(self) -> float:
        """Expected squared error."""
        return self.bias**2 + self.variance


def _pairs(relevant_loss: ArrayLike, other_loss: ArrayLike, **chances: ArrayLike) -> list[NDArray[np.float64]]:
    """Return the chances (n,), in [0, 1], and the losses (n,), all of equal length."""
    losses = {"relevant_loss": relevant_loss, "other_loss": other_loss}
    found = [array(name, value, 1, 0.0, 1.0) for name, value in chances.items()]
    found += [array(name, value, 1, -HUGE, HUGE) for name, value in losses.items()]
    if len({len(one) for one in found}) > 1:
        names = ", ".join([*chances, *losses])
        raise ValueError(f"{names} must be of equal length, got {', '.join(str(len(one)) for one in found)}")
    return found


def _clipped(theta: NDArray[np.float64], clip: float) -> NDArray[np.float64]:
    """Return max(theta, M); ValueError where it is 0."""
    used = np.maximum(theta, real("clip", clip, 0.0, 1.0))
    if used.min() < 1.0 / HUGE:
        raise ValueError(f"exposure must be at least {1.0 / HUGE:g} where clip is less, got {theta.min():g}")
    return used


@checked
def clipped_estimate(
    clicks: ArrayLike, exposure: ArrayLike, relevant_loss: ArrayLike, other_loss: ArrayLike, clip: float = 0.0
) -> float:
    """Return the estimate from clicks (n,), 0 or 1, at exposure (n,) in [0, 1] and losses d1, d0 (n,); clip: M."""
    y, theta, d1, d0 = _pairs(relevant_loss, other_loss, clicks=clicks, exposure=exposure)
    share = y / _clipped(theta, clip)
    return float((share * d1 + (1.0 - share) * d0).mean())


@checked
def clipped_moments(
    exposure: ArrayLike, relevance: ArrayLike, relevant_loss: ArrayLike, other_loss: ArrayLike, clip: float = 0.0
) -> Moments:
    """Return bias and variance of the estimate; relevance: g (n,) in [0, 1], the others as in `clipped_estimate`."""
    theta, g, d1, d0 = _pairs(relevant_loss, other_loss, exposure=exposure, relevance=relevance)
    used = _clipped(theta, clip)
    clicked = theta * g
    bias = (g * (theta / used - 1.0) * (d1 - d0)).mean()
    return Moments(float(bias), float((clicked * (1.0 - clicked) * ((d1 - d0) / used) ** 2).sum() / len(theta) ** 2))


@checked
def best_clip(
    exposure: ArrayLike, relevance: ArrayLike, relevant_loss: ArrayLike, other_loss: ArrayLike, copies: int = 1
) -> float:
    """Return the clip M in (0, 1] of least expected squared error, exact but for rounding; the least where several are.

    copies: how often each pair is there; the variance is divided by it.  The others: as in `clipped_moments`.

    Between two neighbouring exposures the squared error is (A / M + B)^2 + V / M^2 and a constant, with A and -B the
    means of theta g (d1 - d0) and g (d1 - d0), and V the variance times M^2, over the pairs that are clipped: least at
    M = -(A^2 + V) / (A B), or at an end.
    """
    theta, g, d1, d0 = _pairs(relevant_loss, other_loss, exposure=exposure, relevance=relevance)
    size = float(max(np.abs(d1 - d0).max(), 1.0 / HUGE))
    order = np.argsort(theta, kind="stable")
    theta, g, d = theta[order], g[order], ((d1 - d0) / size)[order]
    n, spread = len(theta), theta * g * (1.0 - theta * g) * d**2
    a, b = np.cumsum(theta * g * d) / n, -np.cumsum(g * d) / n
    v = np.cumsum(spread) / (integer("copies", copies, low=1) * n**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = -(a**2 + v) / (a * b)
    inside = inside[(inside > theta) & (inside < np.append(theta[1:], 1.0))]
    tried = np.unique(np.concatenate([theta[theta > 0.0], inside, [1.0]]))
    clipped = np.searchsorted(theta, tried, side="right") - 1  # the last pair with theta <= M, or -1
    left = np.append(np.cumsum((spread / np.maximum(theta, 1.0 / HUGE) ** 2)[::-1])[::-1], 0.0)[clipped + 1]
    bias = np.where(clipped < 0, 0.0, a[clipped] / tried + b[clipped])
    error = bias**2 + np.where(clipped < 0, 0.0, v[clipped] / tried**2) + left / (copies * n**2)
    return float(tried[error.argmin()])
