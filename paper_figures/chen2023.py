"""What it costs to see: exact minimax regret of probes, the boundary of optimal probing, and the lock."""

import math

import numpy as np

from bandits.episodes import LockGame, RevealThenCommit
from bandits.episodes.stopping import boundary
from bandits.stochastic import MOSS, stochastic_bandit
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell
from theory.episodes.exact import free_value, lock_regret, paid_value

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


class Lock(Figure):
    """Regret of revealing and of trying all entries, at hard gaps."""

    name = "chen2023_lock"
    title = "Revealing costs T^(2/3) for any number of bits; trying the entries costs sqrt(2^L T)"
    claim = """Revealing a state that many observations must piece together costs regret of order T^(2/3), with a number
    of states that enters polynomially. The lock, which is ours, has 2^L states and as many entries."""
    caption = """Reveals are as reliable as entries, c = Delta. (a) Regret of reveal-then-commit, which knows neither,
    at the hardest gap of a grid for each horizon: exact. Broken lines: the theorem. (b) The same, and MOSS on the
    entries alone, a bandit with 2^L actions of which one is better by 2 sqrt(2^L / T), at most 1/2: mean with 95%
    interval."""
    panels, size = 2, (7.2, 4.4)
    tiny = changed(horizons=(256, 1024), repetitions=4)
    paper = changed(horizons=tuple(2**k for k in range(8, 23, 2)), repetitions=200)

    horizons: tuple[int, ...] = setting("horizons T (episodes)", tuple(2**k for k in range(8, 18, 2)))
    bits: tuple[int, ...] = setting("bits L", (1, 4, 8))
    repetitions: int = setting("repetitions of MOSS", 24)
    seed: int = setting("seed", 2023)

    def data(self) -> Frame:
        """Return a row for each learner, number of bits and horizon."""
        rows: list[Row] = []
        for n_bits in self.bits:
            for horizon in self.horizons:
                row: Row = {"learner": "reveals", "bits": n_bits, "horizon": horizon}
                rows.append(row | _hardest(n_bits, horizon))
        cells = []
        for n_bits in self.bits:
            for horizon in self.horizons:
                gap = min(0.5, 2.0 * math.sqrt(2**n_bits / horizon))
                means = np.full(2**n_bits, 0.5) + gap * (np.arange(2**n_bits) == 0)
                cells.append(Cell(stochastic_bandit(means, horizon), MOSS(), self.repetitions, self.seed, (horizon,)))
        places = [(n_bits, horizon) for n_bits in self.bits for horizon in self.horizons]
        for (n_bits, horizon), run in zip(places, runs(cells), strict=True):
            row = {"learner": "tries", "bits": n_bits, "horizon": horizon}
            rows.append(row | kit.final(kit.run_interval(run, "pseudo_regret", "regret")))
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against the horizon."""
        looks = dict(zip(kit.values(frame, "bits"), GAPS, strict=False))
        for n_bits, look, rows in kit.curves(frame, looks, "bits", "horizon", learner="reveals"):
            kit.marked(axes[0], rows["horizon"], rows["regret_mean"], look, f"$L = {n_bits}$")
            kit.theory_line(axes[0], rows["horizon"], rows["guaranteed"], look.colour)
            axes[1].plot(rows["horizon"], rows["regret_mean"], color=look.colour, linestyle=":")
        for n_bits, look, rows in kit.curves(frame, looks, "bits", "horizon", learner="tries"):
            kit.curve(axes[1], rows, "horizon", "regret_{}", look, f"$L = {n_bits}$, tried")
        kit.legend_entry(axes[0], "guaranteed, same colour")
        kit.legend_entry(axes[1], "revealed, same colour", ":", linewidth=1.5)
        for panel in axes:
            kit.log_axes(panel, "horizon $T$", "regret")
        kit.share_limits(axes)
        kit.finish(axes, ["reveal, then commit", "or try the entries"], legends=())
        for panel in axes:
            kit.legend_below(panel)

    def findings(self, frame: Frame) -> list[str]:
        """Return the last regrets and slopes."""
        said = []
        for n_bits in kit.values(frame, "bits"):
            rows = frame.filter(bits=n_bits, learner="reveals").sort("horizon")
            row, tried = kit.last(rows), kit.last(frame.filter(bits=n_bits, learner="tries").sort("horizon"))
            said.append(
                f"L = {n_bits}: {row['regret_mean']:.1f} revealed (last slope {_slope(rows, 'regret_mean'):.3f}, "
                f"guaranteed {row['guaranteed']:.1f}), {kit.with_interval(tried, 'regret_{}', '.1f')} tried, at T = "
                f"{row['horizon']}."
            )
        return said


def _hardest(n_bits: int, horizon: int) -> Row:
    """Return the largest exact regret over a grid of gaps, and what the theorem says at that gap."""
    from theory.episodes.bounds import LOCK_RATE

    learner = RevealThenCommit()
    reveals = learner.parameters(LockGame(n_bits, 0.5, 0.5, horizon)).reveals
    found = {gap: lock_regret(horizon, n_bits, gap, gap, reveals) for gap in np.geomspace(horizon**-0.5, 0.5, 40)}
    gap = max(found, key=lambda g: found[g])
    limit = LOCK_RATE.value_for(LockGame(n_bits, gap, gap, horizon), learner)
    return {"regret_mean": found[gap], "gap": gap, "guaranteed": limit}


def _slope(rows: Frame, column: str = "regret") -> float:
    """Return the slope in log-log between the last two horizons."""
    horizons, regret = (np.log(rows[name].to_numpy()[-2:]) for name in ("horizon", column))
    return float((regret[1] - regret[0]) / (horizons[1] - horizons[0]))
