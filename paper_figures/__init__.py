"""Figures of papers, simulated and drawn over their theorems. `catalogue` lists them, `gallery.draw` makes them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paper_figures.figure import Figure


def catalogue() -> "dict[str, Figure]":
    """Return every figure by name, in the order of the gallery."""
    from paper_figures import cheng2023, du2025, tightness

    return {figure.name: figure for figure in (*cheng2023.FIGURES, *du2025.FIGURES, tightness.TIGHTNESS)}
