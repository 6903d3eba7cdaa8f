"""Labels without a distribution: regret and violations while an adversary reverses the chances of a good label."""

from collections.abc import Sequence
from typing import Any

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
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look

LEARNERS: dict[str, Learner] = {
    "observed": FollowObserved(),
    "tasting": EpsilonTasting(),
    "quarter": Exp2OneSided(price_exponent=0.25),
    "bounding": Exp2OneSided(),
    "full": FullInformationExp2(),
}
LOOKS = {
    "observed": Look("follow observed labels", style.GREY, "^"),
    "tasting": Look("leader, exploration $t^{-1/3}$", style.ORANGE, "v"),
    "quarter": Look("Exp2, $C = T^{1/4}$", style.SKY, "s"),
    "bounding": Look("Exp2, self-bounding $C$", style.BLUE, "o"),
    "full": Look("all labels, self-bounding $C$", style.BLACK, "P"),
}
BOUNDS = {
    "quarter": "ours.exp2_regret",
    "bounding": "ours.exp2_bounding_regret",
    "full": "bechavod2020.full_information_bounding_regret",
}


class Drift(Figure):
    """Regret and violations of each learner at each horizon, with bounds on regret and local slopes."""

    name = "bechavod2022_drift"
    title = "Labels reversed by an adversary: which guarantees hold without a distribution of labels"
    claim = """Theorems 4.1 and 4.2, D1 and D2 hold for every sequence of individuals and labels, not only for random
    ones: the regret and the violations of D2 are of order sqrt(T) here too."""
    caption = """Environment C: three kinds of individuals, four stumps, two arrivals per round, one auditor; the
    chances of a good label change in every other block from (0.2, 0.8, 0.9) to (0.9, 0.6, 0.1). (a) Blocks of sqrt(T)
    rounds; regret against the best fair policy for the whole run (accept everybody), fresh repetitions at each T;
    broken lines: proved upper bounds. (b) The same learners with a few long blocks, in which the chances stay long
    enough to be learned: rounds with a violation, cut at 0.5. (c) Slopes in log-log between neighbouring horizons of
    (a), for the learners with a bound, whose exponents are 1/2 and 3/4; dotted lines: 1/2 and 1. Forced exploration
    does well on these labels and has no guarantee on others. Bands: 95% intervals of means, cut below half the mean."""
    panels, size = 3, (7.2, 6.4)
    tiny = changed(horizons=(256, 1024), repetitions=4)
    paper = changed(horizons=tuple(2**k for k in range(10, 22)), repetitions=64)

    horizons: tuple[int, ...] = setting("horizons T (rounds)", tuple(2**k for k in range(10, 16)))
    long_blocks: int = setting("blocks in (b) (in (a) and (c): of sqrt(T) rounds)", 16)
    tolerance: float = setting("tolerance (and slack ε)", 0.2)
    repetitions: int = setting("repetitions", 16)
    seed: int = setting("seed (plus log2 T)", 2024)

    def game(self, blocks: str, learner: Learner, horizon: int) -> OneSidedGame:
        """Return environment C with short or long blocks."""
        block = None if blocks == "short" else horizon // self.long_blocks
        feedback = FullLabels() if isinstance(learner, FullInformationExp2) else OneSided()
        return label_drift(horizon, block, self.tolerance, feedback=feedback)

    def data(self) -> Frame:
        """Return one row per length of blocks, learner and horizon."""
        rows: list[Row] = []
        for blocks in ("short", "long"):
            for name, learner in LEARNERS.items():
                found = runs([final_cell(self.game(blocks, learner, T), learner, self, True) for T in self.horizons])
                slopes = _slopes(self.horizons, [run.final("error_regret").mean() for run in found])
                for horizon, slope, run in zip(self.horizons, slopes, found, strict=True):
                    row: Row = {"blocks": blocks, "learner": name, "horizon_rounds": horizon}
                    row |= kit.interval("regret", run.final("error_regret"))
                    row |= kit.interval("violations", run.final("violations")) | {"regret_local": slope}
                    rows.append(row | {"regret_upper_bound": kit.bound_value(BOUNDS.get(name), run)})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret with short blocks, violations with long ones, and the local slopes of the regret."""
        x = "horizon_rounds"
        for name, look, short in kit.curves(frame, LOOKS, "learner", x, blocks="short"):
            kit.band(axes[0], short[x], kit.positive(kit.measured(short, "regret_{}")), look)
            kit.theory_line(axes[0], short[x], short["regret_upper_bound"], look.colour)
            if name in BOUNDS:
                at = short[x].to_numpy()
                kit.marked(
                    axes[2], np.sqrt(at[1:] * at[:-1]), short["regret_local"].to_numpy()[1:], look, linewidth=1.0
                )
        for _, look, long in kit.curves(frame, LOOKS, "learner", x, blocks="long"):
            kit.band(axes[1], long[x], kit.positive(kit.measured(long, "violations_{}")), look)
        kit.log_axes(axes[0], "horizon $T$ (rounds)", "error regret (errors)")
        kit.log_axes(axes[1], "horizon $T$ (rounds)", "rounds with a violation")
        axes[1].set_ylim(bottom=0.5)
        kit.log_x(axes[2], "horizon $T$ (rounds)", "slope between neighbouring horizons", ylim=(0.3, 1.1))
        for level in (0.5, 1.0):
            axes[2].axhline(level, color=style.GREY, linestyle=":", linewidth=1.0)
        kit.legend_entry(axes[0], "upper bound, same colour")
        kit.legend_entry(axes[2], "slopes 1/2 and 1", ":")
        kit.finish(axes, [r"regret, blocks of $\sqrt{T}$", "violations, long blocks", "local slopes of (a)"], ())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the last regret, slope and violations of each learner."""
        sentences = []
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon_rounds"):
            short, long = (kit.last(rows.filter(blocks=blocks)) for blocks in ("short", "long"))
            slope = (
                f", last slope {short['regret_local']:.2f}" if short["regret_local"] == short["regret_local"] else ""
            )
            sentences.append(
                f"{kit.plain(look.label)}, T = {short['horizon_rounds']}: regret {short['regret_mean']:.0f}{slope}; "
                f"with long blocks {long['violations_mean']:.0f} violations and regret {long['regret_mean']:.0f}."
            )
        return sentences


def _slopes(horizons: Sequence[int], means: Any) -> list[float]:
    """Return the slope in log-log before each horizon; nan for the first, and where a mean is not positive."""
    heights = np.log(np.where(np.asarray(means) > 0.0, means, np.nan))
    return [float("nan"), *(np.diff(heights) / np.diff(np.log(horizons)))]
