"""The simulations behind the figures: every learner in each of the three closed loops, from the same seeds.

The three populations and their prices are `bandits.threshold.examples`. A learner meets the same uniforms as the
others in a repetition, so differences between learners are taken repetition by repetition.
"""

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandits.protocol import Learner
from bandits.threshold import (
    BlockFeasibleSearch,
    ConstrainedThompson,
    DoublyOptimisticSearch,
    EpochFeasibleSearch,
    ExploreThenCommit,
    FixedThreshold,
    FullScores,
    FullScoreSearch,
    LagrangianExp3,
    OptimisticFeasibleSearch,
    PessimisticSearch,
    PrimalDualBandit,
    RewardEpsilonGreedy,
    RewardUCB,
    ThresholdGame,
    environments,
)
from paper_figures import style
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, Run

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

SEARCH = "OptimisticFeasibleSearch"
TITLES = {"synthetic": "synthetic", "german_credit": "German Credit", "compas": "COMPAS"}

# In pairs of one colour: the second of a pair is broken and has a mark of its own.
LOOKS = {
    SEARCH: Look("optimistic feasible search", style.BLUE, "o"),
    "FullScoreSearch": Look("the same, all scores seen", style.BLUE, "s"),
    "EpochFeasibleSearch": Look("feasible search, epochs", style.SKY, "^"),
    "BlockFeasibleSearch": Look("feasible search, blocks", style.SKY, "v"),
    "DoublyOptimisticSearch": Look("doubly-optimistic", style.GREEN, "D"),
    "PessimisticSearch": Look("pessimistic (safe)", style.GREEN, "s"),
    "RewardUCB": Look("UCB on reward alone", style.RED, "P"),
    "RewardEpsilonGreedy": Look("ε-greedy on reward alone", style.RED, "X"),
    "PrimalDualBandit": Look("primal-dual UCB", style.ORANGE, "o"),
    "LagrangianExp3": Look("EXP3 on the Lagrangian", style.ORANGE, "v"),
    "ConstrainedThompson": Look("constrained Thompson", style.PURPLE, "D"),
    "ExploreThenCommit": Look("explore then commit", style.PURPLE, "^"),
    "FixedThreshold": Look("oracle: best feasible threshold", style.BLACK, ""),
}
# No claim is about them, and compiling them takes long: left out of the quick figures.
_SLOW = ("FullScoreSearch", "BlockFeasibleSearch", "RewardEpsilonGreedy", "ExploreThenCommit")
BROKEN = ("FullScoreSearch", "BlockFeasibleSearch", "PessimisticSearch", "RewardEpsilonGreedy", "LagrangianExp3")


def labelled(label: str, default: Any) -> Any:
    """Return a settings field with the label that the gallery shows."""
    return field(default=default, metadata={"label": label})


def described(value: Any) -> str:
    """Return an object's fields as text, those left at None out."""
    named = {f.name: getattr(value, f.name) for f in fields(value)}
    return ", ".join(f"{name} {content}" for name, content in named.items() if content is not None)


@dataclass(frozen=True)
class LoopSettings:
    """Parameters of the simulations; the populations' own are shown as `environments` has them."""

    horizon: int = labelled("horizon T (rounds)", 100_000)
    n_thresholds: int = labelled("thresholds G, equally spaced on [0, 1]", 50)
    batch_size: int = labelled("individuals a round n", 100)
    parity_tolerance: float = labelled("parity tolerance δ (acceptance rate)", 0.1)
    failure_probability: float = labelled("failure probability δ₀ of the confidence bounds", 0.05)
    width: float = labelled("width of the confidence bounds (1: the theorem's)", 1.0)
    late_share: float = labelled("share of the rounds that counts as steady state", 0.2)
    checkpoints: int = labelled("checkpoints, evenly in the logarithm of the round", 32)
    learners: tuple[str, ...] = labelled("learners", tuple(name for name in LOOKS if name not in _SLOW))
    repetitions: int = labelled("repetitions", 8)
    seed: int = labelled("seed", 2025)
    populations: tuple[str, ...] = labelled(
        "populations",
        tuple(
            f"{TITLES[name]}: price q {game.price}, {described(game.population)}"
            for name, game in environments(1).items()
        ),
    )

    @property
    def rounds(self) -> NDArray[np.int64]:
        """The checkpoints: log-spaced from round 10, with the start of the steady state."""
        grid = np.geomspace(min(10, self.horizon), self.horizon, self.checkpoints)
        late = round((1.0 - self.late_share) * self.horizon)
        return np.unique(np.append(np.rint(grid), late).astype(np.int64))

    def games(self) -> dict[str, ThresholdGame]:
        """Return the three games by name."""
        return environments(
            self.horizon,
            grid=self.n_thresholds,
            batch_size=self.batch_size,
            parity_tolerance=self.parity_tolerance,
        )

    def players(self) -> list[Learner]:
        """Return the learners, the oracle last."""
        sure: dict[str, Any] = {"failure_probability": self.failure_probability, "width": self.width}
        every = (
            OptimisticFeasibleSearch(**sure),
            FullScoreSearch(**sure),
            EpochFeasibleSearch(**sure),
            BlockFeasibleSearch(**sure),
            DoublyOptimisticSearch(**sure),
            PessimisticSearch(**sure),
            RewardUCB(**sure),
            RewardEpsilonGreedy(),
            PrimalDualBandit(**sure),
            LagrangianExp3(),
            ConstrainedThompson(),
            ExploreThenCommit(),
            FixedThreshold(),
        )
        return [learner for learner in every if learner.name in self.learners]


QUICK = LoopSettings()
PAPER = LoopSettings(horizon=1_000_000, learners=tuple(LOOKS), repetitions=32, checkpoints=48)


def loop_runs(settings: LoopSettings) -> list[tuple[str, str, Run]]:
    """Return (environment, learner's name, run) for each learner in each environment."""
    cells, keys = [], []
    for name, game in settings.games().items():
        for learner in settings.players():
            problem = replace(game, feedback=FullScores()) if isinstance(learner, FullScoreSearch) else game
            rounds = tuple(int(t) for t in settings.rounds)
            cells.append(Cell(problem, learner, settings.repetitions, settings.seed, rounds))
            keys.append((name, learner.name))
    return [(*key, run) for key, run in zip(keys, runs(cells), strict=True)]


def interval_columns(name: str, samples: NDArray[np.float64], unit: str = "") -> dict[str, Any]:
    """Return NAME_mean, NAME_low95 and NAME_high95 of samples (R, ...) over the first axis, Student's t."""
    from scipy.stats import t as student

    mean, n = samples.mean(axis=0), len(samples)
    half = float(student.ppf(0.975, n - 1)) * samples.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.inf
    return {f"{name}_mean{unit}": mean, f"{name}_low95{unit}": mean - half, f"{name}_high95{unit}": mean + half}


def best_reward(run: Run) -> float:
    """Return the oracle's mean reward a round, in units of a good acceptance."""
    sweep = run.problem.fixed_points  # type: ignore[attr-defined]
    return float(sweep.reward[sweep.best])


def draw_lines(
    frame: "polars.DataFrame", axes: "Axes", quantity: str, learners: "list[str] | None" = None, **line: Any
) -> None:
    """Draw the means of a quantity against the round in their bands, of those of `learners` that the frame has."""
    played = frame["learner"].unique(maintain_order=True).to_list()
    for name in [name for name in learners or played if name in played]:
        curve = frame.filter(frame["learner"] == name).sort("round")
        own: dict[str, Any] = {"markevery": 4, "markersize": 4.0, "linewidth": 1.2}
        if name == SEARCH:
            own |= {"linewidth": 2.4, "zorder": 5}
        if name in BROKEN:
            own["linestyle"] = (0, (4, 1.5))
        style.band(axes, curve["round"], style.measured(curve, quantity), LOOKS[name], **(own | line))


def shared_legend(axes: "Axes", columns: int = 4) -> None:
    """Put one legend for all panels under the figure."""
    canvas = axes.get_figure()
    assert canvas is not None
    canvas.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns)
