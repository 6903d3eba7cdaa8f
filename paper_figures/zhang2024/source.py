"""The paper, and how its learners look."""

from paper_figures import style
from paper_figures.figure import Paper
from paper_figures.style import Look

ZHANG = Paper(
    title="Iterative Nash Policy Optimization: Aligning LLMs with General Preferences via No-Regret Learning",
    authors="Yuheng Zhang, Dian Yu, Baolin Peng, Linfeng Song and others",
    venue="ICLR 2025, arXiv:2407.00617",
    url="https://arxiv.org/abs/2407.00617",
)

LOOKS = {
    "INPO": Look("INPO", style.ORANGE, "s"),
    "ONPO": Look("ONPO (optimistic)", style.GREEN, "P"),
    "NashMP": Look("Nash-MP", style.BLUE, "o"),
}
