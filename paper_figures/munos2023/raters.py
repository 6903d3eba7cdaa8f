"""Three kinds of raters: the best action under a fitted reward jumps where the equilibrium moves a little."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandits.preference import COMAL, PreferenceGame, games
from paper_figures import style
from paper_figures.figure import Figure
from paper_figures.munos2023.source import MUNOS
from paper_figures.tiapkin2025.source import labelled
from sims.engines.policies import trajectory

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

COLOURS = (style.BLUE, style.RED, style.GREEN)
MARKERS = ("o", "s", "D")
SIZES = (8.0, 4.0, 4.5)  # two actions share their probabilities: one shows around the other


@dataclass(frozen=True)
class RaterSettings:
    """Parameters of the sweep; nothing is drawn at random."""

    largest: float = labelled("largest |ε|", 0.15)
    points: int = labelled("values of ε on each side of 0", 10)
    weight: float = labelled("weight of the entropy in reward fitting", 0.005)
    inner_rounds: int = labelled("rounds of an outer step of self-play", 40)
    outer_steps: int = labelled("outer steps of self-play", 60)


SETTINGS = RaterSettings()


def fitted_rewards(preferences: NDArray[np.float64]) -> NDArray[np.float64]:
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


def rater_data(settings: RaterSettings) -> "polars.DataFrame":
    """Return for each epsilon the policies of self-play and of reward fitting, and the winner in closed form."""
    import polars

    rows: list[dict[str, Any]] = []
    sides = settings.largest * np.arange(1, settings.points + 1) / settings.points
    for epsilon in (*-sides[::-1], 0.0, *sides):
        preferences = games.three_raters(float(epsilon))
        rounds = settings.inner_rounds * settings.outer_steps
        played = np.exp(trajectory(PreferenceGame(preferences, rounds), COMAL(0.1, settings.inner_rounds))[-1])
        reward = np.exp(fitted_rewards(preferences) / settings.weight)
        exact = (1 / 3 + epsilon / 2, 1 / 3 + epsilon / 2, 1 / 3 - epsilon)
        for i in range(3):
            row = {"epsilon": float(epsilon), "action": i, "self_play": played[i], "equilibrium": exact[i]}
            rows.append({**row, "reward_fitting": reward[i] / reward.sum()})
    return polars.DataFrame(rows)


def draw_raters(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw both policies against epsilon."""
    for i in range(3):
        own = frame.filter(frame["action"] == i).sort("epsilon")
        line: Any = {"color": COLOURS[i], "marker": MARKERS[i], "markersize": SIZES[i], "markeredgecolor": "white"}
        axes[0].plot(own["epsilon"], own["reward_fitting"], label=f"action {i}", **line)
        axes[1].plot(own["epsilon"], own["self_play"], linestyle="", label=f"action {i}, self-play", **line)
        style.theory(axes[1], own["epsilon"], own["equilibrium"], COLOURS[i])
    axes[1].plot([], [], color=style.GREY, linestyle="--", linewidth=1.0, label="closed form")
    for panel in axes:
        panel.set(xlabel=r"imbalance $\epsilon$ of the raters", ylabel="probability of the action", ylim=(-0.03, 1.03))
        style.legend_below(panel, 2)
    style.panel_letters(axes, ["reward fitting, then optimizing", "von Neumann winner"])


def rater_findings(frame: "polars.DataFrame") -> list[str]:
    """Return the size of the jump and the error of self-play."""
    first = frame.filter(frame["action"] == 0).sort("epsilon")
    middle = first.height // 2
    steps = {name: np.diff(first[name].to_numpy())[middle - 1 : middle + 1].sum() for name in ("reward_fitting",)}
    steps["equilibrium"] = first["equilibrium"][middle + 1] - first["equilibrium"][middle - 1]
    wide = first["epsilon"][middle + 1] - first["epsilon"][middle - 1]
    error = float((frame["self_play"] - frame["equilibrium"]).abs().max())
    return [
        f"Over the {wide:.2g} of ε around 0 the probability of action 0 rises by {steps['reward_fitting']:.2f} under "
        f"reward fitting and by {steps['equilibrium']:.3f} at the equilibrium.",
        f"Self-play is within {error:.1e} of the closed form (1/3 + ε/2, 1/3 + ε/2, 1/3 - ε) everywhere.",
    ]


RATERS = Figure(
    name="munos2023_raters",
    title="Three kinds of raters: a fitted reward jumps, the equilibrium does not",
    paper=MUNOS,
    claim="A policy optimized for a fitted Bradley-Terry reward changes abruptly when the raters' masses shift a "
    "little; the equilibrium of the preferences changes linearly (Appendix C).",
    caption="Raters of mass 1/3 - ε prefer action 1 to 0, of mass 1/3 + ε/2 action 0 to 2, and of mass 1/3 + ε/2 "
    "action 2 to 1; all else are ties. (a) The Bradley-Terry reward is fitted to uniform pairs and optimized with a "
    "small weight on the entropy: it names one best action, another on either side of 0. (b) Markers: the last "
    "iterate of self-play with proximal points (COMAL) on exact rows; broken lines: the von Neumann winner "
    "(1/3 + ε/2, 1/3 + ε/2, 1/3 - ε). Deterministic.",
    settings={"quick": SETTINGS, "paper": SETTINGS},
    compute=rater_data,
    paint=draw_raters,
    findings=rater_findings,
    panels=2,
    size=(7.6, 3.9),
)
