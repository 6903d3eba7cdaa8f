"""Dueling bandits: regret against the number of duels, where one action is best and where none is."""

from typing import Any

import numpy as np

from bandits.preference import RUCB, DoubleThompsonSampling, DuelingBandit, SparringExp3, VersatileDB, games
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, Run

PAPER = Paper(
    title="Versatile Dueling Bandits: Best-of-both World Analyses for Learning from Relative Preferences",
    authors="Aadirupa Saha and Pierre Gaillard",
    venue="ICML 2022, arXiv:2202.06694",
    url="https://arxiv.org/abs/2202.06694",
)

LOOKS = {
    "SparringExp3": Look("sparring EXP3", style.PURPLE, "P"),
    "VersatileDB": Look("Versatile-DB", style.ORANGE, "s"),
    "RUCB": Look("RUCB", style.GREEN, "o"),
    "DoubleThompsonSampling": Look("double Thompson sampling", style.BLUE, "D"),
}
THEOREMS = {"SparringExp3": "ailon2014.sparring_exp3", "VersatileDB": "saha2022.versatile_db"}
METRICS = {"regret": "regret", "gap": "average_gap0"}


class Duels(Figure):
    """Mean regrets and gaps with 95% intervals at each checkpoint, and what is guaranteed in every game."""

    name = "dueling_regret"
    title = "Dueling bandits: learners of a best action, and learners of the game"
    claim = """Versatile-DB has regret of order sqrt(K T) in every game and of order log T where one action beats all;
    RUCB and double Thompson sampling have log T there, and promise nothing against a von Neumann winner elsewhere."""
    caption = """Means over repetitions, pointwise 95% intervals (Student's t, cut below half the mean). (a) P[i, j] =
    1/2 + (j - i) / (2 K): regret against the best action, half of what it would win of both sides of each duel beyond
    even. (b) Three actions that beat each other in a cycle: there every action is as good as the von Neumann winner
    against the mixture of the winner, so regret is zero for all play, and the gap of the frequencies of play, both
    sides together, shows who has found the mixture. Broken: the bounds of sparring EXP3, whose step is tuned to the
    last number of duels, and of Versatile-DB; in (b) twice that per duel, a bound on the gap of the expected
    frequencies."""
    panels, size = 2, (7.2, 4.8)
    tiny = changed(horizon=64, repetitions=4)
    paper = changed(horizon=2**18, repetitions=64)

    horizon: int = setting("duels", 2**14)
    n_actions: int = setting("actions of the ranking", 10)
    strengths: tuple[float, float, float] = setting("advantages P - 1/2 along the cycle", (0.3, 0.1, 0.2))
    repetitions: int = setting("repetitions", 16)
    seed: int = setting("seed", 2022)

    def data(self) -> Frame:
        """Return one row per game, learner and checkpoint."""
        preferences = {
            "ranking": games.arithmetic(self.n_actions),
            "cycle": games.biased_rock_paper_scissors(*self.strengths),
        }
        learners = (SparringExp3(), VersatileDB(), RUCB(), DoubleThompsonSampling())
        pairs = [(name, learner) for name in preferences for learner in learners]
        problems = {name: DuelingBandit(matrix, self.horizon) for name, matrix in preferences.items()}
        found = runs([Cell(problems[name], learner, self.repetitions, self.seed) for name, learner in pairs])
        return kit.stack([_along(name, run) for (name, _), run in zip(pairs, found, strict=True)])

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regrets on the ranking, gaps on the cycle."""
        for panel, instance, what in zip(axes, ("ranking", "cycle"), METRICS, strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "duels", instance=instance):
                y = kit.positive(kit.measured(rows, what + "_{}"))
                kit.band(panel, rows["duels"], y, look, markevery=4, markersize=4.5)
                kit.theory_line(panel, rows["duels"], rows[f"{what}_guaranteed"], look.colour)
            kind = "guaranteed" if what == "regret" else "bound for the mean play"
            kit.legend_entry(panel, f"{kind}, same colour")
        kit.log_axes(axes[0], "duels $T$", "regret against the best action")
        kit.log_axes(axes[1], "duels $T$", "gap of the frequencies of play")
        axes[1].set_ylim(top=1.0)  # no gap is larger
        kit.finish(axes, ["a ranking: one action beats all", "a cycle: no action does"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the regrets at the end and their growth over the last two octaves."""
        sentences = []
        for instance, what in zip(("ranking", "cycle"), METRICS, strict=True):
            for name, look, rows in kit.curves(frame, LOOKS, "learner", "duels", instance=instance):
                last = kit.last(rows)
                before = kit.last(rows.filter(rows["duels"] <= last["duels"] / 4))
                growth = np.log(last[f"{what}_mean"] / before[f"{what}_mean"])
                slope = growth / np.log(last["duels"] / before["duels"])
                text = f"{instance}, {look.label}: {what} {kit.with_interval(last, what + '_{}', '.3g')} after "
                text += f"{last['duels']} duels, growing like T^{slope:.2f} at the end"
                if name in THEOREMS and what == "regret":
                    text += f"; guaranteed {last['regret_guaranteed']:.3g}"
                sentences.append(text + ".")
        return sentences


def _along(instance: str, run: Run) -> Frame:
    """Return the table of a learner; what is guaranteed is nan for learners of a best action."""
    columns: Row = {"instance": instance, "learner": run.learner.name, "duels": run.rounds}
    for what, metric in METRICS.items():
        columns |= kit.run_interval(run, metric, what)
    guaranteed = _guaranteed(run)
    columns |= {"repetitions": run.repetitions, "regret_guaranteed": guaranteed}
    return kit.table(columns | {"gap_guaranteed": 2.0 * guaranteed / run.rounds})


def _guaranteed(run: Run) -> Any:
    """Return the bound of the theorem at each number of duels; the step of EXP3 is that of the whole horizon."""
    problem: Any = run.problem
    learner: Any = run.learner
    if learner.name not in THEOREMS:
        return np.full(len(run.rounds), np.nan)
    if isinstance(learner, SparringExp3):
        learner = SparringExp3(learner.parameters(problem).learning_rate)
    return np.array(kit.bound_along(THEOREMS[learner.name], run, learner))
