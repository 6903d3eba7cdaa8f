"""Tables of one's own as populations: frames of both libraries, Parquet, CSV, models; what is refused."""

import numpy as np
import pandas
import polars
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from bandits.one_sided import Applicants
from bandits.threshold import EmpiricalPools, ThresholdGame, acceptance_by_group, pools_from_table
from bandits.threshold.tables import NoTable

COLUMNS = {
    "paid": ["yes", "no", "yes", "no", "yes", "yes"],
    "region": ["north", "south", "north", "south", "south", "east"],
    "score": [0.9, 0.2, 0.7, 0.4, 0.5, 1.0],
    "income": [3.0, 1.0, 2.5, 1.5, 2.0, 4.0],
    "home": ["own", "rent", "own", "rent", "own", "rent"],
}
ROLES = {"outcome": "paid", "group": "region", "good_value": "yes", "group_value": "north", "score": "score"}
ROLES |= {"merge_others": True}
PAIR = {"other_value": "south", "merge_others": False}
WANTED = EmpiricalPools(scores=COLUMNS["score"], good=[1, 0, 1, 0, 1, 1], group=[1, 0, 1, 0, 0, 0])


@pytest.fixture(params=["polars", "pandas", "parquet", "csv", "latin"])
def data(request, tmp_path):
    frame = polars.DataFrame(COLUMNS)
    if request.param == "parquet":
        frame.write_parquet(tmp_path / "people.parquet")
        return tmp_path / "people.parquet", {}
    if request.param in ("csv", "latin"):
        text = frame.write_csv(separator=":") + ("né:x:0:0:x\n" if request.param == "latin" else "")
        (tmp_path / "people.csv").write_bytes(text.encode("latin-1"))
        more = {"encoding": "latin-1", "missing": ["né"], "drop_missing": True} if request.param == "latin" else {}
        return str(tmp_path / "people.csv"), {"separator": ":"} | more
    return (frame if request.param == "polars" else pandas.DataFrame(COLUMNS)), {}


def test_every_kind_of_table_gives_the_same_population(data):
    table, how = data
    assert pools_from_table(table, **ROLES, **how) == WANTED
    two = pools_from_table(table, **ROLES | PAIR, **how, lift=0.0)
    assert two == EmpiricalPools(lift=0.0, scores=COLUMNS["score"][:5], good=[1, 0, 1, 0, 1], group=[1, 0, 1, 0, 0])
    assert Applicants(two).features[:, 1].tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("library", [polars.DataFrame, pandas.DataFrame])
def test_a_fitted_pipeline_scores_the_rows_that_are_kept(library):
    frame = library(COLUMNS)
    encoded = make_column_transformer((OneHotEncoder(), ["home"]), remainder="passthrough")
    model = make_pipeline(encoded, LogisticRegression()).fit(frame[["income", "home"]], frame["paid"])
    roles = {name: value for name, value in ROLES.items() if name != "score"}
    found = pools_from_table(frame, **roles | PAIR, model=model)
    assert found.scores == tuple(model.predict_proba(frame[["income", "home"]])[:5, 1])
    other = LogisticRegression().fit(frame[["income"]], [1, 0, 1, 0, 1, 1])
    with pytest.raises(ValueError, match="model: its classes are 0, 1, none is 'yes'"):
        pools_from_table(frame, **roles, model=other)
    plain = LogisticRegression().fit(np.array(COLUMNS["income"])[:, None], COLUMNS["paid"])
    scored = pools_from_table(frame, **roles, model=plain, features=["income"]).scores
    assert scored == tuple(plain.predict_proba(np.array(COLUMNS["income"])[:, None])[:, 1])
    with pytest.raises(ValueError, match="features must name the model's columns: it was fitted without names"):
        pools_from_table(frame, **roles, model=plain)
    with pytest.raises(ValueError, match="model: predict_proba failed: ValueError: could not convert"):
        pools_from_table(frame, **roles, model=plain, features=["home"])
    with pytest.raises(TypeError, match="model must be a fitted classifier"):
        pools_from_table(frame, **roles, model=LogisticRegression())


def test_a_fitted_pipeline_scores_the_rows_of_a_csv_file(tmp_path):
    roles = {name: value for name, value in ROLES.items() if name != "score"}
    frame = pandas.DataFrame(COLUMNS).assign(married=[True, False, True, True, False, False])
    inputs = ["income", "home", "married"]
    encoded = make_column_transformer((OneHotEncoder(), ["home", "married"]), remainder="passthrough")
    model = make_pipeline(encoded, LogisticRegression()).fit(frame[inputs], frame["paid"])
    frame.to_csv(tmp_path / "people.csv", index=False)
    found = pools_from_table(tmp_path / "people.csv", **roles, model=model)
    assert found.scores == tuple(model.predict_proba(frame[inputs])[:, 1])
    frame.assign(income=["03", "1", "2", "4", "5", "6"]).to_csv(tmp_path / "codes.csv", index=False)
    with pytest.raises(ValueError, match=r"column 'income' holds numbers with leading zeros: .* in categorical"):
        pools_from_table(tmp_path / "codes.csv", **roles, model=model)
    with pytest.raises(ValueError, match=r"people\.csv: column 'income' must hold a value in every row, got"):
        pools_from_table(tmp_path / "people.csv", **roles, model=model, missing=[4])


def test_the_largest_gap_of_several_groups_is_named():
    found = acceptance_by_group(pandas.DataFrame(COLUMNS), [0.0, 0.4, 0.8], group="region", score="score")
    assert found.columns == ["threshold", "accepts north", "accepts south", "accepts east", "gap", "most", "least"]
    rates = [[1.0, 1.0, 1.0], [1.0, 2 / 3, 1.0], [0.5, 0.0, 1.0]]
    assert found.select("accepts north", "accepts south", "accepts east").rows() == [tuple(row) for row in rates]
    assert found["gap"].to_list() == pytest.approx([0.0, 1 / 3, 1.0])
    assert found.row(2)[-2:] == ("east", "south")


def test_the_game_of_the_two_groups_that_differ_most_has_the_gaps_of_the_table_at_its_fixed_points():
    data, cuts = pandas.DataFrame(COLUMNS), [0.0, 0.4, 0.8]
    table = acceptance_by_group(data, cuts, group="region", score="score")
    worst = table.row(int(table["gap"].arg_max()), named=True)
    groups = {"group_value": worst["most"], "other_value": worst["least"], "merge_others": False}
    game = ThresholdGame(pools_from_table(data, **ROLES | groups), horizon=10, grid=cuts)
    columns = [table[f"accepts {name}"] for name in (worst["least"], worst["most"])]
    assert game.fixed_points.accept.T.tolist() == [column.to_list() for column in columns]
    assert game.fixed_points.residuals.max() == worst["gap"] - game.parity_tolerance


def test_a_category_that_is_coded_as_numbers_is_declared(tmp_path):
    frame = pandas.DataFrame(COLUMNS).assign(code=["02", "1", "02", "1", "1", "02"])
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(frame[["code"]], frame["paid"])
    frame.to_csv(tmp_path / "people.csv", index=False)
    roles = {name: value for name, value in ROLES.items() if name != "score"} | PAIR
    found = pools_from_table(tmp_path / "people.csv", **roles, model=model, categorical=["code"])
    assert found.scores == tuple(model.predict_proba(frame[["code"]])[:5, 1])
    with pytest.raises(ValueError, match="categorical must name the model's columns code, got 'zip'"):
        pools_from_table(tmp_path / "people.csv", **roles, model=model, categorical=["zip"])
    with pytest.raises(ValueError, match="categorical names columns of a CSV file: a DataFrame's have types"):
        pools_from_table(frame, **roles, model=model, categorical=["code"])


@pytest.mark.parametrize("library", [polars.DataFrame, pandas.DataFrame])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"good_value": "Yes"}, "data: column 'paid' holds no 'Yes', only 'yes', 'no'"),
        ({"group_value": "west"}, "data: column 'region' holds no group_value 'west', only 'north', 'south', 'east'"),
        (
            {"merge_others": False},
            r"data: column 'region' holds more than two values, 'north', 'south', 'east': give other_value, one of "
            r"them, or merge_others=True",
        ),
        ({"other_value": "south"}, "merge_others puts all other values into group 0: other_value must be None"),
        ({"other_value": "north", "merge_others": False}, "other_value must be another value than group_value"),
        ({"categorical": ["home"]}, "categorical must name columns of a model, and there is none, got 'home'"),
        ({"group": "place"}, "data: no column 'place'; its columns are paid, region, score, income, home"),
        ({"score": "income"}, r"data: column 'income' must hold scores in \[0, 1\], got 3 in row 0"),
        ({"missing": ["no"]}, "data: column 'paid' must hold a value in every row, got '' in row 1"),
        ({"score": None}, "either score .a column. or model"),
        ({"separator": ";"}, "separator and encoding are those of a CSV file"),
    ],
)
def test_mistakes_are_one_line_when_the_population_is_made(library, changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        pools_from_table(library(COLUMNS), **ROLES | changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("absent", [None, float("nan")])
@pytest.mark.parametrize("library", [polars.DataFrame, pandas.DataFrame])
def test_missing_values_raise_or_are_left_out(library, absent):
    frame = library(COLUMNS | {"score": [*COLUMNS["score"][:5], absent]})
    with pytest.raises(ValueError, match=r"column 'score' must hold finite numbers, got '(None|nan)' in row 5"):
        pools_from_table(frame, **ROLES)
    assert pools_from_table(frame, **ROLES, drop_missing=True).scores == tuple(COLUMNS["score"][:5])
    with pytest.raises(ValueError, match="data: every row has a missing value in one of paid, region, score"):
        pools_from_table(frame, **ROLES, missing=["yes", "no"], drop_missing=True)


def test_what_is_no_table(tmp_path):
    (tmp_path / "people.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"people\.parquet: not a Parquet file"):
        pools_from_table(tmp_path / "people.parquet", **ROLES)
    for name in ("none.parquet", "none.csv"):
        with pytest.raises(NoTable):
            pools_from_table(tmp_path / name, **ROLES)
    with pytest.raises(TypeError, match="data must be a polars or pandas DataFrame or the path of a file"):
        pools_from_table(COLUMNS, **ROLES)
    (tmp_path / "people.csv").write_text(polars.DataFrame(COLUMNS).write_csv())
    with pytest.raises(ValueError, match="encoding must be one that Python knows"):
        pools_from_table(tmp_path / "people.csv", **ROLES, encoding="latin-one")
    with pytest.raises(ValueError, match="separator must be one character, got '::'"):
        pools_from_table(tmp_path / "people.csv", **ROLES, separator="::")


def test_columns_whose_names_are_no_text_are_never_meant():
    frame = pandas.DataFrame({0: [1] * 6, **COLUMNS})
    assert pools_from_table(frame, **ROLES) == WANTED
    with pytest.raises(ValueError, match=r"no column '0'; its columns are 0 \(no text\), paid"):
        pools_from_table(frame, **ROLES | {"group": "0"})
