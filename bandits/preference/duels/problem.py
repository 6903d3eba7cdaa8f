"""Dueling bandits: every round two actions are compared, and one bit says which was preferred.

Yue & Joachims 2011; for games without a best action, Dudik et al. 2015 (arXiv:1502.06362). With w a von Neumann winner
of the preference matrix P, S = P - 1/2, a round of (a, b) costs (<w, S e_a> + <w, S e_b>) / 2 >= 0: what the winner
would win of each beyond a half. With a Condorcet winner c (it beats everyone) that is (P[c, a] + P[c, b] - 1) / 2.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.arguments import Checked, read_only
from bandits.core.checks import integer
from bandits.core.jit import kernel, shared_kernel
from bandits.core.lanes import any_lane, flat, in_lanes, own, own_array, where
from bandits.core.rng import Stream, uniform
from bandits.preference.equilibria import von_neumann_winner
from bandits.preference.games import preference_matrix, skew
from bandits.protocol import Learner, ProblemSteps, RoundProblem


@dataclass(frozen=True)
class Duel(Checked):
    """The answer to one comparison per round: 1.0 where the first action was preferred, else 0.0."""

    kind: ClassVar[str] = "duel"


class Pair(NamedTuple):
    """The two actions that are compared."""

    first: int
    second: int


_check_pair = returns(Pair, Part("first", "integer"), Part("second", "integer"))


@kernel
def duellists(pair: Pair, n_actions: int, t: int) -> tuple[int, int]:
    """Return both actions of round t's pair; InvalidAction unless they are in 0, ..., n_actions - 1."""
    _check_pair(pair)
    first, second = index(pair.first), index(pair.second)
    if first < 0 or first >= n_actions:
        raise InvalidAction("first must be in 0, ..., {}, got {}", t, n_actions - 1, first)
    if second < 0 or second >= n_actions:
        raise InvalidAction("second must be in 0, ..., {}, got {}", t, n_actions - 1, second)
    return first, second


@in_lanes(of=duellists)
@kernel
def _lanes_duellists(pair: Pair, n: int, t: int) -> Any:
    _check_pair(pair)
    first, second = index(pair.first), index(pair.second)
    if any_lane((first < 0) | (first >= n) | (second < 0) | (second >= n)):
        raise InvalidAction("first and second must be in 0, ..., {}, got others", t, n - 1)
    return first, second


class DuelLearner(Learner):
    """Base of the learners that choose two actions per round and see one answer."""

    accepts: ClassVar[tuple[type, ...]] = (Duel,)


class DuelSetting(NamedTuple):
    """What the compiled functions receive."""

    skew: Any  # (n, n) float64, S
    gap: Any  # (n,) float64, <w, S e_a>


class DuelWorld(NamedTuple):
    """How often each action was played, on either side."""

    plays: Any  # (n,) float64


@in_lanes()
@kernel
def _init(setting: DuelSetting, env: Stream) -> DuelWorld:
    return DuelWorld(own_array(setting.gap.size, 0.0, env))


@in_lanes()
@shared_kernel
def _respond(setting: DuelSetting, world: DuelWorld, t: int, pair: Pair, env: Stream) -> Any:
    n = setting.gap.size
    left, right = duellists(pair, n, t)
    first, second = own(left, env), own(right, env)
    world.plays[first] += 1.0
    world.plays[second] += 1.0
    return where(uniform(env, t, 0) - 0.5 < flat(setting.skew)[first * n + second], 1.0, 0.0), world


class DuelMetrics(NamedTuple):
    """What is measured after a number of rounds."""

    regret: float
    average_gap0: float


@shared_kernel
def _measure(setting: DuelSetting, world: DuelWorld, n_rounds: int) -> DuelMetrics:
    regret = 0.0
    gap = 0.0
    for i in range(setting.gap.size):
        regret += world.plays[i] * setting.gap[i]
        row = 0.0
        for j in range(setting.gap.size):
            row += setting.skew[i, j] * world.plays[j]
        gap = max(gap, row)
    return DuelMetrics(0.5 * regret, gap / n_rounds)


@dataclass(frozen=True, eq=False)
class DuelingBandit(RoundProblem):
    """`horizon` >= 1 comparisons in the game `preferences` (n, n).

    Metrics: regret, and average_gap0 = gap0 of the frequencies of the actions, both sides together.
    Raises ValueError or TypeError naming the argument.
    """

    preferences: ArrayLike
    horizon: int
    feedback: ClassVar[Duel] = Duel()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure)
    metrics: ClassVar[tuple[str, ...]] = DuelMetrics._fields

    def __post_init__(self) -> None:
        matrix = preference_matrix("preferences", self.preferences)
        if matrix.ndim != 2:
            raise ValueError(f"preferences must be one matrix (n, n), got shape {matrix.shape}")
        integer("horizon", self.horizon, low=1)
        object.__setattr__(self, "preferences", matrix)

    @property
    def n_actions(self) -> int:
        """Number of actions n."""
        return len(np.asarray(self.preferences))

    @cached_property
    @read_only
    def winner(self) -> NDArray[np.float64]:
        """A von Neumann winner (n,): the comparator of the regret."""
        return von_neumann_winner(self.preferences)

    def setting(self) -> DuelSetting:
        """Return what the compiled functions receive."""
        matrix = np.ascontiguousarray(skew(self.preferences))
        gap = [math.fsum(column) for column in (self.winner[:, None] * matrix).T]  # the same bits on every machine
        return DuelSetting(matrix, np.maximum(gap, 0.0))

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return numbers that the metric cannot leave in any play of any learner."""
        worst = float(self.setting().gap.max()) * self.horizon
        return {"regret": (0.0, worst * (1.0 + 1e-12)), "average_gap0": (0.0, 1.0)}[metric]
