"""Exceptions of any kind as one line of text."""

import traceback
from dataclasses import dataclass

_LINE = 400  # characters


@dataclass(frozen=True)
class Failure:
    """Reason why a cell has no result: one line, and the traceback for its file in `failed`."""

    text: str
    trace: str


def failure(error: BaseException) -> Failure:
    """Return an exception as a Failure."""
    trace = "".join(traceback.format_exception(error, limit=-50))
    return Failure(one_line(error), trace.encode(errors="backslashreplace").decode()[-20_000:])


def one_line(error: BaseException) -> str:
    """Return an exception's class, message and notes in one line of at most 400 characters."""
    try:
        said = str(error)
    except Exception:
        said = ""
    name = type(error).__name__
    notes = f" ({'; '.join(error.__notes__)})" if hasattr(error, "__notes__") else ""
    text = " ".join(f"{name}: {said}{notes}".split()) if said.strip() else name + notes
    return shortened(text, _LINE)


def shortened(text: str, width: int) -> str:
    """Return the text cut to `width` characters, printable in UTF-8."""
    text = text if len(text) <= width else text[: width - 3] + "..."
    return text.encode(errors="backslashreplace").decode()
