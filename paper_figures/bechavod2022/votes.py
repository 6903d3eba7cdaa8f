"""How strict the panels are: violations and errors against the votes that a report takes, and against the tolerance."""

from dataclasses import replace
from typing import Any

from bandits.one_sided import Exp2OneSided, OneSidedGame, lending, lending_panels
from bandits.one_sided import Panels as AuditPanels
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look

LOOKS = {
    "cycle": Look("panels take turns", style.BLUE, "o"),
    "random": Look("panels drawn at random", style.GREEN, "s"),
    "adversarial": Look("the panel that objects most", style.RED, "D"),
    "fixed": Look("always the first", style.PURPLE, "P"),
    "draw": Look("in turns, shown the draw", style.ORANGE, "v"),
}
_SWEEPS = {"votes": "votes for a report, of 5", "tolerance": r"tolerance $\alpha = \epsilon$"}


class Votes(Figure):
    """Violations, reports and errors per round at each point, and the errors of the benchmarks."""

    name = "bechavod2022_votes"
    title = "Violations and errors against the votes that a report takes, and against the tolerance"
    claim = """Section 2 and Lemma B.1: s of m auditors object to a pair exactly if the one with the s-th least distance
    does, so more votes or more tolerance make a larger class of fair policies; Lemma D.2: a panel must see the policy,
    for a hypothesis drawn from it looks unfair even where the policy is fair."""
    caption = """Environment B: 40 individuals of two groups, 4 arrivals per round, one score threshold per group (N =
    81), six panels of five auditors who disagree; Exp2 with the shifted estimator and self-bounding price. A report
    takes s of 5 votes. The panels take turns, or are drawn, or the panel sits that objects most to the policy of the
    round, or always the first; orange: panels in turns that see the drawn hypothesis alone, whose reports (dotted) are
    many more than the true violations of the policy (full). Bands: 95% intervals of means. Black lines: the best policy
    that is fair for all six panels at the tolerance minus the slack (strict: at 0) and at the tolerance (lenient)."""
    panels, size = 4, (7.2, 6.6)
    tiny = changed(horizon=256, votes=(1, 5), tolerances=(0.1, 0.4), repetitions=4)
    paper = changed(horizon=2**19, repetitions=32)

    horizon: int = setting("horizon T (rounds)", 2**14)
    votes: tuple[int, ...] = setting("votes s of 5 for a report", (1, 2, 3, 4, 5))
    tolerance: float = setting("tolerance in (a), (b) (and slack ε)", 0.2)
    tolerances: tuple[float, ...] = setting("tolerances in (c), (d) (and slacks ε)", (0.05, 0.1, 0.2, 0.3, 0.4, 0.6))
    majority: int = setting("votes in (c), (d)", 3)
    repetitions: int = setting("repetitions", 8)
    seed: int = setting("seed", 2023)

    def games(self) -> list[tuple[str, str, float, OneSidedGame]]:
        """Return (sweep, panels, abscissa, game) for all points of the figure."""
        return [
            *(("votes", s, float(votes), self._game(votes, s, self.tolerance)) for s in LOOKS for votes in self.votes),
            *(
                ("tolerance", s, alpha, self._game(self.majority, s, alpha))
                for s in ("cycle", "adversarial")
                for alpha in self.tolerances
            ),
        ]

    def _game(self, votes: int, schedule: Any, tolerance: float) -> OneSidedGame:
        if schedule == "draw":
            game = lending(self.horizon, votes=votes, tolerance=tolerance)
            return replace(game, panels=replace(game.panels, audit="draw"))
        if schedule == "fixed":
            return replace(lending(self.horizon, tolerance=tolerance), panels=AuditPanels(lending_panels(votes)[0]))
        return lending(self.horizon, votes=votes, schedule=schedule, tolerance=tolerance)

    def data(self) -> Frame:
        """Return one row per point."""
        points = self.games()
        found = runs([final_cell(game, Exp2OneSided(), self) for _, _, _, game in points])
        rows = []
        for (sweep, panels, x, game), run in zip(points, found, strict=True):
            row: Row = {"sweep": sweep, "panels": panels, "x": x, "repetitions": run.repetitions}
            for metric in ("violations", "reports", "error"):
                row |= kit.interval(metric, run.final(metric) / self.horizon)
            k = game.individuals
            rows.append(row | {"strict": k * game.benchmarks[0].error, "lenient": k * game.benchmarks[2].error})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw violations and errors against votes, then against the tolerance."""
        for (sweep, label), violations, errors in zip(_SWEEPS.items(), axes[::2], axes[1::2], strict=True):
            part = frame.filter(sweep=sweep)
            for name, look, rows in kit.curves(part, LOOKS, "panels", "x"):
                kit.curve(violations, rows, "x", "violations_{}", look)
                kit.curve(errors, rows, "x", "error_{}", look, "_")
                if name == "draw":
                    kit.curve(violations, rows, "x", "reports_{}", look, "its reports (shown the draw)", linestyle=":")
            rows = part.filter(panels="cycle").sort("x")
            for level, dash in (("strict", "-."), ("lenient", "--")):
                kit.theory_line(errors, rows["x"], rows[level], style.BLACK, f"best fair policy, {level}", dash)
            violations.set(xlabel=label, ylabel="share of rounds with a violation", ylim=(0.0, None))
            errors.set(xlabel=label, ylabel="errors per round")
        kit.share_limits([axes[1], axes[3]])
        titles = ["votes: violations", "votes: errors", "tolerance: violations", "tolerance: errors"]
        kit.finish(axes, titles, legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return violations, errors and benchmarks at the ends of each curve."""
        sentences = []
        for (sweep, panels), part in frame.group_by(["sweep", "panels"], maintain_order=True):
            rows = part.sort("x")
            ends = [
                f"at {row['x']:g}: {row['violations_mean']:.4f} violations, {row['reports_mean']:.4f} reports and "
                f"{row['error_mean']:.3f} errors per round (best fair policy {row['strict']:.3f} strict, "
                f"{row['lenient']:.3f} lenient)"
                for row in (kit.first(rows), kit.last(rows))
            ]
            sentences.append(f"{sweep}, {LOOKS[str(panels)].label}: {'; '.join(ends)}.")
        return sentences
