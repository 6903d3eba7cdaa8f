"""Preference games: matrices P with P[i, j] the probability that action i is preferred to action j.

Every function returns a float64 array (n, n) with P + P^T = 1 and P[i, i] = 1/2, entries in [0, 1]. Only
the skew part S = P - 1/2 matters to play; `skew` gives it exactly antisymmetric. Games that are random take
`rng`, an integer seed or a `numpy.random.Generator`.

Sources of the named games: dice and three raters, Munos et al. 2023 (arXiv:2312.00886), Appendix C; the
three-action cycle of COMAL, Liu et al. 2024 (arXiv:2410.23223); blade-chest, Chen & Joachims 2016; the
disc game, Balduzzi et al. 2019 (arXiv:1901.08106); i.i.d. uniform entries, Zhou et al. 2025
(arXiv:2503.08942); arithmetic, Yue & Joachims 2011.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import HUGE, array, as_array, integer, real

Matrix = NDArray[np.float64]

_ROUNDED = 1e-6  # how far what must be 1 may be from it: numbers come in single precision, or with six digits
_MANY_ACTIONS = 2**13  # of a matrix that is made here: 512 MB
_LARGEST = 1e300  # of rewards: their differences are finite
_LOGIT = 36.0  # 1 - sigmoid(36) is half a unit in the last place of 1


def preference_matrix(name: str, value: ArrayLike) -> Matrix:
    """Return `value` (..., n, n) as float64 preferences with P + P^T = 1 exactly up to one rounding.

    Raises: TypeError if it is not an array of numbers, ValueError (naming the entry) unless the last two axes
    are equal, all entries lie in [0, 1] and |P + P^T - 1| <= 1e-6, or 4 roundings where those are more (float16).
    """
    matrix = _numbers(name, value, least_axes=2)
    if matrix.shape[-1] != matrix.shape[-2]:
        raise ValueError(f"{name} must be square in its last two axes, got shape {matrix.shape}")
    off = np.abs(matrix + matrix.swapaxes(-1, -2) - 1.0)
    close = _closeness(value, 2)
    if off.max() > close:
        where = tuple(int(i) for i in np.unravel_index(off.argmax(), off.shape))
        by = f"but it is off by {off[where]:.3g} at {where}"
        raise ValueError(f"{name} must satisfy P + P^T = 1 within {close:.1g}, {by}; games.from_wins normalises")
    return 0.5 + skew(matrix)


def skew(preferences: ArrayLike) -> Matrix:
    """Return S = (P - P^T) / 2, exactly antisymmetric, of preferences (..., n, n); equals P - 1/2."""
    matrix = np.asarray(preferences, dtype=np.float64)
    return np.asarray(0.5 * (matrix - matrix.swapaxes(-1, -2)))


def distribution(name: str, value: ArrayLike, *, interior: bool = False) -> Matrix:
    """Return `value` (..., n) as probabilities, normalised; they must sum to 1 within 1e-6, or 2 n roundings.

    Raises ValueError for negative entries, wrong sums and, with `interior`, zeros.
    """
    vector = _numbers(name, value, least_axes=1)
    total = vector.sum(axis=-1, keepdims=True)
    if np.abs(total - 1.0).max() > _closeness(value, vector.shape[-1]):
        raise ValueError(f"{name} must sum to 1, got sums {np.unique(total).tolist()[:3]}")
    if interior and (vector <= 0.0).any():
        raise ValueError(f"{name} must be positive everywhere (restrict the game to its support first), got a zero")
    return np.asarray(vector / total)


def _numbers(name: str, value: ArrayLike, least_axes: int) -> Matrix:
    """Return `value` as an array in [0, 1] with any number of axes from `least_axes` on."""
    given = as_array(name, value)
    return array(name, given, max(given.ndim, least_axes), 0.0, 1.0)


def _closeness(value: Any, terms: int) -> float:
    """Return how far a sum of `terms` numbers of the precision of `value` may be from 1."""
    kind = np.dtype(getattr(value, "dtype", np.float64))
    return max(_ROUNDED, 2.0 * terms * float(np.finfo(kind).eps)) if kind.kind == "f" else _ROUNDED


def reference_policy(value: ArrayLike, matrix: Matrix) -> Matrix:
    """Return a positive reference for preferences (..., n, n): mu (n,) or (..., n); ValueError for other shapes."""
    mu = distribution("reference", value, interior=True)
    if mu.shape not in (matrix.shape[-1:], matrix.shape[:-1]):
        raise ValueError(f"reference must be (n,) or (..., n) like preferences {matrix.shape}, got shape {mu.shape}")
    return mu


def _few(name: str, values: Matrix) -> Matrix:
    """Return `values`, one row or number for each action, unless there are more than a matrix is made of."""
    if len(values) > _MANY_ACTIONS:
        raise ValueError(f"{name} must be of at most {_MANY_ACTIONS} actions, got {len(values)}")
    return values


def _from_skew(matrix: Any) -> Matrix:
    return np.asarray(0.5 + 0.5 * (matrix - np.swapaxes(matrix, -1, -2)))


def _from_logits(logits: Any) -> Matrix:
    clipped = np.clip(logits, -_LOGIT, _LOGIT)
    return _from_skew(0.5 * np.tanh(0.5 * clipped))


def _products(left: Matrix, right: Matrix) -> Matrix:
    """Return left right' (n, n), summed in one order on every machine."""
    return np.asarray(np.einsum("ik,jk->ij", left, right))


@checked
def from_wins(wins: ArrayLike, pseudo_count: float = 0.0) -> Matrix:
    """Return P[i, j] = (w_ij + a) / (w_ij + w_ji + 2 a), the preferences estimated from counts of wins.

    wins: w (n, n), w_ij >= 0 how often i was preferred to j (the diagonal is ignored). They need not be whole numbers:
    preferences whose P + P^T differs from 1 are normalised.  pseudo_count: a >= 0, added to every w_ij; 1/2 is
    Jeffreys' prior, 1 Laplace's. ValueError for pairs that were never compared where a = 0.
    """
    count, added = array("wins", wins, 2, 0.0, HUGE), real("pseudo_count", pseudo_count, 0.0, HUGE)
    if count.shape[0] != count.shape[1]:
        raise ValueError(f"wins must be square, got shape {count.shape}")
    total = count + count.T + 2.0 * added
    np.fill_diagonal(total, 1.0)
    if not total.all():
        first, second = (int(i) for i in np.argwhere(total == 0.0)[0])
        raise ValueError(f"wins must compare every pair, or pseudo_count be above 0: ({first}, {second}) has none")
    return _from_skew(0.5 * (count - count.T) / total)


# ---------------------------------------------------------------- cycles and named instances


@checked
def rock_paper_scissors(advantage: float = 0.5) -> Matrix:
    """Return the 3-cycle 0 > 1 > 2 > 0, each with probability 1/2 + advantage (0..1/2); Nash uniform."""
    edge = real("advantage", advantage, 0.0, 0.5)
    return biased_rock_paper_scissors(edge, edge, edge)


@checked
def biased_rock_paper_scissors(first: float, second: float, third: float) -> Matrix:
    """Return the 3-cycle with S01 = first, S12 = second, S20 = third, each in [0, 1/2].

    The kernel of S gives the von Neumann winner (second, third, first) / sum where all are positive.
    """
    edges = [real(n, v, 0.0, 0.5) for n, v in (("first", first), ("second", second), ("third", third))]
    matrix = np.zeros((3, 3))
    matrix[[0, 1, 2], [1, 2, 0]] = edges
    return _from_skew(2.0 * matrix)


@checked
def condorcet_cycle(n_actions: int, advantage: float) -> Matrix:
    """Return the circulant game where i beats the next (n - 1) / 2 actions with 1/2 + advantage.

    n_actions: odd.  advantage: 0..1/2.  The uniform policy is a von Neumann winner.
    """
    n = integer("n_actions", n_actions, low=1, high=_MANY_ACTIONS)
    if n % 2 == 0:
        raise ValueError(f"n_actions must be odd, got {n}")
    ahead = (np.arange(n)[None, :] - np.arange(n)[:, None]) % n
    beats = (ahead >= 1) & (ahead <= (n - 1) // 2)
    return _from_skew(2.0 * real("advantage", advantage, 0.0, 0.5) * beats)


def dice() -> Matrix:
    """Return the three dice {2,4,9}, {1,6,8}, {3,5,7}: each beats the next with probability 5/9."""
    faces = np.array([[2, 4, 9], [1, 6, 8], [3, 5, 7]])
    wins = (faces[:, None, :, None] > faces[None, :, None, :]).mean(axis=(2, 3))
    return _from_skew(wins)


@checked
def three_raters(epsilon: float) -> Matrix:
    """Return the game of three kinds of raters, epsilon in [-2/3, 1/3].

    Mass 1/3 - epsilon prefers y2 to y1, mass 1/3 + epsilon / 2 prefers y1 to y3, and as many y3 to y2; the
    other pairs are ties. Von Neumann winner (1/3 + epsilon/2, 1/3 + epsilon/2, 1/3 - epsilon).
    """
    epsilon = real("epsilon", epsilon, -2.0 / 3.0, 1.0 / 3.0)
    matrix = np.zeros((3, 3))
    matrix[[1, 0, 2], [0, 2, 1]] = [1 / 3 - epsilon, 1 / 3 + epsilon / 2, 1 / 3 + epsilon / 2]
    return _from_skew(matrix)


def comal_cycle() -> Matrix:
    """Return P[b > a] = P[c > b] = 0.9, P[a > c] = 0.8 on (a, b, c); von Neumann winner (4, 3, 4) / 11."""
    return np.array([[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]])


@checked
def arithmetic(n_actions: int) -> Matrix:
    """Return P[i, j] = 1/2 + (j - i) / (2 n): a transitive dueling-bandit instance, Condorcet winner 0."""
    n = integer("n_actions", n_actions, low=1, high=_MANY_ACTIONS)
    rank = np.arange(n)
    return _from_skew((rank[None, :] - rank[:, None]) / (2.0 * n))


# ---------------------------------------------------------------- transitive games and mixtures


@checked
def bradley_terry(rewards: ArrayLike) -> Matrix:
    """Return sigmoid(r_i - r_j) for finite rewards (n,); the best action wins against every other."""
    reward = _few("rewards", array("rewards", rewards, 1, -_LARGEST, _LARGEST))
    return _from_logits(reward[:, None] - reward[None, :])


@checked
def luce(density: ArrayLike) -> Matrix:
    """Return p_i / (p_i + p_j) for a positive density (n,) that sums to 1 (Luce's choice rule)."""
    p = _few("density", distribution("density", density, interior=True))
    if p.ndim != 1:
        raise ValueError(f"density must be (n,), got shape {p.shape}")
    return _from_skew(0.5 * (p[:, None] - p[None, :]) / (p[:, None] + p[None, :]))


@checked
def annotator_mixture(weights: ArrayLike, rewards: ArrayLike, *, hard: bool = False) -> Matrix:
    """Return the mean of annotators' preferences: weights (k,), rewards (k, n).

    Each annotator answers sigmoid(r_i - r_j), or with `hard` always prefers the larger reward (ties: 1/2).
    """
    weight, reward = distribution("weights", weights), array("rewards", rewards, 2, -_LARGEST, _LARGEST)
    if len(weight) != len(reward):
        raise ValueError(f"weights and rewards must have one row an annotator, got {len(weight)} and {len(reward)}")
    gap = reward[:, :, None] - reward[:, None, :]
    each = 0.5 * np.sign(gap) if hard else 0.5 * np.tanh(0.5 * np.clip(gap, -_LOGIT, _LOGIT))
    return _from_skew(np.einsum("k,kij->ij", weight, each))


# ---------------------------------------------------------------- cyclic games of low rank


@checked
def blade_chest(blades: ArrayLike, chests: ArrayLike) -> Matrix:
    """Return sigmoid(u_i . v_j - u_j . v_i) for blades u (n, k) and chests v (n, k)."""
    u, v = array("blades", blades, 2, -HUGE, HUGE), array("chests", chests, 2, -HUGE, HUGE)
    if u.shape != v.shape:
        raise ValueError(f"blades and chests must have one shape, got {u.shape} and {v.shape}")
    _few("blades and chests", u)
    return _from_logits(_products(u, v) - _products(v, u))


@checked
def disc(x: ArrayLike, y: ArrayLike, strengths: ArrayLike, rewards: ArrayLike | None = None) -> Matrix:
    """Return sigmoid(r_i - r_j + sum_m s_m (x_im y_jm - y_im x_jm)): cyclic of rank 2k, plus a transitive part.

    x, y: (n, k) coordinates.  strengths: (k,).  rewards: (n,), zero by default.
    """
    left, right = array("x", x, 2, -HUGE, HUGE), array("y", y, 2, -HUGE, HUGE)
    strength = array("strengths", strengths, 1, -HUGE, HUGE)
    if left.shape != right.shape or left.shape[1] != len(strength):
        shapes = f"{left.shape}, {right.shape}, {strength.shape}"
        raise ValueError(f"x, y and strengths must be (n, k), (n, k), (k,), got {shapes}")
    reward = np.zeros(len(left)) if rewards is None else array("rewards", rewards, 1, -_LARGEST, _LARGEST)
    if len(reward) != len(_few("x, y", left)):
        raise ValueError(f"rewards must be ({len(left)},), got shape {reward.shape}")
    turn = _products(left * strength, right)
    return _from_logits(reward[:, None] - reward[None, :] + turn - turn.T)


# ---------------------------------------------------------------- random games


@checked
def uniform_random(n_actions: int, rng: Any) -> Matrix:
    """Return i.i.d. uniform entries on [0, 1] below the diagonal; rng: seed or Generator."""
    n = integer("n_actions", n_actions, low=1, high=_MANY_ACTIONS)
    below = np.tril(_generator(rng).uniform(-1.0, 1.0, (n, n)), -1)
    return _from_skew(below)


@checked
def tournament(n_actions: int, rng: Any) -> Matrix:
    """Return a random tournament: every pair decided with certainty; rng: seed or Generator."""
    n = integer("n_actions", n_actions, low=1, high=_MANY_ACTIONS)
    below = np.tril(2.0 * _generator(rng).integers(0, 2, (n, n)) - 1.0, -1)
    return _from_skew(below)


@checked
def skew_gaussian(n_actions: int, scale: float, rng: Any) -> Matrix:
    """Return sigmoid(scale (G - G^T) / sqrt 2) with G standard normal; scale >= 0; rng: seed or Generator."""
    n = integer("n_actions", n_actions, low=1, high=_MANY_ACTIONS)
    draws = _generator(rng).standard_normal((n, n))
    return _from_logits(real("scale", scale, 0.0) * (draws - draws.T) / np.sqrt(2.0))


@checked
def low_rank(n_actions: int, rank: int, scale: float, rng: Any) -> Matrix:
    """Return sigmoid(U V^T - V U^T), U and V (n, rank) Gaussian so that logits have standard deviation `scale`.

    scale >= 0; rng: seed or Generator.
    """
    n, rank = (
        integer("n_actions", n_actions, low=1, high=_MANY_ACTIONS),
        integer("rank", rank, low=1, high=_MANY_ACTIONS),
    )
    u, v = _generator(rng).standard_normal((2, n, rank)) / np.sqrt(2.0 * rank) ** 0.5
    return blade_chest(real("scale", scale, 0.0) * u, v)


def _generator(rng: Any) -> np.random.Generator:
    return rng if isinstance(rng, np.random.Generator) else np.random.default_rng(integer("rng", rng, low=0))
