"""Labels without a law: regret and violations against the horizon while an adversary turns the chances round."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.one_sided import (
    EpsilonTasting,
    Exp2OneSided,
    FollowObserved,
    FullInformationExp2,
    FullLabels,
    OneSided,
    OneSidedGame,
    label_drift,
)
from bandits.protocol import Learner
from paper_figures import style
from paper_figures.bechavod2022.source import BECHAVOD, interval_columns, labelled
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

LEARNERS: dict[str, Learner] = {
    "observed": FollowObserved(),
    "tasting": EpsilonTasting(),
    "quarter": Exp2OneSided(price_exponent=0.25),
    "bounding": Exp2OneSided(),
    "full": FullInformationExp2(),
}
LOOKS = {
    "observed": Look("follow what was seen", style.GREY, "^"),
    "tasting": Look("leader, tasting like $t^{-1/3}$", style.ORANGE, "v"),
    "quarter": Look("Exp2, $C = T^{1/4}$", style.SKY, "s"),
    "bounding": Look("Exp2, self-bounding $C$", style.BLUE, "o"),
    "full": Look("all labels, self-bounding $C$", style.BLACK, "P"),
}
BOUNDS = {
    "quarter": "ours.exp2_regret",
    "bounding": "ours.exp2_bounding_regret",
    "full": "bechavod2020.full_information_bounding_regret",
}


@dataclass(frozen=True)
class DriftSettings:
    """Parameters of the figure."""

    horizons: tuple[int, ...] = labelled("horizons T (rounds)", tuple(2**k for k in range(10, 18)))
    long_blocks: int = labelled("blocks in (b) (in (a) and (c): of sqrt(T) rounds)", 16)
    tolerance: float = labelled("tolerance (and slack ε)", 0.2)
    repetitions: int = labelled("repetitions", 16)
    seed: int = labelled("seed (plus log2 T)", 2024)

    def game(self, blocks: str, learner: Learner, horizon: int) -> OneSidedGame:
        """Return world C with short or long blocks."""
        block = None if blocks == "short" else horizon // self.long_blocks
        feedback = FullLabels() if isinstance(learner, FullInformationExp2) else OneSided()
        return label_drift(horizon, block, self.tolerance, feedback=feedback)


QUICK = DriftSettings()
LONG = DriftSettings(horizons=tuple(2**k for k in range(10, 22)), repetitions=64)


def data(settings: DriftSettings) -> "polars.DataFrame":
    """Return regret and violations of each learner at each horizon, with bounds on regret and local slopes."""
    import polars

    rows: list[dict[str, Any]] = []
    for blocks in ("short", "long"):
        for name, learner in LEARNERS.items():
            curve = runs(
                [
                    Cell(settings.game(blocks, learner, T), learner, settings.repetitions, _seed(settings, T), (T,))
                    for T in settings.horizons
                ]
            )
            slopes = _slopes(settings.horizons, [run.final("error_regret").mean() for run in curve])
            for horizon, slope, run in zip(settings.horizons, slopes, curve, strict=True):
                row: dict[str, Any] = {"blocks": blocks, "learner": name, "horizon_rounds": horizon}
                row |= interval_columns("regret", run.final("error_regret"))
                row |= interval_columns("violations", run.final("violations")) | {"regret_local": slope}
                rows.append(row | {"regret_upper_bound": _bound(name, run)})
    return polars.DataFrame(rows)


def _seed(settings: DriftSettings, horizon: int) -> int:
    return settings.seed + horizon.bit_length() - 1


def _slopes(horizons: Sequence[int], means: Any) -> list[float]:
    """Return the slope in log-log before each horizon; nan for the first, and where a mean is not positive."""
    heights = np.log(np.where(np.asarray(means) > 0.0, means, np.nan))
    return [float("nan"), *(np.diff(heights) / np.diff(np.log(horizons)))]


def _bound(name: str, run: Any) -> float:
    from theory import theorem

    return theorem(BOUNDS[name]).value_for(run.problem, run.learner) if name in BOUNDS else float("nan")


def draw(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw regret with short blocks, violations with long ones, and the local slopes of the regret."""
    for name, look in LOOKS.items():
        part = frame.filter(frame["learner"] == name).sort("horizon_rounds")
        short, long = (part.filter(part["blocks"] == blocks) for blocks in ("short", "long"))
        x = short["horizon_rounds"]
        style.band(axes[0], x, style.measured(short, "regret_{}"), look)
        if short["regret_upper_bound"].is_not_nan().all():
            style.theory(axes[0], x, short["regret_upper_bound"], look.colour)
        style.band(axes[1], x, style.measured(long, "violations_{}"), look)
        if name not in BOUNDS:
            continue
        middle = np.sqrt(x.to_numpy()[1:] * x.to_numpy()[:-1])
        axes[2].plot(middle, short["regret_local"].to_numpy()[1:], color=look.colour, marker=look.marker, lw=1.0)
    style.log_axes(axes[0], "horizon $T$ (rounds)", "error regret (errors)")
    style.log_axes(axes[1], "horizon $T$ (rounds)", "rounds with a violation")
    axes[1].set_ylim(bottom=0.5)
    axes[2].set_xscale("log", base=2)
    axes[2].set(xlabel="horizon $T$ (rounds)", ylabel="slope between neighbouring horizons", ylim=(0.3, 1.1))
    for level in (0.5, 1.0):
        axes[2].axhline(level, color=style.GREY, linestyle="--", linewidth=0.9)
    style.legend_below(axes[0])
    style.panel_letters(axes, [r"regret, blocks of $\sqrt{T}$", "violations, long blocks", "local slopes of (a)"])


def sentences(frame: "polars.DataFrame") -> list[str]:
    """Return the last regret, slope and violations of each learner."""
    found = []
    for name, look in LOOKS.items():
        part = frame.filter(frame["learner"] == name).sort("horizon_rounds")
        short, long = (part.filter(part["blocks"] == blocks).row(-1, named=True) for blocks in ("short", "long"))
        label = look.label.replace("$", "").replace("t^{-1/3}", "t^(-1/3)").replace("T^{1/4}", "T^(1/4)")
        slope = f", last slope {short['regret_local']:.2f}" if short["regret_local"] == short["regret_local"] else ""
        found.append(
            f"{label}, T = {short['horizon_rounds']}: regret {short['regret_mean']:.0f}{slope}; "
            f"with long blocks {long['violations_mean']:.0f} violations and regret {long['regret_mean']:.0f}."
        )
    return found


DRIFT = Figure(
    name="bechavod2022_drift",
    title="Labels turned round by an adversary: who keeps the promise without a law of the labels",
    paper=BECHAVOD,
    claim="Theorems 4.1 and 4.2, D1 and D2 hold for every sequence of individuals and labels, also one that follows no "
    "law: D2's regret and violations are of order sqrt(T) here too.",
    caption="World C: three kinds of people, four stumps, two arrivals a round, one auditor; the chances of a good "
    "label change in every other block from (0.2, 0.8, 0.9) to (0.9, 0.6, 0.1). (a) Blocks of sqrt(T) rounds; regret "
    "against the best fair policy for the whole run (accept everybody), fresh repetitions at each T; broken lines: "
    "proved upper bounds. (b) The same learners with a few long blocks, in which the chances stay long enough to be "
    "learned: rounds with a violation, cut at 0.5. (c) Slopes in log-log between neighbouring horizons of (a), for the "
    "learners with a bound, whose exponents are 1/2 and 3/4; broken lines: 1/2 and 1. Tasting does well on these "
    "labels and has no guarantee on others. Bands: 95% intervals of means.",
    settings={"quick": QUICK, "paper": LONG},
    compute=data,
    paint=draw,
    findings=sentences,
    panels=3,
    size=(10.8, 4.2),
)
