"""Docstrings as the package writes them, turned into reStructuredText.

Lines in four blanks are code, backticks mark code, and `name: meaning` after a full stop describes a
parameter of the signature. Everything else is plain text.
"""

import inspect
import re
from itertools import groupby
from typing import Any

_PIECES = re.compile(r"(`[^`\n]+`)")
_MARKS = re.compile(r"([\\*|]|_(?!\w))")


def setup(app: Any) -> dict[str, Any]:
    """Connect to autodoc."""
    app.connect("autodoc-process-docstring", _rewritten)
    return {"parallel_read_safe": True}


def _rewritten(app: Any, kind: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    lines[:] = [*restructured("\n".join(lines), _parameters(thing)).splitlines(), ""]


def restructured(text: str, parameters: set[str]) -> str:
    """Return a docstring as reStructuredText; parameters: names in the signature."""
    paragraphs = re.split(r"\n[ ]*\n", text.strip("\n"))
    return "\n\n".join(_paragraph(paragraph, parameters) for paragraph in paragraphs)


def _parameters(thing: Any) -> set[str]:
    """Return the names in the signature of a function or class."""
    try:
        return set(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return set()


def _paragraph(text: str, parameters: set[str]) -> str:
    """Return a paragraph; lines in four blanks are code, those of a list go on."""
    if re.match(r"\s{0,3}(-|\d+\.) ", text):
        return _escaped(text)
    runs = groupby(text.splitlines(), key=lambda line: line.startswith("    "))
    return "\n\n".join(_run("\n".join(lines), code, parameters) for code, lines in runs)


def _run(text: str, code: bool, parameters: set[str]) -> str:
    if code:
        return f"::\n\n{text}"
    return _with_parameters(text, parameters) if parameters else _escaped(text)


def _with_parameters(text: str, parameters: set[str]) -> str:
    """Return a paragraph with a field for each parameter that it describes."""
    name = "|".join(sorted(map(re.escape, parameters), key=len, reverse=True))
    start = re.compile(rf"(?:^|(?<=[.\])]\s)|(?<=[.\])]\s\s))((?:{name})(?:,\s(?:{name}))*)((?:\s\([^()]*\))?):\s+")
    before, *found = start.split(text)
    fields = []
    for names, shape, meaning in zip(found[::3], found[1::3], found[2::3], strict=True):
        said = " ".join(_escaped(f"{shape.strip()} {meaning}").split())
        fields.append(f":param {' '.join(names.split())}: {said}")
    return "\n\n".join(part for part in (_escaped(before.strip()), "\n".join(fields)) if part)


def _escaped(text: str) -> str:
    """Return text with its backticks doubled and all other marks of reStructuredText taken away."""
    pieces = _PIECES.split(text)
    return "".join(f"`{p}`" if _PIECES.fullmatch(p) else _MARKS.sub(r"\\\1", p) for p in pieces)
