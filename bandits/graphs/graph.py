"""Feedback graphs and the numbers that their theorems need.

Playing action i reveals the losses of the actions j with adjacency[i, j]. An action is strongly observable if it
reveals its own loss or if all others reveal it, and observable if any action does. A graph is strong if all actions are
strongly observable, weak if all are observable, else unobservable: the least regret is then of order sqrt(T), T^(2/3)
and T (Alon, Cesa-Bianchi, Dekel & Koren, "Online Learning with Feedback Graphs: Beyond Bandits", COLT 2015).

Up to `EXACT` actions the numbers are computed exactly, beyond it they are bounded from both sides.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import Checked, Numbers, checked
from bandits.core.checks import array, integer

EXACT = 25  # actions
MOST_ACTIONS = 4096  # lists of neighbours take 16 bytes per pair of actions


class Count(NamedTuple):
    """A number of actions that is known to lie in a range; both ends are equal where it is exact."""

    least: int
    most: int


class Cover(NamedTuple):
    """Probabilities u (K,) with which actions are played, and 1 over the least probability that a target is seen."""

    probabilities: NDArray[np.float64]
    size: float


@dataclass(frozen=True, eq=False)
class FeedbackGraph(Checked):
    """adjacency (K, K), 0 or 1: playing i reveals the loss of every j with adjacency[i, j] = 1."""

    adjacency: Numbers

    def __post_init__(self) -> None:
        given = array("adjacency", self.adjacency, 2, 0.0, 1.0)
        if given.shape[0] != given.shape[1] or not np.isin(given, (0.0, 1.0)).all():
            raise ValueError(f"adjacency must be a square array of 0 and 1, got shape {given.shape}")
        integer("number of actions", len(given), high=MOST_ACTIONS)
        object.__setattr__(self, "adjacency", given.astype(np.bool_))

    @classmethod
    @checked
    def cliques(cls, count: int, size: int, loops: bool = True) -> "FeedbackGraph":
        """Return `count` >= 1 groups of `size` >= 1 actions that reveal each other; loops: and themselves.

        Groups of 1 are bandit feedback, and one group is full information.
        """
        integer("size", size, low=1, high=MOST_ACTIONS)
        integer("count", count, low=1, high=max(1, MOST_ACTIONS // size))
        blocks = np.kron(np.eye(count), np.ones((size, size)))
        return cls(blocks if loops else blocks - np.eye(count * size))

    @classmethod
    @checked
    def path(cls, n_actions: int) -> "FeedbackGraph":
        """Return actions in a row, each of which reveals itself and its neighbours."""
        apart = np.abs(np.subtract.outer(*[np.arange(_actions(n_actions))] * 2))
        return cls(apart <= 1)

    @classmethod
    @checked
    def star(cls, n_actions: int) -> "FeedbackGraph":
        """Return a centre, action 0, that reveals all; the others reveal themselves and the centre."""
        found = np.eye(_actions(n_actions))
        found[0] = found[:, 0] = 1.0
        return cls(found)

    @classmethod
    @checked
    def revealing(cls, n_actions: int) -> "FeedbackGraph":
        """Return a graph in which action 0 reveals all losses, and no other action reveals any: a weak one."""
        return cls(np.outer(np.arange(_actions(n_actions)) == 0, np.ones(n_actions)))

    @property
    def n_actions(self) -> int:
        """Number of actions K."""
        return len(self.adjacency)

    @property
    def loops(self) -> NDArray[np.bool_]:
        """Which actions reveal their own loss, (K,)."""
        return np.diagonal(self.adjacency)

    @property
    def undirected(self) -> bool:
        """Whether every edge goes both ways."""
        return bool((self.adjacency == self.adjacency.T).all())

    @cached_property
    def strongly_observable(self) -> tuple[bool, ...]:
        """Whether each action reveals itself, or is revealed by all others."""
        seen_by = self.adjacency.sum(axis=0)
        return tuple((self.loops | (seen_by == self.n_actions - 1)).tolist())

    @cached_property
    def kind(self) -> Literal["strong", "weak", "unobservable"]:
        """The class of the graph, which decides how the least regret grows."""
        if not self.adjacency.any(axis=0).all():
            return "unobservable"
        return "strong" if all(self.strongly_observable) else "weak"

    @cached_property
    def independence(self) -> Count:
        """Most actions of which none reveals another, alpha; loops and directions do not matter."""
        linked = _neighbours(self.adjacency | self.adjacency.T)
        everyone = (1 << self.n_actions) - 1
        if self.n_actions <= EXACT:
            return Count(*[_largest_acyclic(linked, everyone)] * 2)
        alone, rest = 0, everyone  # greedy: an independent set, and disjoint cliques that cover all
        while rest:
            v = min(_bits(rest), key=lambda i: (linked[i] & rest).bit_count())
            alone, rest = alone + 1, rest & ~(linked[v] | 1 << v)
        cliques, rest = 0, everyone
        while rest:
            cliques, could = cliques + 1, rest
            while could:
                v = max(_bits(could), key=lambda i: (linked[i] & could).bit_count())
                rest, could = rest & ~(1 << v), could & linked[v]
        return Count(alone, cliques)

    @cached_property
    def acyclic(self) -> Count:
        """Most actions that span no directed cycle, mas; loops do not matter. It is alpha in undirected graphs."""
        if self.undirected:
            return self.independence
        if self.n_actions <= EXACT:
            return Count(*[_largest_acyclic(_neighbours(self.adjacency), (1 << self.n_actions) - 1)] * 2)
        both, rest, pairs = _neighbours(self.adjacency & self.adjacency.T), (1 << self.n_actions) - 1, 0
        for v in range(self.n_actions):  # disjoint pairs that reveal each other: one of each is left out
            partners = both[v] & rest if rest >> v & 1 else 0
            if partners:
                pairs, rest = pairs + 1, rest & ~(1 << v | partners & -partners)
        return Count(self.independence.least, self.n_actions - pairs)

    @cached_property
    def domination(self) -> Count:
        """Fewest actions that together reveal all losses; ValueError where some loss is never revealed."""
        return self._domination((1 << self.n_actions) - 1)

    @cached_property
    def weak_domination(self) -> Count:
        """Fewest actions that together reveal the losses that are not strongly observable, delta; 0 if all are."""
        return self._domination(sum(1 << i for i, strong in enumerate(self.strongly_observable) if not strong))

    def _domination(self, targets: int) -> Count:
        reveals = [_mask(row) & targets for row in self.adjacency]
        chosen, rest = 0, targets
        while rest:
            best = max(range(self.n_actions), key=lambda i: (reveals[i] & rest).bit_count())
            if not reveals[best] & rest:
                raise ValueError(f"no action reveals the loss of action {next(_bits(rest))}")
            chosen, rest = chosen + 1, rest & ~reveals[best]
        least = math.ceil(self.cover_of(targets).size - 1e-6) if targets else 0
        if self.n_actions <= EXACT:
            least = next(size for size in range(least, chosen + 1) if _covered(reveals, targets, size))
            chosen = least
        return Count(least, chosen)

    def cover_of(self, targets: int) -> Cover:
        """Return the probabilities whose least probability of seeing a target is greatest; targets: actions as bits."""
        from scipy.optimize import linprog

        n, wanted = self.n_actions, list(_bits(targets))
        seen = self.adjacency[:, wanted].T.astype(np.float64)  # (targets, K)
        hidden = [i for i, row in zip(wanted, seen, strict=True) if not row.any()]
        if hidden:
            raise ValueError(f"no action reveals the loss of action {hidden[0]}")
        rows, total = np.column_stack([-seen, np.ones(len(seen))]), np.append(np.ones(n), 0.0)[None]
        found = linprog(np.append(np.zeros(n), -1.0), rows, np.zeros(len(rows)), total, [1.0], method="highs").x
        u = np.maximum(found[:n], 0.0) / np.maximum(found[:n], 0.0).sum()
        return Cover(u, float(1.0 / (seen @ u).min()))

    @cached_property
    def cover(self) -> Cover:
        """The best fractional cover of all actions, whose size is the fractional domination number delta*."""
        return self.cover_of((1 << self.n_actions) - 1)

    @cached_property
    def looped(self) -> Count:
        """The `acyclic` number of the graph of the actions that reveal themselves; 0 without any."""
        kept = self.loops
        return FeedbackGraph(self.adjacency[np.ix_(kept, kept)]).acyclic if kept.any() else Count(0, 0)


def _actions(n_actions: int) -> int:
    return integer("n_actions", n_actions, low=1, high=MOST_ACTIONS)


# ---------------------------------------------------------------- sets of actions as bits


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _mask(row: Any) -> int:
    return sum(1 << int(i) for i in np.flatnonzero(row))


def _neighbours(adjacency: Any) -> list[int]:
    """Return the successors of each action but itself."""
    return [_mask(row) & ~(1 << i) for i, row in enumerate(adjacency)]


def _largest_acyclic(after: list[int], alive: int) -> int:
    """Return the size of the largest subset of `alive` without a cycle; after: successors of each action."""
    found = 0
    before = {v: sum(1 << u for u in _bits(alive) if after[u] >> v & 1) for v in _bits(alive)}
    free = alive
    while free:  # what nobody leads to, or what leads nowhere, is on no cycle
        free = sum(1 << v for v in _bits(alive) if not after[v] & alive or not before[v] & alive)
        found += free.bit_count()
        alive &= ~free
    if not alive:
        return found
    v = max(_bits(alive), key=lambda i: ((after[i] & before[i] & alive).bit_count(), (after[i] & alive).bit_count()))
    rest = alive & ~(1 << v)
    onward = list(after)  # with v in the set, who leads to v leads on to the successors of v
    for u in _bits(before[v] & rest):
        onward[u] |= after[v]
    with_v = 1 + _largest_acyclic([mask & ~(1 << i) for i, mask in enumerate(onward)], rest & ~(before[v] & after[v]))
    return found + (with_v if with_v > rest.bit_count() else max(with_v, _largest_acyclic(after, rest)))


def _covered(reveals: list[int], targets: int, size: int) -> bool:
    """Return whether `size` of the sets `reveals` contain all targets."""
    if not targets:
        return True
    if size == 0:
        return False
    options = {t: [i for i, seen in enumerate(reveals) if seen >> t & 1] for t in _bits(targets)}
    fewest = min(options.values(), key=len)
    return any(_covered(reveals, targets & ~reveals[i], size - 1) for i in fewest)
