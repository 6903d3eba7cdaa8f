"""How fast last iterates approach the equilibrium, and how fast theorems say they must."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.preference import INPO, NashMD, NashMP, PreferenceGame, games
from bandits.protocol import Learner
from paper_figures import style
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from paper_figures.tiapkin2025.source import LOOKS, TIAPKIN, labelled
from sims import Cell, Run

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

_SMALLEST = 1e-20  # divergences below this are rounding
_THEOREMS = {"INPO": "zhang2024.inpo", "NashMP": "tiapkin2025.nash_mp", "NashMD": "munos2023.nash_md"}


@dataclass(frozen=True)
class ContractionSettings:
    """Parameters of the two panels."""

    n_games: int = labelled("games", 64)
    n_actions: int = labelled("actions", 10)
    rank: int = labelled("rank of U and V in the logits U Vᵀ - V Uᵀ", 5)
    scale: float = labelled("standard deviation of the logits", 2.0)
    queries: int = labelled("row queries in panel (a)", 2000)
    regularization: float = labelled("weight τ in panel (a)", 0.02)
    weights: tuple[float, ...] = labelled("weights τ in panel (b)", (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0))
    rounds: int = labelled("rounds in panel (b)", 300)
    seed: int = labelled("seed of the games", 2025)


QUICK = ContractionSettings()
PAPER = ContractionSettings(n_games=256, n_actions=100, rank=10, queries=10_000, rounds=1000)


def contraction_data(settings: ContractionSettings) -> "polars.DataFrame":
    """Return panel "queries" (divergences along the play) and panel "weights" (the worst factor of any round)."""
    import polars

    base = _game(settings, settings.regularization, settings.queries)
    learners: tuple[Learner, ...] = (NashMD(), INPO(), NashMP())
    played = runs([_cell(replace(base, horizon=_rounds(learner, settings)), learner) for learner in learners])
    tables = [_along(run) for run in played]
    cells = []
    for weight in settings.weights:
        game = _game(settings, weight, settings.rounds)
        cells += [_cell(game, learner, every=True) for learner in (INPO(), NashMP())]
    tables.append(polars.DataFrame([_worst_factor(run) for run in runs(cells)]))
    return polars.concat(tables, how="diagonal_relaxed")


def _game(settings: ContractionSettings, weight: float, rounds: int) -> PreferenceGame:
    rng = np.random.default_rng(settings.seed)
    matrices = [games.low_rank(settings.n_actions, settings.rank, settings.scale, rng) for _ in range(settings.n_games)]
    return PreferenceGame(np.stack(matrices), rounds, weight)


def _rounds(learner: Learner, settings: ContractionSettings) -> int:
    return settings.queries // int(getattr(learner, "queries", 1))


def _cell(game: PreferenceGame, learner: Learner, every: bool = False) -> Cell:
    checkpoints = tuple(range(1, game.horizon + 1)) if every else None
    return Cell(game, learner, repetitions=game.n_games, checkpoints=checkpoints)


def _along(run: Run) -> "polars.DataFrame":
    """Return median, least and greatest divergence of the games at each checkpoint, and the guarantee."""
    import polars

    import theory

    bound = theory.theorem(_THEOREMS[run.learner.name])
    divergence = run["kl"]
    game: Any = run.problem
    guaranteed = [bound.value_for(replace(game, horizon=int(n)), run.learner) for n in run.rounds]
    return polars.DataFrame(
        {
            "panel": "queries",
            "learner": run.learner.name,
            "row_queries": run.mean("queries"),
            "kl_median": np.median(divergence, axis=0),
            "kl_least": divergence.min(axis=0),
            "kl_greatest": divergence.max(axis=0),
            "kl_guaranteed": guaranteed,
        }
    )


def _worst_factor(run: Run) -> dict[str, Any]:
    """Return the greatest ratio of successive divergences over all games and rounds, and the guaranteed one."""
    before, after = run["kl"][:, :-1], run["kl"][:, 1:]
    game: Any = run.problem
    params = run.learner.parameters(game)
    return {
        "panel": "weights",
        "learner": run.learner.name,
        "regularization": game.regularization,
        "factor_worst": float((after / before)[after > _SMALLEST].max()),
        "factor_guaranteed": params.prox_weight / (params.prox_weight + params.regularization),
    }


def draw_contraction(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw divergences against queries, and one minus the factors against the weight."""
    for name in ("NashMD", "INPO", "NashMP"):
        look = LOOKS[name]
        curve = frame.filter((frame["panel"] == "queries") & (frame["learner"] == name))
        line: Any = {"markevery": 4, "markersize": 4.5}
        style.band(axes[0], curve["row_queries"], _spread(curve), look, **line)
        style.theory(axes[0], curve["row_queries"], curve["kl_guaranteed"], look.colour)
    axes[0].plot([], [], color=style.GREY, linestyle="--", linewidth=1.0, label="guaranteed")
    for name in ("INPO", "NashMP"):
        look = LOOKS[name]
        curve = frame.filter((frame["panel"] == "weights") & (frame["learner"] == name)).sort("regularization")
        x = curve["regularization"]
        axes[1].plot(x, 1 - curve["factor_worst"], color=look.colour, marker=look.marker, label=f"{look.label}, worst")
        label = "guaranteed: $4\\tau^2/(1+4\\tau^2)$" if name == "INPO" else "guaranteed: $2\\tau/(1+2\\tau)$"
        style.theory(axes[1], x, 1 - curve["factor_guaranteed"], look.colour, label)
    style.log_axes(axes[0], "row queries", "KL(p* ‖ policy)", base=10)
    axes[0].set_ylim(bottom=_SMALLEST)
    style.log_axes(axes[1], "weight $\\tau$ of the reference", "1 - factor of a round", base=10)
    for panel in axes:
        style.legend_below(panel)
    style.panel_letters(axes, ["last iterates", "the slowest round of any game"])


def _spread(curve: "polars.DataFrame") -> tuple[Any, Any, Any]:
    low = [curve[f"kl_{end}"].clip(lower_bound=_SMALLEST) for end in ("median", "least", "greatest")]
    return low[0], low[1], low[2]


def contraction_findings(frame: "polars.DataFrame") -> list[str]:
    """Return the divergences at the end and the tightest guarantee of a round."""
    sentences = []
    for name in ("NashMD", "INPO", "NashMP"):
        last = frame.filter((frame["panel"] == "queries") & (frame["learner"] == name)).tail(1).row(0, named=True)
        text = (
            "after {row_queries:.0f} row queries KL is {kl_median:.2g} in the median game and {kl_greatest:.2g} in the "
        )
        text += "worst; guaranteed {kl_guaranteed:.2g}"
        sentences.append(f"{LOOKS[name].label}: {text.format(**last)}.")
    factors = frame.filter(frame["panel"] == "weights")
    for name in ("INPO", "NashMP"):
        own = factors.filter(factors["learner"] == name)
        ratio = ((1 - own["factor_worst"]) / (1 - own["factor_guaranteed"])).to_list()
        sentences.append(
            f"{LOOKS[name].label}: in its slowest round of any game KL falls {min(ratio):.2f} to {max(ratio):.2f} "
            "times as much as guaranteed."
        )
    return sentences


CONTRACTION = Figure(
    name="tiapkin2025_contraction",
    title="Guaranteed and measured contraction towards the regularized equilibrium",
    paper=TIAPKIN,
    claim="Every round of Nash-MP brings the last iterate closer to the regularized equilibrium p* by a factor "
    "1 / (1 + 2 τ) in KL(p* ‖ policy), whatever the game; mirror descent is guaranteed only 1 / (1 + 4 τ²).",
    caption="Games with preferences sigmoid(U Vᵀ - V Uᵀ) of low rank, uniform reference, exact rows. (a) Median over "
    "games of the divergence of the last iterate from p*, band from least to greatest; broken lines: the theorems, "
    "with the largest initial divergence of the games. Nash-MP asks for two rows a round, the others for one; Nash-MD "
    "with its schedule, INPO at λ = 1/(4τ), Nash-MP at λ = 1/2. (b) One minus the greatest factor by which the "
    "divergence changed in any round of any game, while it is above 1e-20, and one minus the guaranteed factor; a "
    "point below its broken line would refute the theorem.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=contraction_data,
    paint=draw_contraction,
    findings=contraction_findings,
    panels=2,
    size=(8.6, 4.4),
)
