"""The simulations behind the figures: every learner in each of the three closed loops, from the same seeds.

The three populations and their prices are `bandits.threshold.examples`. All learners get the same uniforms in a
repetition, so differences between learners are taken repetition by repetition.
"""

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits import threshold
from bandits.protocol import Learner
from bandits.threshold import EmpiricalPools, FullScores, FullScoreSearch, ThresholdGame, environments
from paper_figures import kit, style
from paper_figures.kit import Axes, Figure, Frame, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, Run

SEARCH = "OptimisticFeasibleSearch"
TITLES = {"synthetic": "synthetic", "german_credit": "German Credit", "compas": "COMPAS"}

# In pairs of one colour: the second of a pair is broken and has another marker.
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


def described(value: Any) -> str:
    """Return the fields of an object as text, without those that are None."""
    named = {f.name: getattr(value, f.name) for f in fields(value)}
    return ", ".join(f"{name} {content}" for name, content in named.items() if content is not None)


POPULATIONS = tuple(
    f"{TITLES[name]}: price q {game.price}, {described(game.population)}" for name, game in environments(1).items()
)
_POOLS = {"synthetic": (20, 10, 10, 5, 5), "german_credit": (10, 10, 20, 5, 5), "compas": (5, 10, 10, 10, 15)}


def pools(adaptation: float, second: tuple[int, ...]) -> EmpiricalPools:
    """Return a population that is fast to compile, for quality tiny.

    Group 0 has ten individuals at each of five scores, group 1 has `second`; good in proportion to the score.
    """
    scores: list[float] = []
    good, group = [], []
    for label, counts in enumerate(((10,) * 5, second)):
        for score, count in zip((0.1, 0.3, 0.5, 0.7, 0.9), counts, strict=True):
            scores += [score] * count
            good += [int(i < round(score * count)) for i in range(count)]
            group += [label] * count
    return EmpiricalPools(adaptation, scores=scores, good=good, group=group)


class LoopFigure(Figure):
    """A figure of the closed loops; the parameters of the populations are shown as `environments` has them."""

    panels = 3
    simulations = "du2025_loops"
    tiny = changed(
        horizon=300,
        n_thresholds=5,
        checkpoints=6,
        repetitions=3,
        learners=(SEARCH, "RewardUCB", "PrimalDualBandit"),
        pooled=True,
        populations=tuple(f"{TITLES[name]}: pools, group 1 {counts}" for name, counts in _POOLS.items()),
    )
    paper = changed(horizon=1_000_000, learners=tuple(LOOKS), repetitions=32, checkpoints=48)

    horizon: int = setting("horizon T (rounds)", 100_000)
    n_thresholds: int = setting("thresholds G, equally spaced on [0, 1]", 50)
    batch_size: int = setting("individuals per round n", 100)
    parity_tolerance: float = setting("parity tolerance δ (acceptance rate)", 0.1)
    failure_probability: float = setting("failure probability δ₀ of the confidence bounds", 0.05)
    width: float = setting("width of the confidence bounds (1: that of the theorem)", 1.0)
    late_share: float = setting("share of the rounds that counts as steady state", 0.2)
    checkpoints: int = setting("checkpoints, evenly in the logarithm of the round", 32)
    learners: tuple[str, ...] = setting("learners", tuple(name for name in LOOKS if name not in _SLOW))
    repetitions: int = setting("repetitions", 8)
    seed: int = setting("seed", 2025)
    pooled: bool = setting("small pools in place of the populations", False)
    populations: tuple[str, ...] = setting("populations", POPULATIONS)

    @property
    def rounds(self) -> NDArray[np.int64]:
        """The checkpoints: log-spaced from round 10, with the start of the steady state."""
        grid = np.geomspace(min(10, self.horizon), self.horizon, self.checkpoints)
        late = round((1.0 - self.late_share) * self.horizon)
        return np.unique(np.append(np.rint(grid), late).astype(np.int64))

    def games(self) -> dict[str, ThresholdGame]:
        """Return the three games by name."""
        sizes: dict[str, Any] = {"batch_size": self.batch_size, "parity_tolerance": self.parity_tolerance}
        if not self.pooled:
            return environments(self.horizon, grid=self.n_thresholds, **sizes)
        return {
            name: ThresholdGame(pools(0.1, counts), self.horizon, self.n_thresholds, price=1.0, **sizes)
            for name, counts in _POOLS.items()
        }

    def players(self) -> list[Learner]:
        """Return the learners, the oracle last."""
        sure: dict[str, Any] = {"failure_probability": self.failure_probability, "width": self.width}
        kinds = [getattr(threshold, name) for name in LOOKS if name in self.learners]
        return [kind(**sure) if sure.keys() <= {f.name for f in fields(kind)} else kind() for kind in kinds]

    def runs(self) -> list[tuple[str, str, Run]]:
        """Return (environment, name of the learner, run) for each learner in each environment."""
        cells, keys = [], []
        rounds = tuple(int(t) for t in self.rounds)
        for name, game in self.games().items():
            for learner in self.players():
                problem = replace(game, feedback=FullScores()) if isinstance(learner, FullScoreSearch) else game
                cells.append(Cell(problem, learner, self.repetitions, self.seed, rounds))
                keys.append((name, learner.name))
        return [(*key, run) for key, run in zip(keys, runs(cells), strict=True)]


def best_reward(run: Run) -> float:
    """Return the mean reward per round of the oracle, in units of a good acceptance."""
    sweep = run.problem.fixed_points  # type: ignore[attr-defined]
    return float(sweep.reward[sweep.best])


def draw_lines(frame: Frame, axes: Axes, quantity: str, learners: list[str] | None = None, **line: Any) -> None:
    """Draw the means of a quantity against the round in their bands, of those of `learners` that the frame has."""
    looks = {name: LOOKS[name] for name in learners or kit.values(frame, "learner")}
    for name, look, rows in kit.curves(frame, looks, "learner", "round"):
        own: dict[str, Any] = {"markevery": 4, "markersize": 4.0, "linewidth": 1.2}
        if name == SEARCH:
            own |= {"linewidth": 2.4, "zorder": 5}
        if name in BROKEN:
            own["linestyle"] = (0, (4, 1.5))
        kit.curve(axes, rows, "round", quantity, look, **(own | line))
