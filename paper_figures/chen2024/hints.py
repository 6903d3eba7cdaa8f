"""Hints: from those that are right to those that are worse than none."""

import numpy as np

from bandits.convex import OGD, Ball, ConvexGame, Gradient, HintedGradient, OptimisticDescent, SEALosses
from paper_figures import kit
from paper_figures.chen2024 import LOOKS
from paper_figures.kit import Figure, Frame, Panels, changed, setting
from paper_figures.simulations import final_cell, runs


class Hints(Figure):
    """Regret of optimistic descent against the error of its hints."""

    name = "chen2024_hints"
    title = "The worth of a hint"
    claim = """With hints M_t of the gradients g_t, the regret is at most (3/2) D sqrt(4 G^2 + sum |g_t - M_t|^2):
    bounded if the hints are right, and never worse than sqrt(T) in order."""
    caption = """Mean regret at the horizon, with pointwise 95% intervals, against the error |g_t - M_t| of the hints in
    every round; linear losses on the unit ball, whose gradients are noise of the listed norm. Lines: gradient descent,
    and optimistic descent with the last gradient as its hint; dashed: the bound for the error. A hint that is nearly
    right tells the loss before it comes, so that the regret to a fixed point is far below 0; the vertical axis is
    linear within 10 of 0 and logarithmic beyond."""
    panels, size = 1, (6.0, 4.2)
    tiny = changed(horizon=200, errors=(0.1, 1.0), repetitions=4)
    paper = changed(horizon=50_000, repetitions=200)

    horizon: int = setting("horizon T (rounds)", 5000)
    dimension: int = setting("dimension d", 2)
    noise: float = setting("norm of the gradients", 1.0)
    errors: tuple[float, ...] = setting("errors of the hints", (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 2.0))
    repetitions: int = setting("repetitions", 40)
    seed: int = setting("seed", 2024)

    def data(self) -> Frame:
        """Return the regret at each error, and without hints."""
        losses = SEALosses(np.zeros(self.dimension), noise=self.noise)
        told = [HintedGradient(error=error) for error in self.errors]
        plain = ConvexGame(losses, Ball(self.dimension), self.horizon, Gradient())
        games = [ConvexGame(losses, Ball(self.dimension), self.horizon, feedback) for feedback in told]
        cells = [final_cell(game, OptimisticDescent(), self) for game in games]
        cells += [final_cell(plain, learner, self) for learner in (OptimisticDescent(), OGD())]
        rows, found = [], runs(cells)
        for error, run in zip((*self.errors, None, None), found, strict=True):
            name = run.learner.name + (" with hints" if error is not None else "")
            for x in self.errors if error is None else (error,):
                variation = run.mean("variation")[-1]
                bound = 3.0 * np.sqrt(4.0 * run.problem.gradient_bound**2 + variation)  # type: ignore[attr-defined]
                columns = {"learner": name, "error": x, "bound": bound if error is not None else np.nan}
                rows.append(columns | kit.interval("regret", run.final("regret")))
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret against the error."""
        (panel,) = axes
        for name, look, rows in kit.curves(frame, LOOKS, "learner", "error"):
            kit.curve(panel, rows, "error", "regret_{}", look, bound="bound" if name.endswith("hints") else "")
        kit.log_x(panel, r"error $|g_t - M_t|$ of the hints", "regret (loss)", base=10)
        panel.set_yscale("symlog", linthresh=10.0)
        kit.legend_entry(panel, "bound")
        kit.legend_below(panel, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the regret with the best and the worst hints."""
        rows = frame.filter(learner="OptimisticDescent with hints").sort("error")
        return [
            f"Error {row['error']:g}: regret {kit.with_interval(row, 'regret_{}', '.1f')}, bound {row['bound']:.1f}."
            for row in (kit.first(rows), kit.last(rows))
        ]
