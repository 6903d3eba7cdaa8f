"""Cheng, Zhou & Ji, "Understanding the Role of Feedback in Online Learning with Switching Costs" (ICML 2023)."""

from paper_figures.cheng2023.extra_observations import EXTRA
from paper_figures.cheng2023.horizon import REGRET, SWITCHES
from paper_figures.cheng2023.laziness import LAZINESS
from paper_figures.cheng2023.phases import PHASES
from paper_figures.cheng2023.sandwich import SANDWICH
from paper_figures.cheng2023.total_budget import BUDGET
from paper_figures.cheng2023.walk import WALK

FIGURES = (PHASES, REGRET, EXTRA, BUDGET, SWITCHES, SANDWICH, LAZINESS, WALK)
