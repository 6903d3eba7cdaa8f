"""The `regretlab` command: figures, verify, bounds.

Exit status: 0 for success, 1 when a figure failed or a bound is broken, 2 for bad usage (one clear line).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Theory and simulation for online learning.")


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn a rejected argument into one line and exit status 2."""
    try:
        yield
    except (ValueError, TypeError, KeyError, OSError) as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"regretlab: {text}", file=sys.stderr)
        raise typer.Exit(2) from error


def main() -> None:
    """Run the command line."""
    app()
