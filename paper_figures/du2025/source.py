"""The paper."""

from paper_figures.figure import Paper

DU = Paper(
    title="Optimistic Feasible Search for Closed-Loop Fair Threshold Decision-Making",
    authors="Wenzhang Du",
    venue="arXiv:2512.22313 (2025)",
    url="https://arxiv.org/abs/2512.22313",
)
