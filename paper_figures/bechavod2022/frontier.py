"""Error against unfairness as the price of a reported gap grows, between benchmarks that know the distribution."""

from dataclasses import replace
from typing import Any

import numpy as np

from bandits.one_sided import Exp2OneSided, FullInformationExp2, FullLabels, OneSidedGame, three_points
from bandits.one_sided.benchmark import fair_policy
from bandits.protocol import Learner
from paper_figures import kit, style
from paper_figures.kit import Array, Axes, Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look

FEEDBACK = {
    "one-sided": Look("labels of the accepted", style.BLUE, "o"),
    "full": Look("all labels", style.BLACK, "s"),
}
_LEVELS = {
    "strict_errors": ("best fair policy, strict", "-."),
    "lenient_errors": ("best fair policy, lenient", "--"),
    "unconstrained_errors": ("best policy", ":"),
}


class Frontier(Figure):
    """Errors and violations per round for every price and feedback, and the errors of the benchmarks."""

    name = "bechavod2022_frontier"
    title = "Errors against unfairness as the price of a reported gap grows"
    claim = """Theorem 3.1 and Lemma 3.3: a price C for reported gaps trades error regret, which grows like k + 2 C, for
    violations, which fall like 1 / (C ε). The errors come from the learning rate of the theorem, which falls like 1 /
    (k + 2 C): at a fixed rate a higher price costs hardly any."""
    caption = """Environment A (three kinds of individuals, four stumps, two arrivals per round, one auditor),
    exponential weights with one-sided feedback and with all labels. Each point is a mean over repetitions. Circles and
    squares: the learning rate of the theorem for each price; diamonds: the rate of the self-bounding learner at every
    price. Stars: the self-bounding prices. Levels: expected errors of the best policy that is fair at the tolerance
    minus the slack (strict), at the tolerance (lenient), and of the best policy of all. The theory compares with the
    strict one. (b) Errors of the best policy that is fair at a level, by linear programs: a learner below the curve
    makes up for it by violations."""
    panels, size = 2, (7.2, 5.0)
    tiny = changed(horizon=2048, prices=(0.0, 2.0, 16.0), repetitions=8)
    paper = changed(horizon=2**20, repetitions=32)

    horizon: int = setting("horizon T (rounds)", 2**15)
    prices: tuple[float, ...] = setting("prices C", (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 50.0))
    tolerance: float = setting("tolerance (and slack ε)", 0.2)
    levels: int = setting("levels of fairness in (b), evenly in [0, 1]", 21)
    repetitions: int = setting("repetitions", 16)
    seed: int = setting("seed", 2022)

    def data(self) -> Frame:
        """Return one row per feedback, tuning and price, then one per level of fairness."""
        game = three_points(self.horizon, self.tolerance)
        shares, k = game.people.expected(self.horizon), game.individuals
        benchmarks = {
            "tolerance": self.tolerance,
            "strict_errors": k * game.benchmarks[0].error,
            "lenient_errors": k * game.benchmarks[2].error,
            "unconstrained_errors": k * float((shares[1].sum() + (shares[0] - shares[1]) @ game.table).min()),
        }
        rows: list[Row] = [row | benchmarks for feedback in FEEDBACK for row in self._played(feedback, game)]
        for level, best in zip(*optima(game, self.levels), strict=True):
            rows.append({"feedback": "optimum", "level": float(level), "errors_mean": k * best})
        columns = [*rows[0], "level"]
        return kit.table(rows).select(columns)

    def _played(self, feedback: str, game: OneSidedGame) -> list[Row]:
        kind = FullInformationExp2 if feedback == "full" else Exp2OneSided
        problem = replace(game, feedback=FullLabels()) if feedback == "full" else game
        bounding = kind()
        rate = bounding.parameters(problem).learning_rate
        learners: list[tuple[str, Learner]] = [("fixed price", kind(price=C)) for C in self.prices]
        learners += [("one rate", kind(price=C, learning_rate=rate)) for C in self.prices]
        learners.append(("self-bounding", bounding))
        rows = []
        found = runs([final_cell(problem, learner, self) for _, learner in learners])
        for (tuning, learner), run in zip(learners, found, strict=True):
            row: Row = {"feedback": feedback, "tuning": tuning, "price": learner.parameters(problem).price}
            numbers = kit.final(kit.run_interval(run, "error", "errors") | kit.run_interval(run, "violations"))
            rows.append(row | {name: value / self.horizon for name, value in numbers.items()})
        return rows

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw errors against violations, one line per feedback, and the benchmarks as levels."""
        for name, look in FEEDBACK.items():
            _draw_feedback(axes[0], frame.filter(feedback=name), name == "one-sided", look)
        for column, (label, dash) in _LEVELS.items():
            axes[0].axhline(frame[column][0], color=style.GREY, linestyle=dash, linewidth=1.0, label=label)
        axes[0].set(xlabel="share of rounds with a violation", ylabel="errors per round")
        best = frame.filter(feedback="optimum").sort("level")
        fair = "best policy that is fair at the level"
        axes[1].plot(best["level"], best["errors_mean"], color=style.BLACK, label=fair)
        own = frame.filter(feedback="one-sided", tuning="self-bounding")
        label = "labels of the accepted, self-bounding"
        axes[1].axhline(own["errors_mean"][0], color=style.BLUE, linestyle=":", label=label)
        label = "tolerance of the panel"
        axes[1].axvline(frame["tolerance"][0], color=style.GREY, linestyle="--", lw=1.0, label=label)
        axes[1].set(xlabel="level of fairness: gaps up to distance plus level")
        kit.share_limits(axes)
        kit.finish(axes, ["a price for reports", "the linear program"], legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the numbers at the ends of each line and at the self-bounding prices."""
        sentences = []
        for _, look, part in kit.curves(frame, FEEDBACK, "feedback", "price"):
            for row in part.iter_rows(named=True):
                if row["tuning"] == "self-bounding" or row["price"] in (part["price"].min(), part["price"].max()):
                    sentences.append(
                        f"{look.label}, C = {row['price']:.3g} ({row['tuning']}): {row['errors_mean']:.3f} errors and "
                        f"{row['violations_mean']:.4f} violations per round."
                    )
        return sentences


def optima(game: OneSidedGame, count: int) -> tuple[Array, list[float]]:
    """Return levels (count,) and the expected errors per arrival of the best policy that is fair at each."""
    levels = np.linspace(0.0, 1.0, count)
    shares = game.people.expected(game.horizon)
    return levels, [fair_policy(game.people, game.hypotheses, game.swings, float(a), shares).error for a in levels]


def _draw_feedback(panel: Axes, part: Frame, one_sided: bool, look: Look) -> None:
    """Draw the tuned prices; with one-sided feedback also their names and the prices at one rate; the star."""
    edge: dict[str, Any] = {"markeredgecolor": "white"}
    lines: list[tuple[str, str, Row]] = [("fixed price", "tuned rate", {"color": look.colour, "marker": look.marker})]
    if one_sided:
        lines.append(("one rate", "one rate", {"color": style.ORANGE, "marker": "D", "markersize": 4.5}))
    for tuning, label, line in lines:
        rows = part.filter(tuning=tuning).sort("price")
        panel.plot(rows["violations_mean"], rows["errors_mean"], label=f"{look.label}, {label}", **(line | edge))
    for row in part.filter(part["price"].is_in([0.0, 1.0, 2.0, 8.0, 50.0]), tuning="fixed price").iter_rows(named=True):
        at, left = (row["violations_mean"], row["errors_mean"]), row["price"] < 1.0
        if one_sided:
            place: Row = {"xytext": (-8, 4) if left else (6, 5), "ha": "right" if left else "left"}
            panel.annotate(f"C = {row['price']:g}", at, textcoords="offset points", fontsize=7.5, **place)
    own, inside = part.filter(tuning="self-bounding"), look.colour if one_sided else "none"
    star: Row = {"marker": "*", "linestyle": "none", "markerfacecolor": inside, "markersize": 8 if one_sided else 15}
    kit.marked(panel, own["violations_mean"], own["errors_mean"], look, f"{look.label}, self-bounding", **star)
