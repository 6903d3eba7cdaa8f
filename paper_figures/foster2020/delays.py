"""Late losses: one learner that is updated late, and copies that wait for their losses."""

import numpy as np

from bandits.contextual import (
    ContextualGame,
    DiagonalLinUCB,
    InverseGapWeighting,
    LinearThompson,
    LinearWorld,
    LinUCB,
    VovkAzouryWarmuth,
)
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
    "Thompson late": Look("linear Thompson sampling, updated late", style.PURPLE, "v"),
    "Diag late": Look("Diag-LinUCB, updated late", style.BLACK, "P"),
}
THEOREMS = {"copies": "ours.delayed_gap_weighting", "late": "ours.late_gap_weighting"}


def cluster_world(n_actions: int, n_clusters: int, n_requests: int, seed: int) -> LinearWorld:
    """Return requests of two clusters each, of which the first has a weight of at least 0.9, and linear mean losses.

    Weights and the losses of the actions at the clusters are uniform, drawn once by `seed`.
    """
    rng = np.random.default_rng(seed)
    requests = np.zeros((n_requests, n_clusters))
    for request in requests:
        share = rng.uniform(0.0, 0.1)
        request[rng.choice(n_clusters, 2, replace=False)] = 1.0 - share, share
    return LinearWorld(requests, rng.uniform(size=(n_actions, n_clusters)))


class Delays(Figure):
    """Regret of copies and of learners that are updated late against the delay."""

    name = "foster2020_delays"
    title = "Waiting copies pay a factor for late losses, late updates a term"
    claim = """A learner over an oracle may be played in D + 1 copies, each of which waits for its loss: its regret
    bound grows by a factor of up to sqrt(D + 1) (`ours.delayed_gap_weighting`). Least squares needs no copies: updated
    when losses arrive it is D rounds behind, and its errors are within D + 1 times their bound without delays
    (`ours.late_estimation`). UCB for K actions then loses a term of order K D instead of a factor (Joulani, Gyorgy &
    Szepesvari 2013)."""
    caption = """Mean regret with pointwise 95% intervals over repetitions against the delay D of every loss. Requests
    belong to two clusters each, and mean losses are linear in their weights. Broken lines: bounds of inverse gap
    weighting, where they are less than the regret of the worst play; the rate gamma of late updates is that of the game
    without delays. The forward algorithm knows the norm of the parameters, LinUCB and Diag-LinUCB have constant widths.
    Diag-LinUCB gives each cluster of a request the whole reward, an error that no number of rounds mends; so it loses
    even without delays."""
    panels, size = 1, (6.4, 5.2)
    tiny = changed(horizon=2048, delays=(1, 16), repetitions=4, contexts=50)
    paper = changed(horizon=2**16, delays=tuple(4**k for k in range(7)), repetitions=128)

    horizon: int = setting("rounds T", 2**13)
    delays: tuple[int, ...] = setting("delays D (rounds)", (1, 4, 16, 64, 256))
    n_actions: int = setting("actions K", 5)
    dimension: int = setting("clusters", 3)
    contexts: int = setting("requests", 500)
    width: float = setting("width of LinUCB, also alpha", 1.0)
    repetitions: int = setting("repetitions", 6)
    seed: int = setting("seed", 2013)

    def data(self) -> Frame:
        """Return a row for each learner and delay."""
        world = cluster_world(self.n_actions, self.dimension, self.contexts, self.seed)
        game = ContextualGame(world, self.horizon)
        weighting = InverseGapWeighting(oracle=VovkAzouryWarmuth(norm=world.parameter_norm))
        linucb, diagonal = LinUCB(width=self.width), DiagonalLinUCB(exploration=self.width, normalise=True)
        late = (linucb, LinearThompson(), diagonal)
        learners = (Bold(weighting), UpdatedLate(weighting), Bold(linucb), *map(UpdatedLate, late))
        named = [(name, learner, d) for name, learner in zip(CURVES, learners, strict=True) for d in self.delays]
        made = runs([final_cell(delayed(game, FixedDelay(d)), learner, self) for _, learner, d in named])
        rows = []
        for (name, _, d), run in zip(named, made, strict=True):
            bound = kit.bound_value(THEOREMS.get(name), run)
            says = bound < game.gap * self.horizon  # else whoever plays keeps it
            row = {"learner": name, "delay": d, "bound": bound if says else float("nan")}
            rows.append(row | kit.interval("regret", run.final("regret")))
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against the delay."""
        (panel,) = axes
        for name, look, rows in kit.curves(frame, CURVES, "learner", "delay"):
            kit.curve(panel, rows, "delay", "regret_{}", look, bound="bound" if name in THEOREMS else "")
        kit.legend_entry(panel, "bounds of inverse gap weighting")
        kit.log_axes(panel, "delay $D$ (rounds)", "regret (loss)")
        kit.legend_below(panel, 2)

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
