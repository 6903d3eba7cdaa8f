"""Oracle efficiency: seconds a round and errors against the number of hypotheses."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.one_sided import (
    ContextSemiBanditFtpl,
    Crowd,
    Exp2OneSided,
    GroupThresholds,
    InstanceFtpl,
    OneSidedGame,
    Panel,
    Panels,
    ScaledDistance,
)
from bandits.protocol import Learner
from paper_figures import style
from paper_figures.bechavod2022.source import BECHAVOD, interval_columns, labelled
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, simulate

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

LOOKS = {
    "weights": Look("Exp2, a weight a hypothesis", style.BLUE, "o"),
    "instance": Look("perturbed leaders, ours", style.GREEN, "s"),
    "literal": Look("perturbed leaders, Theorem 4.2", style.RED, "D"),
}


@dataclass(frozen=True)
class CostSettings:
    """Parameters of the figure."""

    groups: tuple[int, ...] = labelled("groups G", (1, 2, 4, 6, 8, 10, 12))
    cuts: int = labelled("cuts a group q", 3)
    people: int = labelled("people a group", 8)
    individuals: int = labelled("arrivals a round k", 4)
    tolerance: float = labelled("tolerance (and slack ε)", 0.3)
    leaders: int = labelled("leaders a round R (and the cap L of resampling)", 16)
    seconds: float = labelled("seconds for each time measured", 0.05)
    horizon: int = labelled("horizon T of the errors (rounds)", 2**11)
    largest: int = labelled("most hypotheses of a run for the errors of Exp2", 7000)
    learners: tuple[str, ...] = labelled("learners", tuple(LOOKS))
    repetitions: int = labelled("repetitions", 8)
    seed: int = labelled("seed", 2021)

    def learner(self, name: str) -> Learner:
        """Return a learner by its name; all pay the price 1 for a unit of a reported gap."""
        if name == "weights":
            return Exp2OneSided(price=1.0)
        if name == "instance":
            return InstanceFtpl(price=1.0, leaders=self.leaders)
        return ContextSemiBanditFtpl(price=1, leaders=self.leaders, resamples=self.leaders)

    def game(self, groups: int) -> OneSidedGame:
        """Return a market of G groups with a score that is biased differently for each."""
        rng = np.random.default_rng(self.seed)
        group = np.arange(self.people * groups) % groups
        merit = rng.standard_normal(len(group))
        score = merit - 0.5 * rng.standard_normal(groups)[group]
        crowd = Crowd(np.column_stack([score, merit]), 1.0 / (1.0 + np.exp(-3.0 * merit)), groups=group)
        auditors = tuple(ScaledDistance(weights) for weights in ((0.0, 0.3), (0.3, 0.1), (0.1, 0.4)))
        panels, thresholds = Panels(Panel(auditors, votes=2)), GroupThresholds(self.cuts)
        return OneSidedGame(crowd, thresholds, panels, self.horizon, self.individuals, self.tolerance)


QUICK = CostSettings()
LONG = CostSettings(seconds=1.0, horizon=2**14, repetitions=32)


def data(settings: CostSettings) -> "polars.DataFrame":
    """Return seconds a round and errors a round of each learner in each class."""
    import polars

    games = {groups: settings.game(groups) for groups in settings.groups}
    rows: list[dict[str, Any]] = []
    for name in settings.learners:
        learner = settings.learner(name)
        small = [g for g, game in games.items() if name != "weights" or game.n_hypotheses <= settings.largest]
        cells = [Cell(games[g], learner, settings.repetitions, settings.seed, (settings.horizon,)) for g in small]
        found = dict(zip(small, runs(cells), strict=True))
        for groups, game in games.items():
            row: dict[str, Any] = {"learner": name, "groups": groups, "hypotheses": game.n_hypotheses}
            row |= {"separator": len(game.hypotheses.separator(game.people))}
            row |= {"seconds_a_round": seconds_a_round(game, learner, settings.seconds)}
            if groups in found:
                row |= interval_columns("errors", found[groups].final("error") / settings.horizon)
                row |= interval_columns("violations", found[groups].final("violations") / settings.horizon)
            benchmark = {"fair_errors": game.individuals * game.benchmarks[2].error}
            rows.append(row | benchmark)
    return polars.DataFrame(rows, infer_schema_length=None)


def seconds_a_round(game: OneSidedGame, learner: Learner, budget: float) -> float:
    """Return the least time a round of three plays on one thread, which take about `budget` seconds together."""

    def play(rounds: int) -> float:
        start = time.perf_counter()
        simulate(game, learner, checkpoints=[rounds], threads=1)
        return time.perf_counter() - start

    play(1)  # compiled, and the arrays touched
    empty = play(1)
    rounds = 4
    while rounds < game.horizon and play(rounds) < empty + budget / 20.0:
        rounds *= 2
    rounds = min(rounds, game.horizon)
    longer = min(max(2 * rounds, 8), game.horizon)
    shorter = max(1, longer // 4)
    return max(min(play(longer) for _ in range(3)) - min(play(shorter) for _ in range(3)), 1e-9) / (longer - shorter)


def draw(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw seconds a round, then errors a round, against the number of hypotheses."""
    for name, look in LOOKS.items():
        curve = frame.filter(frame["learner"] == name).sort("groups")
        if curve.is_empty():
            continue
        x = curve["hypotheses"]
        slope = f": last slope {_last_slope(curve):.2f}" if curve.height > 1 else ""
        axes[0].plot(x, 1e6 * curve["seconds_a_round"], color=look.colour, marker=look.marker, label=look.label + slope)
        known = curve.filter(curve["errors_mean"].is_not_null())
        for panel, what in zip(axes[1:], ("errors", "violations"), strict=True):
            style.band(panel, known["hypotheses"], style.measured(known, what + "_{}"), look, "_")
    fair = frame.unique("groups", maintain_order=True).sort("groups")
    axes[1].plot(fair["hypotheses"], fair["fair_errors"], "--", color=style.BLACK, lw=1.0, label="best fair policy")
    style.log_axes(axes[0], "hypotheses $N = q^G$", "microseconds a round", base=10)
    for panel, label in zip(axes[1:], ("errors a round", "share of rounds with a violation"), strict=True):
        panel.set(xscale="log", xlabel="hypotheses $N = q^G$", ylabel=label)
    axes[2].set_ylim(bottom=0.0)
    style.legend_below(axes[0])
    style.legend_below(axes[1])
    style.panel_letters(axes, ["time", "errors", "violations"])


def _last_slope(curve: "polars.DataFrame") -> float:
    """Return the slope in log-log between the two largest classes."""
    sizes, seconds = np.log(curve["hypotheses"].to_numpy()[-2:]), np.log(curve["seconds_a_round"].to_numpy()[-2:])
    return float((seconds[1] - seconds[0]) / (sizes[1] - sizes[0]))


def sentences(frame: "polars.DataFrame") -> list[str]:
    """Return the time a round in the smallest and the largest class, and the errors in the largest one played."""
    found = []
    for name, look in LOOKS.items():
        curve = frame.filter(frame["learner"] == name).sort("groups")
        if curve.is_empty():
            continue
        first, last = curve.row(0, named=True), curve.row(-1, named=True)
        played = curve.filter(curve["errors_mean"].is_not_null()).row(-1, named=True)
        found.append(
            f"{look.label}: {1e6 * first['seconds_a_round']:.2g} microseconds a round at N = {first['hypotheses']}, "
            f"{1e6 * last['seconds_a_round']:.3g} at N = {last['hypotheses']}; at N = {played['hypotheses']} "
            f"{played['errors_mean']:.3f} errors and {played['violations_mean']:.3f} violations a round (best fair "
            f"policy, lenient: {played['fair_errors']:.3f} errors)."
        )
    return found


COST = Figure(
    name="bechavod2022_class_size",
    title="A round of weights costs as much as there are hypotheses, a round of perturbed leaders as much as an oracle",
    paper=BECHAVOD,
    claim="Theorem 4.2: with an oracle for the class, Context-Semi-Bandit-FTPL needs time that does not grow with |H|, "
    "for a worse rate (T^(41/45) against T^(4/5)).",
    caption="Markets of G groups, a score threshold for each with q cuts: N = q^G hypotheses, a separator of G (q - 1) "
    "cells, an oracle that sums over them. One panel of three auditors, two must object; price 1 for all. Ours draws "
    "one Laplace variable a separator cell and takes propensities from the leaders; Theorem 4.2's draws 2 k + 4 C a "
    "cell and resamples. (a) One thread, the least of three measurements, which differ from machine to machine and "
    "from time to time; slopes in log-log between the two largest classes. (b), (c) The same learners at one horizon, "
    "at which the leaders' tuned perturbation still hides the labels; 95% intervals of means.",
    settings={"quick": QUICK, "paper": LONG},
    compute=data,
    paint=draw,
    findings=sentences,
    panels=3,
    size=(11.0, 4.2),
)
