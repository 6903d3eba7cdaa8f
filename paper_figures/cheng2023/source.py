"""The paper."""

from paper_figures.figure import Paper

CHENG = Paper(
    title="Understanding the Role of Feedback in Online Learning with Switching Costs",
    authors="Duo Cheng, Xingyu Zhou & Bo Ji",
    venue="ICML 2023, arXiv:2306.09588",
    url="https://arxiv.org/abs/2306.09588",
)
