"""Exact regret of best-of-majority, and the upper theorem's free parameter."""

import math
from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from bandits.core.arguments import checked
from bandits.core.checks import instance, real
from bandits.prediction.selection import SelectionGame, least_count

MOST_DRAWS, MOST_ANSWERS = 400, 200


@checked
def expected_regret(game: SelectionGame, alpha: float = 0.0) -> float:
    """Return the exact expected regret of `BestOfMajority(alpha)` in one round, best-of-N for alpha = 0.

    Answers are visited in the order of their proxies, counts drawn as sequential binomials; the state is (draws left,
    answers submitted, largest reward). Raises ValueError for more than 400 draws or 200 answers.
    """
    instance("game", game, SelectionGame, "a SelectionGame")
    least = least_count(real("alpha", alpha, 0.0, 1.0), game.draws)
    if not computable(game):
        raise ValueError(f"game must have at most {MOST_DRAWS} draws and {MOST_ANSWERS} answers")
    states: dict[tuple[int, int, float], float] = {(game.draws, 0, 0.0): 1.0}
    order, rest = np.argsort(-game.proxies, kind="stable"), 1.0
    reward = 0.0
    for y in order:
        share = min(1.0, float(game.law[y] / rest)) if rest > 0.0 else 0.0
        rest -= float(game.law[y])
        after: defaultdict[tuple[int, int, float], float] = defaultdict(float)
        for (left, submitted, best), mass in states.items():
            if submitted == game.submit or left == 0:
                reward += mass * best  # nothing changes any more
                continue
            for count, p in enumerate(_binomial(left, share).tolist()):
                kept = count >= least
                now = max(best, float(game.rewards[y])) if kept else best
                after[left - count, submitted + kept, now] += mass * p
        states = dict(after)
    reward += sum(mass * best for (_, _, best), mass in states.items())
    return float(game.rewards.max()) - reward


def _binomial(n: int, p: float) -> NDArray[np.float64]:
    """Return the probabilities of 0, ..., n."""
    k = np.arange(n + 1.0)
    choose = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return np.asarray(np.exp(choose + xlogy(k, p) + xlogy(n - k, 1.0 - p)))


def computable(game: SelectionGame) -> bool:
    """Return whether the game is small enough for `expected_regret`."""
    return game.draws <= MOST_DRAWS and game.law.size <= MOST_ANSWERS


def best_share(problem: Any, params: Any) -> float:
    """Return the b in (0, 1 - C* / (a N)] for which the upper theorem's bound is least; nan where there is none."""
    c, a, n, k = problem.coverage, share_of(problem, params), problem.draws, problem.submit
    if not 0.0 < c / (a * n) < 1.0:
        return math.nan
    b = np.linspace(0.0, 1.0 - c / (a * n), 2001)[1:]
    bound = problem.proxy_error * np.sqrt(c / (k * a * b)) + c / (a * b) * np.exp(-a * n / c * (b - 1.0 - np.log(b)))
    return float(b[bound.argmin()])


def share_of(problem: Any, params: Any) -> float:
    """Return a = C* g / N, where g is the number of draws that an answer needs."""
    return float(params.least * problem.coverage / problem.draws)
