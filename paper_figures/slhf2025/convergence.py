"""Gradient play of leader and follower: exact, at three ratios of their steps, and from answers."""

from typing import Any

import numpy as np

from bandits.preference import Comparisons, NoisyRow, StackelbergGame, StackelbergGDA, StackelbergMatch
from paper_figures import kit, style
from paper_figures.kit import Axes, Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, Run

_PREFERENCES = ((0.5, 0.8, 0.3), (0.2, 0.5, 0.7), (0.7, 0.3, 0.5))
_SMALLEST = 1e-13  # gaps below this are rounding
_LEVEL = 1e-6  # of the findings
_RATIOS = ((style.RED, "D"), (style.BLUE, "o"), (style.GREEN, "s"), (style.BLACK, "^"))
_FEEDBACK = {
    "NoisyRow": Look("k answers per entry and round", style.BLUE, "o"),
    "Comparisons": Look("uniform pairs", style.ORANGE, "s"),
}


class Convergence(Figure):
    """Panel "exact" (gaps and what is guaranteed of them) and panel "answers" (mean gaps with intervals)."""

    name = "slhf2025_convergence"
    title = "Leader and follower by gradients: any ratio of the steps converges, a fast follower sooner"
    claim = """Gradient play of leader and follower finds the only Stackelberg solution of the regularized game; the
    follower should move faster (κ = 5 did best in the paper)."""
    caption = """A cycle of three actions, mirror steps from the references, gaps to the closed-form solution. (a) Gap
    of the policy of the leader, max F - F(policy), for three ratios κ and for a follower that gives its best response
    in every round; broken: the bounds derived here. (b) Gap of the replies of the follower. (c) Steps that fall like 1
    / t, from single Bernoulli answers: mean gaps with pointwise 95% intervals (Student's t), leader solid, follower
    dotted; broken: the guarantee for the mean gap of the follower. Gaps below 1e-13 are not drawn."""
    panels, size = 3, (7.2, 6.4)
    tiny = changed(ratios=(5.0,), rounds=16, feedbacks=("Comparisons",), noisy_rounds=8, repetitions=4)
    paper = changed(noisy_rounds=65_536, repetitions=256)

    ratios: tuple[float, ...] = setting("ratios κ of the step of the follower to that of the leader", (1.0, 5.0, 10.0))
    leader_rate: float = setting("step of the leader", 1.0)
    leader_weight: float = setting("weight of the reference of the leader", 0.2)
    follower_weight: float = setting("weight of the reference of the follower", 0.02)
    reference: tuple[float, ...] = setting("reference of both, the start", (0.5, 0.3, 0.2))
    rounds: int = setting("rounds with exact preferences", 256)
    feedbacks: tuple[str, ...] = setting("feedback of panel (c)", ("NoisyRow", "Comparisons"))
    samples: int = setting("k", 2)
    noisy_rounds: int = setting("rounds from answers", 1024)
    repetitions: int = setting("repetitions from answers", 64)
    seed: int = setting("seed of the answers", 2512)

    def data(self) -> Frame:
        """Return one row per follower and checkpoint, then one per feedback and checkpoint."""
        game = StackelbergGame(_PREFERENCES, self.leader_weight, self.follower_weight, self.reference)
        exact = StackelbergMatch(game, self.rounds)
        learners = [StackelbergGDA(self.leader_rate, ratio) for ratio in self.ratios]
        learners.append(StackelbergGDA(self.leader_rate, follower="best response"))
        pairs = self.samples * game.start.log_follower.size
        feedbacks: dict[str, NoisyRow | Comparisons] = {
            "NoisyRow": NoisyRow(self.samples, True),
            "Comparisons": Comparisons(pairs),
        }
        answers = [StackelbergMatch(game, self.noisy_rounds, feedbacks[name]) for name in self.feedbacks]
        cells = [Cell(exact, learner) for learner in learners]
        cells += [Cell(match, StackelbergGDA(), self.repetitions, self.seed) for match in answers]
        played, count = runs(cells), len(learners)
        return kit.stack([*map(_exact, played[:count]), *(_answers(run, pairs) for run in played[count:])])

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw both gaps with exact preferences, then both from answers."""
        exact = frame.filter(panel="exact")
        for panel, gap in zip(axes, ("leader_gap", "follower_gap"), strict=False):
            _draw_exact(panel, exact, gap)
        for _, look, rows in kit.curves(frame, _FEEDBACK, "feedback", "answers", panel="answers"):
            for gap, dash in (("leader_gap", "-"), ("follower_gap", ":")):
                mean, low, high = kit.measured(rows, gap + "_{}")
                y, label = (mean, np.maximum(low, 0.2 * mean), high), f"{look.label}: {gap.replace('_gap', '')}"
                line: Row = {"linestyle": dash, "markevery": 4, "markersize": 4.5}
                kit.band(axes[2], rows["answers"], y, look, label, **line)
            kit.theory_line(axes[2], rows["answers"], rows["follower_guaranteed"], look.colour)
        kit.log_axes(axes[2], "answers (one bit each)", "gaps", base=10)
        for panel in axes:
            kit.legend_entry(panel)
        kit.finish(axes, ["exact: the leader", "exact: the follower", "from answers"], legends=(0, 1), columns=2)
        kit.legend_below(axes[2])

    def findings(self, frame: Frame) -> list[str]:
        """Return how many rounds each ratio needs, and the gaps at the end of play from answers."""
        exact, sentences = frame.filter(panel="exact"), []
        for name in kit.values(exact, "follower"):
            rows = exact.filter(follower=name).sort("round")
            measured, guaranteed = (_first_below(rows, column) for column in ("leader_gap", "leader_guaranteed"))
            text = f"the gap of the leader is below {_LEVEL:g} after {measured} rounds, guaranteed {guaranteed}"
            sentences.append(f"{name}: {text}.")
        text = "{0}: after {answers:.3g} answers the mean gap of the leader is {leader_gap_mean:.2g}, of the follower "
        text += "{follower_gap_mean:.2g}, guaranteed {follower_guaranteed:.2g}."
        for _, look, rows in kit.curves(frame, _FEEDBACK, "feedback", "answers"):
            if rows.height > 1:
                sentences.append(text.format(look.label, **kit.last(rows)))
        return sentences


def _exact(run: Run) -> Frame:
    learner: Any = run.learner
    answered = learner.follower == "best response"
    theorem = "slhf2025.best_response" if answered else "slhf2025.leader_gap"
    columns: Row = {
        "panel": "exact",
        "follower": "best response" if answered else f"κ = {learner.ratio:g}",
        "round": run.rounds,
        "leader_gap": run.mean("leader_gap"),
        "leader_guaranteed": kit.bound_along(theorem, run),
        "follower_gap": run.mean("follower_gap"),
        "follower_guaranteed": None if answered else kit.bound_along("slhf2025.follower_gap", run),
    }
    return kit.table(columns)


def _answers(run: Run, pairs: int) -> Frame:
    kind = type(run.problem.feedback).__name__  # type: ignore[attr-defined]
    columns: Row = {"panel": "answers", "feedback": kind, "answers": run.rounds * pairs}
    columns |= kit.run_interval(run, "leader_gap") | kit.run_interval(run, "follower_gap")
    theorem = "slhf2025.follower_bits" if kind == "NoisyRow" else "slhf2025.follower_pairs"
    return kit.table(columns | {"follower_guaranteed": kit.bound_along(theorem, run)})


def _draw_exact(panel: Axes, exact: Frame, gap: str) -> None:
    for (colour, marker), name in zip(_RATIOS, kit.values(exact, "follower"), strict=False):
        if (name, gap) == ("best response", "follower_gap"):
            continue
        rows = exact.filter(exact[gap] > _SMALLEST, follower=name).sort("round")
        kit.marked(panel, rows["round"], rows[gap], Look(name, colour, marker), markersize=4.5, markevery=2)
        kit.theory_line(panel, rows["round"], rows[gap.replace("gap", "guaranteed")], colour)
    panel.set(xlabel="rounds", ylabel=f"gap of the {gap.replace('_gap', '')}", yscale="log", ylim=(_SMALLEST, 10.0))


def _first_below(rows: Frame, column: str) -> str:
    """Return the first checkpoint at which a column is below the level, in words where there is none."""
    reached = rows.filter(rows[column] < _LEVEL)["round"]
    return str(reached[0]) if len(reached) else f"more than {rows['round'].max()}"
