"""Regret against a total budget of observations for three kinds of looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.protocol import Learner
from bandits.switching import BatchedDartboard, BudgetedExp3, TotalBudget
from bandits.switching.feedback import Looks
from paper_figures import style
from paper_figures.cheng2023 import measure, theorems
from paper_figures.cheng2023.measure import labelled
from paper_figures.cheng2023.source import CHENG
from paper_figures.figure import Figure
from theory.rates import fit_exponent, fit_kink

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

LEARNERS: dict[Looks, Learner] = {
    "bandit": BudgetedExp3(),
    "flexible": BatchedDartboard(),
    "full": BatchedDartboard(),
}


@dataclass(frozen=True)
class BudgetSettings:
    """Parameters of the sweep over total budgets."""

    horizon: int = labelled("horizon T (rounds)", 2**15)
    lengths: tuple[int, ...] = labelled(
        "rounds between looks τ; B = T / τ, and K T / τ for looks at all actions",
        (1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512),
    )
    least: int = labelled("least budget shown (observations)", 2**8)
    closest: int = labelled("slopes fitted for looks at least so far apart (rounds)", 16)
    n_actions: int = labelled("actions K", 5)
    switching_cost: float = labelled("switching cost c (loss)", 1.0)
    gaps: tuple[float, ...] = labelled("gaps ε (loss per round)", tuple(0.45 * 2.0**-k for k in range(7)))
    repetitions: int = labelled("repetitions", 256)
    pilot: int = labelled("pilot repetitions per gap", 48)
    seed: int = labelled("seed (plus B)", 2023)


QUICK = BudgetSettings()
PAPER = BudgetSettings(
    horizon=2**18,
    lengths=(*QUICK.lengths, 724, 1024, 1448, 2048, 2896, 4096),
    least=2**10,
    closest=32,
    gaps=tuple(0.45 * 2.0**-k for k in range(9)),
    repetitions=1024,
    pilot=128,
)


def budget_data(settings: BudgetSettings) -> "polars.DataFrame":
    """Return regret against B for each kind of looks, with bounds and fitted exponents."""
    import polars

    asked = [(looks, budget) for looks in LEARNERS for budget in _budgets(settings, looks)]
    points = _points(settings, asked)
    rows: list[dict[str, Any]] = []
    for looks in LEARNERS:
        curve = [point for point in points if point.row["looks"] == looks]
        most = _price(settings, looks) * settings.horizon // settings.closest
        fit = _kink(curve) if looks == "bandit" else _slope(curve, most)
        rows += [point.row | fit for point in curve]
    return polars.DataFrame(rows, infer_schema_length=None)


def _price(settings: BudgetSettings, looks: Looks) -> int:
    return settings.n_actions if looks == "full" else 1


def _budgets(settings: BudgetSettings, looks: Looks) -> list[int]:
    budgets = [_price(settings, looks) * -(-settings.horizon // length) for length in settings.lengths]
    return [budget for budget in budgets if budget >= settings.least]


def _points(settings: BudgetSettings, asked: Sequence[tuple[Looks, int]]) -> list[measure.Point]:
    requests = [
        measure.Request(
            measure.walk_game(settings, settings.horizon, TotalBudget(budget, looks)),
            LEARNERS[looks],
            settings.gaps,
            settings.seed + budget,
        )
        for looks, budget in asked
    ]
    points = measure.points(requests, settings)
    for point, request, (looks, budget) in zip(points, requests, asked, strict=True):
        above = theorems.upper(request.game_of(None), point.learner)
        point.row.update(looks=looks, budget_observations=budget)
        point.row.update(regret_upper_bound_loss=above.value, upper_bound_name=above.name)
    return points


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
    ends = {
        "exponent_low95": fit.low,
        "exponent_high95": fit.high,
        "bound_exponent": bound.exponent,
        "chi2_per_degree": fit.lack_of_fit,
    }
    kink = dict.fromkeys(("kink_observations", "kink_low95_observations", "kink_high95_observations"))
    return {"exponent": fit.exponent, **ends, **kink}


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


def draw_budget(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw regret against the budget for each kind of looks."""
    panel = axes[0]
    for looks, look in style.LOOKS.items():
        curve = frame.filter(frame["looks"] == looks).sort("budget_observations")
        x = curve["budget_observations"]
        one = curve.row(0, named=True)
        if one["kink_observations"] is not None:
            low, high = one["kink_low95_observations"], one["kink_high95_observations"]
            panel.axvspan(low, high, color=style.YELLOW, alpha=0.45, linewidth=0, label="kink, 95% interval")
            text = f"slope {one['exponent']:.2f}, then flat"
        else:
            text = f"slope {one['exponent']:.2f} [{one['exponent_low95']:.2f}, {one['exponent_high95']:.2f}]"
        text += f" (bound: {one['bound_exponent']:.2f})"
        style.band(panel, x, style.measured(curve, "regret_{}_loss"), look, f"{look.label}: {text}")
        style.theory(panel, x, curve["regret_upper_bound_loss"], look.colour)
    style.log_axes(panel, "observations in all $B$", "regret (loss, switches included)")
    style.plain_ticks(panel)
    style.legend_below(panel)


def budget_findings(frame: "polars.DataFrame") -> list[str]:
    """Return the fitted exponents and the kink."""
    sentences = []
    for looks, look in style.LOOKS.items():
        one = frame.filter(frame["looks"] == looks).row(0, named=True)
        misfit = f"chi^2 a degree of freedom {one['chi2_per_degree']:.1f}"
        if one["kink_observations"] is None:
            ends = f"[{one['exponent_low95']:.3f}, {one['exponent_high95']:.3f}]"
            sentences.append(
                f"{look.label}: fitted exponent of B {one['exponent']:.3f}, 95% interval {ends}; "
                f"of its upper bound {one['bound_exponent']:.3f}; {misfit}."
            )
        else:
            kink, low, high = (one[f"kink{end}_observations"] for end in ("", "_low95", "_high95"))
            scale = one["horizon_rounds"] ** (2 / 3)
            sentences.append(
                f"{look.label}: exponent {one['exponent']:.3f} up to a kink at B = {kink:.0f}, 95% interval "
                f"[{low:.0f}, {high:.0f}], that is {kink / scale:.2f} T^(2/3); constant beyond; {misfit}."
            )
    return sentences


BUDGET = Figure(
    name="cheng2023_total_budget",
    title="With a total budget, looks at the played action stop helping; other looks do not",
    paper=CHENG,
    claim="B observations in all: T sqrt(K / B) with flexible or full-information looks; with looks at the played "
    "action only, the same until B is of order K^(1/3) T^(2/3), then flat (Cheng, Zhou & Ji 2023, Section 5).",
    caption="Mean regret, switches included, on the multi-scale random walk against the number of observations that "
    "may be bought in all, none being free. For each budget the walk's gap is the worst of the listed ones, "
    "chosen in a pilot run with other repetitions. Looks at the played action: budgeted EXP3, which must "
    "redraw its action after every look and so stops buying. Flexible looks (one uniformly drawn action a "
    "batch, at most one a round: drawn up to B = T) and looks at all actions of a round: batched Shrinking "
    "Dartboard, whose estimates do not depend on its own actions, so that it may stay. Broken lines: each "
    "learner's upper bound, in its colour. Slopes: weighted least squares in logarithms where looks are far "
    "enough apart (see the parameters), with 95% bootstrap intervals over repetitions, each a walk of its "
    "own; closer looks meet the regret of order sqrt(T) that switches cost even with full information. "
    "Yellow: fitted kink. In brackets: the slope of the upper bound over the same budgets.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=budget_data,
    paint=draw_budget,
    findings=budget_findings,
    size=(6.4, 4.8),
)
