"""Exponential weights on steps between neighbours: regret of order sqrt(T) in every easy game.

A round, with the rates c(b, i, j) and the estimators f of `bandits.partial.transport`, N candidates:

    w' = (1 - gamma) w_t + gamma / N                        of the exponential weights w_t
    p  stationary under steps with rates c'(i, j) = sum_b w'(b) c(b, i, j)
    play: p, with probability moved from neighbours i, j to actions c between them, in the shares in which L_c mixes
        L_i and L_j: h weight(c) r, h = p(i) c'(i, j) + p(j) c'(j, i), and r <= 1 the largest number, the same for both
        ends, such that neither gives up more than it may (a share `spare` of p)
    D(b) = sum over pairs i < j of (p(i) c(b, i, j) - p(j) c(b, j, i)) f_ij(A, signal) / play(A)

The mean of D(b) is what steps towards b would add to the loss of p, at most L_b - <p, L>; under w' it is 0, as p is
stationary. The weights follow D. With all pairs neighbours c is 0 and 1, and p = w': that is EXP3.

The idea of local learners is that of Foster & Rakhlin, "No Internal Regret via Neighborhood Watch" (AISTATS 2012), who
run one learner per action; moving probability at no loss, that of Lattimore & Szepesvari, "Cleaning up the
Neighborhood" (ALT 2019).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.exponential_weights import Weights, add_losses, pick, probability, uniform_weights
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform
from bandits.partial.learners import Exp3Signals
from bandits.partial.problem import PartialMonitoring
from bandits.partial.transport import Terms, transport
from bandits.protocol import LearnerSteps


class NeighbourParams(NamedTuple):
    """N, eta, gamma, and the transport."""

    n_candidates: int
    learning_rate: float
    exploration: float
    candidates: Any  # (N,) int64
    rates: Any  # (N, N, N) float64
    terms: Terms
    begin: Any  # (k + 1,) int64: the terms of action c are those from begin[c] to begin[c + 1]
    spare: float
    second_moment: float  # V
    reach: float  # B


class NeighbourState(NamedTuple):
    """Weights, and the play that follows from them."""

    weights: Weights
    p: Any  # (N,) float64, stationary
    play: Any  # (k,) float64
    steps: Any  # (N, N) float64, c'
    chain: Any  # (N, N) float64, scratch
    given: Any  # (N,) float64, scratch
    estimates: Any  # (N,) float64, scratch


@kernel
def start(params: NeighbourParams, rng: Any) -> NeighbourState:
    """Return the state before the first round; nothing is drawn."""
    n = params.n_candidates
    state = NeighbourState(
        uniform_weights(n), np.zeros(n), np.zeros(params.begin.size - 1), np.zeros((n, n)), np.zeros((n, n)),
        np.zeros(n), np.zeros(n),
    )  # fmt: skip
    _prepare(params, state)
    return state


@kernel
def _act(params: NeighbourParams, state: NeighbourState, t: int, rng: Stream) -> int:
    return pick(state.play, 1.0, uniform(rng, t, 0))


@kernel
def _update(
    params: NeighbourParams, state: NeighbourState, t: int, arm: int, signal: int, rng: Stream
) -> NeighbourState:
    return learn(params, state, arm, signal)


@kernel
def learn(params: NeighbourParams, state: NeighbourState, arm: int, signal: int) -> NeighbourState:
    """Return the state after a signal; estimates less their least keep the weights from growing."""
    estimate(params, state, arm, signal)
    least, most = state.estimates.min(), state.estimates.max()
    if least == most:  # nothing is learnt
        return state
    for b in range(params.n_candidates):
        state.estimates[b] -= least
    weights = add_losses(state.weights, params.learning_rate, state.estimates)
    after = NeighbourState(weights, state.p, state.play, state.steps, state.chain, state.given, state.estimates)
    _prepare(params, after)
    return after


@kernel
def estimate(params: NeighbourParams, state: NeighbourState, arm: int, signal: int) -> None:
    """Write D, (N,), from a signal of an action that is played."""
    for b in range(params.n_candidates):
        total = 0.0
        for n in range(params.begin[arm], params.begin[arm + 1]):
            i, j = params.terms.first[n], params.terms.second[n]
            along = state.p[i] * params.rates[b, i, j] - state.p[j] * params.rates[b, j, i]
            total += along * params.terms.estimators[n, signal]
        state.estimates[b] = total / state.play[arm]


@rare_kernel
def _prepare(params: NeighbourParams, state: NeighbourState) -> None:
    """Write steps, p and play of the weights."""
    n, steps = params.n_candidates, state.steps
    steps[:] = 0.0
    for b in range(n):
        w = (1.0 - params.exploration) * probability(state.weights, b) + params.exploration / n
        for i in range(n):
            for j in range(n):
                steps[i, j] += w * params.rates[b, i, j]
    _stationary(steps, state.chain, state.p)
    _move(params, state)


@kernel
def _stationary(steps: Any, chain: Any, p: Any) -> None:
    """Write the law p (N,) with sum_i p(i) steps(i, j) = p(j) sum_l steps(j, l); N^3 / 3 operations, no subtraction.

    Elimination of states as of Grassmann, Taksar & Heyman (Operations Research 33, 1985).
    """
    n = p.size
    chain[:] = steps
    for last in range(n - 1, 0, -1):
        out = 0.0
        for j in range(last):
            out += chain[last, j]
        for i in range(last):
            chain[i, last] /= out
            for j in range(last):
                chain[i, j] += chain[i, last] * chain[last, j]
    p[0] = total = 1.0
    for j in range(1, n):
        p[j] = 0.0
        for i in range(j):
            p[j] += p[i] * chain[i, j]
        total += p[j]
    for j in range(n):
        p[j] /= total


@kernel
def _wanted(params: NeighbourParams, state: NeighbourState, n: int) -> float:
    """Return the probability that a term's action is to have from its pair: 0 for the ends."""
    i, j = params.terms.first[n], params.terms.second[n]
    return params.terms.weight[n] * (state.p[i] * state.steps[i, j] + state.p[j] * state.steps[j, i])


@kernel
def _move(params: NeighbourParams, state: NeighbourState) -> None:
    """Write the play: p, and what is moved to the actions between."""
    first, second, share, given = params.terms.first, params.terms.second, params.terms.share, state.given
    given[:] = 0.0
    for n in range(first.size):
        given[first[n]] += share[n] * _wanted(params, state, n)
        given[second[n]] += (1.0 - share[n]) * _wanted(params, state, n)
    state.play[:] = 0.0
    for i in range(params.n_candidates):
        state.play[params.candidates[i]] = state.p[i]
        enough = given[i] <= params.spare * state.p[i]
        given[i] = 1.0 if enough else params.spare * state.p[i] / given[i]
    for n in range(first.size):
        moved = _wanted(params, state, n) * min(given[first[n]], given[second[n]])
        state.play[params.terms.action[n]] += moved
        state.play[params.candidates[first[n]]] -= share[n] * moved
        state.play[params.candidates[second[n]]] -= (1.0 - share[n]) * moved
    for a in range(state.play.size):
        state.play[a] = max(state.play[a], 0.0)


@kernel
def _probabilities(params: NeighbourParams, state: NeighbourState, t: int) -> Any:
    return state.play.copy()


@dataclass(frozen=True)
class Exp3Neighbours(Exp3Signals):
    """EXP3 that compares neighbours only, by the signals of actions between them: sqrt(T) in every easy game.

    With s the spread of the losses and V, B the constants of the game (`theory.partial.bounds`): learning_rate,
    eta > 0, None means sqrt(ln N / (((e - 2) V + B s) T)), at most 1 / (2 B); exploration, gamma in (0, 1], None means
    eta B, at most 1/2. ValueError where the game is hard or hopeless. A round takes of the order of N^3 operations.
    """

    steps: ClassVar[LearnerSteps] = LearnerSteps(start, _act, _update)
    exact: ClassVar[str] = "theory.partial.exact:neighbours"

    def parameters(self, problem: PartialMonitoring) -> Any:
        """Return the `NeighbourParams`; ValueError unless the game is easy or trivial."""
        game, T = problem.game, problem.horizon
        found = transport(game)
        if found is None:
            raise ValueError(f"{self.name} needs an easy game, got one that is {game.classify().kind}")
        size, reach = (math.e - 2.0) * found.second_moment + found.reach * problem.spread, found.reach or 1.0
        tuned = math.sqrt(math.log(len(game.optimal)) / ((size or 1.0) * T))
        rate = self.learning_rate or min(0.5 / reach, tuned)
        share = min(0.5, rate * reach) if self.exploration is None else self.exploration
        begin = np.searchsorted(found.terms.action, np.arange(game.n_actions + 1))
        own = (len(game.optimal), rate, share, np.array(game.optimal), found.rates, found.terms, begin)
        return NeighbourParams(*own, found.spare, found.second_moment, found.reach)

    def probabilities(self, problem: PartialMonitoring) -> Any:
        """Return the kernel of the probabilities of a round."""
        return _probabilities
