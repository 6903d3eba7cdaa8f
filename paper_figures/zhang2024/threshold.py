"""When INPO's last iterate converges: the factor of a round near the equilibrium, and the weight at which it is 1."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandits.preference import INPO, NashMP, PreferenceGame, games, stability
from paper_figures import style
from paper_figures.figure import Figure
from paper_figures.tiapkin2025.source import labelled
from paper_figures.zhang2024.source import ZHANG
from sims.engines.policies import trajectory

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

COLOURS = (style.BLUE, style.RED, style.GREEN)
MARKER_SIZES = (8.0, 5.5, 4.0)  # curves nearly coincide: larger markers show around smaller ones
_OFFSET = 1e-5  # of the reference's logits from the equilibrium's
_LEAST_CHANGE = 1e-9  # below this, distances are rounding


@dataclass(frozen=True)
class ThresholdSettings:
    """Parameters of the figure; nothing is drawn at random."""

    sizes: tuple[int, ...] = labelled("actions of the cycles", (3, 5, 21))
    advantage: float = labelled("advantage P - 1/2 along the cycles", 0.4)
    regularization: float = labelled("weight τ of the reference", 0.1)
    least: float = labelled("least λ + τ", 0.15)
    greatest: float = labelled("greatest λ + τ", 10.0)
    points: int = labelled("weights a curve", 15)
    rounds: int = labelled("rounds of a play", 60)


SETTINGS = ThresholdSettings()


def threshold_data(settings: ThresholdSettings) -> "polars.DataFrame":
    """Return, for each cycle, learner and total weight, the measured factor of a round and the one of the theory."""
    import polars

    rows: list[dict[str, Any]] = []
    tau = settings.regularization
    for size in settings.sizes:
        game = _near(games.condorcet_cycle(size, settings.advantage), settings)
        local = stability(game.preferences, np.exp(game.log_equilibrium[0]), tau)
        for total in np.geomspace(settings.least, settings.greatest, settings.points):
            ahead = complex(1.0 - tau / total, local.frequency / total)
            factors: dict[INPO | NashMP, float] = {INPO(total - tau): abs(ahead)}
            factors[NashMP(total - tau)] = abs(1.0 - tau / total + 1j * local.frequency / total * ahead)
            for learner, factor in factors.items():
                row = {"learner": learner.name, "n_actions": size, "total_weight": total, "factor_theory": factor}
                rows.append({**row, "factor": _factor(game, learner), "threshold": local.threshold})
    return polars.DataFrame(rows)


def _near(preferences: NDArray[np.float64], settings: ThresholdSettings) -> PreferenceGame:
    """Return the game with a reference beside its uniform equilibrium, along the slowest wave of the cycle."""
    n = len(preferences)
    logits = _OFFSET * np.cos(2.0 * np.pi * np.arange(n) / n)
    mu = np.exp(logits) / np.exp(logits).sum()
    return PreferenceGame(preferences, settings.rounds, settings.regularization, mu)


def _factor(game: PreferenceGame, learner: INPO | NashMP) -> float:
    """Return the geometric mean change of the distance of logits from the equilibrium's, a round."""
    away = trajectory(game, learner) - game.log_equilibrium[0]
    size = np.linalg.norm(away - away.mean(axis=1, keepdims=True), axis=1)
    linear = (size > _LEAST_CHANGE) & (size < 1e-2)
    last = len(size) - 1 if linear.all() else int(np.argmin(linear)) - 1
    return math.nan if last < 1 else float((size[last] / size[0]) ** (1.0 / last))


def draw_threshold(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw factors against the total weight, one panel a learner."""
    for panel, name in zip(axes, ("INPO", "NashMP"), strict=True):
        drawn = zip(COLOURS, style.MARKERS, MARKER_SIZES, sorted(set(frame["n_actions"])), strict=False)
        for colour, marker, large, size in drawn:
            curve = frame.filter((frame["learner"] == name) & (frame["n_actions"] == size)).sort("total_weight")
            line: Any = {"linestyle": "", "markersize": large, "markeredgecolor": "white"}
            x = curve["total_weight"]
            panel.plot(x, curve["factor"], color=colour, marker=marker, label=f"{size} actions, measured", **line)
            style.theory(panel, x, curve["factor_theory"], colour)
            if name == "INPO":
                panel.axvline(curve["threshold"][0], color=colour, linestyle=":", linewidth=0.9)
        panel.axhline(1.0, color=style.BLACK, linewidth=0.8)
        panel.set_xscale("log")
        panel.set(xlabel=r"total weight $\lambda + \tau$", ylabel="factor of the distance, a round", ylim=(0.4, 1.6))
        panel.plot([], [], color=style.GREY, linestyle="--", linewidth=1.0, label="linearized")
    axes[0].plot([], [], color=style.GREY, linestyle=":", linewidth=0.9, label=r"$(\tau^2 + \omega^2) / 2 \tau$")
    for panel in axes:
        style.legend_below(panel, 2)
    style.panel_letters(axes, ["INPO", "Nash-MP"])


def threshold_findings(frame: "polars.DataFrame") -> list[str]:
    """Return how close the linear theory is, and where each learner stops converging."""
    off = (frame["factor"] - frame["factor_theory"]).abs().drop_nans().max()
    sentences = [f"Measured and linearized factors differ by at most {off:.1e}."]
    for size in sorted(set(frame["n_actions"])):
        own = frame.filter((frame["n_actions"] == size) & (frame["learner"] == "INPO"))
        grows = own.filter(own["factor_theory"] > 1.0)["total_weight"].max()
        text = f"{size} actions: INPO leaves the equilibrium below λ + τ = {own['threshold'][0]:.2f}"
        sentences.append(f"{text} (largest weight tried that grows: {grows or math.nan:.2f}).")
    return sentences


THRESHOLD = Figure(
    name="zhang2024_threshold",
    title="INPO's last iterate converges only above a weight",
    paper=ZHANG,
    claim="Near an interior equilibrium a round of INPO multiplies the distance by |1 - (τ - i ω) / (λ + τ)|: it "
    "converges if and only if λ + τ > (τ² + ω²) / (2 τ), ± i ω the extreme eigenvalues of S (diag p* - p* p*ᵀ).",
    caption="Cycles in which every action beats the half of the others that follows it; the reference lies beside the "
    "uniform equilibrium, and self-play starts there. Markers: geometric mean change of the distance of the logits "
    "from p* a round, over the rounds in which it is neither rounding nor too large for linear theory. Broken: the "
    "linearized factor; dotted: INPO's threshold. Above the line at 1 play spirals out. Nash-MP, which looks ahead, "
    "is stable down to much smaller weights. Deterministic.",
    settings={"quick": SETTINGS, "paper": SETTINGS},
    compute=threshold_data,
    paint=draw_threshold,
    findings=threshold_findings,
    panels=2,
    size=(8.2, 4.2),
)
