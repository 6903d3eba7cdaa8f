"""Private herds: how fast the crowd learns, and how long the first right report may take."""

import math

import numpy as np

from bandits.loops import PrivateHerd, ShrinkingBudgets, SmoothResponse, UniformBudgets
from bandits.protocol import Learner
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell
from theory.loops.exact import budget_growth, log_survival, shrinking_growth, tail_exponent

PAPER = Paper(
    title="Differentially Private Sequential Learning",
    authors="Yuxin Liu & M. Amin Rahimian",
    venue="arXiv:2502.19525",
    url="https://arxiv.org/abs/2502.19525",
)
LOOKS = {
    0.5: Look(r"$\epsilon = 0.5$", style.RED, "D"),
    1.0: Look(r"$\epsilon = 1$", style.ORANGE, "v"),
    2.0: Look(r"$\epsilon = 2$", style.GREEN, "s"),
    math.inf: Look("no privacy", style.BLUE, "o"),
}


class Herds(Figure):
    """Log likelihood of the reports, and the law of the first right report."""

    name = "liu2025herds_learning"
    title = "Private reports teach the crowd faster, and the first right one comes sooner"
    claim = """The log likelihood of the reports grows like ln n with smooth randomised response, like sqrt(ln n)
    without privacy, where the expected time to the first right report is infinite."""
    caption = """Agents with normal signals of standard deviation sigma = 1 report in turn; the flip of a report has
    probability exp(-epsilon |s - t|) / 2 at a distance |s - t| of the signal from the threshold. (a) Mean log
    likelihood theta l of the reports with 95% intervals; broken lines: slope 2 / (epsilon sigma^2) in ln n, through the
    last point. (b) Exact probability that the first n reports are all wrong, by recursion, nothing sampled; broken
    lines: n^-kappa through the last point, kappa = 2 / (epsilon sigma^2 (1 - exp(-2 epsilon))). The expected time is
    the sum of that probability: finite iff kappa is above 1."""
    panels, size = 2, (7.2, 4.3)
    tiny = changed(horizon=100, agents=200, repetitions=8, checkpoints=5)
    paper = changed(horizon=10**6, agents=10**6, repetitions=2048)

    horizon: int = setting("agents in (a)", 10_000)
    agents: int = setting("agents in (b)", 10_000)
    repetitions: int = setting("repetitions", 128)
    checkpoints: int = setting("checkpoints, evenly in the logarithm of the agent", 14)
    seed: int = setting("seed", 2025)

    def data(self) -> Frame:
        """Return a row for each epsilon and number of agents; without likelihoods in (b)."""
        rounds = tuple(np.unique(np.geomspace(1, self.horizon, self.checkpoints).round().astype(int)).tolist())
        herd = PrivateHerd(self.horizon)
        found = runs([Cell(herd, SmoothResponse(e), self.repetitions, self.seed, rounds) for e in LOOKS])
        places = np.unique(np.geomspace(1, self.agents, 60).round().astype(int))
        tables = []
        for epsilon, run in zip(LOOKS, found, strict=True):
            columns: Row = {"epsilon": epsilon, "agents": run.rounds} | kit.run_interval(run, "log_likelihood")
            tables.append(kit.table(columns | {"all_wrong": None}))
            chance = np.exp(log_survival(epsilon, 1.0, self.agents))[places]
            empty = {f"log_likelihood_{end}": None for end in kit.INTERVAL}
            tables.append(kit.table({"epsilon": epsilon, "agents": places} | empty | {"all_wrong": chance}))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw likelihood and survival against the number of agents."""
        learnt = frame.filter(frame["log_likelihood_mean"].is_not_null())
        survived = frame.filter(frame["all_wrong"].is_not_null())
        for epsilon, look, rows in kit.curves(learnt, LOOKS, "epsilon", "agents"):
            kit.curve(axes[0], rows, "agents", "log_likelihood_{}", look)
            if epsilon < math.inf:
                last, n = kit.last(rows), rows["agents"].to_numpy()
                line = last["log_likelihood_mean"] + 2.0 / epsilon * np.log(n / last["agents"])
                kit.theory_line(axes[0], n[line > 0.0], line[line > 0.0], look.colour)
        for epsilon, look, rows in kit.curves(survived, LOOKS, "epsilon", "agents"):
            n, chance = rows["agents"].to_numpy(), rows["all_wrong"].to_numpy()
            axes[1].plot(n, chance, color=look.colour, label=look.label)
            if epsilon < math.inf:
                line = chance[-1] * (n / n[-1]) ** -tail_exponent(epsilon, 1.0)
                kit.theory_line(axes[1], n[line < 1.0], line[line < 1.0], look.colour)
        kit.legend_entry(axes[0], "slope $2 / (\\epsilon \\sigma^2)$")
        kit.legend_entry(axes[1], "$n^{-\\kappa}$, same colour")
        kit.log_x(axes[0], "agents $n$", "log likelihood of the truth", base=10)
        kit.log_axes(axes[1], "agents $n$", "probability that all are wrong", base=10)
        kit.finish(axes, ["what the crowd knows", "no right report yet"], legends=())
        for panel in axes:
            kit.legend_below(panel)

    def findings(self, frame: Frame) -> list[str]:
        """Return the last likelihood and survival of each epsilon."""
        said = []
        for epsilon, look, rows in kit.curves(frame, LOOKS, "epsilon", "agents"):
            learnt = kit.last(rows.filter(rows["log_likelihood_mean"].is_not_null()))
            wrong = kit.last(rows.filter(rows["all_wrong"].is_not_null()))
            kappa = f", kappa {tail_exponent(epsilon, 1.0):.3f}" if epsilon < math.inf else ""
            name = f"epsilon {epsilon:g}" if epsilon < math.inf else look.label
            said.append(
                f"{name}: log likelihood {kit.with_interval(learnt, 'log_likelihood_{}', '.2f')} after "
                f"{learnt['agents']} agents; all of {wrong['agents']} wrong with probability "
                f"{wrong['all_wrong']:.3g}{kappa}."
            )
        return said


RULES: dict[str, tuple[Look, Learner, float, float]] = {  # with the limit of l / n^power, and the power
    "shrinking": (
        Look("in proportion to 1 / (1 + |t|)", style.RED, "D"),
        ShrinkingBudgets(),
        shrinking_growth(1.0, 1.84),
        1 / 3,
    ),
    "uniform": (Look("uniform on [0, 1]", style.GREEN, "s"), UniformBudgets(), budget_growth(1.0, 1.0), 1 / 4),
    "equal": (Look("1 for all", style.BLUE, "o"), SmoothResponse(1.0), 0.0, 0.0),
}


class Budgets(Figure):
    """Log likelihood of the reports where agents have budgets of their own."""

    name = "liu2025herds_budgets"
    title = "Budgets that differ teach the crowd faster, but not at the rate of a square root"
    claim = """The abstract states that the log likelihood can grow like sqrt(n) where agents have budgets of their
    own. With smooth responses it does not: n^(1/4) for uniform budgets, at most n^(1/3) for any
    (`ours.uniform_budgets`, `ours.any_budgets`)."""
    caption = """Mean log likelihood theta l of the reports with 95% intervals, signals of standard deviation sigma = 1,
    by the budgets epsilon of the agents, t the threshold of a decision. Broken lines: the exact limits c n^(1/3) and
    c n^(1/4), nothing fitted; dotted: sqrt(n)."""
    panels, size = 1, (6.0, 4.2)
    tiny = changed(horizon=100, repetitions=8, checkpoints=5)
    paper = changed(horizon=10**6, repetitions=1024)

    horizon: int = setting("agents", 10_000)
    repetitions: int = setting("repetitions", 64)
    checkpoints: int = setting("checkpoints, evenly in the logarithm of the agent", 14)
    seed: int = setting("seed", 2025)

    def data(self) -> Frame:
        """Return a row for each rule and number of agents."""
        rounds = tuple(np.unique(np.geomspace(1, self.horizon, self.checkpoints).round().astype(int)).tolist())
        herd = PrivateHerd(self.horizon)
        found = runs([Cell(herd, rule, self.repetitions, self.seed, rounds) for _, rule, _, _ in RULES.values()])
        tables = []
        for (name, (_, _, limit, power)), run in zip(RULES.items(), found, strict=True):
            row: Row = {"budgets": name, "agents": run.rounds} | kit.run_interval(run, "log_likelihood")
            tables.append(kit.table(row | {"limit": [limit * n**power for n in rounds]}))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw likelihood against the number of agents."""
        (panel,) = axes
        shown = frame.filter(frame["agents"] >= 4)
        for _, look, rows in kit.curves(shown, {name: rule[0] for name, rule in RULES.items()}, "budgets", "agents"):
            kit.curve(panel, rows, "agents", "log_likelihood_{}", look)
            if rows["limit"][0] > 0.0:
                kit.theory_line(panel, rows["agents"], rows["limit"], look.colour)
        n = shown["agents"].unique().sort().to_numpy()
        panel.plot(n, np.sqrt(n), color=style.GREY, linestyle=":", label="$\\sqrt{n}$")
        kit.legend_entry(panel, "limit, same colour")
        kit.log_axes(panel, "agents $n$", "log likelihood of the truth", base=10)
        kit.legend_below(panel, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the last likelihood of each rule, and its limit."""
        said = []
        for name, (look, _, limit, power) in RULES.items():
            row = kit.last(frame.filter(budgets=name).sort("agents"))
            said.append(
                f"Budgets {look.label}: log likelihood {kit.with_interval(row, 'log_likelihood_{}', '.2f')} after "
                f"{row['agents']} agents" + (f", {limit:.3f} n^{power:.3g} = {row['limit']:.2f}." if limit else ".")
            )
        return said
