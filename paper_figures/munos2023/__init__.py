"""Munos et al., "Nash Learning from Human Feedback" (2023), arXiv:2312.00886."""

from paper_figures.munos2023.bias import BIAS
from paper_figures.munos2023.raters import RATERS

FIGURES = (BIAS, RATERS)
