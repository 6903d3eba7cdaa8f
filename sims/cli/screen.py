"""Standard streams and errors of the `regretlab` command."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from sims.messages import one_line

Workers = Annotated[int | None, typer.Option(help="Workers, at least 1; one per processor by default.")]
Cluster = Annotated[str | None, typer.Option(help="Dask scheduler that does the work, as in tcp://host:port.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Spec = Annotated[Path, typer.Argument(help="The sweep's TOML file; modules that it names may lie beside it.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--override",
        metavar="AXIS=VALUE",
        help="Values of an axis, or repetitions, seed, backend, checkpoints, in place of the file's; several times.",
    ),
]
Modules = Annotated[
    list[str] | None,
    typer.Option(
        "--module",
        metavar="MODULE",
        help="Module, or FILE.py, with theorems or figures of your own; without names only those are meant.",
    ),
]


@contextmanager
def clear_errors(kept: bool = False) -> Iterator[None]:
    """Report a rejected argument in one line with exit status 2, Ctrl-C with status 130; kept: results are on disk.

    An error that a learner raises in a round has a note that says so: the exit status is 1.
    """
    try:
        yield
    except Exception as error:
        if hasattr(error, "__notes__"):
            complain(one_line(error))
            raise typer.Exit(1) from None
        if not isinstance(error, (ValueError, TypeError, KeyError, OSError)):
            raise
        text: Any = error
        if isinstance(error, KeyError) and error.args:
            text = error.args[0]
        elif isinstance(error, OSError) and error.filename is not None:
            text = f"cannot use {error.filename}: {error.strerror}"
        complain(str(text) or type(error).__name__)
        raise typer.Exit(2) from None
    except KeyboardInterrupt as interrupt:
        hint = "; what is finished is kept, run the same command to go on" if kept else ""
        complain(f"interrupted{hint}" + (f" ({interrupt})" if str(interrupt) else ""))
        raise typer.Exit(130) from None


def complain(text: str) -> None:
    """Print a line on stderr; ignored where stderr is closed."""
    with suppress(OSError):
        print(f"regretlab: {' '.join(text.split())}", file=sys.stderr, flush=True)


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
                complain(f"cannot write the output: {error.strerror or error}")
            os._exit(141 if isinstance(error, BrokenPipeError) else 1)


def forgiving(stream: Any, descriptor: int) -> Any:
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
