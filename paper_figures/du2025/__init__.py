"""Du, "Optimistic Feasible Search for Closed-Loop Fair Threshold Decision-Making" (2025), arXiv:2512.22313."""

from paper_figures.du2025.bias import BIAS
from paper_figures.du2025.composition import COMPOSITION
from paper_figures.du2025.feasible import SWEEP
from paper_figures.du2025.horizon import GROWTH
from paper_figures.du2025.learning import REWARD, VIOLATION
from paper_figures.du2025.outcome import PLANE, TABLE

FIGURES = (SWEEP, REWARD, VIOLATION, PLANE, TABLE, COMPOSITION, GROWTH, BIAS)
