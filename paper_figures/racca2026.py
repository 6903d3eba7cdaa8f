"""Generation with replay: errors of generators that mind their own outputs and of one that does not."""

import numpy as np

from bandits.loops import (
    BurnIn,
    CriticalLanguage,
    PeriodicLanguage,
    ReplayGame,
    WitnessProtection,
    every_adversary,
    random_adversary,
)
from bandits.protocol import Learner
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell

PAPER = Paper(
    title="Language Generation with Replay: A Learning-Theoretic View of Model Collapse",
    authors="Giorgio Racca, Michal Valko & Amartya Sanyal",
    venue="arXiv:2603.11784",
    url="https://arxiv.org/abs/2603.11784",
)
GENERATORS: dict[str, tuple[Look, Learner, bool]] = {
    "unaware": (Look("all strings trusted", style.RED, "D"), CriticalLanguage(), True),
    "alone": (Look("the same without replay", style.ORANGE, "v"), CriticalLanguage(), False),
    "protects": (Look("witness protection", style.BLUE, "o"), WitnessProtection(), True),
}
LOOKS = {name: look for name, (look, _, _) in GENERATORS.items()}
PARTS = ((0, (0, 1, 2)), (1, (1, 2, 3)), (2, (0, 2, 4)))
FAMILY = tuple(PeriodicLanguage(4, [residue], 8, extra) for residue, extra in PARTS)  # closure dimension 2


class Replay(Figure):
    """Errors over rounds of three generators, and errors over all adversaries by the length of the burn-in."""

    name = "racca2026_replay"
    title = "A generator that trusts its own outputs errs for ever; a burn-in or protected witnesses prevent it"
    claim = """Replay is harmless for uniform generation after a burn-in; countable lists of languages can be generated
    in the limit with replay if no witness is ever put out (Witness Protection)."""
    caption = """(a) Mean number of errors with 95% intervals, over random adversaries that replay an earlier output in
    a share of the rounds and else go through the target, the last of all residue classes modulo 2, 3, ... . (b)
    Deterministic: three languages of closure dimension d = 2; the share of all adversaries of a few rounds that force
    an error after more than d different strings, or bring a string outside the target among the examples, by the
    burn-in and the worst target."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(moduli=(2, 3), horizon=16, rows=4, rounds=3)
    paper = changed(moduli=(2, 3, 4, 5, 6), horizon=200, rows=200, rounds=6)

    moduli: tuple[int, ...] = setting("moduli of the residue classes in (a)", (2, 3, 4))
    horizon: int = setting("horizon T (rounds) in (a)", 60)
    rows: int = setting("repetitions in (a)", 50)
    replays: float = setting("share of replays in (a)", 0.5)
    rounds: int = setting("rounds in (b)", 5)
    seed: int = setting("seed", 2026)

    def data(self) -> Frame:
        """Return a row for each generator and round, and for each burn-in."""
        classes = [PeriodicLanguage(m, [r]) for m in self.moduli for r in range(m)]
        cells = []
        for _, learner, replays in GENERATORS.values():
            share = self.replays if replays else 0.0
            shown = random_adversary(classes[-1], self.horizon, self.rows, share, self.seed)
            game = ReplayGame(classes, len(classes) - 1, shown, self.horizon)
            cells.append(Cell(game, learner, self.rows, self.seed, tuple(range(1, self.horizon + 1, 2))))
        places = [(burn_in, target) for burn_in in range(3) for target in range(len(FAMILY))]
        for burn_in, target in places:
            shown = every_adversary(FAMILY[target], self.rounds)
            game = ReplayGame(FAMILY, target, shown, self.rounds)
            cells.append(Cell(game, BurnIn(burn_in), len(shown), self.seed, (self.rounds,)))
        found = runs(cells)
        tables = []
        for name, run in zip(GENERATORS, found, strict=False):
            row: Row = {"generator": name, "round": run.rounds}
            tables.append(kit.table(row | kit.run_interval(run, "errors")))
        rows: list[Row] = []
        for (burn_in, target), run in zip(places, found[len(GENERATORS) :], strict=True):
            late, outside = (float((run.final(name) > 0).mean()) for name in ("late_errors", "outside"))
            rows.append({"burn_in": burn_in, "target": target, "late": late, "outside": outside})
        return kit.stack([*tables, kit.table(rows)])

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw errors against the round, and bars by the burn-in."""
        for _, look, rows in kit.curves(frame, LOOKS, "generator", "round"):
            kit.curve(axes[0], rows, "round", "errors_{}", look, markevery=5)
        shares = _shares(frame)
        for k, (name, label, colour) in enumerate(
            (("late", "a late error", style.RED), ("outside", "a string outside", style.BLUE))
        ):
            heights = [shares[burn_in][name] for burn_in in sorted(shares)]
            places = np.arange(len(heights)) + (0.4 * k - 0.2)
            bars = axes[1].bar(places, heights, 0.36, color=colour, label=label)
            axes[1].bar_label(bars, fmt="%.2f", padding=2)
        axes[0].set(xlabel="round", ylabel="errors so far")
        axes[1].set(xlabel="burn-in", ylabel="share of all adversaries", xticks=[0, 1, 2])
        axes[1].margins(y=0.15)
        kit.finish(axes, ["random adversaries", "all adversaries"], legends=())
        for panel in axes:
            kit.legend_below(panel)

    def findings(self, frame: Frame) -> list[str]:
        """Return errors at the end, and shares by the burn-in."""
        said = []
        for _, look, rows in kit.curves(frame, LOOKS, "generator", "round"):
            row = kit.last(rows)
            said.append(f"{look.label}: {kit.with_interval(row, 'errors_{}', '.2f')} errors in {row['round']} rounds.")
        for burn_in, share in sorted(_shares(frame).items()):
            said.append(
                f"Burn-in {burn_in}: {share['late']:.1%} of adversaries force a late error, {share['outside']:.1%} "
                "bring a string outside the target."
            )
        return said


def _shares(frame: Frame) -> dict[int, dict[str, float]]:
    """Return the shares at the worst target, by the burn-in."""
    rows = frame.filter(frame["burn_in"].is_not_null())
    return {
        burn_in: {name: max(rows.filter(burn_in=burn_in)[name]) for name in ("late", "outside")}
        for burn_in in kit.values(rows, "burn_in")
    }
