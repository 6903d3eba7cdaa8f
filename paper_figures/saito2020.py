"""Saito et al. (WSDM 2020): clipped inverse propensities trade variance for bias."""

import numpy as np

from bandits.contextual import clipped_estimate, clipped_moments
from paper_figures import kit
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.style import BLACK, BLUE, GREY, RED, Look

PAPER = Paper(
    title="Unbiased Recommender Learning from Missing-Not-At-Random Implicit Feedback",
    authors="Yuta Saito, Suguru Yaginuma, Yuta Nishino, Hayato Sakata and Kazuhide Nakata",
    venue="WSDM 2020, arXiv:1909.03601",
    url="https://arxiv.org/abs/1909.03601",
)
LOOKS = {
    "squared_bias": Look("squared bias", BLUE, ""),
    "variance": Look("variance", RED, ""),
    "squared_error": Look("mean squared error", BLACK, ""),
}


class Clipping(Figure):
    """Bias, variance and error of the clipped estimate against the clip, exact and simulated."""

    name = "saito2020_clipping"
    title = "Clipped inverse propensities: exact bias and variance"
    claim = """Weighting clicks by inverse propensities is unbiased; raising the propensities to at least M lowers the
    variance at the cost of a bias (Saito et al. 2020); the exact moments are those of `bandits.contextual.missing`."""
    caption = """Lines: exact squared bias, variance and mean squared error of the estimated loss of a recommender
    against the clip M, for user-item pairs whose exposure falls with rank. Dots: the same from simulated clicks."""
    panels, size = 1, (6.0, 4.0)
    tiny = changed(repetitions=200, points=9)
    paper = changed(repetitions=100_000, points=200)

    n_pairs: int = setting("user-item pairs", 100)
    points: int = setting("clips", 60)
    repetitions: int = setting("simulated sets of clicks", 2000)
    seed: int = setting("seed", 2020)

    def data(self) -> Frame:
        """Return exact and simulated moments for each clip."""
        rng = np.random.default_rng(self.seed)
        rank = np.arange(1, self.n_pairs + 1)
        exposure, relevance = rank**-0.5, rng.beta(1.0, 2.0, self.n_pairs)
        scores = rng.uniform(0.05, 0.5, self.n_pairs)
        losses = -np.log(scores), -np.log(1.0 - scores)
        truth = float((relevance * losses[0] + (1.0 - relevance) * losses[1]).mean())
        clicks = (rng.random((self.repetitions, self.n_pairs)) < exposure * relevance).astype(float)
        rows = []
        for place, clip in enumerate(np.linspace(0.0, 1.0, self.points)):
            exact = clipped_moments(exposure, relevance, *losses, clip)
            row = {"clip": clip, "squared_bias": exact.bias**2, "variance": exact.variance}
            row["squared_error"] = exact.squared_error
            if place % 8 == 0:
                found = np.array([clipped_estimate(y, exposure, *losses, clip) for y in clicks])
                row["simulated_variance"] = float(found.var())
                row["simulated_squared_bias"] = float((found.mean() - truth) ** 2)
                row["simulated_squared_error"] = float(((found - truth) ** 2).mean())
            rows.append(row)
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the exact moments as lines and the simulated ones as dots."""
        (panel,) = axes
        for name, look in LOOKS.items():
            kit.marked(panel, frame["clip"], frame[name], look)
            panel.plot(frame["clip"], frame[f"simulated_{name}"], "o", color=look.colour, markersize=4)
        panel.plot([], [], "o", color=GREY, markersize=4, label="simulated")
        panel.set(xlabel="clip $M$", ylabel="squared error (loss²)")
        panel.set_ylim(bottom=0.0)
        kit.legend_below(panel, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the clip of least error."""
        best, none = frame.sort("squared_error").row(0, named=True), kit.first(frame)
        return [
            f"Least mean squared error {best['squared_error']:.4f} at M = {best['clip']:.2f}; without clipping "
            f"{none['squared_error']:.4f}, all of it variance."
        ]
