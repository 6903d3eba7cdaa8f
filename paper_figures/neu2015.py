"""Neu (NIPS 2015): regret with high probability, by exploring implicitly."""

from typing import Any

import numpy as np

from bandits.losses import LossTable
from bandits.switching import Exp3, Exp3IX, Exp3P, SwitchingCostGame
from paper_figures import kit
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import BLACK, ORANGE, RED, Look
from sims import Cell

PAPER = Paper(
    title="Explore no more: improved high-probability regret bounds for non-stochastic bandits",
    authors="Gergely Neu",
    venue="NIPS 2015",
    url="https://arxiv.org/abs/1506.03271",
)
LOOKS = {
    "Exp3": Look("EXP3", ORANGE, "^"),
    "Exp3IX": Look("EXP3-IX", RED, "D"),
    "Exp3P": Look("EXP3.P", BLACK, "s"),
}


class Tails(Figure):
    """How often the regret exceeds a level, on losses that change once."""

    name = "neu2015_tails"
    title = "Regret with high probability"
    claim = """EXP3's regret can be of order T with a probability that does not vanish, though its mean is of order
    sqrt(T); EXP3-IX and EXP3.P keep it of order sqrt(K T ln(K / delta)) with probability 1 - delta."""
    caption = """Share of repetitions whose regret exceeds a level, with pointwise 95% intervals; two actions, of which
    the first has loss 0 before the change and 1 after it, the second the loss listed and then 0. The regret is negative
    where a learner follows the change, since it is that against the better fixed action. Dashed: the level that EXP3-IX
    exceeds with probability at most delta by its theorem."""
    panels, size = 1, (6.0, 4.2)
    tiny = changed(horizon=400, repetitions=50)
    paper = changed(horizon=16_000, repetitions=20_000)

    horizon: int = setting("horizon T (rounds)", 4000)
    before: float = setting("loss of the second action before the change", 0.5)
    change: float = setting("change, as a share of the horizon", 0.5)
    failure_probability: float = setting("delta of EXP3-IX and EXP3.P", 0.01)
    repetitions: int = setting("repetitions", 4000)
    seed: int = setting("seed", 2015)

    def data(self) -> Frame:
        """Return the share of repetitions above 60 levels of regret, and the bound."""
        first = np.arange(self.horizon) < self.change * self.horizon
        losses = np.where(first[:, None], (0.0, self.before), (1.0, 0.0))
        game = SwitchingCostGame(LossTable(losses), self.horizon, switching_cost=0.0)
        delta = self.failure_probability
        learners = (Exp3(), Exp3IX(failure_probability=delta), Exp3P(failure_probability=delta))
        cells = [Cell(game, learner, self.repetitions, self.seed, (self.horizon,)) for learner in learners]
        found = runs(cells)
        regrets = [run.final("regret") for run in found]
        levels = np.linspace(min(map(np.min, regrets)), max(map(np.max, regrets)), 80)
        bound = kit.bound_value("neu2015.exp3_ix", found[1])
        tables = []
        for run, regret in zip(found, regrets, strict=True):
            columns = {"learner": run.learner.name, "level": levels, "bound": bound, "runs": len(regret)}
            tables.append(kit.table(columns | _shares((regret[:, None] > levels).sum(axis=0), len(regret))))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the shares on a logarithmic axis, from one repetition up."""
        (panel,) = axes
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "level"):
            seen = rows.filter(rows["share_mean"] > 0.0)
            kit.curve(panel, seen, "level", "share_{}", look, markevery=5)
        last = kit.last(frame)
        panel.plot(
            2 * [last["bound"]],
            (1.0 / last["runs"], 1.0),
            color=RED,
            linestyle="--",
            linewidth=1.0,
            label="bound of EXP3-IX",
        )
        panel.set_yscale("log")
        panel.set(
            xlabel="level of regret (loss)", ylabel="share of repetitions above it", ylim=(0.5 / last["runs"], 1.5)
        )
        kit.legend_below(panel, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the level that one repetition in a hundred exceeds."""
        sentences = []
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "level"):
            level = rows.filter(rows["share_mean"] <= 0.01)["level"][0]
            sentences.append(f"{look.label}: one repetition in a hundred has a regret above about {level:.0f}.")
        return sentences


def _shares(counts: Any, total: int) -> dict[str, Any]:
    """Return counts (n,) as shares of a total, with Clopper and Pearson's 95% intervals."""
    from scipy.stats import beta

    low = np.where(counts > 0, beta.ppf(0.025, np.maximum(counts, 1), total - counts + 1), 0.0)
    high = np.where(counts < total, beta.ppf(0.975, counts + 1, np.maximum(total - counts, 1)), 1.0)
    return {"share_mean": counts / total, "share_low95": low, "share_high95": high}
