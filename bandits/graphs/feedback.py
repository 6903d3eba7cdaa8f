"""Graph feedback of the switching-cost game: playing an action reveals the losses of its neighbours."""

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.actions import Part, index, returns
from bandits.core.checks import several
from bandits.core.jit import kernel, shared_kernel
from bandits.core.lanes import any_lane, in_lanes, own, where
from bandits.core.rng import Stream
from bandits.graphs.graph import FeedbackGraph
from bandits.losses import LossSteps
from bandits.switching.feedback import Feedback, Seen


class Links(NamedTuple):
    """The edges of G graphs, as lists of neighbours in increasing order; round t has graph t mod G."""

    out: Any  # (G, K, K) int64: out[g, i, :n_out[g, i]] are the actions that i reveals
    n_out: Any  # (G, K) int64
    into: Any  # (G, K, K) int64: into[g, j, :n_into[g, j]] are the actions that reveal j
    n_into: Any  # (G, K) int64
    own: Any  # (G, K) bool: whether i reveals itself
    complete: Any  # (G,) bool: whether every action reveals all


@kernel
def graph_of(links: Links, t: int) -> int:
    """Return the number of the graph of round t."""
    n = links.n_out.shape[0]
    return 0 if n == 1 else t % n


def links(graphs: tuple[FeedbackGraph, ...]) -> Links:
    """Return the edges of the graphs."""
    adjacency = np.array([graph.adjacency for graph in graphs])

    def lists(edges: Any) -> Any:
        return np.argsort(~edges, axis=2, kind="stable").astype(np.int64, copy=False)

    inward = adjacency.transpose(0, 2, 1)
    own, complete = np.array([graph.loops for graph in graphs]), adjacency.all(axis=(1, 2))
    return Links(lists(adjacency), adjacency.sum(axis=2), lists(inward), inward.sum(axis=2), own, complete)


_check_arm = returns(None, Part("the action", "integer"))


@cache
def _respond(losses: LossSteps, charge: Any) -> Any:
    loss_of = losses.loss

    @shared_kernel
    def respond(setting: Any, world: Any, t: int, action: int, env: Stream) -> Any:
        _check_arm(action)
        edges, arm = setting.feedback, index(action)
        g = graph_of(edges, t)
        n = edges.n_out[g, arm] if 0 <= arm < setting.n_actions else 0  # others are refused by `charge`
        loss, after = charge(setting, world, t, arm, n, env)
        if edges.complete[g]:  # without the indirection: vectorised
            for i in range(setting.n_actions):
                after.revealed[i] = loss_of(setting.losses, after.losses, t, i)
        else:
            for a in range(n):
                after.revealed[a] = loss_of(setting.losses, after.losses, t, edges.out[g, arm, a])
        return Seen(loss if edges.own[g, arm] else np.nan, after.revealed, n), after

    @in_lanes(of=respond, parts=[charge, loss_of])
    @kernel
    def lanes(setting: Any, world: Any, t: int, action: Any, env: Stream) -> Any:
        _check_arm(action)
        edges, arm = setting.feedback, own(index(action), env)
        g, played = graph_of(edges, t), where((arm >= 0) & (arm < setting.n_actions), arm, 0)
        n = edges.n_out[g, played]
        loss, after = charge(setting, world, t, arm, n, env)
        if edges.complete[g]:
            for i in range(setting.n_actions):
                after.revealed[i] = loss_of(setting.losses, after.losses, t, i)
        else:
            for a in range(setting.n_actions):
                if any_lane(a < n):
                    after.revealed[a] = loss_of(setting.losses, after.losses, t, edges.out[g, played, a])
        return Seen(where(edges.own[g, played], loss, np.nan), after.revealed, n), after

    return respond


@dataclass(frozen=True, eq=False)
class Neighbours(Feedback):
    """The losses of the actions that the played one reveals, in increasing order: `Seen`.

    graph: a FeedbackGraph, or a list of graphs of the same actions, one per round and then from the start again.
    """

    graph: Any
    kind: ClassVar[str] = "graph"

    def __post_init__(self) -> None:
        graphs = several("graph", self.graph, FeedbackGraph, "a FeedbackGraph, or a list of them")
        object.__setattr__(self, "graph", graphs)
        sizes = sorted({graph.n_actions for graph in graphs})
        if len(sizes) > 1:
            raise ValueError(f"graph must be graphs of the same actions, got sizes {sizes}")

    @property
    def graphs(self) -> tuple[FeedbackGraph, ...]:
        """The graphs, of which round t has number t mod G."""
        return self.graph

    def only(self, learner: str) -> FeedbackGraph:
        """Return the graph for a learner that needs one; ValueError if there are more."""
        if len(self.graphs) > 1:
            raise ValueError(f"{learner} needs one graph, got {len(self.graphs)}")
        return self.graphs[0]

    def respond(self, losses: LossSteps, charge: Any) -> Any:
        """Return the kernel that reveals the neighbours' losses."""
        return _respond(losses, charge)

    def setting(self, n_actions: int) -> Links:
        """Return the edges; ValueError for graphs of other than `n_actions` actions."""
        if self.graphs[0].n_actions != n_actions:
            raise ValueError(f"graph must have {n_actions} actions, got {self.graphs[0].n_actions}")
        return links(self.graphs)

    def observation_range(self, horizon: int, n_actions: int) -> tuple[int, int]:
        """Return the sums over the rounds of the least and of the most that an action reveals."""
        counts = self.setting(n_actions).n_out
        return int(self.total(counts.min(axis=1), horizon)), int(self.total(counts.max(axis=1), horizon))

    def example(self, n_actions: int) -> Seen:
        """Return a record that reveals nothing."""
        return Seen(0.0, np.zeros(n_actions), 0)

    def total(self, sizes: Any, horizon: int) -> float:
        """Return the sum over the rounds of a size (G,) of their graphs."""
        whole, rest = divmod(horizon, len(self.graphs))
        each = [float(size) for size in sizes]
        return whole * sum(each) + sum(each[:rest])
