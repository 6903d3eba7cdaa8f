"""Regret of five learners on a class of policies against the horizon, and the errors of their oracles."""

from typing import Any

import numpy as np

from bandits.contextual import (
    Aggregating,
    ContextualExp4,
    ContextualGame,
    GreedyRegression,
    InverseGapWeighting,
    Mixture,
    policy_world,
)
from paper_figures import kit, style
from paper_figures.foster2020 import LOOKS
from paper_figures.kit import Figure, Frame, Panels, changed, setting
from paper_figures.simulations import runs
from sims import Cell
from theory.rates import fit_exponent

THEOREMS = {
    "exact": "ours.inverse_gap_weighting",
    "SquareCB": "foster2020.squarecb",
    "FastCB": "foster2021.fastcb",
    "EXP4": "auer2002.contextual_exp4",
    "greedy": "ours.greedy_regression",
}


class Policies(Figure):
    """Base of the figures on policies; it has no name."""

    mean_losses: tuple[float, ...] = setting("mean loss of the good actions", (0.3, 0.0))
    gaps: tuple[float, ...] = setting("gap of the others", (0.4, 0.5))
    n_actions: int = setting("actions K", 5)
    n_functions: int = setting("functions N", 16)
    horizons: tuple[int, ...] = setting("horizons T (rounds)", tuple(2**k for k in range(8, 15)))
    repetitions: int = setting("repetitions", 20)
    seed: int = setting("seed", 2020)

    def cells(self, names: tuple[str, ...]) -> list[tuple[str, float, Cell]]:
        """Return (learner's name, mean loss, cell) for all learners, worlds and horizons."""
        found = []
        for mean, gap in zip(self.mean_losses, self.gaps, strict=True):
            world = policy_world(self.n_actions, self.n_functions, mean, gap)
            for horizon in self.horizons:
                learners = {
                    "exact": InverseGapWeighting(oracle=Aggregating()),
                    "SquareCB": InverseGapWeighting("squarecb", oracle=Aggregating()),
                    "FastCB": InverseGapWeighting("fastcb", oracle=Mixture(), best_loss=mean * horizon),
                    "EXP4": ContextualExp4(),
                    "greedy": GreedyRegression(oracle=Aggregating()),
                }
                game = ContextualGame(world, horizon)
                for name in names:
                    found.append((name, mean, Cell(game, learners[name], self.repetitions, self.seed, (horizon,))))
        return found


class Regret(Policies):
    """Regret and bounds of five learners, on ordinary losses and where a policy never loses."""

    name = "foster2020_regret"
    title = "Regret of inverse gap weighting on a class of policies"
    claim = """With an oracle of regret R in square loss, SquareCB has regret of order sqrt(K T R) (Foster & Rakhlin
    2020); the exact rule has sqrt((K - 1) T R), and FastCB (Foster & Krishnamurthy 2021) a bound that is small where
    the best policy hardly loses."""
    caption = """Mean regret, with pointwise 95% intervals over repetitions, against the horizon that the learners are
    tuned to; dashed: the bounds. In every context each of 16 policies has a good action, the others lose more by the
    gap; one policy is right. (a) Its good actions lose 0.3 on average. (b) They never lose: FastCB then stops losing
    too. SquareCB explores less than the exact rule at its own tuning, whose guarantee is weaker by sqrt(2)."""
    panels, size = 2, (7.2, 4.6)
    tiny = changed(horizons=(128, 256, 512), repetitions=4)
    paper = changed(horizons=tuple(2**k for k in range(8, 19)), repetitions=64)

    def data(self) -> Frame:
        """Return mean regret, bound and slope of every learner, world and horizon."""
        made = self.cells(tuple(LOOKS))
        rows: list[kit.Row] = []
        samples: dict[Any, list[kit.Array]] = {}
        for (name, mean, cell), run in zip(made, runs([cell for *_, cell in made]), strict=True):
            row = {"learner": name, "mean_loss": mean, "horizon": cell.problem.horizon}
            row |= {"bound": kit.bound_value(THEOREMS[name], run)} | kit.final(kit.run_interval(run, "regret"))
            samples.setdefault((name, mean), []).append(run.final("regret"))
            rows.append(row)
        slopes = {key: fit_exponent(self.horizons, np.stack(found, axis=1)) for key, found in samples.items()}
        for row in rows:
            row |= kit.fitted(slopes[row["learner"], row["mean_loss"]], "slope")
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret in one panel per world, with the bounds."""
        means = kit.values(frame, "mean_loss")
        for panel, mean in zip(axes, means, strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon", mean_loss=mean):
                kit.curve(panel, rows, "horizon", "regret_{}", look, bound="bound")
            kit.log_axes(panel, "horizon $T$ (rounds)", "regret (loss)")
        kit.legend_entry(axes[0], "bound")
        kit.share_limits(axes)
        for letter, panel, mean in zip("ab", axes, means):
            panel.set_title(f"({letter}) best actions lose {mean:g} on average")
        kit.shared_legend(axes, 3)

    def findings(self, frame: Frame) -> list[str]:
        """Return the regret at the longest horizon, its share of the bound, and the slope."""
        sentences = []
        for row in frame.filter(horizon=frame["horizon"].max()).iter_rows(named=True):
            regret, slope = kit.with_interval(row, "regret_{}", ".0f"), row["slope"]
            share = row["regret_mean"] / row["bound"]
            sentences.append(
                f"{LOOKS[row['learner']].label}, best actions lose {row['mean_loss']:g}: regret {regret} at "
                f"T = {row['horizon']}, {share:.2f} of the bound; slope {slope:.2f}."
            )
        return sentences


class Estimation(Policies):
    """The errors of the oracle's predictions against their bound."""

    name = "foster2020_estimation"
    title = "What the oracle controls: squared errors of predictions"
    claim = """The expected squared errors of the predictions, under the laws played, sum to at most the oracle's
    regret: (ln N) / 2 for the aggregating forecaster of N functions, at every horizon and for every law."""
    caption = """Mean of the summed squared errors E (yhat - f)^2 under the law of each round, with pointwise 95%
    intervals over repetitions, against the horizon; the best actions lose 0.3 on average. Dashed: (ln N) / 2."""
    panels, size = 1, (6.0, 3.9)
    tiny = changed(horizons=(128, 256), repetitions=4)
    paper = changed(horizons=tuple(2**k for k in range(3, 14)), repetitions=10_000)

    mean_losses: tuple[float, ...] = setting("mean loss of the good actions", (0.3,))
    gaps: tuple[float, ...] = setting("gap of the others", (0.4,))
    horizons: tuple[int, ...] = setting("horizons T (rounds)", tuple(2**k for k in range(3, 11)))
    repetitions: int = setting("repetitions", 500)

    def data(self) -> Frame:
        """Return the mean squared errors of each learner and horizon, and the bound."""
        made = self.cells(("exact", "SquareCB", "greedy"))
        rows = []
        for (name, _, cell), run in zip(made, runs([cell for *_, cell in made]), strict=True):
            row = {
                "learner": name,
                "horizon": cell.problem.horizon,
                "bound": kit.bound_value("foster2020.estimation", run),
            }
            rows.append(row | kit.final(kit.run_interval(run, "estimation")))
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the errors and the bound."""
        (panel,) = axes
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon"):
            kit.curve(panel, rows, "horizon", "estimation_{}", look)
        kit.theory_line(panel, rows["horizon"], rows["bound"], style.BLACK, "(ln N) / 2")
        kit.log_x(panel, "horizon $T$ (rounds)", "squared errors", ylim=(0.0, 1.2 * rows["bound"][0]))
        kit.legend_below(panel, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the errors at the longest horizon."""
        rows = frame.filter(horizon=frame["horizon"].max()).iter_rows(named=True)
        said = [(LOOKS[row["learner"]].label, kit.with_interval(row, "estimation_{}", ".3f"), row) for row in rows]
        return [f"{label}: {value}, at most {row['bound']:.3f}." for label, value, row in said]
