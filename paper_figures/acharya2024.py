"""Acharya et al. (ICLR 2024): regret of every group, where groups overlap."""

from typing import Any

import numpy as np

from bandits.convex import (
    GroupedPeople,
    GroupedPrediction,
    OneForAll,
    OnePerIntersection,
    SleepingGroups,
    compas_groups,
    german_credit_groups,
    synthetic_groups,
)
from paper_figures import kit
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import BLUE, GREY, ORANGE, RED, Look

PAPER = Paper(
    title="Oracle Efficient Algorithms for Groupwise Regret",
    authors="Krishna Acharya, Eshwar Ram Arunachaleswaran, Sampath Kannan, Aaron Roth & Juba Ziani",
    venue="ICLR 2024",
    url="https://arxiv.org/abs/2310.04652",
)
LOOKS = {
    "SleepingGroups": Look("master over the groups", BLUE, "o"),
    "OneForAll": Look("one for all", ORANGE, "^"),
    "OnePerIntersection": Look("one per intersection", RED, "s"),
    "own": Look("the group's own, on its rounds", GREY, "D"),
}
TABLES = {"synthetic": synthetic_groups, "German Credit": german_credit_groups, "COMPAS": compas_groups}


class Groups(Figure):
    """Regret of each group on drawn individuals, German Credit and COMPAS."""

    name = "acharya2024_groups"
    title = "Regret of every group"
    claim = """AdaNormalHedge over one base learner per group has, for every group at once, the regret of the group's
    own base learner and of order sqrt(T_g ln G) more; one learner for all has no such guarantee."""
    caption = """Mean squared-loss regret of each group against its own best ridge regression in hindsight, over
    shuffled orders, with 95% intervals; below 0 where others' data help. The size of the group is in brackets. (a)
    Drawn individuals with three attributes. (b, c) Tables of the package; the paper's own data sets (Adult, medical
    costs) are not shipped."""
    panels, size = 3, (7.2, 7.4)
    tiny = changed(people=200, rounds=200, repetitions=3)
    paper = changed(people=10_000, rounds=7214, repetitions=100)

    people: int = setting("drawn individuals", 2000)
    rounds: int = setting("individuals per order, at most", 7214)
    ridge: float = setting("lambda of the regressions", 0.01)
    repetitions: int = setting("orders", 6)
    seed: int = setting("seed", 2024)

    def data(self) -> Frame:
        """Return the regret of each group under each learner."""
        rows = []
        for title, make in TABLES.items():
            people = make(self.people) if title == "synthetic" else make()  # type: ignore[operator]
            cells = [
                final_cell(self._game(people), learner, self)
                for learner in (SleepingGroups(), OneForAll(), OnePerIntersection())
            ]
            cells += [final_cell(self._game(people.members(g)), OneForAll(), self) for g in range(len(people.names))]
            found = runs(cells)
            for run in found[:3]:
                for g, name in enumerate(people.names):
                    rows.append(self._row(title, run, run.learner.name, name, g, people))
            for g, name in enumerate(people.names):
                rows.append(self._row(title, found[3 + g], "own", name, 0, people, g))
        return kit.table(rows)

    def _game(self, people: GroupedPeople) -> GroupedPrediction:
        return GroupedPrediction(people, min(self.rounds, len(people.labels)), self.ridge)

    def _row(
        self, title: str, run: Any, learner: str, group: str, metric: int, people: GroupedPeople, place: int = -1
    ) -> dict[str, Any]:
        size = int(people.groups[:, metric if place < 0 else place].sum())
        columns = {"table": title, "learner": learner, "group": group, "members": size}
        return columns | kit.interval("regret", run.final(f"group_regret_{metric}"))

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regrets as points, one line per group."""
        for panel, title in zip(axes, TABLES, strict=True):
            part = frame.filter(table=title)
            names = kit.values(part, "group")
            for k, (learner, look) in enumerate(LOOKS.items()):
                rows = part.filter(learner=learner)
                y = np.array([names.index(name) for name in rows["group"]]) + 0.16 * (k - 1.5)
                middle, low, high = kit.measured(rows, "regret_{}")
                panel.errorbar(
                    middle,
                    y,
                    xerr=(middle - low, high - middle),
                    fmt=look.marker,
                    color=look.colour,
                    markersize=3.5,
                    linewidth=1.0,
                    label=look.label,
                )
            sizes = [part.filter(group=name)["members"][0] for name in names]
            panel.set_yticks(range(len(names)), [f"{name} ({n})" for name, n in zip(names, sizes, strict=True)])
            panel.invert_yaxis()
            panel.set_xlabel("regret (squared loss)")
        kit.finish(axes, list(TABLES), [])
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return each learner's group of largest regret."""
        sentences = []
        for title in TABLES:
            for learner, look, rows in kit.curves(frame, LOOKS, "learner", "regret_mean", table=title):
                if learner != "own":
                    row = kit.last(rows)
                    regret = kit.with_interval(row, "regret_{}", ".1f")
                    sentences.append(f"{title}, {look.label}: largest regret {regret}, of the group {row['group']}.")
        return sentences
