"""Growth with the horizon in a population that does not react, below the bounds of the theorems."""

from dataclasses import replace
from typing import Any

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
from paper_figures import kit, style
from paper_figures.du2025.loops import LOOKS, SEARCH, pools
from paper_figures.kit import Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import final_cell, runs
from sims import Cell, Run
from theory.rates import fit_exponent

_METRICS = {
    "regret": "reward regret (good acceptances per individual)",
    "parity_violation": "parity violation (rate $\\times$ rounds)",
}
_THEOREMS = {
    "OptimisticFeasibleSearch": "du2025.",
    "FullScoreSearch": "du2025.full_scores_",
    "DoublyOptimisticSearch": "chen2022.",
}
_KINDS = {kind.__name__: kind for kind in (OptimisticFeasibleSearch, FullScoreSearch, DoublyOptimisticSearch)}


class Growth(Figure):
    """Regret and violation of each learner at each horizon with bounds and fitted exponents."""

    name = "du2025_horizon"
    title = "Regret and violation against the horizon, with the theorems' bounds"
    claim = """Reward regret and cumulative violation of order sqrt(G T ln(G T) / n) with probability 1 - δ₀ in a
    population that does not react (proof with constants in theory.threshold.bounds; the search knows T)."""
    caption = """The synthetic population, frozen in its first state, for horizons that the learner knows. Broken
    lines: the bounds of the theorems with their constants, in the colour of the learner; dotted: slope 1/2. The regret
    grows with about that slope or a little more while many thresholds are still indistinguishable, and flattens when
    the best one is known: for one population the growth is logarithmic in the end, and the square root is for the worst
    population. The violation flattens sooner, because infeasible thresholds are soon excluded. Slopes: weighted least
    squares in logarithms over all T shown, and between the last two."""
    panels, size = 2, (7.2, 4.8)
    tiny = changed(
        horizons=(64, 128, 256),
        n_thresholds=4,
        population=pools(0.0, (15, 15, 0, 10, 10)),
        learners=(SEARCH,),
        repetitions=4,
    )
    paper = changed(horizons=tuple(2**k for k in range(10, 21)), learners=tuple(_THEOREMS), repetitions=32)

    horizons: tuple[int, ...] = setting("horizons T (rounds)", tuple(2**k for k in range(10, 18)))
    n_thresholds: int = setting("thresholds G, equally spaced on [0, 1]", 50)
    batch_size: int = setting("individuals per round n", 100)
    price: float = setting("price q of a bad acceptance", 1.35)
    parity_tolerance: float = setting("parity tolerance δ (acceptance rate)", 0.1)
    failure_probability: float = setting("failure probability δ₀", 0.05)
    population: Population = setting("population", Synthetic(adaptation=0.0))
    learners: tuple[str, ...] = setting("learners", ("OptimisticFeasibleSearch", "DoublyOptimisticSearch"))
    repetitions: int = setting("repetitions", 12)
    seed: int = setting("seed (plus log2 T)", 2025)

    def data(self) -> Frame:
        """Return one row per learner, metric and horizon."""
        rows: list[Row] = []
        for name in self.learners:
            found = runs([self.cell(_KINDS[name](self.failure_probability), horizon) for horizon in self.horizons])
            for metric in _METRICS:
                fit = fit_exponent(self.horizons, np.column_stack([run.final(metric) for run in found]))
                shared = {"learner": name, "metric": metric} | kit.fitted(fit) | {"late_slope": fit.local[-1]}
                rows += [shared | _row(run, metric) for run in found]
        return kit.table(rows)

    def cell(self, learner: Any, horizon: int) -> Cell:
        """Return the simulation of a learner at a horizon."""
        sizes = (self.n_thresholds, self.batch_size, self.price, self.parity_tolerance)
        game = ThresholdGame(self.population, horizon, *sizes)
        if isinstance(learner, FullScoreSearch):
            game = replace(game, feedback=FullScores())
        return final_cell(game, learner, self, fresh=True)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret and violation against the horizon with the bounds."""
        for panel, (metric, label) in zip(axes, _METRICS.items(), strict=True):
            part = frame.filter(metric=metric)
            looks = {name: LOOKS[name] for name in kit.values(part, "learner")}
            for _, look, rows in kit.curves(part, looks, "learner", "horizon_rounds"):
                slopes = f"{look.label}: slope {rows['exponent'][0]:.2f}, last {rows['late_slope'][0]:.2f}"
                kit.curve(panel, rows, "horizon_rounds", "measured_{}", look, slopes, bound="upper_bound")
            kit.legend_entry(panel, "bound, same colour")
            x = np.array(sorted(set(part["horizon_rounds"])), dtype=float)
            foot = float(np.min(part["measured_mean"].to_numpy()))
            kit.theory_line(panel, x, foot * 0.6 * np.sqrt(x / x[0]), style.GREY, "slope 1/2", ":")
            kit.log_axes(panel, "horizon $T$ (rounds)", label)
        kit.finish(axes, ["reward regret", "parity violation"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the fitted exponents, and how much of its bound each learner uses at the largest horizon."""
        sentences = []
        for (name, metric), part in frame.group_by(["learner", "metric"], maintain_order=True):
            row = kit.last(part.sort("horizon_rounds"))
            exponent = kit.with_interval(row, "exponent{}", ".3f", kit.FITTED)
            sentences.append(
                f"{LOOKS[str(name)].label}, {str(metric).replace('_', ' ')}: fitted exponent {exponent}; "
                f"{row['measured_mean']:.0f} at T = {row['horizon_rounds']}, "
                f"{row['measured_mean'] / row['upper_bound']:.3f} of the bound {row['upper_bound_name']}."
            )
        return sentences


def _row(run: Run, metric: str) -> Row:
    import theory

    bound = theory.theorem(_THEOREMS[run.learner.name] + metric)
    failing = bound.applies(run.problem, run.learner)
    if failing:
        raise ValueError(f"{bound.name} does not apply: {failing}")
    row = {"horizon_rounds": int(run.rounds[-1])} | kit.interval("measured", run.final(metric))
    return row | {"upper_bound": bound.value_for(run.problem, run.learner), "upper_bound_name": bound.name}
