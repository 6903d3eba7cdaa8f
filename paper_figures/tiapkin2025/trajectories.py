"""Where self-play goes on a cycle of three actions: last and average iterates in the simplex."""

import numpy as np

from bandits.preference import INPO, HedgeSelfPlay, NashMP, PreferenceGame, games, von_neumann_winner
from bandits.preference.measures import kl
from paper_figures import kit, style
from paper_figures.kit import Array, Figure, Frame, Panels, Row, changed, setting
from paper_figures.style import Look
from paper_figures.tiapkin2025 import LOOKS
from sims.engines.policies import trajectory
from sims.plots import flat, triangle

_EQUILIBRIA = {
    "regularized equilibrium": Look("regularized equilibrium", style.RED, "*"),
    "von Neumann winner": Look("von Neumann winner", style.PURPLE, "X"),
}


class Trajectories(Figure):
    """The last and average policies of three learners, their divergence from p*, and the equilibria."""

    name = "tiapkin2025_trajectories"
    title = "Last and average iterates on a cycle of three actions"
    claim = """Without a reference the last iterate of self-play spirals away from an interior equilibrium and only its
    average converges; with one, mirror prox converges in its last iterate."""
    caption = """Each triangle holds all policies on three actions that beat each other in a cycle; self-play starts at
    the reference μ (black dot). Hedge plays the game without the reference: its last iterate leaves the von Neumann
    winner (cross), its average goes there. INPO and Nash-MP play the game with weight τ on the reference, whose
    equilibrium is the star; at the same weight λ only the second converges. Deterministic: rows of the preference
    matrix are exact, so there is no seed."""
    panels, size = 3, (7.2, 6.4)
    tiny = changed(rounds=60)

    rounds: int = setting("rounds", 400)
    strengths: tuple[float, float, float] = setting("advantages P - 1/2 along the cycle", (0.5, 0.3, 0.3))
    reference: tuple[float, float, float] = setting("reference policy μ, the start", (0.5, 0.3, 0.2))
    regularization: float = setting("weight τ of the reference", 0.03)
    hedge_step: float = setting("step of Hedge", 0.4)
    prox_weight: float = setting("weight λ of the present policy, INPO and Nash-MP", 0.5)

    def data(self) -> Frame:
        """Return one row per learner, iterate and round, then one per equilibrium."""
        cycle = games.biased_rock_paper_scissors(*self.strengths)
        game = PreferenceGame(cycle, self.rounds, self.regularization, self.reference)
        star, weight, tables = game.log_equilibrium[0], self.prox_weight, []
        for learner in (HedgeSelfPlay(self.hedge_step), INPO(weight), NashMP(weight)):
            last = np.exp(trajectory(game, learner))
            average = np.cumsum(last, axis=0) / np.arange(1, len(last) + 1)[:, None]
            tables += [_points(learner.name, "last", last, star), _points(learner.name, "average", average, star)]
        for name, point in zip(_EQUILIBRIA, (np.exp(star), von_neumann_winner(cycle)), strict=True):
            tables.append(_points("", name, point[None, :], star))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw one simplex per learner."""
        learners = [name for name in kit.values(frame, "learner") if name]
        for panel, name in zip(axes, learners, strict=True):
            own, colour = frame.filter(learner=name), LOOKS[name].colour
            triangle(panel)
            line: Row = {"color": colour, "linewidth": 0.9, "alpha": 0.8}
            panel.plot(*_at(own.filter(iterate="last")), label=f"last iterate, {LOOKS[name].label}", **line)
            line = {"color": style.GREEN, "linestyle": "--"}
            panel.plot(*_at(own.filter(iterate="average")), label="average iterate", **line)
            x, y = _at(own.filter(round=0))
            panel.plot(x[:1], y[:1], marker="o", markersize=4, color=style.BLACK, linestyle="", label="start, μ")
            for kind, look in _EQUILIBRIA.items():
                x, y = _at(frame.filter(iterate=kind))
                kit.marked(panel, x, y, look, markersize=9, markeredgecolor="white", linestyle="")
        kit.finish(axes, [LOOKS[name].label for name in learners], legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return where each learner ends."""
        sentences = []
        for name in (name for name in kit.values(frame, "learner") if name):
            own = frame.filter(learner=name)
            last, average = (own.filter(iterate=it)["kl_from_equilibrium"][-1] for it in ("last", "average"))
            sentences.append(
                f"{LOOKS[name].label}: KL from the regularized equilibrium {last:.2g} (last iterate) and {average:.2g} "
                f"(average) after {own['round'].max()} rounds."
            )
        return sentences


def _points(learner: str, iterate: str, points: Array, star: Array) -> Frame:
    columns: Row = {"learner": [learner] * len(points), "iterate": [iterate] * len(points)}
    columns |= {"round": np.arange(len(points)), **{f"policy_{i}": points[:, i] for i in range(3)}}
    return kit.table(columns | {"kl_from_equilibrium": kl(star, np.log(points))})


def _at(frame: Frame) -> tuple[Array, Array]:
    """Return the points of the simplex in the plane."""
    return flat(frame.select("policy_0", "policy_1", "policy_2").to_numpy())
