"""Ready-made games: three points, lending, real applicants, label drift, hidden outcomes.

Each function returns a `OneSidedGame`; further fields are given by name, or changed later with `dataclasses.replace`.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bandits.core.arguments import checked
from bandits.core.checks import array, integer
from bandits.one_sided.auditors import (
    Auditor,
    MahalanobisDistance,
    Panel,
    Panels,
    ScaledDistance,
    Schedule,
    TableDistance,
)
from bandits.one_sided.hypotheses import GroupThresholds, Hypotheses, Listed
from bandits.one_sided.people import Applicants, Crowd, Lending, People
from bandits.one_sided.problem import OneSidedGame

_MANY_KINDS = 16  # the class holds all their subsets
_THREE_DISTANCES = ((0.0, 0.3, 0.5), (0.3, 0.0, 0.1), (0.5, 0.1, 0.0))  # not a metric: 0.3 + 0.1 < 0.5


@checked
def three_points(horizon: int, tolerance: float = 0.2, **rest: Any) -> OneSidedGame:
    """Return environment A: three equally likely kinds, good with chance 0.2, 0.8, 0.9; 4 stumps, one auditor, k = 2.

    Small enough for slopes over many octaves: the unconstrained optimum accepts the last two kinds, which is
    unfair to the first in 4/9 of the rounds. **rest: further fields of `OneSidedGame`.
    """
    people = Crowd(np.arange(3.0)[:, None], (0.2, 0.8, 0.9))
    panels = Panels(Panel(TableDistance(_THREE_DISTANCES)))
    return OneSidedGame(people, Listed.stumps(3), panels, horizon, tolerance=tolerance, **rest)


@checked
def lending(
    horizon: int,
    people: People | None = None,
    hypotheses: Hypotheses | None = None,
    votes: int = 3,
    schedule: Schedule = "cycle",
    **rest: Any,
) -> OneSidedGame:
    """Return environment B: applicants of two groups with a biased score, and panels that contradict each other.

    people: features (score, merit, group); None means `Lending()`.  hypotheses: None means a score threshold for
    each group, 9 cuts each.  votes: of the five members of each panel.  **rest: further fields of `OneSidedGame`,
    by default individuals=4 and tolerance=0.2.
    """
    settings = {"individuals": 4, "tolerance": 0.2} | rest
    panels = Panels(lending_panels(votes), schedule=schedule)
    people = Lending() if people is None else people
    hypotheses = GroupThresholds(9) if hypotheses is None else hypotheses
    return OneSidedGame(people, hypotheses, panels, horizon, **settings)


@checked
def lending_panels(votes: int) -> tuple[Panel, ...]:
    """Return six panels of five from a pool of nine auditors of (score, merit, group), `votes` in 1..5 to object.

    Three auditors are strict on the group (it has weight 0), three on merit (which has most weight), three are lenient.
    The panels have different majorities, so that one panel may report a pair that another accepts.
    """
    strict_on_group = ((0.2, 0.3, 0.0), (0.0, 0.4, 0.0), (0.3, 0.1, 0.0))
    strict_on_merit = ((0.0, 0.25, 0.1), (0.05, 0.3, 0.3))
    lenient = ((0.6, 0.6, 0.6), (1.0, 0.0, 0.5))
    mixed = ((0.1, 0.5, 0.0), (0.0, 0.1, 0.1))
    pool: list[Auditor] = [ScaledDistance(weights) for weights in strict_on_group + strict_on_merit]
    pool += [MahalanobisDistance(mixed), *map(ScaledDistance, lenient), MahalanobisDistance(mixed, 2.0)]
    members = ((0, 1, 2, 3, 6), (3, 4, 5, 0, 7), (6, 7, 8, 1, 4), (0, 3, 6, 2, 5), (1, 2, 4, 7, 8), (0, 4, 8, 5, 6))
    return tuple(Panel(tuple(pool[i] for i in panel), votes) for panel in members)


@checked
def applicants(horizon: int, table: Any = None, votes: int = 2, **rest: Any) -> OneSidedGame:
    """Return a game with the applicants of a real table, a score threshold for each group, and a panel of three.

    table: see `Applicants`; None means German Credit, group 1 aged up to 25.  votes: in 1..3. One auditor compares
    scores only, one allows for group differences, one is lenient.  **rest: as in `lending`.
    """
    if table is None:
        from bandits.threshold import GermanCredit

        table = GermanCredit()
    auditors = (ScaledDistance((0.5, 0.0)), ScaledDistance((0.5, 0.3)), ScaledDistance((2.0, 0.2)))
    settings = {"individuals": 4, "tolerance": 0.2} | rest
    return OneSidedGame(Applicants(table), GroupThresholds(9), Panels(Panel(auditors, votes)), horizon, **settings)


@checked
def label_drift(horizon: int, block: int | None = None, tolerance: float = 0.2, **rest: Any) -> OneSidedGame:
    """Return environment C: the three points, whose chances of a good label are reversed in every other block.

    block: rounds in a block; None means about sqrt(T), so that no single law
    describes the labels beyond one block. **rest: further fields of `OneSidedGame`.
    """
    length = round(integer("horizon", horizon, low=1) ** 0.5) if block is None else integer("block", block, low=1)
    people = Crowd(np.arange(3.0)[:, None], ((0.2, 0.8, 0.9), (0.9, 0.6, 0.1)), block=length)
    panels = Panels(Panel(TableDistance(_THREE_DISTANCES)))
    return OneSidedGame(people, Listed.stumps(3), panels, horizon, tolerance=tolerance, **rest)


@checked
def hidden_outcomes(horizon: int, chances: ArrayLike = (0.6,), **rest: Any) -> OneSidedGame:
    """Return environment D: kinds whose outcome is observed only if they are accepted, one arrival per round.

    chances: (n,) of a good label, n <= 16, each kind equally likely; the class holds all 2^n subsets and the
    panel never objects. A learner that follows observed labels may reject a good kind for ever.
    **rest: further fields of `OneSidedGame`, by default individuals=1.
    """
    good = array("chances", chances, 1, 0.0, 1.0)
    n = len(good)
    if n > _MANY_KINDS:
        raise ValueError(f"chances must hold at most {_MANY_KINDS} numbers, got {n}")
    people = Crowd(np.arange(float(n))[:, None], good)
    panels = nobody_audits(n)
    return OneSidedGame(people, Listed.subsets(n), panels, horizon, **({"individuals": 1} | rest))


@checked
def nobody_audits(n_kinds: int) -> Panels:
    """Return a panel that never objects: its distances are 1."""
    n = integer("n_kinds", n_kinds, low=1, high=10**4)
    return Panels(Panel(TableDistance(np.ones((n, n)))))
