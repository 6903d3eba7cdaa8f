"""How many auditors sit, and one panel's answers counted again under every number of votes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bandits.combine import Observed, observed
from bandits.one_sided import Exp2OneSided, MahalanobisDistance, OneSidedGame, Panel, Panels, ViolationsByVotes, lending
from paper_figures import style
from paper_figures.bechavod2022.source import BECHAVOD, interval_columns, labelled
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

SIZES = {
    1: Look("1 auditor", style.BLACK, "P"),
    3: Look("3 auditors", style.GREEN, "s"),
    5: Look("5 auditors", style.BLUE, "o"),
    9: Look("9 auditors", style.ORANGE, "v"),
    25: Look("25 auditors", style.RED, "D"),
}
RECOUNTS = {
    "least": Look("learned with a veto each", style.BLUE, "o"),
    "middle": Look("learned with a majority", style.GREEN, "s"),
    "most": Look("learned with all votes", style.RED, "D"),
}


@dataclass(frozen=True)
class MembersSettings:
    """Parameters of the figure."""

    horizon: int = labelled("horizon T (rounds)", 2**13)
    members: tuple[int, ...] = labelled("auditors m", tuple(SIZES))
    points: int = labelled("numbers of votes for each m in (a), (b), at most", 5)
    recounted: int = labelled("auditors m in (c)", 25)
    tolerance: float = labelled("tolerance (and slack ε)", 0.2)
    tastes: int = labelled("seed of the auditors' tastes", 5)
    repetitions: int = labelled("repetitions", 8)
    seed: int = labelled("seed", 2029)

    @cached_property
    def pool(self) -> tuple[MahalanobisDistance, ...]:
        """Return auditors with tastes of their own: directions at random, and how strict they are within a factor 8."""
        rng = np.random.default_rng(self.tastes)
        count = max(*self.members, self.recounted)
        directions = rng.standard_normal((count, 2, 3))
        return tuple(MahalanobisDistance(d, float(s)) for d, s in zip(directions, 0.08 * 8.0 ** rng.random(count)))

    def votes(self, members: int) -> list[int]:
        """Return numbers of votes from 1 to m, evenly."""
        return sorted({round(s) for s in np.linspace(1, members, self.points)})

    def game(self, members: int, votes: int) -> OneSidedGame:
        """Return the credit market before the first m auditors of the pool."""
        game = lending(self.horizon, tolerance=self.tolerance)
        return replace(game, panels=Panels(Panel(self.pool[:members], votes)))

    def recount(self, votes: int) -> Observed:
        """Return the same market with violations counted under every number of votes."""
        return observed(self.game(self.recounted, votes), ViolationsByVotes())

    def taught(self) -> dict[str, int]:
        """Return the votes that the policies of (c) learned from."""
        return {"least": 1, "middle": (self.recounted + 1) // 2, "most": self.recounted}


QUICK = MembersSettings()
LONG = MembersSettings(horizon=2**19, points=25, repetitions=32)


def data(settings: MembersSettings) -> "polars.DataFrame":
    """Return violations and errors a round for each panel, and violations of given policies under all thresholds."""
    import polars

    points = [(m, s) for m in settings.members for s in settings.votes(m)]
    games: list[OneSidedGame | Observed] = [settings.game(m, s) for m, s in points]
    games += [settings.recount(s) for s in settings.taught().values()]
    ends = (settings.horizon,)
    found = runs([Cell(game, Exp2OneSided(), settings.repetitions, settings.seed, ends) for game in games])
    rows: list[dict[str, Any]] = []
    for (m, s), game, run in zip(points, games, found, strict=False):
        row: dict[str, Any] = {"what": "learned", "members": m, "votes": s, "fraction": s / m}
        row |= interval_columns("violations", run.final("violations") / settings.horizon)
        row |= interval_columns("error", run.final("error") / settings.horizon)
        rows.append(row | {"lenient": game.individuals * game.benchmarks[2].error})
    for (name, taught), run in zip(settings.taught().items(), found[len(points) :], strict=True):
        for s in range(1, settings.recounted + 1):
            row = {"what": name, "members": settings.recounted, "votes": s, "fraction": s / settings.recounted}
            counted = run.final(f"violations_votes_{s}") / settings.horizon
            rows.append(row | {"taught": taught} | interval_columns("violations", counted))
    return polars.DataFrame(rows, infer_schema_length=None)


def draw(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw violations and errors against the share of votes, and the recounts."""
    learned = frame.filter(frame["what"] == "learned")
    for members, look in SIZES.items():
        curve = learned.filter(learned["members"] == members).sort("votes")
        if curve.is_empty():
            continue
        style.band(axes[0], curve["fraction"], style.measured(curve, "violations_{}"), look)
        style.band(axes[1], curve["fraction"], style.measured(curve, "error_{}"), look, "_")
        axes[1].plot(curve["fraction"], curve["lenient"], "--", color=look.colour, lw=1.0)
    axes[1].plot([], [], "--", color=style.GREY, lw=1.0, label="best fair policy, lenient")
    for name, look in RECOUNTS.items():
        curve = frame.filter(frame["what"] == name).sort("votes")
        style.band(axes[2], curve["fraction"], style.measured(curve, "violations_{}"), look, markersize=3.5)
    for panel in axes:
        panel.set(xlabel=r"share of votes for a report $\gamma = s / m$", xlim=(0.0, 1.04))
    axes[0].set(ylabel="share of rounds with a violation", ylim=(0.0, None))
    axes[1].set(ylabel="errors a round")
    axes[2].set(ylabel="share of rounds with a violation", ylim=(0.0, None))
    for panel in axes:
        style.legend_below(panel)
    style.panel_letters(axes, ["violations", "errors", "the same answers, counted again"])


def sentences(frame: "polars.DataFrame") -> list[str]:
    """Return violations and errors at the ends of each curve."""
    found = []
    learned = frame.filter(frame["what"] == "learned")
    for members, look in SIZES.items():
        curve = learned.filter(learned["members"] == members).sort("votes")
        if not curve.is_empty():
            said = "; ".join(
                f"{row['votes']} to object: {row['violations_mean']:.4f} violations and {row['error_mean']:.3f} errors "
                f"a round (best fair policy {row['lenient']:.3f})"
                for row in (curve.row(i, named=True) for i in sorted({0, curve.height - 1}))
            )
            found.append(f"{look.label}, {said}.")
    for name, look in RECOUNTS.items():
        curve = frame.filter(frame["what"] == name).sort("votes")
        first, own, last = (
            curve.filter(curve["votes"] == v)["violations_mean"][0]
            for v in (1, curve["taught"][0], curve["votes"].max())
        )
        found.append(
            f"{look.label}: {first:.4f} violations a round by one vote, {own:.4f} by its own, {last:.4f} by all."
        )
    return found


MEMBERS = Figure(
    name="bechavod2022_members",
    title="How many auditors sit, and the same answers under every number of votes",
    paper=BECHAVOD,
    claim="Section 2 and Lemma B.1: a report takes s of m votes, and s auditors object exactly if the one with the "
    "s-th least distance does; auditors answer for themselves, so one set of answers serves every threshold.",
    caption="World B: 40 people of two groups, 4 arrivals a round, a score threshold a group (N = 81); one panel, "
    "the first m of a pool of auditors whose distances weigh score, merit and group at random. Exp2 with the shifted "
    "estimator and self-bounding price. (a), (b) A panel of m, s of whom must object; broken lines: the best policy "
    "that is fair at the tolerance. (c) Three learners before the largest panel, which reports by one vote, by a "
    "majority or by all; the answers that it gave in each run are counted again under every threshold. Bands: 95% "
    "intervals of means.",
    settings={"quick": QUICK, "paper": LONG},
    compute=data,
    paint=draw,
    findings=sentences,
    panels=3,
    size=(11.0, 4.2),
)
