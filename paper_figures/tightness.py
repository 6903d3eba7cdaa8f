"""How tight the theorems are: the worst case found for each, divided by its bound."""

from typing import Any

from paper_figures import kit, style
from paper_figures.kit import Axes, Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.style import Look

PAPER = Paper(
    title="Regret Analysis of Stochastic and Nonstochastic Multi-armed Bandit Problems (and, for each theorem, the "
    "source that the catalogue names)",
    authors="Sébastien Bubeck & Nicolò Cesa-Bianchi",
    venue="Foundations and Trends in Machine Learning 2012, arXiv:1204.5721",
    url="https://arxiv.org/abs/1204.5721",
)

LOOKS = {
    "every input": Look("worst of all 0/1 losses", style.BLACK, "^"),
    "hand-made": Look("hand-made losses, exact", style.BLUE, "o"),
    "search": Look("gradient search, exact", style.ORANGE, "D"),
    "climbed": Look("hill climbing, exact", style.ORANGE, "P"),
    "game": Look("value of a small game", style.GREEN, "s"),
    "default case": Look("default case, confidence limit", style.PURPLE, "v"),
}


class Tightness(Figure):
    """The best witness of each method for each theorem; a theorem without one has a row of nan."""

    name = "tightness"
    title = "How tight the theorems are"
    claim = """No witness against a theorem of the catalogue crosses the line at 1; the findings name the theorems for
    which none is known."""
    caption = """For each theorem the worst case found, divided by what the theorem allows, by several methods: the
    worst of all tables of 0/1 losses of two actions (dynamic programming), losses found by gradient ascent through the
    exact regret, losses that proofs suggest, the minimax value of a small game (which no learner beats), and at paper
    quality the default cases of the verification, with a 99.9% confidence limit. The ratio is at most 1 for a true
    upper bound and at least 1 for a true lower one; a bound on the line is sharp. Losses and horizons differ from
    theorem to theorem: each dot is the best of those tried, with the own tuning of the learner. The table names
    them."""
    size = (7.2, 5.2)
    tiny = changed(theorems=("cesabianchi2006.hedge", "dekel2014.bandit_lower", "sui2015.no_violation"), search=False)
    paper = changed(cases=True)

    theorems: tuple[str, ...] | None = setting("theorems; all with a value if none is listed", None)
    search: bool = setting("gradient search", True)
    cases: bool = setting("default cases, sampled", False)
    seed: int = setting("seed of searches and samples", 2023)

    def data(self) -> Frame:
        """Return one row per theorem and method."""
        from theory.tightness import table

        rows = table(self.theorems, search=self.search, cases=self.cases, seed=self.seed)
        columns = {"theorem": "bound", "direction": "direction", "method": "method", "setting": "setting"}
        columns |= {"witness": "amount", "bound": "value", "ratio": "ratio"}
        return kit.table({name: [getattr(row, source) for row in rows] for name, source in columns.items()})

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw one line of dots per theorem, its ratios, with the line at 1 that no true theorem crosses."""
        panel, known = axes[0], _known(frame)
        names = _ordered(known)
        for place, name in enumerate(names):
            _draw_theorem(panel, place, known.filter(theorem=name))
        for method, look in LOOKS.items():
            if method in known["method"]:
                line: Row = {"color": look.colour, "marker": look.marker, "linewidth": 1.5}
                kit.legend_entry(panel, look.label, "none", **line)
        canvas: Any = panel.figure
        canvas.set_size_inches(style.WIDTH, 1.5 + 0.24 * len(names))  # as tall as the catalogue is long
        panel.axvline(1.0, color=style.RED, linewidth=1.2, zorder=0, label="witness = bound")
        panel.grid(visible=False, axis="y")
        panel.set_yticks(range(len(names)), names)
        panel.set_ylim(len(names) - 0.5, -0.5)
        panel.set(xscale="log", xlabel="witness / bound  (upper bounds: at most 1; lower bounds: at least 1)")
        low, high = panel.get_xlim()
        kit.plain_ticks(panel.xaxis, (1.0,) if high > 3000.0 * low else (1.0, 2.0, 5.0))
        canvas.legend(loc="outside upper center", ncols=3, columnspacing=1.0)

    def findings(self, frame: Frame) -> list[str]:
        """Return the best ratio of each theorem, and the theorems for which none was sought."""
        known, sentences = _known(frame), []
        for name in _ordered(known):
            part = known.filter(theorem=name)
            lower = part["direction"][0] == "lower"
            text = "{ratio:.3g} of what it allows"
            if lower:
                text = "a learner comes down to {ratio:.3g} times the bound"
            row = kit.first(part.sort("ratio", descending=not lower))
            sentences.append(("{theorem}: " + text + " ({method}, {setting}).").format(**row))
        left = [name for name in kit.values(frame, "theorem") if name not in set(known["theorem"])]
        return sentences + ([f"No positive witness at this quality for {', '.join(left)}."] if left else [])


def _draw_theorem(panel: Axes, place: int, part: Frame) -> None:
    """Draw the dots around the line of the theorem, so that those with one ratio do not hide each other."""
    ends = [1.0, *part["ratio"]]
    panel.hlines(place, min(ends), max(ends), color=style.GREY, linewidth=0.9, zorder=1)
    for i, (method, ratio) in enumerate(zip(part["method"], part["ratio"])):
        dot: Row = {"markeredgecolor": "white", "markeredgewidth": 0.5, "linestyle": "none", "zorder": 2, "label": "_"}
        kit.marked(panel, [ratio], [place + 0.2 * (i - 0.5 * (part.height - 1))], LOOKS[method], **dot)


def _known(frame: Frame) -> Frame:
    """Return the rows with a ratio that has a place on a logarithmic axis."""
    return frame.filter(frame["ratio"].is_finite() & (frame["ratio"] > 0.0))


def _ordered(known: Frame) -> list[str]:
    """Return the theorems, upper bounds first, the tightest first."""
    best: dict[str, Any] = dict(known.group_by("theorem").max().select("theorem", "ratio").iter_rows())
    lower = dict(zip(known["theorem"], known["direction"] == "lower"))
    return sorted(best, key=lambda name: (lower[name], -float(best[name]), name))
