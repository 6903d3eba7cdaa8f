"""Every learner between its theorems: lower bound, measured regret, upper bound, in one picture."""

from bandits.protocol import Learner
from bandits.switching import BatchedDartboard, BudgetedExp3, ExtraObservationLearner, SwitchingCostGame
from bandits.switching.feedback import Bandit, ExtraObservations, Feedback, FullInformation, TotalBudget
from paper_figures import kit, style
from paper_figures.cheng2023 import LEARNERS, measure, theorems
from paper_figures.cheng2023.horizon import BANDIT, FULL_INFORMATION
from paper_figures.kit import Axes, Figure, Frame, Panels, Row, changed, setting

_BAR: Row = {"marker": "|", "linestyle": "none", "markersize": 12.0, "markeredgewidth": 2.2}
_LOWER, _UPPER = {**_BAR, "color": style.ORANGE}, {**_BAR, "color": style.BLACK}
_MEASURED: dict[str, Row] = {
    "theorem's": {
        "color": style.BLUE,
        "marker": "o",
        "linestyle": "none",
        "markerfacecolor": "white",
        "markersize": 8.0,
    },
    "worst": {"color": style.BLUE, "marker": "D", "linestyle": "none", "markersize": 4.5},
}


class Bounds(Figure):
    """Regret of each learner under each feedback on two walks, with the bounds that apply."""

    name = "cheng2023_bounds"
    title = "Every learner between its lower and its upper bound"
    claim = "Lower bound of Dekel, Ding, Koren & Peres (2014) and its relatives; the upper bound of each learner."
    caption = """Mean regret, switches included, at the horizon. Circles: on the walk of the lower bound's proof, on
    which every learner with that feedback must exceed it. Diamonds: on the walk with the worst of the listed gaps,
    chosen for each learner in a pilot run with other repetitions. Bars: the tightest theorem with true constants
    that applies; none is drawn where only a rate is known."""
    size = (7.2, 5.2)
    tiny = changed(horizon=128, budget=32, gaps=(None, 0.3), repetitions=48, pilot=4, n_actions=3)
    paper = changed(horizon=2**20, budget=2**17, repetitions=512, pilot=32)

    horizon: int = setting("horizon T (rounds)", 2**15)
    budget: int = setting("budget B and B_ex (observations)", 2**13)
    n_actions: int = setting("actions K", 5)
    switching_cost: float = setting("switching cost c (loss)", 1.0)
    gaps: tuple[float | None, ...] = setting("gaps ε (loss per round); None is the theorem's", measure.GAPS)
    repetitions: int = setting("repetitions", 96)
    pilot: int = setting("pilot repetitions per gap", 16)
    seed: int = setting("seed", 2023)

    def _pairs(self) -> list[tuple[str, Feedback, Learner]]:
        return [
            *(("full information", FullInformation(), learner) for learner in FULL_INFORMATION),
            *(("bandit", Bandit(), learner) for learner in BANDIT),
            ("bandit + extra observations", ExtraObservations(self.budget), ExtraObservationLearner()),
            ("own observations", TotalBudget(self.budget, "bandit"), BudgetedExp3()),
            ("flexible observations", TotalBudget(self.budget, "flexible"), BatchedDartboard()),
            ("observations of all actions", TotalBudget(self.budget, "full"), BatchedDartboard()),
        ]

    def data(self) -> Frame:
        """Return for each feedback and learner its regret on two walks with the bounds."""
        pairs = self._pairs()
        games = [measure.walk_game(self, self.horizon, feedback) for _, feedback, _ in pairs]
        requests = [
            measure.Request(game_of, learner, gaps, self.seed)
            for (_, _, learner), game_of in zip(pairs, games, strict=True)
            for gaps in ((None,), self.gaps)
        ]
        points = measure.points(requests, self)
        rows = []
        for place, (title, _, learner) in enumerate(pairs):
            bounds = {"feedback": title} | _bounds(games[place](None), learner)
            for walk, point in zip(("theorem's", "worst"), points[2 * place : 2 * place + 2], strict=True):
                rows.append({"walk": walk} | point.row | bounds)
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw one line per learner from its lower to its upper bound, with the measured regret between them."""
        panel = axes[0]
        pairs = frame.select("feedback", "learner").unique(maintain_order=True).rows()
        for place, (feedback, name) in enumerate(pairs):
            _draw_learner(panel, place, frame.filter(feedback=feedback, learner=name))
        panel.grid(visible=False, axis="y")
        labels = [f"{LEARNERS[name].label}\n({feedback})" for feedback, name in pairs]
        panel.set_yticks(range(len(pairs)), labels)
        panel.set_ylim(len(pairs) - 0.5, -0.5)
        panel.set(xscale="log", xlabel="regret (loss, switches included)")
        for mark, text in ((_LOWER, "lower bound"), (_UPPER, "upper bound")):
            kit.legend_entry(panel, text, **mark)
        for walk, text in (("theorem's", "measured, theorem's walk"), ("worst", "measured, worst gap")):
            kit.legend_entry(panel, text, **_MEASURED[walk])
        kit.shared_legend(axes, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return how close each learner's worst regret comes to its upper bound."""
        worst = frame.filter(frame["regret_upper_bound_loss"].is_not_nan(), walk="worst")
        text = "{0} ({feedback}): regret {regret_mean_loss:.0f}, {1:.2f} of its upper bound."
        return [
            text.format(LEARNERS[row["learner"]].label, row["regret_mean_loss"] / row["regret_upper_bound_loss"], **row)
            for row in worst.iter_rows(named=True)
        ]


def _bounds(game: SwitchingCostGame, learner: Learner) -> Row:
    above, below = theorems.upper(game, learner), theorems.lower(game, learner)
    lower = {"regret_lower_bound_loss": below.value, "lower_bound_name": below.name}
    return lower | {"regret_upper_bound_loss": above.value, "upper_bound_name": above.name}


def _draw_learner(panel: Axes, place: int, part: Frame) -> None:
    row = kit.first(part)
    lower, upper = row["regret_lower_bound_loss"], row["regret_upper_bound_loss"]
    known = [value for value in (lower, upper, *part["regret_mean_loss"]) if value == value]
    panel.hlines(place, min(known), max(known), color=style.GREY, linewidth=0.9, zorder=1)
    for value, mark in ((lower, _LOWER), (upper, _UPPER)):
        panel.plot([value], [place], **mark)
    for row in part.iter_rows(named=True):
        mean = row["regret_mean_loss"]
        error = [[mean - row["regret_low95_loss"]], [row["regret_high95_loss"] - mean]]
        panel.errorbar(mean, place, xerr=error, capsize=2, **_MEASURED[row["walk"]])
