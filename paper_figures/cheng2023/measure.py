"""Simulations behind the figures: a row of numbers for a game and a learner, and the hardest gap of a family.

"Worst gap": of the walks with the gaps of a list, the one whose mean regret has the greatest lower 95% limit in a
pilot run, whose repetitions are not those that are reported. A minimax rate is about the hardest adversary of each
learner and budget, and the gap that is hard for one is not for another. The lower limit, not the mean, because a wide
plateau of gaps is about as hard, and on its far end the regret is mostly luck.
"""

from collections.abc import Callable, Sequence
from dataclasses import field
from functools import cache
from typing import Any

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


def row(game: SwitchingCostGame, learner: Learner, settings: Any, seed: int) -> dict[str, Any]:
    """Return the numbers at the horizon: means over repetitions with their 95% intervals."""
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
    return numbers | {"observations_mean": float(run.mean("observations")[0])}


def worst_row(game_of: GameOfGap, learner: Learner, settings: Any, seed: int) -> dict[str, Any]:
    """Return `row` for the gap that is worst for this learner."""
    return row(game_of(worst_gap(game_of, learner, settings.gaps, settings.pilot, seed)), learner, settings, seed)


def worst_gap(
    game_of: GameOfGap, learner: Learner, gaps: Sequence[float | None], repetitions: int, seed: int
) -> float | None:
    """Return the gap whose mean regret has the greatest lower 95% limit over `repetitions` pilot repetitions."""

    def pilot(gap: float | None) -> float:
        return float(_final(game_of(gap), learner, repetitions, seed, _PILOT_FIRST).interval("regret")[0][0])

    return max(gaps, key=pilot)
