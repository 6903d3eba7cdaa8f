"""What is learned: who is accepted with which probability as time goes by, and the distances that bound the gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandits.one_sided import Crowd, Exp2OneSided, Lending, Listed, OneSidedGame, Panels, lending, lending_panels
from paper_figures import style
from paper_figures.bechavod2022.source import BECHAVOD, labelled
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from sims import Cell

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

GROUPS = {0: (style.BLUE, "o", "score fair"), 1: (style.RED, "D", "score too low")}
POLICIES = {"strict": ("-.", "best fair policy, strict"), "lenient": ("--", "best fair policy, lenient")}


@dataclass(frozen=True)
class PolicySettings:
    """Parameters of the figure."""

    ends: tuple[int, ...] = labelled("rounds at which the windows end, the last one the horizon T", (256, 4096, 65536))
    starts: tuple[int, ...] = labelled("rounds after which they start", (0, 2048, 49152))
    n_people: int = labelled("people", 40)
    votes: int = labelled("votes s of 5 for a report", 3)
    individuals: int = labelled("arrivals a round k", 4)
    tolerance: float = labelled("tolerance (and slack ε)", 0.2)
    repetitions: int = labelled("repetitions", 16)
    seed: int = labelled("seed", 2020)

    @cached_property
    def game(self) -> OneSidedGame:
        """Return world B with every person a group of their own, so that acceptances are counted person by person."""
        people = Lending(n_people=self.n_people)
        market = lending(1, people)
        predictions = market.table[market.hypotheses.cells(people)].T
        crowd = Crowd(people.features, people.law.chance[0], groups=np.arange(self.n_people))
        panels = Panels(lending_panels(self.votes))
        return OneSidedGame(crowd, Listed(predictions), panels, self.ends[-1], self.individuals, self.tolerance)


QUICK = PolicySettings()
LONG = PolicySettings(ends=(256, 4096, 2**20), starts=(0, 2048, 2**20 - 2**14), repetitions=64)


def data(settings: PolicySettings) -> "polars.DataFrame":
    """Return distances of all pairs, and acceptance of every person by window and by the benchmarks."""
    import polars

    game = settings.game
    features = game.people.features
    order = np.lexsort((features[:, 0], features[:, 2]))
    shares = game.people.expected(1)
    best = game.table[:, int(((shares[0] - shares[1]) @ game.table).argmin())].astype(float)
    nearest = game.swings.min(axis=0)
    broken = best[:, None] - best[None] - nearest > settings.tolerance
    rows: list[dict[str, Any]] = [
        {
            "what": "distance",
            "x": i,
            "y": j,
            "value": float(nearest[a, b]),
            "violated": int(broken[a, b]),
        }
        for i, a in enumerate(order)
        for j, b in enumerate(order)
    ]
    policies = {"strict": game.benchmarks[0].acceptance, "lenient": game.benchmarks[2].acceptance}
    policies |= {f"window {w}": mean for w, mean in enumerate(_windows(settings))}
    for name, acceptance in policies.items():
        worst = float((acceptance[:, None] - acceptance[None] - nearest).max())
        rows += [
            {"what": name, "x": i, "y": int(features[a, 2]), "score": float(features[a, 0])}
            | {"value": float(acceptance[a]), "excess": worst}
            for i, a in enumerate(order)
        ]
    return polars.DataFrame(rows, infer_schema_length=None)


def _windows(settings: PolicySettings) -> list[Array]:
    """Return the share of arrivals accepted, person by person (n,), in each window over all repetitions."""
    rounds = sorted({*settings.ends, *settings.starts} - {0})
    (run,) = runs([Cell(settings.game, Exp2OneSided(), settings.repetitions, settings.seed, tuple(rounds))])
    n = settings.n_people
    counts = [
        np.column_stack([run[f"{count}_{g}"].sum(axis=0) for g in range(n)]) for count in ("acceptances", "arrivals")
    ]
    accepted, arrived = (np.vstack([np.zeros(n), count]) for count in counts)
    at = [0, *rounds]
    return [
        (accepted[at.index(end)] - accepted[at.index(start)])
        / np.maximum(arrived[at.index(end)] - arrived[at.index(start)], 1.0)
        for start, end in zip(settings.starts, settings.ends, strict=True)
    ]


def draw(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw the distances with the pairs that the best policy of all would violate, then each window."""
    pairs = frame.filter(frame["what"] == "distance").sort("x", "y")
    n = int(pairs["x"].max()) + 1
    grid = pairs["value"].to_numpy().reshape(n, n)
    image = axes[0].imshow(grid, origin="lower", cmap="Greys", vmin=0.0, vmax=1.0)
    axes[0].figure.colorbar(image, ax=axes[0], shrink=0.5, label="distance")
    broken = pairs.filter(pairs["violated"] == 1)
    axes[0].plot(broken["y"], broken["x"], ".", color=style.ORANGE, markersize=2.2)
    axes[0].set(xlabel="person x', by group and score", ylabel="person x, by group and score", aspect="auto")
    axes[0].grid(visible=False)
    windows = sorted(name for name in frame["what"].unique() if name.startswith("window"))
    for panel, name in zip(axes[1:], windows, strict=True):
        for group, (colour, marker, label) in GROUPS.items():
            for policy, (dash, words) in POLICIES.items():
                curve = frame.filter((frame["what"] == policy) & (frame["y"] == group)).sort("score")
                panel.plot(
                    curve["score"], curve["value"], dash, color=colour, lw=1.0, label=words if group == 0 else "_"
                )
            part = frame.filter((frame["what"] == name) & (frame["y"] == group)).sort("score")
            panel.plot(
                part["score"], part["value"], marker, color=colour, markeredgecolor="white", markersize=5, label=label
            )
        panel.set(xlabel="score", ylim=(-0.03, 1.03))
    axes[1].set_ylabel("probability of acceptance")
    style.legend_below(axes[1])
    titles = ["least distance of a panel", "first rounds", "later", "last rounds"]
    style.panel_letters(axes, titles)


def sentences(frame: "polars.DataFrame") -> list[str]:
    """Return the pairs that the best policy of all would violate, and each policy's largest gap beyond the distance."""
    pairs = frame.filter(frame["what"] == "distance")
    broken = int(pairs["violated"].sum())
    found = [f"The best policy of all violates {broken} of {pairs.height} ordered pairs."]
    for name in ("strict", "lenient", *sorted(n for n in frame["what"].unique() if n.startswith("window"))):
        worst = frame.filter(frame["what"] == name)["excess"][0]
        found.append(f"{name.capitalize()}: the largest gap is the distance plus {worst:.3f}.")
    return found


POLICY = Figure(
    name="bechavod2022_policy",
    title="The policy that is learned, person by person, and the distances that hold it together",
    paper=BECHAVOD,
    claim="Section 2: a policy is fair if no two people are accepted with probabilities that differ by more than their "
    "distance plus the tolerance; Lemma B.1: a panel's distance is that of its swing auditor.",
    caption="World B: 40 people, 81 pairs of thresholds, six panels in turn, Exp2 with the shifted estimator and "
    "self-bounding price. (a) The least swing distance of the six panels, pair by pair, people ordered by group and "
    "score; dots: ordered pairs (x, x') that the best policy of all would violate at the tolerance. (b) to (d) Share "
    "of arrivals accepted, over all repetitions in three windows of time, against the score, with the best fair "
    "policies: strict at the tolerance less the slack, lenient at the tolerance. Nothing makes the learner keep to the "
    "strict one: reports begin beyond the tolerance.",
    settings={"quick": QUICK, "paper": LONG},
    compute=data,
    paint=draw,
    findings=sentences,
    panels=4,
    size=(13.4, 4.2),
)
