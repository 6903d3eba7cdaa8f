"""Paging with one bit of advice per request: the cost of wrong bits, and of each kind of error."""

from dataclasses import replace

from bandits.prediction import FIFO, LRU, Flush, Mark0, Marker, MarkPredict, PagingGame, phased_trace
from bandits.protocol import Learner
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell

PAPER = Paper(
    title="Paging with Succinct Predictions",
    authors="Antonios Antoniadis, Joan Boyar, Marek Eliáš, Lene M. Favrholdt, Ruben Hoeksma, Kim S. Larsen, "
    "Adam Polak & Bertrand Simon",
    venue="ICML 2023",
    url="https://arxiv.org/abs/2210.02775",
)
RULES = {
    "Flush": Look("Flush", style.BLUE, "o"),
    "Mark0": Look("Mark0", style.GREEN, "s"),
    "MarkPredict": Look("MarkPredict, phase bits", style.ORANGE, "v"),
    "Marker": Look("Marker, no bits", style.RED, "D"),
    "LRU": Look("LRU, no bits", style.PURPLE, "P"),
    "FIFO": Look("FIFO, no bits", style.BLACK, "X"),
}
KINDS = {
    "zeros": Look("bits 1 shown as 0", style.BLUE, "o"),
    "ones": Look("bits 0 shown as 1", style.RED, "D"),
}


class Noise(Figure):
    """Misses against the share of wrong bits."""

    name = "antoniadis2023_noise"
    title = "One bit per request makes paging optimal, and wrong bits cost little"
    claim = """With perfect discard bits Flush and Mark0 miss no more often than the optimum, which knows the future;
    Flush misses at most k - 1 more for each wrong 0 and 1 more for each wrong 1, on every input."""
    caption = """Misses of paging rules by the optimum's on one sequence of requests in phases, each uniform over a set
    of pages drawn anew. Each bit is wrong independently with the probability shown; means over drawn bits and plays
    with 95% intervals. (a) Bits of both kinds are wrong. (b) Flush, where only bits 1 or only bits 0 may be wrong.
    Broken lines: the theorem's limit for the mean numbers of errors, off the picture in (a) for most probabilities. The
    three rules without bits nearly coincide."""
    panels, size = 2, (7.2, 4.6)
    tiny = changed(horizon=300, wrong=(0.0, 0.3, 1.0), rows=4)
    paper = changed(horizon=100_000, rows=64)

    pages: int = setting("pages U", 60)
    cache: int = setting("cache k", 10)
    working_set: int = setting("pages of a phase", 14)
    length: int = setting("requests of a phase", 200)
    horizon: int = setting("requests T", 10_000)
    wrong: tuple[float, ...] = setting("probability of a wrong bit", (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0))
    rows: int = setting("drawn bits", 16)
    seed: int = setting("seed", 2023)

    def data(self) -> Frame:
        """Return a row for each rule, kind of error and probability."""
        requests = phased_trace(self.pages, self.horizon, self.working_set, self.length, self.seed)
        discard = PagingGame(requests, self.cache, self.horizon)
        phase = replace(discard, advice="phase")
        pairs: list[tuple[str, str, float, PagingGame, Learner]] = []
        for q in self.wrong:
            noisy = discard.noisy(q, q, self.seed, self.rows)
            for rule in (Flush(), Mark0(), Marker(), LRU(), FIFO()):
                pairs.append(("both", rule.name, q, noisy, rule))
            pairs.append(("both", "MarkPredict", q, phase.noisy(q, q, self.seed, self.rows), MarkPredict()))
            pairs.append(("zeros", "Flush", q, discard.noisy(q, 0.0, self.seed, self.rows), Flush()))
            pairs.append(("ones", "Flush", q, discard.noisy(0.0, q, self.seed, self.rows), Flush()))
        found = runs([Cell(game, rule, self.rows, self.seed, (self.horizon,)) for *_, game, rule in pairs])
        rows: list[Row] = []
        for (kind, name, q, _, _), run in zip(pairs, found, strict=True):
            optimum, zeros, ones = (float(run.final(m).mean()) for m in ("optimum", "wrong_zeros", "wrong_ones"))
            limit = 1.0 + ((self.cache - 1) * zeros + ones) / optimum
            row: Row = {"kind": kind, "rule": name, "wrong": q, "limit": limit if name == "Flush" else None}
            rows.append(row | kit.interval("cost", run.final("misses") / optimum))
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw cost by the optimum's against the probability."""
        both = frame.filter(kind="both")
        for name, look, rows in kit.curves(both, RULES, "rule", "wrong"):
            kit.curve(axes[0], rows, "wrong", "cost_{}", look)
            if name == "Flush":
                kit.theory_line(axes[0], rows["wrong"], rows["limit"], look.colour, "limit of Flush")
        for _, look, rows in kit.curves(frame.filter(frame["kind"] != "both"), KINDS, "kind", "wrong"):
            kit.curve(axes[1], rows, "wrong", "cost_{}", look)
            kit.theory_line(axes[1], rows["wrong"], rows["limit"], look.colour, f"limit of {look.label}")
        for panel in axes:
            panel.set(xlabel="probability of a wrong bit", ylabel="misses / optimum")
        axes[0].set_ylim(0.9, 1.15 * max(both["cost_high95"]))
        kit.finish(axes, ["both kinds of error", "Flush, one kind of error"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the cost of each rule with perfect bits and in the middle."""
        said = []
        wrong = sorted(set(frame["wrong"]))
        middle = wrong[len(wrong) // 2]
        for _, look, rows in kit.curves(frame.filter(kind="both"), RULES, "rule", "wrong"):
            perfect, half = kit.first(rows.filter(wrong=0.0)), kit.first(rows.filter(wrong=middle))
            said.append(
                f"{look.label}: {kit.with_interval(perfect, 'cost_{}', '.3f')} times the optimum with perfect bits, "
                f"{kit.with_interval(half, 'cost_{}', '.3f')} with a share of {middle:g} wrong."
            )
        return said
