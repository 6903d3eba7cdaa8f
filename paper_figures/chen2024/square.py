"""Between stochastic and adversarial: regret by noise and by drift."""

import numpy as np

from bandits.convex import OGD, Ball, ConvexGame, OptimisticDescent, SEALosses
from paper_figures import kit
from paper_figures.chen2024 import LOOKS
from paper_figures.kit import Figure, Frame, Panels, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import BLUE, ORANGE, RED, Look

DRIFTS = (Look("", BLUE, "o"), Look("", ORANGE, "^"), Look("", RED, "s"))


class Square(Figure):
    """Regret against the noise, for several drifts, under the theorem."""

    name = "chen2024_square"
    title = "Between stochastic and adversarial losses"
    claim = """Optimistic descent has regret of order sqrt(sigma^2) + sqrt(Sigma^2), sums over the rounds of the
    variance of the gradients and of the squared changes of their means: sqrt(T) for fully adversarial losses, and no
    more for noise, in proportion to its size."""
    caption = """Mean regret at the horizon divided by sqrt(T), with pointwise 95% intervals; linear losses on the unit
    ball in d dimensions. Noise: gradients are the mean plus a vector of norm sigma with random signs. Drift: the
    coordinates of the mean have the listed size and the signs of the point that is played. (a) Gradient descent, whose
    steps are tuned to the largest gradient. (b) Optimistic descent with the last gradient as hint; dashed: its bound,
    which takes the largest possible drift."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(horizon=200, noises=(0.1, 1.0), repetitions=4)
    paper = changed(horizon=50_000, repetitions=60)

    horizon: int = setting("horizon T (rounds)", 5000)
    dimension: int = setting("dimension d", 2)
    noises: tuple[float, ...] = setting("noise sigma", (0.03, 0.1, 0.3, 1.0, 3.0))
    drifts: tuple[float, ...] = setting("drift per coordinate", (0.0, 0.03, 0.3))
    repetitions: int = setting("repetitions", 20)
    seed: int = setting("seed", 2024)

    def data(self) -> Frame:
        """Return the regret of both learners at each noise and drift."""
        cells = [
            final_cell(self._game(noise, drift), learner, self)
            for learner in (OGD(), OptimisticDescent())
            for drift in self.drifts
            for noise in self.noises
        ]
        rows, root = [], np.sqrt(self.horizon)
        for run in runs(cells):
            losses = run.problem.losses  # type: ignore[attr-defined]
            columns = {"learner": run.learner.name, "noise": losses.noise, "drift": float(losses.mean[0])}
            bound = kit.bound_value("chen2024.sea", run) / root if run.learner.name == "OptimisticDescent" else np.nan
            rows.append(columns | {"bound": bound} | kit.interval("regret", run.final("regret") / root))
        return kit.table(rows)

    def _game(self, noise: float, drift: float) -> ConvexGame:
        losses = SEALosses(np.full(self.dimension, drift), "sign", noise)
        return ConvexGame(losses, Ball(self.dimension), self.horizon)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret against the noise, one panel per learner, one line per drift."""
        names = ("OGD", "OptimisticDescent")
        for panel, name in zip(axes, names, strict=True):
            for drift, look in zip(self.drifts, DRIFTS, strict=True):
                rows = frame.filter(learner=name, drift=drift).sort("noise")
                bound = "bound" if name == "OptimisticDescent" else ""
                kit.curve(panel, rows, "noise", "regret_{}", look, f"drift {drift:g}", bound)
            kit.legend_entry(panel, "bound")
            kit.log_axes(panel, r"noise $\sigma$", r"regret / $\sqrt{T}$", base=10)
        kit.finish(axes, [LOOKS[name].label for name in names], [])
        kit.shared_legend(axes)
        kit.share_limits(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the slope of the regret of optimistic descent in the noise, without drift."""
        rows = frame.filter(learner="OptimisticDescent", drift=self.drifts[0]).sort("noise")
        slope = np.polyfit(np.log(rows["noise"]), np.log(rows["regret_mean"]), 1)[0]
        share = (rows["regret_mean"] / rows["bound"]).max()
        words = f"regret grows like sigma^{slope:.2f}, at most {share:.2f} of the bound"
        return [f"Optimistic descent, drift {self.drifts[0]:g}: {words}."]
