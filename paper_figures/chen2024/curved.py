"""Strongly convex losses: regret of order ln T."""

import numpy as np

from bandits.convex import Ball, ConvexGame, OptimisticFTL, SEALosses, StronglyConvexOGD
from paper_figures import kit
from paper_figures.chen2024 import LOOKS
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import runs
from sims import Cell

THEOREMS = {"StronglyConvexOGD": "hazan2007.strong", "OptimisticFTL": "sachs2022.strong"}


class Curved(Figure):
    """Regret against ln T at several levels of noise."""

    name = "sachs2022_curved"
    title = "Strongly convex losses: the regret grows with ln T"
    source = Paper(
        "Between Stochastic and Adversarial Online Convex Optimization: Improved Regret Bounds via Smoothness",
        "Sarah Sachs, Hédi Hadiji, Tim van Erven & Cristóbal Guzmán",
        "NeurIPS 2022",
        "https://arxiv.org/abs/2202.07554",
    )
    claim = """On strongly convex losses gradient descent has regret of order G^2 ln T, optimistic follow the leader of
    order sigma^2 ln T where the mean does not move: in proportion to the variance of the gradients, not to their
    size."""
    caption = """Mean regret with 95% intervals against the round, on logarithmic axes; losses (mu/2) |x|^2 +
    <m + z_t, x> on the unit ball, |z_t| = sigma as listed. Dashed: the theorems, of which that of optimistic FTL has a
    large constant and a small factor of ln T where there is little noise. The regret itself grows by sigma^2 / (2 mu)
    for each e-fold of t."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(horizon=256, repetitions=4)
    paper = changed(horizon=2**18, repetitions=400)

    horizon: int = setting("horizon T (rounds)", 2**14)
    dimension: int = setting("dimension d", 2)
    curvature: float = setting("strong convexity mu", 1.0)
    mean: float = setting("mean gradient at 0, each coordinate", 0.5)
    noises: tuple[float, float] = setting("noise sigma", (0.1, 1.0))
    repetitions: int = setting("repetitions", 60)
    seed: int = setting("seed", 2022)

    def data(self) -> Frame:
        """Return the regret at powers of 2."""
        rounds = tuple(2**k for k in range(3, int(np.log2(self.horizon)) + 1))
        cells = [
            Cell(self._game(noise), learner, self.repetitions, self.seed, rounds)
            for noise in self.noises
            for learner in (StronglyConvexOGD(), OptimisticFTL())
        ]
        tables = []
        for run in runs(cells):
            columns = {"learner": run.learner.name, "noise": run.problem.losses.noise, "round": run.rounds}  # type: ignore[attr-defined]
            bound = {"bound": kit.bound_along(THEOREMS[run.learner.name], run)}
            tables.append(kit.table(columns | bound | kit.run_interval(run, "regret")))
        return kit.stack(tables)

    def _game(self, noise: float) -> ConvexGame:
        losses = SEALosses(np.full(self.dimension, self.mean), noise=noise, curvature=self.curvature)
        return ConvexGame(losses, Ball(self.dimension), self.horizon)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret against the round, one panel per noise."""
        for panel, noise in zip(axes, self.noises, strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "round", noise=noise):
                kit.curve(panel, rows, "round", "regret_{}", look, bound="bound")
            kit.log_axes(panel, "round $t$", "regret (loss)")
            kit.legend_entry(panel, "bounds")
        kit.finish(axes, [rf"noise $\sigma$ = {noise:g}" for noise in self.noises], [])
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the regret per ln T, between the middle and the end."""
        sentences = []
        for noise in self.noises:
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "round", noise=noise):
                n, y = rows["round"].to_numpy(), rows["regret_mean"].to_numpy()
                half = len(n) // 2
                slope = (y[-1] - y[half]) / np.log(n[-1] / n[half])
                sentences.append(f"{look.label}, sigma = {noise:g}: {slope:.3f} more regret for each e-fold of T.")
        return sentences
