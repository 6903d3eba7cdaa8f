"""Classes of binary hypotheses on a finite population, with a separator and an empirical-risk oracle.

A class partitions individuals into cells on which every hypothesis is constant. A hypothesis is an integer h in 0..N-1
and h(cell) costs a few instructions, however large N is. A separator
is a set of cells on which any two hypotheses differ somewhere (Syrgkanis, Krishnamurthy & Schapire 2016); the
oracle returns argmin_h sum_c w(c) h(c) for signed weights w on the cells, ties broken to the lowest index.

A custom class is a frozen dataclass derived from `Hypotheses` with two compiled functions and a few tables.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import Checked, Numbers, checked
from bandits.core.checks import HUGE, array, integer
from bandits.core.jit import kernel, rare_kernel
from bandits.core.limits import lowered, raised
from bandits.one_sided.people import People

_MANY_CUTS = 10**6
_MANY_BITS = 12
DENSE_LIMIT = 2**27  # bytes of a table of all predictions, one byte per (cell, hypothesis)


class HypothesesSteps(NamedTuple):
    """The compiled functions of a class."""

    predict: Any  # (setting, h, cell) -> 1 where h accepts the cell, else 0
    minimise: Any  # (setting, weights (n_cells,)) -> h: the empirical-risk oracle; may overwrite the weights


class Blocks(NamedTuple):
    """The acceptance vectors of all policies: sums of one mixture from each block.

    columns: (n_cells, M) float64.  block: (M,) int64 from 0.  A policy's acceptance is columns @ mix where mix >= 0
    sums to 1 in each block. A plain class has one block whose columns are its hypotheses.
    """

    columns: NDArray[np.float64]
    block: NDArray[np.int64]


class Hypotheses(Checked):
    """Base of all classes: a frozen dataclass; all methods are with respect to one population."""

    steps: ClassVar[HypothesesSteps]

    @abstractmethod
    def size(self, people: People) -> int:
        """Return the number N of hypotheses."""

    @abstractmethod
    def cells(self, people: People) -> NDArray[np.int64]:
        """Return the cell of every kind of individual, (n,)."""

    @abstractmethod
    def separator(self, people: People) -> NDArray[np.int64]:
        """Return the cells of a separator, (s,)."""

    @abstractmethod
    def setting(self, people: People) -> Any:
        """Return the NamedTuple that the compiled functions receive."""

    @abstractmethod
    def n_cells(self, people: People) -> int:
        """Return the number of cells."""

    def table(self, people: People) -> NDArray[np.uint8]:
        """Return all predictions, (n_cells, N) uint8, or an empty (0, 0) array where that exceeds `DENSE_LIMIT`."""
        n_cells, size = self.n_cells(people), self.size(people)
        if n_cells * size > DENSE_LIMIT:
            return np.zeros((0, 0), np.uint8)
        return self._predictions(people)

    @abstractmethod
    def _predictions(self, people: People) -> NDArray[np.uint8]:
        """Return all predictions, (n_cells, N) uint8."""

    def blocks(self, people: People) -> Blocks:
        """Return the acceptance vectors of all policies; ValueError where the class is too large to list."""
        table = self.table(people)
        if table.size == 0:
            raise ValueError(f"{type(self).__name__} with {self.size(people)} hypotheses is too large to list")
        return Blocks(table.astype(float), np.zeros(table.shape[1], np.int64))

    def hypothesis(self, people: People, chosen: NDArray[np.int64]) -> int:
        """Return the hypothesis made of one chosen column from each block."""
        return int(chosen[0])


# ---------------------------------------------------------------- listed one by one


class ListedSetting(NamedTuple):
    """All predictions."""

    table: Any  # (n_cells, N) uint8


@kernel
def _listed_predict(setting: ListedSetting, h: int, cell: int) -> int:
    return int(setting.table[cell, h])


@rare_kernel
def _listed_minimise(setting: ListedSetting, weights: Any) -> int:
    n_cells, size = setting.table.shape
    best = 0
    least = np.inf
    for h in range(size):
        total = 0.0
        for cell in range(n_cells):
            if setting.table[cell, h] != 0:
                total += weights[cell]
        if total < least:
            best = h
            least = total
    return best


@dataclass(frozen=True, eq=False)
class Listed(Hypotheses):
    """Hypotheses given one by one: predictions (N, n) of 0 and 1, one row per hypothesis, one column per kind.

    One row must be constant (all 0 or all 1), as the paper assumes: a constant is fair for every panel.
    The oracle tries all N; the separator is all n kinds.
    """

    predictions: Numbers
    steps: ClassVar[HypothesesSteps] = HypothesesSteps(_listed_predict, _listed_minimise)

    def __post_init__(self) -> None:
        given = array("predictions", self.predictions, 2, 0, 1)
        if not np.isin(given, (0.0, 1.0)).all():
            raise ValueError("predictions must be 0 or 1")
        if not (given == given[:, :1]).all(axis=1).any():
            raise ValueError("predictions must have a constant row: without it no policy need be fair")
        object.__setattr__(self, "predictions", given.astype(np.uint8))

    @classmethod
    @checked
    def stumps(cls, n_kinds: int) -> "Listed":
        """Return the n + 1 thresholds on the order of the kinds: row h accepts the last h kinds."""
        n = integer("n_kinds", n_kinds, low=1, high=10**4)
        return cls(np.arange(n)[None] >= n - np.arange(n + 1)[:, None])

    @classmethod
    @checked
    def subsets(cls, n_kinds: int) -> "Listed":
        """Return all 2^n hypotheses on n <= 16 kinds: row h accepts the kinds whose bit is set in h."""
        n = integer("n_kinds", n_kinds, low=1, high=16)
        return cls((np.arange(2**n)[:, None] >> np.arange(n)) & 1)

    def size(self, people: People) -> int:
        """Return N."""
        return len(self.predictions)

    def n_cells(self, people: People) -> int:
        """Return the number of kinds; ValueError if the population has another number."""
        if self.predictions.shape[1] != people.n_kinds:
            raise ValueError(f"predictions must have {people.n_kinds} columns, got shape {self.predictions.shape}")
        return people.n_kinds

    def cells(self, people: People) -> NDArray[np.int64]:
        """Return 0..n-1: every kind is a cell of its own."""
        return np.arange(self.n_cells(people))

    def separator(self, people: People) -> NDArray[np.int64]:
        """Return all cells."""
        return self.cells(people)

    def setting(self, people: People) -> ListedSetting:
        """Return what the compiled functions receive."""
        return ListedSetting(self.table(people))

    def _predictions(self, people: People) -> NDArray[np.uint8]:
        self.n_cells(people)
        return np.ascontiguousarray(self.predictions.T)


# ---------------------------------------------------------------- thresholds, one per group


class GroupThresholdsSetting(NamedTuple):
    """Sizes: hypothesis h has threshold (h // cuts^g) mod cuts in group g."""

    cuts: int
    n_groups: int
    power: Any  # (G,) int64, cuts^g


@kernel
def _thresholds_predict(setting: GroupThresholdsSetting, h: int, cell: int) -> int:
    group = cell // (setting.cuts - 1)
    level = cell - group * (setting.cuts - 1)
    return 1 if level >= (h // setting.power[group]) % setting.cuts else 0


@rare_kernel
def _thresholds_minimise(setting: GroupThresholdsSetting, weights: Any) -> int:
    """Minimise group by group over suffix sums: O(cells), whatever N is."""
    best = 0
    for group in range(setting.n_groups):
        first = group * (setting.cuts - 1)
        least = 0.0
        suffix = 0.0
        cut = setting.cuts - 1  # the group is rejected
        for level in range(setting.cuts - 2, -1, -1):
            suffix += weights[first + level]
            if suffix <= least:
                least = suffix
                cut = level
        best += cut * setting.power[group]
    return best


@dataclass(frozen=True)
class GroupThresholds(Hypotheses):
    """A threshold on one feature for every group: N = cuts^G hypotheses, separator of G (cuts - 1) cells.

    The feature's range is cut into cuts - 1 levels by its quantiles over all kinds; hypothesis h accepts group g
    from level (h // cuts^g) mod cuts on, where the last value rejects all.  cuts: at least 2.  feature: column of the
    features.  by_group=False gives one threshold for all groups (N = cuts).
    """

    cuts: int = 9
    feature: int = 0
    by_group: bool = True
    steps: ClassVar[HypothesesSteps] = HypothesesSteps(_thresholds_predict, _thresholds_minimise)

    def __post_init__(self) -> None:
        integer("cuts", self.cuts, low=2, high=_MANY_CUTS)
        integer("feature", self.feature, low=0)

    def _groups(self, people: People) -> NDArray[np.int64]:
        return people.groups if self.by_group else np.zeros_like(people.groups)

    def _n_groups(self, people: People) -> int:
        return people.n_groups if self.by_group else 1

    def size(self, people: People) -> int:
        """Return N; ValueError from 2^62 on."""
        size = self.cuts ** self._n_groups(people)
        if size >= 2**62:
            raise ValueError(f"cuts ** groups must be below 2**62, got {self.cuts} ** {self._n_groups(people)}")
        return size

    def n_cells(self, people: People) -> int:
        """Return G (cuts - 1)."""
        return self._n_groups(people) * (self.cuts - 1)

    def cells(self, people: People) -> NDArray[np.int64]:
        """Return group * (cuts - 1) + level for every kind, (n,)."""
        if self.feature >= people.features.shape[1]:
            raise ValueError(f"feature must be below {people.features.shape[1]}, got {self.feature}")
        values = people.features[:, self.feature]
        edges = np.quantile(values, np.arange(1, self.cuts - 1) / (self.cuts - 1))
        level = np.searchsorted(lowered(edges), values, side="right")
        return np.asarray(self._groups(people) * (self.cuts - 1) + level)

    def separator(self, people: People) -> NDArray[np.int64]:
        """Return all cells: thresholds t < t' of a group differ at its level t."""
        return np.arange(self.n_cells(people))

    def setting(self, people: People) -> GroupThresholdsSetting:
        """Return what the compiled functions receive."""
        self.size(people)
        n_groups = self._n_groups(people)
        return GroupThresholdsSetting(int(self.cuts), n_groups, np.int64(self.cuts) ** np.arange(n_groups))

    def _predictions(self, people: People) -> NDArray[np.uint8]:
        group, level = np.divmod(np.arange(self.n_cells(people))[:, None], self.cuts - 1)
        cut = np.arange(self.size(people))[None] // self.cuts**group % self.cuts
        return np.ascontiguousarray(level >= cut, dtype=np.uint8)

    def blocks(self, people: People) -> Blocks:
        """Return one block per group, whose columns are its thresholds: G * cuts columns, whatever N is."""
        group, level = np.divmod(np.arange(self.n_cells(people))[:, None], self.cuts - 1)
        block, cut = np.divmod(np.arange(self._n_groups(people) * self.cuts), self.cuts)
        return Blocks(((group == block) & (level >= cut)).astype(float), block)

    def hypothesis(self, people: People, chosen: NDArray[np.int64]) -> int:
        """Return the hypothesis with the chosen column (g * cuts + t) in each block g."""
        return sum(int(column % self.cuts) * self.cuts**g for g, column in enumerate(chosen))


# ---------------------------------------------------------------- conjunctions


class ConjunctionsSetting(NamedTuple):
    """Number of bits."""

    n_bits: int


@kernel
def _conjunctions_predict(setting: ConjunctionsSetting, h: int, cell: int) -> int:
    return 1 if h & ~cell == 0 else 0


@rare_kernel
def _conjunctions_minimise(setting: ConjunctionsSetting, weights: Any) -> int:
    """Turn the weights into sums over supersets, bit by bit; h accepts exactly the cells that contain it."""
    for bit in range(setting.n_bits):
        for cell in range(weights.size):
            if cell & (1 << bit) == 0:
                weights[cell] += weights[cell | (1 << bit)]
    best = 0
    for h in range(1, weights.size):
        if weights[h] < weights[best]:
            best = h
    return best


@dataclass(frozen=True)
class Conjunctions(Hypotheses):
    """Accept individuals that have all features of a set: N = 2^b monotone conjunctions over b binary features.

    above: (b,) with 1 <= b <= 12: bit j of an individual is features[:, j] > above[j]. Hypothesis h requires the
    bits set in h (h = 0 accepts all); cells are the 2^b bit patterns. The separator is the b patterns that
    lack one bit: two conjunctions differ on the pattern that lacks a bit required by only one of them.
    """

    above: Numbers = (0.5, 0.5)
    steps: ClassVar[HypothesesSteps] = HypothesesSteps(_conjunctions_predict, _conjunctions_minimise)

    def __post_init__(self) -> None:
        above = array("above", self.above, 1, -HUGE, HUGE)
        if len(above) > _MANY_BITS:
            raise ValueError(f"above must hold at most {_MANY_BITS} numbers, got {len(above)}")
        object.__setattr__(self, "above", tuple(above.tolist()))

    def size(self, people: People) -> int:
        """Return 2^b."""
        return 2 ** len(self.above)

    def n_cells(self, people: People) -> int:
        """Return 2^b."""
        return 2 ** len(self.above)

    def cells(self, people: People) -> NDArray[np.int64]:
        """Return the bit pattern of every kind, (n,)."""
        bits = len(self.above)
        if people.features.shape[1] < bits:
            raise ValueError(f"above must have at most {people.features.shape[1]} numbers, got {bits}")
        return np.asarray((people.features[:, :bits] > raised(np.array(self.above))) @ (1 << np.arange(bits)))

    def separator(self, people: People) -> NDArray[np.int64]:
        """Return the b patterns that lack one bit."""
        return 2 ** len(self.above) - 1 - (1 << np.arange(len(self.above)))

    def setting(self, people: People) -> ConjunctionsSetting:
        """Return what the compiled functions receive."""
        return ConjunctionsSetting(len(self.above))

    def _predictions(self, people: People) -> NDArray[np.uint8]:
        cell = np.arange(self.n_cells(people))[:, None]
        return np.ascontiguousarray((np.arange(self.size(people))[None] & ~cell) == 0, dtype=np.uint8)
