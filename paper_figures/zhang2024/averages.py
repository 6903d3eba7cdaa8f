"""Averages against last iterates: the regularised gap with the horizon, each learner tuned to it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.preference import INPO, ONPO, NashMP, PreferenceGame, games
from bandits.preference.self_play.proximal import average_prox_weight
from paper_figures import style
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from paper_figures.tiapkin2025.source import labelled
from paper_figures.zhang2024.source import LOOKS, ZHANG
from sims import Cell, Run

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

_THEOREMS = {"INPO": "zhang2024.inpo_average", "ONPO": "zhang2025.onpo"}
_SMALLEST = 1e-15  # gaps below this are rounding


@dataclass(frozen=True)
class AverageSettings:
    """Parameters of the figure."""

    horizons: tuple[int, ...] = labelled("horizons T (rounds)", tuple(2**k for k in range(4, 15)))
    n_games: int = labelled("games", 32)
    n_actions: int = labelled("actions", 10)
    regularization: float = labelled("weight τ of the reference", 0.02)
    seed: int = labelled("seed of the games", 2024)


QUICK = AverageSettings()
PAPER = AverageSettings(horizons=tuple(2**k for k in range(4, 19)), n_games=64, n_actions=50)


def average_data(settings: AverageSettings) -> "polars.DataFrame":
    """Return the gaps of averages and last iterates at each horizon, and what the theorems say of the averages."""
    import polars

    rng = np.random.default_rng(settings.seed)
    matrices = np.stack([games.uniform_random(settings.n_actions, rng) for _ in range(settings.n_games)])
    base = PreferenceGame(matrices, 1, settings.regularization)
    cells = []
    for horizon in settings.horizons:
        game = replace(base, horizon=horizon)
        for learner in (INPO(average_prox_weight(game)), ONPO(), NashMP()):
            cells.append(Cell(game, learner, repetitions=game.n_games, checkpoints=(horizon,)))
    return polars.DataFrame([_row(run) for run in runs(cells)])


def _row(run: Run) -> dict[str, Any]:
    import theory

    name, row = run.learner.name, {"learner": run.learner.name, "horizon": run.problem.horizon}
    for iterate, metric in (("average", "average_gap_tau"), ("last", "gap_tau")):
        gap = np.maximum(run.final(metric), _SMALLEST)
        row |= {f"{iterate}_median": float(np.median(gap)), f"{iterate}_least": gap.min()}
        row |= {f"{iterate}_greatest": gap.max()}
    bound = theory.theorem(_THEOREMS[name]).value_for(run.problem, run.learner) if name in _THEOREMS else None
    return {**row, "average_guaranteed": bound}


def draw_averages(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw averages, then last iterates."""
    for panel, iterate in zip(axes, ("average", "last"), strict=True):
        for name, look in LOOKS.items():
            curve = frame.filter(frame["learner"] == name).sort("horizon")
            y = tuple(curve[f"{iterate}_{what}"] for what in ("median", "least", "greatest"))
            style.band(panel, curve["horizon"], (y[0], y[1], y[2]), look, markersize=4.5)
            if iterate == "average" and name in _THEOREMS:
                style.theory(panel, curve["horizon"], curve["average_guaranteed"], look.colour)
        style.log_axes(panel, "horizon $T$ (rounds)", f"gap of the {iterate} iterate, regularized game")
    axes[0].plot([], [], color=style.GREY, linestyle="--", linewidth=1.0, label="guaranteed")
    for panel in axes:
        style.legend_below(panel, 2)
    style.panel_letters(axes, ["averages", "last iterates"])


def average_findings(frame: "polars.DataFrame") -> list[str]:
    """Return the slopes over the upper half of the horizons and how close the bounds are."""
    sentences = []
    for name, look in LOOKS.items():
        curve = frame.filter(frame["learner"] == name).sort("horizon")
        upper = curve.tail((curve.height + 1) // 2)
        slope = np.polyfit(np.log(upper["horizon"]), np.log(upper["average_median"]), 1)[0]
        last = curve.tail(1).row(0, named=True)
        text = f"{look.label}: the average's gap falls like T^{slope:.2f} and is {last['average_median']:.2g} at the "
        text += f"longest horizon (median), the last iterate's {last['last_median']:.2g}"
        if name in _THEOREMS:
            closest = (curve["average_guaranteed"] / curve["average_greatest"]).min()
            text += f"; the bound is {closest:.1f} times the worst game's gap where it is closest"
        sentences.append(text + ".")
    return sentences


AVERAGES = Figure(
    name="zhang2024_averages",
    title="Averages and last iterates of INPO, ONPO and Nash-MP",
    paper=ZHANG,
    claim="The average of INPO has a regularized gap of order sqrt(D / T), that of its optimistic form of order D / T "
    "(Zhang et al. 2025, arXiv:2502.16852), D = log(1 / min μ); last iterates may be far better.",
    caption="Games with i.i.d. uniform preferences, uniform reference, exact rows; every point is a play tuned to its "
    "horizon: INPO at λ = sqrt(T / 8 D), ONPO at λ = 1, Nash-MP at λ = 1/2 (two rows a round). Medians over games, "
    "bands from least to greatest. (a) Gap of the average of the policies played, and the theorems (broken). "
    "(b) Gap of the last iterate of the same plays, cut at 1e-15.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=average_data,
    paint=draw_averages,
    findings=average_findings,
    panels=2,
    size=(8.6, 4.2),
)
