"""Zimmert & Seldin (JMLR 2021): one learner for stochastic and adversarial losses."""

import math

import numpy as np

from bandits.losses import PiecewiseLosses
from bandits.stochastic import UCB1, stochastic_bandit
from bandits.switching import Exp3, SwitchingCostGame, TsallisINF
from paper_figures import kit
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import BLACK, BLUE, ORANGE, RED, Look
from sims import Cell

PAPER = Paper(
    title="Tsallis-INF: An Optimal Algorithm for Stochastic and Adversarial Bandits",
    authors="Julian Zimmert & Yevgeny Seldin",
    venue="JMLR 22(28), 2021",
    url="https://arxiv.org/abs/1807.07623",
)
LOOKS = {
    "UCB1": Look("UCB1, radius √(ln t / 2N)", BLUE, "o"),
    "Exp3": Look("EXP3", ORANGE, "^"),
    "importance-weighted": Look("Tsallis-INF, importance-weighted", RED, "D"),
    "reduced-variance": Look("Tsallis-INF, reduced variance", BLACK, "s"),
}
LEARNERS = {
    "UCB1": UCB1(0.5),
    "Exp3": Exp3(),
    "importance-weighted": TsallisINF("importance-weighted"),
    "reduced-variance": TsallisINF("reduced-variance"),
}
WORLDS = ("fixed", "moving")


class BothWorlds(Figure):
    """Pseudo-regret with fixed means, and with means that move while every gap stays."""

    name = "zimmert2021_both_worlds"
    title = "One learner for stochastic and adversarial losses"
    claim = """Tsallis-INF has logarithmic regret wherever one action is always better by the same gap, though the means
    themselves may move arbitrarily, and of order sqrt(K T) against any losses; UCB1 needs means that stay."""
    caption = """Mean pseudo-regret of one play against the round, with pointwise 95% intervals over repetitions; losses
    are 0 or 1 and the best action is better by the gap in every round. (a) Means 0.5 and 0.5 less the gap. (b) Two
    kinds of stretches in turn, each longer than the last: means 0 (best) and the gap, then 1 less the gap (best) and 1.
    EXP3 is tuned for the last round."""
    panels, size = 2, (7.2, 4.0)
    tiny = changed(horizon=2000, repetitions=4)
    paper = changed(horizon=1_000_000, repetitions=64)

    horizon: int = setting("horizon T (rounds)", 100_000)
    n_actions: int = setting("actions K", 5)
    gap: float = setting("gap (loss per round)", 0.125)
    growth: float = setting("growth of the stretches, each to the next", 1.6)
    repetitions: int = setting("repetitions", 24)
    seed: int = setting("seed", 2021)

    def data(self) -> Frame:
        """Return the pseudo-regret of each learner in both worlds, at logarithmically spaced rounds."""
        rounds = np.unique(np.geomspace(10, self.horizon, 25).astype(int))
        pairs = [(world, name) for world in WORLDS for name in LEARNERS]
        cells = [
            Cell(self._game(world), LEARNERS[name], self.repetitions, self.seed, tuple(rounds.tolist()))
            for world, name in pairs
        ]
        tables = []
        for (world, name), run in zip(pairs, runs(cells), strict=True):
            columns = {"world": world, "learner": name, "round": rounds}
            metric = (
                "pseudo_regret" if world == "fixed" else "dynamic_regret"
            )  # the best action is the same in all rounds
            tables.append(kit.table(columns | kit.run_interval(run, metric, "regret")))
        return kit.stack(tables)

    def _game(self, world: str) -> SwitchingCostGame:
        best = np.eye(self.n_actions)[0] * self.gap
        if world == "fixed":
            return stochastic_bandit(0.5 + best, self.horizon)
        count = math.ceil(math.log(self.horizon) / math.log(self.growth))
        points = sorted({math.ceil(self.growth**k) for k in range(1, count + 1)})
        means = [self.gap - best if piece % 2 == 0 else 1.0 - best for piece in range(len(points) + 1)]
        return stochastic_bandit(PiecewiseLosses(means, points), self.horizon)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret against the round, one panel per world."""
        for panel, world in zip(axes, WORLDS, strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "round", world=world):
                kit.curve(panel, rows, "round", "regret_{}", look, markevery=4)
            kit.log_axes(panel, "round $t$", "pseudo-regret (loss)", base=10)
        kit.finish(axes, ["means that stay", "means that move, gaps that stay"], [])
        kit.share_limits(axes)
        kit.shared_legend(axes, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the regret at the horizon."""
        last = frame.filter(round=frame["round"].max())
        words = {"fixed": "means that stay", "moving": "means that move"}
        return [
            f"{LOOKS[row['learner']].label} ({words[row['world']]}): {kit.with_interval(row, 'regret_{}', '.0f')}."
            for row in last.iter_rows(named=True)
        ]
