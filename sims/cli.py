"""The `regretlab` command.

Exit status: 0 for success, 1 when something failed that was asked for (a bound broken, a cell or figure
failed), 2 for bad usage, with one line and no traceback, 130 after Ctrl-C, 141 when the reader of the output has gone.
"""

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Annotated, Any

import typer

from sims.progress import progress
from sims.tables import report, table

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
            table(["bound", "learner", "quantity", "says", "source"], [_row(b) for b in theory.catalogue().values()])
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


# ---------------------------------------------------------------- verify


@app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Names of theorems; all without any.")] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the theorems and check nothing.")] = False,
    alpha: Annotated[float, typer.Option(help="Probability that any verdict of the run is wrong.")] = 1e-3,
    seed: Annotated[int, typer.Option(help="Seed of the simulations.")] = 0,
    out: Annotated[Path | None, typer.Option(help="File for the verdicts, one line of JSON each.")] = None,
    quiet: Quiet = False,
) -> None:
    """Check theorems on their default problems; exit status 1 if a bound is broken."""
    from sims.execute import worker_count
    from theory.cases import default_cases
    from theory.suite import verify_all

    with _clear_errors():
        cases = default_cases(names or None)
        if list_only:
            table(["theorem", "says"], [[b.name, b.statement] for b in dict.fromkeys(case.bound for case in cases)])
            return
        processes = min(worker_count(None), len(cases))
        checks, verdicts = verify_all(names or None, alpha, seed=seed, processes=processes), []
        file = nullcontext() if out is None else out.open("w", encoding="utf-8")
        with file as lines, progress("verify", len(cases), quiet=quiet) as advance:
            for verdict in _until_failure(checks if processes > 1 else _apart(checks)):
                verdicts.append(verdict)
                if lines is not None:
                    print(verdict.to_json(), file=lines, flush=True)
                advance(failed=verdict.broken, label=verdict.bound)
    if not quiet:
        report(verdicts)
    for verdict in verdicts:
        if verdict.broken:
            print(verdict.explain(), file=sys.stderr)
    if any(verdict.broken for verdict in verdicts):
        raise typer.Exit(1)


def _until_failure(checks: Iterator[Any]) -> Iterator[Any]:
    """Yield verdicts; a case that cannot be checked ends the run with status 1."""
    try:
        yield from checks
    except RuntimeError as error:
        _complain(f"{error}")
        raise typer.Exit(1) from None


def _apart(checks: Iterator[Any]) -> Iterator[Any]:
    """Pass verdicts on that another thread makes, so that Ctrl-C does not wait for compiled code."""
    done: SimpleQueue[Any] = SimpleQueue()

    def run() -> None:
        try:
            done.put((next(checks, None), None))
        except BaseException as error:
            done.put((None, error))

    while True:
        threading.Thread(target=run, daemon=True).start()
        verdict, error = done.get()
        if error is not None:
            raise error
        if verdict is None:
            return
        yield verdict


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
            table(["figure", "title", "claim"], rows)
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
        table(header, rows)
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
