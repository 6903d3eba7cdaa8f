"""Figures of papers, simulated and drawn over their theorems. `catalogue` lists them, `gallery.draw` makes them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paper_figures.figure import Figure


def catalogue() -> "dict[str, Figure]":
    """Return every figure by name, in the order of the gallery."""
    from paper_figures.cheng2023 import FIGURES

    return {figure.name: figure for figure in FIGURES}
