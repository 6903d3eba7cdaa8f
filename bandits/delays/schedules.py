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

Array = NDArray[np.float64]


class Schedule(Checked):
    """Base of the schedules: frozen dataclasses. Delays do not depend on the play."""

    delay: ClassVar[Any]  # kernel (setting, t, env) -> int >= 0, the delay of round t

    @abstractmethod
    def setting(self, horizon: int) -> Any:
        """Return the NamedTuple that the kernel receives."""

    @abstractmethod
    def longest(self, horizon: int) -> int:
        """Return the longest delay that occurs in a game of this length, or the horizon if that is less."""

    @abstractmethod
    def outstanding(self, horizon: int) -> int:
        """Return the most rounds whose feedback may be outstanding when a round begins."""

    @abstractmethod
    def expected(self, horizon: int, patience: int) -> tuple[float, float]:
        """Return E sum of min(d_t, T - 1 - t) over rounds with d_t <= patience, and the expected number of others.

        t counts from 0 to T - 1, and delays count as at most T.
        """


class _Numbers(NamedTuple):
    """What the kernels of schedules with two numbers receive."""

    first: float
    longest: int


class _Table(NamedTuple):
    """What the kernels of repeated delays receive."""

    delays: Any  # (n,) int64, repeated


@kernel
def _listed(setting: _Table, t: int, env: Stream) -> int:
    return setting.delays[t % setting.delays.size]


class _Repeated(Schedule):
    """Base of the schedules that repeat a list of delays."""

    delay: ClassVar[Any] = _listed

    @abstractmethod
    def _delays(self) -> NDArray[np.int64]:
        """Return the list, (n,)."""

    def setting(self, horizon: int) -> _Table:
        """Return the list of delays."""
        return _Table(self._delays())

    def longest(self, horizon: int) -> int:
        """Return the longest delay of the list."""
        return min(int(self._delays().max()), horizon)

    def outstanding(self, horizon: int) -> int:
        """Return the most outstanding, counted round by round."""
        ends = np.arange(horizon) + self._of(horizon)  # the feedback of s is there when round ends[s] + 1 begins
        arrived = np.cumsum(np.bincount(ends[ends < horizon - 1] + 1, minlength=horizon))
        return int((np.arange(horizon) - arrived).max())

    def expected(self, horizon: int, patience: int) -> tuple[float, float]:
        """Return the sum of the delays within the patience, cut at the horizon, and the number of the others."""
        delays, left = self._of(horizon), np.arange(horizon - 1, -1, -1)
        kept = delays <= patience
        return float(np.minimum(delays, left)[kept].sum()), float((~kept).sum())

    def _of(self, horizon: int) -> NDArray[np.int64]:
        return np.minimum(np.resize(self._delays(), horizon), horizon)


@dataclass(frozen=True)
class FixedDelay(_Repeated):
    """Every feedback is late by `rounds` >= 0."""

    rounds: int

    def __post_init__(self) -> None:
        integer("rounds", self.rounds, low=0)

    def _delays(self) -> NDArray[np.int64]:
        return np.array([self.rounds])


@dataclass(frozen=True)
class BlockDelay(_Repeated):
    """All feedback of a block of `length` >= 1 rounds arrives at its end, as if an adversary hid the block."""

    length: int

    def __post_init__(self) -> None:
        integer("length", self.length, low=1, high=2**26)

    def _delays(self) -> NDArray[np.int64]:
        return np.arange(self.length - 1, -1, -1)


@dataclass(frozen=True)
class DelayTable(_Repeated):
    """Given delays >= 0, one per round; repeated from the start where the game is longer than the list."""

    delays: Numbers

    def __post_init__(self) -> None:
        object.__setattr__(self, "delays", tuple(integers("delays", self.delays, 0, 2**56)))
        if not self.delays:
            raise ValueError("delays must not be empty")

    def _delays(self) -> NDArray[np.int64]:
        return np.array(self.delays)


class _Random(Schedule):
    """Base of independent delays, shortened to `longest_delay` where they are longer."""

    longest_delay: int | None

    def longest(self, horizon: int) -> int:
        """Return the limit of the delays, or the horizon."""
        return horizon if self.longest_delay is None else min(self.longest_delay, horizon)

    def outstanding(self, horizon: int) -> int:
        """Return the limit of the delays, or the rounds before the last."""
        return min(self.longest(horizon), horizon - 1)

    @abstractmethod
    def _beyond(self, rounds: Array) -> Array:
        """Return P(d >= k) for each k of `rounds`, without the limit."""

    def expected(self, horizon: int, patience: int) -> tuple[float, float]:
        """Return the sums over the rounds of E min(d, m) 1{d <= b} = sum of P(k <= d <= b) over k <= min(m, b)."""
        rounds = np.arange(1, horizon + 2)
        chances = np.where(rounds <= self.longest(horizon), self._beyond(rounds.astype(np.float64)), 0.0)
        late = float(chances[patience]) if patience < horizon else 0.0  # P(d > patience)
        within = np.where(rounds <= patience, chances - late, 0.0)[: horizon - 1]
        return float(np.cumsum(within).sum()), late * horizon


@kernel
def _geometric(setting: _Numbers, t: int, env: Stream) -> int:
    if setting.first == 0.0:
        return 0
    waited = math.log(1.0 - uniform(env, t, DRAW)) / setting.first
    return int(min(waited, float(setting.longest)))


@kernel
def _heavy_tailed(setting: _Numbers, t: int, env: Stream) -> int:
    grown = math.log(1.0 - uniform(env, t, DRAW)) / -setting.first
    return int(min(math.exp(min(grown, 700.0)) - 1.0, float(setting.longest)))


DRAW = 2**32 - 1  # index of the schedule's draw in a round of the environment's stream


@dataclass(frozen=True)
class GeometricDelay(_Random):
    """Independent delays with P(d >= k) = q^k, where q = mean / (1 + mean); mean >= 0 rounds.

    longest_delay: longer delays are shortened to it; memory grows with it. None: the horizon.
    """

    mean: float
    longest_delay: int | None = None
    delay: ClassVar[Any] = _geometric

    def __post_init__(self) -> None:
        real("mean", self.mean, low=0.0, high=1e9)
        if self.longest_delay is not None:
            integer("longest_delay", self.longest_delay, low=0)

    def setting(self, horizon: int) -> _Numbers:
        """Return ln q (0 for a mean of 0) and the limit."""
        return _Numbers(self._log_q, self.longest(horizon))

    @property
    def _log_q(self) -> float:
        return -math.log1p(1.0 / self.mean) if self.mean > 1e-100 else 0.0

    def _beyond(self, rounds: Array) -> Array:
        return np.exp(rounds * self._log_q) if self._log_q else np.zeros_like(rounds)


@dataclass(frozen=True)
class HeavyTailedDelay(_Random):
    """Independent delays with P(d >= k) = (1 + k)^-exponent; an exponent in (0, 1] has no mean.

    longest_delay: longer delays are shortened to it; memory grows with it. None: the horizon.
    """

    exponent: float
    longest_delay: int | None = None
    delay: ClassVar[Any] = _heavy_tailed

    def __post_init__(self) -> None:
        real("exponent", self.exponent, low=0.0, open_low=True)
        if self.longest_delay is not None:
            integer("longest_delay", self.longest_delay, low=0)

    def setting(self, horizon: int) -> _Numbers:
        """Return the exponent and the limit."""
        return _Numbers(self.exponent, self.longest(horizon))

    def _beyond(self, rounds: Array) -> Array:
        return np.asarray((1.0 + rounds) ** -self.exponent)
