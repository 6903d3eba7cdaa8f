"""Preferences given by a density of the annotator, its maximum-likelihood fit, and mixtures of annotators.

Luce 1959: an annotator with the density p over answers prefers i to j with probability p_i / (p_i + p_j). This is
Bradley & Terry's model with rewards log p, so the maximum of the likelihood of wins w_ij (i over j),

    L(p) = sum_ij w_ij log(p_i / (p_i + p_j)),   sum p = 1,

estimates the density, and recovers it from the preferences of one annotator. With n_ij = w_ij + w_ji and W_i = sum_j
w_ij the maximiser is the unique p with

    sum_j n_ij p_i / (p_i + p_j) = W_i   for all i:

expected wins equal wins; it exists if and only if every set of actions has a win over its complement (Ford 1957). L is
concave in theta = log p and its Hessian is minus the Laplacian of a weighted graph, so the Newton step solves a
Laplacian system, here by elimination without subtractions (Grassmann, Taksar & Heyman 1985), which is accurate for all
weights. A step whose entries span d is shortened by log(1 + d) / d, which gives global convergence (Sun & Tran-Dinh
2019, "Generalized self-concordant functions", Section 4); the last steps are full ones, with quadratic convergence.
Penalised fits in features: `bandits.preference.reward_fit`.

The preferences of a mixture of annotators are in general not those of any density. The fit then matches only the mean
win rate of each action, differs from the mean of the densities, and need not rank first the action that a majority
prefers to every other (`mixture_fit`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import array, integer, real
from bandits.preference.equilibria import von_neumann_winner
from bandits.preference.games import annotator_mixture, distribution

_LARGEST = 1e300
_STEEPEST = 700.0  # largest difference of log-densities: e^700 is finite
_WHOLE = 1e-3  # steps with a smaller span are not shortened
_ROUGH = 1e-3  # growing steps below it are rounding errors


@checked
def fit_density(wins: ArrayLike, *, tolerance: float = 1e-10, max_rounds: int = 1000) -> NDArray[np.float64]:
    """Return the density (n,) float64 of greatest likelihood for wins (n, n), w_ij how often i was preferred to j.

    wins: counts or shares, >= 0; a preference matrix means equally many comparisons of every pair. The diagonal
    is not used.  tolerance: > 0, bounds the entries of the last Newton step, whose error is of the order of its square.
    max_rounds: largest number of Newton steps, at least 1.
    Raises ValueError where no maximum exists (some actions never lose to the others), and where the accuracy
    is not reached in `max_rounds` steps, or not in double precision.
    """
    count = array("wins", wins, 2, 0.0, _LARGEST)
    if count.shape[0] != count.shape[1]:
        raise ValueError(f"wins must be square (n, n), got shape {count.shape}")
    real("tolerance", tolerance, 0.0, open_low=True)
    rounds = integer("max_rounds", max_rounds, low=1)
    count = count * (1.0 - np.eye(len(count)))
    if not _connected(count > 0.0):
        raise ValueError("wins must hold, for every set of actions, one over an action outside it")
    count = count / max(float(count.max()), np.finfo(float).tiny)
    theta, moved = np.zeros(len(count)), np.inf
    for _ in range(rounds):
        step = newton_step(count, theta)
        before, moved = moved, float(np.abs(step).max())
        theta = theta + step
        if moved <= tolerance:
            return np.asarray(np.exp(theta) / np.exp(theta).sum())
        if not moved < before and moved < _ROUGH:
            raise ValueError(
                f"tolerance must be above {moved:.1e}, the rounding error of the log-densities, got {tolerance:g}"
            )
    raise ValueError(f"max_rounds must be larger: the log-densities still moved by {moved:.3g} after {rounds} steps")


def newton_step(wins: NDArray[np.float64], theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the damped Newton step (n,) at log-densities theta up to a constant; wins (n, n), zeros on the diagonal.

    The result is such that theta + step are the logarithms of a density.
    """
    ahead = 1.0 / (1.0 + np.exp(np.clip(theta[None, :] - theta[:, None], -_STEEPEST, _STEEPEST)))
    slope = (wins * ahead.T - wins.T * ahead).sum(axis=1)
    step = _laplacian_solution((wins + wins.T) * ahead * ahead.T, slope)
    span = float(np.ptp(step))
    after = theta + step * (np.log1p(span) / span if span > _WHOLE else 1.0)
    after = after - after.max()
    return np.asarray(after - np.log(np.exp(after).sum()) - theta)


def _laplacian_solution(weights: NDArray[np.float64], side: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x (n,), x_0 = 0, sum_j weights_ij (x_i - x_j) = side_i, for symmetric weights >= 0 and sides of sum 0."""
    weight, right, n = weights.copy(), side.copy(), len(side)
    for k in range(n - 1, 0, -1):
        share = weight[k, :k] / weight[k, :k].sum()
        weight[:k, :k] += weight[:k, k, None] * share
        np.fill_diagonal(weight, 0.0)
        right[:k] += right[k] * share
    x = np.zeros(n)
    for k in range(1, n):
        x[k] = (right[k] + (weight[k, :k] * x[:k]).sum()) / weight[k, :k].sum()
    return x


def _connected(wins: NDArray[np.bool_]) -> bool:
    """Return whether every action reaches every other along wins (n, n)."""
    reach = wins | np.eye(len(wins), dtype=bool)
    for _ in range(len(wins).bit_length()):
        reach = reach @ reach
    return bool(reach.all())


class MixtureFit(NamedTuple):
    """Results for annotators with different densities, each (n,)."""

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
