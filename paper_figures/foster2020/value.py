"""The worst case of a round: how much regret a law of actions may leave beyond the errors of the predictions."""

from collections.abc import Callable

import numpy as np

from bandits.contextual.laws import RULES, write_law
from paper_figures import kit, style
from paper_figures.kit import Array, Figure, Frame, Panels, changed, setting
from paper_figures.style import Look

LOOKS = {
    "exact": Look("exact inverse gap weighting", style.BLUE, "o"),
    "squarecb": Look("SquareCB", style.ORANGE, "s"),
    "softmax": Look("softmax of gamma times losses", style.RED, "P"),
    "greedy": Look("epsilon-greedy, epsilon = 0.1", style.BLACK, "v"),
}


def worst(p: Array, guess: Array) -> float:
    """Return the supremum of gamma (regret - (gamma / 4) squared error) over mean losses, for guesses times gamma.

    p, guess: (K,); for the best action a it is attained as in `theory.contextual.bounds`.
    """
    with np.errstate(divide="ignore"):
        return float((p @ guess - guess + 1.0 / p - 1.0).max())


def _rule(name: str) -> Callable[[Array], Array]:
    def law(guess: Array) -> Array:
        out = np.empty(len(guess))
        write_law(RULES.index(name), 0.1 if name == "greedy" else 1.0, guess, out)
        return out

    return law


def _softmax(guess: Array) -> Array:
    weight = np.exp(-(guess - guess.min()))
    return np.asarray(weight / weight.sum())


class Value(Figure):
    """The value of a round for four laws, against the gap of the predictions."""

    name = "foster2020_value"
    title = "The least worst case of a round is (K - 1) / gamma"
    claim = """Exact inverse gap weighting has the least worst case of regret less (gamma / 4) times squared error, (K -
    1) / gamma whatever the predictions are. That of SquareCB is up to twice as large. Derived here
    (`theory.contextual.bounds`)."""
    caption = """Supremum over mean losses of regret less (gamma / 4) squared error in a round, over (K - 1) / gamma;
    one action has the least prediction, all others have the gap shown. Dashed: the least that any law can have.
    Laws that explore too little far from the best prediction leave the picture.
    Nothing is simulated."""
    panels, size = 2, (7.2, 4.0)
    tiny = changed(points=8)
    paper = changed(points=200)

    sizes: tuple[int, ...] = setting("actions K", (2, 10))
    largest: float = setting("largest gamma times gap", 1000.0)
    points: int = setting("gaps", 40)

    def data(self) -> Frame:
        """Return the value for every law, K and gap."""
        laws = {name: _softmax if name == "softmax" else _rule(name) for name in LOOKS}
        rows = []
        for k in self.sizes:
            for gap in np.geomspace(0.1, self.largest, self.points):
                guess = np.append(0.0, np.full(k - 1, gap))
                for name, law in laws.items():
                    rows.append({"law": name, "n_actions": k, "gap": gap, "value": worst(law(guess), guess)})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the values in one panel per K."""
        sizes = kit.values(frame, "n_actions")
        for panel, k in zip(axes, sizes, strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "law", "gap", n_actions=k):
                kit.marked(panel, rows["gap"], rows["value"] / (k - 1), look, markevery=5)
            panel.axhline(
                1.0, color=style.BLACK, linestyle="--", linewidth=1.0, label="least possible, (K - 1) / gamma"
            )
            panel.set_xscale("log")
            panel.set(xlabel="gap of predictions times gamma", ylabel="worst case / ((K - 1) / gamma)", ylim=(0.0, 4.0))
        for letter, panel, k in zip("ab", axes, sizes):
            panel.set_title(f"({letter}) {k} actions")
        kit.shared_legend(axes, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the largest value of each rule."""
        sentences = []
        for k in kit.values(frame, "n_actions"):
            for name in ("exact", "squarecb"):
                largest = frame.filter(law=name, n_actions=k)["value"].max() / (k - 1)
                sentences.append(f"{LOOKS[name].label}, K = {k}: at most {largest:.4f} (K - 1) / gamma at these gaps.")
        return sentences
