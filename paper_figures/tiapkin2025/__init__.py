"""Tiapkin et al., "Accelerating Nash Learning from Human Feedback via Mirror Prox" (2025), arXiv:2505.19731."""

from paper_figures import style
from paper_figures.kit import Paper
from paper_figures.style import Look

PAPER = Paper(
    title="Accelerating Nash Learning from Human Feedback via Mirror Prox",
    authors="Daniil Tiapkin, Daniele Calandriello, Denis Belomestny, Éric Moulines and others",
    venue="2025, arXiv:2505.19731",
    url="https://arxiv.org/abs/2505.19731",
)

LOOKS = {
    "HedgeSelfPlay": Look("Hedge", style.BLACK, "^"),
    "NashMD": Look("Nash-MD", style.RED, "D"),
    "INPO": Look("INPO (mirror descent)", style.ORANGE, "s"),
    "NashMP": Look("Nash-MP (mirror prox)", style.BLUE, "o"),
}
