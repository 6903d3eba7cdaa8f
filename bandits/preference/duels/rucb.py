"""RUCB: relative upper confidence bounds.

Zoghi, Whiteson, Munos & de Rijke 2014 (arXiv:1312.3393), for games with a Condorcet winner. The candidates have an
upper confidence of at least 1/2 against everyone. The last lone candidate, while it stays one, is the champion with
probability 1/2, else a random other candidate (any action where there is none); its challenger is the action of the
highest upper confidence against it. Regret of order ln T for alpha > 1/2.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform, uniform_pair
from bandits.preference.duels.counts import CountLearner, CountParams, CountState, count_win, no_counts, nth, width
from bandits.preference.duels.problem import Pair
from bandits.protocol import LearnerSteps


@rare_kernel
def candidates(wins: Any, bonus: float, candidate: Any) -> int:
    """Mark the actions whose upper confidence is at least 1/2 against everyone; return how many."""
    count = 0
    for i in range(candidate.size):
        candidate[i] = True
        for j in range(candidate.size):
            mean, wide = width(wins, i, j, bonus)
            if mean + wide < 0.5:
                candidate[i] = False
        if candidate[i]:
            count += 1
    return count


@rare_kernel
def challenger(wins: Any, bonus: float, champion: int, u: float) -> int:
    """Return the action of highest upper confidence against the champion; ties to others than itself, at random."""
    best = -1.0
    ties = 0
    for i in range(wins.shape[0]):
        mean, wide = width(wins, i, champion, bonus)
        if mean + wide > best or (mean + wide == best and ties == 0):
            best = mean + wide
            ties = 1 if i != champion else 0
        elif mean + wide == best and i != champion:
            ties += 1
    pick = int(u * ties)
    chosen = champion
    for i in range(wins.shape[0]):
        mean, wide = width(wins, i, champion, bonus)
        if mean + wide == best and i != champion:
            if pick >= 0:
                chosen = i
            pick -= 1
    return chosen


@kernel
def _lone(state: CountState, count: int) -> int:
    """Return the lone candidate to prefer from now on, -1 for none; state.candidate is marked."""
    if count == 1:
        return nth(state.candidate, -1, 0)
    if state.lone >= 0 and state.candidate[state.lone]:
        return state.lone
    return -1


@kernel
def _act(params: CountParams, state: CountState, t: int, rng: Stream) -> Pair:
    bonus = params.alpha * math.log(t + 1.0)
    count = candidates(state.wins, bonus, state.candidate)
    lone = _lone(state, count)
    coin, which = uniform_pair(rng, t, 0)
    if count == 0:
        champion = int(which * params.n_actions)
    elif lone >= 0 and (count == 1 or coin < 0.5):
        champion = lone
    else:
        rest = count - 1 if lone >= 0 else count
        champion = nth(state.candidate, lone, int(which * rest))
    return Pair(champion, challenger(state.wins, bonus, champion, uniform(rng, t, 1)))


@kernel
def _update(params: CountParams, state: CountState, t: int, pair: Pair, answer: float, rng: Stream) -> CountState:
    count = candidates(state.wins, params.alpha * math.log(t + 1.0), state.candidate)
    lone = _lone(state, count)
    count_win(params, state, t, pair, answer, rng)
    return CountState(state.wins, lone, state.candidate, state.score)


@dataclass(frozen=True)
class RUCB(CountLearner):
    """Relative upper confidence bounds with alpha > 1/2."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(no_counts, _act, _update)
