"""Simulations behind the figures: a row of numbers for a game and a learner, and the hardest gap of a family.

"Worst gap": of the walks with the gaps of a list, the one whose mean regret less its standard error is greatest in a
pilot run, whose repetitions are not those that are reported. A minimax rate is about the hardest adversary of each
learner and budget, and the gap that is hard for one is not for another. The standard error is taken off because a
wide plateau of gaps is about as hard, and on its far end the regret is mostly luck.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import field
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.protocol import Learner
from bandits.random_walk import MultiScaleRandomWalk
from bandits.switching import SwitchingCostGame
from bandits.switching.problem import Feedback
from sims import Run, simulate

# Gaps 0.45, 0.45 / 2, ...: within these no loss is clipped. None is the gap of the lower bound's own proof.
GAPS = (None, *(0.45 * 2.0**-k for k in range(10)))
_PILOT_FIRST = 2**20  # the pilot's repetitions begin where no reported one can be

GameOfGap = Callable[[float | None], SwitchingCostGame]


def labelled(label: str, default: Any) -> Any:
    """Return a settings field with the label that the gallery shows."""
    return field(default=default, metadata={"label": label})


def walk_game(settings: Any, horizon: int, feedback: Feedback) -> GameOfGap:
    """Return the game on the multi-scale random walk as a function of the gap (None: the theorem's)."""

    def game(gap: float | None) -> SwitchingCostGame:
        walk = MultiScaleRandomWalk(settings.n_actions, gap)
        return SwitchingCostGame(walk, horizon, settings.switching_cost, feedback)

    return game


@cache
def _final(game: SwitchingCostGame, learner: Learner, repetitions: int, seed: int, first: int) -> Run:
    return simulate(
        game, learner, repetitions=repetitions, seed=seed, first_repetition=first, checkpoints=[game.horizon]
    )


class Point(NamedTuple):
    """A game and a learner, measured at the horizon."""

    row: dict[str, Any]  # means over repetitions with their 95% intervals, and what they depend on
    regret: NDArray[np.float64]  # (repetitions,)
    switches: NDArray[np.float64]  # (repetitions,)


def point(game: SwitchingCostGame, learner: Learner, settings: Any, seed: int) -> Point:
    """Return the numbers at the horizon, each repetition on a walk of its own."""
    run = _final(game, learner, settings.repetitions, seed, 0)
    numbers: dict[str, Any] = {
        "learner": learner.name,
        "horizon_rounds": game.horizon,
        "gap_loss_per_round": float(game.setting().losses.gap),
        "repetitions": settings.repetitions,
    }
    for metric, unit in (("regret", "_loss"), ("switches", "")):
        low, high = run.interval(metric)
        numbers |= {
            f"{metric}_mean{unit}": float(run.mean(metric)[0]),
            f"{metric}_low95{unit}": float(low[0]),
            f"{metric}_high95{unit}": float(high[0]),
        }
    numbers["observations_mean"] = float(run.mean("observations")[0])
    return Point(numbers, run.final("regret"), run.final("switches"))


def worst_point(game_of: GameOfGap, learner: Learner, settings: Any, seed: int) -> Point:
    """Return the point for the gap that is worst for this learner."""
    return point(game_of(worst_gap(game_of, learner, settings.gaps, settings.pilot, seed)), learner, settings, seed)


def worst_gap(
    game_of: GameOfGap, learner: Learner, gaps: Sequence[float | None], repetitions: int, seed: int
) -> float | None:
    """Return the gap with the greatest mean regret less its standard error over `repetitions` pilot repetitions."""
    if len(gaps) == 1:
        return gaps[0]

    def pilot(gap: float | None) -> float:
        regret = _final(game_of(gap), learner, repetitions, seed, _PILOT_FIRST).final("regret")
        return float(regret.mean() - regret.std() / math.sqrt(repetitions))

    return max(gaps, key=pilot)
