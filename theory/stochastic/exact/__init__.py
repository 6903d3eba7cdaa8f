"""Exact plays of learners on independent losses with finitely many values, without sampling.

The law of a learner's next action depends on how often each action had each loss (and on a small memory, where the
learner commits itself). Histories with equal counts are alike, so a forward recursion over counts replaces the
enumeration of all histories: about t^3 / 6 counts in round t for two actions and losses 0 and 1. Laws are in
`theory.stochastic.exact.policies`; explore-then-commit has a closed form.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import HUGE, array, integer
from bandits.protocol import known
from theory.stochastic.exact.commitment import chosen
from theory.stochastic.exact.policies import LAWS, Law, Record

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
MAX_COUNTS = 200_000  # different counts in the last round


@dataclass(frozen=True, eq=False)
class CountPlay:
    """Exact expectations of one learner on independent losses.

    probabilities: (T, K), the marginal law of the action in each round.  means: (K,), mean losses.
    """

    probabilities: Array
    means: Array

    @property
    def pulls(self) -> Array:
        """Expected number of plays of each action, (K,)."""
        return np.asarray(self.probabilities.sum(axis=0))

    @property
    def loss(self) -> float:
        """Expected loss."""
        return float(self.pulls @ self.means)

    @property
    def regret(self) -> float:
        """Expected pseudo-regret at the horizon."""
        return float(self.regrets[-1])

    @property
    def regrets(self) -> Array:
        """Expected pseudo-regret after each round, (T,)."""
        return np.cumsum(self.probabilities @ (self.means - self.means.min()))

    @property
    def rounding(self) -> float:
        """A bound on the error of an expectation in floating point: each round's law is off by few roundings."""
        return 1e-14 * len(self.probabilities) ** 2


@checked
def play(values: ArrayLike, weights: ArrayLike, horizon: int, law: Law) -> CountPlay:
    """Return the exact play of a law when action i has loss values[j] with probability weights[i, j].

    values: (m,).  weights: (K, m), rows that sum to 1.  Raises ValueError where the counts are too many.
    """
    given = array("values", values, ndim=1, low=-HUGE, high=HUGE)
    chance = array("weights", weights, ndim=2, low=0.0, high=1.0)
    horizon = integer("horizon", horizon, low=1)
    everywhere = rounds(given, chance.shape, horizon, law, lambda counts: np.broadcast_to(chance, counts.shape))
    return CountPlay(np.array([probability @ p for _, probability, p in everywhere]), chance @ given)


def rounds(
    values: Array, shape: tuple[int, ...], horizon: int, law: Law, chances: Callable[[Integers], Array]
) -> Iterator[tuple[Integers, Array, Array]]:
    """Yield counts (N, K, m), their probabilities (N,) and the law of the action (N, K) of every round.

    values: (m,).  shape: (K, m).  chances: from counts to the probabilities (N, K, m) of the values of the next loss.
    Raises ValueError where the counts are too many.
    """
    if math.comb(horizon + math.prod(shape) - 2, math.prod(shape) - 1) > MAX_COUNTS:
        raise ValueError("too many actions, losses or rounds to count: use fewer, or sample")
    counts, memory, probability = np.zeros((1, *shape), np.int64), np.zeros(1, np.int64), np.ones(1)
    for t in range(horizon):
        answer = law(t + 1, record_of(counts, values, memory))
        p, memory = answer if isinstance(answer, tuple) else (answer, memory)
        yield counts, probability, p
        taken = probability[:, None, None] * p[..., None] * chances(counts)
        counts, memory, probability = _after(counts, memory, taken)


def record_of(counts: Integers, values: Array, memory: Integers) -> Record:
    """Return what counts (N, K, m) of losses with these values (m,) say."""
    plays = counts.sum(axis=2).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean, square = counts @ values / plays, counts @ values**2 / plays
    return Record(plays, mean, np.maximum(square - mean**2, 0.0), memory)


def _after(counts: Integers, memory: Integers, taken: Array) -> tuple[Any, Any, Any]:
    """Return counts, memory and probabilities after one more round, equal ones merged; taken: (N, K, m)."""
    parts = []
    for i, j in np.ndindex(taken.shape[1:]):
        here = np.flatnonzero(taken[:, i, j] > 0.0)
        more = counts[here]
        more[:, i, j] += 1
        parts.append((more, memory[here], taken[here, i, j]))
    counts, memory, probability = (np.concatenate(part) for part in zip(*parts, strict=True))
    keys = np.column_stack([counts.reshape(len(counts), -1), memory]).astype(np.int32)
    rows: Any = keys.view(np.dtype((np.void, keys.itemsize * keys.shape[1]))).ravel()
    _, first, group = np.unique(rows, return_index=True, return_inverse=True)
    return counts[first], memory[first], np.bincount(group, probability)


# ---------------------------------------------------------------- a learner in a game


def exact_play(game: Any, learner: Any) -> CountPlay | None:
    """Return the exact play of a learner that names its law (`Learner.exact`) in a game of independent losses.

    None for other games, for learners whose law is not known (subclasses too), and where the counts are too many.
    """
    from bandits.switching import Bandit, SwitchingCostGame

    law = LAWS.get(known(learner, "exact"))
    if law is None or type(game) is not SwitchingCostGame or type(game.feedback) is not Bandit:
        return None
    parameters, outcomes = learner.parameters(game), known(game.losses, "outcomes")()
    if law is LAWS["commit"] and parameters.pulls * game.n_actions <= game.horizon:
        return _committed(game, parameters.pulls)
    if outcomes is None:
        return None
    values, weights = outcomes
    if law is LAWS["beta_thompson"]:  # a loss in between is rounded to 0 or 1
        means = weights @ values
        values, weights = np.array([0.0, 1.0]), np.stack([1.0 - means, means], axis=1)
    try:
        return play(values, weights, game.horizon, law(parameters))
    except ValueError:  # too many counts
        return None


def _committed(game: Any, pulls: int) -> CountPlay | None:
    """Return the exact play of explore-then-commit, in closed form."""
    law, n_actions = chosen(game.losses, pulls), game.n_actions
    if law is None:
        return None
    explored = np.tile(np.eye(n_actions), (pulls, 1))
    rest = np.tile(law, (game.horizon - len(explored), 1))
    return CountPlay(np.concatenate([explored, rest]), np.array(game.losses.means))


def expectation(game: Any, learner: Any, quantity: str) -> tuple[float, float] | None:
    """Return an exact expectation, of "loss" or "pseudo_regret", and its rounding; None where it is not known."""
    wanted = {"loss": "loss", "pseudo_regret": "regret"}.get(quantity)
    play = exact_play(game, learner) if wanted and getattr(game, "switching_cost", 1.0) == 0.0 else None
    return None if play is None else (float(getattr(play, wanted or "")), play.rounding)


def marginals(game: Any, learner: Any) -> Array | None:
    """Return the marginal law of the action in each round, (T, K); None where it is not known."""
    play = exact_play(game, learner)
    return None if play is None else play.probabilities
