"""Saito et al. (WSDM 2020): clipped inverse propensities trade variance for bias."""

import numpy as np

from bandits.loops import ClippedInverse, ExposureLoop, Popularity, clipped_estimate, clipped_moments
from bandits.protocol import Learner
from paper_figures import kit
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, RED, Look
from sims import Cell
from theory.loops.bounds import EXPOSURE_ERROR
from theory.loops.exact import expected_concentration

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
    variance at the cost of a bias (Saito et al. 2020); the exact moments are those of `bandits.loops.missing`."""
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


RECOMMENDERS: dict[str, tuple[Look, Learner, float]] = {  # with the floor
    "popular": (Look("popularity", RED, "D"), Popularity(), 0.0),
    "floored": (Look("popularity, floor 0.1", ORANGE, "v"), Popularity(), 0.1),
    "clicks": (Look("raw clicks, floor 0.1", GREEN, "s"), ClippedInverse(1.0, 5.0), 0.1),
    "inverse": (Look("inverse propensities, floor 0.1", BLUE, "o"), ClippedInverse(0.01, 5.0), 0.1),
}


class Exposure(Figure):
    """Concentration of what recommenders show of equally relevant items, and errors of their estimates."""

    name = "saito2020_exposure"
    title = "Shown by their clicks, items that are all alike do not stay so"
    claim = """A recommender decides which clicks it sees: shown in proportion to their clicks, items are Polya's urn.
    With a floor, clicks over the known probabilities are unbiased for every item, whatever is shown
    (`ours.exposure_error`)."""
    caption = """Items of equal relevance, one shown per round. (a) Concentration, the sum over items of the squared
    probability of being shown, with 95% intervals: 1/n (dotted) where all are shown alike. Broken line: the exact
    expectation for popularity without a floor. (b) Mean squared error of the estimates clicks / probability of the
    relevance, for those with a floor; broken line: the theorem."""
    panels, size = 2, (7.2, 4.3)
    tiny = changed(horizon=100, repetitions=4, checkpoints=4)
    paper = changed(horizon=10**5, repetitions=512)

    items: int = setting("items n", 5)
    relevance: float = setting("relevance g of each", 0.3)
    horizon: int = setting("horizon T (rounds)", 10_000)
    repetitions: int = setting("repetitions", 128)
    checkpoints: int = setting("checkpoints, evenly in the logarithm of the round", 14)
    seed: int = setting("seed", 2020)

    def _loop(self, floor: float) -> ExposureLoop:
        return ExposureLoop([self.relevance] * self.items, self.horizon, floor)

    def data(self) -> Frame:
        """Return a row for each recommender and checkpoint."""
        rounds = tuple(np.unique(np.geomspace(1, self.horizon, self.checkpoints).round().astype(int)).tolist())
        rules = RECOMMENDERS.values()
        found = runs([Cell(self._loop(floor), rule, self.repetitions, self.seed, rounds) for _, rule, floor in rules])
        tables = []
        for (name, (_, rule, floor)), run in zip(RECOMMENDERS.items(), found, strict=True):
            row: Row = {"recommender": name, "round": run.rounds} | kit.run_interval(run, "concentration")
            if floor > 0.0:
                row |= kit.run_interval(run, "squared_error")
                whole = EXPOSURE_ERROR.value_for(self._loop(floor), rule)
                row |= {"exact": None, "theorem": [whole * self.horizon / t for t in rounds]}
            else:
                row |= {f"squared_error_{end}": None for end in kit.INTERVAL} | {"theorem": None}
                row["exact"] = [expected_concentration(self.items, self.relevance, 1.0, t) for t in rounds]
            tables.append(kit.table(row))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw concentration and errors against the round."""
        looks = {name: look for name, (look, _, _) in RECOMMENDERS.items()}
        for _, look, rows in kit.curves(frame, looks, "recommender", "round"):
            kit.curve(axes[0], rows, "round", "concentration_{}", look)
            if rows["theorem"].is_null().all():
                kit.theory_line(axes[0], rows["round"], rows["exact"], "k")
            else:
                late = rows.filter(rows["round"] >= 8)  # before, intervals reach 0
                kit.curve(axes[1], late, "round", "squared_error_{}", look)
                kit.theory_line(axes[1], late["round"], late["theorem"], "k")
        axes[0].axhline(1.0 / self.items, color=GREY, linestyle=":", label="all alike, $1 / n$")
        kit.legend_entry(axes[0], "exact", "--", color="k")
        kit.legend_entry(axes[1], "theorem", "--", color="k")
        kit.log_x(axes[0], "round $t$", "concentration $\\sum_i p_i^2$", base=10)
        kit.log_axes(axes[1], "round $t$", "mean squared error", base=10)
        kit.finish(axes, ["what is shown", "what is known of the items"], legends=())
        for panel in axes:
            kit.legend_below(panel)

    def findings(self, frame: Frame) -> list[str]:
        """Return the last concentration and error of each recommender."""
        said = []
        for name, (look, _, floor) in RECOMMENDERS.items():
            row = kit.last(frame.filter(recommender=name).sort("round"))
            text = f"{look.label}: concentration {kit.with_interval(row, 'concentration_{}', '.3f')}"
            if floor > 0.0:
                text += f", squared error {row['squared_error_mean']:.2g} ({row['theorem']:.2g} by the theorem)"
            said.append(f"{text}.")
        return said
