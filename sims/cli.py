"""The `regretlab` command.

Exit status: 0 for success, 1 when something failed that was asked for (a bound broken, a cell or figure
failed), 2 for bad usage, with one line and no traceback, 130 after Ctrl-C, 141 when the reader of the output has gone.
"""

import io
import math
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Annotated, Any

import typer

from sims.progress import progress

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Reproduce figures, run sweeps and verify regret bounds of online learning.",
)

Workers = Annotated[int | None, typer.Option(help="Workers, at least 1; one per processor by default.")]
Cluster = Annotated[str | None, typer.Option(help="Dask scheduler that does the work, as in tcp://host:port.")]
FIGURES_AT_ONCE = 4  # more would compile the same parts at the same time; each simulates on all processors
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]


@contextmanager
def _clear_errors(kept: bool = False) -> Iterator[None]:
    """Report a rejected argument in one line with exit status 2, Ctrl-C with status 130; kept: results are on disk."""
    try:
        yield
    except (ValueError, TypeError, KeyError, OSError) as error:
        text: Any = error
        if isinstance(error, KeyError) and error.args:
            text = error.args[0]
        elif isinstance(error, OSError) and error.filename is not None:
            text = f"cannot use {error.filename}: {error.strerror}"
        _complain(str(text) or type(error).__name__)
        raise typer.Exit(2) from None
    except KeyboardInterrupt as interrupt:
        hint = "; what is finished is kept, run the same command to go on" if kept else ""
        _complain(f"interrupted{hint}" + (f" ({interrupt})" if str(interrupt) else ""))
        raise typer.Exit(130) from None


def _complain(text: str) -> None:
    """Print a line on stderr; ignored where stderr is closed."""
    with suppress(OSError):
        print(f"regretlab: {' '.join(text.split())}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------- bounds


@app.command()
def bounds(
    name: Annotated[str | None, typer.Argument(help="Name of one bound; all are listed without it.")] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the bound as LaTeX and nothing else.")] = False,
) -> None:
    """List the theorems, or show one with its source, assumptions and tuning."""
    import theory

    with _clear_errors():
        if name is None and latex:
            raise ValueError("--latex needs the NAME of a bound")
        if name is None:
            _table(["bound", "learner", "quantity", "says", "source"], [_row(b) for b in theory.catalogue().values()])
        elif latex:
            print(theory.theorem(name).latex())
        else:
            print(theory.theorem(name).explain())


def _row(bound: Any) -> list[str]:
    says = f"{'rate ' if bound.rate_only else ''}{'<=' if bound.direction == 'upper' else '>='} {bound.expression}"
    return [
        bound.name,
        bound.learner or "every learner",
        bound.quantity,
        says,
        f"{bound.source.paper}, {bound.source.where}",
    ]


def _table(header: list[str], rows: list[list[str]]) -> None:
    """Print a table: drawn on a terminal, tab-separated elsewhere."""
    if not sys.stdout.isatty():
        for row in [header, *rows]:
            print("\t".join(row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(header):
        table.add_column(name, overflow="fold", no_wrap=place < 2)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


# ---------------------------------------------------------------- verify


@app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Names of theorems; all without any.")] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the theorems and check nothing.")] = False,
    alpha: Annotated[float, typer.Option(help="Probability that any verdict of the run is wrong.")] = 1e-3,
    seed: Annotated[int, typer.Option(help="Seed of the simulations.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Check theorems on their default problems; exit status 1 if a bound is broken."""
    from theory.cases import default_cases
    from theory.verification import verify_all

    with _clear_errors():
        cases = default_cases(names or None)
        if list_only:
            _table(["theorem", "says"], [[b.name, b.statement] for b in dict.fromkeys(case.bound for case in cases)])
            return
        checks, verdicts = verify_all(names or None, alpha, seed=seed), []
        with progress("verify", len(cases), quiet=quiet) as advance:
            for verdict in _until_failure(checks):
                verdicts.append(verdict)
                advance(failed=verdict.broken, label=verdict.bound)
    if not quiet:
        _report(verdicts)
    for verdict in verdicts:
        if verdict.broken:
            print(verdict.explain(), file=sys.stderr)
    if any(verdict.broken for verdict in verdicts):
        raise typer.Exit(1)


def _until_failure(checks: Iterator[Any]) -> Iterator[Any]:
    """Yield verdicts; a case that cannot be checked ends the run with status 1."""
    try:
        while (verdict := _apart(lambda: next(checks, None))) is not None:
            yield verdict
    except RuntimeError as error:
        _complain(f"{error}")
        raise typer.Exit(1) from None


def _apart(work: Callable[[], Any]) -> Any:
    """Return work(), run in another thread so that Ctrl-C does not wait for compiled code."""
    done: SimpleQueue[Any] = SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:
            done.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    value, error = done.get()
    if error is not None:
        raise error
    return value


def _report(verdicts: list[Any]) -> None:
    """Print the table of verdicts and the probabilities that one of them is wrong."""
    header = ["theorem", "learner", "check", "quantity", "estimate", "interval", "bound", "ratio", "verdict"]
    rows = [_verdict_row(verdict) for verdict in verdicts]
    if sys.stdout.isatty():
        _stacked_table(header, rows)
    else:
        _table(header, rows)
    counts = Counter(_said(verdict) for verdict in verdicts)
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


def _said(verdict: Any) -> str:
    """Return the outcome as the table shows it."""
    from theory.checks import RATE_TOLERANCE

    if verdict.kind == "rate" and verdict.holds:
        return f"fits within {RATE_TOLERANCE}"
    on_paths = verdict.holds and verdict.kind == "every path"
    return "holds on every path" if on_paths else "BROKEN" if verdict.broken else str(verdict.outcome)


_SLACK = 0.05  # ratio estimate / bound below which a check has little power


def _stacked_table(header: list[str], rows: list[list[str]]) -> None:
    """Print nine columns on a terminal, two per table cell."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    def cells(row: list[str]) -> list[str]:
        return [*("\n".join(row[i : i + 2]) for i in range(0, 8, 2)), row[8]]

    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(cells(header)):
        table.add_column(name, overflow="fold", no_wrap=place >= 2)
    for row in rows:
        table.add_row(*cells(row))
    Console(markup=False).print(table)


def _verdict_row(verdict: Any) -> list[str]:
    numbers = ["-"] * 4
    if verdict.kind != "none":
        side = "<=" if verdict.direction == "upper" else ">="
        interval = f"[{verdict.low:.4g}, {verdict.high:.4g}]"
        ratio = "-" if math.isnan(verdict.ratio) else f"{verdict.ratio:.3g}"
        numbers = [f"{verdict.estimate:.4g}", interval, f"{side} {verdict.bound_value:.4g}", ratio]
    return [verdict.bound, verdict.learner, verdict.kind, verdict.quantity, *numbers, _said(verdict)]


# ---------------------------------------------------------------- figures


@app.command()
def figures(
    names: Annotated[list[str] | None, typer.Argument(help="Names of figures; all without any.")] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the figures and draw nothing.")] = False,
    quality: Annotated[
        str, typer.Option(help="tiny: seconds, to try things; quick: minutes on two cores; paper: the full horizons.")
    ] = "quick",
    out: Annotated[Path, typer.Option(help="Folder of the figures and their gallery.")] = Path("out/figures"),
    package: Annotated[str, typer.Option(help="Package in which the figures are found.")] = "paper_figures",
    workers: Workers = None,
    cluster: Cluster = None,
    quiet: Quiet = False,
) -> None:
    """Draw figures: NAME.pdf, NAME.png, NAME.csv, and a gallery in OUT/index.html."""
    from paper_figures import catalogue, gallery
    from sims.execute import worker_count

    with _clear_errors(kept=True):
        known = catalogue(package)
        if list_only:
            rows = [[f.name, f.title, f.claim] for f in gallery.chosen(names or [], known)]
            _table(["figure", "title", "claim"], rows)
            return
        processes = 1 if cluster else min(worker_count(workers), FIGURES_AT_ONCE)
        drawn = gallery.draw(names or [], quality, out, known, workers=workers, cluster=cluster, processes=processes)
        failed = 0
        with progress("figures", len(names or known), quiet=quiet) as advance:
            for figure in drawn:
                failed += figure.error is not None
                advance(failed=figure.error is not None, label=figure.name)
                if figure.error is not None:
                    _complain(f"{figure.name} failed: {figure.error}")
    if not quiet:
        print(f"gallery: {(out / 'index.html').resolve()}")
    if failed:
        raise typer.Exit(1)


# ---------------------------------------------------------------- sweep


@app.command()
def sweep(
    spec: Annotated[Path, typer.Argument(help="The sweep's TOML file.")],
    out: Annotated[Path, typer.Option(help="Folder of results; an interrupted sweep goes on from it.")],
    workers: Workers = None,
    processes: Annotated[bool, typer.Option("--processes", help="Processes instead of threads.")] = False,
    cluster: Cluster = None,
    keep_repetitions: Annotated[bool, typer.Option("--keep-repetitions", help="Store every repetition.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Check the file, count the cells, estimate the time and keep nothing. The modules and makers that the "
            "file names are imported and called, as always, and a few rounds of each pair are played.",
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Run the cells of a sweep that OUT lacks, and collect all in OUT/results.parquet."""
    from sims.execute import estimate_seconds, pending, run_sweep
    from sims.spec import load_sweep
    from sims.summary import summary

    with _clear_errors(kept=True):
        cells = load_sweep(spec)
        if dry_run:
            missing = pending(cells, out)
            seconds = estimate_seconds(missing, workers)
            print(f"{len(cells)} cells, {len(cells) - len(missing)} done, {len(missing)} to do, about {seconds:.0f} s")
            return
        with progress("sweep", len({cell.address for cell in cells}), "rounds", quiet) as advance:
            report = run_sweep(
                cells,
                out,
                workers=workers,
                kind="processes" if processes else "threads",
                cluster=cluster,
                keep_repetitions=keep_repetitions,
                progress=lambda rounds, failed: advance(rounds, failed),
            )
    _complain_of(report)
    if not quiet:
        header, *rows = summary(report.results)
        _table(header, rows)
        counts = f"{report.computed} computed, {report.reused} reused, {len(report.failed)} failed"
        print(f"{report.total} cells in {report.seconds:.1f} s: {counts}\n{report.results}")
    if report.failed:
        raise typer.Exit(1)


@app.command()
def warm(
    spec: Annotated[Path, typer.Argument(help="The sweep's TOML file.")], workers: Workers = None, quiet: Quiet = False
) -> None:
    """Compile all that a sweep plays into the kernel cache, in one process per worker."""
    from sims.spec import load_sweep
    from sims.warm import pairs_of
    from sims.warm import warm as compiled

    with _clear_errors():
        cells, failed = load_sweep(spec), 0
        with progress("pairs", len(pairs_of(cells)), quiet=quiet) as advance:
            for cell, error in compiled(cells, workers):
                failed += error is not None
                advance(failed=error is not None, label=cell.pair)
                if error is not None:
                    _complain(f"{cell.pair}: {error}")
    if failed:
        raise typer.Exit(1)


def _complain_of(report: Any) -> None:
    for line in report.damaged:
        _complain(f"computed again: {line}")
    for line in report.left_out:
        _complain(line)
    for line in report.not_kept:
        _complain(f"computed and in the table, but not stored for later sweeps: {line}")
    for address, error in report.failed.items():
        _complain(f"cell {address} failed: {error}")


class _Stream(io.FileIO):
    """An output stream that may fail, as a closed pipe: on stdout this ends the command, on stderr it is ignored."""

    def write(self, data: Any) -> int:
        """Write bytes."""
        try:
            return super().write(data) or 0
        except OSError as error:
            if self.fileno() != 1:
                return len(data)
            if not isinstance(error, BrokenPipeError):
                _complain(f"cannot write the output: {error.strerror or error}")
            os._exit(141 if isinstance(error, BrokenPipeError) else 1)


def _forgiving(stream: Any, descriptor: int) -> Any:
    """Return a replacement for a standard stream that prints "?" for characters that the terminal cannot encode."""
    if stream is None:  # closed by the caller
        return open(os.devnull, "w", encoding="utf-8")
    try:
        raw = _Stream(descriptor, "wb", closefd=False)
    except (OSError, ValueError):
        return stream
    line_by_line = descriptor == 2 or stream.isatty()
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=stream.encoding, errors="replace", line_buffering=line_by_line
    )


def main() -> None:
    """Run the command line; after Ctrl-C exit at once, even if threads still run."""
    sys.stdout, sys.stderr = _forgiving(sys.stdout, 1), _forgiving(sys.stderr, 2)
    status: Any = 0
    try:
        app()
    except SystemExit as asked:
        status = asked.code
    except KeyboardInterrupt:
        _complain("interrupted")
        status = 130
    sys.stdout.flush()
    if status == 130:
        os._exit(130)
    sys.exit(status)
