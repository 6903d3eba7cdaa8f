"""How fast last iterates approach the equilibrium, and how fast theorems say they must."""

from dataclasses import replace
from typing import Any

import numpy as np

from bandits.preference import INPO, NashMD, NashMP, PreferenceGame, games
from bandits.protocol import Learner
from paper_figures import kit
from paper_figures.kit import SPREAD, Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.tiapkin2025 import LOOKS
from sims import Cell, Run

_SMALLEST = 1e-20  # divergences below this are rounding
_THEOREMS = {"INPO": "zhang2024.inpo", "NashMP": "tiapkin2025.nash_mp", "NashMD": "munos2023.nash_md"}
_FACTORS = {"INPO": "$4\\tau^2/(1+4\\tau^2)$", "NashMP": "$2\\tau/(1+2\\tau)$"}


class Contraction(Figure):
    """Panel "queries" (divergences along the play) and panel "weights" (the worst factor of any round)."""

    name = "tiapkin2025_contraction"
    title = "Guaranteed and measured contraction towards the regularized equilibrium"
    claim = """Every round of Nash-MP brings the last iterate closer to the regularized equilibrium p* by a factor 1 /
    (1 + 2 τ) in KL(p* ‖ policy), whatever the game; mirror descent is guaranteed only 1 / (1 + 4 τ²)."""
    caption = """Games with preferences sigmoid(U Vᵀ - V Uᵀ) of low rank, uniform reference, exact rows. (a) Median over
    games of the divergence of the last iterate from p*, band from least to greatest; broken lines: the theorems, with
    the largest initial divergence of the games. Nash-MP queries two rows per round, the others one; Nash-MD with its
    schedule, INPO at λ = 1/(4τ), Nash-MP at λ = 1/2. (b) One minus the greatest factor by which the divergence changed
    in any round of any game, while it is above 1e-20, and one minus the guaranteed factor; a point below its broken
    line would refute the theorem."""
    panels, size = 2, (7.2, 4.4)
    tiny = changed(n_games=4, n_actions=3, rank=1, queries=100, weights=(0.05, 0.5), rounds=20)
    paper = changed(n_games=256, n_actions=100, rank=10, queries=10_000, rounds=1000)

    n_games: int = setting("games", 64)
    n_actions: int = setting("actions", 10)
    rank: int = setting("rank of U and V in the logits U Vᵀ - V Uᵀ", 5)
    scale: float = setting("standard deviation of the logits", 2.0)
    queries: int = setting("row queries in panel (a)", 2000)
    regularization: float = setting("weight τ in panel (a)", 0.02)
    weights: tuple[float, ...] = setting("weights τ in panel (b)", (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0))
    rounds: int = setting("rounds in panel (b)", 300)
    seed: int = setting("seed of the games", 2025)

    def data(self) -> Frame:
        """Return divergences at checkpoints with what is guaranteed, then one row per weight and learner."""
        base = self._game(self.regularization, self.queries)
        learners: tuple[Learner, ...] = (NashMD(), INPO(), NashMP())
        horizons = [self.queries // int(getattr(learner, "queries", 1)) for learner in learners]
        along = runs([_cell(replace(base, horizon=T), x) for T, x in zip(horizons, learners, strict=True)])
        played = [self._game(weight, self.rounds) for weight in self.weights]
        cells = [_cell(game, learner, every=True) for game in played for learner in (INPO(), NashMP())]
        return kit.stack([*map(_along, along), kit.table([_worst_factor(run) for run in runs(cells)])])

    def _game(self, weight: float, rounds: int) -> PreferenceGame:
        rng = np.random.default_rng(self.seed)
        matrices = [games.low_rank(self.n_actions, self.rank, self.scale, rng) for _ in range(self.n_games)]
        return PreferenceGame(np.stack(matrices), rounds, weight)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw divergences against queries, and one minus the factors against the weight."""
        floored = frame.with_columns(frame[f"kl_{end}"].clip(lower_bound=_SMALLEST) for end in SPREAD)
        for _, look, rows in kit.curves(floored, LOOKS, "learner", "row_queries", panel="queries"):
            line: Row = {"ends": SPREAD, "bound": "kl_guaranteed", "markevery": 4, "markersize": 4.5}
            kit.curve(axes[0], rows, "row_queries", "kl_{}", look, **line)
        kit.legend_entry(axes[0])
        for name, look, rows in kit.curves(frame, LOOKS, "learner", "regularization", panel="weights"):
            x = rows["regularization"]
            kit.marked(axes[1], x, 1 - rows["factor_worst"], look, f"{look.label}, worst")
            kit.theory_line(axes[1], x, 1 - rows["factor_guaranteed"], look.colour, f"guaranteed: {_FACTORS[name]}")
        kit.log_axes(axes[0], "row queries", "KL(p* ‖ policy)", base=10)
        axes[0].set_ylim(bottom=_SMALLEST)
        kit.log_axes(axes[1], "weight $\\tau$ of the reference", "1 - factor per round", base=10)
        kit.finish(axes, ["last iterates", "the slowest round of any game"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the divergences at the end and the tightest guarantee of a round."""
        text = "{0}: after {row_queries:.0f} row queries KL is {kl_median:.2g} in the median game and {kl_greatest:.2g}"
        text += " in the worst; guaranteed {kl_guaranteed:.2g}."
        sentences = []
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "row_queries", panel="queries"):
            sentences.append(text.format(look.label, **kit.last(rows)))
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "regularization", panel="weights"):
            ratio = ((1 - rows["factor_worst"]) / (1 - rows["factor_guaranteed"])).to_list()
            sentences.append(
                f"{look.label}: in its slowest round of any game KL falls {min(ratio):.2f} to {max(ratio):.2f} "
                "times as much as guaranteed."
            )
        return sentences


def _cell(game: PreferenceGame, learner: Learner, every: bool = False) -> Cell:
    checkpoints = tuple(range(1, game.horizon + 1)) if every else None
    return Cell(game, learner, repetitions=game.n_games, checkpoints=checkpoints)


def _along(run: Run) -> Frame:
    """Return median, least and greatest divergence of the games at each checkpoint, and the guarantee."""
    name = run.learner.name
    columns: Row = {"panel": "queries", "learner": name, "row_queries": run.mean("queries")}
    return kit.table(columns | kit.spread("kl", run["kl"]) | {"kl_guaranteed": kit.bound_along(_THEOREMS[name], run)})


def _worst_factor(run: Run) -> Row:
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
