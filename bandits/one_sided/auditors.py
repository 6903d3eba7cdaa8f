"""Auditors, each with its own distance on individuals, and panels of auditors that vote on pairs.

An auditor j finds a policy pi unfair on the ordered pair (x, x') if pi(x) - pi(x') - d_j(x, x') > alpha. Its
distance is symmetric with values in [0, 1] and need not be a metric. A panel of m auditors reports pairs that
at least s of them object to: an (alpha, gamma)-violation with gamma = s / m (s = m asks for unanimity, s = 1 gives
every auditor a veto). The vote threshold is the integer s: ceil(gamma m) in floating point is wrong for gammas
like 7/25.

*Swing vote* (Bechavod & Roth 2022, Lemma B.1): s auditors object if and only if the one whose distance d_(s) is
the s-th smallest on this pair does. Panels are therefore kept as one table d_(s) each; subtraction is monotone in
floating point too, so the count of votes and the swing vote agree bit for bit.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import Checked, Numbers, checked
from bandits.core.checks import HUGE, array, instance, integer, real, several, shown

Schedule = Literal["cycle", "random", "adversarial"]
Rule = Literal["largest", "first", "random"]
Audit = Literal["policy", "draw"]


class Auditor(Checked):
    """Base of all auditors: a frozen dataclass."""

    @abstractmethod
    def distances(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return d (n, n), symmetric, in [0, 1], for features (n, f)."""


@dataclass(frozen=True)
class ScaledDistance(Auditor):
    """d(x, x') = min(1, |w * (x - x')|_2): one weight >= 0 per feature; a small one ignores that feature."""

    weights: Numbers

    def __post_init__(self) -> None:
        weights = array("weights", self.weights, 1, 0.0, HUGE)
        object.__setattr__(self, "weights", tuple(weights.tolist()))

    def distances(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return d (n, n); ValueError unless there is one weight per feature."""
        _one_for_each_feature("weights must be one", len(self.weights), features)
        return _euclidean(features * np.array(self.weights))


@dataclass(frozen=True)
class MahalanobisDistance(Auditor):
    """d(x, x') = min(1, scale sqrt((x - x')' W (x - x'))) with W = V' V for the given V (r, f); scale >= 0."""

    factor: Numbers
    scale: float = 1.0

    def __post_init__(self) -> None:
        factor = array("factor", self.factor, 2, -HUGE, HUGE)
        object.__setattr__(self, "factor", tuple(map(tuple, factor.tolist())))
        real("scale", self.scale, low=0.0)

    def distances(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return d (n, n); ValueError unless V has one column per feature."""
        factor = self.scale * np.array(self.factor)
        _one_for_each_feature("factor must have one column", factor.shape[1], features)
        return _euclidean((features[:, None] * factor).sum(axis=2))


@dataclass(frozen=True)
class RandomDistance(Auditor):
    """A random distance: d independent and uniform on [low, high] for every unordered pair, drawn from `seed`."""

    seed: int = 0
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        integer("seed", self.seed, low=0)
        if real("low", self.low, 0.0, 1.0) > real("high", self.high, 0.0, 1.0):
            raise ValueError(f"low must be at most high, got {self.low:g} and {self.high:g}")

    def distances(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return d (n, n) with a zero diagonal."""
        n = len(features)
        upper = np.triu(np.random.default_rng(self.seed).uniform(self.low, self.high, (n, n)), 1)
        return upper + upper.T


@dataclass(frozen=True, eq=False)
class TableDistance(Auditor):
    """Given distances (n, n): symmetric, in [0, 1], a metric or not."""

    table: Numbers

    def __post_init__(self) -> None:
        table = array("table", self.table, 2, 0.0, 1.0)
        if table.shape[0] != table.shape[1] or (table != table.T).any():
            raise ValueError(f"table must be square and symmetric, got shape {table.shape}")
        object.__setattr__(self, "table", table)

    def distances(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the table; ValueError unless it is (n, n)."""
        if len(self.table) != len(features):
            raise ValueError(f"table must have {len(features)} rows, one per kind of individual, got {len(self.table)}")
        return self.table


def _one_for_each_feature(wanted: str, size: int, features: NDArray[np.float64]) -> None:
    if size != features.shape[1]:
        raise ValueError(f"{wanted} for each of the {features.shape[1]} features, got {size}")


def _euclidean(moved: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore", under="ignore"):  # an infinite square gives a distance of 1
        return np.minimum(1.0, np.sqrt(((moved[:, None] - moved[None]) ** 2).sum(axis=2)))


@dataclass(frozen=True)
class Panel(Checked):
    """A panel of m >= 1 auditors; a pair is reported if at least `votes` (1..m) of them object to it."""

    auditors: Any
    votes: int = 1

    def __post_init__(self) -> None:
        auditors = several("auditors", self.auditors, Auditor, "auditors such as ScaledDistance(weights=(1.0,))")
        integer("votes", self.votes, low=1, high=len(auditors))
        object.__setattr__(self, "auditors", auditors)

    @classmethod
    @checked
    def with_fraction(cls, auditors: Any, gamma: Fraction) -> "Panel":
        """Return the panel with the least whole number of votes that is at least gamma m, 0 < gamma <= 1 exact."""
        auditors = several("auditors", auditors, Auditor, "auditors such as ScaledDistance(weights=(1.0,))")
        return cls(auditors, votes_needed(gamma, len(auditors)))

    @property
    def fraction(self) -> Fraction:
        """Return gamma = votes / m, exactly."""
        return Fraction(self.votes, len(self.auditors))

    def swing(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return d_(s) (n, n), the s-th smallest of the auditors' distances on every pair."""
        return swing_distance(np.stack([a.distances(features) for a in self.auditors]), self.votes)


@checked
def votes_needed(gamma: Fraction, n_auditors: int) -> int:
    """Return ceil(gamma m) in exact arithmetic; ValueError unless 0 < gamma <= 1."""
    if not 0 < instance("gamma", gamma, Fraction, "a Fraction: a float cannot say 7/25") <= 1:
        raise ValueError(f"gamma must be in (0, 1], got {shown(gamma)}")
    return math.ceil(gamma * n_auditors)


def swing_distance(distances: NDArray[np.float64], votes: int) -> NDArray[np.float64]:
    """Return the votes-th smallest over the first axis of distances (m, ...)."""
    return np.asarray(np.partition(distances, votes - 1, axis=0)[votes - 1])


@dataclass(frozen=True)
class Panels(Checked):
    """The panels of a run, one of which audits each round.

    panels: one or more.  schedule: "cycle" (t mod their number), "random" (uniform), or "adversarial" (the one whose
    objections to the round's policy are largest).  rule: which objectionable pair is reported: "largest" (the
    largest excess), "first" or "random".  audit: the panel sees the "policy", as the paper asks, or only the
    hypothesis drawn from it ("draw"), which makes randomisation look unfair (Lemma D.2).
    """

    panels: Any
    schedule: Schedule = "cycle"
    rule: Rule = "largest"
    audit: Audit = "policy"

    def __post_init__(self) -> None:
        panels = several("panels", self.panels, Panel, "panels such as Panel(auditors, votes=2)")
        object.__setattr__(self, "panels", panels)

    def swings(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return d_(s) of every panel, (P, n, n)."""
        return np.ascontiguousarray(np.stack([panel.swing(features) for panel in self.panels]))
