"""Default cases of the theorems about the probe game, at gaps that are hard for the horizon."""

from functools import partial

from theory.cases import Case, Cases


def _probing(learner: str, feedback: str, horizon: int, gap: float) -> Case:
    """Return the case of a learner (class name) with this feedback (class name)."""
    from bandits import episodes

    game = episodes.ProbeGame(gap, horizon, feedback=getattr(episodes, feedback)())
    return Case(game, getattr(episodes, learner)())


CASES: Cases = {
    "ours.paid_signs_lower": partial(_probing, "ProbeThenCommit", "PaidSigns", 1000, 0.15),
    "ours.probe_then_commit": partial(_probing, "ProbeThenCommit", "PaidSigns", 1000, 0.15),
    "ours.sequential_probes": partial(_probing, "SequentialProbes", "PaidSigns", 1000, 0.15),
    "ours.majority_sign": partial(_probing, "MajoritySign", "FreeSigns", 1000, 0.06),
}
