"""The `regretlab` command.

Exit status: 0 for success, 1 when something failed that was asked for (a bound broken, a cell or figure
failed), 2 for bad usage, with one line and no traceback, 130 after Ctrl-C, 141 when the reader of the output has gone.
"""

import os
import sys
import warnings
from typing import Annotated, Any

import typer

from sims.cli.figures import figures
from sims.cli.one_pair import simulate
from sims.cli.screen import complain, forgiving
from sims.cli.sweeps import collect, sweep, warm
from sims.cli.theorems import bounds, verify

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
for command in (simulate, sweep, collect, warm, verify, bounds, figures):
    app.command()(command)


def _version(asked: bool) -> None:
    if asked:
        import regretlab

        print(f"regretlab {regretlab.__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Reproduce figures, run sweeps and verify regret bounds of online learning."""


def main() -> None:
    """Run the command line; after Ctrl-C exit at once, even if threads still run."""
    sys.stdout, sys.stderr = forgiving(sys.stdout, 1), forgiving(sys.stderr, 2)
    warnings.showwarning = lambda message, *_: complain(str(message))
    status: Any = 0
    try:
        app()
    except SystemExit as asked:
        status = asked.code
    except KeyboardInterrupt:
        complain("interrupted")
        status = 130
    sys.stdout.flush()
    if status == 130:
        os._exit(130)
    sys.exit(status)
