"""Selection bias: who is accepted, group by group, and errors among the accepted against all errors."""

from dataclasses import replace

import numpy as np

from bandits.one_sided import (
    EpsilonTasting,
    Exp2OneSided,
    FollowObserved,
    FullInformationExp2,
    FullLabels,
    OneSidedGame,
    applicants,
    lending,
)
from bandits.protocol import Learner
from paper_figures import kit, style
from paper_figures.kit import Axes, Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, Run

LEARNERS: dict[str, Learner] = {
    "observed": FollowObserved(),
    "imputed": FollowObserved("bad"),
    "tasting": EpsilonTasting(),
    "free": Exp2OneSided(price=0.0),
    "fair": Exp2OneSided(),
    "full": FullInformationExp2(price=0.0),
}
LOOKS = {
    "observed": Look("follow observed labels", style.GREY, "^"),
    "imputed": Look("the same, rejected are bad", style.PURPLE, "X"),
    "tasting": Look("leader, exploration $t^{-1/3}$", style.ORANGE, "v"),
    "free": Look("Exp2, $C = 0$", style.SKY, "s"),
    "fair": Look("Exp2, self-bounding $C$", style.BLUE, "o"),
    "full": Look("all labels seen, $C = 0$", style.BLACK, "P"),
}
TITLES = {"lending": "lending", "german_credit": "German Credit"}
GROUPS = {"lending": ("score fair", "score biased"), "german_credit": ("older than 25", "up to 25")}


class Groups(Figure):
    """Acceptance rates of both groups between checkpoints, and error rates up to them, true and as seen."""

    name = "bechavod2022_groups"
    title = "Selection bias: errors among the accepted are not the errors among all"
    claim = """Section 1: labels are seen only for those accepted, so that a group which is turned away cannot correct
    the mistake; estimators that are weighted by the chance of being seen can (R2)."""
    caption = """Environment B (40 individuals of two groups; the score of group 1 is 0.9 too low for its merit; six
    panels of five auditors take turns, three of whom must object; 4 arrivals per round) and the 500 scored applicants
    of German Credit (one panel of three, two must object). Hypotheses: one score threshold per group, 9 cuts each, N =
    81. (a), (b) Share accepted between successive points in either group. (c), (d) Wrong decisions up to the last
    round, among all arrivals (filled) and among the accepted, whose labels are all that one-sided feedback shows
    (hollow), in group 0 (circles) and group 1 (diamonds; lending: the score is too low; German Credit: aged up to 25).
    Intervals: 95% for means over repetitions. Only the self-bounding learner has C > 0. Counting the rejected as bad
    has the same effect as ignoring them (one line in (a) and (b)): neither lowers a threshold that has risen."""
    panels, size = 4, (7.2, 7.2)
    tiny = changed(horizon=256, environments=("lending",), learners=("fair",), repetitions=4)
    paper = changed(horizon=2**20, repetitions=32)

    horizon: int = setting("horizon T (rounds)", 2**14)
    environments: tuple[str, ...] = setting("environments", tuple(TITLES))
    tolerance: float = setting("tolerance (and slack ε)", 0.2)
    learners: tuple[str, ...] = setting("learners", tuple(LEARNERS))
    repetitions: int = setting("repetitions", 8)
    seed: int = setting("seed", 2016)

    def game(self, environment: str, learner: Learner) -> OneSidedGame:
        """Return an environment with the feedback that the learner asks for."""
        make = lending if environment == "lending" else applicants
        game = make(self.horizon, tolerance=self.tolerance)
        return replace(game, feedback=FullLabels()) if isinstance(learner, FullInformationExp2) else game

    def data(self) -> Frame:
        """Return one row per environment, learner, group and checkpoint."""
        checkpoints = (*(2**j for j in range(3, self.horizon.bit_length() - 1)), self.horizon)
        rows: list[Row] = []
        for environment in self.environments:
            cells = [
                Cell(self.game(environment, LEARNERS[name]), LEARNERS[name], self.repetitions, self.seed, checkpoints)
                for name in self.learners
            ]
            for name, run in zip(self.learners, runs(cells), strict=True):
                shared: Row = {"world": environment, "learner": name, "repetitions": run.repetitions}
                rows += [shared | row for row in _rows(run)]
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw acceptance rates over time in the first environment, and error rates at the end in all."""
        worlds = kit.values(frame, "world")
        shown = {name: LOOKS[name] for name in kit.values(frame, "learner")}
        if "observed" in shown:
            shown.pop("imputed", None)  # the same line
        for group, panel in enumerate(axes[:2]):
            for _, look, rows in kit.curves(frame, shown, "learner", "round", world=worlds[0], group=group):
                kit.curve(panel, rows, "round", "acceptance_{}", look)
            kit.log_x(panel, "round", "share accepted since last point", ylim=(0.0, 1.02))
        for panel, environment in zip(axes[2:], worlds, strict=False):
            _draw_errors(frame.filter(world=environment, round=frame["round"].max()), panel)
        for panel in axes[2 + len(worlds) :]:
            panel.set_axis_off()
        kit.share_limits(axes[2 : 2 + len(worlds)], "x")
        axes[3].tick_params(labelleft=False)
        titles = [f"{TITLES[worlds[0]]}, {group}" for group in GROUPS[worlds[0]]]
        kit.finish(axes, titles + [f"errors, {TITLES[environment]}" for environment in worlds], legends=())
        kit.shared_legend(axes, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the true and the seen error rate of each learner and its late acceptance rates."""
        sentences, last = [], frame.filter(round=frame["round"].max())
        for (environment, name), part in last.group_by(["world", "learner"], maintain_order=True):
            texts = [
                f"{GROUPS[str(environment)][row['group']]}: accepts {row['acceptance_mean']:.2f} in the end, wrong on "
                f"{row['true_error_mean']:.3f} of all and {row['seen_error_mean']:.3f} of those it accepted"
                for row in part.sort("group").iter_rows(named=True)
            ]
            sentences.append(f"{TITLES[str(environment)]}, {kit.plain(LOOKS[str(name)].label)}: {'; '.join(texts)}.")
        return sentences


def _rows(run: Run) -> list[Row]:
    rows = []
    for group in range(2):
        counts = ("arrivals", "acceptances", "errors", "seen_errors")
        arrivals, accepted, errors, seen = (run[f"{count}_{group}"] for count in counts)
        new = np.diff(accepted, axis=1, prepend=0.0) / np.diff(arrivals, axis=1, prepend=0.0)
        for c, checkpoint in enumerate(run.rounds):
            row: Row = {"group": group, "round": int(checkpoint)}
            row |= kit.interval("acceptance", new[:, c])
            row |= kit.interval("true_error", errors[:, c] / arrivals[:, c])
            rows.append(row | kit.interval("seen_error", seen[:, c] / np.maximum(accepted[:, c], 1.0)))
    return rows


def _draw_errors(last: Frame, panel: Axes) -> None:
    """Draw true (filled) and seen (hollow) error rates of both groups, one line per learner."""
    for group, (marker, shift) in enumerate((("o", -0.14), ("D", 0.14))):
        rows = last.filter(group=group)
        y = [list(LOOKS).index(name) + shift for name in rows["learner"]]
        colours = [LOOKS[name].colour for name in rows["learner"]]
        for kind, among in (("true_error", "all"), ("seen_error", "the accepted")):
            inside, grey = (colours, style.GREY) if among == "all" else ("white", "white")
            panel.hlines(y, rows[f"{kind}_low95"], rows[f"{kind}_high95"], colors=colours, linewidth=1.2)
            panel.scatter(rows[f"{kind}_mean"], y, 34, marker=marker, edgecolors=colours, facecolors=inside, zorder=3)
            label = f"errors among {among}, group {group}"
            kit.legend_entry(panel, label, "none", marker=marker, markerfacecolor=grey)
    panel.set_yticks(range(len(LOOKS)), [kit.broken(look.label, 24) for look in LOOKS.values()])
    panel.set(xlabel="share of wrong decisions", ylim=(len(LOOKS) - 0.5, -0.5))
