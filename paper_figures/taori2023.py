"""Models that label their own data: bias over rounds, and by the share of labels that people give."""

import numpy as np

from bandits.loops import DataLoop, LikelierLabel, SampleLabels, ShiftedLabels, TemperedLabels
from bandits.protocol import Learner
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell
from theory.loops.exact import amplification

PAPER = Paper(
    title="Data Feedback Loops: Model-driven Amplification of Dataset Biases",
    authors="Rohan Taori & Tatsunori B. Hashimoto",
    venue="ICML 2023, arXiv:2209.03942",
    url="https://arxiv.org/abs/2209.03942",
)
MODELS: dict[str, tuple[Look, Learner]] = {
    "likelier": (Look("the likelier label", style.RED, "D"), LikelierLabel()),
    "half": (Look("the same, half sampled", style.ORANGE, "v"), LikelierLabel(0.5)),
    "tempered": (Look("tempered, exponent 2", style.GREEN, "s"), TemperedLabels(2.0)),
    "sampled": (Look("sampled", style.BLUE, "o"), SampleLabels()),
}
LOOKS = {name: look for name, (look, _) in MODELS.items()}
SHARES = (Look("{:g}", style.RED, "D"), Look("{:g}", style.GREEN, "s"), Look("{:g}", style.BLUE, "o"))


class Loop(Figure):
    """Bias of the data for four models, and the bias of a model with a constant error."""

    name = "taori2023_loop"
    title = "A model that samples its labels keeps the data as they are; one that decides takes them over"
    claim = """Theorem 1: if the model misses the share in its data by at most delta in every round, its bias stays
    below (1 + k / m) delta, where people label m items and the model k per round."""
    caption = """One bin, in which people give label 1 with the probability shown in the parameters. (a) Mean bias of
    the data, share of label 1 less that probability, with 95% intervals, by the model that labels nine tenths of the
    items. Dotted: the limit for the likelier label. (b) Bias of a model that misses the share in its data by delta =
    0.01 in every round, nothing drawn, by the share m / (m + k) of items that people label; broken lines: Theorem 1,
    attained with equality; dotted: its limit (1 + k / m) delta."""
    panels, size = 2, (7.2, 4.3)
    tiny = changed(horizon=100, repetitions=4, checkpoints=4)
    paper = changed(horizon=10**5, repetitions=512)

    share: float = setting("share p of label 1 that people give", 0.6)
    start: int = setting("items at the start n₀", 1000)
    items: int = setting("items per round m + k", 100)
    people: tuple[int, ...] = setting("of which people label m, in (b)", (10, 25, 50))
    error: float = setting("error δ of the model in (b)", 0.01)
    horizon: int = setting("horizon T (rounds)", 10_000)
    repetitions: int = setting("repetitions", 64)
    checkpoints: int = setting("checkpoints, evenly in the logarithm of the round", 16)
    seed: int = setting("seed", 2023)

    def _loop(self, people: int, drawn: bool) -> DataLoop:
        return DataLoop([self.share], self.horizon, self.start, people, self.items - people, drawn)

    def data(self) -> Frame:
        """Return a row for each model or share of people and checkpoint."""
        rounds = tuple(np.unique(np.geomspace(1, self.horizon, self.checkpoints).round().astype(int)).tolist())
        fewest = min(self.people)
        cells = [Cell(self._loop(fewest, True), m, self.repetitions, self.seed, rounds) for _, m in MODELS.values()]
        missing = ShiftedLabels(-self.error)
        cells += [Cell(self._loop(people, False), missing, 1, self.seed, rounds) for people in self.people]
        found = runs(cells)
        tables = []
        for name, run in zip(MODELS, found, strict=False):
            row: Row = {"model": name, "people": fewest, "round": run.rounds} | kit.run_interval(run, "bias")
            tables.append(kit.table(row | {"theorem": None}))
        for people, run in zip(self.people, found[len(MODELS) :], strict=True):
            bias = run.values[0, :, run.problem.metrics.index("model_bias")]
            grown = [self.error * amplification(self.start, people, self.items - people, t) for t in run.rounds]
            row = {"model": "shifted", "people": people, "round": run.rounds, "bias_mean": bias}
            tables.append(kit.table(row | {"bias_low95": bias, "bias_high95": bias, "theorem": grown}))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw bias against the round."""
        fewest = min(self.people)
        for _, look, rows in kit.curves(frame, LOOKS, "model", "round"):
            kit.curve(axes[0], rows, "round", "bias_{}", look)
        taken = (1.0 - self.share) * (self.items - fewest) / self.items
        axes[0].axhline(taken, color=style.GREY, linestyle=":", label="limit of the first")
        shifted = frame.filter(model="shifted")
        for people, look in zip(self.people, SHARES, strict=False):
            rows = shifted.filter(people=people).sort("round")
            kit.marked(axes[1], rows["round"], rows["bias_mean"], look, f"$m / (m + k) = {people / self.items:g}$")
            kit.theory_line(axes[1], rows["round"], rows["theorem"], "k")
            axes[1].axhline(self.error * self.items / people, color=look.colour, linestyle=":")
        kit.legend_entry(axes[1], "Theorem 1", "--", color="k")
        kit.legend_entry(axes[1], "limit, same colour", ":", color=style.GREY)
        kit.log_x(axes[0], "round $t$", "bias of the data", base=10)
        kit.log_axes(axes[1], "round $t$", "bias of the model", base=10)
        kit.finish(axes, ["by the model", "by the people's share"], legends=())
        for panel in axes:
            kit.legend_below(panel)

    def findings(self, frame: Frame) -> list[str]:
        """Return the last bias of each model and of each share of people."""
        said = []
        for _, look, rows in kit.curves(frame, LOOKS, "model", "round"):
            said.append(f"{look.label}: bias {kit.with_interval(kit.last(rows), 'bias_{}', '.4f')} at the end.")
        for people in self.people:
            row = kit.last(frame.filter(model="shifted", people=people).sort("round"))
            said.append(
                f"People label {people / self.items:.0%}: bias of the model {row['bias_mean']:.5f}, Theorem 1 "
                f"{row['theorem']:.5f}, limit {self.error * self.items / people:.3f}."
            )
        return said
