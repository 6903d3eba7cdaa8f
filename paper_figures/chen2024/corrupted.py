"""Losses with one mean, of which an adversary chooses the first ones."""

import numpy as np

from bandits.convex import OGD, Ball, ConvexGame, OptimisticDescent, SEALosses
from paper_figures import kit
from paper_figures.chen2024 import LOOKS
from paper_figures.kit import Figure, Frame, Panels, changed, setting
from paper_figures.simulations import final_cell, runs


class Corrupted(Figure):
    """Regret against the number of corrupted rounds."""

    name = "chen2024_corrupted"
    title = "A few adversarial rounds among many of one mean"
    claim = """If an adversary chooses the means of C rounds of independent losses, Sigma^2 is of order C, and
    optimistic descent has regret of order sqrt(sigma^2) + sqrt(C)."""
    caption = """Mean regret at the horizon, with pointwise 95% intervals, against the number C of corrupted rounds;
    linear losses on the unit ball. In the first C rounds the mean takes the signs of the point that is played,
    afterwards it is fixed. Dotted: sqrt(C), through the last point of optimistic descent; dashed: its bound."""
    panels, size = 1, (6.0, 4.2)
    tiny = changed(horizon=400, corruptions=(4, 40), repetitions=4)
    paper = changed(horizon=200_000, corruptions=(10, 30, 100, 300, 1000, 3000, 10_000, 30_000), repetitions=100)

    horizon: int = setting("horizon T (rounds)", 20_000)
    corruptions: tuple[int, ...] = setting("corrupted rounds C", (10, 30, 100, 300, 1000, 3000))
    dimension: int = setting("dimension d", 2)
    mean: float = setting("mean, each coordinate", 0.5)
    noise: float = setting("noise sigma", 0.05)
    repetitions: int = setting("repetitions", 20)
    seed: int = setting("seed", 2024)

    def data(self) -> Frame:
        """Return the regret of both learners at each corruption."""
        learners = (OGD(), OptimisticDescent())
        cells = [final_cell(self._game(C), learner, self) for learner in learners for C in self.corruptions]
        rows = []
        for run in runs(cells):
            columns = {"learner": run.learner.name, "corrupted": run.problem.losses.period}  # type: ignore[attr-defined]
            bound = kit.bound_value("chen2024.sea", run) if run.learner.name == "OptimisticDescent" else np.nan
            rows.append(columns | {"bound": bound} | kit.interval("regret", run.final("regret")))
        return kit.table(rows)

    def _game(self, corrupted: int) -> ConvexGame:
        losses = SEALosses(np.full(self.dimension, self.mean), "corrupted", self.noise, period=corrupted)
        return ConvexGame(losses, Ball(self.dimension), self.horizon)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret against the corrupted rounds."""
        (panel,) = axes
        for name, look, rows in kit.curves(frame, LOOKS, "learner", "corrupted"):
            kit.curve(panel, rows, "corrupted", "regret_{}", look, bound="bound" if name == "OptimisticDescent" else "")
            if name == "OptimisticDescent":
                C, last = rows["corrupted"].to_numpy(), kit.last(rows)
                kit.theory_line(panel, C, last["regret_mean"] * np.sqrt(C / C[-1]), look.colour, r"$\sqrt{C}$", ":")
        kit.log_axes(panel, "corrupted rounds $C$", "regret (loss)", base=10)
        kit.legend_entry(panel, "bound")
        kit.legend_below(panel, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the slopes over the second half of the corruptions."""
        sentences = []
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "corrupted"):
            late = rows.tail(max(2, rows.height // 2))
            slope = np.polyfit(np.log(late["corrupted"]), np.log(late["regret_mean"]), 1)[0]
            sentences.append(f"{look.label}: the regret grows like C^{slope:.2f}.")
        return sentences
