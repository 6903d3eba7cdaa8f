"""Bechavod & Roth, "Individually Fair Learning with One-Sided Feedback" (ICML 2023), arXiv:2206.04475."""

from paper_figures import style
from paper_figures.kit import Paper
from paper_figures.style import Look

PAPER = Paper(
    title="Individually Fair Learning with One-Sided Feedback",
    authors="Yahav Bechavod & Aaron Roth",
    venue="ICML 2023, arXiv:2206.04475",
    url="https://arxiv.org/abs/2206.04475",
)

TUNINGS = {
    "fifth": Look("$C = T^{1/5}$", style.RED, "D"),
    "quarter": Look("$C = T^{1/4}$", style.ORANGE, "v"),
    "bounding": Look(r"$C = \epsilon / (8 \eta)$, self-bounding", style.BLUE, "o"),
    "free": Look("$C = 0$, unconstrained", style.GREY, "^"),
}
