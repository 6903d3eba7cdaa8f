"""Zhou et al., "Extragradient Preference Optimization" (2025), arXiv:2503.08942."""

from paper_figures.zhou2025_egpo.comparisons import COMPARISONS
from paper_figures.zhou2025_egpo.updates import UPDATES

FIGURES = (UPDATES, COMPARISONS)
