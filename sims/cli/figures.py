"""`regretlab figures`."""

from pathlib import Path
from typing import Annotated

import typer

from sims.cli.screen import Cluster, Modules, Quiet, Workers, clear_errors, complain
from sims.modules import importable_module
from sims.progress import progress
from sims.tables import table

FIGURES_AT_ONCE = 4  # more would compile the same parts at the same time; each simulates on all processors


def figures(
    names: Annotated[list[str] | None, typer.Argument(help="Names of figures; all without any.")] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the figures and draw nothing.")] = False,
    quality: Annotated[
        str, typer.Option(help="tiny: seconds, to try things; quick: minutes on two cores; paper: the full horizons.")
    ] = "quick",
    out: Annotated[Path, typer.Option(help="Folder of the figures and their gallery.")] = Path("out/figures"),
    module: Modules = None,
    workers: Workers = None,
    cluster: Cluster = None,
    quiet: Quiet = False,
) -> None:
    """Draw figures: NAME.pdf, NAME.png, NAME.csv, and a gallery in OUT/index.html."""
    from paper_figures import catalogue, gallery
    from sims.execute import worker_count

    with clear_errors(kept=True):
        known = {
            name: figure
            for package in (map(importable_module, module) if module else ["paper_figures"])
            for name, figure in catalogue(package).items()
        }
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
                    complain(f"{figure.name} failed: {figure.error}")
    if not quiet:
        print(f"gallery: {(out / 'index.html').resolve()}")
    if failed:
        raise typer.Exit(1)
