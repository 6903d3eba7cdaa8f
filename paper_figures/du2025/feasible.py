"""The sweep of the grid: every threshold at its own fixed point, which are feasible, and what they earn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paper_figures import style
from paper_figures.du2025 import loops
from paper_figures.du2025.loops import TITLES, LoopSettings, labelled
from paper_figures.du2025.source import DU
from paper_figures.figure import Figure

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class SweepSettings:
    """Parameters of the sweep: nothing is drawn at random but the half of the data that the score model sees."""

    n_thresholds: int = labelled("thresholds G, equally spaced on [0, 1]", 50)
    parity_tolerance: float = labelled("parity tolerance δ (acceptance rate)", 0.1)
    populations: tuple[str, ...] = labelled("populations, with the seed of the split", LoopSettings().populations)


SETTINGS = SweepSettings()


def sweep_data(settings: SweepSettings) -> "polars.DataFrame":
    """Return rates, reward and feasibility of each threshold at its fixed point."""
    import polars

    tables = []
    games = LoopSettings(n_thresholds=settings.n_thresholds, parity_tolerance=settings.parity_tolerance).games()
    for name, game in games.items():
        found = game.fixed_points
        tables.append(
            polars.DataFrame(
                {
                    "environment": name,
                    "threshold": game.thresholds,
                    "reward_per_round": found.reward,
                    "acceptance_rate_0": found.accept[:, 0],
                    "acceptance_rate_1": found.accept[:, 1],
                    "feasible": found.feasible.astype(np.int64),
                    "best_feasible": (np.arange(len(found.reward)) == found.best).astype(np.int64),
                    "tolerance": settings.parity_tolerance,
                }
            )
        )
    return polars.concat(tables)


def draw_sweep(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw reward and the difference of rates against the threshold; the feasible region is shaded."""
    for panel, name in zip(axes, TITLES, strict=True):
        part = frame.filter(frame["environment"] == name)
        x, reward = part["threshold"], part["reward_per_round"]
        difference = (part["acceptance_rate_0"] - part["acceptance_rate_1"]).abs()
        half = 0.5 * float(x[1] - x[0])
        for place in np.flatnonzero(part["feasible"].to_numpy()):
            label = "feasible" if panel.get_legend_handles_labels()[1] == [] else None
            panel.axvspan(x[int(place)] - half, x[int(place)] + half, color=style.GREEN, alpha=0.13, lw=0, label=label)
        panel.plot(x, reward, color=style.BLUE, marker="o", markersize=3.2, label="reward a round")
        panel.plot(x, difference, color=style.RED, linestyle=(0, (4, 1.5)), label="difference of acceptance rates")
        panel.axhline(part["tolerance"][0], color=style.RED, linestyle=":", linewidth=1.0, label="tolerance δ")
        best, free = part["best_feasible"].arg_max() or 0, reward.arg_max() or 0
        for at, marker, label in ((best, "*", "best feasible"), (free, "P", "best without constraints")):
            panel.plot(x[at], reward[at], marker, color=style.BLACK, markersize=10, mec="white", label=label)
        panel.set(xlabel="threshold θ", xlim=(0.0, 1.0))
    axes[0].set_ylabel("good acceptances per individual; rate")
    style.panel_letters(axes, list(TITLES.values()))
    loops.shared_legend(axes[0], 3)


def oracles(frame: "polars.DataFrame") -> list[str]:
    """Return the best feasible threshold and the best one without constraints."""
    sentences = []
    for name, title in TITLES.items():
        part = frame.filter(frame["environment"] == name)
        best = part.filter(part["best_feasible"] == 1).row(0, named=True)
        free = part.sort("reward_per_round").row(-1, named=True)
        beyond = abs(free["acceptance_rate_0"] - free["acceptance_rate_1"])
        sentences.append(
            f"{title}: best feasible threshold {best['threshold']:.3f} with reward {best['reward_per_round']:.4f}; "
            f"without constraints {free['threshold']:.3f} with {free['reward_per_round']:.4f}, difference of rates "
            f"{beyond:.3f}; {int(part['feasible'].sum())} of {part.height} thresholds are feasible."
        )
    return sentences


SWEEP = Figure(
    name="du2025_sweep",
    title="Every threshold at its own fixed point: the feasible region and the oracle",
    paper=DU,
    claim="The oracle: the best feasible fixed threshold, found by sweep.",
    caption="Each threshold of the grid is held until the population has settled; means are exact, nothing is sampled. "
    "Blue: mean reward a round, a bad acceptance costing the price q. Broken: difference of the two groups' acceptance "
    "rates, feasible (shaded) where it is at most δ. Lenient thresholds accept almost everybody in both groups, strict "
    "ones almost nobody; those between are unfair. Star: the oracle of all other figures.",
    settings={"quick": SETTINGS, "paper": SETTINGS},
    compute=sweep_data,
    paint=draw_sweep,
    findings=oracles,
    panels=3,
    size=(10.4, 4.2),
)
