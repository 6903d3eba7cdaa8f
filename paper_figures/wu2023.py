"""PR-LSVI: what a threshold for asking costs in regret and saves in questions."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bandits.preference import PRLSVI, LinearMDP, random_tabular_mdp
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look

PAPER = Paper(
    title="Making RL with Preference-based Feedback Efficient via Randomization",
    authors="Runzhe Wu and Wen Sun",
    venue="ICLR 2024, arXiv:2310.14554",
    url="https://arxiv.org/abs/2310.14554",
)

_LOOKS = ((style.ORANGE, "s"), (style.BLUE, "o"), (style.GREEN, "D"), (style.RED, "^"))


class Tradeoff(Figure):
    """Mean regret and questions with 95% intervals over processes at each (b, T), with caps and rates."""

    name = "wu2023_tradeoff"
    title = "Preferences between trajectories: asking less often, learning less"
    claim = """Theorem 4.2: with threshold epsilon the regret is of order epsilon T + sqrt(T) and the number of
    questions of order 1 / epsilon^2, up to logarithms and dimensions; epsilon = T^-b gives T^(1 - b) and T^(2 b)."""
    caption = """Random processes (rewards uniform, transition distributions uniform on the simplex), a threshold fixed
    for each horizon; means over processes, 95% intervals over processes (Student's t, cut below half the mean). Noise
    of scale 0.3 on rewards and transitions, ridge 1, optimism until the first visit: fixed scales, where those of the
    theorem grow with dimensions and log T. (a) Regret of both policies; broken: the promised growth, through the first
    point, its constant being unknown; dotted: both policies uniform, exactly. (b) Questions against the threshold,
    which falls to the right; black, broken: the cap that no path can exceed, derived from the elliptical potential;
    dotted: growth like 1 / epsilon^2, through the first point."""
    panels, size = 2, (7.2, 4.4)
    tiny = changed(horizons=(8, 16, 32), exponents=(0.2, 0.4), instances=2)
    paper = changed(horizons=tuple(2**k for k in range(6, 15)), instances=12, repetitions=4)

    horizons: tuple[int, ...] = setting("episodes T", tuple(2**k for k in range(6, 12)))
    exponents: tuple[float, ...] = setting("b of the threshold T^-b", (0.2, 0.3, 0.4))
    n_states: int = setting("states", 4)
    n_actions: int = setting("actions", 2)
    n_stages: int = setting("stages H", 4)
    scale: float = setting("scale of the preferences", 4.0)
    instances: int = setting("random processes", 6)
    repetitions: int = setting("repetitions per process", 1)
    seed: int = setting("seed", 2023)

    def data(self) -> Frame:
        """Return one row per exponent and horizon."""
        points = [(b, horizon) for b in self.exponents for horizon in self.horizons]
        cells = [
            final_cell(problem, PRLSVI(float(horizon) ** -b), self)
            for b, horizon in points
            for problem in self._processes(horizon)
        ]
        found, rows, size = runs(cells), [], self.instances
        for i, (b, horizon) in enumerate(points):
            rows.append({"exponent": b, "episodes": horizon, **_point(found[i * size : (i + 1) * size])})
        return kit.table(rows)

    def _processes(self, horizon: int) -> list[LinearMDP]:
        sizes = self.n_states, self.n_actions, self.n_stages
        seeds = range(self.seed, self.seed + self.instances)
        return [random_tabular_mdp(*sizes, horizon, scale=self.scale, seed=seed) for seed in seeds]

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against episodes, and questions against the threshold."""
        for (colour, marker), b in zip(_LOOKS, sorted(set(frame["exponent"])), strict=False):
            rows, look = frame.filter(exponent=b).sort("episodes"), Look(rf"$\epsilon = T^{{-{b:g}}}$", colour, marker)
            for panel, x, metric in zip(axes, ("episodes", "threshold"), ("regret_{}", "queries_{}"), strict=True):
                kit.band(panel, rows[x], kit.positive(kit.measured(rows, metric)), look)
            slope = max(1.0 - b, 0.5)
            rate = rows["regret_mean"][0] * (rows["episodes"] / rows["episodes"][0]) ** slope
            kit.theory_line(axes[0], rows["episodes"], rate, colour, rf"slope {slope:g}")
        first = frame.filter(exponent=min(frame["exponent"])).sort("episodes")
        kit.theory_line(axes[0], first["episodes"], first["random_regret"], style.GREY, "random policies", ":")
        order = frame.sort("threshold")
        kit.theory_line(axes[1], order["threshold"], order["queries_cap"], style.BLACK, "cap on every path")
        falling = order["queries_mean"][-1] * (order["threshold"] / order["threshold"][-1]) ** -2.0
        kit.theory_line(axes[1], order["threshold"], falling, style.GREY, r"slope $-2$: $T^{2b}$", ":")
        kit.log_axes(axes[0], "episodes $T$", "regret of both policies")
        kit.log_axes(axes[1], r"threshold $\epsilon$ of the rule", "questions asked")
        axes[1].invert_xaxis()
        kit.finish(axes, ["a higher threshold learns less", "and asks less"], columns=2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the slopes over the last two octaves, and how near the cap was."""
        sentences = []
        for b in sorted(set(frame["exponent"])):
            rows = frame.filter(exponent=b).sort("episodes").tail(3)
            first, last = kit.first(rows), kit.last(rows)
            octaves = math.log(last["episodes"] / first["episodes"])
            regret, queries = (math.log(last[end] / first[end]) / octaves for end in ("regret_mean", "queries_mean"))
            sentences.append(
                f"b = {b:g}: {last['queries_mean']:.4g} questions in {last['episodes']} episodes, at most "
                f"{last['queries_most']:.0f}, cap {last['queries_cap']:.4g}, growing like T^{queries:.2f} at the end "
                f"where T^{2 * b:g} is promised; regret {kit.with_interval(last, 'regret_{}', '.3g')} growing like "
                f"T^{regret:.2f} where T^{max(1.0 - b, 0.5):g} is promised; random policies lose "
                f"{last['random_regret']:.4g}."
            )
        return sentences


def _point(group: Sequence[Any]) -> kit.Row:
    """Return what one threshold and horizon gave, over processes, and what is known without playing."""
    means = replace(group[0], values=np.stack([run.values.mean(axis=0) for run in group]))
    row: kit.Row = {"threshold": group[0].learner.threshold}
    row |= kit.final(kit.run_interval(means, "regret") | kit.run_interval(means, "queries"))
    row["queries_most"] = float(max(run.final("queries").max() for run in group))
    row["queries_cap"] = max(kit.bound_value("wu2023.queries", run) for run in group)
    row["random_regret"] = float(np.mean([_uniform_loss(run.problem) * run.problem.horizon for run in group]))
    return row


def _uniform_loss(problem: LinearMDP) -> float:
    """Return what two policies that act uniformly at random lose per episode, exactly."""
    value = np.zeros(problem.n_states)
    for h in range(problem.n_stages - 1, -1, -1):
        value = (problem.rewards[h] + problem.transitions[h] @ value).mean(axis=1)
    return 2.0 * (problem.optimal_value - float(value[problem.start]))
