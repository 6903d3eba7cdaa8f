"""Tables that commands print: drawn on a terminal, tab-separated elsewhere; and the report of verdicts."""

import math
import sys
from collections import Counter
from typing import Any

_SLACK = 0.05  # ratio estimate / bound below which a check has little power


def report(verdicts: list[Any]) -> None:
    """Print the table of verdicts and the probabilities that one of them is wrong."""
    header = ["theorem", "learner", "check", "quantity", "estimate", "interval", "bound", "ratio", "verdict"]
    rows = [_verdict_row(verdict) for verdict in verdicts]
    if sys.stdout.isatty():
        stacked_table(header, rows)
    else:
        table(header, rows)
    counts = Counter(verdict.label for verdict in verdicts)
    print(", ".join(f"{count} {said}" for said, count in counts.items()))
    slack = sum(v.holds and v.direction == "upper" and v.ratio < _SLACK for v in verdicts)
    if slack:
        print(f"Of those that hold, {slack} have a ratio below {_SLACK:.0%}: these checks have little power.")
    for verdict in verdicts:
        if not verdict.applicable or verdict.undecided or verdict.vacuous:
            print(f"{verdict.bound} {verdict.says}: {verdict.note or '; '.join(verdict.reasons)}")
    _report_errors(verdicts)


def _report_errors(verdicts: list[Any]) -> None:
    """Print how often such a run says what is false."""
    certified = [v for v in verdicts if v.kind != "rate"]
    paths = [v for v in certified if v.kind == "sampled paths"]
    holds = math.fsum(v.false_holds for v in certified if v.kind != "sampled paths")
    broken = math.fsum(v.false_broken for v in certified)
    print(f"P(a false bound is said to hold) <= {holds:.2g}; P(a true bound is said to be broken) <= {broken:.2g}.")
    if paths:
        share, wrong = max(v.share for v in paths), math.fsum(v.false_holds for v in paths)
        print(
            f"Claims about every path that were sampled ({len(paths)}): with confidence 1 - {wrong:.2g} at most a "
            f"share {share:.2g} of the paths of each violates it."
        )
    if rates := len(verdicts) - len(certified):
        print(f"Rates ({rates}) are measured, not certified.")


def stacked_table(header: list[str], rows: list[list[str]]) -> None:
    """Print nine columns on a terminal, two per table cell."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    def cells(row: list[str]) -> list[str]:
        return [*("\n".join(row[i : i + 2]) for i in range(0, 8, 2)), row[8]]

    drawn = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(cells(header)):
        drawn.add_column(name, overflow="fold", no_wrap=place >= 2)
    for row in rows:
        drawn.add_row(*cells(row))
    Console(markup=False).print(drawn)


def _verdict_row(verdict: Any) -> list[str]:
    numbers = ["-"] * 4
    if verdict.kind != "none":
        side = "<=" if verdict.direction == "upper" else ">="
        interval = f"[{verdict.low:.4g}, {verdict.high:.4g}]"
        ratio = "-" if math.isnan(verdict.ratio) else f"{verdict.ratio:.3g}"
        numbers = [f"{verdict.estimate:.4g}", interval, f"{side} {verdict.bound_value:.4g}", ratio]
    return [verdict.bound, verdict.learner, verdict.kind, verdict.quantity, *numbers, verdict.label]


def table(header: list[str], rows: list[list[str]]) -> None:
    """Print a table: drawn on a terminal, tab-separated elsewhere."""
    if not sys.stdout.isatty():
        for row in [header, *rows]:
            print("\t".join(row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    drawn = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(header):
        drawn.add_column(name, overflow="fold", no_wrap=place < 2)
    for row in rows:
        drawn.add_row(*row)
    Console().print(drawn)
