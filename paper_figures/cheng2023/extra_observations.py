"""Regret against the number of extra observations: flat, a kink near T^(2/3), then the exponent -1/2."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.protocol import Learner
from bandits.switching import BatchedDartboard, ExtraObservationLearner, ExtraObservations
from paper_figures import style
from paper_figures.cheng2023 import measure, theorems
from paper_figures.cheng2023.measure import labelled
from paper_figures.cheng2023.source import CHENG
from paper_figures.figure import Figure
from theory.rates import fit_kink

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

_LEARNER = ExtraObservationLearner()


@dataclass(frozen=True)
class ExtraSettings:
    """Parameters of the sweep over extra observations."""

    horizons: tuple[int, ...] = labelled("horizons T (rounds)", (2**11, 2**13, 2**15))
    spacings: tuple[int, ...] = labelled(
        "rounds per extra observation T / B_ex", (1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256)
    )
    closest: int = labelled("kink and slope fitted for looks at least so far apart (rounds)", 4)
    n_actions: int = labelled("actions K", 5)
    switching_cost: float = labelled("switching cost c (loss)", 1.0)
    gaps: tuple[float, ...] = labelled("gaps ε (loss per round)", tuple(0.45 * 2.0**-k for k in range(7)))
    repetitions: int = labelled("repetitions", 256)
    pilot: int = labelled("pilot repetitions per gap", 48)
    seed: int = labelled("seed (plus B_ex)", 2023)


QUICK = ExtraSettings()
PAPER = ExtraSettings(
    horizons=(2**12, 2**14, 2**16, 2**18),
    spacings=(*QUICK.spacings, 362, 512),
    gaps=tuple(0.45 * 2.0**-k for k in range(9)),
    repetitions=1024,
    pilot=128,
)


def extra_data(settings: ExtraSettings) -> "polars.DataFrame":
    """Return regret against B_ex for each horizon, with the bound, the fitted kink and the bound's own kink."""
    import polars

    longest = max(settings.horizons)
    few = [n for n in _budgets(settings, longest) if not _LEARNER.uses_looks(_game(settings, longest, n)(None))]
    asked = [(T, _LEARNER, budget) for T in settings.horizons for budget in _budgets(settings, T)]
    points = _points(settings, asked + [(longest, BatchedDartboard(), budget) for budget in few])
    rows: list[dict[str, Any]] = []
    for horizon in settings.horizons:
        curve = [point for point in points[: len(asked)] if point.game.horizon == horizon]
        kinks = _kinks(curve, horizon // settings.closest)
        rows += [point.row | kinks for point in curve]
    rows += [point.row for point in points[len(asked) :]]
    return polars.DataFrame(rows, infer_schema_length=None)


def _budgets(settings: ExtraSettings, horizon: int) -> list[int]:
    return [-(-horizon // spacing) for spacing in settings.spacings if spacing <= horizon]


def _game(settings: ExtraSettings, horizon: int, budget: int) -> measure.GameOfGap:
    return measure.walk_game(settings, horizon, ExtraObservations(budget))


def _points(settings: ExtraSettings, asked: Sequence[tuple[int, Learner, int]]) -> list[measure.Point]:
    requests = [
        measure.Request(_game(settings, T, budget), learner, settings.gaps, settings.seed + budget)
        for T, learner, budget in asked
    ]
    points = measure.points(requests, settings)
    for point, request, (_, learner, budget) in zip(points, requests, asked, strict=True):
        above = theorems.upper(request.game_of(None), learner)
        point.row.update(extra_observations=budget, regret_upper_bound_loss=above.value, upper_bound_name=above.name)
    return points


def _kinks(points: list[measure.Point], most: int) -> dict[str, float]:
    """Return the kink of the regret and of its bound, for budgets up to `most`; flat before it."""
    points = sorted(
        (point for point in points if point.row["extra_observations"] <= most),
        key=lambda point: int(point.row["extra_observations"]),
    )
    budgets = [point.row["extra_observations"] for point in points]
    fit = fit_kink(budgets, np.column_stack([point.regret for point in points]), left=0.0)
    bounds = np.array([point.row["regret_upper_bound_loss"] for point in points])
    bound = fit_kink(budgets, np.stack([bounds, bounds]), left=0.0, resamples=10)
    return {
        "kink_extra_observations": fit.kink,
        "kink_low95_extra_observations": fit.low,
        "kink_high95_extra_observations": fit.high,
        "exponent_beyond_kink": fit.right,
        "kink_chi2_per_degree": fit.lack_of_fit,
        "bound_kink_extra_observations": bound.kink,
        "bound_exponent_beyond_kink": bound.right,
    }


def _of(frame: "polars.DataFrame", learner: type[Learner]) -> "polars.DataFrame":
    return frame.filter(frame["learner"] == learner.__name__).sort("horizon_rounds", "extra_observations")


def draw_extra(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw the largest horizon with its kink, and all horizons in scaled axes."""
    main, looks_only = _of(frame, ExtraObservationLearner), _of(frame, BatchedDartboard)
    horizon = main["horizon_rounds"].max()
    largest = main.filter(main["horizon_rounds"] == horizon)
    _draw_kink(axes[0], largest, looks_only)
    style.plain_ticks(axes[0])
    for place, T in enumerate(main["horizon_rounds"].unique(maintain_order=True)):
        curve, scale = main.filter(main["horizon_rounds"] == T), T ** (2 / 3)
        look = style.Look(f"$T = 2^{{{T.bit_length() - 1}}}$", style.HORIZONS[place], style.MARKERS[place])
        mean, low, high = style.measured(curve, "regret_{}_loss")
        style.band(axes[1], curve["extra_observations"] / scale, (mean / scale, low / scale, high / scale), look)
    style.log_axes(axes[1], "$B_{\\mathrm{ex}}\\,/\\,T^{2/3}$", "regret $/\\;T^{2/3}$")
    style.plain_ticks(axes[1])
    style.legend_below(axes[1], 2)
    style.panel_letters(axes, [f"$T = 2^{{{horizon.bit_length() - 1}}}$", "all horizons, scaled"])


def _draw_kink(axes: "Axes", curve: "polars.DataFrame", looks_only: "polars.DataFrame") -> None:
    x = curve["extra_observations"]
    low, high, kink = (curve[f"kink{end}_extra_observations"][0] for end in ("_low95", "_high95", ""))
    exponent = curve["exponent_beyond_kink"][0]
    axes.axvspan(low, high, color=style.YELLOW, alpha=0.45, linewidth=0, label="kink, 95% interval")
    bought = style.Look("bought looks only", style.GREY, "s")
    style.band(axes, looks_only["extra_observations"], style.measured(looks_only, "regret_{}_loss"), bought)
    look = style.LEARNERS["ExtraObservationLearner"]
    style.band(axes, x, style.measured(curve, "regret_{}_loss"), look, "better of bought looks and free feedback")
    style.theory(axes, x, curve["regret_upper_bound_loss"], look.colour, "its upper bound")
    axes.axvline(kink, color=style.BLACK, linewidth=1.0, linestyle=":", label=f"kink; slope {exponent:.2f} beyond it")
    style.log_axes(axes, "extra observations $B_{\\mathrm{ex}}$", "regret (loss, switches included)")
    style.legend_below(axes)


def extra_findings(frame: "polars.DataFrame") -> list[str]:
    """Return the fitted kinks and exponents."""
    main = _of(frame, ExtraObservationLearner)
    sentences = []
    for T in main["horizon_rounds"].unique(maintain_order=True):
        one = main.filter(main["horizon_rounds"] == T).row(0, named=True)
        kink, low, high = (one[f"kink{end}_extra_observations"] for end in ("", "_low95", "_high95"))
        bound, slope = one["bound_kink_extra_observations"], one["bound_exponent_beyond_kink"]
        sentences.append(
            f"T = {T}: kink at B_ex = {kink:.0f}, 95% interval [{low:.0f}, {high:.0f}], that is "
            f"{kink / T ** (2 / 3):.2f} T^(2/3); exponent beyond it {one['exponent_beyond_kink']:.3f}; "
            f"chi^2 a degree of freedom {one['kink_chi2_per_degree']:.1f}. "
            f"The same fit to the upper bound: kink at {bound:.0f}, exponent {slope:.3f}."
        )
    return sentences


EXTRA = Figure(
    name="cheng2023_extra_observations",
    title="Extra observations help only beyond a budget of order T^(2/3)",
    paper=CHENG,
    claim="Bandit feedback and B_ex extra observations: K^(1/3) T^(2/3) while B_ex is of that order or less, T "
    "sqrt(K / B_ex) beyond, up to logarithms (Cheng, Zhou & Ji 2023, Section 4).",
    caption="Mean regret, switches included, on the multi-scale random walk against the number of extra observations. "
    "For each budget the walk's gap is the worst of the listed ones, chosen in a pilot run with other "
    "repetitions. (a) Largest horizon: the learner uses free bandit feedback (batched EXP3) or only the looks "
    "that it buys (batched Shrinking Dartboard, grey when it is forced to), whichever has the smaller bound, "
    "so the kink is where its two theorems cross, seen in the measured regret. Dotted line: kink of a "
    "constant joined smoothly to a power law, least squares in logarithms where looks are not too close (see "
    "the parameters; beyond, the regret of order sqrt(T) that switches cost even with full information begins "
    "to show); yellow: its 95% bootstrap interval over repetitions, each a walk of its own. (b) In units of "
    "T^(2/3) all horizons fall on one curve.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=extra_data,
    paint=draw_extra,
    findings=extra_findings,
    panels=2,
    size=(7.6, 4.6),
)
