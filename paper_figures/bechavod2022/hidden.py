"""What hidden outcomes cost: regret against the horizon where a rejected person's outcome is never seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.one_sided import (
    EpsilonTasting,
    Exp2OneSided,
    Exp4AppleTasting,
    FollowObserved,
    FullInformationExp2,
    FullLabels,
    OneSided,
    OneSidedGame,
    RevealingAction,
    hidden_outcomes,
)
from bandits.protocol import Learner
from paper_figures import style
from paper_figures.bechavod2022.source import BECHAVOD, HIDDEN, labelled
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from sims import Cell
from theory.rates import fit_exponent

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

LEARNERS: tuple[Learner, ...] = (
    FollowObserved(),
    EpsilonTasting(),
    RevealingAction(),
    Exp4AppleTasting(),
    Exp2OneSided(price=0.0),
    FullInformationExp2(price=0.0),
)
BOUNDS = {
    "RevealingAction": "cesabianchi2006.revealing_action",
    "Exp4AppleTasting": "raman2024.exp4_at",
    "Exp2OneSided": "ours.exp2_regret",
    "FullInformationExp2": "bechavod2020.full_information_regret",
}


@dataclass(frozen=True)
class HiddenSettings:
    """Parameters of the figure."""

    horizons: tuple[int, ...] = labelled("horizons T (rounds)", tuple(2**k for k in range(10, 18)))
    chances: tuple[float, ...] = labelled("chances of a good outcome, kind by kind", (0.7, 0.6, 0.4, 0.3))
    repetitions: int = labelled("repetitions", 32)
    seed: int = labelled("seed (plus log2 T)", 2006)


QUICK = HiddenSettings()
LONG = HiddenSettings(horizons=tuple(2**k for k in range(10, 22)), repetitions=64)


def _game(settings: HiddenSettings, learner: Learner, horizon: int) -> OneSidedGame:
    feedback = FullLabels() if isinstance(learner, FullInformationExp2) else OneSided()
    return hidden_outcomes(horizon, settings.chances, feedback=feedback)


def data(settings: HiddenSettings) -> "polars.DataFrame":
    """Return each learner's regret and share of acceptances at each horizon, with bounds and fitted exponents."""
    import polars

    from theory import theorem

    rows: list[dict[str, Any]] = []
    for learner in LEARNERS:
        cells = [
            Cell(_game(settings, learner, T), learner, settings.repetitions, settings.seed + T.bit_length() - 1, (T,))
            for T in settings.horizons
        ]
        curve = runs(cells)
        fit = fit_exponent(settings.horizons, np.column_stack([run.final("error_regret") for run in curve]))
        for horizon, run in zip(settings.horizons, curve, strict=True):
            low, high = run.interval("error_regret")
            bound = BOUNDS.get(learner.name)
            rows.append(
                {
                    "learner": learner.name,
                    "horizon_rounds": horizon,
                    "repetitions": run.repetitions,
                    "regret_mean": float(run.mean("error_regret")[0]),
                    "regret_low95": float(low[0]),
                    "regret_high95": float(high[0]),
                    "regret_upper_bound": theorem(bound).value_for(run.problem, learner) if bound else math.nan,
                    "exponent": fit.exponent,
                    "exponent_low95": fit.low,
                    "exponent_high95": fit.high,
                    "last_slope": fit.local[-1],
                }
            )
    return polars.DataFrame(rows)


def draw(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw regret against the horizon for all learners, with their bounds."""
    for name, look in HIDDEN.items():
        curve = frame.filter(frame["learner"] == name).sort("horizon_rounds")
        x = curve["horizon_rounds"]
        slope, low, high = (curve[f"exponent{end}"][0] for end in ("", "_low95", "_high95"))
        label = f"{look.label}: slope {slope:.2f} [{low:.2f}, {high:.2f}]"
        style.band(axes[0], x, style.measured(curve, "regret_{}"), look, label)
        if curve["regret_upper_bound"].is_not_nan().all():
            style.theory(axes[0], x, curve["regret_upper_bound"], look.colour)
    style.log_axes(axes[0], "horizon $T$ (rounds)", "error regret (errors)")
    axes[0].legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0)


def exponents(frame: "polars.DataFrame") -> list[str]:
    """Return a sentence for each learner's fitted exponent."""
    sentences = []
    for name, look in HIDDEN.items():
        curve = frame.filter(frame["learner"] == name).sort("horizon_rounds")
        exponent, low, high, last = (
            curve[c][0] for c in ("exponent", "exponent_low95", "exponent_high95", "last_slope")
        )
        regret = curve["regret_mean"][-1]
        sentences.append(
            f"{look.label.replace('$', '')}: T^{exponent:.2f} [{low:.2f}, {high:.2f}], last slope {last:.2f}, "
            f"regret {regret:.0f} at the last horizon."
        )
    return sentences


HIDDEN_OUTCOMES = Figure(
    name="bechavod2022_hidden_outcomes",
    title="Hidden outcomes: who trusts what was seen rejects the good for ever",
    paper=BECHAVOD,
    claim="One-sided feedback allows regret of order sqrt(T ln N) without any forced exploration (D1 at C = 0), the "
    "same as forced tasting at its best rate (EXP4.AT, Raman et al. 2024); a general revealing action pays T^(2/3).",
    caption="World D: one applicant a round of a few kinds, all subsets as hypotheses, nobody audits. An outcome is "
    "seen only if the applicant is accepted. Bands: 95% intervals of means, fresh repetitions at each T; broken lines: "
    "proved upper bounds. Following the observed labels starts by accepting everybody, locks a kind out after bad luck "
    "and never learns better: its regret is linear. Slopes: weighted least squares in logarithms with 95% bootstrap "
    "intervals.",
    settings={"quick": QUICK, "paper": LONG},
    compute=data,
    paint=draw,
    findings=exponents,
    size=(8.4, 3.8),
)
