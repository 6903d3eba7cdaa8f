"""Default cases of the theorems about the data loop."""

from functools import partial

from theory.cases import Case, Cases


def _loop(learner: str, horizon: int, drawn: bool, *rule: float) -> Case:
    """Return the case of a model (class name) with 10 items labelled by people and 90 by the model per round."""
    from bandits import loops

    return Case(loops.DataLoop([0.3], horizon, 1000, 10, 90, drawn), getattr(loops, learner)(*rule))


CASES: Cases = {
    "taori2023.amplification": partial(_loop, "ShiftedLabels", 1000, False, 0.01),
    "ours.loop_bias": (
        partial(_loop, "ShiftedLabels", 1000, False, 0.01),
        partial(_loop, "LikelierLabel", 200, True, 0.1),
    ),
    "ours.sampled_labels": partial(_loop, "SampleLabels", 200, True),
}
