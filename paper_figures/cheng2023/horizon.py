"""Growth with the horizon: regret (full information against bandit feedback) and switches."""

from collections.abc import Iterator

import numpy as np

from bandits.protocol import Learner
from bandits.switching import (
    Bandit,
    BatchedExp3,
    Exp3,
    FullInformation,
    Hedge,
    LazyPerturbedLeader,
    ShrinkingDartboard,
    TsallisSwitch,
)
from bandits.switching.feedback import Feedback
from paper_figures import kit, style
from paper_figures.cheng2023 import LEARNERS, measure, theorems
from paper_figures.kit import FITTED, Axes, Figure, Frame, Panels, Row, changed, setting
from theory.rates import fit_exponent

FULL_INFORMATION: tuple[Learner, ...] = (Hedge(), ShrinkingDartboard(), LazyPerturbedLeader())
BANDIT: tuple[Learner, ...] = (Exp3(), BatchedExp3(), TsallisSwitch())
_FEEDBACK: tuple[tuple[str, Feedback, tuple[Learner, ...]], ...] = (
    ("full information", FullInformation(), FULL_INFORMATION),
    ("bandit feedback", Bandit(), BANDIT),
)


class _Growth(Figure):
    """Both metrics of each learner at each horizon, with bounds and the fitted exponent of one of them."""

    fitted = "regret"

    horizons: tuple[int, ...] = setting("horizons T (rounds)", tuple(2**k for k in range(10, 17)))
    n_actions: int = setting("actions K", 5)
    switching_cost: float = setting("switching cost c (loss)", 1.0)
    gaps: tuple[float | None, ...] = setting("gaps ε (loss per round); None is the theorem's", measure.GAPS)
    repetitions: int = setting("repetitions", 64)
    pilot: int = setting("pilot repetitions per gap", 24)
    seed: int = setting("seed (plus log2 T)", 2023)

    def data(self) -> Frame:
        """Return the regret and the switches of each learner at each horizon."""
        pairs = [(title, feedback, learner) for title, feedback, learners in _FEEDBACK for learner in learners]
        requests = [self._request(learner, T, feedback) for _, feedback, learner in pairs for T in self.horizons]
        points = measure.points(requests, self)
        for request, point in zip(requests, points, strict=True):
            point.row.update(_bounds(request, point))
        rows, size = [], len(self.horizons)
        for place, (title, _, _) in enumerate(pairs):
            curve = points[place * size : (place + 1) * size]
            fit = fit_exponent(self.horizons, np.column_stack([getattr(point, self.fitted) for point in curve]))
            extra = {"feedback": title, **kit.fitted(fit), "exponent_chi2_per_degree": fit.lack_of_fit}
            rows += [extra | point.row for point in curve]
        return kit.table(rows)

    def _request(self, learner: Learner, horizon: int, feedback: Feedback) -> measure.Request:
        seed = self.seed + horizon.bit_length() - 1  # fresh repetitions at each horizon: independent points for the fit
        return measure.Request(measure.walk_game(self, horizon, feedback), learner, self.gaps, seed)

    def findings(self, frame: Frame) -> list[str]:
        """Return a sentence for each learner's fitted exponent."""
        return [
            f"{look.label}: fitted exponent of T {kit.with_interval(kit.first(rows), 'exponent{}', '.3f', FITTED)} "
            f"(95% interval); chi^2 per degree of freedom {rows['exponent_chi2_per_degree'][0]:.1f}."
            for _, look, rows in _curves(frame)
        ]


def _bounds(request: measure.Request, point: measure.Point) -> Row:
    found: Row = {}
    for metric, unit in (("regret", "_loss"), ("switches", "")):
        above = theorems.upper(point.game, point.learner, metric)
        found |= {f"{metric}_upper_bound{unit}": above.value, f"{metric}_upper_bound_name": above.name}
    below = theorems.lower(request.game_of(None), point.learner)  # of the theorem's walk, hence of the worst
    return found | {"regret_lower_bound_loss": below.value, "regret_lower_bound_name": below.name}


def _curves(frame: Frame) -> Iterator[tuple[str, style.Look, Frame]]:
    looks = {name: LEARNERS[name] for name in kit.values(frame, "learner")}
    return kit.curves(frame, looks, "learner", "horizon_rounds")


def _draw_curves(frame: Frame, axes: Axes, metric: str, unit: str) -> None:
    for _, look, rows in _curves(frame):
        label = f"{look.label}: slope {kit.with_interval(kit.first(rows), 'exponent{}', '.3f', FITTED)}"
        bound = f"{metric}_upper_bound{unit}"
        kit.curve(axes, rows, "horizon_rounds", metric + "_{}" + unit, look, label, bound=bound)
    kit.legend_entry(axes, "upper bound, same colour")


class Regret(_Growth):
    """Regret, one panel per feedback type."""

    name = "cheng2023_horizon"
    title = "Regret against the horizon: exponent 1/2 with full information, 2/3 with bandit feedback"
    claim = """Minimax regret with switching costs: of order sqrt(T ln K) under full information, K^(1/3) T^(2/3) up to
    logarithms under bandit feedback (Dekel, Ding, Koren & Peres 2014; Geulen, Vöcking & Winkler 2010)."""
    caption = """Mean regret on the multi-scale random walk, switches included, against the horizon T. Every learner is
    tuned for each T by its theorem. For each learner and T the gap of the walk is the worst of the listed ones, chosen
    in a pilot run with other repetitions: with the gap of the lower bound (None in the list) switches are all of the
    regret at these horizons, and no single gap is hard for all learners. Hedge and EXP3 redraw their action every
    round, at a cost proportional to T. Broken lines: upper bound of each learner, in its colour; dotted: lower bound.
    Slopes: weighted least squares in logarithms over all T shown, with 95% bootstrap intervals over repetitions, each
    on its own walk."""
    panels, size = 2, (7.2, 4.4)
    tiny = changed(horizons=(64, 128, 256, 512), gaps=(None, 0.3), repetitions=48, pilot=4, n_actions=3)
    paper = changed(horizons=tuple(2**k for k in range(10, 21)), repetitions=512, pilot=32)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against the horizon, one panel per feedback type."""
        for panel, (title, _, _) in zip(axes, _FEEDBACK, strict=True):
            part = frame.filter(feedback=title)
            _draw_curves(part, panel, "regret", "_loss")
            one = part.filter(learner=part["learner"][0]).sort("horizon_rounds")
            below = one["regret_lower_bound_loss"]
            if below.is_not_nan().any():
                kit.theory_line(panel, one["horizon_rounds"], below, style.GREY, "lower bound", ":")
            kit.log_axes(panel, "horizon $T$ (rounds)", "regret (loss, switches included)")
        kit.finish(axes, [title for title, _, _ in _FEEDBACK])
        kit.share_limits(axes)


class Switches(_Growth):
    """Switches of all learners in one panel."""

    name = "cheng2023_switches"
    title = "Switches against the horizon"
    claim = "Full information affords about sqrt(T) switches, bandit feedback T^(2/3): one per batch."
    caption = """Mean number of switches on the multi-scale random walk of the lower bound (its gap is too small to be
    found in T rounds, so no learner settles). Broken lines: upper bounds on the expected number of switches. Slopes:
    weighted least squares in logarithms over all T shown, with 95% bootstrap intervals over repetitions, each on its
    own walk."""
    size = (7.2, 4.6)
    fitted = "switches"
    tiny = changed(horizons=(64, 128, 256), repetitions=48, pilot=4, n_actions=3)
    paper = changed(horizons=Regret.paper["horizons"], repetitions=128)

    gaps: tuple[float | None, ...] = setting("gaps ε (loss per round); None is the theorem's", (None,))
    repetitions: int = setting("repetitions", 64)
    pilot: int = setting("pilot repetitions per gap", 0)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw switches against the horizon for all learners."""
        _draw_curves(frame, axes[0], "switches", "")
        kit.log_axes(axes[0], "horizon $T$ (rounds)", "switches")
        kit.legend_below(axes[0], 2)
