"""The three games of the evaluation: populations as in the paper's description, parameters ours.

The prices of a bad acceptance make the best feasible threshold differ from the best one without constraints (at parity
tolerance 0.1 and 50 thresholds): synthetic 0.159 at threshold 19 against 0.160 at 21, German Credit 0.328 at 18
against 0.407 at 30, COMPAS 0.129 at 13 against 0.217 at 23 (mean reward at the fixed point, in units of a good
acceptance). In the synthetic population strict thresholds lower the scores that they select on, so that a
learner which maximises immediate rewards is led away from the lenient thresholds that are better in the long run.
"""

from dataclasses import replace
from typing import Any

from bandits.threshold.problem import ThresholdGame
from bandits.threshold.scored import Compas, GermanCredit
from bandits.threshold.synthetic import Synthetic


def environments(horizon: int, **changes: Any) -> dict[str, ThresholdGame]:
    """Return the games by name, each over `horizon` rounds; changes: fields of `ThresholdGame` to set in all."""
    games = {
        "synthetic": ThresholdGame(Synthetic(), horizon, price=1.35),
        "german_credit": ThresholdGame(GermanCredit(), horizon, price=1.5),
        "compas": ThresholdGame(Compas(), horizon, price=1.0),
    }
    return {name: replace(game, **changes) for name, game in games.items()}
