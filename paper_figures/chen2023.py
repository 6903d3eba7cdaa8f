"""What it costs to see: exact minimax regret with paid and with free signs, and the boundary of optimal probing."""

import math

import numpy as np

from bandits.episodes.stopping import boundary
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.style import Look
from theory.episodes.exact import free_value, paid_value

PAPER = Paper(
    title="Lower Bounds for Learning in Revealing POMDPs",
    authors="Fan Chen, Huan Wang, Caiming Xiong, Song Mei & Yu Bai",
    venue="ICML 2023, arXiv:2302.01333",
    url="https://arxiv.org/abs/2302.01333",
)
SIGNS = {"paid": Look("paid signs", style.RED, "D"), "free": Look("free signs", style.BLUE, "o")}
GAPS = (Look("", style.ORANGE, "v"), Look("", style.GREEN, "s"), Look("", style.BLUE, "o"))


class Probes(Figure):
    """Least regret at the hardest gap for each horizon, and the lead at which probing stops."""

    name = "chen2023_probes"
    title = "Paying for what one sees turns regret of order sqrt(T) into T^(2/3)"
    claim = """Where the state is revealed only by actions that forfeit the reward, regret is of order T^(2/3); where
    it is revealed for free, of order sqrt(T). The probe game, which is ours, is the mechanism in one dimension."""
    caption = """Nothing is simulated: exact dynamic programming. (a) Least expected regret of any learner that knows
    the gap, the largest over a grid of gaps; broken lines: what a fixed number of probes and the majority guarantee for
    every gap. Slopes between the last two horizons. (b) The lead of the signs, size of their sum, at which optimal
    probing stops, against the number of probes, at the last horizon, for a third of the hardest gap, that gap and
    thrice it."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(horizons=(64, 128, 256), grid=3)
    paper = changed(horizons=tuple(2**k for k in range(6, 18)), grid=15)

    horizons: tuple[int, ...] = setting("horizons T (rounds)", tuple(2**k for k in range(6, 15)))
    grid: int = setting("gaps per horizon, around the hardest order", 5)

    def data(self) -> Frame:
        """Return a row for each feedback and horizon, and for each gap and number of probes of the boundary."""
        rows: list[Row] = []
        scales = np.geomspace(0.7, 1.4, self.grid)
        for horizon in self.horizons:
            paid = {1.342 * c * horizon ** (-1 / 3): 0.0 for c in scales}
            free = {1.184 * c * horizon**-0.5: 0.0 for c in scales}
            paid = {gap: paid_value(horizon, gap) for gap in paid}
            free = {gap: free_value(horizon, gap) for gap in free}
            limits = {
                "paid": 3.0 * (horizon / (2.0 * math.sqrt(math.e))) ** (2 / 3) + 1.0,
                "free": 0.5 + 2.0 * math.sqrt(horizon / math.e),
            }
            for name, values in (("paid", paid), ("free", free)):
                gap = max(values, key=lambda g: values[g])
                row: Row = {"signs": name, "horizon": horizon, "gap": gap, "regret": values[gap]}
                rows.append(row | {"guarantee": limits[name], "probes": None, "lead": None})
        return kit.stack([kit.table(rows), kit.table(self._boundaries())])

    def _boundaries(self) -> list[Row]:
        horizon, rows = max(self.horizons), []
        for c in (1 / 3, 1.0, 3.0):
            gap = min(0.9, 1.342 * c * horizon ** (-1 / 3))
            lead, value = boundary(horizon, gap)
            for n in np.unique(np.linspace(0, max(len(lead) - 1, 0), 200).round().astype(int)) if len(lead) else ():
                row: Row = {"signs": "boundary", "horizon": horizon, "gap": gap, "regret": value, "guarantee": None}
                rows.append(row | {"probes": int(n), "lead": int(lead[n])})
        return rows

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against the horizon, and the boundary."""
        for _, look, rows in kit.curves(frame, SIGNS, "signs", "horizon"):
            kit.marked(axes[0], rows["horizon"], rows["regret"], look, f"{look.label}: slope {_slope(rows):.3f}")
            kit.theory_line(axes[0], rows["horizon"], rows["guarantee"], look.colour)
        kit.legend_entry(axes[0], "for every gap, same colour")
        ends = frame.filter(signs="boundary")
        for gap, look in zip(sorted(set(ends["gap"])), GAPS, strict=False):
            rows = ends.filter(gap=gap).sort("probes")
            axes[1].step(rows["probes"], rows["lead"], where="post", color=look.colour, label=f"$\\Delta$ = {gap:.3f}")
        kit.log_axes(axes[0], "horizon $T$", "least regret")
        axes[1].set(xlabel="probes so far", ylabel="lead at which to stop")
        kit.finish(axes, ["exact minimax regret", "optimal stopping"], legends=())
        for panel in axes:
            kit.legend_below(panel)

    def findings(self, frame: Frame) -> list[str]:
        """Return the slope and the last value of each feedback."""
        said = []
        for _, look, rows in kit.curves(frame, SIGNS, "signs", "horizon"):
            row = kit.last(rows)
            said.append(
                f"{look.label}: least regret {row['regret']:.2f} at T = {row['horizon']} and Delta = {row['gap']:.4f}, "
                f"guaranteed {row['guarantee']:.2f}; last slope {_slope(rows):.4f}."
            )
        return said


def _slope(rows: Frame) -> float:
    """Return the slope in log-log between the last two horizons."""
    horizons, regret = (np.log(rows[column].to_numpy()[-2:]) for column in ("horizon", "regret"))
    return float((regret[1] - regret[0]) / (horizons[1] - horizons[0]))
