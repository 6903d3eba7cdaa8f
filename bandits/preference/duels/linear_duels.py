"""Duels between actions that have features: rewards are linear in them, preferences logistic in the rewards.

Saha 2021 (NeurIPS, "Optimal algorithms for stochastic contextual preference bandits"): action i with features phi_i in
R^d has the reward u_i = theta* . phi_i, unseen, and beats j with probability sigma(u_i - u_j). The game is transitive,
its von Neumann winner the action of largest reward, and every learner of duels can play it; those that read `features`
learn about all actions from each answer.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import read_only
from bandits.core.checks import array, integer
from bandits.core.jit import kernel, shared_kernel
from bandits.core.rng import Stream, uniform
from bandits.preference.duels.problem import Duel, Pair, duellists
from bandits.preference.games import bradley_terry
from bandits.protocol import ProblemSteps, RoundProblem

_LARGEST = 1e6  # of features and weights: sums of their squares stay far from overflow


class LinearDuelSetting(NamedTuple):
    """What the compiled functions receive."""

    preferences: Any  # (n, n) float64, P
    gap: Any  # (n,) float64, P[best, a] - 1/2
    reward_gap: Any  # (n,) float64, u_best - u_a


class LinearDuelWorld(NamedTuple):
    """How often each action was played, on either side, and the first action of the last round."""

    plays: Any  # (n,) float64
    first: Any  # (1,) int64


@kernel
def _init(setting: LinearDuelSetting, env: Stream) -> LinearDuelWorld:
    return LinearDuelWorld(np.zeros(setting.gap.size), np.zeros(1, np.int64))


@shared_kernel
def _respond(setting: LinearDuelSetting, world: LinearDuelWorld, t: int, pair: Pair, env: Stream) -> Any:
    first, second = duellists(pair, setting.gap.size, t)
    world.plays[first] += 1.0
    world.plays[second] += 1.0
    world.first[0] = first
    answer = 0.0
    if uniform(env, t, 0) < setting.preferences[first, second]:
        answer = 1.0
    return answer, world


class LinearDuelMetrics(NamedTuple):
    """What is measured after a number of rounds."""

    regret: float
    reward_regret: float
    first_gap: float


@shared_kernel
def _measure(setting: LinearDuelSetting, world: LinearDuelWorld, n_rounds: int) -> LinearDuelMetrics:
    regret, reward_regret = 0.0, 0.0
    for i in range(setting.gap.size):
        regret += 0.5 * world.plays[i] * setting.gap[i]
        reward_regret += 0.5 * world.plays[i] * setting.reward_gap[i]
    return LinearDuelMetrics(regret, reward_regret, setting.reward_gap[world.first[0]])


@dataclass(frozen=True, eq=False)
class LinearDuels(RoundProblem):
    """`horizon` >= 1 comparisons of actions with `features` (n, d), rewards features @ weights, weights (d,).

    Features and weights lie in [-1e6, 1e6].

    Metrics: regret as in `DuelingBandit`, reward_regret = sum over rounds of u_best less the mean reward of the two
    actions, and first_gap = u_best less the reward of the last round's first action.
    Raises ValueError or TypeError naming the argument.
    """

    features: ArrayLike
    weights: ArrayLike
    horizon: int
    feedback: ClassVar[Duel] = Duel()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure)
    metrics: ClassVar[tuple[str, ...]] = LinearDuelMetrics._fields

    def __post_init__(self) -> None:
        features = array("features", self.features, 2, -_LARGEST, _LARGEST)
        weights = array("weights", self.weights, 1, -_LARGEST, _LARGEST)
        if features.shape[1] != weights.size:
            raise ValueError(f"weights must be ({features.shape[1]},) for these features, got shape {weights.shape}")

        integer("horizon", self.horizon, low=1)
        object.__setattr__(self, "features", features)
        object.__setattr__(self, "weights", weights)

    @property
    def n_actions(self) -> int:
        """Number of actions n."""
        return len(np.asarray(self.features))

    @property
    def rewards(self) -> NDArray[np.float64]:
        """The rewards u (n,), which no learner sees."""
        products = np.asarray(self.features) * np.asarray(self.weights)
        return np.array([math.fsum(row) for row in products])  # the same bits on every machine

    @cached_property
    @read_only
    def preferences(self) -> NDArray[np.float64]:
        """The preference matrix (n, n)."""
        return bradley_terry(self.rewards)

    def setting(self) -> LinearDuelSetting:
        """Return what the compiled functions receive."""
        gap = self.rewards.max() - self.rewards
        return LinearDuelSetting(self.preferences, self.preferences[np.argmin(gap)] - 0.5, gap)

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return numbers that the metric cannot leave in any play of any learner."""
        setting = self.setting()
        worst, worth = float(setting.gap.max()), float(setting.reward_gap.max())
        most = {"regret": worst * self.horizon, "reward_regret": worth * self.horizon, "first_gap": worth}[metric]
        return 0.0, most * (1.0 + 1e-12)
