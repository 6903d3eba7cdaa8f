"""Zhang et al., "Iterative Nash Policy Optimization" (2024), arXiv:2407.00617."""

from paper_figures.kit import Paper

PAPER = Paper(
    title="Iterative Nash Policy Optimization: Aligning LLMs with General Preferences via No-Regret Learning",
    authors="Yuheng Zhang, Dian Yu, Baolin Peng, Linfeng Song and others",
    venue="ICLR 2025, arXiv:2407.00617",
    url="https://arxiv.org/abs/2407.00617",
)
