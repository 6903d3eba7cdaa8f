"""Sokota et al., "A Unified Approach" (2023), arXiv:2206.05825: mirror descent in games of several regularisers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import theory
from bandits.preference import Entropy, MirrorDescent, PreferenceGame, Regularizer, Separable, Tsallis, games
from bandits.preference.equilibria import regularized_nash
from paper_figures import kit, style
from paper_figures.kit import Array, Figure, Frame, Panels, Paper, changed, setting
from paper_figures.style import Look
from sims.engines.policies import trajectory

PAPER = Paper(
    title="A Unified Approach to Reinforcement Learning, Quantal Response Equilibria, and Two-Player Zero-Sum Games",
    authors="Samuel Sokota, Ryan D'Orazio, J. Zico Kolter, Nicolas Loizou, Marc Lanctot, Ioannis Mitliagkas, "
    "Noam Brown, Christian Kroer",
    venue="ICLR 2023, arXiv:2206.05825",
    url="https://arxiv.org/abs/2206.05825",
)
_SMALLEST = 1e-13  # divergences below this are rounding


@dataclass(frozen=True)
class Squares(Separable):
    """Half the sum of squares, 1 / n-strongly convex in the 1-norm."""

    strong_convexity: float = 1.0

    def term(self, probability: Any) -> Any:
        """Return p^2 / 2."""
        return 0.5 * probability * probability

    def slope(self, probability: Any) -> Any:
        """Return p."""
        return probability

    def inverse(self, slope: Any) -> Any:
        """Return the slope, at least 0."""
        return 0.5 * (slope + abs(slope))


LOOKS = {
    "Entropy": Look("entropy", style.BLUE, "o"),
    "Tsallis": Look("Tsallis 1/2", style.ORANGE, "s"),
    "Squares": Look("squares", style.GREEN, "D"),
}


class Regularizers(Figure):
    """The divergence from the equilibrium by round, and a probability in equilibrium by weight, per regulariser."""

    name = "sokota2023_regularizers"
    title = "Mirror descent converges in games of any regulariser; the regulariser decides what is played rarely"
    claim = """Where both players pay τ times a Bregman divergence D of a function ψ, mirror descent with ψ converges
    linearly: D(p*, p) falls by λ / (λ + τ) per round wherever 4 s² λ τ >= 1, s the strong convexity of ψ."""
    caption = """One random game with the uniform reference, exact rows, weights λ = 1 / (4 s² τ). Left: divergence
    D(p*, p) of the last iterate; broken: the theorem. Right: the least probability of an action in the regularized
    equilibrium. With the entropy it falls exponentially in 1 / τ, with the Tsallis entropy like τ², and with squares
    it is 0 from some weight on, where the line ends. Deterministic."""
    panels, size = 2, (7.2, 4.0)
    tiny = changed(rounds=12, points=6)

    n_actions: int = setting("actions", 4)
    game: int = setting("seed of the game", 13)
    regularization: float = setting("weight τ on the left", 1.0)
    rounds: int = setting("rounds", 60)
    weights: tuple[float, float] = setting("least and greatest weight τ on the right", (0.02, 10.0))
    points: int = setting("weights per curve", 24)

    def regularizers(self) -> Mapping[str, Regularizer]:
        """Return the regularisers by name."""
        return {"Entropy": Entropy(), "Tsallis": Tsallis(0.5), "Squares": Squares(1.0 / self.n_actions)}

    def data(self) -> Frame:
        """Return rows with a round, of plays, and rows without one, of equilibria."""
        tables = []
        for name, psi in self.regularizers().items():
            tables.append(kit.table({"regularizer": name, "part": "play", **self._play(psi)}))
            taus = np.geomspace(*self.weights, self.points)
            least = [regularized_nash(self._matrix(), tau, None, psi).min() for tau in taus]
            tables.append(kit.table({"regularizer": name, "part": "equilibrium", "tau": taus, "least": least}))
        return kit.stack(tables)

    def _matrix(self) -> Array:
        return games.uniform_random(self.n_actions, self.game)

    def _play(self, psi: Regularizer) -> dict[str, Array]:
        """Return the divergences (rounds + 1,) from the equilibrium, and what the theorem says."""
        game = PreferenceGame(self._matrix(), self.rounds, self.regularization, regularizer=psi)
        learner = MirrorDescent(psi)
        found = psi.bregman(game.log_equilibrium[0], trajectory(game, learner))
        bound, start = theory.theorem("sokota2023.mirror_descent"), game.initial_divergence
        given = {"prox_weight": learner.parameters(game).prox_weight, "regularization": self.regularization}
        later = [bound.value(horizon=t + 1, initial_divergence=start, **given) for t in range(self.rounds)]
        limits = [start, *later]
        return {"round": np.arange(self.rounds + 1), "divergence": found, "bound": np.array(limits)}

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw plays on the left, equilibria on the right."""
        plays, equilibria = (frame.filter(part=part) for part in ("play", "equilibrium"))
        for _, look, rows in kit.curves(plays, LOOKS, "regularizer", "round"):
            kept = rows.filter(rows["divergence"] > _SMALLEST)
            kit.marked(axes[0], kept["round"], kept["divergence"], look, markersize=4.5, markevery=0.1)
            kit.theory_line(axes[0], rows["round"], rows["bound"], look.colour)
        axes[0].set(
            xlabel="rounds (one row each)", ylabel="divergence $D(p^*, p)$", yscale="log", ylim=(_SMALLEST, 1.0)
        )
        kit.legend_entry(axes[0])
        for _, look, rows in kit.curves(equilibria, LOOKS, "regularizer", "tau"):
            kept = rows.filter(rows["least"] > 0.0)
            kit.marked(axes[1], kept["tau"], kept["least"], look, markersize=4.5, markevery=0.12)
        kit.log_axes(axes[1], r"weight $\tau$ of the reference", "least probability in equilibrium", base=10)
        axes[1].set_ylim(1e-7, 1.0)  # what squares leave out would be at -inf
        kit.finish(axes, ["last iterates", "equilibria"], legends=[])
        kit.shared_legend(axes, columns=4)

    def findings(self, frame: Frame) -> list[str]:
        """Return rounds to a small divergence, and where an action is given up."""
        sentences = []
        for _, look, rows in kit.curves(frame, LOOKS, "regularizer", "round", part="play"):
            soon = rows.filter(rows["divergence"] < 1e-6)["round"].min()
            sure = rows.filter(rows["bound"] < 1e-6)["round"].min()
            sentences.append(f"{look.label}: divergence below 1e-6 after {soon} rounds, guaranteed after {sure}.")
        rows = frame.filter(part="equilibrium", regularizer="Squares")
        none = rows.filter(rows["least"] == 0.0)["tau"].max()
        return [*sentences, f"With squares an action is not played at all up to the weight {none:.2g}."]
