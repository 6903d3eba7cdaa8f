"""Exact complexities of small worlds of certain words.

* `transfer_eluder_dimension` (Xu et al. 2025, Definition 3): the length of the longest sequence of actions each of
  which is independent of those before it. Action a is, if for some hypotheses h and h' the words of h' to the earlier
  actions have cost h nothing, while the rewards of a differ under both by more than epsilon. (The paper takes the
  longest sequence over all levels epsilon' >= epsilon and allows a cost of epsilon'^2, which is below 1. Where costs
  are 0 or at least 1, the level epsilon itself gives the longest.)
* `least_mistakes`: the least number of mistakes that some learner makes at most, whatever hypothesis is true.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from bandits.core.checks import flag, instance, real
from bandits.language.world import WordWorld

LARGEST_DIMENSION = 9
LARGEST_MISTAKES = 16


def _small(world: Any, most: int) -> None:
    instance("world", world, WordWorld, "a WordWorld such as WordWorld.password(3, 2)")
    if world.n_hypotheses > most:
        raise ValueError(f"world must have at most {most} hypotheses, got {world.n_hypotheses}")


@checked
def transfer_eluder_dimension(world: WordWorld, epsilon: float = 0.0) -> float:
    """Return the transfer eluder dimension at level epsilon in [0, 1); inf if a sequence never ends.

    Raises ValueError for more than 9 hypotheses, and for a verifier that has expected losses strictly between 0 and 1
    above the least.
    """
    _small(world, LARGEST_DIMENSION)
    real("epsilon", epsilon, low=0.0, high=1.0, open_high=True)
    costs = world.expected_losses - world.expected_losses.min(axis=1, keepdims=True)
    if ((costs > 1e-12) & (costs < 1.0 - 1e-12)).any():
        raise ValueError("world must have words and a verifier without noise, got expected losses between 0 and 1")
    free, differ = _pairs(world, costs, epsilon)

    @cache
    def longest(alive: int) -> float:
        best = 0.0
        for a in range(world.n_actions):
            if alive & differ[a]:
                left = alive & free[a]
                if left == alive:
                    return np.inf
                best = max(best, 1.0 + longest(left))
        return best

    return float(longest((1 << len(_different(world, epsilon))) - 1))


def _different(world: WordWorld, epsilon: float) -> NDArray[np.int64]:
    """Return the ordered pairs (h, h') whose rewards of some action differ by more than epsilon."""
    gaps = abs(world.rewards[:, None] - world.rewards[None])
    return np.argwhere((gaps > epsilon).any(axis=2))


def _pairs(world: WordWorld, costs: NDArray[np.float64], epsilon: float) -> tuple[list[int], list[int]]:
    """Return for each action the pairs, as bits, that it costs nothing, and those whose rewards it tells apart."""
    free, differ = [0] * world.n_actions, [0] * world.n_actions
    for bit, (h, other) in enumerate(_different(world, epsilon)):
        for a in range(world.n_actions):
            if costs[other, h, a] <= 1e-12:  # the words of `other` cost h nothing
                free[a] |= 1 << bit
            if abs(world.rewards[h, a] - world.rewards[other, a]) > epsilon:
                differ[a] |= 1 << bit
    return free, differ


@checked
def least_mistakes(world: WordWorld, consistent: bool = False) -> float:
    """Return the least m such that a learner makes at most m mistakes under every hypothesis; inf if there is none.

    consistent: only learners that play a best action of some hypothesis which the words leave possible.
    Raises ValueError for more than 16 hypotheses and for noise.
    """
    _small(world, LARGEST_MISTAKES)
    flag("consistent", consistent)
    if not world.certain:
        raise ValueError("world must have certain words, got laws")
    return _Search(world, consistent).least()


class _Search:
    """Whether a learner can keep to at most so many mistakes under each hypothesis that is still possible."""

    def __init__(self, world: WordWorld, consistent: bool) -> None:
        self.n, self.actions, self.consistent = world.n_hypotheses, range(world.n_actions), consistent
        self.words = world.words.argmax(axis=2).tolist()
        self.best = (world.rewards == world.rewards.max(axis=1, keepdims=True)).tolist()
        self.known: dict[tuple[tuple[int, int], ...], bool] = {}

    def least(self) -> float:
        """Return the least m; each mistake of a learner that needs few leaves fewer hypotheses, so that m < N."""
        everyone = range(self.n)
        return next((float(m) for m in everyone if self.possible(tuple((h, m) for h in everyone))), np.inf)

    def possible(self, left: tuple[tuple[int, int], ...]) -> bool:
        """left: (hypothesis, mistakes that it may still cost) of those that the words leave possible."""
        if left not in self.known:
            self.known[left] = any(self._serves(left, a) for a in self.actions)
        return self.known[left]

    def _serves(self, left: tuple[tuple[int, int], ...], a: int) -> bool:
        right = [self.best[h][a] for h, _ in left]
        if all(right):
            return True  # for ever
        if self.consistent and not any(right):
            return False
        after: dict[int, list[tuple[int, int]]] = {}
        for (h, may), good in zip(left, right, strict=True):
            if not good and may == 0:
                return False
            after.setdefault(self.words[h][a], []).append((h, may if good else may - 1))
        return len(after) > 1 and all(self.possible(tuple(part)) for part in after.values())
