"""Regret against a total budget of observations, for three kinds of observations."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.protocol import Learner
from bandits.switching import BatchedDartboard, BudgetedExp3, TotalBudget
from bandits.switching.feedback import Looks
from paper_figures import kit, style
from paper_figures.cheng2023 import measure, theorems
from paper_figures.kit import FITTED, Figure, Frame, Panels, Row, changed, setting
from paper_figures.style import Look
from theory.rates import fit_exponent, fit_kink

LEARNERS: dict[Looks, Learner] = {
    "bandit": BudgetedExp3(),
    "flexible": BatchedDartboard(),
    "full": BatchedDartboard(),
}
LOOKS = {
    "bandit": Look("played action only", style.RED, "D"),
    "flexible": Look("flexible", style.GREEN, "o"),
    "full": Look("all actions of a round", style.BLUE, "s"),
}
_LENGTHS = (1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512)


class TotalBudgetFigure(Figure):
    """Regret against B for each kind of observations, with bounds and fitted exponents."""

    name = "cheng2023_total_budget"
    title = "With a total budget, observations of the played action stop helping; others do not"
    claim = """B observations in total: T sqrt(K / B) if they are flexible or show all actions; if they show the played
    action only, the same until B is of order K^(1/3) T^(2/3), then flat (Cheng, Zhou & Ji 2023, Section 5)."""
    caption = """Mean regret, switches included, on the multi-scale random walk against the number of observations that
    may be bought, none being free. For each budget the gap of the walk is the worst of the listed ones, chosen in a
    pilot run with other repetitions. Played action only: budgeted EXP3, which must redraw its action after every
    observation and so stops buying. Flexible (one uniformly drawn action per batch, at most one per round: drawn up to
    B = T) and all actions of a round: batched Shrinking Dartboard, whose estimates do not depend on its own actions, so
    that it need not switch. Broken lines: upper bound of each learner, in its colour. Slopes: weighted least squares in
    logarithms where observations are far enough apart (see the parameters), with 95% bootstrap intervals over
    repetitions, each on its own walk; with closer ones the regret of order sqrt(T), which switches cost even with full
    information, begins to show. Yellow: fitted kink. In brackets: slope of the upper bound over the same budgets."""
    size = (6.4, 4.8)
    tiny = changed(
        horizon=256, lengths=(1, 2, 4, 8, 16, 32), least=8, closest=2, gaps=(0.4,), repetitions=48, pilot=4, n_actions=3
    )
    paper = changed(
        horizon=2**18,
        lengths=(*_LENGTHS, 724, 1024, 1448, 2048, 2896, 4096),
        least=2**10,
        closest=32,
        gaps=tuple(0.45 * 2.0**-k for k in range(9)),
        repetitions=1024,
        pilot=128,
    )

    horizon: int = setting("horizon T (rounds)", 2**15)
    lengths: tuple[int, ...] = setting("rounds per observation τ; B = T / τ, and K T / τ for all actions", _LENGTHS)
    least: int = setting("least budget shown (observations)", 2**8)
    closest: int = setting("slopes fitted for observations at least so far apart (rounds)", 16)
    n_actions: int = setting("actions K", 5)
    switching_cost: float = setting("switching cost c (loss)", 1.0)
    gaps: tuple[float, ...] = setting("gaps ε (loss per round)", tuple(0.45 * 2.0**-k for k in range(7)))
    repetitions: int = setting("repetitions", 64)
    pilot: int = setting("pilot repetitions per gap", 24)
    seed: int = setting("seed (plus B)", 2023)

    def data(self) -> Frame:
        """Return one row per kind of observations and budget."""
        asked = [(looks, budget) for looks in LEARNERS for budget in self._budgets(looks)]
        points = self._points(asked)
        rows: list[Row] = []
        for looks in LEARNERS:
            curve = [point for point in points if point.row["looks"] == looks]
            most = self._per_round(looks) * self.horizon // self.closest
            fit = _kink(curve) if looks == "bandit" else _slope(curve, most)
            rows += [point.row | fit for point in curve]
        return kit.table(rows)

    def _per_round(self, looks: Looks) -> int:
        return self.n_actions if looks == "full" else 1

    def _budgets(self, looks: Looks) -> list[int]:
        budgets = [self._per_round(looks) * -(-self.horizon // length) for length in self.lengths]
        return [budget for budget in budgets if budget >= self.least]

    def _points(self, asked: Sequence[tuple[Looks, int]]) -> list[measure.Point]:
        requests = []
        for looks, budget in asked:
            game = measure.walk_game(self, self.horizon, TotalBudget(budget, looks))
            requests.append(measure.Request(game, LEARNERS[looks], self.gaps, self.seed + budget))
        points = measure.points(requests, self)
        for point, request, (looks, budget) in zip(points, requests, asked, strict=True):
            above = theorems.upper(request.game_of(None), point.learner)
            point.row.update({"looks": looks, "budget_observations": budget})
            point.row.update({"regret_upper_bound_loss": above.value, "upper_bound_name": above.name})
        return points

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against the budget for each kind of observations."""
        panel = axes[0]
        for _, look, rows in kit.curves(frame, LOOKS, "looks", "budget_observations"):
            row = kit.first(rows)
            if row["kink_observations"] is not None:
                low, high = row["kink_low95_observations"], row["kink_high95_observations"]
                panel.axvspan(low, high, color=style.YELLOW, alpha=0.45, linewidth=0, label="kink, 95% interval")
                text = f"slope {row['exponent']:.2f}, then flat"
            else:
                text = f"slope {kit.with_interval(row, 'exponent{}', '.2f', FITTED)}"
            label = f"{look.label}: {text} (bound: {row['bound_exponent']:.2f})"
            bound = "regret_upper_bound_loss"
            kit.curve(panel, rows, "budget_observations", "regret_{}_loss", look, label, bound=bound)
        kit.legend_entry(panel, "upper bound, same colour")
        kit.log_axes(panel, "total number of observations $B$", "regret (loss, switches included)")
        kit.plain_ticks(panel.yaxis)
        kit.legend_below(panel)

    def findings(self, frame: Frame) -> list[str]:
        """Return the fitted exponents and the kink."""
        sentences = []
        for _, look, rows in kit.curves(frame, LOOKS, "looks", "budget_observations"):
            row = kit.first(rows)
            misfit = f"chi^2 per degree of freedom {row['chi2_per_degree']:.1f}"
            if row["kink_observations"] is None:
                text = f"fitted exponent of B {kit.with_interval(row, 'exponent{}', '.3f', FITTED)} (95% interval)"
                text += f"; of its upper bound {row['bound_exponent']:.3f}"
            else:
                kink, low, high = (row[f"kink{end}_observations"] for end in FITTED)
                text = f"exponent {row['exponent']:.3f} up to a kink at B = {kink:.0f}, 95% interval [{low:.0f}, "
                text += f"{high:.0f}], that is {kink / row['horizon_rounds'] ** (2 / 3):.2f} T^(2/3); constant beyond"
            sentences.append(f"{look.label}: {text}; {misfit}.")
        return sentences


def _columns(points: list[measure.Point]) -> tuple[list[int], Any, Any]:
    """Return the budgets, increasing, the regrets (R, N) and the bounds, twice the same row (2, N)."""
    points = sorted(points, key=lambda point: int(point.row["budget_observations"]))
    bounds = np.array([point.row["regret_upper_bound_loss"] for point in points])
    budgets = [point.row["budget_observations"] for point in points]
    return budgets, np.column_stack([point.regret for point in points]), np.stack([bounds, bounds])


def _slope(points: list[measure.Point], most: int) -> dict[str, float | None]:
    """Return the exponents of B in the regret and in its bound, up to a budget of `most`."""
    budgets, regrets, bounds = _columns([point for point in points if point.row["budget_observations"] <= most])
    fit, bound = fit_exponent(budgets, regrets), fit_exponent(budgets, bounds)
    kink = dict.fromkeys(("kink_observations", "kink_low95_observations", "kink_high95_observations"))
    return kit.fitted(fit) | {"bound_exponent": bound.exponent, "chi2_per_degree": fit.lack_of_fit} | kink


def _kink(points: list[measure.Point]) -> dict[str, float | None]:
    """Return the kink, and the exponents of B in the regret and in its bound before it; flat beyond."""
    budgets, regrets, bounds = _columns(points)
    fit, bound = fit_kink(budgets, regrets, right=0.0), fit_kink(budgets, bounds, right=0.0, resamples=10)
    return {
        "exponent": fit.left,
        "exponent_low95": None,
        "exponent_high95": None,
        "bound_exponent": bound.left,
        "chi2_per_degree": fit.lack_of_fit,
        "kink_observations": fit.kink,
        "kink_low95_observations": fit.low,
        "kink_high95_observations": fit.high,
    }
