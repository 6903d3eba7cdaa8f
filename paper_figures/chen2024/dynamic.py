"""Comparators that move: Ader beside gradient descent at fixed rates."""

import numpy as np

from bandits.combine import Observed, observed
from bandits.convex import Ader, Ball, ConvexGame, FixedRateOGD, SEALosses
from paper_figures import kit
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import BLUE, GREEN, ORANGE, RED, Look
from theory.convex.witnesses.moving_comparator import MovingComparator


class Dynamic(Figure):
    """Dynamic regret against the length of the comparator's path."""

    name = "zhang2018_dynamic"
    title = "Comparators that move"
    source = Paper(
        "Adaptive Online Learning in Dynamic Environments",
        "Lijun Zhang, Shiyin Lu & Zhi-Hua Zhou",
        "NeurIPS 2018",
        "https://arxiv.org/abs/1810.10815",
    )
    claim = """Against every sequence of comparators whose path has length P, Ader has dynamic regret of order sqrt(T (1
    + P)), which gradient descent has only at a rate that is tuned to P."""
    caption = """Mean dynamic regret at the horizon, with pointwise 95% intervals, against the length P of the path of
    the comparator, which plays the best point of the unit ball for the mean loss of every round. The mean gradient
    turns once in a period; its norm is 1, and noise of the listed norm is added. Dashed: the bound of Ader."""
    panels, size = 1, (6.0, 4.4)
    tiny = changed(horizon=200, periods=(20, 200), repetitions=4)
    paper = changed(horizon=50_000, repetitions=100)

    horizon: int = setting("horizon T (rounds)", 5000)
    periods: tuple[int, ...] = setting("periods (rounds)", (20, 60, 200, 600, 2000, 20_000))
    noise: float = setting("noise", 2.0)
    rates: tuple[float, float, float] = setting("rates, in multiples of D / (G sqrt T)", (1.0, 5.0, 25.0))
    repetitions: int = setting("repetitions", 20)
    seed: int = setting("seed", 2018)

    def data(self) -> Frame:
        """Return the dynamic regret of each learner at each period."""
        rows = []
        for period in self.periods:
            problem = self._game(period)
            tuned = problem.diameter / (problem.gradient_bound * np.sqrt(self.horizon))
            learners = [FixedRateOGD(multiple * tuned) for multiple in self.rates] + [Ader()]
            names = [f"rate {multiple:g}" for multiple in self.rates] + ["Ader"]
            for name, run in zip(
                names, runs([final_cell(problem, learner, self) for learner in learners]), strict=True
            ):
                columns = {"learner": name, "path": self._comparator(period).path_length(self.horizon)}
                bound = kit.bound_value("zhang2018.ader", run) if name == "Ader" else np.nan
                rows.append(columns | {"bound": bound} | kit.interval("regret", run.final("dynamic_regret")))
        return kit.table(rows)

    def _comparator(self, period: int) -> MovingComparator:
        angle = 2.0 * np.pi * np.arange(self.horizon) / period
        return MovingComparator(-np.column_stack([np.cos(angle), np.sin(angle)]))

    def _game(self, period: int) -> Observed:
        losses = SEALosses([1.0, 0.0], "rotation", self.noise, period=period)
        return observed(ConvexGame(losses, Ball(2), self.horizon), self._comparator(period))

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the dynamic regret against the path."""
        (panel,) = axes
        for name, look, rows in kit.curves(frame, self._looks(), "learner", "path"):
            kit.curve(panel, rows, "path", "regret_{}", look, bound="bound" if name == "Ader" else "")
        kit.log_axes(panel, "path of the comparator $P$", "dynamic regret (loss)", base=10)
        kit.legend_entry(panel, "bound of Ader")
        kit.legend_below(panel, 2)

    def _looks(self) -> dict[str, Look]:
        kinds = zip(self.rates, (ORANGE, GREEN, RED), "^ds", strict=True)
        fixed = {f"rate {m:g}": Look(f"gradient descent, rate x {m:g}", colour, mark) for m, colour, mark in kinds}
        return {"Ader": Look("Ader", BLUE, "o")} | fixed

    def findings(self, frame: Frame) -> list[str]:
        """Return Ader's regret relative to the best rate at each path."""
        sentences = []
        for path in kit.values(frame, "path"):
            rows = frame.filter(path=path)
            own = rows.filter(learner="Ader")["regret_mean"][0]
            best = rows.filter(rows["learner"] != "Ader")["regret_mean"].min()
            sentences.append(f"P = {path:.0f}: Ader's dynamic regret is {own / best:.2f} of that at the best rate.")
        return sentences
