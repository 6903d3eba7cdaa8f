"""Populations: finite sets of individuals, and the arrivals and true labels of every round.

A population has n kinds of individual x with features (n, f) and groups (n,). In each round k individuals arrive.
`Crowd` draws them independently with given weights and labels them 1 with a probability that may depend on the round's
block (label drift); `Lending` is a synthetic credit market; `Applicants` are the rows of a real table;
`RecordedPeople` replays a given sequence.
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import Checked, Numbers, read_only
from bandits.core.checks import HUGE, LARGEST, array, integer, real, shown
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform_pair
from bandits.core.weights import proportions

_MANY_KINDS = 10**6


class PeopleSteps(NamedTuple):
    """The compiled functions of a population."""

    arrive: Any  # (setting, t, env, people, labels): write round t's individuals and true labels, both (k,) int64


class People(Checked):
    """Base of all populations: a frozen dataclass."""

    features: Any  # (n, f) float64, of every kind of individual
    groups: Any  # (n,) int64, 0..G-1
    steps: ClassVar[PeopleSteps]

    @abstractmethod
    def setting(self, horizon: int, individuals: int) -> Any:
        """Return the NamedTuple that the compiled functions receive; ValueError if `horizon` rounds are too many."""

    @abstractmethod
    def expected(self, horizon: int) -> NDArray[np.float64]:
        """Return (2, n): expected share of arrivals of each kind with label 0 and with label 1; sums to 1."""

    @property
    def n_kinds(self) -> int:
        """Number n of kinds of individual."""
        return len(self.features)

    @property
    def n_groups(self) -> int:
        """Number G of groups."""
        return int(self.groups.max()) + 1


# ---------------------------------------------------------------- independent arrivals


class CrowdSetting(NamedTuple):
    """Law of an arrival and of its label."""

    cumulative: Any  # (n,) float64, cumulative weights, the last is 1
    chance: Any  # (S, n) float64, P(label 1) in each piece
    block: int  # rounds of a piece; the pieces alternate cyclically


@kernel
def _quantile(cumulative: Any, u: float) -> int:
    """Return the first index whose cumulative weight exceeds u."""
    low = 0
    high = cumulative.size - 1
    while low < high:
        middle = (low + high) >> 1
        if cumulative[middle] > u:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def _arrive(setting: CrowdSetting, t: int, env: Stream, people: Any, labels: Any) -> None:
    piece = (t // setting.block) % setting.chance.shape[0]
    for i in range(people.size):
        first, second = uniform_pair(env, t, i)
        who = _quantile(setting.cumulative, first)
        people[i] = who
        labels[i] = 1 if second < setting.chance[piece, who] else 0


class _Independent(People):
    """Arrivals that are independent given the round's block."""

    steps: ClassVar[PeopleSteps] = PeopleSteps(_arrive)

    law: Any  # CrowdSetting

    def setting(self, horizon: int, individuals: int) -> CrowdSetting:
        """Return what the compiled functions receive."""
        return self.law

    def expected(self, horizon: int) -> NDArray[np.float64]:
        """Return the mean shares (2, n) over rounds 0..horizon-1."""
        law: CrowdSetting = self.law
        cycles, rest = divmod(horizon, law.block * len(law.chance))
        started = np.clip(rest - law.block * np.arange(len(law.chance)), 0, law.block)
        chance = (cycles * law.block + started) @ law.chance / horizon
        weight = np.diff(law.cumulative, prepend=0.0)
        return np.stack([weight * (1.0 - chance), weight * chance])


@dataclass(frozen=True, eq=False)
class Crowd(_Independent):
    """Independent arrivals: kind x with probability proportional to weights[x], label 1 with chances[.., x].

    features: (n, f), finite.  chances: (n,) or, for drift, (S, n), in [0, 1]: piece s applies in rounds t (from 0)
    with (t // block) mod S = s.  groups: (n,) integers from 0; None puts all in group 0.  weights: (n,) >= 0, not all
    0; None means equal.  block: at least 1.
    """

    features: Numbers
    chances: Numbers
    groups: Numbers = None
    weights: Numbers = None
    block: int = 1

    def __post_init__(self) -> None:
        features = array("features", self.features, 2, -HUGE, HUGE)
        n = len(features)
        chances = array("chances", self.chances, None, 0.0, 1.0)
        if chances.ndim > 2:
            raise ValueError(f"chances must be (n,) or (S, n), got shape {chances.shape}")
        chances = np.array(chances, ndmin=2)
        weights = array("weights", np.ones(n) if self.weights is None else self.weights, 1, 0.0, np.finfo(float).max)
        if chances.shape[1] != n or len(weights) != n:
            raise ValueError(f"chances and weights must have one number for each of the {n} rows of features")
        if not weights.any():
            raise ValueError(f"weights must not all be 0, got {shown(self.weights)}")
        integer("block", self.block, low=1)
        for name, value in (("features", features), ("chances", chances), ("weights", weights)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "groups", _groups(self.groups, n))

    @cached_property
    def law(self) -> CrowdSetting:
        """Law of an arrival."""
        return CrowdSetting(_cumulative(self.weights), self.chances, int(self.block))


@dataclass(frozen=True)
class Lending(_Independent):
    """A synthetic credit market of two groups with a score that is biased against group 1.

    Each of n_people >= 2 kinds has merit m ~ N(0, 1), alternating group g and score s = m - bias g + noise Z, and
    repays (label 1) with chance 1 / (1 + exp(-sharpness m)). features: (n, 3), columns s, m, g. The kinds are drawn
    once, by `seed`: they are part of the problem and the same in every repetition.
    """

    n_people: int = 40
    bias: float = 0.9
    noise: float = 0.2
    sharpness: float = 3.0
    seed: int = 0

    def __post_init__(self) -> None:
        integer("n_people", self.n_people, low=2, high=_MANY_KINDS)
        integer("seed", self.seed, low=0)
        real("bias", self.bias)
        real("noise", self.noise, low=0.0)
        real("sharpness", self.sharpness)

    @cached_property
    @read_only
    def features(self) -> NDArray[np.float64]:
        """Score, merit and group of every kind, (n, 3)."""
        rng = np.random.default_rng(self.seed)
        group = np.arange(self.n_people) % 2
        merit, error = rng.standard_normal((2, self.n_people))
        return np.column_stack([merit - self.bias * group + self.noise * error, merit, group])

    @property
    def groups(self) -> NDArray[np.int64]:
        """Group of every kind, (n,)."""
        return self.features[:, 2].astype(np.int64)

    @cached_property
    def law(self) -> CrowdSetting:
        """Law of an arrival."""
        with np.errstate(over="ignore"):  # a chance of 0
            chance = 1.0 / (1.0 + np.exp(-self.sharpness * self.features[:, 1]))
        return CrowdSetting(_cumulative(np.ones(self.n_people)), chance[None], 1)


@dataclass(frozen=True)
class Applicants(_Independent):
    """Real applicants: each scored individual of a table is one kind, with its recorded outcome as label.

    table: a population of `bandits.threshold` with pools of scored individuals, such as GermanCredit() or Compas();
    the score model is fitted on the table's other half, on first use. features: (n, 2), columns score and group.
    """

    table: Any

    def __post_init__(self) -> None:
        if not hasattr(type(self.table), "pools"):
            got = type(self.table).__name__
            raise TypeError(f"table must be a population with pools, as pools_from_table(...), got {got}")

    @cached_property
    @read_only
    def features(self) -> NDArray[np.float64]:
        """Score and group of every applicant, (n, 2)."""
        scores = self.table.pools.scores
        group = np.repeat(np.arange(len(scores)), [len(part) for part in scores])
        return np.column_stack([np.concatenate(scores), group.astype(np.float64)])

    @property
    def groups(self) -> NDArray[np.int64]:
        """Group of every applicant, (n,)."""
        return self.features[:, 1].astype(np.int64)

    @cached_property
    def law(self) -> CrowdSetting:
        """Law of an arrival: all applicants are equally likely, each with its recorded outcome."""
        good = np.concatenate(self.table.pools.good).astype(np.float64)
        return CrowdSetting(_cumulative(np.ones(len(good))), good[None], 1)


# ---------------------------------------------------------------- a recorded sequence


class RecordedSetting(NamedTuple):
    """The sequence."""

    people: Any  # (T, k) int64
    labels: Any  # (T, k) int64


@kernel
def _replay(setting: RecordedSetting, t: int, env: Stream, people: Any, labels: Any) -> None:
    for i in range(people.size):
        people[i] = setting.people[t, i]
        labels[i] = setting.labels[t, i]


@dataclass(frozen=True, eq=False)
class RecordedPeople(People):
    """A fixed sequence, the same for every repetition: individuals (T, k) in 0..n-1 and labels (T, k) in {0, 1}.

    features: (n, f).  groups: (n,) integers from 0; None puts all in group 0.
    """

    features: Numbers
    people: Numbers
    labels: Numbers
    groups: Numbers = None
    steps: ClassVar[PeopleSteps] = PeopleSteps(_replay)

    def __post_init__(self) -> None:
        features = array("features", self.features, 2, -HUGE, HUGE)
        people = array("people", self.people, 2, 0, LARGEST).astype(np.int64)
        if people.max() >= len(features):
            raise ValueError(f"people must be rows of features, 0 to {len(features) - 1}, got {people.max()}")
        labels = array("labels", self.labels, 2, 0, 1).astype(np.int64)
        if labels.shape != people.shape:
            raise ValueError(f"labels must have the shape of people, {people.shape}, got {labels.shape}")
        if (people != np.asarray(self.people)).any() or (labels != np.asarray(self.labels)).any():
            raise ValueError("people and labels must be whole numbers")
        object.__setattr__(self, "features", features)
        object.__setattr__(self, "people", people)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "groups", _groups(self.groups, len(features)))

    def setting(self, horizon: int, individuals: int) -> RecordedSetting:
        """Return what the compiled functions receive; ValueError if the sequence is too short or of another k."""
        rounds, k = self.people.shape
        if rounds < horizon or k != individuals:
            raise ValueError(f"people must have shape (at least {horizon}, {individuals}), got {self.people.shape}")
        return RecordedSetting(self.people, self.labels)

    def expected(self, horizon: int) -> NDArray[np.float64]:
        """Return the observed shares (2, n) of the first `horizon` rounds."""
        shares = np.zeros((2, len(self.features)))
        np.add.at(shares, (self.labels[:horizon], self.people[:horizon]), 1.0)
        return shares / shares.sum()


def _cumulative(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    cumulative = np.cumsum(proportions(weights))
    cumulative[np.flatnonzero(weights)[-1] :] = 1.0  # a kind of weight 0 is never drawn, whatever the rounding
    return cumulative


def _groups(groups: Any, n: int) -> NDArray[np.int64]:
    if groups is None:
        return np.zeros(n, np.int64)
    numbers = array("groups", groups, 1, 0, n - 1)
    whole = numbers.astype(np.int64)
    if len(whole) != n or (whole != numbers).any():
        raise ValueError(f"groups must be {n} whole numbers, one for each row of features, got {shown(groups)}")
    return whole
