"""Online matching: requests that belong to several clusters, and items linked to some of them.

A request has weights w_c >= 0 of clusters, the features that all items share. *Diag-LinUCB* (Yi et al. 2023,
arXiv:2307.15893) keeps two sums for each link (c, j) of a cluster and an item, over the rounds with item j and reward
r = 1 - loss: b = sum w_c r and d = sum w_c^2. Its score for item j is, over the links of active clusters (w_c > 0),

    sum_c w_c b_cj / d_cj + alpha sqrt(sum_c w_c^2 / d_cj),

infinite where one of them has not been seen. With e links the first sum is e times the item's mean reward where the
weights are always the same, so that items with many links are preferred; `normalise` divides it by e.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.contextual.problem import ContextualGame, PlayedLoss, Revealed
from bandits.core.arguments import Numbers
from bandits.core.checks import array, real
from bandits.core.jit import kernel
from bandits.core.linear_algebra import first_least
from bandits.core.rng import Stream
from bandits.protocol import Learner, LearnerSteps


class MatchingParams(NamedTuple):
    """The links, alpha, and whether scores are divided by the number of links."""

    edges: Any  # (C, K) bool
    exploration: float
    normalise: bool


class MatchingState(NamedTuple):
    """The sums of every link."""

    rewards: Any  # (C, K) float64, b
    squares: Any  # (C, K) float64, d
    score: Any  # (K,) float64, scratch: minus the score, infinite for items without a link


@kernel
def _init(params: MatchingParams, rng: Stream) -> MatchingState:
    shape = params.edges.shape
    return MatchingState(np.zeros(shape), np.zeros(shape), np.zeros(shape[1]))


@kernel
def _score(params: MatchingParams, state: MatchingState, request: Any, item: int) -> float:
    mean = 0.0
    width = 0.0
    links = 0
    for c in range(request.size):
        if request[c] > 0.0 and params.edges[c, item]:
            links += 1
            if state.squares[c, item] == 0.0:
                return np.inf
            mean += request[c] * state.rewards[c, item] / state.squares[c, item]
            width += request[c] * request[c] / state.squares[c, item]
    if links == 0:
        return -np.inf
    return (mean / links if params.normalise else mean) + params.exploration * math.sqrt(width)


@kernel
def _act(params: MatchingParams, state: MatchingState, context: Any, t: int, rng: Stream) -> int:
    for item in range(state.score.size):
        state.score[item] = -_score(params, state, context[0], item)
    return first_least(state.score)[0]


@kernel
def _update(params: MatchingParams, state: MatchingState, t: int, item: int, seen: Revealed, rng: Stream) -> Any:
    request = seen.context[0]
    for c in range(request.size):
        if request[c] > 0.0 and params.edges[c, item]:
            state.rewards[c, item] += request[c] * (1.0 - seen.loss)
            state.squares[c, item] += request[c] * request[c]
    return state


@dataclass(frozen=True, eq=False)
class DiagonalLinUCB(Learner):
    """Diag-LinUCB on a graph of clusters and items.

    edges: (C, K), 0 or 1, links of clusters and items; None means all.  exploration: alpha >= 0.  normalise: whether
    the mean is over links instead of their sum.
    """

    edges: Numbers = None
    exploration: float = 0.5
    normalise: bool = False
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (PlayedLoss,)
    updates_late: ClassVar[bool] = True

    def __post_init__(self) -> None:
        real("exploration", self.exploration, low=0.0)
        if self.edges is not None:
            edges = array("edges", self.edges, 2, 0.0, 1.0)
            if not np.isin(edges, (0.0, 1.0)).all():
                raise ValueError("edges must be 0 or 1")
            object.__setattr__(self, "edges", edges == 1.0)

    def parameters(self, problem: ContextualGame) -> MatchingParams:
        """Return links and alpha; ValueError unless requests are weights of clusters, each with an item to play."""
        size, requests = problem.size, problem.world.features[:, 0]
        wanted = (size.dimension, size.n_actions)
        edges = np.ones(wanted, dtype=bool) if self.edges is None else self.edges
        if size.rows != 1 or requests.min() < 0.0:
            raise ValueError(f"{self.name} needs features (M, C) that all items share, weights >= 0 of C clusters")
        if edges.shape != wanted:
            raise ValueError(f"edges must be links of clusters and items, {wanted}, got {edges.shape}")
        if not ((requests > 0.0) @ edges).any(axis=1).all():
            raise ValueError("edges must link an item to each request")
        return MatchingParams(edges, self.exploration, self.normalise)
