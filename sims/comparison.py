"""Runs side by side as a table."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from bandits.core.checks import instance, shown
from sims import Run
from sims.markup import latex_table

if TYPE_CHECKING:
    import polars


def compare(runs: Sequence[Run], metrics: Sequence[str] | None = None, *, level: float = 0.95) -> "polars.DataFrame":
    """Return a table with one row per run, measured at its last round; `to_latex` writes it for a paper.

    metrics: one or several, by default all that every run has.  Columns: run (text), repetitions and round (int64),
    then per metric its mean, and in METRIC_low and METRIC_high the ends of Student's t interval (float64), which is
    asymptotic; with one repetition it is the whole line, or the value itself where nothing is drawn.
    Raises TypeError for what is no run, ValueError for no runs or an invalid level, KeyError for an unknown metric.
    """
    import polars

    runs = checked_runs(runs)
    metrics = [metrics] if isinstance(metrics, str) else metrics
    if metrics is None:
        metrics = [metric for metric in runs[0].metrics if all(metric in run.metrics for run in runs)]
    rows = []
    for label, run in zip(labels_of(runs), runs, strict=True):
        row: dict[str, Any] = {"run": label, "repetitions": run.repetitions, "round": int(run.rounds[-1])}
        for metric in metrics:
            ends = dict(zip(("_low", "_high"), run.interval(metric, level), strict=True))
            row |= {f"{metric}{end}": float(at[-1]) for end, at in {"": run.mean(metric), **ends}.items()}
        rows.append(row)
    return polars.DataFrame(rows)


def to_latex(table: "polars.DataFrame") -> str:
    """Return any table as a LaTeX tabular (booktabs): floats to 4 digits, METRIC_low and METRIC_high as an interval.

    Where both ends are the value itself, as in a play that draws nothing, there is no interval.
    """
    names = [name for name in table.columns if not _ends(name, table.columns)]
    rows = [[_entry(row, name) for name in names] for row in table.iter_rows(named=True)]
    return latex_table(names, rows)


def _ends(name: str, columns: Sequence[str]) -> bool:
    """Return whether a column is an end of the interval of another."""
    stem = name.removesuffix("_low").removesuffix("_high")
    return stem != name and {stem, f"{stem}_low", f"{stem}_high"} <= {*columns}


def _entry(row: dict[str, Any], name: str) -> str:
    ends = [row[f"{name}{end}"] for end in ("_low", "_high") if f"{name}{end}" in row]
    shown = len(ends) == 2 and ends != [row[name]] * 2
    return _number(row[name]) + (f" [{_number(ends[0])}, {_number(ends[1])}]" if shown else "")


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def checked_runs(runs: Any) -> list[Run]:
    """Return one run or several as a list; TypeError for anything else, ValueError for none."""
    found = [runs] if isinstance(runs, Run) else list(instance("runs", runs, Sequence, "a run or a list of runs"))
    for run in found:
        instance("runs", run, Run, "a run or a list of runs")
    if not found:
        raise ValueError("runs must hold at least one run, got none")
    return found


def labels_of(runs: Sequence[Run]) -> list[str]:
    """Return a different text for each run: its learner, with as much of learner and problem as tells them apart."""
    learners = [run.learner for run in runs]
    told = [(_brief(learner, learners), run) for learner, run in zip(learners, runs, strict=True)]
    for text in ("{1.learner.name}", "{0}", "{1.learner.name} in {1.problem}", "{0} in {1.problem}"):
        labels = [text.format(*each) for each in told]
        if len(set(labels)) == len(labels):
            return labels
    labels = [f"{brief} in {run.problem}, seed {run.seed}" for brief, run in told]
    if len(set(labels)) == len(labels):
        return labels
    return [f"{run.learner.name} ({number})" for number, run in enumerate(runs, 1)]


def _brief(learner: Any, learners: Sequence[Any]) -> str:
    """Return the name of a learner, with the parameters that differ among those of its name."""
    alike = [other for other in learners if other.name == learner.name]
    if not all(is_dataclass(other) and type(other) is type(learner) for other in alike):
        return str(learner)
    given = {field.name: [shown(getattr(other, field.name)) for other in alike] for field in fields(learner)}
    differ = [f"{name}={shown(getattr(learner, name))}" for name, texts in given.items() if len({*texts}) > 1]
    return f"{learner.name}({', '.join(differ)})" if differ else learner.name
