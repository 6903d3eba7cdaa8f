"""Every learner between its theorems: lower bound, measured regret, upper bound, in one picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bandits.protocol import Learner
from bandits.switching import (
    Bandit,
    BatchedDartboard,
    BudgetedExp3,
    ExtraObservationLearner,
    ExtraObservations,
    FullInformation,
    SwitchingCostGame,
    TotalBudget,
)
from bandits.switching.feedback import Feedback
from paper_figures import style
from paper_figures.cheng2023 import measure, theorems
from paper_figures.cheng2023.horizon import BANDIT, FULL_INFORMATION
from paper_figures.cheng2023.measure import labelled
from paper_figures.cheng2023.source import CHENG
from paper_figures.figure import Figure

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class SandwichSettings:
    """Parameters of the comparison."""

    horizon: int = labelled("horizon T (rounds)", 2**15)
    budget: int = labelled("budget B and B_ex (observations)", 2**13)
    n_actions: int = labelled("actions K", 5)
    switching_cost: float = labelled("switching cost c (loss)", 1.0)
    gaps: tuple[float | None, ...] = labelled("gaps ε (loss per round); None is the theorem's", measure.GAPS)
    repetitions: int = labelled("repetitions", 192)
    pilot: int = labelled("pilot repetitions per gap", 16)
    seed: int = labelled("seed", 2023)


QUICK = SandwichSettings()
PAPER = SandwichSettings(horizon=2**20, budget=2**17, repetitions=512, pilot=32)


def _pairs(budget: int) -> list[tuple[str, Feedback, Learner]]:
    return [
        *(("full information", FullInformation(), learner) for learner in FULL_INFORMATION),
        *(("bandit", Bandit(), learner) for learner in BANDIT),
        ("bandit + extra looks", ExtraObservations(budget), ExtraObservationLearner()),
        ("own looks", TotalBudget(budget, "bandit"), BudgetedExp3()),
        ("flexible looks", TotalBudget(budget, "flexible"), BatchedDartboard()),
        ("full looks", TotalBudget(budget, "full"), BatchedDartboard()),
    ]


def sandwich_data(settings: SandwichSettings) -> "polars.DataFrame":
    """Return for each feedback and learner its regret on two walks with the bounds."""
    import polars

    pairs = _pairs(settings.budget)
    games = [measure.walk_game(settings, settings.horizon, feedback) for _, feedback, _ in pairs]
    requests = [
        measure.Request(game_of, learner, gaps, settings.seed)
        for (_, _, learner), game_of in zip(pairs, games, strict=True)
        for gaps in ((None,), settings.gaps)
    ]
    points = measure.points(requests, settings)
    rows: list[dict[str, Any]] = []
    for place, (title, _, learner) in enumerate(pairs):
        bounds = {"feedback": title} | _bounds(games[place](None), learner)
        for walk, point in zip(("theorem's", "worst"), points[2 * place : 2 * place + 2], strict=True):
            rows.append({"walk": walk} | point.row | bounds)
    return polars.DataFrame(rows, infer_schema_length=None)


def _bounds(game: SwitchingCostGame, learner: Learner) -> dict[str, Any]:
    above, below = theorems.upper(game, learner), theorems.lower(game, learner)
    return {
        "regret_lower_bound_loss": below.value,
        "lower_bound_name": below.name,
        "regret_upper_bound_loss": above.value,
        "upper_bound_name": above.name,
    }


def draw_sandwich(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw a line a learner from its lower to its upper bound, with the measured regret between them."""
    panel = axes[0]
    pairs = frame.select("feedback", "learner").unique(maintain_order=True).rows()
    labels = []
    for place, (feedback, name) in enumerate(pairs):
        part = frame.filter((frame["feedback"] == feedback) & (frame["learner"] == name))
        look, first = style.LEARNERS[name], part.row(0, named=True)
        lower, upper = first["regret_lower_bound_loss"], first["regret_upper_bound_loss"]
        known = [value for value in (lower, upper, *part["regret_mean_loss"]) if value == value]
        panel.plot([min(known), max(known)], [place, place], color=style.GREY, linewidth=0.9, zorder=1)
        panel.plot([lower], [place], color=style.BLACK, marker=">", linestyle="none", markersize=5)
        panel.plot([upper], [place], color=style.BLACK, marker="<", linestyle="none", markersize=5)
        for row in part.iter_rows(named=True):
            mean = row["regret_mean_loss"]
            error = [[mean - row["regret_low95_loss"]], [row["regret_high95_loss"] - mean]]
            filled = look.colour if row["walk"] == "worst" else "white"
            panel.errorbar(mean, place, xerr=error, color=look.colour, marker="o", markerfacecolor=filled, capsize=2)
        labels.append(f"{look.label}\n({feedback})")
    panel.grid(visible=False, axis="y")
    panel.set_yticks(range(len(pairs)), labels)
    panel.set_ylim(len(pairs) - 0.5, -0.5)
    panel.set(xscale="log", xlabel="regret (loss, switches included)")
    for marker, fill, text in (
        (">", style.BLACK, "lower bound"),
        ("o", "white", "measured, theorem's walk"),
        ("o", style.BLACK, "measured, worst gap"),
        ("<", style.BLACK, "upper bound"),
    ):
        panel.plot([], [], color=style.BLACK, marker=marker, markerfacecolor=fill, linestyle="none", label=text)
    panel.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, borderaxespad=0.3, columnspacing=1.0)


def sandwich_findings(frame: "polars.DataFrame") -> list[str]:
    """Return how close each learner's worst regret comes to its upper bound."""
    sentences = []
    for row in frame.filter(frame["walk"] == "worst").iter_rows(named=True):
        upper, mean = row["regret_upper_bound_loss"], row["regret_mean_loss"]
        if upper == upper:
            label = style.LEARNERS[row["learner"]].label
            sentences.append(f"{label} ({row['feedback']}): regret {mean:.0f}, {mean / upper:.2f} of its upper bound.")
    return sentences


SANDWICH = Figure(
    name="cheng2023_bounds",
    title="Every learner between its lower and its upper bound",
    paper=CHENG,
    claim="Lower bound of Dekel, Ding, Koren & Peres (2014) and of its relatives; each learner's own upper bound.",
    caption="Mean regret, switches included, at the horizon. Open marks: on the walk with the gap of the lower "
    "bound's proof, on which every learner with that feedback must exceed it. Full marks: on the walk with "
    "the worst of the listed gaps, chosen for each learner in a pilot run with other repetitions. Triangles: "
    "the tightest theorem with true constants that applies; none is drawn where only a rate is known.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=sandwich_data,
    paint=draw_sandwich,
    findings=sandwich_findings,
    size=(7.6, 5.2),
)
