"""`regretlab bounds` and `regretlab verify`."""

import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from queue import SimpleQueue
from typing import Annotated, Any

import typer

from sims.cli.screen import Modules, Quiet, clear_errors, complain
from sims.modules import importable_module
from sims.progress import progress
from sims.tables import report, table


def _theorems(incomplete: str) -> list[str]:
    """Return the names that the shell may complete to."""
    from theory import catalogue

    return [name for name in catalogue() if name.startswith(incomplete)]


def bounds(
    name: Annotated[
        str | None, typer.Argument(help="Name of one bound; all are listed without it.", autocompletion=_theorems)
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the bound as LaTeX and nothing else.")] = False,
    module: Modules = None,
) -> None:
    """List the theorems, or show one with its source, assumptions and tuning."""
    import theory

    with clear_errors():
        if name is None and latex:
            raise ValueError("--latex needs the NAME of a bound")
        known = _included(module) or theory.catalogue()
        if name is None:
            table(["bound", "learner", "quantity", "says", "source"], [_row(theory.theorem(own)) for own in known])
        elif latex:
            print(theory.theorem(name).latex())
        else:
            print(theory.theorem(name).explain())


def _included(modules: list[str] | None) -> list[str]:
    """Return the names of the theorems of modules, which the catalogue then has."""
    from theory import include

    return [name for module in modules or () for name in include(importable_module(module))]


def _row(bound: Any) -> list[str]:
    says = f"{'rate ' if bound.rate_only else ''}{'<=' if bound.direction == 'upper' else '>='} {bound.expression}"
    return [
        bound.name,
        bound.learner or "every learner",
        bound.quantity,
        says,
        f"{bound.source.paper}, {bound.source.where}",
    ]


def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of theorems; all without any.", autocompletion=_theorems)
    ] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the theorems and check nothing.")] = False,
    alpha: Annotated[float, typer.Option(help="Probability that any verdict of the run is wrong.")] = 1e-3,
    seed: Annotated[int, typer.Option(help="Seed of the simulations.")] = 0,
    out: Annotated[Path | None, typer.Option(help="File for the verdicts, one line of JSON each.")] = None,
    module: Modules = None,
    quiet: Quiet = False,
) -> None:
    """Check theorems on their default problems; exit status 1 if a bound is broken."""
    from sims.execute import worker_count
    from theory.cases import default_cases
    from theory.suite import verify_all

    with clear_errors():
        own = _included(module)
        wanted = names or own or None
        cases = default_cases(wanted)
        if list_only:
            table(["theorem", "says"], [[b.name, b.statement] for b in dict.fromkeys(case.bound for case in cases)])
            return
        processes = min(worker_count(None), len(cases))
        checks, verdicts = verify_all(wanted, alpha, seed=seed, processes=processes), []
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
        complain(f"{error}")
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
