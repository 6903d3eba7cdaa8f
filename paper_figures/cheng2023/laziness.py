"""What laziness saves: Hedge and Shrinking Dartboard with one learning rate have the same distribution of actions."""

import math
from dataclasses import replace
from typing import Any

from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import FullInformation, Hedge, ShrinkingDartboard, SwitchingCostGame
from paper_figures import kit, style
from paper_figures.cheng2023 import LEARNERS
from paper_figures.kit import Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import runs
from sims import Cell, Run


class Laziness(Figure):
    """Regret in losses alone and switches of Hedge and Shrinking Dartboard over time."""

    name = "cheng2023_laziness"
    title = "The same distribution of actions in every round, with and without laziness"
    claim = """Shrinking Dartboard keeps Hedge's probabilities in every round, with at most ln K + η min L expected
    redraws (Geulen, Vöcking & Winkler 2010)."""
    caption = """Hedge and Shrinking Dartboard with the same learning rate (Shrinking Dartboard's tuning for T) on the
    same multi-scale random walks under full information. (a) Their expected losses are equal in every round, so the two
    curves differ by sampling only. (b) Hedge draws a new action every round; Shrinking Dartboard keeps its action with
    the probability by which its weight shrinks. Broken line: the bound on the expected number of redraws, with the mean
    loss of the best action. Checkpoints from round 16 on."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(horizon=64, n_actions=3, gap=0.2, repetitions=8)
    paper = changed(horizon=2**20, gap=0.0025, repetitions=1024)

    horizon: int = setting("horizon T (rounds)", 2**16)
    n_actions: int = setting("actions K", 5)
    switching_cost: float = setting("switching cost c (loss)", 1.0)
    gap: float = setting("gap ε (loss per round)", 0.01)
    repetitions: int = setting("repetitions", 512)
    seed: int = setting("seed", 2023)

    def data(self) -> Frame:
        """Return regret in losses and switches at checkpoints for the two learners, and the bound on redraws."""
        walk = MultiScaleRandomWalk(self.n_actions, self.gap)
        game = SwitchingCostGame(walk, self.horizon, self.switching_cost, FullInformation())
        rate = ShrinkingDartboard().parameters(game).learning_rate
        learners = (Hedge(learning_rate=rate), ShrinkingDartboard(learning_rate=rate))
        found = runs([Cell(game, learner, self.repetitions, self.seed) for learner in learners])
        return kit.stack([kit.table(self._columns(run, rate)) for run in found])

    def _columns(self, run: Run, rate: float) -> Row:
        kept = run.rounds >= 16
        free = replace(run, values=run.values.copy())
        free.values[:, :, run.metrics.index("regret")] -= self.switching_cost * run["switches"]
        measured = kit.run_interval(free, "regret", "loss_regret", "_loss") | kit.run_interval(run, "switches")
        bound = math.log(self.n_actions) + rate * run.mean("best_loss")[kept]
        columns = {"learner": run.learner.name, "round": run.rounds[kept], "learning_rate": rate}
        return columns | {name: values[kept] for name, values in measured.items()} | {"redraws_bound": bound}

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret in losses and the switches."""
        for panel, quantity in zip(axes, ("loss_regret_{}_loss", "switches_{}"), strict=True):
            for name in ("Hedge", "ShrinkingDartboard"):
                line: Any = {"linewidth": 5.0, "alpha": 0.35, "marker": ""} if name == "Hedge" else {"markevery": 4}
                kit.curve(panel, frame.filter(learner=name), "round", quantity, LEARNERS[name], **line)
        lazy, label = frame.filter(learner="ShrinkingDartboard"), "$\\ln K + \\eta\\, \\min_i L_t(i)$"
        kit.theory_line(axes[1], lazy["round"], lazy["redraws_bound"], style.BLUE, label)
        kit.log_axes(axes[0], "round $t$", "regret without switches (loss)")
        kit.log_axes(axes[1], "round $t$", "switches so far")
        kit.finish(axes, ["losses: no difference", "switches"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the numbers of both learners at the horizon."""
        return [
            f"{LEARNERS[row['learner']].label}: regret without switches "
            f"{kit.with_interval(row, 'loss_regret_{}_loss', '.1f')}, switches "
            f"{kit.with_interval(row, 'switches_{}', '.1f')} (95% intervals)."
            for row in frame.filter(round=frame["round"].max()).iter_rows(named=True)
        ]
