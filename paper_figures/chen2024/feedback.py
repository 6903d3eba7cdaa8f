"""One game, four kinds of feedback."""

import numpy as np

from bandits.convex import (
    OGD,
    Ball,
    ConvexGame,
    FollowTheLeader,
    FullFunction,
    Gradient,
    OnePoint,
    OnePointDescent,
    SEALosses,
    TwoPointDescent,
    TwoPoints,
)
from paper_figures import kit
from paper_figures.chen2024 import LOOKS
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import final_cell, runs
from theory.rates import fit_exponent

PLAYS = (
    (FullFunction(), FollowTheLeader()),
    (Gradient(), OGD()),
    (TwoPoints(), TwoPointDescent()),
    (OnePoint(), OnePointDescent()),
)


class Feedback(Figure):
    """Regret against the horizon, for four kinds of feedback on the same losses."""

    name = "flaxman2005_feedback"
    title = "Whole functions, gradients, two values, one value"
    source = Paper(
        "Online convex optimization in the bandit setting: gradient descent without a gradient",
        "Abraham D. Flaxman, Adam Tauman Kalai & H. Brendan McMahan",
        "SODA 2005",
        "https://arxiv.org/abs/cs/0408007",
    )
    claim = """Gradient descent on estimates from one value of the loss per round has regret of order T^(3/4); two
    values per round allow sqrt(T), as gradients do."""
    caption = """Mean regret at the horizon with pointwise 95% intervals; losses (L/2) |x|^2 + <m + z_t, x> on the unit
    ball, the same ones for every feedback. The whole function allows a regret of order ln T, since the losses are
    curved. Every learner is tuned by its theorem."""
    panels, size = 1, (6.4, 5.0)
    tiny = changed(horizons=(64, 128, 256), repetitions=4)
    paper = changed(horizons=tuple(2**k for k in range(8, 19)), repetitions=100)

    horizons: tuple[int, ...] = setting("horizons T (rounds)", tuple(2**k for k in range(8, 15)))
    dimension: int = setting("dimension d", 2)
    curvature: float = setting("curvature L", 0.5)
    mean: float = setting("mean gradient at 0, each coordinate", 0.2)
    noise: float = setting("noise |z_t|", 1.0)
    repetitions: int = setting("repetitions", 24)
    seed: int = setting("seed", 2005)

    def data(self) -> Frame:
        """Return the regret of each learner at each horizon, and its exponent."""
        losses = SEALosses(np.full(self.dimension, self.mean), noise=self.noise, curvature=self.curvature)
        tables = []
        for feedback, learner in PLAYS:
            games = [ConvexGame(losses, Ball(self.dimension), T, feedback) for T in self.horizons]
            found = runs([final_cell(game, learner, self, fresh=True) for game in games])
            regrets = np.column_stack([run.final("regret") for run in found])
            columns = {"learner": learner.name, "horizon": self.horizons}
            fit = kit.fitted(fit_exponent(self.horizons, regrets))
            tables.append(kit.table(columns | kit.interval("regret", regrets) | fit))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret against the horizon."""
        (panel,) = axes
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon"):
            kit.curve(panel, rows, "horizon", "regret_{}", look)
        kit.log_axes(panel, "horizon $T$", "regret (loss)")
        kit.legend_below(panel, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the exponents."""
        sentences = []
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon"):
            row = kit.last(rows)
            slope = f"{row['exponent']:.2f} [{row['exponent_low95']:.2f}, {row['exponent_high95']:.2f}]"
            sentences.append(f"{look.label}: exponent {slope}.")
        return sentences
