"""Growth with the horizon: regret (full information against bandit feedback) and switches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from paper_figures import style
from paper_figures.cheng2023 import measure, theorems
from paper_figures.cheng2023.measure import labelled
from paper_figures.cheng2023.source import CHENG
from paper_figures.figure import Figure
from theory.rates import fit_exponent

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

FULL_INFORMATION: tuple[Learner, ...] = (Hedge(), ShrinkingDartboard(), LazyPerturbedLeader())
BANDIT: tuple[Learner, ...] = (Exp3(), BatchedExp3(), TsallisSwitch())
_FEEDBACK: tuple[tuple[str, Feedback, tuple[Learner, ...]], ...] = (
    ("full information", FullInformation(), FULL_INFORMATION),
    ("bandit feedback", Bandit(), BANDIT),
)


@dataclass(frozen=True)
class HorizonSettings:
    """Parameters of the figures over horizons."""

    horizons: tuple[int, ...] = labelled("horizons T (rounds)", tuple(2**k for k in range(10, 18)))
    n_actions: int = labelled("actions K", 5)
    switching_cost: float = labelled("switching cost c (loss)", 1.0)
    gaps: tuple[float | None, ...] = labelled("gaps ε (loss per round); None is the theorem's", measure.GAPS)
    repetitions: int = labelled("repetitions", 192)
    pilot: int = labelled("pilot repetitions per gap", 24)
    seed: int = labelled("seed (plus log2 T)", 2023)


QUICK = HorizonSettings()
PAPER = HorizonSettings(horizons=tuple(2**k for k in range(10, 21)), repetitions=512, pilot=32)
QUICK_SWITCHES = HorizonSettings(gaps=(None,), repetitions=64, pilot=0)
PAPER_SWITCHES = HorizonSettings(horizons=PAPER.horizons, gaps=(None,), repetitions=128, pilot=0)


def regret_data(settings: HorizonSettings) -> "polars.DataFrame":
    """Return the regret of each learner at each horizon for its worst gap, with bounds and fitted exponents."""
    return _curves(settings, "regret")


def switches_data(settings: HorizonSettings) -> "polars.DataFrame":
    """Return the switches of each learner at each horizon on the theorem's own walk, with fitted exponents."""
    return _curves(settings, "switches")


def _curves(settings: HorizonSettings, fitted: str) -> "polars.DataFrame":
    import polars

    pairs = [(title, feedback, learner) for title, feedback, learners in _FEEDBACK for learner in learners]
    requests = [_request(settings, learner, T, feedback) for _, feedback, learner in pairs for T in settings.horizons]
    points = measure.points(requests, settings)
    for request, point in zip(requests, points, strict=True):
        point.row.update(_bounds(request, point))
    rows: list[dict[str, Any]] = []
    for place, (title, _, _) in enumerate(pairs):
        curve = points[place * len(settings.horizons) : (place + 1) * len(settings.horizons)]
        fit = fit_exponent(settings.horizons, np.column_stack([getattr(point, fitted) for point in curve]))
        extra = {
            "feedback": title,
            "exponent": fit.exponent,
            "exponent_low95": fit.low,
            "exponent_high95": fit.high,
            "exponent_chi2_per_degree": fit.lack_of_fit,
        }
        rows += [extra | point.row for point in curve]
    return polars.DataFrame(rows)


def _request(settings: HorizonSettings, learner: Learner, horizon: int, feedback: Feedback) -> measure.Request:
    seed = settings.seed + horizon.bit_length() - 1  # fresh repetitions at each horizon: independent points for the fit
    return measure.Request(measure.walk_game(settings, horizon, feedback), learner, settings.gaps, seed)


def _bounds(request: measure.Request, point: measure.Point) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for metric, unit in (("regret", "_loss"), ("switches", "")):
        above = theorems.upper(point.game, point.learner, metric)
        found |= {f"{metric}_upper_bound{unit}": above.value, f"{metric}_upper_bound_name": above.name}
    below = theorems.lower(request.game_of(None), point.learner)  # of the theorem's walk, hence of the worst
    return found | {"regret_lower_bound_loss": below.value, "regret_lower_bound_name": below.name}


def draw_regret(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw regret against the horizon, a panel a feedback."""
    for panel, (title, _, _) in zip(axes, _FEEDBACK, strict=True):
        part = frame.filter(frame["feedback"] == title)
        _draw_curves(part, panel, "regret", "_loss")
        one = part.filter(part["learner"] == part["learner"][0]).sort("horizon_rounds")
        below = one["regret_lower_bound_loss"]
        if below.is_not_nan().any():
            style.theory(panel, one["horizon_rounds"], below, style.GREY, "lower bound", ":")
        style.log_axes(panel, "horizon $T$ (rounds)", "regret (loss, switches included)")
        style.legend_below(panel)
    style.panel_letters(axes, [title for title, _, _ in _FEEDBACK])
    style.share_limits(axes)


def draw_switches(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw switches against the horizon for all learners."""
    _draw_curves(frame, axes[0], "switches", "")
    style.log_axes(axes[0], "horizon $T$ (rounds)", "switches")
    style.legend_below(axes[0], 2)


def _draw_curves(frame: "polars.DataFrame", axes: "Axes", metric: str, unit: str) -> None:
    for name in frame["learner"].unique(maintain_order=True):
        curve = frame.filter(frame["learner"] == name).sort("horizon_rounds")
        look, x = style.LEARNERS[name], curve["horizon_rounds"]
        exponent, low, high = (curve[f"exponent{end}"][0] for end in ("", "_low95", "_high95"))
        label = f"{look.label}: slope {exponent:.3f} [{low:.3f}, {high:.3f}]"
        style.band(axes, x, style.measured(curve, metric + "_{}" + unit), look, label)
        style.theory(axes, x, curve[f"{metric}_upper_bound{unit}"], look.colour)


def exponents(frame: "polars.DataFrame") -> list[str]:
    """Return a sentence for each learner's fitted exponent."""
    sentences = []
    for name in frame["learner"].unique(maintain_order=True):
        curve = frame.filter(frame["learner"] == name)
        exponent, low, high = (curve[f"exponent{end}"][0] for end in ("", "_low95", "_high95"))
        label = style.LEARNERS[name].label
        misfit = f"chi^2 a degree of freedom {curve['exponent_chi2_per_degree'][0]:.1f}"
        ends = f"95% interval [{low:.3f}, {high:.3f}]"
        sentences.append(f"{label}: fitted exponent of T {exponent:.3f}, {ends}; {misfit}.")
    return sentences


REGRET = Figure(
    name="cheng2023_horizon",
    title="Regret against the horizon: exponent 1/2 with full information, 2/3 with bandit feedback",
    paper=CHENG,
    claim="Minimax regret with switching costs: of order sqrt(T ln K) under full information, K^(1/3) T^(2/3) up to "
    "logarithms under bandit feedback (Dekel, Ding, Koren & Peres 2014; Geulen, Vöcking & Winkler 2010).",
    caption="Mean regret on the multi-scale random walk, switches included, against the horizon T. Every learner is "
    "tuned for each T by its theorem. For each learner and T the walk's gap is the worst of the listed ones, "
    "chosen in a pilot run with other repetitions: the walk with the lower bound's own gap (the list's None) "
    "makes switches the whole regret at these horizons, and a single gap is not hard for all learners. Hedge "
    "and EXP3 redraw their action every round and pay for it in proportion to T. Broken lines: each learner's "
    "upper bound, in its colour; dotted: lower bound. Slopes: weighted least squares in logarithms over all T "
    "shown, with 95% bootstrap intervals over repetitions, each a walk of its own.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=regret_data,
    paint=draw_regret,
    findings=exponents,
    panels=2,
    size=(7.6, 4.4),
)

SWITCHES = Figure(
    name="cheng2023_switches",
    title="Switches against the horizon",
    paper=CHENG,
    claim="Full information affords about sqrt(T) switches, bandit feedback T^(2/3): one a batch.",
    caption="Mean number of switches on the lower bound's own multi-scale random walk (its gap is too small to be "
    "found in T rounds, so no learner settles). Broken lines: upper bounds on the expected switches. Slopes: "
    "weighted least squares in logarithms over all T shown, with 95% bootstrap intervals over repetitions, "
    "each a walk of its own.",
    settings={"quick": QUICK_SWITCHES, "paper": PAPER_SWITCHES},
    compute=switches_data,
    paint=draw_switches,
    findings=exponents,
    size=(7.6, 4.6),
)
