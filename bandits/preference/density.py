"""Annotators with densities: preferences as a density's ratios, the density that fits them, and where that misleads.

Luce 1959: an annotator with the density p over answers prefers i to j with probability p_i / (p_i + p_j). This is
Bradley & Terry's model with rewards log p, so the maximum of the likelihood of wins w_ij (i over j),

    L(p) = sum_ij w_ij log(p_i / (p_i + p_j)),   sum p = 1,

estimates the density itself, and recovers it from one annotator's preferences. With n_ij = w_ij + w_ji and W_i = sum_j
w_ij the maximum is the one p with

    sum_j n_ij p_i / (p_i + p_j) = W_i   for all i:

expected wins equal wins; it exists if and only if every set of actions has a win over its complement (Ford 1957). The
iteration p_i <- W_i / sum_{j != i} n_ij / (p_i + p_j), normalised, never lowers L and converges to it (Zermelo 1929;
Hunter 2004, "MM algorithms for generalized Bradley-Terry models", Theorem 1). Newton's steps for the same likelihood,
damped and confined to a ball: `bandits.preference.reward_fit`.

Several annotators are not one. A mixture of densities' preferences is in general no density's; the fit then keeps each
action's mean win rate and nothing else, differs from the mean of the densities, and need not put first the action
that a majority prefers to every other (`mixture_fit`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import checked
from bandits.checks import array, integer, real
from bandits.preference.equilibria import von_neumann_winner
from bandits.preference.games import annotator_mixture, distribution

_LARGEST = 1e300


@checked
def fit_density(wins: ArrayLike, *, tolerance: float = 1e-14, max_rounds: int = 100_000) -> NDArray[np.float64]:
    """Return the density (n,) float64 of greatest likelihood for wins (n, n), w_ij how often i was preferred to j.

    wins: counts or shares, >= 0; a preference matrix stands for equally many comparisons of every pair. The diagonal
    is not read.  tolerance: the iteration ends when no log p_i moved by more, > 0.  max_rounds: at least 1.
    Raises ValueError where no maximum exists (some actions never lose to the others), RuntimeError if `max_rounds` do
    not suffice.
    """
    count = array("wins", wins, 2, 0.0, _LARGEST)
    if count.shape[0] != count.shape[1]:
        raise ValueError(f"wins must be square (n, n), got shape {count.shape}")
    real("tolerance", tolerance, 0.0, open_low=True)
    count = count * (1.0 - np.eye(len(count)))
    if not _connected(count > 0.0):
        raise ValueError("wins must hold, for every set of actions, one over an action outside it")
    density = np.full(len(count), 1.0 / len(count))
    for _ in range(integer("max_rounds", max_rounds, low=1)):
        before, density = density, mm_step(count, density)
        if np.abs(np.log(density / before)).max() <= tolerance:
            return density
    raise RuntimeError(f"the density had not settled within {tolerance:g} after {max_rounds} rounds")


def mm_step(wins: NDArray[np.float64], density: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the density (n,) after one round of the iteration; wins (n, n) with zeros on its diagonal."""
    if len(density) == 1:
        return density
    meetings = (wins + wins.T) / (density[:, None] + density[None, :])
    after = wins.sum(axis=1) / meetings.sum(axis=1)
    return np.asarray(after / after.sum())


def _connected(wins: NDArray[np.bool_]) -> bool:
    """Return whether every action reaches every other along wins (n, n)."""
    reach = wins | np.eye(len(wins), dtype=bool)
    for _ in range(len(wins).bit_length()):
        reach = reach @ reach
    return bool(reach.all())


class MixtureFit(NamedTuple):
    """What annotators with different densities lead to, each (n,)."""

    fitted: NDArray[np.float64]  # the density fitted to their answers
    average: NDArray[np.float64]  # the mean of their densities
    winner: NDArray[np.float64]  # a von Neumann winner of their preferences


@checked
def mixture_fit(weights: ArrayLike, densities: ArrayLike) -> MixtureFit:
    """Return fit, average and von Neumann winner for annotators with positive densities (k, n) in shares (k,).

    Every pair of actions is compared equally often, each time by an annotator drawn from `weights`.
    Raises ValueError naming the argument.
    """
    share, each = distribution("weights", weights), distribution("densities", densities, interior=True)
    if share.ndim != 1 or each.ndim != 2 or len(share) != len(each):
        raise ValueError(f"weights and densities must be (k,) and (k, n), got shapes {share.shape} and {each.shape}")
    preferences = annotator_mixture(share, np.log(each))
    return MixtureFit(fit_density(preferences), share @ each, von_neumann_winner(preferences))
