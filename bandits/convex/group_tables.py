"""Individuals of overlapping groups: drawn, and from the tables of German Credit and COMPAS.

Features are 1 and columns scaled to [0, 1], together divided by sqrt(d), so that their norm is at most 1.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bandits.convex.groups import GroupedPeople
from bandits.core.arguments import checked
from bandits.core.checks import integer
from bandits.threshold.tables import DATA, categories, choices, numbers, read_table

COMPAS_FEATURES = ("age", "juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count")
GERMAN_FEATURES = ("duration_months", "credit_amount", "installment_rate", "age", "existing_credits")


def _people(columns: Any, labels: Any, groups: Mapping[str, Any]) -> GroupedPeople:
    """Return people with features 1 and columns (n, d - 1), and the groups by name."""
    low, high = columns.min(axis=0), columns.max(axis=0)
    scaled = np.column_stack([np.ones(len(columns)), (columns - low) / (high - low)])
    features = scaled / np.sqrt(scaled.shape[1])
    return GroupedPeople(features, labels, np.column_stack(list(groups.values())), tuple(groups))


@checked
def synthetic_groups(n: int, seed: int = 0) -> GroupedPeople:
    """Return n >= 10 drawn individuals with two features and three attributes, whose labels depend on all of them.

    Groups: all, and for each attribute those who have it and those who do not. The label is 0 or 1, with a chance that
    is linear in the features, another slope for each value of the first attribute and another level for the others.
    """
    rng = np.random.default_rng(integer("seed", seed, low=0))
    n = integer("n", n, 10, 10**7)
    columns, attributes = rng.random((n, 2)), rng.random((n, 3)) < (0.3, 0.5, 0.2)
    slope = np.where(attributes[:, 0], -0.6, 0.6)
    chance = 0.5 + slope * (columns[:, 0] - 0.5) + attributes[:, 1:] @ (0.15, -0.15)
    groups: dict[str, Any] = {"all": np.ones(n)}
    for i, name in enumerate("ABC"):
        groups |= {name: attributes[:, i], f"not {name}": ~attributes[:, i]}
    return _people(columns, rng.random(n) < np.clip(chance, 0.02, 0.98), groups)


@checked
def compas_groups() -> GroupedPeople:
    """Return the 7214 defendants of the COMPAS table; the label is recidivism within two years; 10 groups."""
    table = read_table(DATA / "compas.csv", (*COMPAS_FEATURES, "sex", "race", "c_charge_degree", "two_year_recid"))
    sex, race, degree = (categories(table, name) for name in ("sex", "race", "c_charge_degree"))
    age = numbers(table, "age")
    groups = {
        "all": np.ones(len(table)),
        "young": age < 25.0,
        "middle-aged": (age >= 25.0) & (age <= 45.0),
        "old": age > 45.0,
        "female": sex == "Female",
        "male": sex == "Male",
        "African-American": race == "African-American",
        "Caucasian": race == "Caucasian",
        "Hispanic": race == "Hispanic",
        "felony": degree == "F",
    }
    columns = np.column_stack([numbers(table, name) for name in COMPAS_FEATURES])
    return _people(columns, choices(table, "two_year_recid", (0.0, 1.0)), groups)


@checked
def german_credit_groups() -> GroupedPeople:
    """Return the 1000 applicants of German Credit; the label is 1 for a bad credit risk; 7 groups."""
    names = (*GERMAN_FEATURES, "personal_status_sex", "housing", "foreign_worker", "credit_risk")
    table = read_table(DATA / "german_credit.csv", names)
    status, age = categories(table, "personal_status_sex"), numbers(table, "age")
    female = np.isin(status, ("A92", "A95"))
    groups = {
        "all": np.ones(len(table)),
        "young": age <= 25.0,
        "older": age > 25.0,
        "female": female,
        "male": ~female,
        "owner": categories(table, "housing") == "A152",
        "foreign": categories(table, "foreign_worker") == "A201",
    }
    columns = np.column_stack([numbers(table, name) for name in GERMAN_FEATURES])
    return _people(columns, choices(table, "credit_risk", (1.0, 2.0)) == 2.0, groups)
