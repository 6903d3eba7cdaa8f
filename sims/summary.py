"""Summary of a sweep's results, printed at the end of `regretlab sweep`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sims.dataset import row_groups

if TYPE_CHECKING:
    import polars

_PAIR = ["problem", "learner", "metric"]
_READ = [*_PAIR, "cell", "round", "repetition", "repetitions", "mean"]


def summary(results: Path) -> list[list[str]]:
    """Return a header row and one row per (problem, learner) of a table of results, read a row group at a time.

    Each row gives the regret (the problem's first metric if it has none) at the cells' last rounds: the mean over
    repetitions, as a range over the cells.
    """
    import polars

    header = ["problem", "learner", "cells", "repetitions", "horizon", "metric", "mean at the horizon"]
    pieces = [_last_values(rows) for rows in _whole_cells(results)]
    if not pieces:  # no cell is finished
        return [header]
    per_cell = polars.concat(pieces).unique("cell", maintain_order=True)  # a cell is listed under all its labels
    groups = per_cell.group_by(_PAIR, maintain_order=True).agg(
        polars.len().alias("cells"),
        polars.col("repetitions").sum(),
        polars.col("round").min().alias("shortest"),
        polars.col("round").max().alias("longest"),
        polars.col("mean").min().alias("least"),
        polars.col("mean").max().alias("most"),
    )
    rows = [
        [
            row["problem"],
            row["learner"],
            str(row["cells"]),
            str(row["repetitions"]),
            _range(row["shortest"], row["longest"], "d"),
            row["metric"],
            _range(row["least"], row["most"], ".4g"),
        ]
        for row in groups.iter_rows(named=True)
    ]
    return [header, *rows]


def _whole_cells(results: Path) -> Iterator["polars.DataFrame"]:
    """Yield the rows of a table in pieces; no cell is split, also where its rows are in several row groups."""
    import polars

    held = None
    for group in row_groups(results, _READ):
        rows = polars.DataFrame(polars.from_arrow(group))
        rows = rows if held is None else polars.concat([held, rows])
        is_last = polars.col("cell") == rows["cell"][-1]
        held = rows.filter(is_last)
        yield rows.filter(~is_last)
    if held is not None:
        yield held


def _last_values(rows: "polars.DataFrame") -> "polars.DataFrame":
    """Return one row per cell: the mean of the metric that is shown at the cell's last round."""
    import polars

    last = rows.filter(polars.col("round") == polars.col("round").max().over("cell"))
    name = polars.col("metric")
    has_regret = (name == "regret").any().over("cell")
    shown = last.filter(polars.when(has_regret).then(name == "regret").otherwise(name == name.first().over("cell")))
    once = shown.unique(["cell", "repetition", "metric"], maintain_order=True)
    return once.group_by([*_PAIR, "cell"], maintain_order=True).agg(
        polars.col("mean").mean(), polars.col("repetitions").sum(), polars.col("round").max()
    )


def _range(low: float, high: float, form: str) -> str:
    return f"{low:{form}}" if low == high else f"{low:{form}} to {high:{form}}"
