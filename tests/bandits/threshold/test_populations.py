"""Populations: fixed points, contraction on both sides, tables that can be used and tables that cannot."""

import csv
import math

import numpy as np
import pytest

from bandits.threshold import (
    Compas,
    CsvPopulation,
    EmpiricalPools,
    GermanCredit,
    Synthetic,
    ThresholdGame,
    environments,
)
from bandits.threshold.population import State, advance
from bandits.threshold.scored import COMPAS_CATEGORIES, COMPAS_NUMBERS, GERMAN_CATEGORIES, GERMAN_NUMBERS
from bandits.threshold.synthetic import group_rates
from bandits.threshold.tables import DATA, numbers, read_table
from tests.drivers import plain

# ---------------------------------------------------------------- dynamics


def settled(population, threshold, first, rounds=400):
    """Return the state after many rounds of one threshold, from a latent mean of `first` in both groups."""
    _, rates_of, target_of = map(plain, population.steps[:3])
    setting, state = population.setting(np.array([threshold])), State(first, first)
    for _ in range(rounds):
        state = plain(advance)(population.adaptation, state, target_of(setting, rates_of(setting, state, 0)))
    return state


def test_the_synthetic_population_contracts_if_and_only_if_its_lift_is_below_the_critical_one():
    critical = 0.15 * math.sqrt(2.0 * math.pi)
    assert critical == pytest.approx(0.376, abs=5e-4)
    for lift in np.linspace(0.0, 1.0, 21):
        assert (Synthetic(base=(0.0, 0.0), lift=lift).contraction < 1.0) == (lift < critical)
    assert Synthetic().contraction == pytest.approx(0.906, abs=5e-4)
    assert Synthetic().contraction < 1.0


def test_below_the_critical_lift_a_threshold_has_one_end_and_above_it_can_have_two():
    # the map m -> base + lift Phi((m - theta) / sigma) is symmetric about theta = base + lift / 2
    for lift, one_end in ((0.3, True), (0.6, False)):
        population = Synthetic(base=(0.2, 0.2), lift=lift, initial=(0.0, 1.0))
        low, high = (settled(population, 0.2 + lift / 2, first).first for first in (0.0, 1.0))
        assert (abs(high - low) < 1e-6) == one_end
        found = ThresholdGame(population, 10, grid=[0.2 + lift / 2, 1.0]).fixed_points
        assert found.state[0] == pytest.approx([low, high], abs=1e-6)


def test_a_fixed_threshold_brings_the_population_to_the_sweeps_state():
    population = Synthetic()
    game = ThresholdGame(population, 10, grid=5)
    for i, threshold in enumerate(game.thresholds):
        after = settled(population, threshold, 0.5)
        assert tuple(after) == pytest.approx(tuple(game.fixed_points.state[i]), abs=1e-9)


def test_the_oracle_of_the_synthetic_population_equals_brute_force():
    game = ThresholdGame(Synthetic(), 10, grid=12, price=1.35, parity_tolerance=0.1, service=(0.05, 0.995))
    rewards, feasible = [], []
    for threshold in game.thresholds:
        state = settled(game.population, threshold, 0.5)
        (a_0, g_0), (a_1, g_1) = (group_rates(mean, 0.15, threshold) for mean in state)
        rewards.append(0.5 * (2.35 * (g_0 + g_1) - 1.35 * (a_0 + a_1)))
        feasible.append(abs(a_0 - a_1) <= 0.1 and 0.05 <= 0.5 * (a_0 + a_1) <= 0.995)
    assert game.fixed_points.feasible.tolist() == feasible
    assert game.fixed_points.reward == pytest.approx(rewards, abs=1e-9)
    assert 0 < sum(feasible) < len(feasible)
    assert game.fixed_points.best == max(np.flatnonzero(feasible), key=lambda i: rewards[i])


@pytest.mark.parametrize(
    "mean, spread, threshold", [(0.4, 0.15, 0.5), (0.9, 0.3, 0.7), (0.1, 0.5, 0.0), (0.5, 0.1, 1.0)]
)
def test_synthetic_rates_equal_the_integrals_of_their_definition(mean, spread, threshold):
    z = np.linspace(-9.0, 9.0, 2_000_001)
    weight = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) * (z[1] - z[0])
    x = np.clip(mean + spread * z, 0.0, 1.0)
    accept = weight[x >= threshold].sum()
    good = (weight * (0.1 + 0.8 * x))[x >= threshold].sum()
    # a Riemann sum of a bounded integrand with one jump: off by at most the step times the density's height
    assert group_rates(mean, spread, threshold) == pytest.approx((accept, good), abs=1e-5)


def test_acceptance_at_threshold_zero_is_certain():
    accept, good = group_rates(0.2, 0.5, 0.0)
    assert accept == 1.0
    assert 0.1 < good < 0.9


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"lift": 1.5}, "lift must be finite and in"),
        ({"adaptation": -0.1}, "adaptation must be finite and in"),
        ({"spread": 0.0}, "spread must be finite and in"),
        ({"base": (0.9, 0.4), "lift": 0.2}, r"base \+ lift must be at most 1"),
        ({"base": (0.1, 0.2, 0.3)}, "one number for each of the 2 groups"),
        ({"initial": (0.5, float("nan"))}, "initial must lie in"),
    ],
)
def test_synthetic_names_the_argument_that_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Synthetic(**arguments)


# ---------------------------------------------------------------- pools


@pytest.mark.parametrize(
    "columns, message",
    [
        (([], [], []), "scores must have 1 non-empty axes"),
        (([0.1, 0.2], [0, 1], [1, 1]), "both groups must be present, got only group 1"),
        (([0.1, 0.2], [0, 1], [0]), "of one length, got 2, 2, 1"),
        (([0.1, 1.2], [0, 1], [0, 1]), "scores must lie in"),
        (([0.1, float("nan")], [0, 1], [0, 1]), "scores must lie in"),
        (([0.1, 0.2], [0, 0.5], [0, 1]), "good must be 0 or 1, got 0.5"),
    ],
)
def test_pools_name_the_column_that_is_wrong(columns, message):
    with pytest.raises(ValueError, match=message):
        EmpiricalPools(scores=columns[0], good=columns[1], group=columns[2])


def test_pools_of_text_are_a_type_error():
    with pytest.raises(TypeError, match="scores must be an array of numbers"):
        EmpiricalPools(scores="ab", good=[0, 1], group=[0, 1])


def test_a_share_beyond_the_limits_is_cut():
    population = EmpiricalPools(scores=[0.2, 0.8], good=[0, 1], group=[0, 1], share=0.0, lift=0.0)
    assert population.reachable == ((0.05, 0.05),)
    assert plain(population.steps.init)(population.setting(np.array([0.5]))).first == 0.05


# ---------------------------------------------------------------- shipped tables


def auc(pools):
    """Return the area under the curve of both pools together, by counting pairs."""
    scores, good = np.concatenate(pools.scores), np.concatenate(pools.good)
    difference = scores[good == 1][:, None] - scores[good == 0][None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def test_german_credit_is_the_table_described():
    people, pools = GermanCredit().individuals(), GermanCredit().pools
    assert (len(people.good), people.good.sum(), people.group.sum()) == (1000, 700, 190)
    assert [len(part) for part in pools.scores] == [405, 95]
    assert 0.72 < auc(pools) < 0.84  # 0.788 by cross-validation on the whole table


def test_compas_is_the_table_described():
    people, pools = Compas().individuals(), Compas().pools
    assert (len(people.good), people.group.sum()) == (5278, 3175)
    assert sum(len(part) for part in pools.scores) == 2640  # of each group and outcome, the larger half
    assert 0.69 < auc(pools) < 0.77  # 0.727 by cross-validation


def test_the_split_is_a_function_of_its_seed_and_keeps_the_shares():
    one, same, other = GermanCredit().pools, GermanCredit(lift=0.1).pools, GermanCredit(split_seed=1).pools
    assert one is same  # a table is fitted once
    assert not np.array_equal(one.scores[0], other.scores[0])
    for pools in (one, other):
        assert [part.sum() for part in pools.good] == [295, 55]  # 590 and 110 good ones in the table
        assert pools.share == pytest.approx(0.19)


def test_constraints_bind_in_each_environment():
    for name, game in environments(100).items():
        found = game.fixed_points
        best = int(found.reward.argmax())
        assert found.feasible[found.best], name
        assert not found.feasible[best], name
        assert found.reward[best] > found.reward[found.best], name


# ---------------------------------------------------------------- one's own tables

KINDS = {
    GermanCredit: (DATA / "german_credit.csv", (*GERMAN_NUMBERS, *GERMAN_CATEGORIES, "credit_risk")),
    Compas: (DATA / "compas.csv", (*COMPAS_NUMBERS, *COMPAS_CATEGORIES, "race", "days_b_screening_arrest")),
}


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def written(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return str(path)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_may_stand_in_any_order(kind, tmp_path):
    rows = rows_of(KINDS[kind][0])
    order = np.random.default_rng(0).permutation(len(rows[0]))
    assert order.tolist() != sorted(order)
    path = written(tmp_path / "shuffled.csv", [[row[i] for i in order] for row in rows])
    shipped, read = kind().pools, kind(path=path).pools
    for g in (0, 1):
        assert np.array_equal(shipped.scores[g], read.scores[g])
        assert np.array_equal(shipped.good[g], read.good[g])


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_column_is_named(kind, tmp_path):
    path, columns = KINDS[kind]
    rows = rows_of(path)
    for column in columns:
        at = rows[0].index(column)
        short = written(tmp_path / "short.csv", [row[:at] + row[at + 1 :] for row in rows])
        with pytest.raises(ValueError, match=rf"short.csv: no column '{column}'; its columns are "):
            kind(path=short).individuals()


@pytest.mark.parametrize(
    "kind, column, text, message",
    [
        (GermanCredit, "age", "NaN", "column 'age' must hold finite numbers, got 'NaN' in line 5"),
        (
            GermanCredit,
            "credit_amount",
            "much",
            "column 'credit_amount' must hold finite numbers, got 'much' in line 5",
        ),
        (GermanCredit, "housing", "", "column 'housing' must hold a value in every row, got '' in line 5"),
        (GermanCredit, "credit_risk", "3", "column 'credit_risk' must hold 1 or 2, got '3' in line 5"),
        (Compas, "days_b_screening_arrest", "few", "'days_b_screening_arrest' must hold finite numbers, got 'few'"),
        (Compas, "is_recid", "inf", "column 'is_recid' must hold finite numbers, got 'inf' in line 5"),
        (Compas, "priors_count", "", "column 'priors_count' must hold finite numbers, got '' in line 5"),
        (Compas, "race", "nan", "column 'race' must hold a value in every row, got 'nan' in line 5"),
        (Compas, "two_year_recid", "2", "column 'two_year_recid' must hold 0 or 1, got '2' in line 5"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(kind, column, text, message, tmp_path):
    rows = rows_of(KINDS[kind][0])
    rows.insert(1, [])  # an empty line counts as a line and not as a row
    row = dict(zip(rows[0], rows[4], strict=True)) | {column: text}
    if kind is Compas:  # one that passes the filter and is of a large group
        row |= {"days_b_screening_arrest": "1", "is_recid": "0", "score_text": "Low", "c_charge_degree": "F"}
        row |= {"race": "Caucasian"} | {column: text}
    rows[4] = list(row.values())
    with pytest.raises(ValueError, match=message):
        kind(path=written(tmp_path / "wrong.csv", rows)).individuals()


def test_lines_are_those_of_the_file_after_the_filter_too(tmp_path):
    rows = rows_of(KINDS[Compas][0])
    header = rows[0]
    rows[1][header.index("score_text")] = "N/A"  # the filter drops it
    at = next(
        i for i in range(2, len(rows)) if rows[i][header.index("race")] == "Caucasian" and passes(header, rows[i])
    )
    rows[at][header.index("age")] = "old"
    with pytest.raises(ValueError, match=rf"got 'old' in line {at + 1}$"):
        Compas(path=written(tmp_path / "wrong.csv", rows)).individuals()


def passes(header, row):
    field = dict(zip(header, row, strict=True))
    days = field["days_b_screening_arrest"]
    return days != "" and abs(float(days)) <= 30 and field["is_recid"] != "-1" and field["c_charge_degree"] != "O"


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "the file is empty"),
        ("a,b\n", "no rows below the header line"),
        ("a,a\n1,2\n", "more than one column 'a'"),
        ("a,b\n1\n", "line 2 has 1 fields, the header line has 2"),
        ('a,b\n"x\ny",1\n\n1,2,3\n', "line 5 has 3 fields"),
    ],
)
def test_a_file_that_is_no_table_says_why(content, message, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_table(path, ["a"])


def test_other_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such table"):
        GermanCredit(path=str(tmp_path / "none.csv")).individuals()
    (tmp_path / "bytes.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    with pytest.raises(ValueError, match="not UTF-8 in line 2"):
        read_table(tmp_path / "bytes.csv", ["a"])
    with pytest.raises(TypeError, match="path must be a text, got 3"):
        GermanCredit(path=3)


def test_a_byte_order_mark_and_spaces_around_names_are_taken_off(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("\ufeffa , b\n 1 ,2\n", encoding="utf-8")
    assert numbers(read_table(path, ["a", "b"]), "a").tolist() == [1.0]


def own_table(path, n=40, good=None, group=None):
    """Write a table with outcome, group and two features; return its path."""
    random = np.random.default_rng(4)
    good = random.integers(0, 2, n) if good is None else good
    group = random.integers(0, 2, n) if group is None else group
    rows = [[f"{random.normal() + g:.6f}", "ab"[i % 2], g, "xy"[h]] for i, (g, h) in enumerate(zip(good, group))]
    return written(path, [["income", "kind", "paid", "who"], *rows])


@pytest.mark.parametrize("features", [{"numbers": ["income"]}, {"categories": ["kind"]}])
def test_ones_own_table_is_scored_with_either_kind_of_features(features, tmp_path):
    path = own_table(tmp_path / "own.csv")
    population = CsvPopulation(path=path, outcome="paid", group="who", group_value="y", **features)
    people, pools = population.individuals(), population.pools
    assert sum(len(part) for part in pools.scores) == len(people.good) - sum(
        int(((people.group == g) & (people.good == y)).sum()) // 2 for g in (0, 1) for y in (0, 1)
    )
    assert all(((part > 0) & (part < 1)).all() for part in pools.scores)
    own_table(tmp_path / "own.csv", n=60)
    again = CsvPopulation(path=path, outcome="paid", group="who", group_value="y", **features)
    assert len(again.individuals().good) == 60
    assert sum(len(part) for part in again.pools.scores) > 20  # a changed file is read again


@pytest.mark.parametrize(
    "columns, message",
    [
        ({"group": [1] * 40}, "is the same in every row, 'y': two are needed"),
        ({"good": [0] * 40}, "column 'paid' holds no good_value '1', only '0'"),
        ({"good": [1] * 39 + [0], "group": [0, 1] * 20}, "group 0 has 0 bad outcomes: at least 2 are needed"),
    ],
)
def test_ones_own_table_needs_both_groups_and_both_outcomes(columns, message, tmp_path):
    path = own_table(tmp_path / "own.csv", **columns)
    with pytest.raises(ValueError, match=message):
        CsvPopulation(path=path, outcome="paid", group="who", group_value="y", numbers=["income"])


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({}, ValueError, "path must be a non-empty text"),
        ({"path": "a.csv", "outcome": "y", "group": "g"}, ValueError, "at least one feature column"),
        (
            {"path": "a.csv", "outcome": "y", "group": "g", "numbers": "x"},
            TypeError,
            "numbers must be a list of column",
        ),
        (
            {"path": "a.csv", "outcome": "y", "group": "g", "numbers": ["y"]},
            ValueError,
            "must not name the outcome 'y'",
        ),
        ({"path": "a.csv", "outcome": "y", "group": "g", "numbers": ["x"], "split_seed": -1}, ValueError, "split_seed"),
    ],
)
def test_ones_own_table_is_checked_before_it_is_read(arguments, error, message):
    with pytest.raises(error, match=message):
        CsvPopulation(**arguments)
