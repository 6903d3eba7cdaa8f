"""KL-UCB: upper confidence bounds from relative entropy (Garivier & Cappe 2011, Cappe et al. 2013).

After every action once it plays the least index

    q_i = min{q <= mean_i : N_i kl(mean_i, q) <= level(t)},   kl(p, q) = p ln(p / q) + (1 - p) ln((1 - p) / (1 - q)),

with level(t) = ln t, or with `exploration="book"` ln(1 + t ln^2 t), for which Lattimore & Szepesvari 2020 prove
Theorem 10.6. Ties go to the first action.

As a function of the level an index is convex, so the tangent at one level is a lower bound of it at all later ones. In
each round the index of the action played last is computed, and of the others those whose tangent is not above the least
index so far: one or two of them on average.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps
from bandits.stochastic.counts import BanditLearner, Counts, count, no_counts

_NEWTON_STEPS = 60


class KLParams(NamedTuple):
    """K, and whether the level is ln(1 + t ln^2 t)."""

    n_actions: int
    book: bool


class KLState(NamedTuple):
    """Counts, with the tangents' values at level 0 (`derived`) and slopes, and the action played last."""

    counts: Counts
    slope: Any  # (K,) float64
    last: int


@rare_kernel
def kl_index(mean: float, level: float) -> float:
    """Return the least q <= mean with kl(mean, q) <= level; mean in [0, 1], level >= 0.

    Newton's method for ln q, in which the divergence is convex and falling, from the root of its expansion at the mean
    to third order, or where that is far off from one below the root: kl(p, q) >= p ln(p / q) + (1 - p) ln(1 - p).
    """
    if mean <= 0.0 or level <= 0.0:
        return max(mean, 0.0)
    if mean >= 1.0:
        return math.exp(-level)
    rest = 1.0 - mean
    log = math.log(mean)
    constant = rest * math.log(rest) - level
    q = mean - math.sqrt(2.0 * level * mean * rest) + level * (2.0 / 3.0) * (rest - mean)
    x = math.log(q) if 0.1 * mean < q < mean else log + constant / mean
    for _ in range(_NEWTON_STEPS):
        q = math.exp(x)
        if q >= mean:
            return mean
        excess = mean * (log - x) + constant - rest * math.log(1.0 - q)
        step = excess * (1.0 - q) / (mean - q)
        x += step
        if step * step <= 1e-16 * (log - x):  # the next step is about step^2 / (2 (log - x))
            break
    return min(math.exp(x), mean)


@kernel
def _init(params: KLParams, rng: Stream) -> KLState:
    counts = no_counts(params, rng)
    for i in range(params.n_actions):
        counts.derived[i] = -math.inf
    return KLState(counts, np.zeros(params.n_actions), 0)


@kernel
def _level(params: KLParams, t: int) -> float:
    log = math.log(t + 1.0)
    return math.log1p((t + 1.0) * log * log) if params.book else log


@kernel
def _index(state: KLState, i: int, level: float) -> float:
    """Return an action's index and keep its tangent."""
    mean, plays = state.counts.mean[i], state.counts.plays[i]
    q = kl_index(mean, level / plays)
    state.slope[i] = q * (1.0 - q) / ((q - mean) * plays) if q < mean else 0.0
    state.counts.derived[i] = q - state.slope[i] * level
    return q


@kernel
def _act(params: KLParams, state: KLState, t: int, rng: Stream) -> int:
    if t < params.n_actions:
        return t
    level = _level(params, t)
    best = state.last
    least = _index(state, best, level)
    for i in range(params.n_actions):
        if i != state.last and state.counts.derived[i] + state.slope[i] * level <= least:
            index = _index(state, i, level)
            if index < least or (index == least and i < best):
                least = index
                best = i
    return best


@kernel
def _update(params: KLParams, state: KLState, t: int, arm: int, loss: float, rng: Stream) -> KLState:
    count(state.counts, arm, loss)
    state.counts.derived[arm] = -math.inf
    return KLState(state.counts, state.slope, arm)


@dataclass(frozen=True)
class KLUCB(BanditLearner):
    """KL-UCB, for losses in [0, 1]; asymptotically optimal where they are 0 or 1."""

    exploration: Literal["log", "book"] = "log"
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    exact: ClassVar[str] = "kl_ucb"
    unit_losses: ClassVar[bool] = True

    def parameters(self, problem: Any) -> KLParams:
        """Return K and the level."""
        return KLParams(problem.n_actions, self.exploration == "book")
