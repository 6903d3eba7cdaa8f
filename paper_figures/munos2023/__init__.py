"""Munos et al., "Nash Learning from Human Feedback" (2023), arXiv:2312.00886."""

from paper_figures.kit import Paper

PAPER = Paper(
    title="Nash Learning from Human Feedback",
    authors="Rémi Munos, Michal Valko, Daniele Calandriello, Mohammad Gheshlaghi Azar and others",
    venue="ICML 2024, arXiv:2312.00886",
    url="https://arxiv.org/abs/2312.00886",
)
