"""The exact-gradient experiments of the paper: duality gap against updates at three weights."""

from typing import Any

import numpy as np

from bandits.preference import EGPO, INPO, NashMD, NashMP, PreferenceGame, stability
from bandits.preference.self_play.conventions import weight_from_logit_step
from bandits.protocol import Learner
from paper_figures import kit, style
from paper_figures.kit import SPREAD, Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from paper_figures.zhou2025_egpo import random_games
from sims import Cell, Run

LOOKS = {
    "INPO": Look("mirror descent (online IPO, uniform pairs)", style.ORANGE, "s"),
    "NashMD": Look("Nash-MD", style.RED, "D"),
    "EGPO": Look("EGPO", style.BLUE, "o"),
    "NashMP": Look(r"Nash-MP, $\lambda = 1/2$", style.GREEN, "^"),
}
_SMALLEST = 1e-15  # gaps below this are rounding
_STALLED = 1e-6


class Updates(Figure):
    """Medians and extremes over games of the gap at each checkpoint, and the guarantees; one panel per weight."""

    name = "zhou2025_updates"
    title = "EGPO against mirror descent and Nash-MD with exact gradients"
    claim = """The last iterate of EGPO converges linearly to the regularized equilibrium: its steps on the logits are
    mirror prox (Nash-MP) with λ = 1/η - β, and contract the divergence by λ / (λ + β)."""
    caption = """The tabular games of the paper: i.i.d. uniform preferences, references softmax of Gaussians, and the
    learning rates of its code, which are steps η = 4 rate / (β n) on the logits. Medians over games, bands from least
    to greatest, cut at 1e-15. Broken: 2 (β + 1 / (4 β)) times the divergence that the theorem leaves, where its
    condition holds (for mirror descent only where 4 λ β ≥ 1). Nash-MD with a constant step stops near the
    equilibrium. Nash-MP with λ = 1/2, the choice of its own paper, needs no rate to be tuned; it and EGPO query two
    rows per update."""
    panels, size = 3, (7.2, 6.4)
    tiny = changed(rounds=(50, 50, 50), n_games=2, n_actions=3)
    paper = changed(rounds=(1000, 5000, 100_000))

    weights: tuple[float, ...] = setting("weights β of the reference", (0.1, 0.01, 0.001))
    rates: tuple[float, ...] = setting("learning rates in the code of the paper, by weight", (0.1, 0.02, 2e-4))
    rounds: tuple[int, ...] = setting("updates, by weight", (1000, 5000, 20_000))
    n_games: int = setting("games", 10)
    n_actions: int = setting("actions", 10)
    seed: int = setting("seed of the games", 2503)

    def data(self) -> Frame:
        """Return one row per weight, learner and checkpoint."""
        matrices, references = random_games(self.n_games, self.n_actions, self.seed)
        cells, names = [], []
        for weight, rate, rounds in zip(self.weights, self.rates, self.rounds, strict=True):
            problem = PreferenceGame(matrices, rounds, weight, references)
            step = 4.0 * rate / (weight * self.n_actions)  # of the logits, on the loss of the code over uniform pairs
            prox_weight = weight_from_logit_step(step, weight)
            learners: dict[str, Learner] = {
                "INPO": INPO(prox_weight),
                "NashMD": NashMD(step),
                "EGPO": EGPO(prox_weight),
                "NashMP": NashMP(),
            }
            names += list(learners)
            cells += [Cell(problem, learner, repetitions=self.n_games) for learner in learners.values()]
        return kit.stack([_along(name, run) for name, run in zip(names, runs(cells), strict=True)])

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw one panel per weight."""
        weights = sorted(set(frame["weight"]), reverse=True)
        for panel, weight in zip(axes, weights, strict=False):
            for name, look, rows in kit.curves(frame, LOOKS, "learner", "updates", weight=weight):
                line: Row = {"ends": SPREAD, "markevery": 4, "markersize": 4.5}
                wide: Row = {"linewidth": 4.0, "alpha": 0.5} if name == "INPO" else {}  # often under EGPO
                kit.curve(panel, rows, "updates", "gap_{}", look, **(line | wide))
                known = rows["gap_guaranteed"].cast(float)
                below = rows.filter(known.is_not_nan() & (known < 10.0))
                kit.theory_line(panel, below["updates"], below["gap_guaranteed"], look.colour)
            kit.log_axes(panel, "updates", "gap in the regularized game", base=10)
            panel.set_ylim(_SMALLEST / 2, 10.0)
        kit.legend_entry(axes[0], "guaranteed, same colour")
        kit.finish(axes, [rf"$\beta = {weight:g}$" for weight in weights], legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the gaps at the end of every panel."""
        sentences = []
        for weight in sorted(set(frame["weight"]), reverse=True):
            along = kit.curves(frame, LOOKS, "learner", "updates", weight=weight)
            ends = {name: kit.last(rows) for name, _, rows in along}
            gaps, descent = ", ".join(f"{name} {row['gap_median']:.2g}" for name, row in ends.items()), ends["INPO"]
            sentences.append(
                f"β = {weight:g}, {descent['updates']} updates, median gaps: {gaps}. Mirror descent is above 1e-6 in "
                f"{descent['games_stalled']} games; in {descent['games_unstable']} its weight is below the threshold "
                "of local convergence."
            )
        return sentences


def _along(name: str, run: Run) -> Frame:
    gap: Any = np.maximum(run["gap_tau"], _SMALLEST)
    problem: Any = run.problem
    columns: Row = {"weight": problem.regularization, "learner": name, "updates": run.rounds}
    columns |= kit.spread("gap", gap) | {"gap_guaranteed": _guaranteed(name, run)}
    columns |= {"games_stalled": int((gap[:, -1] > _STALLED).sum())}
    return kit.table(columns | {"games_unstable": _unstable(run) if name == "INPO" else -1})


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
