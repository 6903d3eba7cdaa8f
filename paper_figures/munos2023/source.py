"""The paper, and how its learners look."""

from paper_figures import style
from paper_figures.figure import Paper
from paper_figures.style import Look

MUNOS = Paper(
    title="Nash Learning from Human Feedback",
    authors="Rémi Munos, Michal Valko, Daniele Calandriello, Mohammad Gheshlaghi Azar and others",
    venue="ICML 2024, arXiv:2312.00886",
    url="https://arxiv.org/abs/2312.00886",
)

SCHEDULE = Look("Nash-MD, falling steps", style.RED, "D")
CONSTANT = Look("Nash-MD, constant step", style.ORANGE, "s")
MIXTURE = Look("descent from the mixture, falling steps", style.BLUE, "o")
