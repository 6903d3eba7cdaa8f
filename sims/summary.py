"""Summary of a sweep's results, printed at the end of `regretlab sweep`."""

from pathlib import Path


def summary(results: Path) -> list[list[str]]:
    """Return a header row and one row per (problem, learner) of a results.parquet.

    Each row gives the regret (the problem's first metric if it has none) at the cells' last rounds: the mean over
    repetitions, as a range over the cells.
    """
    import polars

    table = polars.scan_parquet(results)
    place = ["problem", "learner"]
    last = table.filter(polars.col("round") == polars.col("round").max().over("cell"))
    name = polars.col("metric")
    has_regret = (name == "regret").any().over("cell")
    shown = last.filter(polars.when(has_regret).then(name == "regret").otherwise(name == name.first().over("cell")))
    once = shown.unique(["cell", "repetition", "metric"], maintain_order=True)  # a cell is listed under all its labels
    per_cell = once.group_by([*place, "metric", "cell"], maintain_order=True).agg(
        polars.col("mean").mean(), polars.col("repetitions").sum(), polars.col("round").max()
    )
    groups = per_cell.group_by([*place, "metric"], maintain_order=True).agg(
        polars.len().alias("cells"),
        polars.col("repetitions").sum(),
        polars.col("round").min().alias("shortest"),
        polars.col("round").max().alias("longest"),
        polars.col("mean").min().alias("least"),
        polars.col("mean").max().alias("most"),
    )
    header = ["problem", "learner", "cells", "repetitions", "horizon", "metric", "mean at the horizon"]
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
        for row in groups.collect().iter_rows(named=True)
    ]
    return [header, *rows]


def _range(low: float, high: float, form: str) -> str:
    return f"{low:{form}}" if low == high else f"{low:{form}} to {high:{form}}"
