"""The sweep of the grid: every threshold at its own fixed point, which are feasible, and what they earn."""

import numpy as np

from bandits.threshold import environments
from paper_figures import kit, style
from paper_figures.du2025.loops import POPULATIONS, TITLES
from paper_figures.kit import Axes, Figure, Frame, Panels, changed, setting


class Sweep(Figure):
    """Rates, reward and feasibility of each threshold at its fixed point; random is only the split of the data."""

    name = "du2025_sweep"
    title = "Every threshold at its own fixed point: the feasible region and the oracle"
    claim = "The oracle: the best feasible fixed threshold, found by sweep."
    caption = """Each threshold of the grid is held until the population has settled; means are exact, nothing is
    sampled. Blue: mean reward per round, a bad acceptance costing the price q. Broken: difference of the acceptance
    rates of the two groups, feasible (shaded) where it is at most δ. Lenient thresholds accept almost everybody in both
    groups, strict ones almost nobody; those between are unfair. Star: the oracle of all other figures."""
    panels, size = 3, (7.2, 6.4)
    tiny = changed(n_thresholds=11)

    n_thresholds: int = setting("thresholds G, equally spaced on [0, 1]", 50)
    parity_tolerance: float = setting("parity tolerance δ (acceptance rate)", 0.1)
    populations: tuple[str, ...] = setting("populations, with the seed of the split", POPULATIONS)

    def data(self) -> Frame:
        """Return one row per environment and threshold."""
        tables = []
        games = environments(100_000, grid=self.n_thresholds, parity_tolerance=self.parity_tolerance, batch_size=100)
        for name, game in games.items():
            found = game.fixed_points
            columns = {"environment": name, "threshold": game.thresholds, "reward_per_round": found.reward}
            columns |= {f"acceptance_rate_{group}": found.accept[:, group] for group in range(2)}
            columns |= {"feasible": found.feasible.astype(np.int64)}
            columns |= {"best_feasible": (np.arange(len(found.reward)) == found.best).astype(np.int64)}
            tables.append(kit.table(columns | {"tolerance": self.parity_tolerance}))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw reward and the difference of rates against the threshold; the feasible region is shaded."""
        for panel, name in zip(axes, TITLES, strict=True):
            _draw_environment(panel, frame.filter(environment=name))
        for panel in (axes[0], axes[2]):
            panel.set_ylabel("good acceptances per individual; rate")
        kit.finish(axes, list(TITLES.values()), legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the best feasible threshold and the best one without constraints."""
        sentences = []
        for name, title in TITLES.items():
            part = frame.filter(environment=name)
            best, free = kit.first(part.filter(best_feasible=1)), kit.last(part.sort("reward_per_round"))
            beyond = abs(free["acceptance_rate_0"] - free["acceptance_rate_1"])
            sentences.append(
                f"{title}: best feasible threshold {best['threshold']:.3f} with reward {best['reward_per_round']:.4f}; "
                f"without constraints {free['threshold']:.3f} with {free['reward_per_round']:.4f}, difference of rates "
                f"{beyond:.3f}; {int(part['feasible'].sum())} of {part.height} thresholds are feasible."
            )
        return sentences


def _draw_environment(panel: Axes, part: Frame) -> None:
    x, reward = part["threshold"], part["reward_per_round"]
    difference = (part["acceptance_rate_0"] - part["acceptance_rate_1"]).abs()
    half = 0.5 * float(x[1] - x[0])
    for place in np.flatnonzero(part["feasible"].to_numpy()):
        label = "feasible" if panel.get_legend_handles_labels()[1] == [] else None
        panel.axvspan(x[int(place)] - half, x[int(place)] + half, color=style.GREEN, alpha=0.13, lw=0, label=label)
    panel.plot(x, reward, color=style.BLUE, marker="o", markersize=3.2, label="reward per round")
    panel.plot(x, difference, color=style.RED, linestyle=(0, (4, 1.5)), label="difference of acceptance rates")
    panel.axhline(part["tolerance"][0], color=style.RED, linestyle=":", linewidth=1.0, label="tolerance δ")
    best, free = part["best_feasible"].arg_max() or 0, reward.arg_max() or 0
    for at, marker, label in ((best, "*", "best feasible"), (free, "P", "best without constraints")):
        panel.plot(x[at], reward[at], marker, color=style.BLACK, markersize=11, mec="white", zorder=5, label=label)
    panel.set(xlabel="threshold θ", xlim=(0.0, 1.0))
