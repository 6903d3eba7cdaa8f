"""Independent 0/1 losses with fixed means, generated 64 rounds at a time."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.arguments import Numbers, checked
from bandits.core.checks import LARGEST_ACTIONS, array, integer, real, shown
from bandits.core.coins import bernoulli_word, bernoulli_words
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import in_lanes, own_array, popcount, where
from bandits.core.rng import Stream, uniform_index
from bandits.losses.process import LossProcess, LossSteps

_CHOICE = 2**32 - 1  # the index of the draw that hides an arm: beyond those of all coins
MANY_COINS = 16  # from this number of arms on, words are generated for all arms together


class BernoulliSetting(NamedTuple):
    """Means of the arms and their binary expansions."""

    mean: Any  # (K,) float64
    digits: Any  # (K,) uint64: floor(mean 2^64); irrelevant where the mean is 1
    best: float


class BernoulliState(NamedTuple):
    """The losses of every arm in 64 rounds, one bit per round, and the number of ones in earlier blocks."""

    bits: Any  # (K,) uint64
    ones: Any  # (K,) int64
    scratch: Any  # (K,) uint64


@in_lanes()
@kernel
def _bernoulli_init(setting: BernoulliSetting, env: Stream) -> BernoulliState:
    n, nothing = setting.mean.size, np.uint64(0)
    return BernoulliState(own_array(n, nothing, env), own_array(n, 0, env), own_array(n, nothing, env))


@in_lanes()
@kernel
def _bernoulli_advance(setting: BernoulliSetting, state: BernoulliState, t: int, env: Stream) -> BernoulliState:
    if t & 63 == 0:
        _bernoulli_block(setting, state, t >> 6, env)
    return state


@rare_kernel
def _bernoulli_block(setting: BernoulliSetting, state: BernoulliState, block: int, env: Stream) -> None:
    n_actions = setting.mean.size
    for arm in range(n_actions):
        state.ones[arm] += popcount(state.bits[arm])
    if n_actions >= MANY_COINS:
        bernoulli_words(setting.digits, env, block, state.bits, state.scratch)
    for arm in range(n_actions):
        if setting.mean[arm] == 1.0:
            state.bits[arm] = ~np.uint64(0)
        elif n_actions < MANY_COINS:
            state.bits[arm] = bernoulli_word(setting.digits[arm], env, block, arm)


@in_lanes()
@kernel
def _bernoulli_loss(setting: BernoulliSetting, state: BernoulliState, t: int, arm: int) -> float:
    return 1.0 * ((state.bits[arm] >> np.uint64(t & 63)) & np.uint64(1))


@rare_kernel
def _bernoulli_totals(setting: BernoulliSetting, state: BernoulliState, n_rounds: int, out: Any) -> None:
    used = (n_rounds - 1) & 63  # rounds of the open block, less one
    for arm in range(out.size):
        played = state.bits[arm] << np.uint64(63 - used)
        out[arm] = state.ones[arm] + popcount(played)


@in_lanes()
@kernel
def _bernoulli_gap(setting: BernoulliSetting, state: BernoulliState, arm: int) -> float:
    return setting.mean[arm] - setting.best


@dataclass(frozen=True)
class BernoulliLosses(LossProcess):
    """Independent 0/1 losses with fixed means (K,), each in [0, 1]: P(l_t(i) = 1) = means[i]."""

    means: Numbers
    steps: ClassVar[LossSteps] = LossSteps(
        _bernoulli_init, _bernoulli_advance, _bernoulli_loss, _bernoulli_totals, _bernoulli_gap
    )
    bounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        means = array("means", self.means, ndim=1, low=0.0, high=1.0)
        object.__setattr__(self, "means", tuple(means.tolist()))

    @classmethod
    @checked
    def with_gap(cls, n_actions: int, gap: float, mean: float = 0.5, best: int = 0) -> "BernoulliLosses":
        """Return losses of mean `mean` in [0, 1] but for arm `best`, whose mean is lower by `gap` in [0, mean]."""
        n_actions = integer("n_actions", n_actions, low=1, high=LARGEST_ACTIONS)
        means = np.full(n_actions, real("mean", mean, 0.0, 1.0))
        if real("gap", gap, 0.0, 1.0) > mean:
            raise ValueError(f"gap must be at most mean = {mean:g}, got {gap:g}")
        if not 0 <= best < n_actions:
            raise ValueError(f"best must be below n_actions = {n_actions}, and at least 0, got {shown(best)}")
        means[best] -= gap
        return cls(means)

    @property
    def n_actions(self) -> int:  # type: ignore[override]
        """Number of actions K."""
        return len(self.means)

    def outcomes(self) -> tuple[Any, Any]:
        """Return the values 0 and 1, and their weights (K, 2)."""
        means = np.array(self.means)
        return np.array([0.0, 1.0]), np.stack([1.0 - means, means], axis=1)

    def mean_gap(self, horizon: int) -> float:
        """Return the largest mean less the smallest."""
        return max(self.means) - min(self.means)

    def setting(self, horizon: int) -> BernoulliSetting:
        """Return what the compiled functions receive; the horizon is not used."""
        means = np.array(self.means)
        digits = np.where(means < 1.0, means * 2.0**64, 0.0).astype(np.uint64)
        return BernoulliSetting(means, digits, min(self.means))


class HiddenSetting(NamedTuple):
    """Number of arms, of those that always lose, the better one's advantage, and the binary expansion of its mean."""

    n_actions: int
    costly: int
    gap: float
    better: Any  # uint64: floor((1/2 - gap) 2^64)


class HiddenState(NamedTuple):
    """The arm that is better, and what a `BernoulliState` holds."""

    good: int
    bits: Any  # (K,) uint64
    ones: Any  # (K,) int64


@in_lanes()
@kernel
def _hidden_init(setting: HiddenSetting, env: Stream) -> HiddenState:
    n = setting.n_actions
    good = setting.costly + uniform_index(env, 0, _CHOICE, n - setting.costly)
    return HiddenState(good, own_array(n, np.uint64(0), env), own_array(n, 0, env))


@in_lanes()
@kernel
def _hidden_advance(setting: HiddenSetting, state: HiddenState, t: int, env: Stream) -> HiddenState:
    if t & 63 == 0:
        _hidden_block(setting, state, t >> 6, env)
    return state


@rare_kernel
def _hidden_block(setting: HiddenSetting, state: HiddenState, block: int, env: Stream) -> None:
    for arm in range(setting.n_actions):
        state.ones[arm] += popcount(state.bits[arm])
        if arm < setting.costly:
            state.bits[arm] = ~np.uint64(0)
        else:
            digits = where(arm == state.good, setting.better, np.uint64(1) << np.uint64(63))
            state.bits[arm] = bernoulli_word(digits, env, block, arm)


@in_lanes()
@kernel
def _hidden_gap(setting: HiddenSetting, state: HiddenState, arm: int) -> float:
    return where(arm < setting.costly, 0.5 + setting.gap, where(arm == state.good, 0.0, setting.gap))


@dataclass(frozen=True)
class HiddenCoin(LossProcess):
    """Fair coins, but for one of n_actions >= 2 whose mean loss is 1/2 - gap, 0 < gap < 1/2: another per repetition.

    With B observations in all no learner finds that action reliably if the gap is of order sqrt(K / B) or smaller.
    costly: how many actions, the first ones, have loss 1 in every round instead; at least 2 others remain.
    """

    n_actions: int
    gap: float
    costly: int = 0
    steps: ClassVar[LossSteps] = LossSteps(
        _hidden_init, _hidden_advance, _bernoulli_loss, _bernoulli_totals, _hidden_gap
    )
    bounded: ClassVar[bool] = True
    family: ClassVar[str] = "hidden coin"

    def __post_init__(self) -> None:
        integer("n_actions", self.n_actions, low=2, high=LARGEST_ACTIONS)
        real("gap", self.gap, 0.0, 0.5, open_low=True, open_high=True)
        integer("costly", self.costly, low=0, high=self.n_actions - 2)

    def mean_gap(self, horizon: int) -> float:
        """Return the gap, to the costly actions if there are any."""
        return float(self.gap) + (0.5 if self.costly else 0.0)

    def setting(self, horizon: int) -> HiddenSetting:
        """Return what the compiled functions receive; the horizon is not used."""
        return HiddenSetting(int(self.n_actions), self.costly, float(self.gap), np.uint64((0.5 - self.gap) * 2.0**64))
