"""Error against unfairness as the price of a reported gap grows, between the benchmarks that know the labels' law."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bandits.one_sided import Exp2OneSided, FullInformationExp2, FullLabels, three_points
from bandits.protocol import Learner
from paper_figures import style
from paper_figures.bechavod2022.source import BECHAVOD, labelled
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

FEEDBACK = {
    "one-sided": Look("labels of the accepted", style.BLUE, "o"),
    "full": Look("all labels", style.BLACK, "s"),
}


@dataclass(frozen=True)
class FrontierSettings:
    """Parameters of the figure."""

    horizon: int = labelled("horizon T (rounds)", 2**15)
    prices: tuple[float, ...] = labelled("prices C", (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0))
    tolerance: float = labelled("tolerance (and slack ε)", 0.2)
    repetitions: int = labelled("repetitions", 16)
    seed: int = labelled("seed", 2022)


QUICK = FrontierSettings()
LONG = FrontierSettings(horizon=2**20, repetitions=32)


def data(settings: FrontierSettings) -> "polars.DataFrame":
    """Return errors and violations a round for every price and feedback, and the benchmarks' errors."""
    import polars

    game = three_points(settings.horizon, settings.tolerance)
    shares = game.people.expected(settings.horizon)
    k = game.individuals
    benchmarks = {
        "strict_errors": k * game.benchmarks[0].error,
        "lenient_errors": k * game.benchmarks[2].error,
        "unconstrained_errors": k * float((shares[1].sum() + (shares[0] - shares[1]) @ game.table).min()),
    }
    rows: list[dict[str, Any]] = []
    for feedback in FEEDBACK:
        kind = FullInformationExp2 if feedback == "full" else Exp2OneSided
        problem = replace(game, feedback=FullLabels()) if feedback == "full" else game
        learners: list[tuple[float | None, Learner]] = [(C, kind(price=C)) for C in settings.prices]
        learners.append((None, kind()))
        cells = [Cell(problem, x, settings.repetitions, settings.seed, (settings.horizon,)) for _, x in learners]
        for (price, learner), run in zip(learners, runs(cells), strict=True):
            row: dict[str, Any] = {"feedback": feedback, "tuning": "self-bounding" if price is None else "fixed price"}
            row |= {"price": learner.parameters(problem).price if price is None else price}
            for name, metric in (("errors", "error"), ("violations", "violations")):
                low, high = run.interval(metric)
                ends = (run.mean(metric)[0], low[0], high[0])
                row |= {
                    f"{name}_{end}": float(v) / settings.horizon for end, v in zip(("mean", "low95", "high95"), ends)
                }
            rows.append(row | benchmarks)
    return polars.DataFrame(rows)


def draw(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw errors against violations, a line a feedback, and the benchmarks as levels."""
    panel = axes[0]
    for name, look in FEEDBACK.items():
        curve = frame.filter((frame["feedback"] == name) & (frame["tuning"] == "fixed price")).sort("price")
        label, colour = look.label, look.colour
        x, y = curve["violations_mean"], curve["errors_mean"]
        panel.plot(x, y, color=colour, marker=look.marker, markeredgecolor="white", label=f"{label}, fixed price")
        if name == "one-sided":
            for row in curve.filter(curve["price"].is_in([0.0, 1.0, 2.0, 8.0, 32.0])).iter_rows(named=True):
                below = row["price"] < 1.0
                panel.annotate(
                    f"C = {row['price']:g}",
                    (row["violations_mean"], row["errors_mean"]),
                    xytext=(-38, -4) if below else (6, 5),
                    textcoords="offset points",
                    fontsize=7.5,
                )
        own = frame.filter((frame["feedback"] == name) & (frame["tuning"] == "self-bounding"))
        x, y, inside = own["violations_mean"], own["errors_mean"], "none" if name == "full" else colour
        panel.plot(
            x, y, "*", color=colour, markerfacecolor=inside, markersize=12, label=f"{label}, self-bounding price"
        )
    levels = (
        ("strict_errors", "best fair policy, strict", "-."),
        ("lenient_errors", "best fair policy, lenient", "--"),
    )
    for column, label, dash in (*levels, ("unconstrained_errors", "best policy", ":")):
        panel.axhline(frame[column][0], color=style.GREY, linestyle=dash, linewidth=1.0, label=label)
    panel.set(xlabel="share of rounds with a violation", ylabel="errors a round")
    panel.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0)


def sentences(frame: "polars.DataFrame") -> list[str]:
    """Return what the ends of each line and the self-bounding prices come to."""
    found = []
    for name, look in FEEDBACK.items():
        part = frame.filter(frame["feedback"] == name).sort("price")
        for row in part.iter_rows(named=True):
            if row["tuning"] == "self-bounding" or row["price"] in (part["price"].min(), part["price"].max()):
                found.append(
                    f"{look.label}, C = {row['price']:.3g} ({row['tuning']}): {row['errors_mean']:.3f} errors and "
                    f"{row['violations_mean']:.4f} violations a round."
                )
    return found


FRONTIER = Figure(
    name="bechavod2022_frontier",
    title="Errors against unfairness as the price of a reported gap grows",
    paper=BECHAVOD,
    claim="Theorem 3.1 and Lemma 3.3: a price C for reported gaps trades error regret, which grows like k + 2 C, for "
    "violations, which fall like 1 / (C ε).",
    caption="World A (three kinds of people, four stumps, two arrivals a round, one auditor), exponential weights with "
    "one-sided feedback and with all labels. Each point is a mean over repetitions; the rate is tuned for each price. "
    "Stars: the self-bounding prices. Levels: expected errors of the best policy that is fair at the tolerance less "
    "the slack (strict), at the tolerance (lenient), and of the best policy of all. Theory compares with the strict "
    "one.",
    settings={"quick": QUICK, "paper": LONG},
    compute=data,
    paint=draw,
    findings=sentences,
    size=(8.2, 3.8),
)
