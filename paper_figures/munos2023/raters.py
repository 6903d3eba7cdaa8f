"""Three kinds of raters: the best action under a fitted reward jumps where the equilibrium moves a little."""

import numpy as np

from bandits.preference import COMAL, PreferenceGame, games
from paper_figures import kit, style
from paper_figures.kit import Array, Figure, Frame, Panels, Row, changed, setting
from sims.engines.policies import trajectory

# colour, marker, size: two actions share their probabilities, one shows around the other
_LOOKS = ((style.BLUE, "o", 8.0), (style.RED, "s", 4.0), (style.GREEN, "D", 4.5))


class Raters(Figure):
    """For each epsilon the policies of self-play and of reward fitting, and the winner in closed form."""

    name = "munos2023_raters"
    title = "Three kinds of raters: a fitted reward jumps, the equilibrium does not"
    claim = """A policy optimized for a fitted Bradley-Terry reward changes abruptly when the masses of the raters shift
    a little; the equilibrium of the preferences changes linearly (Appendix C)."""
    caption = """Raters of mass 1/3 - ε prefer action 1 to 0, of mass 1/3 + ε/2 action 0 to 2, and of mass 1/3 + ε/2
    action 2 to 1; all else are ties. (a) The Bradley-Terry reward is fitted to uniform pairs and optimized with a small
    weight on the entropy: it names one best action, another on either side of 0. (b) Markers: the last iterate of
    self-play with proximal points (COMAL) on exact rows; broken lines: the von Neumann winner (1/3 + ε/2, 1/3 + ε/2,
    1/3 - ε). Deterministic."""
    panels, size = 2, (7.2, 3.9)
    tiny = changed(points=1)

    largest: float = setting("largest |ε|", 0.15)
    points: int = setting("values of ε on each side of 0", 10)
    weight: float = setting("weight of the entropy in reward fitting", 0.005)
    inner_rounds: int = setting("rounds per outer step of self-play", 40)
    outer_steps: int = setting("outer steps of self-play", 60)

    def data(self) -> Frame:
        """Return one row per epsilon and action."""
        rows: list[Row] = []
        sides = self.largest * np.arange(1, self.points + 1) / self.points
        for epsilon in (*-sides[::-1], 0.0, *sides):
            preferences = games.three_raters(float(epsilon))
            game = PreferenceGame(preferences, self.inner_rounds * self.outer_steps)
            played = np.exp(trajectory(game, COMAL(0.1, self.inner_rounds))[-1])
            reward = np.exp(fitted_rewards(preferences) / self.weight)
            exact = (1 / 3 + epsilon / 2, 1 / 3 + epsilon / 2, 1 / 3 - epsilon)
            for i in range(3):
                row = {"epsilon": float(epsilon), "action": i, "self_play": played[i], "equilibrium": exact[i]}
                rows.append({**row, "reward_fitting": reward[i] / reward.sum()})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw both policies against epsilon."""
        for i, (colour, marker, size) in enumerate(_LOOKS):
            own, look = frame.filter(action=i).sort("epsilon"), style.Look(f"action {i}", colour, marker)
            line: Row = {"markersize": size, "markeredgecolor": "white"}
            kit.marked(axes[0], own["epsilon"], own["reward_fitting"], look, **line)
            kit.marked(axes[1], own["epsilon"], own["self_play"], look, f"action {i}, self-play", linestyle="", **line)
            kit.theory_line(axes[1], own["epsilon"], own["equilibrium"], colour)
        kit.legend_entry(axes[1], "closed form")
        for panel in axes:
            label = "probability of the action"
            panel.set(xlabel=r"imbalance $\epsilon$ of the raters", ylabel=label, ylim=(-0.03, 1.03))
        kit.finish(axes, ["reward fitting, then optimizing", "von Neumann winner"], columns=2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the size of the jump and the error of self-play."""
        first = frame.filter(action=0).sort("epsilon")
        below, above = (first.row(first.height // 2 + side, named=True) for side in (-1, 1))
        wide, jump, moved = (above[c] - below[c] for c in ("epsilon", "reward_fitting", "equilibrium"))
        error = float(np.abs(frame["self_play"].to_numpy() - frame["equilibrium"].to_numpy()).max())
        return [
            f"Over the {wide:.2g} of ε around 0 the probability of action 0 rises by {jump:.2f} under reward fitting "
            f"and by {moved:.3f} at the equilibrium.",
            f"Self-play is within {error:.1e} of the closed form (1/3 + ε/2, 1/3 + ε/2, 1/3 - ε) everywhere.",
        ]


def fitted_rewards(preferences: Array) -> Array:
    """Return Bradley-Terry rewards (n,) of mean 0 that maximise the likelihood of uniform pairs; P in (0, 1).

    Newton's method on a strictly convex function of the differences; sixty steps halved where needed.
    """
    n = len(preferences)
    reward, wins = np.zeros(n), preferences.sum(axis=1)
    for _ in range(60):
        chance = 1.0 / (1.0 + np.exp(reward[None, :] - reward[:, None]))
        curvature = chance * (1.0 - chance)
        laplacian = np.diag(curvature.sum(axis=1)) - curvature + 1.0 / n
        move = np.linalg.solve(laplacian, wins - chance.sum(axis=1))
        reward = reward + move * min(1.0, 1.0 / max(float(np.abs(move).max()), 1e-300))
    return np.asarray(reward - reward.mean())
