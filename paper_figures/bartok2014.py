"""Bartok et al. (Mathematics of Operations Research 2014): four classes of finite games."""

from typing import Any

import numpy as np

from bandits.partial import (
    Exp3Signals,
    FiniteGame,
    IndependentOutcomes,
    LabelEfficient,
    PartialMonitoring,
    WaterTransfer,
)
from paper_figures import kit
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, RED, Look
from theory.rates import fit_exponent

PAPER = Paper(
    title="Partial Monitoring: Classification, Regret Bounds, and Algorithms",
    authors="Gábor Bartók, Dean P. Foster, Dávid Pál, Alexander Rakhlin & Csaba Szepesvári",
    venue="Mathematics of Operations Research 39(4), 2014",
    url="https://doi.org/10.1287/moor.2014.0663",
)
LOOKS = {
    "WaterTransfer": Look("water transfer", BLUE, "o"),
    "LabelEfficient": Look("label-efficient weights", ORANGE, "^"),
    "Exp3Signals": Look("EXP3 on signals", RED, "D"),
}
COSTS = (0.5, 1.0)
EXPONENTS = {"easy": 1 / 2, "hard": 2 / 3}


ACTIONS = (BLUE, ORANGE, GREEN, PURPLE)
CORNERS = ((0.0, -0.02, "center"), (1.0, -0.02, "center"), (0.54, np.sqrt(0.75), "left"))


class Cells(Figure):
    """The laws of three outcomes against which each action is best."""

    name = "bartok2014_cells"
    title = "Cells, neighbours and the class of a game"
    claim = """The class of a finite game follows from its neighbours, pairs of actions whose cells share a face: the
    game is easy if the difference of their losses can be told from the signals of the actions between them, and hard if
    it takes the signals of others."""
    caption = """Nothing is simulated. Laws of three outcomes, coloured by the best action. Faces of neighbours:
    solid if they are locally observable, dashed if they are only globally. (a, b) Prediction of one of three
    labels, or a query (action 3) that reveals the label at the cost shown. Up to a cost of 1/2 the query stands
    between all predictions; beyond, predictions meet where only a query, which is worse there, can compare them.
    (c) Dynamic pricing with three prices: prices 0 and 2 are neighbours, but only whether the buyer buys is
    seen."""
    panels, size = 3, (7.2, 6.4)
    tiny = changed(resolution=12)
    paper = changed(resolution=120)

    query_costs: tuple[float, ...] = setting("query costs of the first two games", (0.5, 0.6))
    no_sale: float = setting("cost of no sale in the third game", 2.0)
    resolution: int = setting("points along an edge", 60)

    def data(self) -> Frame:
        """Return the best action at the points of a grid, and the ends of the faces."""
        tables = []
        for title, game in self._games().items():
            found = game.classify()
            columns = {"game": title, "kind": found.kind}
            n = self.resolution
            grid = np.array([(i, j, n - i - j) for i in range(n + 1) for j in range(n + 1 - i)]) / n
            inner = (grid + 0.5 / n) / (1.0 + 1.5 / n)  # off the faces
            best = (inner @ game.losses.T).argmin(axis=1)
            tables.append(kit.table(columns | _points(inner) | {"what": "point", "action": best}))
            for (a, b), local in zip(found.neighbours, found.local, strict=True):
                what = "local face" if local else "global face"
                tables.append(kit.table(columns | _points(_face(game.losses, a, b)) | {"what": what, "action": a}))
        return kit.stack(tables)

    def _games(self) -> dict[str, FiniteGame]:
        """Return the games by their titles."""
        games = {}
        for cost in self.query_costs:
            losses = np.vstack([1.0 - np.eye(3), np.full(3, cost)])
            signals = np.zeros((4, 3))
            signals[3] = np.arange(3)
            games[f"query cost {cost:g}"] = FiniteGame(losses, signals)
        return games | {"dynamic pricing": FiniteGame.pricing(3, self.no_sale)}

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw one triangle per game."""
        titles = []
        for panel, title in zip(axes, kit.values(frame, "game"), strict=True):
            rows = frame.filter(game=title)
            for action, colour in enumerate(ACTIONS):
                points = rows.filter(what="point", action=action)
                if points.height:
                    label = f"action {action}"
                    panel.scatter(points["x"], points["y"], s=14, color=colour, alpha=0.5, linewidths=0, label=label)
            for what, dash in (("local face", "-"), ("global face", "--")):
                ends = rows.filter(what=what)
                for i in range(0, ends.height, 2):
                    label = "" if i else f"{what.removesuffix(' face')}ly observable"
                    panel.plot(ends["x"][i : i + 2], ends["y"][i : i + 2], color=BLACK, linestyle=dash, label=label)
            panel.set_aspect("equal")
            panel.set_axis_off()
            titles.append(f"{title}: {rows['kind'][0]}")
            for outcome, (x, y, side) in enumerate(CORNERS):
                panel.annotate(f"outcome {outcome}", (x, y), ha=side, va="top")
        kit.finish(axes, titles, [])
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the classes and how many pairs of neighbours each game has."""
        sentences = []
        for title in kit.values(frame, "game"):
            rows = frame.filter(game=title)
            local, others = (rows.filter(what=f"{what} face").height // 2 for what in ("local", "global"))
            sentences.append(f"{title}: {rows['kind'][0]}, {local} pairs locally observable, {others} not.")
        return sentences


def _points(laws: Any) -> dict[str, Any]:
    """Return the places in the triangle of laws (n, 3)."""
    return {"x": laws[:, 1] + 0.5 * laws[:, 2], "y": np.sqrt(0.75) * laws[:, 2]}


def _face(losses: Any, a: int, b: int) -> Any:
    """Return the ends (2, 3) of the face between the cells of a and b."""
    from scipy.optimize import linprog

    law, least = np.vstack([losses[a] - losses[b], np.ones(3)]), losses[a] - losses
    along = np.cross(law[0], law[1])
    ends = [linprog(sign * along, least, np.zeros(len(losses)), law, [0.0, 1.0]).x for sign in (1.0, -1.0)]
    return np.array(ends)


class PhaseTransition(Figure):
    """Regret against the horizon in the label-efficient game, at a query cost of 1/2 and of 1."""

    name = "bartok2014_phase_transition"
    title = "The price of a query decides the rate of regret"
    claim = """Label-efficient prediction is easy, with least regret of order sqrt(T), while a query costs at most 1/2,
    and hard, of order T^(2/3), as soon as it costs more: a query that loses as much as a coin flip explores for
    nothing."""
    caption = """Mean regret at the horizon, with pointwise 95% intervals over repetitions, for the hardest of the
    listed gaps: outcome 1 has probability 1/2 + gap, with gap the listed multiple of T^(-1/2) or T^(-1/3). (a) A query
    loses 1/2, the mean of both predictions. (b) A query loses 1; water transfer queries as before, and its regret is
    linear. Every learner is tuned by its theorem for each horizon; dashed: the exponents of the classes."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(horizons=(64, 256, 1024), repetitions=4)
    paper = changed(horizons=(1_000, 10_000, 100_000, 1_000_000), multiples=(0.25, 0.5, 1.0), repetitions=100)

    horizons: tuple[int, ...] = setting("horizons T (rounds)", (500, 5_000, 50_000))
    multiples: tuple[float, ...] = setting("gaps, in multiples of T^(-1/2) and T^(-1/3)", (0.25, 1.0))
    repetitions: int = setting("repetitions", 24)
    seed: int = setting("seed", 2014)

    def data(self) -> Frame:
        """Return the regret of each learner at each cost and horizon, and its exponent."""
        tables = []
        for cost in COSTS:
            game = FiniteGame.label_efficient(cost)
            kind = game.classify().kind
            for learner in (WaterTransfer(), LabelEfficient(), Exp3Signals()):
                hardest = [self._hardest(game, learner, T) for T in self.horizons]
                columns = {"query_cost": cost, "kind": kind, "learner": learner.name, "horizon": self.horizons}
                regrets = kit.interval("regret", np.column_stack(hardest))
                fit = fit_exponent(self.horizons, np.column_stack(hardest))
                tables.append(kit.table(columns | regrets | kit.fitted(fit)))
        return kit.stack(tables)

    def _hardest(self, game: FiniteGame, learner: Any, T: int) -> Any:
        """Return the regrets (repetitions,) at the gap at which their mean is largest."""
        gaps = {min(m * T**power, 0.5) for m in self.multiples for power in (-1 / 2, -1 / 3)}
        cells = [
            final_cell(PartialMonitoring(game, IndependentOutcomes([0.5 - gap, 0.5 + gap]), T), learner, self)
            for gap in sorted(gaps)
        ]
        return max((run.final("regret") for run in runs(cells)), key=np.mean)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret against the horizon, one panel per cost."""
        titles = []
        for panel, cost in zip(axes, COSTS, strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon", query_cost=cost):
                kit.curve(panel, rows, "horizon", "regret_{}", look)
            kind = frame.filter(query_cost=cost)["kind"][0]
            best = {"easy": "WaterTransfer", "hard": "LabelEfficient"}[kind]
            rows = frame.filter(query_cost=cost, learner=best).sort("horizon")
            T = rows["horizon"].to_numpy().astype(float)
            line = 0.6 * rows["regret_mean"][0] * (T / T[0]) ** EXPONENTS[kind]
            words = {"easy": "1/2", "hard": "2/3"}[kind]
            kit.theory_line(panel, T, line, BLACK, f"slope {words}")
            kit.log_axes(panel, "horizon $T$", "regret (loss)", base=10)
            titles.append(f"query cost {cost:g}: {kind}")
        kit.finish(axes, titles)
        kit.share_limits(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the exponents."""
        sentences = []
        for cost in COSTS:
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon", query_cost=cost):
                row = kit.last(rows)
                slope = f"{row['exponent']:.2f} [{row['exponent_low95']:.2f}, {row['exponent_high95']:.2f}]"
                regret = kit.with_interval(row, "regret_{}", ".0f")
                sentences.append(f"{look.label}, query cost {cost:g}: exponent {slope}, {regret} at the last horizon.")
        return sentences
