"""Both sides of the inequality behind exponential weights, over time: how much of a bound is lost at which step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.combine import Observed, observed
from bandits.one_sided import Exp2Analysis, three_points
from paper_figures import style
from paper_figures.bechavod2022.horizon import LEARNERS
from paper_figures.bechavod2022.source import BECHAVOD, TUNINGS, interval_columns, labelled
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, Run

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

LOOKS = {
    "left": Look(r"left: $\sum \langle p, g \rangle$ less the least $\sum g(h)$", style.BLUE, "o"),
    "moment": Look(r"(E1): $\ln N / \eta + (\eta / 2) \sum \langle p, g^2 \rangle$", style.ORANGE, "s"),
    "split": Look(r"(D3): $\ln N / \eta + \eta \sum \langle p, X^2 \rangle + \eta C^2 V$", style.GREEN, "D"),
    "constant": Look(r"(D3) with its bound $5 k^2$ a round for $\langle p, X^2 \rangle$", style.RED, "v"),
}
SHOWN = ("free", "bounding")
RIGHT = ("moment", "split")


@dataclass(frozen=True)
class SidesSettings:
    """Parameters of the figure."""

    horizon: int = labelled("horizon T (rounds)", 2**16)
    first: int = labelled("first round drawn", 2**8)
    tolerance: float = labelled("tolerance (and slack ε)", 0.2)
    repetitions: int = labelled("repetitions", 16)
    seed: int = labelled("seed", 2028)

    def game(self) -> Observed:
        """Return world A with the terms of the learner's analysis."""
        return observed(three_points(self.horizon, self.tolerance), Exp2Analysis())


QUICK = SidesSettings()
LONG = SidesSettings(horizon=2**20, repetitions=64)


def data(settings: SidesSettings) -> "polars.DataFrame":
    """Return both sides at each checkpoint for each price, and the left side's share of each right side."""
    import polars

    steps = range(settings.first.bit_length() - 1, settings.horizon.bit_length())
    checkpoints = tuple(2**k for k in steps)
    cells = [
        Cell(settings.game(), learner, settings.repetitions, settings.seed, checkpoints)
        for learner in LEARNERS.values()
    ]
    rows = [row for name, run in zip(LEARNERS, runs(cells), strict=True) for row in _rows(name, run)]
    return polars.DataFrame(rows, infer_schema_length=None)


def _rows(name: str, run: Run) -> list[dict[str, Any]]:
    game: Any = run.problem
    params = run.learner.parameters(game)
    rate, price, k = params.learning_rate, params.price, game.individuals
    start = math.log(game.n_hypotheses) / rate
    left = run["estimated_regret"]
    sides = {
        "left": left,
        "moment": start + 0.5 * rate * run["second_moment"],
        "split": start + rate * (run["labels_moment"] + price**2 * run["violations"]),
    }
    rows = []
    for c, rounds in enumerate(run.rounds):
        reports = price**2 * float(run.mean("violations")[c])
        constant = start + rate * (5.0 * k**2 * float(rounds) + reports)
        row: dict[str, Any] = {"tuning": name, "round": int(rounds), "price": price, "constant": constant}
        for side, samples in sides.items():
            row |= interval_columns(side, samples[:, c])
        for side in RIGHT:
            row |= interval_columns(f"share_of_{side}", left[:, c] / sides[side][:, c])
            row[f"least_{side}"] = float((sides[side][:, c] - left[:, c]).min())
        rows.append(row)
    return rows


def draw(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw both sides for two prices, then the left side's share of the right ones for all."""
    for panel, name in zip(axes, SHOWN, strict=False):
        curve = frame.filter(frame["tuning"] == name).sort("round")
        for side in ("left", *RIGHT):
            if (curve[f"{side}_mean"] > 0.0).all():
                dash = ":" if side == "split" else "-"
                style.band(panel, curve["round"], style.measured(curve, side + "_{}"), LOOKS[side], linestyle=dash)
        style.theory(panel, curve["round"], curve["constant"], LOOKS["constant"].colour, LOOKS["constant"].label)
        style.log_axes(panel, "round", "estimated losses (errors)")
    style.share_limits(axes[:2])
    for name, look in TUNINGS.items():
        curve = frame.filter(frame["tuning"] == name).sort("round")
        style.band(axes[2], curve["round"], style.measured(curve, "share_of_moment_{}"), look)
        axes[2].plot(curve["round"], curve["share_of_split_mean"], ":", color=look.colour, lw=1.2)
    axes[2].axhline(1.0, color=style.BLACK, linestyle="--", lw=1.0)
    axes[2].set_xscale("log", base=2)
    axes[2].set(xlabel="round", ylabel="left side over right side", ylim=(0.0, 1.05))
    style.legend_below(axes[0])
    style.legend_below(axes[2])
    style.panel_letters(axes, ["$C = 0$", "self-bounding $C$", "share of the right side"])


def sentences(frame: "polars.DataFrame") -> list[str]:
    """Return the shares at the last round, and the least room that any path left."""
    found = []
    for name, look in TUNINGS.items():
        last = frame.filter(frame["tuning"] == name).sort("round").row(-1, named=True)
        label = look.label.replace("$", "").replace(r"\epsilon", "ε").replace(r"\eta", "η")
        found.append(
            f"{label}: in the end the left side is {last['share_of_moment_mean']:.2f} of (E1), "
            f"{last['share_of_split_mean']:.2f} of (D3) and {last['left_mean'] / last['constant']:.2f} of what is "
            "proved of (D3)'s mean."
        )
    room = float(np.min([frame[f"least_{side}"].min() for side in RIGHT]))
    found.append(f"On no path was less room than {room:.1f} errors.")
    return found


SIDES = Figure(
    name="bechavod2022_sides",
    title="Where a bound is lost: both sides of the inequality for exponential weights, over time",
    paper=BECHAVOD,
    claim="On every path the estimated losses exceed those of the best hypothesis by at most (E1), whose mean gives "
    "D1. With errors and reports in moments of their own it is (D3) (ours).",
    caption="World A, Exp2 with the shifted estimator, tuned for the last round. Left side: what the policy was "
    "charged by its own estimates g less what the best hypothesis in hindsight was. X is the part of g that is about "
    "labels, V the rounds with a report. (a), (b) The sides at two prices, and what is proved of (D3)'s mean: 5 k² a "
    "round in place of the moment of X. (c) The left side over the right one, for all prices: full lines (E1), dotted "
    "(D3). Bands: 95% intervals of means.",
    settings={"quick": QUICK, "paper": LONG},
    compute=data,
    paint=draw,
    findings=sentences,
    panels=3,
    size=(11.0, 4.4),
)
