"""Finite games of partial monitoring, and their classes.

The learner plays one of k actions, the adversary chooses one of d outcomes: the learner pays losses[action, outcome],
which it does not see, and sees signals[action, outcome]. Four things can happen to the least regret (Bartok, Foster,
Pal, Rakhlin & Szepesvari, Mathematics of Operations Research 39, 2014; Lattimore & Szepesvari, "Bandit Algorithms",
2020, Theorem 37.11):

| kind     | least regret | what decides it |
|----------|--------------|-----------------|
| trivial  | 0            | one action is best against every outcome |
| easy     | sqrt(T)      | neighbours are locally observable |
| hard     | T^(2/3)      | they are globally observable only |
| hopeless | T            | two neighbours cannot be compared |

The cell of an action is the set of outcome laws u against which it is best. An action is Pareto-optimal if its cell has
inner points, degenerate if the cell is not empty but flat, dominated if it is empty. Two Pareto-optimal actions are
neighbours if their cells share a face of dimension d - 2. What stands between them: the actions whose losses are
mixtures of theirs. Neighbours are locally observable if the difference of their losses is a sum of functions of the
signals of the actions between them, globally if it is one of functions of the signals of all actions.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import Checked, Numbers, checked
from bandits.core.checks import array, instance, integer, integers, real
from bandits.graphs.graph import FeedbackGraph

Array = NDArray[np.float64]
Kind = Literal["trivial", "easy", "hard", "hopeless"]
MOST_ACTIONS, MOST_OUTCOMES, MOST_VERTICES = 64, 1024, 8
_LARGEST_LOSS = 1e6
_MARGIN = 1e-9  # of cells and equal losses, for losses that differ by at most 1
_RANK = 1e-8  # singular values and residuals below count as 0


class Classification(NamedTuple):
    """The class of a game and what it follows from."""

    kind: Kind
    cells: tuple[str, ...]  # (k,) "Pareto-optimal", "degenerate" or "dominated"
    neighbours: tuple[tuple[int, int], ...]  # pairs of actions, of those with equal losses the first
    local: tuple[bool, ...]  # of each pair, whether it is locally observable
    observable: tuple[bool, ...]  # of each pair, whether it is globally observable


@dataclass(frozen=True, eq=False)
class FiniteGame(Checked):
    """A game of k <= 64 actions and d <= 1024 outcomes.

    losses: (k, d), within +-1e6; differences below 1e-9 of the largest one count as none.  signals: (k, d) integers
    from 0 to d - 1; equal signals of different actions are unrelated.
    """

    losses: Numbers
    signals: Numbers

    def __post_init__(self) -> None:
        losses = _losses(self.losses)
        signals = array("signals", self.signals, 2, 0.0, MOST_OUTCOMES - 1.0)
        if signals.shape != losses.shape:
            raise ValueError(f"signals must have the shape of losses, {losses.shape}, got {signals.shape}")
        if signals.max() >= losses.shape[1]:
            raise ValueError(f"signals must be below the number of outcomes, {losses.shape[1]}, got {signals.max():g}")
        if not (signals == np.floor(signals)).all():
            raise ValueError(f"signals must be integers, got {signals[signals != np.floor(signals)][0]}")
        object.__setattr__(self, "losses", losses)
        object.__setattr__(self, "signals", signals.astype(np.int64))

    @classmethod
    @checked
    def full_information(cls, losses: ArrayLike) -> "FiniteGame":
        """Return the game with these losses (k, d) in which every action reveals the outcome."""
        table = _losses(losses)
        return cls(table, np.broadcast_to(np.arange(table.shape[1]), table.shape))

    @classmethod
    @checked
    def bandit(cls, losses: ArrayLike) -> "FiniteGame":
        """Return the game with these losses (k, d) in which an action reveals its own loss."""
        table = _losses(losses)
        return cls(table, [np.unique(row, return_inverse=True)[1] for row in table])

    @classmethod
    def from_graph(cls, graph: FeedbackGraph) -> "FiniteGame":
        """Return the game of a feedback graph of K <= 8 actions with losses 0 and 1: an outcome is all losses, 2^K."""
        instance("graph", graph, FeedbackGraph, "a FeedbackGraph")
        n = integer("number of actions", graph.n_actions, high=MOST_VERTICES)
        losses = np.arange(2**n) >> np.arange(n)[:, None] & 1
        return cls(
            losses,
            [np.unique(losses[row].T @ (1 << np.arange(row.sum())), return_inverse=True)[1] for row in graph.adjacency],
        )

    @classmethod
    def apple_tasting(cls) -> "FiniteGame":
        """Return the game of accepting (action 0), which reveals the label 0 or 1, or rejecting; an error costs 1."""
        return cls([[1.0, 0.0], [0.0, 1.0]], [[0, 1], [0, 0]])

    @classmethod
    @checked
    def label_efficient(cls, query_cost: float = 1.0) -> "FiniteGame":
        """Return the game of asking for the label (action 0) at a cost >= 0, or predicting 0 or 1; an error costs 1.

        It is the spam filter of Lattimore & Szepesvari. The class depends on the cost: trivial at 0, easy up to 1/2,
        and hard beyond.
        """
        cost = real("query_cost", query_cost, 0.0, _LARGEST_LOSS)
        return cls([[cost, cost], [0.0, 1.0], [1.0, 0.0]], [[0, 1], [0, 0], [0, 0]])

    @classmethod
    @checked
    def pricing(cls, n_prices: int, cost: float) -> "FiniteGame":
        """Return dynamic pricing: price i of 0, ..., n - 1 to a buyer who pays at most j, and buys if i <= j.

        A sale loses j - i, no sale costs `cost` >= 0; only whether the buyer buys is seen. n is from 2 to 64.
        """
        n = integer("n_prices", n_prices, 2, MOST_ACTIONS)
        price, worth = np.ogrid[:n, :n]
        sold = price <= worth
        return cls(np.where(sold, worth - price, real("cost", cost, 0.0, _LARGEST_LOSS)), sold)

    @classmethod
    @checked
    def utility_duelling(cls, n_arms: int) -> "FiniteGame":
        """Return duels of two arms of 2 to 8, whose losses are 0 or 1: a pair i <= j loses the mean of both.

        Only which of the two lost more is seen, or that neither did. Pairs are in lexicographic order. In outcome x arm
        i loses bit n - 1 - i of x.
        """
        n = integer("n_arms", n_arms, 2, MOST_VERTICES)
        lost = np.arange(2**n) >> np.arange(n)[::-1, None] & 1
        first, second = np.triu_indices(n)
        return cls((lost[first] + lost[second]) / 2.0, np.sign(lost[first] - lost[second]) + 1)

    @property
    def n_actions(self) -> int:
        """Number of actions k."""
        return len(self.losses)

    @property
    def n_outcomes(self) -> int:
        """Number of outcomes d."""
        return int(self.losses.shape[1])

    @property
    def spread(self) -> float:
        """Largest difference of two actions' losses against one outcome."""
        return float((self.losses.max(axis=0) - self.losses.min(axis=0)).max())

    @cached_property
    def _normal(self) -> Array:
        """The losses (k, d) less the least one against each outcome, divided by the spread."""
        return np.asarray((self.losses - self.losses.min(axis=0)) / (self.spread or 1.0))

    @cached_property
    def cells(self) -> tuple[str, ...]:
        """What the cell of each action is: "Pareto-optimal", "degenerate" or "dominated"."""
        found = []
        for row in self._normal:
            margin = _margin((row - self._normal)[_apart(row, self._normal)])
            found.append("Pareto-optimal" if margin > _MARGIN else "degenerate" if margin >= -_MARGIN else "dominated")
        return tuple(found)

    @cached_property
    def optimal(self) -> tuple[int, ...]:
        """The Pareto-optimal actions, of those with equal losses the first."""
        found: list[int] = []
        for a in range(self.n_actions):
            if self.cells[a] == "Pareto-optimal" and _apart(self._normal[a], self._normal[found]).all():
                found.append(a)
        return tuple(found)

    def between(self, first: int, second: int) -> tuple[int, ...]:
        """Return the actions whose losses are mixtures of those of two Pareto-optimal ones, both among them."""
        a, b = integers("actions", (first, second), 0, self.n_actions - 1)
        return tuple(c for c, row in enumerate(self._normal) if _between(row, self._normal[a], self._normal[b]))

    def differences(self, actions: Any, among: Any) -> Array | None:
        """Return f (N, k, d) with L_b(x) - L_a(x) = sum_c f[b, c, signals[c, x]] for b in `actions` (N), a the first.

        f is 0 outside the actions `among`, and least in squares. None where there is no such f. f has the unit of L.
        ValueError for other numbers than those of actions, 0, ..., k - 1.
        """
        compared = integers("actions", actions, 0, self.n_actions - 1)
        integer("number of actions", len(compared), low=1)
        rows = np.zeros((self.n_actions, self.n_outcomes, self.n_outcomes))  # action, signal, outcome
        for c in integers("among", among, 0, self.n_actions - 1):
            rows[c, self.signals[c], np.arange(self.n_outcomes)] = 1.0
        used = rows.any(axis=2)
        wanted = (self._normal[compared] - self._normal[compared[0]]).T
        found = np.linalg.lstsq(rows[used].T, wanted, rcond=_RANK)[0]
        if np.abs(rows[used].T @ found - wanted).max() > _RANK:
            return None
        f = np.zeros((len(compared), self.n_actions, self.n_outcomes))
        f[:, used] = found.T * self.spread
        return f

    def classify(self) -> Classification:
        """Return the class of the game, by a linear programme per action and per pair and a linear system per pair."""
        return self._classified

    @cached_property
    def _classified(self) -> Classification:
        pairs, local, observable = [], [], []
        for a, b in combinations(self.optimal, 2):
            between = self.between(a, b)
            beyond = self._normal[a] - np.delete(self._normal, between, axis=0)
            if _margin(beyond, (self._normal[a] - self._normal[b])[None]) > _MARGIN:
                pairs.append((a, b))
                local.append(self.differences((a, b), between) is not None)
                observable.append(local[-1] or self.differences((a, b), range(self.n_actions)) is not None)
        kind: Kind = "easy" if all(local) else "hard" if all(observable) else "hopeless"
        return Classification(kind if pairs else "trivial", self.cells, tuple(pairs), tuple(local), tuple(observable))


def _losses(given: Any) -> Array:
    losses = array("losses", given, 2, -_LARGEST_LOSS, _LARGEST_LOSS)
    integer("number of actions", len(losses), high=MOST_ACTIONS)
    integer("number of outcomes", losses.shape[1], high=MOST_OUTCOMES)
    return losses


def _apart(row: Array, rows: Array) -> NDArray[np.bool_]:
    """Return which rows (n, d) are not the row."""
    return np.asarray((np.abs(rows - row) > _MARGIN).any(axis=1))


def _between(row: Array, first: Array, second: Array) -> bool:
    """Return whether a row is on the line through two others; if those are Pareto-optimal it is a mixture of them."""
    way = second - first
    return not _apart(row - first, ((row - first) @ way / (way @ way) * way)[None])[0]


def _margin(rows: Array, equal: Array | None = None) -> float:
    """Return the largest e <= 1 such that rows @ u <= -e for a law u with equal @ u = 0; -inf without such a law."""
    from scipy.optimize import linprog

    n, d = rows.shape
    law = np.ones((1, d)) if equal is None else np.vstack([np.ones((1, d)), equal])
    same = np.column_stack([law, np.zeros(len(law))])
    ends = [(0.0, None)] * d + [(None, 1.0)]
    goal, below = np.append(np.zeros(d), -1.0), np.column_stack([rows, np.ones(n)])
    found = linprog(goal, below, np.zeros(n), same, np.eye(len(same))[0], ends, method="highs")
    return float(-found.fun) if found.status == 0 else -np.inf
