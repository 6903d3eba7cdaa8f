"""Default cases of the one-sided family: few kinds of people, games small enough to sample by thousands.

Bounds on regret are nearest to what is measured where every acceptance is a mistake: one kind that is always bad.
Bounds on violations are nearest where fairness costs most: one kind is always good, the other always bad, the panel
wants them treated alike, and the learner lives on the border of what it tolerates. The paper's own learner is slow: it
is played for longer.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from theory.cases import Case, Cases


def _good_and_bad(learner: str, horizon: int = 5000, full: bool = False, **parameters: Any) -> Case:
    """Return the case of good and bad individuals at distance 0, alpha = epsilon = 0.8."""
    from bandits import one_sided

    people = one_sided.Crowd(np.arange(2.0)[:, None], (1.0, 0.0))
    panels = one_sided.Panels(one_sided.Panel(one_sided.TableDistance(np.zeros((2, 2)))))
    feedback = one_sided.FullLabels() if full else one_sided.OneSided()
    classes = one_sided.Listed.subsets(2)
    game = one_sided.OneSidedGame(people, classes, panels, horizon, tolerance=0.8, feedback=feedback)
    return Case(game, getattr(one_sided, learner)(**parameters))


def _best_small_price(horizon: int = 5000) -> Case:
    """Return the case of environment A at the price epsilon / (2 eta), where D3 is least."""
    from bandits.one_sided import Exp2OneSided, three_points

    game = three_points(horizon, tolerance=0.4)
    rate = Exp2OneSided().parameters(game).learning_rate
    return Case(game, Exp2OneSided(price=0.2 / rate, learning_rate=rate))


def _one_kind(learner: str, chance: float, horizon: int = 400, full: bool = False, **parameters: Any) -> Case:
    """Return a learner that may accept or reject one kind, good with this chance."""
    from bandits import one_sided

    feedback = one_sided.FullLabels() if full else one_sided.OneSided()
    game = one_sided.hidden_outcomes(horizon, (chance,), feedback=feedback)
    return Case(game, getattr(one_sided, learner)(**parameters))


def _draw_audit(horizon: int = 50) -> Case:
    """Return the instance of Lemma D.2: two kinds that always come together, an even mixture, a panel on the draw."""
    from bandits.one_sided import FixedPolicy, Listed, OneSidedGame, Panel, Panels, RecordedPeople, TableDistance

    both = np.tile([0, 1], (horizon, 1))
    people = RecordedPeople(np.array([[0.0], [1.0]]), both, np.ones_like(both))
    panels = Panels(Panel(TableDistance(((0.0, 0.1), (0.1, 0.0)))), audit="draw")
    game = OneSidedGame(people, Listed([[1, 0], [0, 1], [1, 1]]), panels, horizon, tolerance=0.2)
    return Case(game, FixedPolicy((1.0, 1.0, 0.0)))


def _jointly(make: Callable[..., Case], *arguments: Any, **options: Any) -> Case:
    """Return a case with errors and violations measured together."""
    from bandits.combine import observed
    from theory.one_sided.witnesses import JointCost

    game, player, _ = make(*arguments, **options)
    parameters = player.parameters(game)
    return Case(observed(game, JointCost(parameters.price, parameters.learning_rate)), player)


def _on_paths(measured: str, **right: float) -> Case:
    """Return exponential weights whose paths are looked at one by one: a panel of three, of whom two must object.

    right: the random number on the theorem's right side, 0 because `measured` already has it (`Excesses`).
    """
    from bandits.combine import observed
    from bandits.one_sided import (
        Crowd,
        Exp2OneSided,
        Listed,
        OneSidedGame,
        Panel,
        Panels,
        RandomDistance,
        TableDistance,
    )
    from theory.one_sided.witnesses import Excesses

    table, price = TableDistance(((0.0, 0.3, 0.5), (0.3, 0.0, 0.1), (0.5, 0.1, 0.0))), 2.0
    panels = Panels(Panel((table, RandomDistance(1), RandomDistance(2)), votes=2))
    game = OneSidedGame(Crowd(np.arange(3.0)[:, None], (0.2, 0.8, 0.9)), Listed.stumps(3), panels, 300)
    learner = Exp2OneSided(price=price, learning_rate=0.05)
    return Case(observed(game, Excesses(price)), learner, {"measured": measured, "parameters": right})


def _known_leaders(horizon: int = 200, leaders: int = 100) -> Case:
    """Return perturbed leaders whose law is known in every round: one kind that is always good, or rejected."""
    from bandits.combine import observed
    from bandits.one_sided import ContextSemiBanditFtpl, Crowd, Listed, OneSidedGame, nobody_audits
    from theory.one_sided.witnesses import Excesses

    rate, people = 0.02, Crowd(np.zeros((1, 1)), (1.0,))
    game = OneSidedGame(people, Listed.subsets(1), nobody_audits(1), horizon, individuals=1)
    learner = ContextSemiBanditFtpl(price=0, leaders=leaders, resamples=2, perturbation=rate)
    return Case(observed(game, Excesses(0.0, rate)), learner, {"parameters": {"failure_probability": 0.05}})


_FULL = partial(_one_kind, "FullInformationExp2", 0.0, full=True)
_LITERAL = partial(_one_kind, "Exp2FullBandit", 0.0, 2000, price=0)

CASES: Cases = {
    "bechavod2022.reduction": partial(_on_paths, "lagrangian_excess", semi_bandit_regret=0.0),
    "bechavod2022.violations": partial(_on_paths, "violations_excess", reported_gaps=0.0),
    "bechavod2022.swing_vote": partial(_on_paths, "miscounted_votes"),
    "bechavod2022.resampled_policy": _known_leaders,
    "bechavod2022.draw_audit_lower": _draw_audit,
    "ours.exp2_lagrangian": partial(_one_kind, "Exp2OneSided", 0.0, price=0.0),
    "ours.exp2_regret": partial(_one_kind, "Exp2OneSided", 0.0, price=0.0),
    "ours.exp2_violations": partial(_good_and_bad, "Exp2OneSided", price=5.0),
    "ours.exp2_bounding_regret": partial(_one_kind, "Exp2OneSided", 0.0),
    "ours.exp2_bounding_violations": partial(_good_and_bad, "Exp2OneSided"),
    "ours.exp2_split_lagrangian": partial(_one_kind, "Exp2OneSided", 0.0, price=0.0),
    "ours.exp2_small_price_regret": partial(_one_kind, "Exp2OneSided", 0.0, price=1.0),
    "ours.exp2_small_price_violations": (partial(_good_and_bad, "Exp2OneSided"), _best_small_price),
    "ours.full_information_small_price_violations": partial(_good_and_bad, "FullInformationExp2", full=True),
    "ours.exp2_joint": partial(_jointly, _one_kind, "Exp2OneSided", 0.0),
    "ours.full_information_joint": partial(_jointly, _one_kind, "FullInformationExp2", 0.0, full=True),
    "bubeck2012.exp2_lagrangian": _LITERAL,
    "bubeck2012.exp2_regret": _LITERAL,
    "ours.full_bandit_lagrangian": _LITERAL,
    "ours.full_bandit_regret": _LITERAL,
    "ours.full_bandit_violations": partial(_good_and_bad, "Exp2FullBandit", 80_000, price=2),
    "bechavod2020.full_information_lagrangian": partial(_FULL, price=0.0),
    "bechavod2020.full_information_regret": partial(_FULL, price=0.0),
    "bechavod2020.full_information_violations": partial(_good_and_bad, "FullInformationExp2", full=True, price=5.0),
    "bechavod2020.full_information_bounding_regret": _FULL,
    "bechavod2020.full_information_bounding_violations": partial(_good_and_bad, "FullInformationExp2", full=True),
    "raman2024.exp4_at": partial(_one_kind, "Exp4AppleTasting", 0.0),
    "cesabianchi2006.revealing_action": partial(_one_kind, "RevealingAction", 0.0),
    "helmbold2000.apple_tasting": partial(_one_kind, "AppleTasting", 1.0),
    "ours.greedy_lower": partial(_one_kind, "FollowObserved", 0.6, horizon=10),
}

_SLOW = "at horizons that take minutes its learner's regret is still linear: the rate cannot be observed there"
_VACUOUS = "it is above T below 150 000 rounds, and at the price that brings it under T nothing is violated by then"

WITHOUT_CASE: Mapping[str, str] = {
    "bubeck2012.exp2_violations": _VACUOUS,
    "bechavod2022.exp2_regret": _SLOW,
    "bechavod2022.exp2_violations": _SLOW,
    "bechavod2022.ftpl_lagrangian": _SLOW,
    "bechavod2022.ftpl_regret": _SLOW,
    "bechavod2022.ftpl_violations": _SLOW,
}
