"""Cheng, Zhou & Ji, "Understanding the Role of Feedback in Online Learning with Switching Costs" (ICML 2023)."""

from paper_figures import style
from paper_figures.kit import Paper
from paper_figures.style import Look

PAPER = Paper(
    title="Understanding the Role of Feedback in Online Learning with Switching Costs",
    authors="Duo Cheng, Xingyu Zhou & Bo Ji",
    venue="ICML 2023, arXiv:2306.09588",
    url="https://arxiv.org/abs/2306.09588",
)

LEARNERS = {
    "ShrinkingDartboard": Look("Shrinking Dartboard", style.BLUE, "o"),
    "LazyPerturbedLeader": Look("lazy perturbed leader", style.SKY, "s"),
    "Hedge": Look("Hedge", style.BLACK, "^"),
    "BatchedExp3": Look("batched EXP3", style.RED, "D"),
    "TsallisSwitch": Look("Tsallis-INF, blocks", style.ORANGE, "v"),
    "Exp3": Look("EXP3", style.PURPLE, "P"),
    "ExtraObservationLearner": Look("extra observations", style.GREEN, "o"),
    "BatchedDartboard": Look("batched dartboard", style.BLUE, "s"),
    "BudgetedExp3": Look("budgeted EXP3", style.RED, "D"),
}
