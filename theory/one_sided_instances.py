"""Default cases of the one-sided family: three kinds of people, four stumps, games small enough to sample by thousands.

The labels are those of world A (good with chance 0.2, 0.8 and 0.9). Bounds on regret are nearest to what is measured
where every acceptance is a mistake, so the baselines meet one kind that is always bad. Bounds on violations say
something only over long horizons, at a price above k / epsilon.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from theory.instances import Instance


def _three_points(learner: str, horizon: int = 400, full: bool = False, **parameters: Any) -> Instance:
    """Return a learner in world A, with alpha = epsilon = 0.4."""
    from bandits import one_sided

    feedback = one_sided.FullLabels() if full else one_sided.OneSided()
    game = one_sided.three_points(horizon, tolerance=0.4, feedback=feedback)
    return Instance(game, getattr(one_sided, learner)(**parameters))


def _one_kind(learner: str, chance: float, horizon: int = 400, **parameters: Any) -> Instance:
    """Return a learner that may accept or reject one kind, good with this chance."""
    from bandits import one_sided

    return Instance(one_sided.hidden_outcomes(horizon, (chance,)), getattr(one_sided, learner)(**parameters))


def _draw_audit(horizon: int = 50) -> Instance:
    """Return the instance of Lemma D.2: two kinds that always come together, an even mixture, a panel on the draw."""
    from bandits.one_sided import FixedPolicy, Listed, OneSidedGame, Panel, Panels, RecordedPeople, TableDistance

    both = np.tile([0, 1], (horizon, 1))
    people = RecordedPeople(np.array([[0.0], [1.0]]), both, np.ones_like(both))
    panels = Panels(Panel(TableDistance(((0.0, 0.1), (0.1, 0.0)))), audit="draw")
    game = OneSidedGame(people, Listed([[1, 0], [0, 1], [1, 1]]), panels, horizon, tolerance=0.2)
    return Instance(game, FixedPolicy((1.0, 1.0, 0.0)))


def _on_paths(horizon: int = 300, price: float = 2.0) -> Instance:
    """Return exponential weights in a world whose paths are looked at one by one: a panel of three, two must object."""
    from bandits.one_sided import Crowd, Exp2OneSided, Listed, Panel, Panels, RandomDistance, TableDistance
    from theory.one_sided_paths import ExcessOnPaths

    table = TableDistance(((0.0, 0.3, 0.5), (0.3, 0.0, 0.1), (0.5, 0.1, 0.0)))
    panels = Panels(Panel((table, RandomDistance(1), RandomDistance(2)), votes=2))
    people = Crowd(np.arange(3.0)[:, None], (0.2, 0.8, 0.9))
    game = ExcessOnPaths(people, Listed.stumps(3), panels, horizon, price=price)
    return Instance(game, Exp2OneSided(price=price, learning_rate=0.05))


def _known_leaders(horizon: int = 200, leaders: int = 100) -> Instance:
    """Return perturbed leaders whose law is known in every round: one kind that is always good, or rejected."""
    from bandits.one_sided import ContextSemiBanditFtpl, Crowd, Listed, nobody_audits
    from theory.one_sided_paths import ExcessOnPaths

    rate = 0.02
    game = ExcessOnPaths(
        Crowd(np.zeros((1, 1)), (1.0,)),
        Listed.subsets(1),
        nobody_audits(1),
        horizon,
        individuals=1,
        perturbation=rate,
    )
    return Instance(game, ContextSemiBanditFtpl(price=0, leaders=leaders, resamples=2, perturbation=rate))


_LONG = 50_000
_FULL = partial(_three_points, "FullInformationExp2", full=True)

INSTANCES: Mapping[str, Callable[[], Instance] | tuple[Callable[[], Instance], ...]] = {
    "bechavod2022.reduction": _on_paths,
    "bechavod2022.violations": _on_paths,
    "bechavod2022.swing_vote": _on_paths,
    "bechavod2022.resampled_policy": _known_leaders,
    "bechavod2022.draw_audit_lower": _draw_audit,
    "ours.exp2_lagrangian": partial(_three_points, "Exp2OneSided", price=2.0),
    "ours.exp2_regret": (
        partial(_three_points, "Exp2OneSided", price=2.0),
        partial(_one_kind, "Exp2OneSided", 0.0, price=0.0),
    ),
    "ours.exp2_violations": partial(_three_points, "Exp2OneSided", _LONG, price=20.0),
    "ours.exp2_bounding_regret": partial(_three_points, "Exp2OneSided"),
    "ours.exp2_bounding_violations": partial(_three_points, "Exp2OneSided", _LONG),
    "bechavod2020.full_information_lagrangian": partial(_FULL, price=2.0),
    "bechavod2020.full_information_regret": partial(_FULL, price=2.0),
    "bechavod2020.full_information_violations": partial(_FULL, horizon=5000, price=20.0),
    "bechavod2020.full_information_bounding_regret": _FULL,
    "bechavod2020.full_information_bounding_violations": partial(_FULL, horizon=5000),
    "raman2024.exp4_at": partial(_one_kind, "Exp4AppleTasting", 0.0),
    "cesabianchi2006.revealing_action": partial(_one_kind, "RevealingAction", 0.0),
    "helmbold2000.apple_tasting": partial(_one_kind, "AppleTasting", 1.0),
    "ours.greedy_lower": partial(_one_kind, "FollowObserved", 0.6, horizon=10),
}

_JOHN = "no learner here explores by John's distribution"
_SLOW = "at horizons that take minutes its learner's regret is still linear: the rate is not to be seen there"

WITHOUT_CASE: Mapping[str, str] = {
    "bubeck2012.exp2_lagrangian": _JOHN,
    "bechavod2022.exp2_regret": _JOHN,
    "bechavod2022.exp2_violations": _JOHN,
    "bechavod2022.ftpl_lagrangian": _SLOW,
    "bechavod2022.ftpl_regret": _SLOW,
    "bechavod2022.ftpl_violations": _SLOW,
}
