"""Default cases of the bounds for partial monitoring."""

from functools import partial
from typing import Any

import numpy as np

from theory.cases import Case, Cases


def evenly(horizon: int, share: float) -> Any:
    """Return outcomes (T,) 0 and 1 in which every stretch has the same share of 1, up to one outcome."""
    ends = np.floor(share * np.arange(horizon + 1))
    return np.diff(ends).astype(np.int64)


def _on(game: str, learner: str, outcomes: Any, *arguments: float) -> Case:
    """Return the case of a learner (class name), with its own tuning, on a game (constructor) and given outcomes."""
    from bandits import partial as family

    made = getattr(family.FiniteGame, game)(*arguments)
    problem = family.PartialMonitoring(made, family.OutcomeTable(outcomes), len(outcomes))
    return Case(problem, getattr(family, learner)())


def _pricing() -> Case:
    return _on("pricing", "Exp3Signals", np.arange(20_000) % 3, 3, 2.0)


# Losses (0, 1), (2/5, 2/5), (1, 0): the action in the middle reveals the outcome, and the others are no neighbours.
_MIDDLE = (((0.0, 1.0), (0.4, 0.4), (1.0, 0.0)), ((0, 0), (0, 1), (0, 0)))


def _neighbours(game: str, outcomes: Any, *arguments: float, certified: bool = False) -> Case:
    """Return the case of steps between neighbours on a game, "middle" or a constructor, and given outcomes."""
    from bandits import partial as family

    made = family.FiniteGame(*_MIDDLE) if game == "middle" else getattr(family.FiniteGame, game)(*arguments)
    problem = family.PartialMonitoring(made, family.OutcomeTable(outcomes), len(outcomes))
    learner = family.Exp3Neighbours()
    return Case(family.certified(problem, learner) if certified else problem, learner)


_APPLES, _LABELS = ("apple_tasting",), ("label_efficient", 0.5)


def _stepping(certified: bool, *games: tuple[Any, ...]) -> tuple[Any, ...]:
    outcomes = evenly(1024 if certified else 4096, 0.3)
    return tuple(partial(_neighbours, game, outcomes, *more, certified=certified) for game, *more in games)


CASES: Cases = {
    "ours.exp3_signals": (
        partial(_on, "label_efficient", "Exp3Signals", evenly(20_000, 0.3), 1.0),
        _pricing,
    ),
    "ours.label_efficient": partial(_on, "label_efficient", "LabelEfficient", evenly(4096, 0.3), 1.0),
    "ours.apple_tasting": partial(_on, "apple_tasting", "RevealingExp3", evenly(4096, 0.3)),
    "ours.water_transfer": partial(_on, "label_efficient", "WaterTransfer", evenly(4096, 0.3), 0.5),
    "ours.exp3_neighbours": _stepping(False, _APPLES, _LABELS, ("middle",)),
    "ours.certified_neighbours": _stepping(True, _LABELS, ("middle",)),
    "ours.neighbour_certificate": _stepping(True, _LABELS, ("middle",)),
}
