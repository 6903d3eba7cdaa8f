"""Regret against ln T: the slope of Lai and Robbins, reached by KL-UCB and Thompson sampling."""

import numpy as np

from bandits.stochastic import KLUCB, MOSS, UCB1, BetaThompson, stochastic_bandit
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, changed, setting
from paper_figures.lattimore2020 import LOOKS
from paper_figures.simulations import runs
from sims import Cell
from theory.stochastic.bounds.divergence import lai_robbins


class Slope(Figure):
    """Pseudo-regret of four learners against the round, on a logarithmic axis."""

    name = "lattimore2020_slope"
    title = "Regret against ln T: the constant of Lai and Robbins"
    claim = """No consistent learner has asymptotic regret below C ln T, with C the sum of gap over KL divergence (Lai &
    Robbins 1985); KL-UCB (Cappé et al. 2013) and Thompson sampling (Kaufmann, Korda & Munos 2012) reach C on Bernoulli
    rewards."""
    caption = """Mean pseudo-regret of one play against the round, with pointwise 95% intervals over repetitions; the
    same rewards for all learners. (a) All learners. (b) The two that are asymptotically optimal, with C ln t: the bound
    is about the slope, not about the height at these rounds, and the findings compare slopes over the last decade.
    MOSS is tuned for the last round shown."""
    panels, size = 2, (7.2, 4.0)
    tiny = changed(horizon=2000, repetitions=4)
    paper = changed(horizon=1_000_000, repetitions=64)

    rewards: tuple[float, ...] = setting("mean rewards", (0.1, 0.05, 0.05, 0.05, 0.02, 0.02, 0.02, 0.01, 0.01, 0.01))
    horizon: int = setting("horizon T (rounds)", 100_000)
    repetitions: int = setting("repetitions", 24)
    seed: int = setting("seed", 1985)

    def data(self) -> Frame:
        """Return the regret at logarithmically spaced rounds, and the slope over the last decade."""
        game = stochastic_bandit(self.rewards, self.horizon)
        rounds = np.unique(np.geomspace(10, self.horizon, 25).astype(int))
        decade = int(np.searchsorted(rounds, self.horizon / 10))
        constant = lai_robbins(*game.losses.outcomes())  # type: ignore[misc]
        cells = [
            Cell(game, learner, self.repetitions, self.seed, tuple(rounds.tolist()))
            for learner in (UCB1(), MOSS(), KLUCB(), BetaThompson())
        ]
        tables = []
        for run in runs(cells):
            regrets = run["pseudo_regret"]
            slopes = (regrets[:, -1] - regrets[:, decade]) / np.log(rounds[-1] / rounds[decade])
            columns = {"learner": run.learner.name, "round": rounds, "constant": constant}
            columns |= kit.run_interval(run, "pseudo_regret", "regret")
            tables.append(kit.table(columns | kit.interval("slope", slopes)))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret of all learners, and of the asymptotically optimal ones with C ln t."""
        for panel, names in zip(axes, (("UCB1", "MOSS", "KLUCB", "BetaThompson"), ("KLUCB", "BetaThompson"))):
            for _, look, rows in kit.curves(frame, {name: LOOKS[name] for name in names}, "learner", "round"):
                kit.curve(panel, rows, "round", "regret_{}", look, markevery=4)
            kit.log_x(panel, "round $t$", "pseudo-regret (reward)", base=10)
        rows = frame.filter(learner="KLUCB").sort("round")
        line = rows["constant"] * np.log(rows["round"])
        kit.theory_line(axes[1], rows["round"], line, style.BLACK, "$C\\,\\ln t$ (Lai & Robbins)")
        kit.finish(axes, ["all learners", "asymptotically optimal ones"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the slopes over the last decade."""
        sentences = []
        for row in frame.filter(round=frame["round"].max()).iter_rows(named=True):
            regret, slope = (kit.with_interval(row, f"{name}_{{}}", ".1f") for name in ("regret", "slope"))
            where = f"regret {regret} at t = {row['round']}, slope {slope} in ln t over the last decade"
            sentences.append(f"{LOOKS[row['learner']].label}: {where}; C = {row['constant']:.2f}.")
        return sentences
