"""Feedback graphs: growth of the regret for strongly, weakly and not observable graphs."""

from typing import NamedTuple

import numpy as np

import theory
from bandits.graphs import Exp3G, Exp3Set, ExploringExp3, FeedbackGraph, Neighbours
from bandits.losses import BernoulliLosses
from bandits.protocol import Learner
from bandits.switching import SwitchingCostGame
from paper_figures import kit, style
from paper_figures.kit import FITTED, Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look
from theory.rates import fit_exponent

PAPER = Paper(
    title="Online Learning with Feedback Graphs: Beyond Bandits",
    authors="Noga Alon, Nicolò Cesa-Bianchi, Ofer Dekel & Tomer Koren",
    venue="COLT 2015, arXiv:1502.07617",
    url="https://arxiv.org/abs/1502.07617",
)


class _Kind(NamedTuple):
    look: Look
    graph: FeedbackGraph
    learner: Learner
    theorem: str | None


KINDS = {
    "strong": _Kind(
        Look("path with loops, EXP3-SET", style.BLUE, "o"), FeedbackGraph.path(3), Exp3Set(), "alon2013.exp3_set"
    ),
    "weak": _Kind(
        Look("one costly action reveals all, explored cover", style.ORANGE, "s"),
        FeedbackGraph.revealing(3),
        ExploringExp3(),
        "alon2015.exploring_exp3",
    ),
    "unobservable": _Kind(
        Look("one action is never revealed, EXP3.G", style.RED, "D"),
        FeedbackGraph(np.diag([1.0, 1.0, 0.0])),
        Exp3G(learning_rate=0.05, exploration=0.1),  # no theorem tunes it
        None,
    ),
}


def _losses(kind: str, horizon: int) -> BernoulliLosses:
    """Return losses with a gap that can just not be found in time, or that is never seen."""
    if kind == "strong":
        return BernoulliLosses([0.5, 0.5, 0.5 - horizon**-0.5])
    if kind == "weak":
        return BernoulliLosses([1.0, 0.5, 0.5 - 0.9 * horizon ** (-1 / 3)])
    return BernoulliLosses([0.4, 0.5, 0.6])


class Exponents(Figure):
    """Mean regret at each horizon for a graph of each kind."""

    name = "alon2015_exponents"
    title = "Feedback graphs: regret grows like T^(1/2), T^(2/3) or T"
    claim = """The least regret is of order T^(1/2) if every action reveals its own loss or is revealed by all others,
    T^(2/3) if every action is revealed by some action, and T otherwise, up to logarithms."""
    caption = """Mean regret with 95% intervals against the horizon, three actions. Losses are coins whose gap falls
    with the horizon: T^(-1/2) on the path; 0.9 T^(-1/3) for two coins beside a revealing action with loss 1, one of the
    two cases of the lower bound, which are alike to the learner; a fixed gap where the third action, the worst, is
    never revealed. Broken lines: the bound of each learner, in its colour; dotted: the lower bound for every learner on
    the weak graph. Slopes: weighted least squares in logarithms over all horizons, with 95% bootstrap intervals."""
    size = (7.2, 4.6)
    tiny = changed(horizons=(128, 512, 2048), repetitions=48)
    paper = changed(horizons=tuple(4**k for k in range(5, 12)), repetitions=256)

    horizons: tuple[int, ...] = setting("horizons T (rounds)", tuple(4**k for k in range(5, 10)))
    repetitions: int = setting("repetitions", 32)
    seed: int = setting("seed (plus log2 T)", 2015)

    def data(self) -> Frame:
        """Return a row for each kind of graph and horizon."""
        pairs = [(kind, T) for kind in KINDS for T in self.horizons]
        cells = []
        for kind, T in pairs:
            game = SwitchingCostGame(_losses(kind, T), T, 0.0, Neighbours(KINDS[kind].graph))
            cells.append(final_cell(game, KINDS[kind].learner, self, fresh=True))
        found, rows, size = runs(cells), [], len(self.horizons)
        for place, (kind, (_, graph, _, theorem)) in enumerate(KINDS.items()):
            curve = found[place * size : (place + 1) * size]
            fit = kit.fitted(fit_exponent(self.horizons, np.column_stack([run.final("regret") for run in curve])))
            for T, run in zip(self.horizons, curve, strict=True):
                below = theory.theorem("alon2015.weak_lower").value(horizon=T) if kind == "weak" else float("nan")
                row = {"kind": graph.kind, "horizon_rounds": T, "bound_loss": kit.bound_value(theorem, run), **fit}
                rows.append(row | {"lower_bound_loss": below} | kit.interval("regret", run.final("regret")))
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against the horizon."""
        looks = {kind: part.look for kind, part in KINDS.items()}
        for kind, look, rows in kit.curves(frame, looks, "kind", "horizon_rounds"):
            slope = kit.with_interval(kit.first(rows), "exponent{}", ".3f", FITTED)
            label = f"{kind}: {look.label}, slope {slope}"
            kit.curve(axes[0], rows, "horizon_rounds", "regret_{}", look, label, bound="bound_loss")
        weak = frame.filter(kind="weak").sort("horizon_rounds")
        kit.theory_line(axes[0], weak["horizon_rounds"], weak["lower_bound_loss"], style.GREY, "lower bound, weak", ":")
        kit.legend_entry(axes[0], "upper bound, same colour")
        kit.log_axes(axes[0], "horizon $T$ (rounds)", "regret (loss)")
        kit.legend_below(axes[0])

    def findings(self, frame: Frame) -> list[str]:
        """Return the slope and the last point of each kind."""
        sentences = []
        for kind in KINDS:
            rows = frame.filter(kind=kind).sort("horizon_rounds")
            last, slope = kit.last(rows), kit.with_interval(kit.first(rows), "exponent{}", ".3f", FITTED)
            bound = f"bound {last['bound_loss']:.4g}" if KINDS[kind].theorem else "without a bound"
            sentences.append(
                f"{kind}: fitted exponent of T {slope} (95% interval); at T = {last['horizon_rounds']} regret "
                f"{kit.with_interval(last, 'regret_{}', '.4g')}, {bound}."
            )
        return sentences
