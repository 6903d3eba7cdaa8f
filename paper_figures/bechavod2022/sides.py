"""Both sides of the inequality behind exponential weights over time: how much a bound loses at each step."""

import math
from typing import Any

import numpy as np

from bandits.combine import Observed, observed
from bandits.one_sided import Exp2Analysis, three_points
from paper_figures import kit, style
from paper_figures.bechavod2022 import TUNINGS
from paper_figures.bechavod2022.tuning import LEARNERS
from paper_figures.kit import Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, Run

LOOKS = {
    "left": Look(r"left: $\sum \langle p, g \rangle$ minus the least $\sum g(h)$", style.BLUE, "o"),
    "moment": Look(r"(E1): $\ln N / \eta + (\eta / 2) \sum \langle p, g^2 \rangle$", style.ORANGE, "s"),
    "split": Look(r"(D3): $\ln N / \eta + \eta \sum \langle p, X^2 \rangle + \eta C^2 V$", style.GREEN, "D"),
    "constant": Look(r"(D3) with its bound $5 k^2$ per round for $\langle p, X^2 \rangle$", style.RED, "v"),
}
RIGHT = ("moment", "split")


class Sides(Figure):
    """Both sides at each checkpoint for each price, and the left side as a share of each right side."""

    name = "bechavod2022_sides"
    title = "Where a bound is lost: both sides of the inequality for exponential weights, over time"
    claim = """On every path the estimated losses exceed those of the best hypothesis by at most (E1), whose mean gives
    D1. With separate moments for errors and reports it is (D3) (ours)."""
    caption = """Environment A, Exp2 with the shifted estimator, tuned for the last round. Left side: the losses of the
    policy under its own estimates g, minus those of the best hypothesis in hindsight. X is the part of g that is about
    labels, V the rounds with a report. (a), (b) The sides at two prices, and the proved bound on the mean of (D3): 5 k²
    per round in place of the moment of X. (c) The left side over the right one, for all prices: full lines (E1), dotted
    (D3). Bands: 95% intervals of means."""
    panels, size = 3, (7.2, 6.4)
    tiny = changed(horizon=2048, repetitions=4)
    paper = changed(horizon=2**20, repetitions=64)

    horizon: int = setting("horizon T (rounds)", 2**16)
    first: int = setting("first round drawn", 2**8)
    tolerance: float = setting("tolerance (and slack ε)", 0.2)
    repetitions: int = setting("repetitions", 16)
    seed: int = setting("seed", 2028)

    def game(self) -> Observed:
        """Return environment A with the terms of the analysis as metrics."""
        return observed(three_points(self.horizon, self.tolerance), Exp2Analysis())

    def data(self) -> Frame:
        """Return one row per tuning and checkpoint."""
        checkpoints = tuple(2**k for k in range(self.first.bit_length() - 1, self.horizon.bit_length()))
        found = runs([Cell(self.game(), x, self.repetitions, self.seed, checkpoints) for x in LEARNERS.values()])
        return kit.table([row for name, run in zip(LEARNERS, found, strict=True) for row in _rows(name, run)])

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw both sides for two prices, then the left side as a share of the right ones for all."""
        for panel, name in zip(axes, ("free", "bounding"), strict=False):
            rows = frame.filter(tuning=name).sort("round")
            for side in ("left", *RIGHT):
                if (rows[f"{side}_mean"] > 0.0).all():
                    dash = ":" if side == "split" else "-"
                    kit.curve(panel, rows, "round", side + "_{}", LOOKS[side], linestyle=dash)
            kit.theory_line(panel, rows["round"], rows["constant"], LOOKS["constant"].colour, LOOKS["constant"].label)
            kit.log_axes(panel, "round", "estimated losses (errors)")
        kit.share_limits(axes[:2])
        for _, look, rows in kit.curves(frame, TUNINGS, "tuning", "round"):
            kit.curve(axes[2], rows, "round", "share_of_moment_{}", look)
            kit.theory_line(axes[2], rows["round"], rows["share_of_split_mean"], look.colour, dash=":")
        kit.legend_entry(axes[2], "left over (E1), same colour", "-", marker="o", linewidth=1.5)
        kit.legend_entry(axes[2], "left over (D3), same colour", ":")
        axes[2].axhline(1.0, color=style.BLACK, linestyle="--", lw=1.0, label="equal sides")
        kit.log_x(axes[2], "round", "left side over right side", ylim=(0.0, 1.05))
        kit.finish(axes, ["$C = 0$", "self-bounding $C$", "share of the right side"], legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the shares at the last round, and the least room on any path."""
        sentences = []
        for _, look, rows in kit.curves(frame, TUNINGS, "tuning", "round"):
            last = kit.last(rows)
            sentences.append(
                f"{kit.plain(look.label)}: in the end the left side is {last['share_of_moment_mean']:.2f} of (E1), "
                f"{last['share_of_split_mean']:.2f} of (D3) and {last['left_mean'] / last['constant']:.2f} of the "
                "proved bound on the mean of (D3)."
            )
        room = float(np.min([frame[f"least_{side}"].min() for side in RIGHT]))
        return [*sentences, f"On every path the room left was at least {room:.1f} errors."]


def _rows(name: str, run: Run) -> list[Row]:
    game: Any = run.problem
    params = run.learner.parameters(game)
    rate, price, k = params.learning_rate, params.price, game.individuals
    start, left = math.log(game.n_hypotheses) / rate, run["estimated_regret"]
    sides = {
        "left": left,
        "moment": start + 0.5 * rate * run["second_moment"],
        "split": start + rate * (run["labels_moment"] + price**2 * run["violations"]),
    }
    rows = []
    for c, rounds in enumerate(run.rounds):
        reports = price**2 * float(run.mean("violations")[c])
        constant = start + rate * (5.0 * k**2 * float(rounds) + reports)
        row: Row = {"tuning": name, "round": int(rounds), "price": price, "constant": constant}
        for side, samples in sides.items():
            row |= kit.interval(side, samples[:, c])
        for side in RIGHT:
            row |= kit.interval(f"share_of_{side}", left[:, c] / sides[side][:, c])
            row[f"least_{side}"] = float((sides[side][:, c] - left[:, c]).min())
        rows.append(row)
    return rows
