"""The paper, and how its learners look."""

from dataclasses import field
from typing import Any

from paper_figures import style
from paper_figures.figure import Paper
from paper_figures.style import Look

TIAPKIN = Paper(
    title="Accelerating Nash Learning from Human Feedback via Mirror Prox",
    authors="Daniil Tiapkin, Daniele Calandriello, Denis Belomestny, Éric Moulines and others",
    venue="2025, arXiv:2505.19731",
    url="https://arxiv.org/abs/2505.19731",
)

LOOKS = {
    "HedgeSelfPlay": Look("Hedge", style.BLACK, "^"),
    "INPO": Look("INPO (mirror descent)", style.ORANGE, "s"),
    "NashMP": Look("Nash-MP (mirror prox)", style.BLUE, "o"),
    "NashMD": Look("Nash-MD", style.RED, "D"),
}


def labelled(label: str, default: Any) -> Any:
    """Return a settings field with the label that the gallery shows."""
    return field(default=default, metadata={"label": label})
