"""Growth with the horizon in a population that stands still, under the theorems' lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.threshold import (
    DoublyOptimisticSearch,
    FullScores,
    FullScoreSearch,
    OptimisticFeasibleSearch,
    Synthetic,
    ThresholdGame,
)
from bandits.threshold.population import Population
from paper_figures import style
from paper_figures.du2025 import loops
from paper_figures.du2025.loops import LOOKS, labelled
from paper_figures.du2025.source import DU
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from sims import Cell, Run
from theory.rates import fit_exponent

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

_METRICS = {
    "regret": "reward regret (good acceptances per individual)",
    "parity_violation": "parity violation (rate $\\times$ rounds)",
}
_THEOREMS = {
    "OptimisticFeasibleSearch": "du2025.",
    "FullScoreSearch": "du2025.full_scores_",
    "DoublyOptimisticSearch": "chen2022.",
}
_STILL = Synthetic(adaptation=0.0)


@dataclass(frozen=True)
class GrowthSettings:
    """Parameters of the figure over horizons."""

    horizons: tuple[int, ...] = labelled("horizons T (rounds)", tuple(2**k for k in range(10, 18)))
    n_thresholds: int = labelled("thresholds G, equally spaced on [0, 1]", 50)
    batch_size: int = labelled("individuals a round n", 100)
    price: float = labelled("price q of a bad acceptance", 1.35)
    parity_tolerance: float = labelled("parity tolerance δ (acceptance rate)", 0.1)
    failure_probability: float = labelled("failure probability δ₀", 0.05)
    population: Population = field(default=_STILL, metadata={"label": "population"})
    learners: tuple[str, ...] = labelled("learners", ("OptimisticFeasibleSearch", "DoublyOptimisticSearch"))
    repetitions: int = labelled("repetitions", 12)
    seed: int = labelled("seed (plus log2 T)", 2025)


QUICK = GrowthSettings()
PAPER = GrowthSettings(horizons=tuple(2**k for k in range(10, 21)), learners=tuple(_THEOREMS), repetitions=32)


def growth_data(settings: GrowthSettings) -> "polars.DataFrame":
    """Return regret and violation of each learner at each horizon with the theorems' values and fitted exponents."""
    import polars

    kinds = {kind.__name__: kind for kind in (OptimisticFeasibleSearch, FullScoreSearch, DoublyOptimisticSearch)}
    rows: list[dict[str, Any]] = []
    for name in settings.learners:
        learner = kinds[name](settings.failure_probability)
        found = runs([_cell(settings, learner, horizon) for horizon in settings.horizons])
        for metric in _METRICS:
            samples = np.column_stack([run.final(metric) for run in found])
            fit = fit_exponent(settings.horizons, samples)
            shared = {"learner": name, "metric": metric, "exponent": fit.exponent}
            shared |= {"exponent_low95": fit.low, "exponent_high95": fit.high, "late_slope": fit.local[-1]}
            rows += [shared | _row(run, metric) for run in found]
    return polars.DataFrame(rows)


def _cell(settings: GrowthSettings, learner: Any, horizon: int) -> Cell:
    game = ThresholdGame(
        settings.population,
        horizon,
        settings.n_thresholds,
        settings.batch_size,
        settings.price,
        settings.parity_tolerance,
    )
    if isinstance(learner, FullScoreSearch):
        game = replace(game, feedback=FullScores())
    return Cell(game, learner, settings.repetitions, settings.seed + horizon.bit_length() - 1, (horizon,))


def _row(run: Run, metric: str) -> dict[str, Any]:
    import theory

    bound = theory.theorem(_THEOREMS[run.learner.name] + metric)
    failing = bound.applies(run.problem, run.learner)
    if failing:
        raise ValueError(f"{bound.name} does not apply: {failing}")
    columns = loops.interval_columns("measured", run.final(metric))
    return {
        "horizon_rounds": int(run.rounds[-1]),
        **{key: float(value) for key, value in columns.items()},
        "upper_bound": bound.value_for(run.problem, run.learner),
        "upper_bound_name": bound.name,
    }


def draw_growth(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw regret and violation against the horizon with the theorems' lines."""
    for panel, (metric, label) in zip(axes, _METRICS.items(), strict=True):
        part = frame.filter(frame["metric"] == metric)
        for name in part["learner"].unique(maintain_order=True):
            curve = part.filter(part["learner"] == name).sort("horizon_rounds")
            look, x = LOOKS[name], curve["horizon_rounds"]
            label_of = f"{look.label}: slope {curve['exponent'][0]:.2f}, last {curve['late_slope'][0]:.2f}"
            style.band(panel, x, style.measured(curve, "measured_{}"), look, label_of)
            style.theory(panel, x, curve["upper_bound"], look.colour)
        x = np.array(sorted(set(part["horizon_rounds"])), dtype=float)
        foot = float(part["measured_mean"].min())
        style.theory(panel, x, foot * 0.6 * np.sqrt(x / x[0]), style.GREY, "slope 1/2", ":")
        style.log_axes(panel, "horizon $T$ (rounds)", label)
        style.legend_below(panel)
    style.panel_letters(axes, ["reward regret", "parity violation"])


def growth(frame: "polars.DataFrame") -> list[str]:
    """Return the fitted exponents, and how much of its bound each learner uses at the largest horizon."""
    sentences = []
    for (name, metric), part in frame.group_by(["learner", "metric"], maintain_order=True):
        row = part.sort("horizon_rounds").row(-1, named=True)
        sentences.append(
            f"{LOOKS[str(name)].label}, {str(metric).replace('_', ' ')}: fitted exponent {row['exponent']:.3f} "
            f"[{row['exponent_low95']:.3f}, {row['exponent_high95']:.3f}]; {row['measured_mean']:.0f} at T = "
            f"{row['horizon_rounds']}, {row['measured_mean'] / row['upper_bound']:.3f} of the bound "
            f"{row['upper_bound_name']}."
        )
    return sentences


GROWTH = Figure(
    name="du2025_horizon",
    title="Regret and violation against the horizon, under the theorems",
    paper=DU,
    claim="Reward regret and cumulative violation of order sqrt(G T ln(G T) / n) with probability 1 - δ₀ where the "
    "population stands still (proof with constants in theory.threshold.bounds; the search knows T).",
    caption="The synthetic population, frozen in its first state, for horizons that the learner is told. Broken lines: "
    "the theorems' right sides with their constants, in the learner's colour; dotted: slope 1/2. The regret grows with "
    "about that slope or a little more while many thresholds still look alike, and flattens when the best one is "
    "known: for one population the growth is logarithmic in the end, the square root being for the worst of them. The "
    "violation flattens sooner, because an infeasible threshold is soon found out. Slopes: weighted least squares in "
    "logarithms over all T shown, and between the last two.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=growth_data,
    paint=draw_growth,
    findings=growth,
    panels=2,
    size=(8.6, 4.8),
)
