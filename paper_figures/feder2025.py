"""Universal prediction under log loss: redundancy by the weight of the truth's neighbourhood; rules that count."""

import numpy as np

from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.style import Look
from theory.prediction.exact import redundancy, shtarkov, subset_bound, worst_regret

PAPER = Paper(
    title="The Universality Lens: Why Even Highly Over-Parametrized Models Learn Well",
    authors="Meir Feder, Ruediger Urbanke & Yaniv Fogel",
    venue="arXiv:2506.07661",
    url="https://arxiv.org/abs/2506.07661",
)
GRIDS = (Look("{} experts", style.BLUE, "o"), Look("{} experts", style.GREEN, "s"), Look("{} experts", style.RED, "D"))
RULES = {
    "Laplace": Look("Laplace, ln(n + 1)", style.RED, "D"),
    "KT": Look("KT", style.BLUE, "o"),
    "Shtarkov": Look("least possible (Shtarkov)", style.BLACK, "X"),
}


class Redundancy(Figure):
    """Redundancy of mixtures and of counting, against the length of the sequence."""

    name = "feder2025_redundancy"
    title = "More experts cost nothing where they crowd around the truth"
    claim = """A Bayes mixture pays for the prior weight of the experts near the truth, not for their number: with a
    hundred times as many experts its redundancy is the same, where ln M doubles."""
    caption = """Nothing is simulated: exact redundancies in nats. (a) D(P^n || Q) of the uniform mixture over
    Bernoulli experts on a grid, which lacks the truth; broken lines: the theorem's bound by the best neighbourhood;
    dotted: ln M, the cost of singling out one expert. (b) Worst regret over all binary sequences of length n against
    the best constant law; broken line: the theorem's bound (ln n)/2 + ln 2 for KT."""
    panels, size = 2, (7.2, 4.4)
    tiny = changed(sizes=(10, 100), lengths=(1, 10, 100))
    paper = changed(lengths=tuple(int(n) for n in 2 ** np.arange(18)))

    truth: float = setting("probability of a one", 0.3)
    sizes: tuple[int, ...] = setting("experts M", (10, 100, 10_000))
    lengths: tuple[int, ...] = setting("lengths n", tuple(int(n) for n in 2 ** np.arange(13)))

    def data(self) -> Frame:
        """Return a row for each number of experts or rule and length."""
        rows: list[Row] = []
        for n in self.lengths:
            for size in self.sizes:
                grid = (np.arange(size) + 0.5) / size
                bound, exact = subset_bound(grid, self.truth, n), redundancy(grid, self.truth, n)
                rows.append({"kind": "mixture", "name": str(size), "length": n, "nats": exact, "bound": bound})
            worst = {"KT": worst_regret(n, 0.5), "Laplace": worst_regret(n, 1.0), "Shtarkov": shtarkov(n)}
            for name, value in worst.items():
                limit = float(np.log(n) / 2 + np.log(2)) if name == "KT" else None
                rows.append({"kind": "rule", "name": name, "length": n, "nats": value, "bound": limit})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw nats against the length."""
        mixtures = frame.filter(kind="mixture")
        for size, look in zip(sorted(map(int, set(mixtures["name"]))), GRIDS, strict=False):
            rows = mixtures.filter(name=str(size)).sort("length")
            kit.marked(axes[0], rows["length"], rows["nats"], look, look.label.format(size))
            kit.theory_line(axes[0], rows["length"], rows["bound"], look.colour)
            axes[0].axhline(np.log(size), color=look.colour, linestyle=":", linewidth=1.0)
        kit.legend_entry(axes[0], "bound by the best neighbourhood")
        kit.legend_entry(axes[0], "ln M", ":")
        for name, look, rows in kit.curves(frame.filter(kind="rule"), RULES, "name", "length"):
            kit.marked(axes[1], rows["length"], rows["nats"], look)
            if name == "KT":
                kit.theory_line(axes[1], rows["length"], rows["bound"], look.colour, "bound of KT")
        kit.log_x(axes[0], "length $n$", "redundancy (nats)")
        kit.log_x(axes[1], "length $n$", "worst regret (nats)")
        kit.finish(axes, ["mixtures, truth off the grid", "rules that count"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the last redundancies."""
        said = []
        for kind, what in (("mixture", "experts: redundancy"), ("rule", "worst regret")):
            for row in frame.filter(kind=kind).filter(length=max(frame["length"])).to_dicts():
                bound = "" if row["bound"] is None else f", bound {row['bound']:.3f}"
                said.append(f"{row['name']} {what} {row['nats']:.3f} nats at n = {row['length']}{bound}.")
        return said
