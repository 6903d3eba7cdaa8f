"""Words in figures: labels in sentences and in several lines, and tables."""

import re
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from paper_figures.style import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Written: TypeAlias = tuple[list[str], list[list[str]]]  # a header and rows; a row of one text is a heading


def plain(label: str) -> str:
    """Return a label without LaTeX, for a sentence."""
    for tex, text in ((r"\epsilon", "ε"), (r"\eta", "η"), (r"\lambda", "λ"), ("$", "")):
        label = label.replace(tex, text)
    return re.sub(r"\^\{([^}]*)\}", r"^(\1)", label)


def broken(label: str, letters: int) -> str:
    """Return a label broken into lines of at most about so many letters, formulas kept whole."""
    words = re.findall(r"(?:\$[^$]*\$|[^\s$])+", label)
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        lines[-1:] = [longer] if len(plain(longer)) <= letters or not lines[-1] else [lines[-1], word]
    return "\n".join(lines)


def write_table(axes: "Axes", header: list[str], rows: list[list[str]], first: float = 0.22) -> None:
    """Write a table into axes of their own; first: share of the width that the first column takes."""
    axes.set(xlim=(0.0, 1.0), ylim=(len(rows) + 0.5, -1.5))
    axes.set_axis_off()
    edges = np.linspace(first, 1.0, len(header))[1:]
    for edge, heading in zip(edges, header[1:], strict=True):
        axes.text(edge, -0.1, broken(heading, 14), ha="right", va="bottom", fontsize=7.5, fontweight="bold")
    for place, row in enumerate(rows, start=1):
        axes.text(0.0, place, row[0], va="center", fontsize=7.5, fontweight="bold" if len(row) == 1 else "normal")
        if len(row) == 1:
            axes.hlines(place + 0.5, 0.0, 1.0, color=GREY, linewidth=0.7)
        for edge, text in zip(edges, row[1:]):
            weight = "bold" if text.startswith("**") else "normal"
            axes.text(edge, place, text.strip("*"), ha="right", va="center", fontsize=7.5, fontweight=weight)
