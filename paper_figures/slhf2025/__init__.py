"""Pásztor, Kleine Buening & Krause, "Stackelberg Learning from Human Feedback" (2025), arXiv:2512.16626."""

from paper_figures.kit import Paper

PAPER = Paper(
    title="Stackelberg Learning from Human Feedback: Preference Optimization as a Sequential Game",
    authors="Barna Pásztor, Thomas Kleine Buening, Andreas Krause",
    venue="ICLR 2026, arXiv:2512.16626",
    url="https://arxiv.org/abs/2512.16626",
)
