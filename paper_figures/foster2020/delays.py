"""Late losses: one learner that is updated late, and copies that wait for their losses."""

from bandits.contextual import ContextualGame, InverseGapWeighting, LinUCB, linear_world
from bandits.delays import Bold, FixedDelay, UpdatedLate, delayed
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look

CURVES = {
    "copies": Look("exact inverse gap weighting, copies", style.BLUE, "o"),
    "late": Look("exact inverse gap weighting, updated late", style.ORANGE, "s"),
    "LinUCB copies": Look("LinUCB, copies", style.GREEN, "^"),
    "LinUCB late": Look("LinUCB, updated late", style.RED, "D"),
}


class Delays(Figure):
    """Regret of copies and of learners that are updated late against the delay."""

    name = "foster2020_delays"
    title = "Waiting copies pay a factor for late losses, late updates a term"
    claim = """A learner over an oracle may be played in D + 1 copies, each of which waits for its loss: its regret
    bound grows by a factor of up to sqrt(D + 1) (`ours.delayed_gap_weighting`). Least squares needs no copies: updated
    when losses arrive it is D rounds behind. UCB for K actions then loses a term of order K D instead of a factor
    (Joulani, Gyorgy & Szepesvari 2013)."""
    caption = """Mean regret with pointwise 95% intervals over repetitions against the delay D of every loss, in a
    linear world. Broken line: the bound of copies. LinUCB has a constant width. No bound of the catalogue is about
    inverse gap weighting that is updated late; its rate gamma is that of the game without delays."""
    panels, size = 1, (6.0, 4.4)
    tiny = changed(horizon=256, delays=(1, 16), repetitions=4, contexts=50)
    paper = changed(horizon=2**16, delays=tuple(4**k for k in range(7)), repetitions=128)

    horizon: int = setting("rounds T", 2**13)
    delays: tuple[int, ...] = setting("delays D (rounds)", (1, 4, 16, 64, 256))
    n_actions: int = setting("actions K", 5)
    dimension: int = setting("features d", 3)
    contexts: int = setting("contexts", 500)
    width: float = setting("width of LinUCB", 0.5)
    repetitions: int = setting("repetitions", 8)
    seed: int = setting("seed", 2013)

    def data(self) -> Frame:
        """Return a row for each learner and delay."""
        game = ContextualGame(linear_world(self.n_actions, self.dimension, self.contexts), self.horizon)
        weighting, linucb = InverseGapWeighting(), LinUCB(width=self.width)
        learners = (Bold(weighting), UpdatedLate(weighting), Bold(linucb), UpdatedLate(linucb))
        named = [(name, learner, d) for name, learner in zip(CURVES, learners, strict=True) for d in self.delays]
        made = runs([final_cell(delayed(game, FixedDelay(d)), learner, self) for _, learner, d in named])
        rows = []
        for (name, _, d), run in zip(named, made, strict=True):
            theorem = "ours.delayed_gap_weighting" if name == "copies" else None
            row = {"learner": name, "delay": d, "bound": kit.bound_value(theorem, run)}
            rows.append(row | kit.interval("regret", run.final("regret")))
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against the delay."""
        (panel,) = axes
        for name, look, rows in kit.curves(frame, CURVES, "learner", "delay"):
            kit.curve(panel, rows, "delay", "regret_{}", look, bound="bound" if name == "copies" else "")
        kit.legend_entry(panel, "bound of copies")
        kit.log_axes(panel, "delay $D$ (rounds)", "regret (loss)")
        kit.legend_below(panel)

    def findings(self, frame: Frame) -> list[str]:
        """Return the regret at the shortest and the longest delay."""
        said = []
        for _, look, rows in kit.curves(frame, CURVES, "learner", "delay"):
            first, last = kit.first(rows), kit.last(rows)
            values = [kit.with_interval(row, "regret_{}", ".1f") for row in (first, last)]
            said.append(
                f"{look.label}: regret {values[0]} at D = {first['delay']}, {values[1]} at D = {last['delay']}."
            )
        return said
