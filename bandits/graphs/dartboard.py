"""Shrinking Dartboard on a feedback graph: few switches, and exploration in one round per block.

An action is held over blocks of tau rounds, but for one round u of each, uniform over the block, in which J from the
best fractional cover of the graph is played. The losses that J reveals, each over the probability that the cover
reveals it, estimate the block's mean losses without regard to the action held, so that action can be kept from block to
block as in `bandits.switching.shrinking_dartboard`. With n = ceil(T / tau) blocks and delta* the size of the cover

    R_T <= tau (ln K / eta + eta n delta* / 2) + (1 + 2 c) n + c (ln K + eta n):

of order ((1 + 2 c) delta* ln K)^(1/3) T^(2/3). Where switching costs, every graph is like a weak one.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import integer, optional_real
from bandits.core.exponential_weights import Weights, add_losses, pick, uniform_weights
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform, uniform_index
from bandits.graphs.feedback import Links, Neighbours
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import Seen
from bandits.switching.shrinking_dartboard import keep_or_draw


class DartboardParams(NamedTuple):
    """K, eta, tau, the horizon, the cover, the probability that it reveals each loss, and the edges."""

    n_actions: int
    learning_rate: float
    batch_length: int
    horizon: int
    explore: Any  # (K,) float64
    covered: Any  # (K,) float64
    links: Links


class DartboardState(NamedTuple):
    """Weights over blocks, the action held and the probability of keeping it, and the block."""

    weights: Weights
    arm: int
    keep: float
    start: int  # first round of the block
    explored: int  # round of the block in which the cover is played
    estimates: Any  # (K,) float64, of the block


@kernel
def _next(params: DartboardParams, weights: Weights, arm: int, start: int, estimates: Any, rng: Stream) -> Any:
    """Return the state of the block that begins in round `start`; estimates: of the block before, 0 before the first.

    arm: the action held before, -1 for none.
    """
    keep = 0.0 if arm < 0 else math.exp(-params.learning_rate * estimates[arm])
    length = max(1, min(params.batch_length, params.horizon - start))  # a block cut short is not learned from
    explored = start + uniform_index(rng, start, 1, length)
    state = DartboardState(weights, arm, keep, start, explored, estimates)
    return DartboardState(weights, keep_or_draw(state, start, rng), keep, start, explored, estimates)


@kernel
def _init(params: DartboardParams, rng: Stream) -> DartboardState:
    return _next(params, uniform_weights(params.n_actions), -1, 0, np.zeros(params.n_actions), rng)


@kernel
def _act(params: DartboardParams, state: DartboardState, t: int, rng: Stream) -> int:
    return pick(params.explore, 1.0, uniform(rng, t, 2)) if t == state.explored else state.arm


@kernel
def _update(
    params: DartboardParams, state: DartboardState, t: int, action: int, seen: Seen, rng: Stream
) -> DartboardState:
    if t == state.explored:
        for i in range(params.n_actions):
            state.estimates[i] = 0.0
        for a in range(seen.n):
            j = params.links.out[0, action, a]
            state.estimates[j] = seen.losses[a] / params.covered[j]
    if t + 1 < state.start + params.batch_length:
        return state
    weights = add_losses(state.weights, params.learning_rate, state.estimates)
    return _next(params, weights, state.arm, t + 1, state.estimates, rng)


@dataclass(frozen=True)
class GraphDartboard(Learner):
    """Shrinking Dartboard over blocks of `batch_length` rounds, on one observable graph.

    learning_rate: eta > 0; batch_length: tau >= 1. None means the values that minimise the bound.
    """

    learning_rate: float | None = None
    batch_length: int | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Neighbours,)

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        if self.batch_length is not None:
            integer("batch_length", self.batch_length, low=1)

    def parameters(self, problem: Any) -> DartboardParams:
        """Return eta, tau, the cover and the edges; ValueError where a loss is never revealed, or graphs change."""
        u, size = problem.feedback.only(self.name).cover
        cost, log_k, horizon = problem.switching_cost, math.log(problem.n_actions), problem.horizon
        best = (2.0 * (1.0 + 2.0 * cost) ** 2 * horizon / (size * log_k)) ** (1.0 / 3.0) if log_k else horizon
        length = self.batch_length or min(horizon, max(1, math.ceil(best)))
        blocks = -(-horizon // length)
        tuned = math.sqrt(length * log_k / (blocks * (length * size / 2.0 + cost)))
        covered = u @ problem.feedback.graphs[0].adjacency
        links = problem.feedback.setting(problem.n_actions)
        return DartboardParams(problem.n_actions, self.learning_rate or tuned, length, horizon, u, covered, links)
