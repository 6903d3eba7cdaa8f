"""The bounds that apply to a game and a learner, looked up by their assumptions."""

from typing import Any, NamedTuple

from bandits.protocol import Learner
from bandits.switching import SwitchingCostGame


class Drawn(NamedTuple):
    """A bound's value and its name; nan and "" where no theorem with constants applies."""

    value: float
    name: str


def upper(game: SwitchingCostGame, learner: Learner, quantity: str = "regret") -> Drawn:
    """Return the smallest upper bound on a quantity that applies to this game and learner."""
    found = [(b.value_for(game, learner), b.name) for b in _applicable(game, learner, quantity, "upper")]
    return Drawn(*min(found, default=(float("nan"), "")))


def lower(game: SwitchingCostGame, learner: Learner, quantity: str = "regret") -> Drawn:
    """Return the greatest lower bound on a quantity that applies to this game, whatever the learner."""
    found = [(b.value_for(game, learner), b.name) for b in _applicable(game, learner, quantity, "lower")]
    return Drawn(*max(found, default=(float("nan"), "")))


def _applicable(game: SwitchingCostGame, learner: Learner, quantity: str, direction: str) -> list[Any]:
    import theory

    return [
        bound
        for bound in theory.catalogue().values()
        if (bound.quantity, bound.direction) == (quantity, direction)
        and bound.learner in ("", learner.name)
        and not bound.rate_only
        and not bound.applies(game, learner)
    ]
