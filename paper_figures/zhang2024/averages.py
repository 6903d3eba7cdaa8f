"""Averages against last iterates: the regularized gap with the horizon, each learner tuned to it."""

from dataclasses import replace

import numpy as np

from bandits.preference import INPO, ONPO, NashMP, PreferenceGame, games
from bandits.preference.self_play.proximal import average_prox_weight
from paper_figures import kit, style
from paper_figures.kit import SPREAD, Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, Run

LOOKS = {
    "INPO": Look("INPO", style.ORANGE, "s"),
    "ONPO": Look("ONPO (optimistic)", style.GREEN, "P"),
    "NashMP": Look("Nash-MP", style.BLUE, "o"),
}
_THEOREMS = {"INPO": "zhang2024.inpo_average", "ONPO": "zhang2025.onpo"}
_SMALLEST = 1e-15  # gaps below this are rounding


class Averages(Figure):
    """The gaps of averages and last iterates at each horizon, and the theorems' bounds on the averages."""

    name = "zhang2024_averages"
    title = "Averages and last iterates of INPO, ONPO and Nash-MP"
    claim = """The average of INPO has a regularized gap of order sqrt(D / T), that of its optimistic form of order D /
    T (Zhang et al. 2025, arXiv:2502.16852), D = log(1 / min μ); last iterates may be far better."""
    caption = """Games with i.i.d. uniform preferences, uniform reference, exact rows; every point is a play tuned to
    its horizon: INPO at λ = sqrt(T / 8 D), ONPO at λ = 1, Nash-MP at λ = 1/2 (two rows per round). Medians over games,
    bands from least to greatest. (a) Gap of the average of the policies played, and the theorems (broken). (b) Gap of
    the last iterate of the same plays, cut at 1e-15."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(horizons=(16, 32, 64), n_games=2, n_actions=3)
    paper = changed(horizons=tuple(2**k for k in range(4, 19)), n_games=64, n_actions=50)

    horizons: tuple[int, ...] = setting("horizons T (rounds)", tuple(2**k for k in range(4, 15)))
    n_games: int = setting("games", 32)
    n_actions: int = setting("actions", 10)
    regularization: float = setting("weight τ of the reference", 0.02)
    seed: int = setting("seed of the games", 2024)

    def data(self) -> Frame:
        """Return one row per horizon and learner."""
        rng = np.random.default_rng(self.seed)
        matrices = np.stack([games.uniform_random(self.n_actions, rng) for _ in range(self.n_games)])
        base, cells = PreferenceGame(matrices, 1, self.regularization), []
        for game in (replace(base, horizon=horizon) for horizon in self.horizons):
            for learner in (INPO(average_prox_weight(game)), ONPO(), NashMP()):
                cells.append(Cell(game, learner, repetitions=game.n_games, checkpoints=(game.horizon,)))
        return kit.table([_row(run) for run in runs(cells)])

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw averages, then last iterates."""
        for panel, iterate in zip(axes, ("average", "last"), strict=True):
            for name, look, rows in kit.curves(frame, LOOKS, "learner", "horizon"):
                bound = "average_guaranteed" if iterate == "average" and name in _THEOREMS else ""
                line: Row = {"ends": SPREAD, "bound": bound, "markersize": 4.5}
                kit.curve(panel, rows, "horizon", iterate + "_{}", look, **line)
            kit.log_axes(panel, "horizon $T$ (rounds)", f"gap of the {iterate} iterate, regularized game")
        kit.legend_entry(axes[0])
        kit.finish(axes, ["averages", "last iterates"], columns=2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the slopes over the upper half of the horizons and how close the bounds are."""
        sentences = []
        for name, look, rows in kit.curves(frame, LOOKS, "learner", "horizon"):
            upper, last = rows.tail((rows.height + 1) // 2), kit.last(rows)
            slope = np.polyfit(np.log(upper["horizon"]), np.log(upper["average_median"]), 1)[0]
            text = f"{look.label}: the gap of the average falls like T^{slope:.2f} and is "
            text += f"{last['average_median']:.2g} at the longest horizon (median), that of the last iterate is "
            text += f"{last['last_median']:.2g}"
            if name in _THEOREMS:
                closest = (rows["average_guaranteed"] / rows["average_greatest"]).min()
                text += f"; the bound is {closest:.1f} times the gap of the worst game where it is closest"
            sentences.append(text + ".")
        return sentences


def _row(run: Run) -> Row:
    name = run.learner.name
    row: Row = {"learner": name, "horizon": run.problem.horizon}
    for iterate, metric in (("average", "average_gap_tau"), ("last", "gap_tau")):
        row |= kit.spread(iterate, np.maximum(run.final(metric), _SMALLEST))
    return row | {"average_guaranteed": kit.bound_value(_THEOREMS[name], run) if name in _THEOREMS else None}
