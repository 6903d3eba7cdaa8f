"""Growth with the horizon: error regret, violations, and the slopes between neighbouring horizons."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.one_sided import Exp2OneSided, three_points
from paper_figures import kit
from paper_figures.bechavod2022 import TUNINGS
from paper_figures.kit import FITTED, Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import final_cell, runs
from theory.rates import fit_exponent

LEARNERS = {
    "fifth": Exp2OneSided(price_exponent=0.2),
    "quarter": Exp2OneSided(price_exponent=0.25),
    "bounding": Exp2OneSided(),
    "free": Exp2OneSided(price=0.0),
}
# exponents that theory gives for regret against the lenient benchmark and for violations; nan: none
EXPONENTS = {"fifth": (0.7, 0.8), "quarter": (0.75, 0.75), "bounding": (math.nan, 0.5), "free": (math.nan, 1.0)}
METRICS = {"regret": "error_regret_no_slack", "violations": "violations"}


class Tuning(Figure):
    """Both metrics of each tuning at each horizon, with bounds, local slopes and fitted exponents."""

    name = "bechavod2022_tuning"
    title = "Error regret and violations against the horizon, for four prices of unfairness"
    claim = """Theorem 4.1 (T^(4/5) for both at C = T^(1/5)), and with the estimator of this package D1 (T^(1/2 + b) and
    T^(1 - b) at C = T^b) and D2 (sqrt(T) for both at C = ε / (8 η)); the constants drawn are those of D3."""
    caption = """Exp2 with the shifted one-sided estimator in environment A: three kinds of individuals, four stumps,
    two arrivals per round, one auditor. Bands: 95% intervals of means, fresh repetitions at each T. (a) is against the
    best policy that is fair at the tolerance of the auditor. Against the stricter benchmark of the theorems, fair at
    the tolerance minus the slack, the regret is negative, for the learner may use all of the tolerance. Without a price
    (C = 0) it is negative in (a) too and not drawn. Broken lines in (a) and (b): proved upper bounds (D3, any small
    price); nothing is promised of the self-bounding price against the lenient benchmark. (c) Slopes in log-log between
    neighbouring horizons, cut at 1.3: filled and full for violations, open and dotted for error regret; broken lines:
    exponents of violations in theory."""
    panels, size = 3, (7.2, 6.4)
    tiny = changed(horizons=(2048, 4096, 8192), repetitions=16)
    paper = changed(horizons=tuple(2**k for k in range(12, 23)), repetitions=64)

    horizons: tuple[int, ...] = setting("horizons T (rounds)", tuple(2**k for k in range(12, 21)))
    tolerance: float = setting("tolerance (and slack ε)", 0.2)
    repetitions: int = setting("repetitions", 8)
    seed: int = setting("seed (plus log2 T)", 2022)

    def data(self) -> Frame:
        """Return one row per tuning and horizon."""
        rows: list[Row] = []
        for name, learner in LEARNERS.items():
            found = runs([final_cell(three_points(T, self.tolerance), learner, self, True) for T in self.horizons])
            samples = {what: np.column_stack([run.final(metric) for run in found]) for what, metric in METRICS.items()}
            slopes = {what: _slopes(self.horizons, values) for what, values in samples.items()}
            for i, run in enumerate(found):
                row: Row = {"tuning": name, "horizon_rounds": self.horizons[i], "repetitions": run.repetitions}
                for what, metric in METRICS.items():
                    row |= kit.final(kit.run_interval(run, metric, what))
                    row[f"{what}_upper_bound"] = kit.bound_value(_theorem(name, what), run)
                    row |= {f"{what}_{key}": value[i] for key, value in slopes[what].items()}
                rows.append(row | {"strict_regret_mean": float(run.mean("error_regret")[0])})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret, violations, and the local slopes of both."""
        x = "horizon_rounds"
        for name, look, rows in kit.curves(frame, TUNINGS, "tuning", x):
            for panel, what in zip(axes, METRICS, strict=False):
                if (rows[f"{what}_mean"] > 0.0).all():
                    kit.curve(panel, rows, x, what + "_{}", look)
                kit.theory_line(panel, rows[x], rows[f"{what}_upper_bound"], look.colour)
            middle = np.sqrt(rows[x].to_numpy()[1:] * rows[x].to_numpy()[:-1])
            for what, dash, fill in (("violations", "-", look.colour), ("regret", ":", "white")):
                line: Row = {
                    "linestyle": dash,
                    "linewidth": 1.0,
                    "markerfacecolor": fill,
                    "markersize": 4.5,
                    "marker": "o",
                }
                kit.marked(axes[2], middle, rows[f"{what}_local"].to_numpy()[1:], look, "_", **line)
            axes[2].axhline(EXPONENTS[name][1], color=look.colour, linestyle="--", linewidth=0.9)
        kit.log_axes(axes[0], "horizon $T$ (rounds)", "error regret, lenient benchmark (errors)")
        kit.log_axes(axes[1], "horizon $T$ (rounds)", "rounds with a violation")
        kit.log_x(axes[2], "horizon $T$ (rounds)", "slope between neighbouring horizons", ylim=(0.2, 1.3))
        kit.legend_entry(axes[0], "upper bound; in (c) proved exponent of violations, same colour")
        kit.legend_entry(axes[2], "(c): slope of violations", "-", marker="o", markersize=4.5)
        kit.legend_entry(axes[2], "(c): slope of regret", ":", marker="o", markersize=4.5, markerfacecolor="white")
        kit.finish(axes, ["error regret", "violations", "local slopes"], legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return a sentence on the fitted exponents of each tuning and its regret against the strict benchmark."""
        sentences = []
        for name, look, rows in kit.curves(frame, TUNINGS, "tuning", "horizon_rounds"):
            last, parts = kit.last(rows), []
            for what, expected in zip(METRICS, EXPONENTS[name], strict=True):
                if math.isfinite(last[f"{what}_exponent"]):
                    promised = f"theory {expected:g}" if math.isfinite(expected) else "theory promises none"
                    exponent = kit.with_interval(last, what + "_exponent{}", ".2f", FITTED)
                    slope = kit.with_interval(last, what + "_local{}", ".2f", FITTED)
                    parts.append(f"{what} T^{exponent}, last slope {slope}, {promised}")
            strict = f"against the strict benchmark {last['strict_regret_mean']:.0f} at the last horizon"
            sentences.append(f"{kit.plain(look.label)}: {'; '.join(parts)}; {strict}.")
        return sentences


def _slopes(horizons: Sequence[int], values: Any) -> dict[str, Any]:
    """Return the slope before each horizon, its 95% interval (nan for the first) and the fitted exponent.

    values: (R, C) samples, those of each horizon independent. All are nan where means are not above 0.
    """
    count = len(horizons)
    if (values.mean(axis=0) <= 0.0).any():
        return {f"{name}{end}": [math.nan] * count for name in ("local", "exponent") for end in FITTED}
    fit, half = fit_exponent(horizons, values), _half_widths(horizons, values)
    slopes = (fit.local, fit.local - half, fit.local + half)
    local = {f"local{end}": [math.nan, *column] for end, column in zip(FITTED, slopes, strict=True)}
    return local | {name: [value] * count for name, value in kit.fitted(fit).items()}


def _half_widths(horizons: Sequence[int], values: Any) -> Any:
    """Return half the 95% interval of each slope: errors of log means, to first order, are relative errors of means."""
    from scipy.stats import t as student

    count = len(values)
    if count < 2:
        return np.full(len(horizons) - 1, math.nan)
    error = values.std(axis=0, ddof=1) / np.sqrt(count) / values.mean(axis=0)
    joint = np.sqrt(error[1:] ** 2 + error[:-1] ** 2)
    return float(student.ppf(0.975, count - 1)) * joint / np.diff(np.log(horizons))


def _theorem(name: str, what: str) -> str | None:
    """Return the upper bound for the metric drawn, None where nothing is proved.

    The Lagrangian regret bounds error regret against every benchmark within the tolerance. At the self-bounding price
    it says nothing about the lenient one, and there is no bound on violations without a price.
    """
    if name == "free" or (name, what) == ("bounding", "regret"):
        return None
    return {"regret": "ours.exp2_split_lagrangian", "violations": "ours.exp2_small_price_violations"}[what]
