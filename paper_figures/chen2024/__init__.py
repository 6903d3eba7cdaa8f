"""Chen, Tu, Zhao & Zhang (JMLR 2024) and what surrounds it: online convex optimisation from hints to single values."""

from paper_figures.kit import Paper
from paper_figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, Look

PAPER = Paper(
    title="Optimistic Online Mirror Descent for Bridging Stochastic and Adversarial Online Convex Optimization",
    authors="Sijia Chen, Yu-Jie Zhang, Wei-Wei Tu, Peng Zhao & Lijun Zhang",
    venue="JMLR 25(178), 2024",
    url="https://arxiv.org/abs/2302.04552",
)
LOOKS = {  # by the learner's name
    "OGD": Look("gradient descent", ORANGE, "^"),
    "OptimisticDescent": Look("optimistic descent", BLUE, "o"),
    "OptimisticFTL": Look("optimistic FTL", PURPLE, "v"),
    "StronglyConvexOGD": Look("descent at 1 / (mu t)", GREEN, "d"),
    "FollowTheLeader": Look("follow the leader, whole functions", BLACK, "s"),
    "OptimisticDescent with hints": Look("optimistic descent, hints", SKY, "P"),
    "TwoPointDescent": Look("descent on two values", RED, "D"),
    "OnePointDescent": Look("descent on one value", GREY, "X"),
}
