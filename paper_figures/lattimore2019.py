"""Easy games of partial monitoring: a learner that compares neighbours, and one that explores uniformly."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bandits.partial import Exp3Neighbours, Exp3Signals, FiniteGame, IndependentOutcomes, PartialMonitoring, certified
from paper_figures import kit
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import BLACK, BLUE, GREY, RED, Look
from theory.rates import fit_exponent

PAPER = Paper(
    title="Cleaning up the Neighborhood: A Full Classification for Adversarial Partial Monitoring",
    authors="Tor Lattimore & Csaba Szepesvári",
    venue="ALT 2019",
    url="https://arxiv.org/abs/1805.09247",
)
LOOKS = {
    "Exp3Neighbours": Look("steps between neighbours", BLUE, "o"),
    "Exp3Signals": Look("EXP3 on signals", RED, "D"),
}


def _query(gap: float) -> tuple[FiniteGame, Any]:
    return FiniteGame.label_efficient(0.5), (0.5 - gap, 0.5 + gap)


def _middle(gap: float) -> tuple[FiniteGame, Any]:
    game = FiniteGame([[0.0, 1.0], [0.4, 0.4], [1.0, 0.0]], [[0, 0], [0, 1], [0, 0]])
    return game, (0.6 + gap, 0.4 - gap)  # between actions 0 and 1


def _duelling(gap: float) -> tuple[FiniteGame, Any]:
    losing = np.array([0.5 - gap, 0.5, 0.75])
    lost = np.arange(8)[:, None] >> np.arange(3)[::-1] & 1
    return FiniteGame.utility_duelling(3), np.where(lost == 1, losing, 1.0 - losing).prod(axis=1)


GAMES: dict[str, Callable[[float], tuple[FiniteGame, Any]]] = {
    "query cost 1/2": _query,
    "middle action": _middle,
    "utility duelling": _duelling,
}


class EasyGames(Figure):
    """Regret against the horizon in three easy games, with the certificate of the local learner."""

    name = "lattimore2019_neighbours"
    title = "Easy games: compare neighbours only"
    claim = """In an easy game the signals of two neighbours, and of actions between them, tell which of the two loses
    less. A learner that compares neighbours only, and plays more of the actions between those that it compares more,
    has regret of order sqrt(T); uniform exploration costs T^(2/3)."""
    caption = """Mean regret at the horizon, with pointwise 95% intervals over repetitions, for the hardest of the
    listed gaps. Each learner is tuned by its theorem for each horizon. Dotted: the mean certificate of the plays of the
    local learner, a bound on its expected regret without constants of the game. (a) Label-efficient prediction; the
    query is degenerate. (b) Losses (0, 1), (2/5, 2/5), (1, 0); the action in the middle reveals the outcome, and the
    other two are no neighbours. (c) Three arms duel: a pair loses the mean of both, and shows which one lost more."""
    panels, size = 3, (7.2, 6.0)
    tiny = changed(horizons=(32, 64, 128), repetitions=4)
    paper = changed(
        horizons=(1_000, 10_000, 100_000, 1_000_000), narrow=(1.0, 2.0, 3.0), wide=(0.25, 0.5), repetitions=64
    )

    horizons: tuple[int, ...] = setting("horizons T (rounds)", (200, 2_000, 20_000))
    narrow: tuple[float, ...] = setting("gaps, in multiples of T^(-1/2)", (2.0,))
    wide: tuple[float, ...] = setting("gaps, in multiples of T^(-1/3)", (0.5,))
    repetitions: int = setting("repetitions", 12)
    seed: int = setting("seed", 2019)

    def data(self) -> Frame:
        """Return regret, certificate and exponent of each learner in each game and at each horizon."""
        tables = []
        for title in GAMES:
            for learner in (Exp3Neighbours(), Exp3Signals()):
                hardest = [self._hardest(title, learner, T) for T in self.horizons]
                regrets = np.column_stack([run.final("regret") for run in hardest])
                sure = [run.mean("certificate")[-1] if "certificate" in run.metrics else np.nan for run in hardest]
                columns = {"game": title, "learner": learner.name, "horizon": self.horizons, "certificate": sure}
                fit = fit_exponent(self.horizons, regrets)
                tables.append(kit.table(columns | kit.interval("regret", regrets) | kit.fitted(fit)))
        return kit.stack(tables)

    def _hardest(self, title: str, learner: Any, T: int) -> Any:
        """Return the run at the gap at which the mean regret is largest."""
        gaps = [m * T ** (-1 / 2) for m in self.narrow] + [m * T ** (-1 / 3) for m in self.wide]
        cells = []
        for gap in sorted({min(gap, 0.25) for gap in gaps}):
            game, law = GAMES[title](gap)
            problem = PartialMonitoring(game, IndependentOutcomes(law), T)
            local = isinstance(learner, Exp3Neighbours)
            cells.append(final_cell(certified(problem, learner) if local else problem, learner, self))
        return max(runs(cells), key=lambda run: float(np.mean(run.final("regret"))))

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret and certificate against the horizon, one panel per game."""
        for panel, title in zip(axes, GAMES, strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon", game=title):
                kit.curve(panel, rows, "horizon", "regret_{}", look)
            rows = frame.filter(game=title, learner="Exp3Neighbours").sort("horizon")
            panel.plot(rows["horizon"], rows["certificate"], color=BLUE, linestyle=":", label="certificate")
            T = rows["horizon"].to_numpy().astype(float)
            for power, words, colour in ((1 / 2, "1/2", BLACK), (2 / 3, "2/3", GREY)):
                line = 0.5 * rows["regret_mean"][0] * (T / T[0]) ** power
                kit.theory_line(panel, T, line, colour, f"slope {words}")
            kit.log_axes(panel, "horizon $T$", "regret (loss)", base=10)
        kit.finish(axes, list(GAMES), [])
        kit.shared_legend(axes)
        kit.share_limits(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the exponents, and the certificate at the last horizon."""
        sentences = []
        for title in GAMES:
            for name, look, rows in kit.curves(frame, LOOKS, "learner", "horizon", game=title):
                row = kit.last(rows)
                slope = f"{row['exponent']:.2f} [{row['exponent_low95']:.2f}, {row['exponent_high95']:.2f}]"
                regret = kit.with_interval(row, "regret_{}", ".0f")
                sure = f", certified {row['certificate']:.0f}" if name == "Exp3Neighbours" else ""
                sentences.append(f"{title}, {look.label}: exponent {slope}, {regret} at the last horizon{sure}.")
        return sentences
