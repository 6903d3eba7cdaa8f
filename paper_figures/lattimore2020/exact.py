"""Exact regret without a sample, beside simulated means."""

import numpy as np

from bandits.stochastic import KLUCB, MOSS, UCB, UCB1, UCBV, BetaThompson, stochastic_bandit
from paper_figures import kit
from paper_figures.kit import Figure, Frame, Panels, changed, setting
from paper_figures.lattimore2020 import LOOKS
from paper_figures.simulations import runs
from sims import Cell
from theory.stochastic.exact import exact_play


class Exact(Figure):
    """Expected pseudo-regret of six learners on two arms, by recursion over counts and by simulation."""

    name = "lattimore2020_exact"
    title = "Exact regret by counts"
    claim = """The law of an index or Thompson learner on finitely many rewards depends on counts only, so its expected
    regret follows from a forward recursion over counts: no sampling and no tolerance."""
    caption = """Two Bernoulli arms. Lines: exact expected pseudo-regret after each round. Markers: means of simulated
    repetitions of the compiled learners with 95% intervals, at every tenth round. Learners that need the horizon are
    tuned for the last round."""
    size = (7.2, 4.4)
    tiny = changed(horizon=20, repetitions=50)
    paper = changed(horizon=100, repetitions=100_000)

    rewards: tuple[float, ...] = setting("mean rewards", (0.6, 0.4))
    horizon: int = setting("horizon T (rounds)", 50)
    repetitions: int = setting("repetitions", 4000)
    seed: int = setting("seed", 2020)

    def data(self) -> Frame:
        """Return the exact regret after each round, and at some rounds the simulated one."""
        game = stochastic_bandit(self.rewards, self.horizon)
        rounds = np.arange(1, self.horizon + 1)
        learners = (UCBV(), UCB1(), MOSS(), UCB(), BetaThompson(), KLUCB())
        cells = [Cell(game, learner, self.repetitions, self.seed, tuple(rounds.tolist())) for learner in learners]
        tables = []
        for run in runs(cells):
            play = exact_play(game, run.learner)
            if play is None:
                raise ValueError(f"the exact play of {run.learner.name} is not known: too many counts")
            columns = {"learner": run.learner.name, "round": rounds, "exact": play.regrets}
            tables.append(kit.table(columns | kit.run_interval(run, "pseudo_regret", "regret")))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw exact lines and simulated markers."""
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "round"):
            axes[0].plot(rows["round"], rows["exact"], color=look.colour, linewidth=1.4)
            some = rows.filter(rows["round"] % 10 == 0)
            mean, low, high = kit.measured(some, "regret_{}")
            ends = [mean - low, high - mean]
            axes[0].errorbar(some["round"], mean, ends, color=look.colour, marker=look.marker, ls="", label=look.label)
        kit.legend_entry(axes[0], "exact (line of the same colour)", "-", linewidth=1.4)
        axes[0].set(xlabel="round $t$", ylabel="expected pseudo-regret (reward)")
        kit.legend_below(axes[0], 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return exact and simulated regret at the horizon."""
        last = frame.filter(round=frame["round"].max())
        return [
            f"{LOOKS[row['learner']].label}: exactly {row['exact']:.6f}, simulated "
            f"{kit.with_interval(row, 'regret_{}', '.3f')} (95% interval)."
            for row in last.iter_rows(named=True)
        ]
