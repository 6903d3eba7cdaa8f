"""Nash-MD: where a constant step stops, and how fast falling steps arrive."""

from dataclasses import replace

import numpy as np

from bandits.preference import MixtureDescent, NashMD, PreferenceGame, games
from bandits.preference.measures import kl
from bandits.preference.self_play.policy_gradient import mixture_fixed_point
from paper_figures import kit, style
from paper_figures.kit import SPREAD, Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, Run

LOOKS = {
    "falling": Look("Nash-MD, falling steps", style.RED, "D"),
    "constant": Look("Nash-MD, constant step", style.ORANGE, "s"),
    "mixture": Look("descent from the mixture, falling steps", style.BLUE, "o"),
}
_TIMES = 60  # rounds in panel (a) are this over eta tau: the influence of the start is below e^-60


class Bias(Figure):
    """Panel "bias" (where each constant step stops) and panel "rounds" (divergences along the play)."""

    name = "munos2023_bias"
    title = "Nash-MD: constant steps converge to a biased point, falling steps to the equilibrium"
    claim = """With steps η_t = 2 / (τ (t + 2)) the last iterate of Nash-MD approaches the regularized equilibrium p*
    like 1 / T (Theorem 1); with a constant step it stays within η / (8 τ) of it (Lemma 1, summed), but not at it."""
    caption = """Games with preferences sigmoid(U Vᵀ - V Uᵀ) of low rank, uniform reference, exact rows; medians over
    games, bands from least to greatest. (a) Divergence in the limit for each constant step; dots: the exact fixed
    point, whose mixture with the reference is the equilibrium of weight τ / (1 - ητ); broken: the bound. (b) Divergence
    along the play. Broken lines: the theorems with the constants derived in this package; dash-dots: the
    published constant 8 / (τ² (T + 1)). Blue: the same centre answering the policy itself, with falling steps."""
    panels, size = 2, (7.2, 4.6)
    tiny = changed(n_games=2, n_actions=3, rank=1, steps=(0.5, 1.0), constant=0.5, rounds=100)
    paper = changed(n_games=128, n_actions=50, rounds=200_000)

    n_games: int = setting("games", 32)
    n_actions: int = setting("actions", 10)
    rank: int = setting("rank of U and V in the logits U Vᵀ - V Uᵀ", 3)
    scale: float = setting("standard deviation of the logits", 2.0)
    regularization: float = setting("weight τ of the reference", 0.1)
    steps: tuple[float, ...] = setting("steps η in panel (a)", (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0))
    constant: float = setting("constant step in panel (b)", 0.1)
    rounds: int = setting("rounds in panel (b)", 20_000)
    seed: int = setting("seed of the games", 2023)

    def data(self) -> Frame:
        """Return one row per constant step, then one per learner and checkpoint."""
        rng = np.random.default_rng(self.seed)
        matrices = [games.low_rank(self.n_actions, self.rank, self.scale, rng) for _ in range(self.n_games)]
        base = PreferenceGame(np.stack(matrices), self.rounds, self.regularization)
        cells = []
        for step in self.steps:
            game = replace(base, horizon=int(np.ceil(_TIMES / (step * self.regularization))))
            cells.append(Cell(game, NashMD(step), repetitions=game.n_games, checkpoints=(game.horizon,)))
        rows = [_stop(base, step, run) for step, run in zip(self.steps, runs(cells), strict=True)]
        learners = {"falling": NashMD(), "constant": NashMD(self.constant), "mixture": MixtureDescent()}
        played = runs([Cell(base, learner, repetitions=base.n_games) for learner in learners.values()])
        along = [_along(name, base, run) for name, run in zip(learners, played, strict=True)]
        return kit.stack([kit.table(rows), *along])

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw where constant steps stop, and divergences along the play."""
        rows, look = frame.filter(panel="bias").sort("step"), LOOKS["constant"]
        kit.curve(axes[0], rows, "step", "kl_{}", look, "Nash-MD", ends=SPREAD)
        label = "its fixed point, exact (median)"
        kit.theory_line(axes[0], rows["step"], rows["kl_exact_median"], style.BLACK, label, ":")
        label = r"guaranteed: $\eta / (8 \tau)$"
        kit.theory_line(axes[0], rows["step"], rows["kl_guaranteed"], look.colour, label)
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "round", panel="rounds"):
            line: Row = {"ends": SPREAD, "bound": "kl_guaranteed", "markevery": 4, "markersize": 4.5}
            kit.curve(axes[1], rows, "round", "kl_{}", look, **line)
        kit.theory_line(axes[1], rows["round"], rows["kl_published"], style.GREY, "published for falling steps", "-.")
        kit.legend_entry(axes[1], "guaranteed, same colour")
        kit.log_axes(axes[0], r"step $\eta$", "KL(p* ‖ last iterate), in the limit", base=10)
        kit.log_axes(axes[1], "rounds", "KL(p* ‖ last iterate)", base=10)
        kit.finish(axes, ["the bias of a constant step", "last iterates"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the size of the bias, its growth, and the divergences at the end."""
        rows = frame.filter(panel="bias").sort("step")
        medians, steps = rows["kl_median"].to_numpy(), rows["step"].to_numpy()
        slope = np.log(medians[1] / medians[0]) / np.log(steps[1] / steps[0])
        off = np.abs(medians / rows["kl_exact_median"].to_numpy() - 1.0).max()
        sentences = [
            f"A constant step stops at a median KL of {medians[0]:.2g} (η = {steps[0]:g}) to {medians[-1]:.2g} "
            f"(η = {steps[-1]:g}) from p*, like η^{slope:.2f} at the small end.",
            f"The exact fixed point, from the game with weight τ / (1 - ητ), agrees to a relative error of {off:.1e}.",
        ]
        text = "{0}: after {round} rounds KL is {kl_median:.2g} in the median game, {kl_greatest:.2g} in the worst; "
        text += "guaranteed {kl_guaranteed:.2g}."
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "round", panel="rounds"):
            sentences.append(text.format(look.label, **kit.last(rows)))
        return sentences


def _stop(game: PreferenceGame, step: float, run: Run) -> Row:
    """Return the divergences of the games at the end, the exact ones of the fixed points, and the bound."""
    tau, mu = game.regularization, np.exp(game.log_reference[0])
    stops = [mixture_fixed_point(0.5 + skew, tau, mu, step * tau) for skew in game.skew]
    exact = kl(game.log_equilibrium, np.array(stops))
    left = {"kl_exact_median": float(np.median(exact)), "kl_guaranteed": step / (8.0 * tau)}
    return {"panel": "bias", "step": step, **kit.spread("kl", run.final("kl")), **left}


def _along(name: str, game: PreferenceGame, run: Run) -> Frame:
    import theory

    descent = theory.theorem("ours.mixture_descent")
    n, tau, start = run.rounds.astype(float), game.regularization, game.initial_kl
    step = getattr(run.learner, "learning_rate", None) or 0.0
    guaranteed = {
        "falling": 1.0 / (2.0 * tau**2 * (n + 1.0)),
        "constant": (1.0 - step * tau) ** n * start + step / (8.0 * tau),
        "mixture": np.array([descent.value(horizon=int(t), regularization=tau, initial_kl=start) for t in run.rounds]),
    }
    columns: Row = {"panel": "rounds", "learner": name, "round": run.rounds} | kit.spread("kl", run["kl"])
    return kit.table(columns | {"kl_guaranteed": guaranteed[name], "kl_published": 8.0 / (tau**2 * (n + 1.0))})
