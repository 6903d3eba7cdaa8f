"""What laziness saves: Hedge and Shrinking Dartboard with one learning rate have one law of the action."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import FullInformation, Hedge, ShrinkingDartboard, SwitchingCostGame
from paper_figures import style
from paper_figures.cheng2023.measure import labelled
from paper_figures.cheng2023.source import CHENG
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from sims import Cell, Run

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class LazySettings:
    """Parameters of the comparison."""

    horizon: int = labelled("horizon T (rounds)", 2**16)
    n_actions: int = labelled("actions K", 5)
    switching_cost: float = labelled("switching cost c (loss)", 1.0)
    gap: float = labelled("gap ε (loss per round)", 0.01)
    repetitions: int = labelled("repetitions", 512)
    seed: int = labelled("seed", 2023)


QUICK = LazySettings()
PAPER = LazySettings(horizon=2**20, gap=0.0025, repetitions=1024)


def lazy_data(settings: LazySettings) -> "polars.DataFrame":
    """Return regret in losses and switches at checkpoints for the two learners, and the bound on redraws."""
    import polars

    walk = MultiScaleRandomWalk(settings.n_actions, settings.gap)
    game = SwitchingCostGame(walk, settings.horizon, settings.switching_cost, FullInformation())
    rate = ShrinkingDartboard().parameters(game).learning_rate
    learners = (Hedge(learning_rate=rate), ShrinkingDartboard(learning_rate=rate))
    found = runs([Cell(game, learner, settings.repetitions, settings.seed) for learner in learners])
    return polars.concat([polars.DataFrame(_columns(run, rate, settings)) for run in found])


def _columns(run: Run, rate: float, settings: LazySettings) -> dict[str, Any]:
    kept = run.rounds >= 16
    free = replace(run, values=_without_switches(run, settings.switching_cost))
    columns: dict[str, Any] = {"learner": run.learner.name, "round": run.rounds[kept], "learning_rate": rate}
    for source, metric, name in ((free, "regret", "loss_regret{}_loss"), (run, "switches", "switches{}")):
        low, high = source.interval(metric)
        numbers = {"_mean": source.mean(metric), "_low95": low, "_high95": high}
        columns |= {name.format(end): values[kept] for end, values in numbers.items()}
    bound = math.log(settings.n_actions) + rate * run.mean("best_loss")[kept]
    return columns | {"redraws_bound": bound}


def _without_switches(run: Run, cost: float) -> Any:
    """Return the run's values with the regret in losses alone."""
    values = run.values.copy()
    values[:, :, run.metrics.index("regret")] -= cost * run["switches"]
    return values


def draw_lazy(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw the regret in losses and the switches."""
    for panel, quantity, unit in ((axes[0], "loss_regret", "_loss"), (axes[1], "switches", "")):
        for name in ("Hedge", "ShrinkingDartboard"):
            curve = frame.filter(frame["learner"] == name)
            line: Any = {"linewidth": 5.0, "alpha": 0.35, "marker": ""} if name == "Hedge" else {"markevery": 4}
            y = style.measured(curve, quantity + "_{}" + unit)
            style.band(panel, curve["round"], y, style.LEARNERS[name], **line)
    lazy = frame.filter(frame["learner"] == "ShrinkingDartboard")
    label = "$\\ln K + \\eta\\, \\min_i L_t(i)$"
    style.theory(axes[1], lazy["round"], lazy["redraws_bound"], style.BLUE, label)
    style.log_axes(axes[0], "round $t$", "regret without switches (loss)")
    style.log_axes(axes[1], "round $t$", "switches so far")
    for panel in axes:
        style.legend_below(panel)
    style.panel_letters(axes, ["losses: no difference", "switches"])


def lazy_findings(frame: "polars.DataFrame") -> list[str]:
    """Return the two learners' numbers at the horizon."""
    last = frame.filter(frame["round"] == frame["round"].max())
    sentences = []
    for row in last.iter_rows(named=True):
        loss = "{loss_regret_mean_loss:.1f} [{loss_regret_low95_loss:.1f}, {loss_regret_high95_loss:.1f}]"
        moves = "{switches_mean:.1f} [{switches_low95:.1f}, {switches_high95:.1f}]"
        text = f"regret without switches {loss}, switches {moves} (95% intervals)"
        sentences.append(f"{style.LEARNERS[row['learner']].label}: {text.format(**row)}.")
    return sentences


LAZINESS = Figure(
    name="cheng2023_laziness",
    title="The same law of the action in every round, with and without laziness",
    paper=CHENG,
    claim="Shrinking Dartboard keeps Hedge's probabilities in every round, with at most ln K + η min L expected "
    "redraws (Geulen, Vöcking & Winkler 2010).",
    caption="Hedge and Shrinking Dartboard with the same learning rate (Shrinking Dartboard's tuning for T) on the "
    "same multi-scale random walks under full information. (a) Their expected losses are equal in every "
    "round, so the two curves differ by sampling only. (b) Hedge draws its action afresh every round; "
    "Shrinking Dartboard keeps it with the probability with which its weight shrinks. Broken line: the bound "
    "on the expected number of redraws, with the mean of the best action's loss. Checkpoints from round 16 "
    "on.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=lazy_data,
    paint=draw_lazy,
    findings=lazy_findings,
    panels=2,
    size=(7.6, 4.2),
)
