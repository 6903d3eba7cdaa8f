"""Pools scored by a model that is fitted on one half of a table and applied to the other.

The model is scikit-learn's logistic regression (C = 1) on one-hot categories and standardised numbers;
an individual's score is its probability of a good outcome. The halves are drawn by `split_seed`, each
stratum (group, outcome) halved, so the held-out half keeps the table's proportions. The model is never
fitted on the individuals of the population.

- German Credit (Statlog, Hofmann; UCI repository): good = credit_risk 1; group 1 = aged up to 25. All
  columns but the outcome, age included, are features.
- COMPAS (ProPublica 2016): good = no recidivism within two years; groups = the two largest by race, group 1
  the larger; race is not a feature. ProPublica's filter: screening within 30 days of arrest, recidivism
  known, no ordinary traffic offence, score present.
"""

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.checks import flag, instance, integer, shown, text
from bandits.threshold.pools import PoolPopulation, Pools, split_pools
from bandits.threshold.tables import (
    DATA,
    Table,
    categories,
    choices,
    given_alone,
    matches,
    numbers,
    read_table,
    select,
    several_groups,
    two_groups,
)

GERMAN_NUMBERS = (
    "duration_months",
    "credit_amount",
    "installment_rate",
    "residence_since",
    "age",
    "existing_credits",
    "people_liable",
)
GERMAN_CATEGORIES = (
    "checking_status",
    "credit_history",
    "purpose",
    "savings",
    "employment_since",
    "personal_status_sex",
    "other_debtors",
    "property",
    "other_installment_plans",
    "housing",
    "job",
    "telephone",
    "foreign_worker",
)
COMPAS_NUMBERS = ("age", "juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count")
COMPAS_CATEGORIES = ("sex", "c_charge_degree")
_YOUNG = 25.0


class Individuals(NamedTuple):
    """The columns of a table as arrays for the score model."""

    numbers: NDArray[np.float64]  # (N, p)
    categories: NDArray[np.str_]  # (N, c)
    good: NDArray[np.int64]  # (N,) 0 or 1
    group: NDArray[np.int64]  # (N,) from 0


@dataclass(frozen=True)
class ScoredTable(PoolPopulation):
    """Base of the populations whose scores are learned, on first use and once for each table and split.

    A table of one's own is read and checked when the population is made.

    split_seed: integer in [0, 2^32), draws the half that the model is fitted on.
    """

    split_seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("split_seed", self.split_seed, low=0, high=2**32 - 1)

    @property
    @abstractmethod
    def source(self) -> Path:
        """The CSV file."""

    @abstractmethod
    def individuals(self) -> Individuals:
        """Return the table's individuals; FileNotFoundError or ValueError where it cannot be used."""

    def _check(self) -> None:
        """Raise what `pools` would raise."""
        _half(_read(self, _content(self.source)), self.split_seed, self.source)

    @cached_property
    def pools(self) -> Pools:
        """The held-out half with its scores, group by group."""
        return _scored(replace(self, adaptation=0.0, lift=0.0, share=None), _content(self.source))


def _content(path: Path) -> bytes:
    """Return a hash of the content of a file, empty where it cannot be read (reading the table then raises)."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest() if path.is_file() else b""
    except (OSError, ValueError):
        return b""


@lru_cache(maxsize=16)
def _scored(table: ScoredTable, content: bytes) -> Pools:
    """Return the pools of a table; content: hash of its file, so that a changed file is read again."""
    return score_held_out(_read(table, content), table.split_seed, table.source)


@lru_cache(maxsize=1)
def _read(table: ScoredTable, content: bytes) -> Individuals:
    return table.individuals()


@dataclass(frozen=True)
class ShippedTable(ScoredTable):
    """Base of the populations that come with a table; path: another CSV file with its columns, None the shipped one."""

    path: str | None = None
    file_name: ClassVar[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.path is not None:
            self._check()

    @property
    def source(self) -> Path:
        """The CSV file."""
        return DATA / self.file_name if self.path is None else Path(self.path)


@dataclass(frozen=True)
class GermanCredit(ShippedTable):
    """German Credit with groups by age; path: a CSV file with the shipped table's columns, None the shipped one."""

    file_name: ClassVar[str] = "german_credit.csv"

    def individuals(self) -> Individuals:
        """Return the applicants; good = credit_risk 1, group 1 = aged up to 25."""
        table = read_table(self.source, (*GERMAN_NUMBERS, *GERMAN_CATEGORIES, "credit_risk"))
        good = choices(table, "credit_risk", (1.0, 2.0)) == 1.0
        young = numbers(table, "age") <= _YOUNG
        return _individuals(table, GERMAN_NUMBERS, GERMAN_CATEGORIES, good, young)


@dataclass(frozen=True)
class Compas(ShippedTable):
    """COMPAS with the two largest groups by race; path: a CSV file with the shipped table's columns, None that one."""

    file_name: ClassVar[str] = "compas.csv"

    def individuals(self) -> Individuals:
        """Return the defendants kept by ProPublica's filter in the two largest groups; good = no recidivism."""
        others = ("race", "days_b_screening_arrest", "score_text", "is_recid", "two_year_recid")
        table = read_table(self.source, (*COMPAS_NUMBERS, *COMPAS_CATEGORIES, *others))
        table = select(table, _passes_filter(table))
        race = categories(table, "race")
        races, counts = np.unique(race, return_counts=True)
        largest = races[np.argsort(-counts, kind="stable")[:2]]
        table, race = select(table, np.isin(race, largest)), race[np.isin(race, largest)]
        good = choices(table, "two_year_recid", (0.0, 1.0)) == 0.0
        return _individuals(table, COMPAS_NUMBERS, COMPAS_CATEGORIES, good, race == largest[0])


def _passes_filter(table: Table) -> NDArray[np.bool_]:
    """Return which rows ProPublica's filter keeps; an empty number of days means that no arrest was matched."""
    days = np.abs(numbers(table, "days_b_screening_arrest", absent=np.inf))
    known = choices(table, "is_recid", (-1.0, 0.0, 1.0)) != -1.0
    degree, score = np.array(table.columns["c_charge_degree"]), np.array(table.columns["score_text"])
    kept: NDArray[np.bool_] = (days <= 30.0) & known & (degree != "O") & (score != "N/A") & (score != "")
    if not kept.any():
        raise ValueError(f"{table.source}: no row passes the filter")
    return kept


@dataclass(frozen=True)
class CsvPopulation(ScoredTable):
    """A population from a given CSV table: path, and the roles of the columns.

    outcome: column that is good where it equals `good_value`.  group: column that marks group 1 where it equals
    `group_value`, group 0 where it has the one other value, or equals `other_value`, or everywhere else with
    `merge_others`; or groups: the values of groups 0, 1, ... in place of these three (`pools_from_table`).
    numbers, categories: feature columns, at least one in all, the outcome not among them. Values are compared as
    numbers where both are numbers ("1" is 1.0), else as text. The outcome holds two values; missing values, and
    spellings that differ only in upper and lower case, raise ValueError. The file is read when the population is made.
    separator, encoding: of the file, by default found out (`tables.read_table`).
    """

    path: str = ""
    outcome: str = ""
    good_value: str = "1"
    group: str = ""
    group_value: str = "1"
    numbers: Sequence[str] = ()
    categories: Sequence[str] = ()
    separator: str | None = None
    encoding: str | None = None
    other_value: str | None = None
    merge_others: bool = False
    groups: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.groups is not None:
            values = instance("groups", self.groups, (list, tuple), "a list of values")
            object.__setattr__(self, "groups", tuple(text("groups", value) for value in values))
            given_alone(self.group_value, self.other_value, merge_others=self.merge_others)
        super().__post_init__()
        for name in ("path", "outcome", "good_value", "group", "group_value"):
            if not getattr(self, name):
                raise ValueError(f"{name} must be a non-empty text, got {getattr(self, name)!r}")
        for name in ("numbers", "categories"):
            names = getattr(self, name)
            if not isinstance(names, (list, tuple)):
                raise TypeError(f"{name} must be a list of column names, got {shown(names)}")
            object.__setattr__(self, name, tuple(text(name, column) for column in names))
        if self.other_value is not None:
            text("other_value", self.other_value)
        flag("merge_others", self.merge_others)
        features = (*self.numbers, *self.categories)
        if not features:
            raise ValueError("numbers and categories must name at least one feature column between them")
        if self.outcome in features:
            raise ValueError(f"numbers and categories must not name the outcome {self.outcome!r}")
        self._check()

    @property
    def n_groups(self) -> int:
        """Number of groups K."""
        return 2 if self.groups is None else len(self.groups)

    @property
    def group_names(self) -> tuple[str, ...]:
        """Names of the groups."""
        return super().group_names if self.groups is None else tuple(self.groups)

    @property
    def source(self) -> Path:
        """The CSV file."""
        return Path(self.path)

    def individuals(self) -> Individuals:
        """Return the table's individuals."""
        roles = {name: role for role in ("numbers", "categories") for name in getattr(self, role)}
        roles |= {self.outcome: "outcome"} | ({} if self.group in roles else {self.group: "group"})
        table = read_table(self.source, roles, self.separator, self.encoding)
        if self.groups is None:
            groups = two_groups(table, self.group, self.group_value, self.other_value, merge_others=self.merge_others)
        else:
            groups, _ = several_groups(table, self.group, self.groups, 1)
        table, groups = select(table, groups >= 0), groups[groups >= 0]
        good = matches(table, self.outcome, self.good_value, two=True, argument="good_value")
        return _individuals(table, self.numbers, self.categories, good, groups)


def _individuals(
    table: Table, number_names: Sequence[str], category_names: Sequence[str], good: Any, group: Any
) -> Individuals:
    """Return features, outcome and group, after checking that the last two take both values."""
    for name, labels in (("outcome", good), ("group", group)):
        if len(np.unique(labels)) < 2:
            raise ValueError(f"{table.source}: the {name} is the same in every row: two are needed")
    columns = [numbers(table, name) for name in number_names]
    texts = [categories(table, name) for name in category_names]
    return Individuals(
        np.column_stack(columns) if columns else np.empty((len(table), 0)),
        np.column_stack(texts) if texts else np.empty((len(table), 0), dtype=np.str_),
        good.astype(np.int64),
        group.astype(np.int64),
    )


def score_held_out(people: Individuals, split_seed: int, source: object) -> Pools:
    """Return the held-out half's pools with scores P(good) of the model fitted on the other half.

    Raises ValueError if some (group, outcome) has fewer than two individuals, so that it cannot be halved.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    fit = _half(people, split_seed, source)
    n_numbers, n_categories = people.numbers.shape[1], people.categories.shape[1]
    features = np.empty((len(people.good), n_numbers + n_categories), dtype=object)
    features[:, :n_numbers], features[:, n_numbers:] = people.numbers, people.categories
    columns = np.arange(n_numbers + n_categories)
    model = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", StandardScaler(), columns[:n_numbers]),
                ("categories", OneHotEncoder(handle_unknown="ignore"), columns[n_numbers:]),
            ]
        ),
        LogisticRegression(C=1.0, max_iter=5000),
    )
    model.fit(features[fit], people.good[fit])
    scores = model.predict_proba(features[~fit])[:, 1]
    return split_pools(scores, people.good[~fit], people.group[~fit])


def _half(people: Individuals, split_seed: int, source: object) -> NDArray[np.bool_]:
    """Return a mask (N,) of the rows to fit on: half of each (group, outcome), drawn by the seed."""
    fit = np.zeros(len(people.good), dtype=bool)
    generator = np.random.default_rng(split_seed)
    for group in range(int(people.group.max()) + 1):
        for good in (0, 1):
            rows = np.flatnonzero((people.group == group) & (people.good == good))
            if len(rows) < 2:
                kind = "good" if good else "bad"
                raise ValueError(f"{source}: group {group} has {len(rows)} {kind} outcomes: at least 2 are needed")
            fit[generator.permutation(rows)[: len(rows) // 2]] = True
    return fit
