"""Default cases: probes at gaps that are hard for the horizon, guides on the chain."""

from functools import partial

from theory.cases import Case, Cases

WITHOUT_CASE = {"xie2023.coverability": "it is about any laws, which no problem measures"}


def _probing(learner: str, feedback: str, horizon: int, gap: float) -> Case:
    """Return the case of a learner (class name) with this feedback (class name)."""
    from bandits import episodes

    game = episodes.ProbeGame(gap, horizon, feedback=getattr(episodes, feedback)())
    return Case(game, getattr(episodes, learner)())


def _locked(horizon: int, n_bits: int, gap: float, reliability: float, reveals: int | None = None) -> Case:
    """Return the case of a lock."""
    from bandits.episodes import LockGame, RevealThenCommit

    return Case(LockGame(n_bits, gap, reliability, horizon), RevealThenCommit(reveals))


def _guided(learner: str, episodes: int, completions: bool = False, n_actions: int = 2, **rule: float) -> Case:
    """Return the case of a learner (class name) with a guide that is always right, on the chain of 4 steps."""
    from bandits import episodes as room

    feedback = room.Completions() if completions else room.GuideValues()
    guide = [[0.0] * (n_actions - 1) + [1.0]] * 2
    game = room.GuidedGame(room.chain(4, n_actions), guide, episodes, feedback)
    return Case(game, getattr(room, learner)(**rule))


CASES: Cases = {
    "ours.paid_signs_lower": partial(_probing, "ProbeThenCommit", "PaidSigns", 1000, 0.15),
    "ours.probe_then_commit": partial(_probing, "ProbeThenCommit", "PaidSigns", 1000, 0.15),
    "ours.sequential_probes": partial(_probing, "SequentialProbes", "PaidSigns", 1000, 0.15),
    "ours.reveal_then_commit": partial(_locked, 10_000, 4, 0.1, 0.2, 301),
    "ours.lock_any_gap": partial(_locked, 10_000, 4, 0.05, 0.05),
    "ross2014.aggrevate": partial(_guided, "AggreVaTe", 200),
    "chang2023.guided": partial(_guided, "AggreVaTe", 200),
    "ours.sampled_guide": partial(_guided, "SampledAggreVaTe", 20_000, True),
    "ross2010.cloning": partial(_guided, "CloneGuide", 10, n_actions=1000, error=0.001),
    "howard1960.improvement": partial(_guided, "OneStep", 10),
    "ours.majority_sign": partial(_probing, "MajoritySign", "FreeSigns", 1000, 0.06),
}
