"""Foster & Rakhlin, "Beyond UCB: optimal and efficient contextual bandits with regression oracles" (ICML 2020)."""

from paper_figures import style
from paper_figures.kit import Paper
from paper_figures.style import Look

PAPER = Paper(
    title="Beyond UCB: optimal and efficient contextual bandits with regression oracles",
    authors="Dylan J. Foster and Alexander Rakhlin",
    venue="ICML 2020, arXiv:2002.04926",
    url="https://arxiv.org/abs/2002.04926",
)
LOOKS = {
    "exact": Look("exact inverse gap weighting", style.BLUE, "o"),
    "SquareCB": Look("SquareCB", style.ORANGE, "s"),
    "FastCB": Look("FastCB", style.GREEN, "D"),
    "EXP4": Look("EXP4", style.PURPLE, "^"),
    "greedy": Look("epsilon-greedy regression", style.BLACK, "v"),
}
