"""Liu et al., "COMAL" (2024), arXiv:2410.23223: five self-play methods on the paper's cycle of three actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.preference import COMAL, INPO, OMWU, HedgeSelfPlay, PreferenceGame, games
from bandits.preference.measures import gap0
from bandits.preference.self_play.conventions import weight_from_inverse_step
from bandits.preference.self_play.learner import SelfPlay
from paper_figures import style
from paper_figures.figure import Figure, Paper
from paper_figures.style import Look
from paper_figures.tiapkin2025.source import labelled
from sims.engines.policies import trajectory

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

LIU = Paper(
    title="COMAL: A Convergent Meta-Algorithm for Aligning LLMs with General Preferences",
    authors="Yixin Liu, Argyris Oikonomou, Weiqiang Zheng, Yang Cai, Arman Cohan",
    venue="2024, arXiv:2410.23223",
    url="https://arxiv.org/abs/2410.23223",
)

LOOKS = {
    "HedgeSelfPlay": Look("Hedge", style.BLACK, "^"),
    "INPO": Look("INPO, fixed reference", style.ORANGE, "s"),
    "NashProx": Look("COMAL, moving reference", style.BLUE, "o"),
    "OMWU": Look("optimistic Hedge", style.GREEN, "P"),
}
_SMALLEST = 1e-12  # gaps below this are rounding


@dataclass(frozen=True)
class ComalSettings:
    """Parameters of the figure."""

    rounds: int = labelled("rounds", 4000)
    step: float = labelled("step 1 / (λ + τ) of Hedge, INPO and COMAL's inner rounds", 0.3)
    regularization: float = labelled("weight τ of INPO's reference and of COMAL's", 0.1)
    inner_rounds: int = labelled("COMAL: rounds before the reference moves", 50)
    optimistic_step: float = labelled("step of optimistic Hedge", 0.5)
    uneven: tuple[float, float, float] = labelled("uneven start and reference", (0.2, 0.5, 0.3))
    points: int = labelled("rounds drawn", 160)


SETTINGS = ComalSettings()


def players(settings: ComalSettings) -> list[tuple[SelfPlay, float]]:
    """Return each learner and the weight of the reference in its game."""
    tau = settings.regularization
    inner = weight_from_inverse_step(1.0 / settings.step, tau)
    return [
        (HedgeSelfPlay(settings.step), 0.0),
        (INPO(inner), tau),
        (COMAL(tau, settings.inner_rounds, inner), 0.0),  # its tau weighs the outer policy, which takes mu's place
        (OMWU(settings.optimistic_step), 0.0),
    ]


def comal_data(settings: ComalSettings) -> "polars.DataFrame":
    """Return gap0 of the last iterate of every learner from both starts."""
    import polars

    starts = {"uniform": np.full(3, 1.0 / 3.0), "uneven": np.array(settings.uneven)}
    drawn = np.linspace(1, settings.rounds, min(settings.points, settings.rounds))
    rounds = np.unique(np.rint(drawn).astype(int))
    tables = []
    for name, start in starts.items():
        for learner, tau in players(settings):
            game = PreferenceGame(games.comal_cycle(), settings.rounds, tau, start)
            gaps = gap0(game.skew[0], np.exp(trajectory(game, learner)[rounds]))
            tables.append(polars.DataFrame({"learner": learner.name, "start": name, "round": rounds, "gap0": gaps}))
    return polars.concat(tables)


def draw_comal(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw one panel a start."""
    for panel, start in zip(axes, ("uniform", "uneven"), strict=True):
        for name, look in LOOKS.items():
            curve = frame.filter((frame["learner"] == name) & (frame["start"] == start)).sort("round")
            kept = curve.filter(curve["gap0"] > _SMALLEST)
            line: Any = {"color": look.colour, "marker": look.marker, "markersize": 4.5, "markevery": 0.08}
            panel.plot(kept["round"], kept["gap0"], label=look.label, **line)
        panel.set_yscale("log")
        panel.set(xlabel="rounds (one row each)", ylabel="gap0 of the last iterate", ylim=(_SMALLEST, 2.0))
        style.legend_below(panel, 2)
    style.panel_letters(axes, ["from the uniform policy", "from an uneven policy"])


def comal_findings(frame: "polars.DataFrame") -> list[str]:
    """Return the gaps at the end."""
    sentences = []
    for name, look in LOOKS.items():
        ends = []
        for start in ("uniform", "uneven"):
            last = frame.filter((frame["learner"] == name) & (frame["start"] == start)).sort("round").tail(1)
            ends.append(f"{last['gap0'][0]:.3g} from the {start} start")
        sentences.append(f"{look.label}: gap0 {' and '.join(ends)} after {frame['round'].max()} rounds.")
    return sentences


FIGURES = (
    Figure(
        name="liu2024_cycle",
        title="A moving reference reaches the equilibrium of a cycle, a fixed one stalls",
        paper=LIU,
        claim="On a cycle of three actions earlier self-play methods either diverge or converge to the equilibrium of "
        "a modified game; moving the reference to what the last regularized game led to converges to the true one.",
        caption="Preferences P(b > a) = P(c > b) = 0.9, P(a > c) = 0.8, von Neumann winner (4, 3, 4) / 11, exact rows. "
        "gap0 = max over policies u of P(u > policy) less the min of P(policy > u), twice the exploitability. INPO "
        "plays the game with weight τ on its start and stalls at that game's equilibrium; COMAL restarts from there "
        "every few rounds. Deterministic: there is no seed.",
        settings={"quick": SETTINGS, "paper": SETTINGS},
        compute=comal_data,
        paint=draw_comal,
        findings=comal_findings,
        panels=2,
        size=(8.6, 4.2),
    ),
)
