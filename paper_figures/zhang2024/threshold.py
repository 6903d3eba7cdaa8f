"""When the last iterate of INPO converges: the factor per round near the equilibrium, and the weight where it is 1."""

import math

import numpy as np

from bandits.preference import INPO, NashMP, PreferenceGame, games, stability
from paper_figures import kit, style
from paper_figures.kit import Array, Figure, Frame, Panels, Row, changed, setting
from paper_figures.style import Look
from sims.engines.policies import trajectory

# colour, marker, size: curves nearly coincide, larger markers show around smaller ones
_LOOKS = ((style.BLUE, "o", 8.0), (style.RED, "s", 5.5), (style.GREEN, "D", 4.0))
_OFFSET = 1e-5  # of the logits of the reference from those of the equilibrium
_LEAST_CHANGE = 1e-9  # below this, distances are rounding


class Threshold(Figure):
    """For each cycle, learner and total weight, the measured factor per round and the one of the theory."""

    name = "zhang2024_threshold"
    title = "The last iterate of INPO converges only above a threshold of the weight"
    claim = """Near an interior equilibrium a round of INPO multiplies the distance by |1 - (τ - i ω) / (λ + τ)|: it
    converges if and only if λ + τ > (τ² + ω²) / (2 τ), ± i ω the extreme eigenvalues of S (diag p* - p* p*ᵀ)."""
    caption = """Cycles in which every action beats the half of the others that follows it; the reference lies near
    the uniform equilibrium, and self-play starts there. Markers: geometric mean change per round of the distance of the
    logits from p*, over the rounds in which it is neither rounding nor too large for linear theory. Broken: the
    linearized factor; dotted: threshold of INPO. Above the line at 1 play spirals out. Nash-MP, which looks ahead, is
    stable down to much smaller weights. Deterministic."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(sizes=(3,), points=4)

    sizes: tuple[int, ...] = setting("actions of the cycles", (3, 5, 21))
    advantage: float = setting("advantage P - 1/2 along the cycles", 0.4)
    regularization: float = setting("weight τ of the reference", 0.1)
    least: float = setting("least λ + τ", 0.15)
    greatest: float = setting("greatest λ + τ", 10.0)
    points: int = setting("weights per curve", 15)
    rounds: int = setting("rounds per play", 60)

    def data(self) -> Frame:
        """Return one row per size, weight and learner."""
        rows: list[Row] = []
        tau = self.regularization
        for size in self.sizes:
            game = self._near(games.condorcet_cycle(size, self.advantage))
            local = stability(game.preferences, np.exp(game.log_equilibrium[0]), tau)
            for total in np.geomspace(self.least, self.greatest, self.points):
                ahead = complex(1.0 - tau / total, local.frequency / total)
                factors: dict[INPO | NashMP, float] = {INPO(total - tau): abs(ahead)}
                factors[NashMP(total - tau)] = abs(1.0 - tau / total + 1j * local.frequency / total * ahead)
                for learner, factor in factors.items():
                    row = {"learner": learner.name, "n_actions": size, "total_weight": total, "factor_theory": factor}
                    rows.append({**row, "factor": _factor(game, learner), "threshold": local.threshold})
        return kit.table(rows)

    def _near(self, preferences: Array) -> PreferenceGame:
        """Return the game with a reference near its uniform equilibrium, along the slowest wave of the cycle."""
        n = len(preferences)
        logits = _OFFSET * np.cos(2.0 * np.pi * np.arange(n) / n)
        mu = np.exp(logits) / np.exp(logits).sum()
        return PreferenceGame(preferences, self.rounds, self.regularization, mu)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw factors against the total weight, one panel per learner."""
        for panel, name in zip(axes, ("INPO", "NashMP"), strict=True):
            for (colour, marker, large), size in zip(_LOOKS, sorted(set(frame["n_actions"])), strict=False):
                rows = frame.filter(learner=name, n_actions=size).sort("total_weight")
                look, x = Look(f"{size} actions, measured", colour, marker), rows["total_weight"]
                kit.marked(panel, x, rows["factor"], look, linestyle="", markersize=large, markeredgecolor="white")
                kit.theory_line(panel, x, rows["factor_theory"], colour)
                if name == "INPO":
                    panel.axvline(rows["threshold"][0], color=colour, linestyle=":", linewidth=0.9)
            panel.axhline(1.0, color=style.BLACK, linewidth=0.8, label="no change")
            label = "factor of the distance per round"
            kit.log_x(panel, r"total weight $\lambda + \tau$", label, base=10, ylim=(0.4, 1.6))
            kit.legend_entry(panel, "linearized")
        kit.legend_entry(axes[0], r"$(\tau^2 + \omega^2) / 2 \tau$", ":", linewidth=0.9)
        kit.finish(axes, ["INPO", "Nash-MP"], columns=2)

    def findings(self, frame: Frame) -> list[str]:
        """Return how close the linear theory is, and where each learner stops converging."""
        off = (frame["factor"] - frame["factor_theory"]).abs().drop_nans().max()
        sentences = [f"Measured and linearized factors differ by at most {off:.1e}."]
        for size in sorted(set(frame["n_actions"])):
            own = frame.filter(n_actions=size, learner="INPO")
            grows = own.filter(own["factor_theory"] > 1.0)["total_weight"].max()
            text = f"{size} actions: INPO leaves the equilibrium below λ + τ = {own['threshold'][0]:.2f}"
            sentences.append(f"{text} (largest weight tried that grows: {grows or math.nan:.2f}).")
        return sentences


def _factor(game: PreferenceGame, learner: INPO | NashMP) -> float:
    """Return the geometric mean change per round of the distance of the logits from those of the equilibrium."""
    away = trajectory(game, learner) - game.log_equilibrium[0]
    size = np.linalg.norm(away - away.mean(axis=1, keepdims=True), axis=1)
    linear = (size > _LEAST_CHANGE) & (size < 1e-2)
    last = len(size) - 1 if linear.all() else int(np.argmin(linear)) - 1
    return math.nan if last < 1 else float((size[last] / size[0]) ** (1.0 / last))
