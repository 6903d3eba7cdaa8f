"""Delayed feedback: regret against the total delay."""

import math
from typing import cast

import numpy as np

import theory
from bandits.delays import BlockDelay, Bold, Delayed, DelayedExp3, DelayedHedge, FixedDelay
from bandits.losses import BernoulliLosses
from bandits.switching import Bandit, Exp3, FullInformation, SwitchingCostGame
from paper_figures import kit, style
from paper_figures.kit import FITTED, Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look
from sims import Cell
from theory.rates import fit_exponent

PAPER = Paper(
    title="Nonstochastic Multiarmed Bandits with Unrestricted Delays",
    authors="Tobias Sommer Thune, Nicolò Cesa-Bianchi & Yevgeny Seldin",
    venue="NeurIPS 2019, arXiv:1906.00670",
    url="https://arxiv.org/abs/1906.00670",
)
CURVES = {
    "EXP3": Look("EXP3, fixed delay", style.RED, "D"),
    "EXP3, blocks": Look("EXP3, end of blocks", style.ORANGE, "v"),
    "Hedge": Look("Hedge, fixed delay", style.BLUE, "o"),
    "copies": Look("copies of EXP3 (BOLD)", style.GREEN, "s"),
}
_LEARNERS = {
    "EXP3": DelayedExp3(),
    "EXP3, blocks": DelayedExp3(),
    "Hedge": DelayedHedge(),
    "copies": Bold(Exp3()),
}
_THEOREMS = {
    "EXP3": "thune2019.delayed_exp3",
    "EXP3, blocks": "thune2019.delayed_exp3",
    "Hedge": "joulani2016.delayed_hedge",
    "copies": "joulani2013.bold_exp3",
}


class Delays(Figure):
    """Mean regret of each learner at each delay, with its bound."""

    name = "thune2019_delays"
    title = "Delayed feedback: regret grows like the square root of the total delay"
    claim = """EXP3 on losses as they arrive has regret of order sqrt((K T + D) ln K), where D is the total delay,
    whatever the longest; Hedge of order sqrt((T + D) ln K), and no learner does better than sqrt(d T) up to constants
    if every delay is d."""
    caption = """Mean pseudo-regret with 95% intervals against the total delay D = sum of min(d, T - t), for a fixed
    number of rounds and two coins, the better one by sqrt(2 d ln 2 / T): a gap that can just not be found in time.
    Broken lines: the bounds of Hedge and of EXP3 with a fixed delay, in their colours; dotted: what no learner can beat
    on other losses, coins that stand for d + 1 rounds. Slopes: weighted least squares in logarithms, with 95% bootstrap
    intervals."""
    size = (7.2, 4.6)
    tiny = changed(delays=(7, 15, 31), horizon=512, repetitions=16)
    paper = changed(horizon=2**16, repetitions=256)

    horizon: int = setting("rounds T", 2**13)
    delays: tuple[int, ...] = setting("delays d (rounds), on average in blocks", (7, 15, 31, 63, 127, 255))
    repetitions: int = setting("repetitions", 64)
    seed: int = setting("seed", 2019)

    def data(self) -> Frame:
        """Return a row for each learner and delay."""
        rows, size = [], len(self.delays)
        pairs = [(name, d) for name in CURVES for d in self.delays]
        found = runs([self._cell(name, d) for name, d in pairs])
        for place, name in enumerate(CURVES):
            curve = found[place * size : (place + 1) * size]
            totals = [cast(Delayed, run.problem).total_delay for run in curve]
            fit = kit.fitted(fit_exponent(totals, np.column_stack([run.final("pseudo_regret") for run in curve])))
            for d, total, run in zip(self.delays, totals, curve, strict=True):
                below = theory.theorem("cesabianchi2019.delay_lower").value(horizon=self.horizon, held=d + 1)
                row = {"learner": name, "delay_rounds": d, "total_delay_rounds": total, **fit}
                row |= {"bound_loss": kit.bound_value(_THEOREMS[name], run), "lower_bound_loss": below}
                rows.append(row | kit.interval("regret", run.final("pseudo_regret")))
        return kit.table(rows)

    def _cell(self, name: str, d: int) -> Cell:
        learner = _LEARNERS[name]
        schedule = BlockDelay(2 * d + 1) if "blocks" in name else FixedDelay(d)  # both d on average
        gap = math.sqrt(2.0 * d * math.log(2.0) / self.horizon)
        feedback = Bandit() if name != "Hedge" else FullInformation()
        game = SwitchingCostGame(BernoulliLosses([0.5, 0.5 - gap]), self.horizon, 0.0, feedback)
        return final_cell(Delayed(game, schedule), learner, self)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against the total delay."""
        for name, look, rows in kit.curves(frame, CURVES, "learner", "total_delay_rounds"):
            label = f"{look.label}: slope {kit.with_interval(kit.first(rows), 'exponent{}', '.2f', FITTED)}"
            bound = "bound_loss" if name in ("EXP3", "Hedge") else ""
            kit.curve(axes[0], rows, "total_delay_rounds", "regret_{}", look, label, bound=bound)
        one = frame.filter(learner="Hedge").sort("total_delay_rounds")
        kit.theory_line(
            axes[0], one["total_delay_rounds"], one["lower_bound_loss"], style.GREY, "lower bound, worst losses", ":"
        )
        kit.legend_entry(axes[0], "upper bound, same colour")
        kit.log_axes(axes[0], "total delay $D$ (rounds)", "pseudo-regret (loss)")
        kit.legend_below(axes[0], 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the slope and the last point of each learner."""
        sentences = []
        for _, look, rows in kit.curves(frame, CURVES, "learner", "total_delay_rounds"):
            last, slope = kit.last(rows), kit.with_interval(kit.first(rows), "exponent{}", ".3f", FITTED)
            sentences.append(
                f"{look.label}: fitted exponent of D {slope} (95% interval); at D = {last['total_delay_rounds']:.0f} "
                f"regret {kit.with_interval(last, 'regret_{}', '.1f')}, bound {last['bound_loss']:.1f}."
            )
        return sentences
