"""Where self-play goes on a cycle of three actions: last and average iterates in the simplex."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandits.preference import INPO, HedgeSelfPlay, NashMP, PreferenceGame, games, von_neumann_winner
from bandits.preference.measures import kl
from paper_figures import style
from paper_figures.figure import Figure
from paper_figures.tiapkin2025.source import LOOKS, TIAPKIN, labelled
from sims.engines.policies import trajectory

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class TrajectorySettings:
    """Parameters of the trajectories."""

    rounds: int = labelled("rounds", 400)
    strengths: tuple[float, float, float] = labelled("advantages P - 1/2 along the cycle", (0.5, 0.3, 0.3))
    reference: tuple[float, float, float] = labelled("reference policy μ, the start", (0.5, 0.3, 0.2))
    regularization: float = labelled("weight τ of the reference", 0.03)
    hedge_step: float = labelled("step of Hedge", 0.4)
    prox_weight: float = labelled("weight λ of the present policy, INPO and Nash-MP", 0.5)


SETTINGS = TrajectorySettings()


def trajectory_data(settings: TrajectorySettings) -> "polars.DataFrame":
    """Return the last and average policies of three learners, their divergence from p*, and the equilibria."""
    import polars

    cycle = games.biased_rock_paper_scissors(*settings.strengths)
    game = PreferenceGame(cycle, settings.rounds, settings.regularization, settings.reference)
    star = game.log_equilibrium[0]
    weight = settings.prox_weight
    tables = []
    for learner in (HedgeSelfPlay(settings.hedge_step), INPO(weight), NashMP(weight)):
        policies = trajectory(game, learner)
        played = np.arange(1, len(policies) + 1)[:, None]
        average = np.cumsum(np.exp(policies), axis=0) / played
        for iterate, points in (("last", np.exp(policies)), ("average", average)):
            columns = _points(learner.name, iterate, points)
            tables.append(polars.DataFrame({**columns, "kl_from_equilibrium": kl(star, np.log(points))}))
    for name, point in (("regularized equilibrium", np.exp(star)), ("von Neumann winner", von_neumann_winner(cycle))):
        columns = _points("", name, point[None, :])
        tables.append(polars.DataFrame({**columns, "kl_from_equilibrium": kl(star, np.log(point[None, :]))}))
    return polars.concat(tables)


def _points(learner: str, iterate: str, points: NDArray[np.float64]) -> dict[str, Any]:
    fixed = {"learner": [learner] * len(points), "iterate": [iterate] * len(points)}
    return {**fixed, "round": np.arange(len(points)), **{f"policy_{i}": points[:, i] for i in range(3)}}


def flat(frame: "polars.DataFrame") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the points of the simplex in the plane: action 0 to the left, 1 to the right, 2 above."""
    p = frame.select("policy_0", "policy_1", "policy_2").to_numpy()
    return p[:, 1] + 0.5 * p[:, 2], 0.75**0.5 * p[:, 2]


def draw_trajectories(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw one simplex a learner."""
    for panel, name in zip(axes, ("HedgeSelfPlay", "INPO", "NashMP"), strict=True):
        panel.plot([0, 1, 0.5, 0], [0, 0, 0.75**0.5, 0], color=style.GREY, linewidth=0.9)
        own = frame.filter(frame["learner"] == name)
        colour = LOOKS[name].colour
        for iterate, line in (("last", {"linewidth": 0.9, "alpha": 0.8}), ("average", {"linestyle": "--"})):
            x, y = flat(own.filter(own["iterate"] == iterate))
            panel.plot(x, y, color=colour if iterate == "last" else style.GREEN, label=f"{iterate} iterate", **line)
        x, y = flat(own.filter(own["round"] == 0))
        panel.plot(x[:1], y[:1], marker="o", markersize=4, color=style.BLACK, linestyle="")
        for kind, marker in (("regularized equilibrium", "*"), ("von Neumann winner", "X")):
            x, y = flat(frame.filter(frame["iterate"] == kind))
            fill = style.RED if marker == "*" else style.PURPLE
            panel.plot(x, y, marker=marker, markersize=9, color=fill, markeredgecolor="white", linestyle="", label=kind)
        for x_corner, y_corner, text, side in ((0, 0, "action 0", "left"), (1, 0, "action 1", "right")):
            panel.annotate(text, (x_corner, y_corner), (0, -4), textcoords="offset points", ha=side, va="top")
        panel.annotate("action 2", (0.5, 0.75**0.5), (0, 3), textcoords="offset points", ha="center")
        panel.set_aspect("equal")
        panel.set_axis_off()
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), borderaxespad=0.0)
    style.panel_letters(axes, [LOOKS[name].label for name in ("HedgeSelfPlay", "INPO", "NashMP")])


def trajectory_findings(frame: "polars.DataFrame") -> list[str]:
    """Return where each learner ends."""
    sentences = []
    for name in ("HedgeSelfPlay", "INPO", "NashMP"):
        own = frame.filter(frame["learner"] == name)
        ends = {
            iterate: own.filter(own["iterate"] == iterate)["kl_from_equilibrium"][-1] for iterate in ("last", "average")
        }
        sentences.append(
            f"{LOOKS[name].label}: KL from the regularized equilibrium {ends['last']:.2g} (last iterate) "
            f"and {ends['average']:.2g} (average) after {own['round'].max()} rounds."
        )
    return sentences


TRAJECTORIES = Figure(
    name="tiapkin2025_trajectories",
    title="Last and average iterates on a cycle of three actions",
    paper=TIAPKIN,
    claim="Without a reference the last iterate of self-play spirals away from an interior equilibrium and only its "
    "average converges; with one, mirror prox converges in its last iterate.",
    caption="Each triangle holds all policies on three actions that beat each other in a cycle; self-play starts at "
    "the reference μ (black dot). Hedge plays the game without the reference: its last iterate leaves the von Neumann "
    "winner (cross), its average goes there. INPO and Nash-MP play the game with weight τ on the reference, whose "
    "equilibrium is the star; at the same weight λ only the second converges. Deterministic: rows of the preference "
    "matrix are exact, so there is no seed.",
    settings={"quick": SETTINGS, "paper": SETTINGS},
    compute=trajectory_data,
    paint=draw_trajectories,
    findings=trajectory_findings,
    panels=3,
    size=(9.6, 4.0),
)
