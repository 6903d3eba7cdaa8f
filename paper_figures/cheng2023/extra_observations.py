"""Regret against the number of extra observations: flat, a kink near T^(2/3), then the exponent -1/2."""

from collections.abc import Sequence

import numpy as np

from bandits.protocol import Learner
from bandits.switching import BatchedDartboard, ExtraObservationLearner, ExtraObservations
from paper_figures import kit, style
from paper_figures.cheng2023 import LEARNERS, measure, theorems
from paper_figures.kit import Axes, Figure, Frame, Panels, Row, changed, setting
from theory.rates import fit_kink

_LEARNER = ExtraObservationLearner()
_SPACINGS = (1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256)


class ExtraObservationsFigure(Figure):
    """Regret against B_ex for each horizon, with the bound, the fitted kink and the kink of the bound."""

    name = "cheng2023_extra_observations"
    title = "Extra observations help only beyond a budget of order T^(2/3)"
    claim = """Bandit feedback and B_ex extra observations: K^(1/3) T^(2/3) while B_ex is of that order or less, T
    sqrt(K / B_ex) beyond, up to logarithms (Cheng, Zhou & Ji 2023, Section 4)."""
    caption = """Mean regret, switches included, on the multi-scale random walk against the number of extra
    observations. For each budget the gap of the walk is the worst of the listed ones, chosen in a pilot run with other
    repetitions. (a) Largest horizon: the learner uses free bandit feedback (batched EXP3) or only the observations that
    it buys (batched Shrinking Dartboard, grey when it is forced to), whichever has the smaller bound, so the kink in
    the measured regret is where its two theorems cross. Dotted line: kink of a constant joined smoothly to a power law,
    least squares in logarithms where observations are not too close (see the parameters; with closer ones the regret of
    order sqrt(T), which switches cost even with full information, begins to show); yellow: its 95% bootstrap interval
    over repetitions, each on its own walk. (b) In units of T^(2/3) all horizons fall on one curve."""
    panels, size = 2, (7.2, 4.6)
    tiny = changed(
        horizons=(256, 512),
        spacings=(1, 2, 4, 8, 16, 32, 64, 128),
        closest=1,
        gaps=(0.4,),
        repetitions=48,
        pilot=4,
        n_actions=3,
    )
    paper = changed(
        horizons=(2**12, 2**14, 2**16, 2**18),
        spacings=(*_SPACINGS, 362, 512),
        gaps=tuple(0.45 * 2.0**-k for k in range(9)),
        repetitions=1024,
        pilot=128,
    )

    horizons: tuple[int, ...] = setting("horizons T (rounds)", (2**11, 2**13, 2**15))
    spacings: tuple[int, ...] = setting("rounds per extra observation T / B_ex", _SPACINGS)
    closest: int = setting("kink and slope fitted for observations at least so far apart (rounds)", 4)
    n_actions: int = setting("actions K", 5)
    switching_cost: float = setting("switching cost c (loss)", 1.0)
    gaps: tuple[float, ...] = setting("gaps ε (loss per round)", tuple(0.45 * 2.0**-k for k in range(7)))
    repetitions: int = setting("repetitions", 64)
    pilot: int = setting("pilot repetitions per gap", 48)
    seed: int = setting("seed (plus B_ex)", 2023)

    def data(self) -> Frame:
        """Return the measured points, those of the learner that is forced to buy last."""
        longest = max(self.horizons)
        few = [n for n in self._budgets(longest) if not _LEARNER.uses_looks(self._game(longest, n)(None))]
        asked = [(T, _LEARNER, budget) for T in self.horizons for budget in self._budgets(T)]
        points = self._points(asked + [(longest, BatchedDartboard(), budget) for budget in few])
        rows: list[Row] = []
        for horizon in self.horizons:
            curve = [point for point in points[: len(asked)] if point.game.horizon == horizon]
            kinks = _kinks(curve, horizon // self.closest)
            rows += [point.row | kinks for point in curve]
        return kit.table(rows + [point.row for point in points[len(asked) :]])

    def _budgets(self, horizon: int) -> list[int]:
        return [-(-horizon // spacing) for spacing in self.spacings if spacing <= horizon]

    def _game(self, horizon: int, budget: int) -> measure.GameOfGap:
        return measure.walk_game(self, horizon, ExtraObservations(budget))

    def _points(self, asked: Sequence[tuple[int, Learner, int]]) -> list[measure.Point]:
        requests = [
            measure.Request(self._game(T, budget), learner, self.gaps, self.seed + budget)
            for T, learner, budget in asked
        ]
        points = measure.points(requests, self)
        for point, request, (_, learner, budget) in zip(points, requests, asked, strict=True):
            above = theorems.upper(request.game_of(None), learner)
            point.row.update({"extra_observations": budget, "regret_upper_bound_loss": above.value})
            point.row["upper_bound_name"] = above.name
        return points

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the largest horizon with its kink, and all horizons in scaled axes."""
        main, bought = _of(frame, ExtraObservationLearner), _of(frame, BatchedDartboard)
        horizons = kit.values(main, "horizon_rounds")
        names = {T: f"$T = 2^{{{T.bit_length() - 1}}}$" for T in horizons}
        _draw_kink(axes[0], main.filter(horizon_rounds=max(horizons)), bought)
        for colour, marker, T in zip(style.COLOURS, style.MARKERS, horizons):
            rows, scale = main.filter(horizon_rounds=T), T ** (2 / 3)
            mean, low, high = kit.measured(rows, "regret_{}_loss")
            y = (mean / scale, low / scale, high / scale)
            kit.band(axes[1], rows["extra_observations"] / scale, y, style.Look(names[T], colour, marker))
        kit.log_axes(axes[1], "$B_{\\mathrm{ex}}\\,/\\,T^{2/3}$", "regret $/\\;T^{2/3}$")
        for panel in axes:
            kit.plain_ticks(panel.yaxis)
        kit.finish(axes, [names[max(horizons)], "all horizons, scaled"], legends=(0,))
        kit.legend_below(axes[1], 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the fitted kinks and exponents."""
        main, sentences = _of(frame, ExtraObservationLearner), []
        for T in kit.values(main, "horizon_rounds"):
            row = kit.first(main.filter(horizon_rounds=T))
            kink, low, high = (row[f"kink{end}_extra_observations"] for end in kit.FITTED)
            sentences.append(
                f"T = {T}: kink at B_ex = {kink:.0f}, 95% interval [{low:.0f}, {high:.0f}], that is "
                f"{kink / T ** (2 / 3):.2f} T^(2/3); exponent beyond it {row['exponent_beyond_kink']:.3f}; chi^2 per "
                f"degree of freedom {row['kink_chi2_per_degree']:.1f}. The same fit to the upper bound: kink at "
                f"{row['bound_kink_extra_observations']:.0f}, exponent {row['bound_exponent_beyond_kink']:.3f}."
            )
        return sentences


def _kinks(points: list[measure.Point], most: int) -> dict[str, float]:
    """Return the kink of the regret and of its bound, for budgets up to `most`; flat before it."""
    points = [point for point in points if point.row["extra_observations"] <= most]
    points.sort(key=lambda point: int(point.row["extra_observations"]))
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


def _of(frame: Frame, learner: type[Learner]) -> Frame:
    return frame.filter(learner=learner.__name__).sort("horizon_rounds", "extra_observations")


def _draw_kink(axes: Axes, rows: Frame, bought: Frame) -> None:
    x, row = rows["extra_observations"], kit.first(rows)
    kink, low, high = (row[f"kink{end}_extra_observations"] for end in kit.FITTED)
    axes.axvspan(low, high, color=style.YELLOW, alpha=0.45, linewidth=0, label="kink, 95% interval")
    forced = style.Look("bought observations only", style.GREY, "s")
    kit.curve(axes, bought, "extra_observations", "regret_{}_loss", forced)
    look, label = LEARNERS["ExtraObservationLearner"], "better of bought observations and free feedback"
    kit.curve(axes, rows, "extra_observations", "regret_{}_loss", look, label)
    kit.theory_line(axes, x, rows["regret_upper_bound_loss"], look.colour, "its upper bound")
    slope = f"kink; slope {row['exponent_beyond_kink']:.2f} beyond it"
    axes.axvline(kink, color=style.BLACK, linewidth=1.0, linestyle=":", label=slope)
    kit.log_axes(axes, "extra observations $B_{\\mathrm{ex}}$", "regret (loss, switches included)")
