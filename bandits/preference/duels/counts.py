"""Counts of wins and their confidence intervals, for learners of duels that choose by them.

With w_ij wins of i over j in n_ij comparisons, P[i, j] lies within sqrt(alpha ln t / n_ij) of w_ij / n_ij; its bounds
are -1 and 2 where n_ij = 0 (the papers' x / 0 = 1 gives the same upper bound and no other choices), and an action wins
half of the time against itself.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bandits.core.checks import real
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.preference.duels.problem import DuelingBandit, DuelLearner, Pair


class CountParams(NamedTuple):
    """K and alpha."""

    n_actions: int
    alpha: float


class CountState(NamedTuple):
    """Wins, and the last lone candidate."""

    wins: Any  # (K, K) float64, w_ij
    lone: int  # -1 for none
    candidate: Any  # (K,) bool, scratch of `act`
    score: Any  # (K,) float64, scratch of `act`


@kernel
def width(wins: Any, i: int, j: int, bonus: float) -> tuple[float, float]:
    """Return the estimate of P[i, j] and the width of its interval; bonus = alpha ln t."""
    if i == j:
        return 0.5, 0.0
    n = wins[i, j] + wins[j, i]
    if n == 0.0:
        return 0.5, 1.5
    return wins[i, j] / n, math.sqrt(bonus / n)


@kernel
def no_counts(params: CountParams, rng: Stream) -> CountState:
    """Return the state before any comparison."""
    n_actions = params.n_actions
    wins = np.zeros((n_actions, n_actions))
    return CountState(wins, -1, np.zeros(n_actions, np.bool_), np.zeros(n_actions))


@kernel
def nth(candidate: Any, skipped: int, n: int) -> int:
    """Return the candidate number n (from 0), `skipped` left out."""
    chosen = -1
    for i in range(candidate.size):
        if candidate[i] and i != skipped:
            if n >= 0:
                chosen = i
            n -= 1
    return chosen


@kernel
def count_win(params: CountParams, state: CountState, t: int, pair: Pair, answer: float, rng: Stream) -> CountState:
    """Return the state after one more answer; an action against itself tells nothing."""
    if pair.first != pair.second:
        state.wins[pair.first, pair.second] += answer
        state.wins[pair.second, pair.first] += 1.0 - answer
    return state


@dataclass(frozen=True)
class CountLearner(DuelLearner):
    """Base of the learners that choose by counts, with intervals of alpha > 1/2."""

    alpha: float = 0.51

    def __post_init__(self) -> None:
        real("alpha", self.alpha, low=0.5, open_low=True)

    def parameters(self, problem: DuelingBandit) -> CountParams:
        """Return K and alpha."""
        return CountParams(problem.n_actions, float(self.alpha))
