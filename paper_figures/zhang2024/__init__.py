"""Zhang et al., "Iterative Nash Policy Optimization" (2024), arXiv:2407.00617."""

from paper_figures.zhang2024.averages import AVERAGES
from paper_figures.zhang2024.threshold import THRESHOLD

FIGURES = (AVERAGES, THRESHOLD)
