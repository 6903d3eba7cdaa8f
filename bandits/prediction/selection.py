"""Selection among drawn answers by a proxy for their reward: which k of N answers to submit (Di et al. 2025).

In a round N answers to a prompt are drawn from a law over Y answers. The learner sees how often each was drawn, and a
proxy for the reward of those that were, never the rewards; it submits at most k of them and earns the largest reward.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, returns
from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import HUGE, array, fits, integer, real
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform
from bandits.core.summation import Sum, empty_sum, plus, value
from bandits.prediction.mixture import as_laws
from bandits.protocol import Learner, LearnerSteps, ProblemSteps, RoundProblem


@dataclass(frozen=True)
class Proxies(Checked):
    """`Drawn` before the action, the reward after it."""

    kind: ClassVar[str] = "proxies"


class Drawn(NamedTuple):
    """How often each answer was drawn, and the proxy for its reward; 0 where it was not drawn."""

    counts: Any  # (Y,) int64
    proxies: Any  # (Y,) float64


class SelectionSetting(NamedTuple):
    """What the compiled functions receive."""

    law: Any  # (Y,) float64
    rewards: Any  # (Y,) float64
    proxies: Any  # (Y,) float64
    draws: int
    submit: int


class SelectionWorld(NamedTuple):
    """What was drawn, and the sum of regrets."""

    counts: Any  # (Y,) int64
    seen: Any  # (Y,) float64
    regret: Sum


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    regret: float


_check_action = returns(None, Part("the answers", "integer", 1))


@kernel
def _init(setting: SelectionSetting, env: Stream) -> SelectionWorld:
    return SelectionWorld(np.zeros(setting.law.size, np.int64), np.zeros(setting.law.size), empty_sum())


@kernel
def _observe(setting: SelectionSetting, world: SelectionWorld, t: int, env: Stream) -> Any:
    world.counts[:] = 0
    for i in range(setting.draws):
        world.counts[pick(setting.law, 1.0, uniform(env, t, i))] += 1
    for y in range(setting.law.size):
        world.seen[y] = setting.proxies[y] if world.counts[y] > 0 else 0.0
    return Drawn(world.counts, world.seen), world


@kernel
def _respond(setting: SelectionSetting, world: SelectionWorld, t: int, action: Any, env: Stream) -> Any:
    _check_action(action)
    if action.size > setting.submit:
        raise InvalidAction("at most {} answers may be submitted, got {}", t, setting.submit, action.size)
    reward = 0.0
    for y in action:
        if y < -1 or y >= setting.law.size:
            raise InvalidAction("answers must be in -1, ..., {}, got {}", t, setting.law.size - 1, y)
        if y >= 0:
            if world.counts[y] == 0:
                raise InvalidAction("answers must have been drawn, got {}", t, y)
            reward = max(reward, setting.rewards[y])
    return reward, SelectionWorld(world.counts, world.seen, plus(world.regret, setting.rewards.max() - reward, t))


@rare_kernel
def _measure(setting: SelectionSetting, world: SelectionWorld, n_rounds: int) -> Metrics:
    return Metrics(value(world.regret))


@dataclass(frozen=True, eq=False)
class SelectionGame(RoundProblem):
    """`horizon` rounds in each of which `draws` answers to one prompt are drawn and at most `submit` are submitted.

    law: (Y,) probabilities of the answers.  rewards: (Y,) in [0, 1].  proxies: (Y,) numbers.  draws: N in [1, 2^31].
    submit: k >= 1. Raises ValueError for a law that does not sum to 1.

    A learner plays an array of at most k drawn answers; -1 stands for none. Without an answer the reward is 0. Metric:
    regret, the largest reward of all answers less that of the submitted ones, summed.
    """

    law: Numbers
    rewards: Numbers
    proxies: Numbers
    draws: int
    submit: int
    horizon: int
    feedback: ClassVar[Proxies] = Proxies()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure, _observe)
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "law", as_laws("law", self.law, 1))
        for name, low, high in (("rewards", 0.0, 1.0), ("proxies", -HUGE, HUGE)):
            given = array(name, getattr(self, name), 1, low, high)
            if given.size != self.law.size:
                raise ValueError(f"{name} must have {self.law.size} entries, as law has, got {given.size}")
            object.__setattr__(self, name, given)
        integer("draws", self.draws, 1, 2**31)
        fits("submit", integer("submit", self.submit, 1, 2**20))
        integer("horizon", self.horizon, low=1)

    @property
    def best(self) -> int:
        """The best answer y*, the likeliest of them."""
        return int(np.lexsort((-self.law, -self.rewards))[0])

    @property
    def coverage(self) -> float:
        """C* = 1 / the probability of the best answer."""
        with np.errstate(divide="ignore"):
            return float(1.0 / self.law[self.best])

    @property
    def optimism(self) -> float:
        """eps_opt, what the proxy of the best answer lacks of its reward, at least 0."""
        return max(0.0, float(self.rewards[self.best] - self.proxies[self.best]))

    @property
    def proxy_error(self) -> float:
        """eps_RM, the root of the mean squared error of the proxies."""
        return math.sqrt(float(self.law @ (self.proxies - self.rewards) ** 2))

    @cached_property
    def _setting(self) -> SelectionSetting:
        return SelectionSetting(self.law, self.rewards, self.proxies, self.draws, self.submit)

    def setting(self) -> SelectionSetting:
        """Return what the compiled functions receive."""
        return self._setting

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric at the horizon that hold for every draw."""
        return 0.0, self.horizon * float(self.rewards.max()) * (1.0 + 1e-12)


# ---------------------------------------------------------------- learners


class SelectionParams(NamedTuple):
    """How many answers may be submitted, how often one must have been drawn, and whether proxies decide."""

    submit: int
    least: int
    by_proxy: bool


class SelectionState(NamedTuple):
    """Room for the submitted answers."""

    chosen: Any  # (k,) int64


@kernel
def _start(params: SelectionParams, rng: Stream) -> SelectionState:
    return SelectionState(np.full(params.submit, -1, np.int64))


@kernel
def _select(params: SelectionParams, state: SelectionState, drawn: Drawn, t: int, rng: Stream) -> Any:
    chosen = state.chosen
    chosen[:] = -1
    for y in range(drawn.counts.size):
        if drawn.counts[y] >= params.least:
            mine, other = drawn.proxies[y] if params.by_proxy else float(drawn.counts[y]), y
            for place in range(chosen.size):  # insertion, the first of equals in front
                there = chosen[place]
                if there < 0:
                    chosen[place] = other
                    break
                score = drawn.proxies[there] if params.by_proxy else float(drawn.counts[there])
                if score < mine or (score == mine and there > other):
                    chosen[place] = other
                    other, mine = there, score
    return chosen


@kernel
def _keep(
    params: SelectionParams, state: SelectionState, t: int, action: Any, reward: float, rng: Stream
) -> SelectionState:
    return state


class _Selector(Learner):
    """Base of the rules of selection."""

    accepts: ClassVar[tuple[type, ...]] = (Proxies,)
    steps: ClassVar[LearnerSteps] = LearnerSteps(_start, _select, _keep)


@dataclass(frozen=True)
class BestOfMajority(_Selector):
    """Submits the k answers with the largest proxies of those that make up at least a share `alpha` of the draws.

    alpha: in [0, 1]; 0 is best-of-N. Ties go to the first answer; where none is drawn that often, none is submitted.
    """

    alpha: float = 0.0
    exact: ClassVar[str] = "best_of_majority"

    def __post_init__(self) -> None:
        real("alpha", self.alpha, 0.0, 1.0)

    def parameters(self, problem: SelectionGame) -> SelectionParams:
        """Return the numbers of answers and draws that are needed."""
        return SelectionParams(problem.submit, least_count(self.alpha, problem.draws), True)


@dataclass(frozen=True)
class Majority(_Selector):
    """Submits the k answers that were drawn most often, the first ones of equals; proxies mean nothing to it."""

    def parameters(self, problem: SelectionGame) -> SelectionParams:
        """Return the number of answers."""
        return SelectionParams(problem.submit, 1, False)


def least_count(alpha: float, draws: int) -> int:
    """Return max(1, ceil(alpha N)); a product that rounding has put just above an integer counts as that integer."""
    return max(1, math.ceil(alpha * draws * (1.0 - 1e-12)))
