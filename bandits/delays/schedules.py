"""Schedules of delays: by how many rounds the feedback of each round is late. A delay of 0 is none."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import integer, integers, real
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform

DRAW = 2**32 - 1  # index of the schedule's draw in a round of the environment's stream


class Schedule(Checked):
    """Base of the schedules: frozen dataclasses. Delays depend on the action at most; rounds t count from 0."""

    delay: ClassVar[Any]  # kernel (setting, t, action, env) -> int >= 0, the delay of round t
    oblivious: ClassVar[bool] = True  # whether delays do not depend on the action either

    @property
    def block(self) -> int:
        """After every multiple of how many rounds nothing is outstanding; 0 if that is not known."""
        return 0

    @abstractmethod
    def setting(self, horizon: int) -> Any:
        """Return the NamedTuple that the kernel receives."""

    @abstractmethod
    def longest(self, horizon: int) -> int:
        """Return the longest delay that occurs in a game of this length, or the horizon if that is less."""

    @abstractmethod
    def outstanding(self, horizon: int) -> int:
        """Return the most rounds whose feedback may be outstanding when a round begins."""

    def outstanding_of(self, horizon: int, n_actions: int) -> NDArray[np.int64]:
        """Return for each action the most of its rounds whose feedback may be outstanding, (K,)."""
        return np.full(n_actions, self.outstanding(horizon))

    def straddling(self, horizon: int, length: int) -> int:
        """Return the most rounds, the first ones of a block of this length, in which older feedback may arrive."""
        return 0 if self.block and length % self.block == 0 else min(self.longest(horizon), length)

    @abstractmethod
    def expected(self, horizon: int, patience: int) -> tuple[float, float]:
        """Return E sum of min(d_t, T - 1 - t) over rounds with d_t <= patience, and the expected number of others."""


# ---------------------------------------------------------------- given delays


class Listed(NamedTuple):
    """What the kernel of given delays receives."""

    delays: Any  # (n,) int64, of rounds 0, ..., n - 1, and from the start again


@kernel
def _listed(setting: Listed, t: int, action: int, env: Stream) -> int:
    return setting.delays[t % setting.delays.size]


class _Given(Schedule):
    """Base of the schedules that repeat a list of delays."""

    delay: ClassVar[Any] = _listed

    def longest(self, horizon: int) -> int:
        """Return the longest delay of the list."""
        return min(int(self.setting(horizon).delays.max()), horizon)

    def outstanding(self, horizon: int) -> int:
        """Return the most outstanding, counted round by round until the list and its delays have passed once."""
        delays = self.setting(horizon).delays
        rounds = np.arange(min(horizon, self.longest(horizon) + delays.size))
        ends = rounds + np.minimum(delays[rounds % delays.size], horizon)
        arrived = np.cumsum(np.bincount(ends[ends < len(rounds) - 1] + 1, minlength=len(rounds)))
        return int((rounds - arrived).max())  # the feedback of s is there when round ends[s] + 1 begins

    def expected(self, horizon: int, patience: int) -> tuple[float, float]:
        """Return the sum of the delays within the patience, cut at the end, and the number of the others."""
        delays = np.minimum(self.setting(horizon).delays, horizon)
        kept = np.where(delays <= patience, delays, 0)
        late = horizon - np.arange(1, self.longest(horizon) + 1)  # rounds whose feedback may come after the end
        beyond = np.maximum(kept[late % delays.size] - (horizon - 1 - late), 0).sum()
        return _over(kept, horizon) - float(beyond), _over(delays > patience, horizon)


def _over(each: NDArray[Any], rounds: int) -> float:
    """Return the sum over the rounds of numbers (n,) that repeat."""
    whole, rest = divmod(rounds, each.size)
    return float(whole * each.sum(dtype=np.float64) + each[:rest].sum(dtype=np.float64))


@dataclass(frozen=True)
class FixedDelay(_Given):
    """Every feedback is late by `rounds` >= 0."""

    rounds: int

    def __post_init__(self) -> None:
        integer("rounds", self.rounds, low=0)

    def setting(self, horizon: int) -> Listed:
        """Return the delay."""
        return Listed(np.array([self.rounds]))


@dataclass(frozen=True)
class BlockDelay(_Given):
    """All feedback of a block of `length` >= 1 rounds arrives at its end, as if an adversary hid the block."""

    length: int

    def __post_init__(self) -> None:
        integer("length", self.length, low=1, high=2**26)

    @property
    def block(self) -> int:
        """The length."""
        return self.length

    def setting(self, horizon: int) -> Listed:
        """Return the delays length - 1, ..., 0."""
        return Listed(np.arange(self.length)[::-1].copy())


@dataclass(frozen=True)
class DelayTable(_Given):
    """Given delays >= 0, one per round; repeated from the start where the game is longer than the list."""

    delays: Numbers

    def __post_init__(self) -> None:
        object.__setattr__(self, "delays", tuple(integers("delays", self.delays, 0, 2**56)))
        if not self.delays:
            raise ValueError("delays must not be empty")

    def setting(self, horizon: int) -> Listed:
        """Return the delays."""
        return Listed(np.array(self.delays))


class PerAction(NamedTuple):
    """What the kernel of delays of actions receives."""

    late: Any  # (K,) int64


@kernel
def _of_action(setting: PerAction, t: int, action: int, env: Stream) -> int:
    return setting.late[action] if 0 <= action < setting.late.size else 0  # others are refused by the problem


@dataclass(frozen=True)
class ActionDelay(Schedule):
    """Given delays >= 0, one per action (K,): the feedback of action i is late by delays[i], whatever the round."""

    delays: Numbers
    delay: ClassVar[Any] = _of_action
    oblivious: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "delays", tuple(integers("delays", self.delays, 0, 2**56)))
        if not self.delays:
            raise ValueError("delays must not be empty")

    def setting(self, horizon: int) -> PerAction:
        """Return the delays."""
        return PerAction(np.array(self.delays))

    def longest(self, horizon: int) -> int:
        """Return the longest delay of an action."""
        return min(max(self.delays), horizon)

    def outstanding(self, horizon: int) -> int:
        """Return the longest delay, or the rounds before the last."""
        return min(max(self.delays), horizon - 1)

    def outstanding_of(self, horizon: int, n_actions: int) -> NDArray[np.int64]:
        """Return the delays, or the rounds before the last; ValueError unless there is one per action."""
        if len(self.delays) != n_actions:
            raise ValueError(f"delays must be {n_actions} integers, one per action, got {len(self.delays)}")
        return np.minimum(self.delays, horizon - 1)

    def expected(self, horizon: int, patience: int) -> tuple[float, float]:
        """Raise ValueError: the total delay depends on the play."""
        raise ValueError("the total delay of an ActionDelay depends on the play; give the learner's learning_rate")


# ---------------------------------------------------------------- random delays


class Drawn(NamedTuple):
    """What the kernels of random delays receive: the parameter of the law, and the longest delay."""

    parameter: float
    longest: int


@kernel
def _geometric(setting: Drawn, t: int, action: int, env: Stream) -> int:
    waited = -math.log(1.0 - uniform(env, t, DRAW)) * setting.parameter
    return int(min(waited, float(setting.longest)))


@kernel
def _heavy_tailed(setting: Drawn, t: int, action: int, env: Stream) -> int:
    grown = -math.log(1.0 - uniform(env, t, DRAW)) * setting.parameter
    return int(min(math.exp(min(grown, 700.0)) - 1.0, float(setting.longest)))


class _Random(Schedule):
    """Base of independent delays; those beyond `longest_delay` (None: the horizon) are shortened to it.

    The memory of a game grows with the longest delay.
    """

    longest_delay: int | None

    @property
    @abstractmethod
    def parameter(self) -> float:
        """The parameter of the kernel's law."""

    @abstractmethod
    def tail(self, rounds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return P(d >= k) for each k >= 1 of `rounds`, without the limit."""

    def setting(self, horizon: int) -> Drawn:
        """Return the parameter and the limit."""
        return Drawn(self.parameter, self.longest(horizon))

    def longest(self, horizon: int) -> int:
        """Return the limit of the delays, or the horizon."""
        return horizon if self.longest_delay is None else min(self.longest_delay, horizon)

    def outstanding(self, horizon: int) -> int:
        """Return the limit of the delays, or the rounds before the last."""
        return min(self.longest(horizon), horizon - 1)

    def expected(self, horizon: int, patience: int) -> tuple[float, float]:
        """Return the sums over the rounds of E min(d, m) 1{d <= b} = sum of P(k <= d <= b) over k <= min(m, b)."""
        longest = min(self.longest(horizon), horizon - 1)
        rounds = np.arange(1, longest + 2)
        chances = np.where(rounds <= self.longest(horizon), self.tail(rounds.astype(np.float64)), 0.0)
        late = float(chances[patience]) if patience <= longest else 0.0  # P(d > patience)
        within = np.where(rounds <= patience, chances - late, 0.0)[:longest]
        return float(within @ (horizon - rounds[:longest])), late * horizon


@dataclass(frozen=True)
class GeometricDelay(_Random):
    """Independent delays with P(d >= k) = q^k, q = mean / (1 + mean), for a mean in (0, 1e9] rounds."""

    mean: float
    longest_delay: int | None = None
    delay: ClassVar[Any] = _geometric

    def __post_init__(self) -> None:
        real("mean", self.mean, low=0.0, high=1e9, open_low=True)
        _check_longest(self.longest_delay)

    @property
    def parameter(self) -> float:
        """-1 / ln q."""
        return 1.0 / math.log1p(1.0 / self.mean)

    def tail(self, rounds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return q^k."""
        return np.exp(-rounds / self.parameter)


@dataclass(frozen=True)
class HeavyTailedDelay(_Random):
    """Independent delays with P(d >= k) = (1 + k)^-exponent, exponent > 0; up to 1 they have no mean."""

    exponent: float
    longest_delay: int | None = None
    delay: ClassVar[Any] = _heavy_tailed

    def __post_init__(self) -> None:
        real("exponent", self.exponent, low=0.0, open_low=True)
        _check_longest(self.longest_delay)

    @property
    def parameter(self) -> float:
        """1 / exponent."""
        return 1.0 / self.exponent

    def tail(self, rounds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (1 + k)^-exponent."""
        return np.exp(-self.exponent * np.log1p(rounds))


def _check_longest(given: int | None) -> None:
    if given is not None:
        integer("longest_delay", given, low=0)
