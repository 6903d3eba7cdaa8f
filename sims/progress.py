"""Progress reports on stderr: bars on a terminal and in notebooks with ipywidgets, else lines; none when quiet."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol


class Advance(Protocol):
    """Called after each finished piece of work."""

    def __call__(self, work: float = 0.0, failed: bool = False, label: str = "") -> None:
        """Count one piece that took `work` units (rounds, repetitions)."""


@contextmanager
def progress(title: str, total: int, unit: str = "", quiet: bool = False) -> Iterator[Advance]:
    """Yield a function that counts finished pieces out of `total` and shows rate and time left on stderr."""
    if quiet:
        yield lambda work=0.0, failed=False, label="": None
    elif sys.stderr.isatty() or _in_notebook():
        with _bar(title, total, unit) as advance:
            yield advance
    else:
        yield _Lines(title, total, unit)


@contextmanager
def reported(asked: Any, title: str, total: int, unit: str = "") -> Iterator[Any]:
    """Yield what counts finished pieces: a bar or lines for True, else what the caller asked for, or None."""
    if asked is True:
        with progress(title, total, unit) as advance:
            yield advance
    else:
        yield asked or None


class _Lines:
    """Prints at most one line every ten seconds, and one at the end."""

    def __init__(self, title: str, total: int, unit: str) -> None:
        self.title, self.total, self.unit = title, total, unit
        self.done, self.failed, self.work = 0, 0, 0.0
        self.began = self.last = time.monotonic()

    def __call__(self, work: float = 0.0, failed: bool = False, label: str = "") -> None:
        self.done, self.failed, self.work = self.done + 1, self.failed + failed, self.work + work
        now = time.monotonic()
        if self.done < self.total and now - self.last < 10.0:
            return
        self.last = now
        with suppress(OSError):  # stderr is closed
            print(f"{self.title}: {self._text(now - self.began)}", file=sys.stderr, flush=True)

    def _text(self, seconds: float) -> str:
        left = seconds / self.done * (self.total - self.done)
        text = f"{self.done}/{self.total}"
        if self.failed:
            text += f", {self.failed} failed"
        if self.unit and self.work:
            text += f", {self.work / max(seconds, 1e-9):.3g} {self.unit}/s"
        return text + (f", {left:.0f} s left" if self.done < self.total else f" in {seconds:.1f} s")


def _in_notebook() -> bool:
    """Return whether this is a notebook that can draw bars."""
    if "IPython" not in sys.modules:
        return False
    from importlib.util import find_spec

    from rich.console import Console

    return Console().is_jupyter and find_spec("ipywidgets") is not None


@contextmanager
def _bar(title: str, total: int, unit: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True)) as bars:
        task = bars.add_task(title, total=total, note="")
        lines = _Lines(title, total, unit)

        def advance(work: float = 0.0, failed: bool = False, label: str = "") -> None:
            lines.done, lines.failed, lines.work = lines.done + 1, lines.failed + failed, lines.work + work
            rate = lines.work / max(time.monotonic() - lines.began, 1e-9)
            note = f"{rate:.3g} {unit}/s" if unit and lines.work else label
            bars.update(task, advance=1, note=note + (f" ({lines.failed} failed)" if lines.failed else ""))

        yield advance
