"""Thompson sampling for losses in [0, 1]: every mean loss is drawn from its posterior, the least draw is played.

The priors are uniform and losses 0 or 1, so after N plays with S losses the posterior is Beta(1 + S, 1 + N - S)
(Thompson 1933). A loss in between counts as 1 with that probability (Agrawal & Goyal 2012).

Only the least draw matters, and most actions rarely have it, so not all are drawn. The action played last is drawn
first, then those that are about as good. Each other action has an edge c above the least draw so far: a draw of
x = c exp(-y) <= c from Beta(a, b) has a density of y of at most Q times that of an exponential law with rate
r = (a - n c) / (1 - c), where n = a + b - 1 and Q = a P(Bin(n, c) = a) / r (the logarithm of the density is concave).
So with a coin of probability Q a draw of the exponential law is made, and kept with the ratio of the two; in all other
cases the action's draw is above its edge.

Once one action, the leader, is played nearly always, one edge serves all: a fence, which the draws of all other actions
are above and the leader's is below (an edge of the leader's 1 - draw, of Beta(b, a)), unless their coins come up. One
uniform tells whether any coin does, and if none does the leader is played and nothing drawn. After a play of one action
its Q is multiplied by the ratio of the new density at the fence to the old one, and by that of the rates.
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
_PATIENCE = 16.0  # plays of one action in a row after which a fence is looked for
_LEAST_APART = 0.5  # probability that no coin comes up, without which there is no fence
_LEAST_CHANCE = 1e-200  # of a draw of the leader above the fence: one that underflows would never grow again


class BetaParams(NamedTuple):
    """K."""

    n_actions: int


class BetaState(NamedTuple):
    """Counts, with the edges (`derived`; -1 for none), the chances Q of draws beyond them, and the fence."""

    counts: Counts
    chance: Any  # (K,) float64; the leader's is that of a draw above the fence
    last: int  # action
    leader: int
    fence: float
    others: float  # probability that no coin of another action than the leader comes up
    apart: float  # probability that no coin comes up; 0 where there is no fence
    due: float  # plays of the last action (with a fence, of the leader) at which to look for a new fence


@kernel
def _init(params: BetaParams, rng: Stream) -> BetaState:
    counts = no_counts(params, rng)
    for i in range(params.n_actions):
        counts.derived[i] = -1.0
    return BetaState(counts, np.zeros(params.n_actions), 0, 0, 0.0, 0.0, 0.0, _PATIENCE)


@kernel
def _draw(params: BetaParams, counts: Counts, arm: int, low: float, high: float, rng: Stream, t: int) -> float:
    ones = counts.total[arm]
    return beta_draw(1.0 + ones, 1.0 + counts.plays[arm] - ones, low, high, rng, t, arm, params.n_actions)


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


@kernel
def _draw_if_below(counts: Counts, i: int, edge: float, rng: Stream, t: int) -> float:
    ones = counts.total[i]
    return draw_below(1.0 + ones, 1.0 + counts.plays[i] - ones, edge, rng, t, _COINS + 2 * i + 1)


# ---------------------------------------------------------------- an edge for each action


@rare_kernel
def _set_edge(state: BetaState, i: int, edge: float) -> None:
    counts = state.counts
    ones = counts.total[i]
    state.chance[i] = chance_below(1.0 + ones, 1.0 + counts.plays[i] - ones, edge)
    counts.derived[i] = edge if state.chance[i] < 0.5 else -1.0


@kernel
def _least_draw(params: BetaParams, state: BetaState, u: float, rng: Stream, t: int) -> int:
    """Return the action of least draw where there is no fence; u is the first coin."""
    counts = state.counts
    best = state.last
    least = _draw(params, counts, best, -1.0, _NONE, rng, t)
    missed = 1.0  # probability that no coin since u was drawn has come up
    above = 1.5 / math.sqrt(counts.plays[best] + 1.0)  # three deviations of its draw
    for i in range(params.n_actions):
        if i == state.last:
            continue
        drawn = _NONE
        if counts.derived[i] < least:
            counts.derived[i] = -1.0
            if 1.0 + counts.total[i] > (least + above) * (1.0 + counts.plays[i]):
                _set_edge(state, i, least + above)
        if counts.derived[i] < 0.0:
            drawn = _draw(params, counts, i, -1.0, _NONE, rng, t)
        else:
            missed *= 1.0 - state.chance[i]
            if u >= missed:
                drawn = _draw_if_below(counts, i, counts.derived[i], rng, t)
                u = uniform(rng, t, _COINS + 2 * i + 2)
                missed = 1.0
        if drawn < least:
            least = drawn
            best = i
    return best


# ---------------------------------------------------------------- a fence between the leader and all others


@kernel
def _mean_and_deviation(counts: Counts, i: int) -> tuple[float, float]:
    """Return those of the posterior."""
    n = counts.plays[i] + 2.0
    mean = (counts.total[i] + 1.0) / n
    return mean, math.sqrt(mean * (1.0 - mean) / (n + 1.0))


@rare_kernel
def _set_fence(state: BetaState, leader: int) -> tuple[float, float]:
    """Return a fence and the probability that no coin of the others comes up, and set all edges; (0, 0) for none.

    The fence is half a deviation of the leader above the point that is as many of its deviations above its mean as
    deviations of the nearest other action below that one's, or nearer to the mean where no draw would be above it.
    """
    counts, chance = state.counts, state.chance
    mean, deviation = _mean_and_deviation(counts, leader)
    room = np.inf
    for i in range(chance.size):
        if i != leader:
            other, wide = _mean_and_deviation(counts, i)
            room = min(room, (other - mean) / (deviation + wide))
    fence = mean + (room + 0.5) * deviation
    if not mean < fence < 1.0:
        return 0.0, 0.0
    ones = counts.total[leader]
    chance[leader] = chance_below(1.0 + counts.plays[leader] - ones, 1.0 + ones, 1.0 - fence)
    while chance[leader] < _LEAST_CHANCE:
        fence = mean + 0.5 * (fence - mean)
        chance[leader] = chance_below(1.0 + counts.plays[leader] - ones, 1.0 + ones, 1.0 - fence)
    others = 1.0
    for i in range(chance.size):
        if others * (1.0 - chance[leader]) < _LEAST_APART:
            return 0.0, 0.0
        if i != leader:
            _set_edge(state, i, fence)
            others *= 1.0 - chance[i]
    return fence, others


@kernel
def _chance_after(state: BetaState, arm: int, loss: float) -> float:
    """Return the chance of a draw beyond the fence after a loss that is not counted yet, or 2."""
    fence = state.fence
    a, n = state.counts.total[arm] + 1.0, state.counts.plays[arm] + 1.0
    leads = arm == state.leader
    short = n * fence - a + 1.0 if leads else a - n * fence
    now = short + fence - loss if leads else short + loss - fence
    chance = fence if loss == 1.0 else 1.0 - fence
    seen = a if loss == 1.0 else n - a + 1.0
    after = state.chance[arm] * (short * chance * (n + 1.0)) / (seen * now)
    return after if now > 0.0 else _NONE


@rare_kernel
def _beyond_fence(params: BetaParams, state: BetaState, u: float, rng: Stream, t: int) -> int:
    """Return the action of least draw where the first coin, u, comes up for an action: its draw may be beyond."""
    counts, leader, fence = state.counts, state.leader, state.fence
    from_top = _NONE  # 1 - the leader's draw, if it is above the fence
    missed = 1.0 - state.chance[leader]
    if u >= missed:
        ones = counts.total[leader]
        index = _COINS + 2 * leader + 1
        from_top = draw_below(1.0 + counts.plays[leader] - ones, 1.0 + ones, 1.0 - fence, rng, t, index)
        u = uniform(rng, t, index + 1)
        missed = 1.0
    best, least = leader, _NONE
    for i in range(params.n_actions):
        if i == leader:
            continue
        missed *= 1.0 - state.chance[i]
        if u >= missed:
            drawn = _draw_if_below(counts, i, fence, rng, t)
            u = uniform(rng, t, _COINS + 2 * i + 2)
            missed = 1.0
            if drawn < least:
                best, least = i, drawn
    if best != leader:
        below = from_top == _NONE and _draw(params, counts, leader, -1.0, fence, rng, t) < least
        return leader if below else best
    return leader if from_top == _NONE else _least_above(params, state, 1.0 - from_top, rng, t)


@rare_kernel
def _least_above(params: BetaParams, state: BetaState, least: float, rng: Stream, t: int) -> int:
    """Return the action of least draw where all are above the fence; least: the leader's."""
    best = state.leader
    for i in range(params.n_actions):
        if i != state.leader:
            drawn = _draw(params, state.counts, i, state.fence, _NONE, rng, t)
            if drawn < least:
                best, least = i, drawn
    return best


# ---------------------------------------------------------------- the learner


@kernel
def _act(params: BetaParams, state: BetaState, t: int, rng: Stream) -> int:
    u = uniform(rng, t, _COINS)
    if u < state.apart:
        return state.leader
    return _beyond_fence(params, state, u, rng, t) if state.apart > 0.0 else _least_draw(params, state, u, rng, t)


@kernel
def _update(params: BetaParams, state: BetaState, t: int, arm: int, loss: float, rng: Stream) -> BetaState:
    if loss != 0.0 and loss != 1.0:
        loss = 1.0 if uniform(rng, t, _ROUNDED) < loss else 0.0
    counts, chance, leader = state.counts, state.chance, state.leader
    fence, others, apart, due = state.fence, state.others, state.apart, state.due
    fenced = apart > 0.0
    if fenced:
        before = chance[arm]
        chance[arm] = _chance_after(state, arm, loss)
        if arm != leader:
            others *= (1.0 - chance[arm]) / (1.0 - before)
        apart = others * (1.0 - chance[leader])
    plays = count(counts, arm, loss)
    if apart < _LEAST_APART:
        apart = 0.0
        counts.derived[arm] = -1.0
        if fenced or arm != state.last:
            due = plays + _PATIENCE
    if plays >= due and (arm == leader or not fenced):
        due = 1.125 * plays + _PATIENCE
        leader = arm
        fence, others = _set_fence(state, leader)
        apart = others * (1.0 - chance[leader])
    return BetaState(counts, chance, arm, leader, fence, others, apart, due)


@dataclass(frozen=True)
class BetaThompson(BanditLearner):
    """Thompson sampling with uniform priors, for losses in [0, 1]; asymptotically optimal where they are 0 or 1."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    exact: ClassVar[str] = "beta_thompson"
    unit_losses: ClassVar[bool] = True

    def parameters(self, problem: Any) -> BetaParams:
        """Return K."""
        return BetaParams(problem.n_actions)
