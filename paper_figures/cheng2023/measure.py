"""Simulations behind the figures: a row of numbers for a game and a learner, on the hardest of several walks.

Worst gap: of the walks with the listed gaps, the one with the greatest mean regret minus standard error in a pilot run
with other repetitions than those reported. A minimax rate is about the hardest adversary of each learner and budget,
and which gap is hard depends on both. The standard error is subtracted because a wide range of gaps is about equally
hard, and at its far end the mean is mostly noise.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.protocol import Learner
from bandits.switching import SwitchingCostGame
from bandits.switching.feedback import Feedback
from paper_figures import kit
from paper_figures.simulations import runs
from sims import Cell, Run

# Gaps 0.45, 0.45 / 2, ...: within these no loss is clipped. None is the gap of the lower bound's own proof.
GAPS = (None, *(0.45 * 2.0**-k for k in range(10)))
_PILOT = 2**32  # added to the seed: the pilot's repetitions are not those that are reported

GameOfGap = Callable[[float | None], SwitchingCostGame]


def walk_game(settings: Any, horizon: int, feedback: Feedback) -> GameOfGap:
    """Return the game on the multi-scale random walk as a function of the gap (None: the theorem's)."""

    def game(gap: float | None) -> SwitchingCostGame:
        walk = MultiScaleRandomWalk(settings.n_actions, gap)
        return SwitchingCostGame(walk, horizon, settings.switching_cost, feedback)

    return game


class Request(NamedTuple):
    """A point to measure: on the gap of `gaps` that is worst for the learner."""

    game_of: GameOfGap
    learner: Learner
    gaps: Sequence[float | None]
    seed: int


class Point(NamedTuple):
    """A game and a learner, measured at the horizon."""

    game: SwitchingCostGame
    learner: Learner
    row: dict[str, Any]  # means over repetitions with their 95% intervals, and what they depend on
    regret: NDArray[np.float64]  # (repetitions,)
    switches: NDArray[np.float64]  # (repetitions,)


def points(requests: Sequence[Request], settings: Any) -> list[Point]:
    """Return the numbers at the horizon for each request, each repetition on a walk of its own."""
    gaps = worst_gaps(requests, settings.pilot)
    cells = [_cell(r, gap, settings.repetitions, r.seed) for r, gap in zip(requests, gaps, strict=True)]
    return [_point(run) for run in runs(cells)]


def worst_gaps(requests: Sequence[Request], repetitions: int) -> list[float | None]:
    """Return each request's gap with the greatest mean regret less its standard error in the pilot repetitions."""
    trials = [(r, gap) for r in requests if len(r.gaps) > 1 for gap in r.gaps]
    found = iter(runs([_cell(r, gap, repetitions, r.seed + _PILOT) for r, gap in trials]))
    return [max(r.gaps, key=lambda _: _cautious(next(found))) if len(r.gaps) > 1 else r.gaps[0] for r in requests]


def _cell(request: Request, gap: float | None, repetitions: int, seed: int) -> Cell:
    game = request.game_of(gap)
    return Cell(game, request.learner, repetitions, seed, (game.horizon,))


def _cautious(run: Run) -> float:
    regret = run.final("regret")
    return float(regret.mean() - regret.std() / math.sqrt(len(regret)))


def _point(run: Run) -> Point:
    game: Any = run.problem
    numbers: dict[str, Any] = {
        "learner": run.learner.name,
        "horizon_rounds": game.horizon,
        "gap_loss_per_round": float(game.setting().losses.gap),
        "repetitions": run.repetitions,
    }
    numbers |= kit.final(kit.run_interval(run, "regret", unit="_loss") | kit.run_interval(run, "switches"))
    numbers["observations_mean"] = float(run.mean("observations")[0])
    return Point(game, run.learner, numbers, run.final("regret"), run.final("switches"))
