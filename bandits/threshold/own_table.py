"""Pools of scored individuals from a table of one's own: a DataFrame, a Parquet file or a CSV file."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.checks import array, flag, instance, integer, shown, text
from bandits.core.limits import lowered
from bandits.threshold.pools import EmpiricalPools
from bandits.threshold.tables import (
    NoTable,
    Table,
    absent_rows,
    categories,
    given_alone,
    matches,
    numbers,
    one_column,
    read_table,
    same,
    select,
    several_groups,
    two_groups,
)

_PARQUET = (".parquet", ".pq")
_LISTED = 10  # classes of a model in a message


def pools_from_table(
    data: Any,
    *,
    outcome: str,
    group: str,
    good_value: Any = 1,
    group_value: Any = 1,
    other_value: Any = None,
    merge_others: bool = False,
    groups: Sequence[Any] | str | None = None,
    smallest: int = 20,
    score: str | None = None,
    model: Any = None,
    features: Sequence[str] | None = None,
    categorical: Sequence[str] = (),
    separator: str | None = None,
    encoding: str | None = None,
    missing: Sequence[Any] = (),
    drop_missing: bool = False,
    adaptation: float = 0.1,
    lift: float = 0.3,
    share: float | Sequence[float] | None = None,
) -> EmpiricalPools:
    """Return a population of the rows of a table; everything is read and checked here.

    data: a polars or pandas DataFrame, or the path of a Parquet (.parquet, .pq) or CSV file.
    outcome: column of two values, good where it equals `good_value`.  group: column of the groups: group 1 where it
    equals `group_value`, group 0 where it has the one other value; of more than two values, group 0 is where it equals
    `other_value` (the rest is left out), or all the rest with `merge_others`. Values are compared as numbers where both
    are numbers, else as text.
    groups: in place of these three, two or more values for groups 0, 1, ... (rows of others are left out), or "all" for
    every value of the column, in order of appearance; they name the groups. smallest: rows that each must have.
    score: column of scores in [0, 1]; or model: a fitted classifier with `predict_proba` and `classes_`, such as a
    scikit-learn pipeline, that is given the columns `features` (default: its `feature_names_in_`), as a DataFrame if it
    has such names, else as an array, and scores by its probability of `good_value`. It should be fitted on other
    individuals than these. A column of a CSV file is given as float64 if it holds numbers, as Boolean if it holds
    true and false, else as text.
    separator, encoding: of a CSV file, by default found out.  missing: further values that mean a missing one, beside
    the usual marks. A row with a missing value raises, or is left out with `drop_missing`; a model decides itself about
    missing features, unless `missing` is given.
    adaptation, lift, share: those of `EmpiricalPools`.

    Raises TypeError or ValueError that names the column and lists the values that it holds; NoTable (a
    FileNotFoundError) if there is no such file.
    """
    columns_of_model = model, features, categorical
    source = _Source(
        text("outcome", outcome),
        group,
        good_value,
        score,
        *columns_of_model,
        separator,
        encoding,
        missing,
        drop_missing,
    )
    people, merge = _read(data, source), flag("merge_others", merge_others)
    if groups is None:
        names: tuple[str, ...] = ()
        other = None if other_value is None else str(other_value)
        labels = two_groups(people.table, group, str(group_value), other, merge_others=merge)
    else:
        given_alone(group_value, other_value, merge_others=merge)
        labels, names = several_groups(people.table, group, groups, integer("smallest", smallest, low=1))
    people, labels = people.where(labels >= 0), labels[labels >= 0]
    good = matches(people.table, outcome, str(good_value), two=True)
    columns = {"scores": people.scores(), "good": good.astype(int), "group": labels}
    lists = {name: column.tolist() for name, column in columns.items()}
    return EmpiricalPools(adaptation, lift, share, **lists, names=names)


def acceptance_by_group(
    data: Any,
    thresholds: ArrayLike,
    *,
    group: str,
    score: str | None = None,
    model: Any = None,
    good_value: Any = 1,
    features: Sequence[str] | None = None,
    categorical: Sequence[str] = (),
    separator: str | None = None,
    encoding: str | None = None,
    missing: Sequence[Any] = (),
    drop_missing: bool = False,
) -> Any:
    """Return the acceptance rates of two or more groups at each threshold, and the largest difference of two of them.

    thresholds: (G,) in [0, 1]; a score is accepted from the threshold on.  Others: as in `pools_from_table`, which
    makes the game. In it a group's own rates do not react, only the groups' shares do: these rates and
    gaps are those at each threshold's fixed point, too.
    Returns a polars DataFrame with columns threshold, `accepts VALUE` for each value of the group, gap (float64), and
    most, least (text): the groups that are accepted most and least.  Raises as `pools_from_table`.
    """
    import polars

    source = _Source(
        None, group, good_value, score, model, features, categorical, separator, encoding, missing, drop_missing
    )
    people, cuts = _read(data, source), array("thresholds", thresholds, 1, 0.0, 1.0)
    values = dict.fromkeys(categories(people.table, group).tolist())
    groups = [matches(people.table, group, value, two=False) for value in values]
    scores = people.scores()
    rates = np.array([[(scores[of] >= cut).mean() for of in groups] for cut in lowered(cuts)])
    names = np.array(list(values))
    return polars.DataFrame(
        {"threshold": cuts}
        | {f"accepts {value}": column for value, column in zip(values, rates.T, strict=True)}
        | {"gap": np.ptp(rates, axis=1), "most": names[rates.argmax(axis=1)], "least": names[rates.argmin(axis=1)]}
    )


class _Source(NamedTuple):
    """Where individuals come from: the arguments of `pools_from_table`."""

    outcome: str | None
    group: str
    good_value: Any
    score: str | None
    model: Any
    features: Sequence[str] | None
    categorical: Sequence[str]
    separator: str | None
    encoding: str | None
    missing: Sequence[Any]
    drop_missing: bool


class _People(NamedTuple):
    """Rows of a table."""

    source: _Source
    table: Table
    frame: Any  # all rows, for the model
    inputs: list[str]  # columns of the frame that the model is given
    kept: NDArray[np.int64]  # the rows of the frame that the table has

    def where(self, keep: NDArray[np.bool_]) -> "_People":
        return self._replace(table=select(self.table, keep), kept=self.kept[keep])

    def scores(self) -> NDArray[np.float64]:
        if self.source.score is not None:
            return _scores(self.table, self.source.score)
        rows = self.frame[self.inputs]
        return _probabilities(self.source.model, getattr(rows, "iloc", rows)[self.kept], str(self.source.good_value))


def _read(data: Any, source: _Source) -> _People:
    if (source.score is None) == (source.model is None):
        raise ValueError("either score (a column) or model (a fitted classifier) must be given")
    given = {name: getattr(source, name) for name in ("outcome", "group", "score")}
    used = [text(name, column) for name, column in given.items() if column is not None]
    inputs = _inputs(source.model, source.features) if source.model is not None else []
    codes = _codes(source.categorical, inputs)
    frame = _frame(data, source.separator, source.encoding)
    columns = [*dict.fromkeys([*used, *inputs])]
    if frame is None:
        table = read_table(data, columns, source.separator, source.encoding)
        frame = _features(table, inputs, codes) if inputs else None
    elif codes:
        raise ValueError("categorical names columns of a CSV file: a DataFrame's have types of their own")
    else:
        table = _table(frame, columns)
    table = _marked(table, instance("missing", source.missing, (list, tuple), "a list of values"))
    for name in inputs if source.missing and not source.drop_missing else ():
        categories(table, name)  # refuses what is marked as missing, which a model would take for a value
    people = _People(source, table, frame, inputs, np.arange(len(table)))
    if not source.drop_missing:
        return people
    whole = ~absent_rows(table)
    if not whole.any():
        raise ValueError(f"{table.source}: every row has a missing value in one of {', '.join(columns)}")
    return people.where(whole)


def columns_of(data: Any, columns: Sequence[str], separator: str | None = None, encoding: str | None = None) -> Table:
    """Return columns of a DataFrame, a Parquet or a CSV file as text; the arguments are those of `pools_from_table`."""
    frame = _frame(data, separator, encoding)
    return read_table(data, columns, separator, encoding) if frame is None else _table(frame, columns)


def _frame(data: Any, separator: Any, encoding: Any) -> Any:
    """Return a DataFrame, that of a Parquet file where `data` names one; None for a CSV file."""
    if isinstance(data, (str, Path)) and Path(data).suffix.lower() not in _PARQUET:
        return None
    if separator is not None or encoding is not None:
        raise ValueError("separator and encoding are those of a CSV file")
    if isinstance(data, (str, Path)):
        return _parquet(Path(data))
    if not all(hasattr(data, name) for name in ("columns", "dtypes", "__len__")):
        raise TypeError(f"data must be a polars or pandas DataFrame or the path of a file, got {shown(data)}")
    return data


def _parquet(path: Path) -> Any:
    import polars

    if not path.is_file():
        raise NoTable(f"data must be a table, no such file: {shown(str(path))}")
    try:
        return polars.read_parquet(path)
    except Exception as error:  # polars has many
        raise ValueError(f"{path}: not a Parquet file ({' '.join(str(error).split())[:200]})") from None


def _table(frame: Any, columns: Sequence[str]) -> Table:
    """Return columns of a DataFrame as text; rows are counted from 0."""
    names = [name if isinstance(name, str) else f"{name!r} (no text)" for name in frame.columns]
    for name in columns:
        one_column("data", names, name)
    if len(frame) == 0:
        raise ValueError("data: the table has no rows")
    found = {name: [str(value).strip() for value in frame[name].to_list()] for name in columns}
    return Table("data", found, list(range(len(frame))), "row")


def _codes(categorical: Sequence[str], inputs: list[str]) -> list[str]:
    """Return the categorical columns, which must be among those of the model."""
    instance("categorical", categorical, (list, tuple), "a list of column names")
    unknown = [name for name in categorical if name not in inputs]
    if unknown:
        named = f"the model's columns {', '.join(inputs)}" if inputs else "columns of a model, and there is none"
        raise ValueError(f"categorical must name {named}, got {shown(unknown[0])}")
    return list(categorical)


def _features(table: Table, names: Sequence[str], codes: Sequence[str]) -> Any:
    """Return columns of a CSV file as a DataFrame: text for codes, numbers or truth values where all are."""
    import polars

    return polars.DataFrame([_feature(table, name, name in codes) for name in names])


def _feature(table: Table, name: str, code: bool) -> Any:
    import polars

    absent = absent_rows(Table(table.source, {name: table.columns[name]}, table.lines))
    texts = [None if gone else value for value, gone in zip(table.columns[name], absent, strict=True)]
    column = polars.Series(name, texts, polars.String)
    if code:
        return column
    held = [text for text in texts if text is not None]
    if held and {text.lower() for text in held} <= {"true", "false"}:
        return column.str.to_lowercase() == "true"
    as_numbers = column.cast(polars.Float64, strict=False)
    if as_numbers.null_count() > column.null_count():
        return column
    if any(re.match(r"[+-]?0\d", text) for text in held):
        wrong = "numbers with leading zeros: if they are text to the model, name the column in categorical"
        raise ValueError(f"{table.source}: column {name!r} holds {wrong}")
    return as_numbers


def _marked(table: Table, missing: Sequence[Any]) -> Table:
    """Return the table with empty fields where they equal one of the values."""
    marks = [str(value).strip() for value in missing]
    found = {
        name: ["" if any(same(value, mark) for mark in marks) else value for value in column]
        for name, column in table.columns.items()
    }
    return Table(table.source, found, table.lines, table.unit) if marks else table


def _scores(table: Table, name: str) -> NDArray[np.float64]:
    scores = numbers(table, name)
    wrong = np.flatnonzero((scores < 0.0) | (scores > 1.0))
    if len(wrong):
        first = f"{scores[wrong[0]]:g} in {table.unit} {table.lines[wrong[0]]}"
        raise ValueError(f"{table.source}: column {name!r} must hold scores in [0, 1], got {first}")
    return scores


def _inputs(model: Any, features: Sequence[str] | None) -> list[str]:
    """Return the columns that a fitted model is given."""
    if not (hasattr(model, "predict_proba") and hasattr(model, "classes_")):
        raise TypeError(f"model must be a fitted classifier with predict_proba and classes_, got {shown(model)}")
    names = getattr(model, "feature_names_in_", None) if features is None else features
    if names is None:
        raise ValueError("features must name the model's columns: it was fitted without names")
    if isinstance(names, str) or len(names) == 0:
        raise TypeError(f"features must be a list of column names, got {shown(names)}")
    return [text("features", str(name)) for name in names]


def _probabilities(model: Any, rows: Any, good_value: str) -> NDArray[np.float64]:
    """Return the model's probability (N,) of a good outcome."""
    classes = [str(name) for name in model.classes_]
    place = [i for i, name in enumerate(classes) if same(name, good_value)]
    if len(place) != 1:
        raise ValueError(f"model: its classes are {', '.join(classes[:_LISTED])}, none is {good_value!r}")
    rows = rows if hasattr(model, "feature_names_in_") else rows.to_numpy()  # as it was fitted
    try:
        found = np.asarray(model.predict_proba(rows), dtype=np.float64)
    except Exception as error:  # models may raise anything
        said = " ".join(str(error).split())[:300]
        raise ValueError(f"model: predict_proba failed: {type(error).__name__}: {said}") from None
    if found.shape != (len(rows), len(classes)):
        raise ValueError(f"model: predict_proba must return {(len(rows), len(classes))}, got {found.shape}")
    return found[:, place[0]]
