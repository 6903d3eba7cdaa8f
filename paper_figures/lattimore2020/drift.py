"""Means that change: learners that forget, and learners that do not."""

import numpy as np

from bandits.losses import PiecewiseLosses
from bandits.stochastic import UCB1, BetaThompson, DiscountedUCB, SlidingWindowUCB, stochastic_bandit
from bandits.switching import SwitchingCostGame
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.lattimore2020 import LOOKS
from paper_figures.simulations import runs
from sims import Cell


class Drift(Figure):
    """Dynamic regret over time with sudden changes and with a slow drift between the same means."""

    name = "garivier2011_drift"
    title = "Means that change: dynamic regret"
    source = Paper(
        "On Upper-Confidence Bound Policies for Switching Bandit Problems",
        "Aurélien Garivier & Eric Moulines",
        "ALT 2011",
        "https://arxiv.org/abs/0805.3415",
    )
    claim = """Averages over a sliding window, or discounted ones, follow changes of the means; a learner that never
    forgets needs about as many rounds as it has played to notice that its best arm has become a bad one."""
    caption = """Mean dynamic regret (mean reward of the round's best arm less that of the arm played, summed) of one
    play against the round, with 95% intervals. Three Bernoulli arms; dotted lines: rounds at which the means listed
    hold. (a) They are constant in between and change suddenly there. (b) They move linearly from one to the next, and
    are constant after the last. UCB1 with radius sqrt(ln t / (2 N))."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(horizon=1200, repetitions=4)
    paper = changed(horizon=60_000, repetitions=400)

    rewards: tuple[tuple[float, ...], ...] = setting(
        "mean rewards of the pieces", ((0.8, 0.5, 0.2), (0.2, 0.5, 0.8), (0.8, 0.2, 0.5))
    )
    horizon: int = setting("horizon T (rounds)", 12_000)
    repetitions: int = setting("repetitions", 40)
    seed: int = setting("seed", 2011)

    def data(self) -> Frame:
        """Return the dynamic regret at equally spaced rounds for both kinds of change."""
        pieces = len(self.rewards)
        points = [self.horizon * piece // pieces for piece in range(1, pieces)]
        rounds = np.unique(np.linspace(0, self.horizon, 41).astype(int)[1:])
        learners = (UCB1(0.5), BetaThompson(), SlidingWindowUCB(), DiscountedUCB(exploration=0.1))
        kinds = [(change, learner) for change in ("sudden", "drift") for learner in learners]
        cells = [
            Cell(self._game(points, change == "drift"), learner, self.repetitions, self.seed, tuple(rounds.tolist()))
            for change, learner in kinds
        ]
        tables = []
        for (change, _), run in zip(kinds, runs(cells), strict=True):
            columns = {"change": change, "learner": run.learner.name, "round": rounds, "piece": self.horizon / pieces}
            tables.append(kit.table(columns | kit.run_interval(run, "dynamic_regret", "regret")))
        return kit.stack(tables)

    def _game(self, points: list[int], drift: bool) -> SwitchingCostGame:
        losses = PiecewiseLosses(1.0 - np.array(self.rewards), points, drift)
        return stochastic_bandit(losses, self.horizon)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the dynamic regret, one panel per kind of change."""
        for panel, change in zip(axes, ("sudden", "drift"), strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "round", change=change):
                kit.curve(panel, rows, "round", "regret_{}", look, markevery=5)
            length = kit.first(frame)["piece"]
            for point in np.arange(length, kit.last(frame)["round"] - 1, length):
                panel.axvline(point, color=style.GREY, linestyle=":", linewidth=1.0)
            panel.set(xlabel="round $t$", ylabel="dynamic regret (reward)")
            kit.legend_entry(panel, "next means", ":")
        kit.finish(axes, ["sudden changes", "drift"], [])
        kit.shared_legend(axes)
        kit.share_limits(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the dynamic regret at the horizon."""
        last = frame.filter(round=frame["round"].max())
        return [
            f"{LOOKS[row['learner']].label} ({row['change']}): {kit.with_interval(row, 'regret_{}', '.0f')}."
            for row in last.iter_rows(named=True)
        ]
