"""Oracle efficiency: seconds per round and errors against the number of hypotheses."""

import time

import numpy as np

from bandits.one_sided import (
    ContextSemiBanditFtpl,
    Crowd,
    Exp2OneSided,
    GroupThresholds,
    InstanceFtpl,
    OneSidedGame,
    Panel,
    Panels,
    ScaledDistance,
)
from bandits.protocol import Learner
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Row, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look
from sims import simulate

LOOKS = {
    "weights": Look("Exp2, one weight per hypothesis", style.BLUE, "o"),
    "instance": Look("perturbed leaders, ours", style.GREEN, "s"),
    "literal": Look("perturbed leaders, Theorem 4.2", style.RED, "D"),
}


class ClassSize(Figure):
    """Seconds per round, errors and violations per round of each learner for each number of hypotheses."""

    name = "bechavod2022_class_size"
    title = (
        "A round of weights costs as much as there are hypotheses, a round of perturbed leaders as much as an oracle"
    )
    claim = """Theorem 4.2: with an oracle for the class, Context-Semi-Bandit-FTPL needs time that does not grow with
    |H|, for a worse rate (T^(41/45) against T^(4/5))."""
    caption = """Markets of G groups with one score threshold per group, q cuts each: N = q^G hypotheses, a separator of
    G (q - 1) cells, an oracle that sums over them. One panel of three auditors, two must object; price 1 for all. Ours
    draws one Laplace variable per separator cell and takes propensities from the leaders; Theorem 4.2 draws 2 k + 4 C
    per cell and resamples. (a) One thread, the least of three measurements, which differ from machine to machine and
    from time to time; slopes in log-log between the two largest classes. (b), (c) The same learners at one horizon, at
    which the tuned perturbation of the leaders still hides the labels; 95% intervals of means."""
    panels, size = 3, (7.2, 6.4)
    alone = True
    tiny = changed(groups=(1, 2), seconds=0.002, horizon=64, learners=("weights",), repetitions=4)
    paper = changed(groups=(1, 2, 4, 6, 8, 10, 12), seconds=1.0, horizon=2**14, repetitions=32)

    groups: tuple[int, ...] = setting("groups G", (1, 4, 8, 12))
    cuts: int = setting("cuts per group q", 3)
    people: int = setting("individuals per group", 8)
    individuals: int = setting("arrivals per round k", 4)
    tolerance: float = setting("tolerance (and slack ε)", 0.3)
    leaders: int = setting("leaders per round R (and the cap L of resampling)", 16)
    seconds: float = setting("seconds for each time measured", 0.05)
    horizon: int = setting("horizon T of the errors (rounds)", 2**10)
    largest: int = setting("most hypotheses of a run for the errors of Exp2", 7000)
    learners: tuple[str, ...] = setting("learners", tuple(LOOKS))
    repetitions: int = setting("repetitions", 8)
    seed: int = setting("seed", 2021)

    def learner(self, name: str) -> Learner:
        """Return a learner by its name; all pay the price 1 for a unit of a reported gap."""
        if name == "weights":
            return Exp2OneSided(price=1.0)
        if name == "instance":
            return InstanceFtpl(price=1.0, leaders=self.leaders)
        return ContextSemiBanditFtpl(price=1, leaders=self.leaders, resamples=self.leaders)

    def game(self, groups: int) -> OneSidedGame:
        """Return a market of G groups with a score that is biased differently for each."""
        rng = np.random.default_rng(self.seed)
        group = np.arange(self.people * groups) % groups
        merit = rng.standard_normal(len(group))
        score = merit - 0.5 * rng.standard_normal(groups)[group]
        crowd = Crowd(np.column_stack([score, merit]), 1.0 / (1.0 + np.exp(-3.0 * merit)), groups=group)
        auditors = tuple(ScaledDistance(weights) for weights in ((0.0, 0.3), (0.3, 0.1), (0.1, 0.4)))
        panels, thresholds = Panels(Panel(auditors, votes=2)), GroupThresholds(self.cuts)
        return OneSidedGame(crowd, thresholds, panels, self.horizon, self.individuals, self.tolerance)

    def data(self) -> Frame:
        """Return one row per learner and number of groups."""
        games = {groups: self.game(groups) for groups in self.groups}
        rows: list[Row] = []
        for name in self.learners:
            learner = self.learner(name)
            small = [g for g, game in games.items() if name != "weights" or game.n_hypotheses <= self.largest]
            found = dict(zip(small, runs([final_cell(games[g], learner, self) for g in small]), strict=True))
            for groups, game in games.items():
                row: Row = {"learner": name, "groups": groups, "hypotheses": game.n_hypotheses}
                row |= {"separator": len(game.hypotheses.separator(game.people))}
                row |= {"seconds_per_round": seconds_per_round(game, learner, self.seconds)}
                if groups in found:
                    row |= kit.interval("errors", found[groups].final("error") / self.horizon)
                    row |= kit.interval("violations", found[groups].final("violations") / self.horizon)
                rows.append(row | {"fair_errors": game.individuals * game.benchmarks[2].error})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: kit.Panels) -> None:
        """Draw seconds, errors and violations per round against the number of hypotheses."""
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "groups"):
            slope = f": last slope {_last_slope(rows):.2f}" if rows.height > 1 else ""
            kit.marked(axes[0], rows["hypotheses"], 1e6 * rows["seconds_per_round"], look, look.label + slope)
            known = rows.filter(rows["errors_mean"].is_not_null())
            for panel, quantity in zip(axes[1:], ("errors_{}", "violations_{}"), strict=True):
                mean, low, high = kit.measured(known, quantity)
                bars: Row = {"color": look.colour, "marker": look.marker, "linestyle": "none"}
                panel.errorbar(known["hypotheses"], mean, [mean - low, high - mean], **bars)
        fair = frame.unique("groups", maintain_order=True).sort("groups")
        axes[1].plot(fair["hypotheses"], fair["fair_errors"], "_", color=style.BLACK, ms=12, label="best fair policy")
        kit.log_axes(axes[0], "hypotheses $N = q^G$", "microseconds per round", base=10)
        for panel, label in zip(axes[1:], ("errors per round", "share of rounds with a violation"), strict=True):
            kit.log_x(panel, "hypotheses $N = q^G$", label, base=10)
        axes[2].set_ylim(bottom=0.0)
        kit.finish(axes, ["time", "errors", "violations"], legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the time per round in the smallest and the largest class, and errors in the largest one played."""
        sentences = []
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "groups"):
            first, last = kit.first(rows), kit.last(rows)
            played = kit.last(rows.filter(rows["errors_mean"].is_not_null()))
            sentences.append(
                f"{look.label}: {1e6 * first['seconds_per_round']:.2g} microseconds per round at N = "
                f"{first['hypotheses']}, {1e6 * last['seconds_per_round']:.3g} at N = {last['hypotheses']}; at N = "
                f"{played['hypotheses']} {played['errors_mean']:.3f} errors and {played['violations_mean']:.3f} "
                f"violations per round (best fair policy, lenient: {played['fair_errors']:.3f} errors)."
            )
        return sentences


def seconds_per_round(game: OneSidedGame, learner: Learner, budget: float) -> float:
    """Return processor time per round, one thread: that of long plays over that of short ones, the least of three each.

    The long ones take at least a twentieth of `budget` seconds more, where the horizon is long enough.
    """

    def play(rounds: int) -> float:
        start = time.process_time()
        simulate(game, learner, checkpoints=[rounds], threads=1)
        return time.process_time() - start

    play(1)  # compiled, and the arrays touched
    least, rounds = budget / 20.0, 4
    while True:
        rounds = min(2 * rounds, game.horizon)
        shorter = max(1, rounds // 4)
        gained = min(play(rounds) for _ in range(3)) - min(play(shorter) for _ in range(3))
        if gained >= least:
            return gained / (rounds - shorter)
        if rounds == game.horizon:  # too short for the clock, at quality tiny
            return max(gained, 1e-9) / max(rounds - shorter, 1)


def _last_slope(rows: Frame) -> float:
    """Return the slope in log-log between the two largest classes."""
    sizes, seconds = (np.log(rows[column].to_numpy()[-2:]) for column in ("hypotheses", "seconds_per_round"))
    return float((seconds[1] - seconds[0]) / (sizes[1] - sizes[0]))
