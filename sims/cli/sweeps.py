"""`regretlab sweep`, `warm` and `collect`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sims.cli.screen import Cluster, Overrides, Quiet, Spec, Workers, clear_errors, complain
from sims.progress import progress
from sims.tables import table


def sweep(
    spec: Spec,
    out: Annotated[Path, typer.Option(help="Folder of results; an interrupted sweep goes on from it.")],
    override: Overrides = None,
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
    from sims.provenance import Origin
    from sims.spec import load_sweep
    from sims.summary import summary

    with clear_errors(kept=True):
        cells = load_sweep(spec, override or ())
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
                origin=Origin(spec, override or ()),
            )
    _complain_of(report)
    if not quiet:
        header, *rows = summary(report.results)
        table(header, rows)
        counts = f"{report.computed} computed, {report.reused} reused, {len(report.failed)} failed"
        print(f"{report.total} cells in {report.seconds:.1f} s: {counts}\n{report.results}")
    if report.failed:
        raise typer.Exit(1)


def warm(spec: Spec, override: Overrides = None, workers: Workers = None, quiet: Quiet = False) -> None:
    """Compile all that a sweep plays into the kernel cache, in one process per worker."""
    from sims.spec import load_sweep
    from sims.warm import pairs_of
    from sims.warm import warm as compiled

    with clear_errors():
        cells, failed = load_sweep(spec, override or ()), 0
        with progress("pairs", len(pairs_of(cells)), quiet=quiet) as advance:
            for cell, error in compiled(cells, workers):
                failed += error is not None
                advance(failed=error is not None, label=cell.pair)
                if error is not None:
                    complain(f"{cell.pair}: {error}")
    if failed:
        raise typer.Exit(1)


def collect(
    folder: Annotated[Path, typer.Argument(help="Folder of results, as the --out of sweeps.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Parquet file to write, FOLDER/all.parquet by default; a folder of files for over 10,000 cells."
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write all finished cells of a folder, of whichever sweeps, into one table with their parameters as columns."""
    from sims.collection import collect_folder

    with clear_errors():
        found = collect_folder(folder, out)
    for line in found.damaged:
        complain(f"left out: {line}")
    if not quiet:
        print(f"{found.cells} cells\n{found.path}")
    if found.damaged:
        raise typer.Exit(1)


def _complain_of(report: Any) -> None:
    for line in report.damaged:
        complain(f"computed again: {line}")
    for line in report.left_out:
        complain(line)
    for line in report.not_kept:
        complain(f"computed and in the table, but not stored for later sweeps: {line}")
    for address, error in report.failed.items():
        complain(f"cell {address} failed: {error}")
