"""How many auditors sit on the panel, and the answers of one panel counted again under every number of votes."""

from dataclasses import replace
from functools import cached_property

import numpy as np

from bandits.combine import Observed, observed
from bandits.one_sided import Exp2OneSided, MahalanobisDistance, OneSidedGame, Panel, Panels, ViolationsByVotes, lending
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Row, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look

SIZES = {
    1: Look("1 auditor", style.BLACK, "P"),
    3: Look("3 auditors", style.GREEN, "s"),
    5: Look("5 auditors", style.BLUE, "o"),
    9: Look("9 auditors", style.ORANGE, "v"),
    25: Look("25 auditors", style.RED, "D"),
}
TAUGHT_BY = {
    "least": Look("learned with one vote", style.BLUE, "o"),
    "middle": Look("learned with a majority", style.GREEN, "s"),
    "most": Look("learned with all votes", style.RED, "D"),
}


class Members(Figure):
    """Violations and errors per round for each panel, and violations of given policies under all numbers of votes."""

    name = "bechavod2022_members"
    title = "How many auditors sit on the panel, and the same answers under every number of votes"
    claim = """Section 2 and Lemma B.1: a report takes s of m votes, and s auditors object exactly if the one with the
    s-th least distance does; auditors answer independently, so one set of answers serves every number of votes."""
    caption = """Environment B: 40 individuals of two groups, 4 arrivals per round, one score threshold per group (N =
    81); one panel, the first m of a pool of auditors whose distances weigh score, merit and group at random. Exp2 with
    the shifted estimator and self-bounding price. (a), (b) A panel of m, s of whom must object; broken lines: the best
    policy that is fair at the tolerance. (c) Three learners before the largest panel, which reports by one vote, by a
    majority or by all; the answers that it gave in each run are counted again under every number of votes. Bands: 95%
    intervals of means."""
    panels, size = 3, (7.2, 6.4)
    tiny = changed(horizon=64, members=(1, 3), points=2, recounted=3, repetitions=2)
    paper = changed(horizon=2**19, points=25, repetitions=32)

    horizon: int = setting("horizon T (rounds)", 2**13)
    members: tuple[int, ...] = setting("auditors m", tuple(SIZES))
    points: int = setting("numbers of votes for each m in (a), (b), at most", 5)
    recounted: int = setting("auditors m in (c)", 25)
    tolerance: float = setting("tolerance (and slack ε)", 0.2)
    tastes: int = setting("seed of the distances of the auditors", 5)
    repetitions: int = setting("repetitions", 8)
    seed: int = setting("seed", 2029)

    @cached_property
    def pool(self) -> tuple[MahalanobisDistance, ...]:
        """Auditors with distances of their own: random directions, and strictness within a factor of 8."""
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

    def counted(self, votes: int) -> Observed:
        """Return the same market with violations counted under every number of votes."""
        return observed(self.game(self.recounted, votes), ViolationsByVotes())

    def taught(self) -> dict[str, int]:
        """Return the votes that the policies of (c) learned from."""
        return {"least": 1, "middle": (self.recounted + 1) // 2, "most": self.recounted}

    def data(self) -> Frame:
        """Return one row per panel and number of votes, then one per learner of (c) and number of votes."""
        points = [(m, s) for m in self.members for s in self.votes(m)]
        games: list[OneSidedGame | Observed] = [self.game(m, s) for m, s in points]
        games += [self.counted(s) for s in self.taught().values()]
        found = runs([final_cell(game, Exp2OneSided(), self) for game in games])
        rows: list[Row] = []
        for (m, s), game, run in zip(points, games, found, strict=False):
            row: Row = {"what": "learned", "members": m, "votes": s, "fraction": s / m}
            row |= kit.interval("violations", run.final("violations") / self.horizon)
            row |= kit.interval("error", run.final("error") / self.horizon)
            rows.append(row | {"lenient": game.individuals * game.benchmarks[2].error})
        for (name, taught), run in zip(self.taught().items(), found[len(points) :], strict=True):
            for s in range(1, self.recounted + 1):
                row = {"what": name, "members": self.recounted, "votes": s, "fraction": s / self.recounted}
                counted = run.final(f"violations_votes_{s}") / self.horizon
                rows.append(row | {"taught": taught} | kit.interval("violations", counted))
        return kit.table(rows)

    def draw(self, frame: Frame, axes: kit.Panels) -> None:
        """Draw violations and errors against the share of votes, and the same answers under every threshold."""
        for _, look, rows in kit.curves(frame, SIZES, "members", "votes", what="learned"):
            kit.curve(axes[0], rows, "fraction", "violations_{}", look)
            kit.curve(axes[1], rows, "fraction", "error_{}", look, "_", bound="lenient")
        kit.legend_entry(axes[1], "best fair policy, lenient")
        for _, look, rows in kit.curves(frame, TAUGHT_BY, "what", "votes"):
            kit.curve(axes[2], rows, "fraction", "violations_{}", look, markersize=3.5)
        for panel in axes:
            panel.set(xlabel=r"share of votes for a report $\gamma = s / m$", xlim=(0.0, 1.04))
        axes[1].set(ylabel="errors per round")
        for panel in (axes[0], axes[2]):
            panel.set(ylabel="share of rounds with a violation", ylim=(0.0, None))
        kit.finish(axes, ["violations", "errors", "the same answers, counted again"], legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return violations and errors at the ends of each curve."""
        sentences = []
        for _, look, rows in kit.curves(frame, SIZES, "members", "votes", what="learned"):
            ends = "; ".join(
                f"{row['votes']} to object: {row['violations_mean']:.4f} violations and {row['error_mean']:.3f} errors "
                f"per round (best fair policy {row['lenient']:.3f})"
                for row in (rows.row(i, named=True) for i in sorted({0, rows.height - 1}))
            )
            sentences.append(f"{look.label}, {ends}.")
        for _, look, rows in kit.curves(frame, TAUGHT_BY, "what", "votes"):
            marks = (1, rows["taught"][0], rows["votes"].max())
            first, own, last = (rows.filter(votes=votes)["violations_mean"][0] for votes in marks)
            sentences.append(
                f"{look.label}: {first:.4f} violations per round by one vote, {own:.4f} by its own, {last:.4f} by all."
            )
        return sentences
