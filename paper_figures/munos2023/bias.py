"""Nash-MD: where a constant step stops, and how fast falling steps arrive."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.preference import MixtureDescent, NashMD, PreferenceGame, games
from bandits.preference.measures import kl
from bandits.preference.self_play.policy_gradient import mixture_fixed_point
from paper_figures import style
from paper_figures.figure import Figure
from paper_figures.munos2023.source import CONSTANT, MIXTURE, MUNOS, SCHEDULE
from paper_figures.simulations import runs
from paper_figures.tiapkin2025.source import labelled
from sims import Cell, Run

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

LOOKS = {"falling": SCHEDULE, "constant": CONSTANT, "mixture": MIXTURE}
_TIMES = 60  # rounds in panel (a) are this over eta tau: what the start left is below e^-60


@dataclass(frozen=True)
class NashMDSettings:
    """Parameters of the two panels."""

    n_games: int = labelled("games", 32)
    n_actions: int = labelled("actions", 10)
    rank: int = labelled("rank of U and V in the logits U Vᵀ - V Uᵀ", 3)
    scale: float = labelled("standard deviation of the logits", 2.0)
    regularization: float = labelled("weight τ of the reference", 0.1)
    steps: tuple[float, ...] = labelled("steps η in panel (a)", (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0))
    constant: float = labelled("constant step in panel (b)", 0.1)
    rounds: int = labelled("rounds in panel (b)", 20_000)
    seed: int = labelled("seed of the games", 2023)


QUICK = NashMDSettings()
PAPER = NashMDSettings(n_games=128, n_actions=50, rounds=200_000)


def bias_data(settings: NashMDSettings) -> "polars.DataFrame":
    """Return panel "bias" (where each constant step stops) and panel "rounds" (divergences along the play)."""
    import polars

    base, tau = _game(settings), settings.regularization
    stopped = [replace(base, horizon=int(np.ceil(_TIMES / (step * tau)))) for step in settings.steps]
    found = runs([_cell(game, NashMD(step)) for game, step in zip(stopped, settings.steps, strict=True)])
    rows = [_stop(base, step, run) for step, run in zip(settings.steps, found, strict=True)]
    learners = {"falling": NashMD(), "constant": NashMD(settings.constant), "mixture": MixtureDescent()}
    played = runs([Cell(base, learner, repetitions=base.n_games) for learner in learners.values()])
    tables = [polars.DataFrame(rows)]
    tables += [_along(name, base, run) for name, run in zip(learners, played, strict=True)]
    return polars.concat(tables, how="diagonal_relaxed")


def _game(settings: NashMDSettings) -> PreferenceGame:
    rng = np.random.default_rng(settings.seed)
    matrices = [games.low_rank(settings.n_actions, settings.rank, settings.scale, rng) for _ in range(settings.n_games)]
    return PreferenceGame(np.stack(matrices), settings.rounds, settings.regularization)


def _cell(game: PreferenceGame, learner: NashMD) -> Cell:
    return Cell(game, learner, repetitions=game.n_games, checkpoints=(game.horizon,))


def _spread(values: Any) -> dict[str, float]:
    return {"kl_median": float(np.median(values)), "kl_least": values.min(), "kl_greatest": values.max()}


def _stop(game: PreferenceGame, step: float, run: Run) -> dict[str, Any]:
    """Return the divergences of the games at the end, the exact ones of the fixed points, and the bound."""
    tau, mu = game.regularization, np.exp(game.log_reference[0])
    stops = [mixture_fixed_point(0.5 + skew, tau, mu, step * tau) for skew in game.skew]
    exact = kl(game.log_equilibrium, np.array(stops))
    left = {"kl_exact_median": float(np.median(exact)), "kl_guaranteed": step / (8.0 * tau)}
    return {"panel": "bias", "step": step, **_spread(run.final("kl")), **left}


def _along(name: str, game: PreferenceGame, run: Run) -> "polars.DataFrame":
    import polars

    import theory

    descent = theory.theorem("ours.mixture_descent")
    n, tau, start, learner = run.rounds.astype(float), game.regularization, game.initial_kl, run.learner
    step = getattr(learner, "learning_rate", None) or 0.0
    guaranteed = {
        "falling": 1.0 / (2.0 * tau**2 * (n + 1.0)),
        "constant": (1.0 - step * tau) ** n * start + step / (8.0 * tau),
        "mixture": np.array([descent.value(horizon=int(t), regularization=tau, initial_kl=start) for t in run.rounds]),
    }[name]
    values = run["kl"]
    return polars.DataFrame(
        {
            "panel": "rounds",
            "learner": name,
            "round": run.rounds,
            "kl_median": np.median(values, axis=0),
            "kl_least": values.min(axis=0),
            "kl_greatest": values.max(axis=0),
            "kl_guaranteed": guaranteed,
            "kl_published": 8.0 / (tau**2 * (n + 1.0)),
        }
    )


def draw_bias(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw where constant steps stop, and divergences along the play."""
    curve = frame.filter(frame["panel"] == "bias").sort("step")
    look = LOOKS["constant"]
    style.band(axes[0], curve["step"], (curve["kl_median"], curve["kl_least"], curve["kl_greatest"]), look, "Nash-MD")
    style.theory(axes[0], curve["step"], curve["kl_exact_median"], style.BLACK, "its fixed point, exact (median)", ":")
    style.theory(axes[0], curve["step"], curve["kl_guaranteed"], look.colour, r"guaranteed: $\eta / (8 \tau)$")
    for name, look in LOOKS.items():
        curve = frame.filter((frame["panel"] == "rounds") & (frame["learner"] == name))
        y = (curve["kl_median"], curve["kl_least"], curve["kl_greatest"])
        style.band(axes[1], curve["round"], y, look, markevery=4, markersize=4.5)
        style.theory(axes[1], curve["round"], curve["kl_guaranteed"], look.colour)
    published = frame.filter((frame["panel"] == "rounds") & (frame["learner"] == "falling"))
    style.theory(
        axes[1], published["round"], published["kl_published"], style.GREY, "published for falling steps", "-."
    )
    axes[1].plot([], [], color=style.GREY, linestyle="--", linewidth=1.0, label="guaranteed, same colour")
    style.log_axes(axes[0], r"step $\eta$", "KL(p* ‖ last iterate), at rest", base=10)
    style.log_axes(axes[1], "rounds", "KL(p* ‖ last iterate)", base=10)
    for panel in axes:
        style.legend_below(panel)
    style.panel_letters(axes, ["the bias of a constant step", "last iterates"])


def bias_findings(frame: "polars.DataFrame") -> list[str]:
    """Return the size of the bias, its growth, and the divergences at the end."""
    curve = frame.filter(frame["panel"] == "bias").sort("step")
    medians, steps = curve["kl_median"].to_numpy(), curve["step"].to_numpy()
    slope = np.log(medians[1] / medians[0]) / np.log(steps[1] / steps[0])
    off = np.abs(medians / curve["kl_exact_median"].to_numpy() - 1.0).max()
    sentences = [
        f"A constant step stops at a median KL of {medians[0]:.2g} (η = {steps[0]:g}) to {medians[-1]:.2g} "
        f"(η = {steps[-1]:g}) from p*, like η^{slope:.2f} at the small end.",
        f"The exact fixed point, by solving the game with weight τ / (1 - ητ), gives it to within {off:.1e} of itself.",
    ]
    for name, look in LOOKS.items():
        last = frame.filter((frame["panel"] == "rounds") & (frame["learner"] == name)).tail(1).row(0, named=True)
        text = "after {round} rounds KL is {kl_median:.2g} in the median game, {kl_greatest:.2g} in the worst; "
        sentences.append(f"{look.label}: {(text + 'guaranteed {kl_guaranteed:.2g}').format(**last)}.")
    return sentences


BIAS = Figure(
    name="munos2023_bias",
    title="Nash-MD: a constant step stops beside the equilibrium, falling steps arrive",
    paper=MUNOS,
    claim="With steps η_t = 2 / (τ (t + 2)) the last iterate of Nash-MD approaches the regularized equilibrium p* "
    "like 1 / T (Theorem 1); with a constant step it stays within η / (8 τ) of it (Lemma 1, summed), but not at it.",
    caption="Games with preferences sigmoid(U Vᵀ - V Uᵀ) of low rank, uniform reference, exact rows; medians over "
    "games, bands from least to greatest. (a) Divergence at rest for each constant step; dots: the fixed point solved "
    "exactly, whose mixture with the reference is the equilibrium of weight τ / (1 - ητ); broken: the bound. "
    "(b) Divergence along the play. Broken lines: the theorems with the constants derived in this package; dash-dots: "
    "the published constant 8 / (τ² (T + 1)). Blue: the same centre answering the policy itself, with falling steps.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=bias_data,
    paint=draw_bias,
    findings=bias_findings,
    panels=2,
    size=(8.6, 4.6),
)
