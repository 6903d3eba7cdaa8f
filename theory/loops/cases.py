"""Default cases of the theorems about data loops, exposure, replay and private herds."""

from functools import partial
from typing import Any

from theory.cases import Case, Cases

WITHOUT_CASE = {"liu2025.private": "it grows like ln n, of which a fitted exponent of n says nothing"}


def _loop(learner: str, horizon: int, drawn: bool, *rule: float) -> Case:
    """Return the case of a model (class name) with 10 items labelled by people and 90 by the model per round."""
    from bandits import loops

    return Case(loops.DataLoop([0.3], horizon, 1000, 10, 90, drawn), getattr(loops, learner)(*rule))


def _exposure(relevance: list[float], horizon: int, floor: float, learner: str) -> Case:
    """Return the case of a recommender (class name)."""
    from bandits import loops

    return Case(loops.ExposureLoop(relevance, horizon, floor), getattr(loops, learner)())


def _herd() -> Case:
    """Return the case of 300 agents with private reports."""
    from bandits import loops

    return Case(loops.PrivateHerd(300, failure_probability=0.2), loops.SmoothResponse(1.0))


def _budgets(learner: str) -> Case:
    """Return the case of budgets that differ (class name of the rule), over grids of agents."""
    from bandits import loops

    def herd(horizon: int) -> Any:
        return loops.PrivateHerd(horizon)

    return Case(herd, getattr(loops, learner)(), {"method": "rate", "horizons": (1000, 4000, 16_000)})


def _replay() -> Case:
    """Return the case of all adversaries of five rounds, on three languages of closure dimension 2."""
    from bandits import loops

    parts = ((0, (0, 1, 2)), (1, (1, 2, 3)), (2, (0, 2, 4)))
    languages = [loops.PeriodicLanguage(4, [residue], 8, extra) for residue, extra in parts]
    return Case(loops.ReplayGame(languages, 1, loops.every_adversary(languages[1], 5), 5), loops.BurnIn())


CASES: Cases = {
    "taori2023.amplification": partial(_loop, "ShiftedLabels", 1000, False, 0.01),
    "ours.loop_bias": (
        partial(_loop, "ShiftedLabels", 1000, False, 0.01),
        partial(_loop, "LikelierLabel", 200, True, 0.1),
    ),
    "ours.sampled_labels": partial(_loop, "SampleLabels", 200, True),
    "ours.exposure_error": (
        partial(_exposure, [0.2, 0.5, 0.8], 200, 0.5, "ClippedInverse"),
        partial(_exposure, [0.2, 0.5, 0.8], 200, 0.5, "Popularity"),
    ),
    "ours.invented_preference": partial(_exposure, [0.5] * 3, 12, 0.0, "Popularity"),
    "racca2026.burn_in": _replay,
    "racca2026.clean": _replay,
    "ours.wrong_side": _herd,
    "ours.uniform_budgets": partial(_budgets, "UniformBudgets"),
    "ours.any_budgets": partial(_budgets, "ShrinkingBudgets"),
}
