"""Closed loops small enough for tests: three pools in place of the populations, so that few kernels are compiled."""

from dataclasses import dataclass, replace

from bandits.threshold import EmpiricalPools, ThresholdGame
from paper_figures.du2025.horizon import GrowthSettings
from paper_figures.du2025.loops import SEARCH, LoopSettings

SCORES = (0.1, 0.3, 0.5, 0.7, 0.9)


def pools(adaptation: float, second: tuple[int, ...]) -> EmpiricalPools:
    """Return group 0 with ten individuals at each score and group 1 with so many; good in proportion to the score."""
    scores, good, group = [], [], []
    for label, counts in enumerate(((10,) * 5, second)):
        for score, count in zip(SCORES, counts, strict=True):
            scores += [score] * count
            good += [int(i < round(score * count)) for i in range(count)]
            group += [label] * count
    return EmpiricalPools(adaptation, scores=scores, good=good, group=group)


@dataclass(frozen=True)
class PooledLoops(LoopSettings):
    """The figures' settings on three pools with the names of the environments."""

    def games(self) -> dict[str, ThresholdGame]:
        game = ThresholdGame(
            pools(0.1, (20, 10, 10, 5, 5)), self.horizon, self.n_thresholds, self.batch_size, 1.0, self.parity_tolerance
        )
        others = {"german_credit": (10, 10, 20, 5, 5), "compas": (5, 10, 10, 10, 15)}
        return {"synthetic": game} | {
            name: replace(game, population=pools(0.1, counts)) for name, counts in others.items()
        }


LOOPS = PooledLoops(
    horizon=300,
    n_thresholds=5,
    checkpoints=6,
    repetitions=3,
    learners=(SEARCH, "RewardUCB", "PrimalDualBandit"),
)
GROWTH = GrowthSettings(
    horizons=(64, 128, 256),
    n_thresholds=4,
    population=pools(0.0, (15, 15, 0, 10, 10)),
    learners=(SEARCH,),
    repetitions=4,
)
