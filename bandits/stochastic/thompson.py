"""Thompson sampling for losses in [0, 1]: every mean loss is drawn from its posterior, the least draw is played.

The priors are uniform and losses 0 or 1, so after N plays with S losses the posterior is Beta(1 + S, 1 + N - S)
(Thompson 1933). A loss in between counts as 1 with that probability (Agrawal & Goyal 2012).

Only the least draw matters, and most actions rarely have it, so not all are drawn. The action played last is drawn
first, then those that are about as good. Each other action has an edge c above the least draw so far: a draw of
x = c exp(-y) <= c from Beta(a, b) has a density of y of at most Q times that of an exponential law with rate
r = (a - n c) / (1 - c), where n = a + b - 1 and Q = a P(Bin(n, c) = a) / r (the logarithm of the density is concave).
So with a coin of probability Q a draw of the exponential law is made, and kept with the ratio of the two; in all other
cases the action's draw is above its edge.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.beta import beta_draw
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform, uniform_pair
from bandits.core.sampling import binomial_mass
from bandits.protocol import LearnerSteps
from bandits.stochastic.counts import BanditLearner, Counts, count, no_counts

_ROUNDED = 2**32 - 1  # the index of the draw that rounds a loss
_COINS = 2**31  # indices from here on are those of coins, beyond those of Beta draws
_HALF_STEP = 2.0**-54
_NONE = 2.0  # for a draw that is above all others


class BetaParams(NamedTuple):
    """K."""

    n_actions: int


class BetaState(NamedTuple):
    """Counts, with the edges (`derived`; -1 for none), the chances Q of draws below them, and the last action."""

    counts: Counts
    chance: Any  # (K,) float64
    last: int


@kernel
def _init(params: BetaParams, rng: Stream) -> BetaState:
    counts = no_counts(params, rng)
    for i in range(params.n_actions):
        counts.derived[i] = -1.0
    return BetaState(counts, np.zeros(params.n_actions), 0)


@kernel
def _draw(params: BetaParams, counts: Counts, arm: int, rng: Stream, t: int) -> float:
    ones = counts.total[arm]
    return beta_draw(1.0 + ones, 1.0 + counts.plays[arm] - ones, rng, t, arm, params.n_actions)


@rare_kernel
def chance_below(a: float, b: float, edge: float) -> float:
    """Return Q of Beta(a, b), whole numbers >= 1; 2 where the edge is not well below the mean, or not below 1."""
    if edge >= 1.0:
        return _NONE
    n = a + b - 1.0
    short = a - n * edge
    if short <= math.sqrt(n * edge * (1.0 - edge)):  # one deviation of Bin(n, edge)
        return _NONE
    return a * binomial_mass(int(n), edge, int(a)) * (1.0 - edge) / short


@rare_kernel
def draw_below(a: float, b: float, edge: float, rng: Stream, t: int, index: int) -> float:
    """Return a draw below the edge with 1 / Q times the density of Beta(a, b), else 2."""
    rate = (a - (a + b - 1.0) * edge) / (1.0 - edge)
    u, w = uniform_pair(rng, t, index)
    y = -math.log(u + _HALF_STEP) / rate
    drawn = edge * math.exp(-y)
    kept = (b - 1.0) * (math.log1p(-drawn) - math.log1p(-edge)) + (rate - a) * y
    return drawn if math.log(w + _HALF_STEP) < kept else _NONE


@rare_kernel
def _new_edge(state: BetaState, i: int, least: float) -> None:
    """Set an action's edge three deviations of the last action's draw above the least draw, or to none."""
    counts = state.counts
    edge = least + 1.5 / math.sqrt(counts.plays[state.last] + 1.0)
    ones = counts.total[i]
    state.chance[i] = chance_below(1.0 + ones, 1.0 + counts.plays[i] - ones, edge)
    counts.derived[i] = edge if state.chance[i] < 0.5 else -1.0


@kernel
def _act(params: BetaParams, state: BetaState, t: int, rng: Stream) -> int:
    counts = state.counts
    best = state.last
    least = _draw(params, counts, best, rng, t)
    u = uniform(rng, t, _COINS)
    missed = 1.0  # probability that no coin since u was drawn has come up
    for i in range(params.n_actions):
        if i == state.last:
            continue
        drawn = _NONE
        if counts.derived[i] < least:
            _new_edge(state, i, least)
        if counts.derived[i] < 0.0:
            drawn = _draw(params, counts, i, rng, t)
        else:
            missed *= 1.0 - state.chance[i]
            if u >= missed:
                a, n = 1.0 + counts.total[i], 1.0 + counts.plays[i]
                drawn = draw_below(a, n - a + 1.0, counts.derived[i], rng, t, _COINS + 2 * i + 1)
                u = uniform(rng, t, _COINS + 2 * i + 2)
                missed = 1.0
                counts.derived[i] = -1.0
        if drawn < least:
            least = drawn
            best = i
    return best


@kernel
def _update(params: BetaParams, state: BetaState, t: int, arm: int, loss: float, rng: Stream) -> BetaState:
    if loss != 0.0 and loss != 1.0:
        loss = 1.0 if uniform(rng, t, _ROUNDED) < loss else 0.0
    count(state.counts, arm, loss)
    state.counts.derived[arm] = -1.0
    return BetaState(state.counts, state.chance, arm)


@dataclass(frozen=True)
class BetaThompson(BanditLearner):
    """Thompson sampling with uniform priors, for losses in [0, 1]; asymptotically optimal where they are 0 or 1."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    exact: ClassVar[str] = "beta_thompson"
    unit_losses: ClassVar[bool] = True

    def parameters(self, problem: Any) -> BetaParams:
        """Return K."""
        return BetaParams(problem.n_actions)
