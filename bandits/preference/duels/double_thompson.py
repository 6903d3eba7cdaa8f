"""Double Thompson sampling for duels.

Wu & Liu 2016 (arXiv:1604.07101), Algorithm 1: the champion wins most comparisons in a sample of all preferences from
Beta(w_ij + 1, w_ji + 1), among the actions whose upper Copeland score is highest; the challenger has the highest fresh
sample against the champion among the actions that are not known to lose to it. alpha > 1/2.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from bandits.core.jit import kernel, rare_kernel
from bandits.core.normal import normal_quantile
from bandits.core.rng import Stream, uniform, uniform_pair
from bandits.preference.duels.counts import CountLearner, CountParams, CountState, count_win, no_counts, width
from bandits.preference.duels.problem import Pair
from bandits.protocol import LearnerSteps


@rare_kernel
def gamma_draw(shape: float, rng: Stream, t: int, index: int) -> tuple[float, int]:
    """Return a Gamma(shape >= 1) draw and the next free index of round t (Marsaglia & Tsang 2000)."""
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        u, v = uniform_pair(rng, t, index)
        index += 1
        x = normal_quantile(u + 2.0**-54)
        cube = (1.0 + c * x) ** 3
        if cube > 0.0 and math.log(v + 2.0**-54) < 0.5 * x * x + d - d * cube + d * math.log(cube):
            return d * cube, index


@rare_kernel
def beta_draw(wins: float, losses: float, rng: Stream, t: int, index: int) -> tuple[float, int]:
    """Return a Beta(wins + 1, losses + 1) draw and the next free index of round t."""
    a, index = gamma_draw(wins + 1.0, rng, t, index)
    b, index = gamma_draw(losses + 1.0, rng, t, index)
    return a / (a + b), index


@rare_kernel
def copeland_candidates(wins: Any, bonus: float, candidate: Any) -> None:
    """Mark the actions that may beat the most others."""
    best = -1
    for i in range(candidate.size):
        beats = 0
        for j in range(candidate.size):
            mean, wide = width(wins, i, j, bonus)
            if j != i and mean + wide > 0.5:
                beats += 1
        if beats > best:
            best = beats
            for j in range(i):
                candidate[j] = False
        candidate[i] = beats == best


@rare_kernel
def sampled_champion(state: CountState, rng: Stream, t: int) -> tuple[int, int]:
    """Return the candidate that wins most in a sample of all preferences, ties at random, and the next free index."""
    wins, candidate, score = state.wins, state.candidate, state.score
    for i in range(score.size):
        score[i] = 0.0
    index = 1
    for i in range(score.size):
        for j in range(i + 1, score.size):
            theta, index = beta_draw(wins[i, j], wins[j, i], rng, t, index)
            if theta > 0.5:
                score[i] += 1.0
            else:
                score[j] += 1.0
    best = -1.0
    ties = 0
    for i in range(score.size):
        if candidate[i] and score[i] > best:
            best = score[i]
            ties = 0
        if candidate[i] and score[i] == best:
            ties += 1
    pick = int(uniform(rng, t, 0) * ties)
    champion = 0
    for i in range(score.size):
        if candidate[i] and score[i] == best:
            if pick >= 0:
                champion = i
            pick -= 1
    return champion, index


@rare_kernel
def sampled_challenger(wins: Any, bonus: float, champion: int, rng: Stream, t: int, index: int) -> int:
    """Return the action of highest fresh sample against the champion among those not known to lose to it."""
    challenger = champion
    best = 0.5
    for i in range(wins.shape[0]):
        mean, wide = width(wins, i, champion, bonus)
        if i != champion and mean - wide <= 0.5:
            theta, index = beta_draw(wins[i, champion], wins[champion, i], rng, t, index)
            if theta > best:
                best = theta
                challenger = i
    return challenger


@kernel
def _act(params: CountParams, state: CountState, t: int, rng: Stream) -> Pair:
    bonus = params.alpha * math.log(t + 1.0)
    copeland_candidates(state.wins, bonus, state.candidate)
    champion, index = sampled_champion(state, rng, t)
    return Pair(champion, sampled_challenger(state.wins, bonus, champion, rng, t, index))


@dataclass(frozen=True)
class DoubleThompsonSampling(CountLearner):
    """Double Thompson sampling with alpha > 1/2."""

    alpha: float = 0.6
    steps: ClassVar[LearnerSteps] = LearnerSteps(no_counts, _act, count_win)
