"""Du, "Optimistic Feasible Search for Closed-Loop Fair Threshold Decision-Making" (2025), arXiv:2512.22313."""

from paper_figures.kit import Paper

PAPER = Paper(
    title="Optimistic Feasible Search for Closed-Loop Fair Threshold Decision-Making",
    authors="Wenzhang Du",
    venue="arXiv:2512.22313 (2025)",
    url="https://arxiv.org/abs/2512.22313",
)
