"""Bartok et al. (Mathematics of Operations Research 2014): four classes of finite games."""

from typing import Any

import numpy as np

from bandits.partial import (
    Exp3Signals,
    FiniteGame,
    IndependentOutcomes,
    LabelEfficient,
    PartialMonitoring,
    WaterTransfer,
)
from paper_figures import kit
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import BLACK, BLUE, ORANGE, RED, Look
from theory.rates import fit_exponent

PAPER = Paper(
    title="Partial Monitoring: Classification, Regret Bounds, and Algorithms",
    authors="Gábor Bartók, Dean P. Foster, Dávid Pál, Alexander Rakhlin & Csaba Szepesvári",
    venue="Mathematics of Operations Research 39(4), 2014",
    url="https://doi.org/10.1287/moor.2014.0663",
)
LOOKS = {
    "WaterTransfer": Look("water transfer", BLUE, "o"),
    "LabelEfficient": Look("label-efficient weights", ORANGE, "^"),
    "Exp3Signals": Look("EXP3 on signals", RED, "D"),
}
COSTS = (0.5, 1.0)
EXPONENTS = {"easy": 1 / 2, "hard": 2 / 3}


class PhaseTransition(Figure):
    """Regret against the horizon in the label-efficient game, at a query cost of 1/2 and of 1."""

    name = "bartok2014_phase_transition"
    title = "The price of a query decides the rate of regret"
    claim = """Label-efficient prediction is easy, with least regret of order sqrt(T), while a query costs at most 1/2,
    and hard, of order T^(2/3), as soon as it costs more: a query that loses as much as a coin flip explores for
    nothing."""
    caption = """Mean regret at the horizon, with pointwise 95% intervals over repetitions, for the hardest of the
    listed gaps: outcome 1 has probability 1/2 + gap, with gap the listed multiple of T^(-1/2) or T^(-1/3). (a) A query
    loses 1/2, the mean of both predictions. (b) A query loses 1; water transfer queries as before, and its regret is
    linear. Every learner is tuned by its theorem for each horizon; dashed: the exponents of the classes."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(horizons=(64, 256, 1024), repetitions=4)
    paper = changed(horizons=(1_000, 10_000, 100_000, 1_000_000), multiples=(0.25, 0.5, 1.0), repetitions=100)

    horizons: tuple[int, ...] = setting("horizons T (rounds)", (500, 5_000, 50_000))
    multiples: tuple[float, ...] = setting("gaps, in multiples of T^(-1/2) and T^(-1/3)", (0.25, 1.0))
    repetitions: int = setting("repetitions", 24)
    seed: int = setting("seed", 2014)

    def data(self) -> Frame:
        """Return the regret of each learner at each cost and horizon, and its exponent."""
        tables = []
        for cost in COSTS:
            game = FiniteGame.label_efficient(cost)
            kind = game.classify().kind
            for learner in (WaterTransfer(), LabelEfficient(), Exp3Signals()):
                hardest = [self._hardest(game, learner, T) for T in self.horizons]
                columns = {"query_cost": cost, "kind": kind, "learner": learner.name, "horizon": self.horizons}
                regrets = kit.interval("regret", np.column_stack(hardest))
                fit = fit_exponent(self.horizons, np.column_stack(hardest))
                tables.append(kit.table(columns | regrets | kit.fitted(fit)))
        return kit.stack(tables)

    def _hardest(self, game: FiniteGame, learner: Any, T: int) -> Any:
        """Return the regrets (repetitions,) at the gap at which their mean is largest."""
        gaps = {min(m * T**power, 0.5) for m in self.multiples for power in (-1 / 2, -1 / 3)}
        cells = [
            final_cell(PartialMonitoring(game, IndependentOutcomes([0.5 - gap, 0.5 + gap]), T), learner, self)
            for gap in sorted(gaps)
        ]
        return max((run.final("regret") for run in runs(cells)), key=np.mean)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret against the horizon, one panel per cost."""
        titles = []
        for panel, cost in zip(axes, COSTS, strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon", query_cost=cost):
                kit.curve(panel, rows, "horizon", "regret_{}", look)
            kind = frame.filter(query_cost=cost)["kind"][0]
            best = {"easy": "WaterTransfer", "hard": "LabelEfficient"}[kind]
            rows = frame.filter(query_cost=cost, learner=best).sort("horizon")
            T = rows["horizon"].to_numpy().astype(float)
            line = 0.6 * rows["regret_mean"][0] * (T / T[0]) ** EXPONENTS[kind]
            words = {"easy": "1/2", "hard": "2/3"}[kind]
            kit.theory_line(panel, T, line, BLACK, f"slope {words}")
            kit.log_axes(panel, "horizon $T$", "regret (loss)", base=10)
            titles.append(f"query cost {cost:g}: {kind}")
        kit.finish(axes, titles)
        kit.share_limits(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the exponents."""
        sentences = []
        for cost in COSTS:
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon", query_cost=cost):
                row = kit.last(rows)
                slope = f"{row['exponent']:.2f} [{row['exponent_low95']:.2f}, {row['exponent_high95']:.2f}]"
                regret = kit.with_interval(row, "regret_{}", ".0f")
                sentences.append(f"{look.label}, query cost {cost:g}: exponent {slope}, {regret} at the last horizon.")
        return sentences
