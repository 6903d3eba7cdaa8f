"""The paper's exact-gradient experiments: duality gap against updates at three weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.preference import EGPO, INPO, NashMD, NashMP, stability
from bandits.preference.self_play.conventions import weight_from_logit_step
from bandits.protocol import Learner
from paper_figures import style
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from paper_figures.tiapkin2025.source import labelled
from paper_figures.zhou2025_egpo.source import LOOKS, ZHOU, game
from sims import Cell, Run

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

_SMALLEST = 1e-15  # gaps below this are rounding
_STALLED = 1e-6


@dataclass(frozen=True)
class UpdateSettings:
    """Parameters of the panels, one a weight."""

    weights: tuple[float, ...] = labelled("weights β of the reference", (0.1, 0.01, 0.001))
    rates: tuple[float, ...] = labelled("learning rates of the paper's code, by weight", (0.1, 0.02, 2e-4))
    rounds: tuple[int, ...] = labelled("updates, by weight", (1000, 5000, 20_000))
    n_games: int = labelled("games", 10)
    n_actions: int = labelled("actions", 10)
    seed: int = labelled("seed of the games", 2503)


QUICK = UpdateSettings()
PAPER = UpdateSettings(rounds=(1000, 5000, 100_000))


def logit_step(rate: float, weight: float, n_actions: int) -> float:
    """Return the step on the logits, 4 rate / (beta n), of gradient descent on the code's loss over uniform pairs."""
    return 4.0 * rate / (weight * n_actions)


def update_data(settings: UpdateSettings) -> "polars.DataFrame":
    """Return medians and extremes over games of the gap at each checkpoint, and the guarantees."""
    import polars

    cells, names = [], []
    for weight, rate, rounds in zip(settings.weights, settings.rates, settings.rounds, strict=True):
        problem, step = game(settings, weight, rounds), logit_step(rate, weight, settings.n_actions)
        prox_weight = weight_from_logit_step(step, weight)
        learners: dict[str, Learner] = {
            "INPO": INPO(prox_weight),
            "NashMD": NashMD(step),
            "EGPO": EGPO(prox_weight),
            "NashMP": NashMP(),
        }
        names += list(learners)
        cells += [Cell(problem, learner, repetitions=settings.n_games) for learner in learners.values()]
    return polars.concat([_along(name, run) for name, run in zip(names, runs(cells), strict=True)])


def _along(name: str, run: Run) -> "polars.DataFrame":
    import polars

    gap: Any = np.maximum(run["gap_tau"], _SMALLEST)
    problem: Any = run.problem
    return polars.DataFrame(
        {
            "weight": problem.regularization,
            "learner": name,
            "updates": run.rounds,
            "gap_median": np.median(gap, axis=0),
            "gap_least": gap.min(axis=0),
            "gap_greatest": gap.max(axis=0),
            "gap_guaranteed": _guaranteed(name, run),
            "games_stalled": int((gap[:, -1] > _STALLED).sum()),
            "games_unstable": _unstable(run) if name == "INPO" else -1,
        }
    )


def _unstable(run: Run) -> int:
    """Return in how many games the weight is below the threshold of local convergence of mirror descent."""
    problem: Any = run.problem
    tau, star = problem.regularization, np.exp(problem.log_equilibrium)
    total = run.learner.parameters(problem).prox_weight + tau
    return sum(stability(0.5 + s, p, tau).threshold > total for s, p in zip(problem.skew, star, strict=True))


def _guaranteed(name: str, run: Run) -> Any:
    """Return 2 (tau + 1 / (4 tau)) times the divergence that the contraction leaves; nan for Nash-MD."""
    problem: Any = run.problem
    tau = problem.regularization
    if name == "NashMD":
        return np.full(len(run.rounds), np.nan)
    weight = run.learner.parameters(problem).prox_weight
    proved = 4.0 * tau * weight >= 1.0 if name == "INPO" else 4.0 * weight * (weight + tau) >= 1.0
    left = problem.initial_kl * (weight / (weight + tau)) ** run.rounds.astype(float)
    return 2.0 * (tau + 0.25 / tau) * left if proved else np.full(len(run.rounds), np.nan)


def draw_updates(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw one panel a weight."""
    weights = sorted(set(frame["weight"]), reverse=True)
    for panel, weight in zip(axes, weights, strict=False):
        for name, look in LOOKS.items():
            curve = frame.filter((frame["weight"] == weight) & (frame["learner"] == name)).sort("updates")
            y = (curve["gap_median"], curve["gap_least"], curve["gap_greatest"])
            style.band(panel, curve["updates"], y, look, markevery=4, markersize=4.5)
            known = curve["gap_guaranteed"].cast(float)
            below = curve.filter(known.is_not_nan() & (known < 10.0))
            style.theory(panel, below["updates"], below["gap_guaranteed"], look.colour)
        style.log_axes(panel, "updates", "gap of the last iterate, regularized game", base=10)
        panel.set_ylim(_SMALLEST / 2, 10.0)
    axes[0].plot([], [], color=style.GREY, linestyle="--", linewidth=1.0, label="guaranteed")
    style.legend_below(axes[0])
    style.panel_letters(axes, [rf"$\beta = {weight:g}$" for weight in weights])


def update_findings(frame: "polars.DataFrame") -> list[str]:
    """Return the gaps at the end of every panel."""
    sentences = []
    for weight in sorted(set(frame["weight"]), reverse=True):
        ends = []
        for name in LOOKS:
            last = frame.filter((frame["weight"] == weight) & (frame["learner"] == name)).sort("updates").tail(1)
            ends.append(f"{name} {last['gap_median'][0]:.2g}")
            if name == "INPO":
                stalled, unstable = last["games_stalled"][0], last["games_unstable"][0]
        sentences.append(
            f"β = {weight:g}, {last['updates'][0]} updates, median gaps: {', '.join(ends)}. Mirror descent is above "
            f"1e-6 in {stalled} games; in {unstable} its weight is below the threshold of local convergence."
        )
    return sentences


UPDATES = Figure(
    name="zhou2025_updates",
    title="EGPO against mirror descent and Nash-MD with exact gradients",
    paper=ZHOU,
    claim="EGPO's last iterate converges linearly to the regularized equilibrium: its steps on the logits are mirror "
    "prox (Nash-MP) with λ = 1/η - β, and contract the divergence by λ / (λ + β).",
    caption="The paper's tabular games: i.i.d. uniform preferences, references softmax of Gaussians, and the learning "
    "rates of its code, which are steps η = 4 rate / (β n) on the logits. Medians over games, bands from least to "
    "greatest, cut at 1e-15. Broken: 2 (β + 1 / (4 β)) times the divergence that the theorem leaves, where its "
    "condition holds (for mirror descent only where 4 λ β ≥ 1). Nash-MD with a constant step stops beside the "
    "equilibrium. Nash-MP with λ = 1/2, its own paper's choice, needs no rate to be tuned; it and EGPO ask for two "
    "rows an update.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=update_data,
    paint=draw_updates,
    findings=update_findings,
    panels=3,
    size=(11.0, 4.6),
)
