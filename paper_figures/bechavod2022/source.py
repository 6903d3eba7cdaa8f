"""The paper, how its learners look, and the fields of settings."""

from dataclasses import field
from typing import Any

from paper_figures import style
from paper_figures.figure import Paper
from paper_figures.style import Look

BECHAVOD = Paper(
    title="Individually Fair Learning with One-Sided Feedback",
    authors="Yahav Bechavod & Aaron Roth",
    venue="ICML 2023, arXiv:2206.04475",
    url="https://arxiv.org/abs/2206.04475",
)

TUNINGS = {
    "fifth": Look("$C = T^{1/5}$", style.RED, "D"),
    "quarter": Look("$C = T^{1/4}$", style.ORANGE, "v"),
    "bounding": Look(r"$C = \epsilon / (8 \eta)$, self-bounding", style.BLUE, "o"),
    "free": Look("$C = 0$, unconstrained", style.GREY, "^"),
}

HIDDEN = {
    "FollowObserved": Look("follow what was seen", style.GREY, "^"),
    "EpsilonTasting": Look("leader, tasting like $t^{-1/3}$", style.ORANGE, "v"),
    "RevealingAction": Look("revealing action", style.RED, "D"),
    "Exp4AppleTasting": Look("EXP4.AT, forced tasting", style.SKY, "s"),
    "Exp2OneSided": Look("Exp2, shifted estimator", style.BLUE, "o"),
    "FullInformationExp2": Look("all labels seen", style.BLACK, "P"),
}


def labelled(label: str, default: Any) -> Any:
    """Return a settings field with the label that the gallery shows."""
    return field(default=default, metadata={"label": label})
