"""Bechavod & Roth, "Individually Fair Learning with One-Sided Feedback" (ICML 2023), arXiv:2206.04475."""

from paper_figures.bechavod2022.frontier import FRONTIER
from paper_figures.bechavod2022.hidden import HIDDEN_OUTCOMES
from paper_figures.bechavod2022.horizon import TUNING

FIGURES = (TUNING, FRONTIER, HIDDEN_OUTCOMES)
