"""Oblivious loss processes: losses in [0, 1] fixed by (seed, repetition, round), whatever the learner does.

Each process is a frozen dataclass with compiled steps. Losses are made round by round in O(n_actions)
memory; `totals` gives every action's cumulative loss, which is what regret in hindsight needs.
"""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import Checked, Numbers, checked
from bandits.checks import LARGEST_ACTIONS, array, integer, integers, real, shown
from bandits.coins import bernoulli_word, bernoulli_words
from bandits.jit import kernel, popcount, rare_kernel
from bandits.rng import Stream, uniform


class LossSteps(NamedTuple):
    """The compiled functions of a loss process; t counts from 0 and grows by one a call."""

    init: Any  # (params, env) -> state
    advance: Any  # (params, state, t, env) -> state: make round t's losses
    loss: Any  # (params, state, t, arm) -> float: an arm's loss in round t, after advance
    totals: Any  # (params, state, n_rounds, out): cumulative losses of the first n_rounds into out (K,)
    gap: Any = None  # (params, state, arm) -> float: mean loss above the best arm's, where it is constant
    clipped: Any = None  # (state) -> int: rounds in which some loss was cut to [0, 1]
    row: Any = None  # (params, state, t) -> (K,) read-only: all losses of round t, where they are in memory already


class LossProcess(Checked):
    """Base of all oblivious loss processes. Losses must lie in [0, 1]; `simulate` takes that on trust.

    bounded: True says that they do, whatever the arguments; `theory.verify` needs it to prove the range of the regret.
    """

    n_actions: int
    steps: ClassVar[LossSteps]
    bounded: ClassVar[bool] = False

    @abstractmethod
    def setting(self, horizon: int) -> Any:
        """Return the NamedTuple that the compiled functions receive."""


# ---------------------------------------------------------------- stationary Bernoulli

MANY_COINS = 16  # arms from which on their words are made together


class BernoulliSetting(NamedTuple):
    """Means of the arms and their binary expansions."""

    mean: Any  # (K,) float64
    digits: Any  # (K,) uint64: floor(mean 2^64); irrelevant where the mean is 1
    best: float


class BernoulliState(NamedTuple):
    """64 rounds of every arm's losses, one bit a round, and the ones of the blocks before."""

    bits: Any  # (K,) uint64
    ones: Any  # (K,) int64
    scratch: Any  # (K,) uint64


@kernel
def _bernoulli_init(setting: BernoulliSetting, env: Stream) -> BernoulliState:
    n_actions = setting.mean.size
    return BernoulliState(np.zeros(n_actions, np.uint64), np.zeros(n_actions, np.int64), np.zeros(n_actions, np.uint64))


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


@kernel
def _bernoulli_loss(setting: BernoulliSetting, state: BernoulliState, t: int, arm: int) -> float:
    return float((state.bits[arm] >> np.uint64(t & 63)) & np.uint64(1))


@rare_kernel
def _bernoulli_totals(setting: BernoulliSetting, state: BernoulliState, n_rounds: int, out: Any) -> None:
    used = (n_rounds - 1) & 63  # rounds of the open block, less one
    for arm in range(out.size):
        played = state.bits[arm] << np.uint64(63 - used)
        out[arm] = state.ones[arm] + popcount(played)


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

    def setting(self, horizon: int) -> BernoulliSetting:
        """Return the compiled functions' view; the horizon does not matter."""
        means = np.array(self.means)
        digits = np.where(means < 1.0, means * 2.0**64, 0.0).astype(np.uint64)
        return BernoulliSetting(means, digits, min(self.means))


# ---------------------------------------------------------------- alternating


class AlternatingSetting(NamedTuple):
    """Number of actions and rounds between moves."""

    n_actions: int
    period: int


class AlternatingState(NamedTuple):
    """The arm that pays in the present round."""

    paying: int


@kernel
def _alternating_init(setting: AlternatingSetting, env: Stream) -> AlternatingState:
    return AlternatingState(0)


@kernel
def _alternating_advance(setting: AlternatingSetting, state: AlternatingState, t: int, env: Stream) -> AlternatingState:
    return AlternatingState((t // setting.period) % setting.n_actions)


@kernel
def _alternating_loss(setting: AlternatingSetting, state: AlternatingState, t: int, arm: int) -> float:
    return 1.0 if arm == state.paying else 0.0


@rare_kernel
def _alternating_totals(setting: AlternatingSetting, state: AlternatingState, n_rounds: int, out: Any) -> None:
    cycle = setting.period * setting.n_actions
    left = n_rounds % cycle
    for arm in range(out.size):
        out[arm] = n_rounds // cycle * setting.period + min(max(left - arm * setting.period, 0), setting.period)


@dataclass(frozen=True)
class AlternatingLosses(LossProcess):
    """Deterministic losses: arm (t // period) mod n_actions pays 1 in round t (from 0), the others 0."""

    n_actions: int = 2
    period: int = 1
    steps: ClassVar[LossSteps] = LossSteps(
        _alternating_init, _alternating_advance, _alternating_loss, _alternating_totals
    )
    bounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        integer("n_actions", self.n_actions, low=1, high=LARGEST_ACTIONS)
        integer("period", self.period, low=1)

    def setting(self, horizon: int) -> AlternatingSetting:
        """Return the compiled functions' view."""
        return AlternatingSetting(int(self.n_actions), int(self.period))


# ---------------------------------------------------------------- piecewise stationary, with drift


class PiecewiseSetting(NamedTuple):
    """Mean losses at the start of each piece and their slope within it."""

    start: Any  # (S,) int64, first round of each piece, start[0] = 0
    mean: Any  # (S, K) float64
    slope: Any  # (S, K) float64, change of the mean a round


class PiecewiseState(NamedTuple):
    """The present piece, this round's losses and every arm's total."""

    piece: int
    losses: Any  # (K,) float64, 0 or 1
    total: Any  # (K,) float64, exact: sums of at most 2^53 ones


@kernel
def _piecewise_init(setting: PiecewiseSetting, env: Stream) -> PiecewiseState:
    n_actions = setting.mean.shape[1]
    return PiecewiseState(0, np.zeros(n_actions), np.zeros(n_actions))


@kernel
def _piecewise_advance(setting: PiecewiseSetting, state: PiecewiseState, t: int, env: Stream) -> PiecewiseState:
    piece = state.piece
    if piece + 1 < setting.start.size and t >= setting.start[piece + 1]:
        piece += 1
    elapsed = t - setting.start[piece]
    for arm in range(state.losses.size):
        mean = setting.mean[piece, arm] + elapsed * setting.slope[piece, arm]
        state.losses[arm] = 1.0 if uniform(env, t, arm) < mean else 0.0
        state.total[arm] += state.losses[arm]
    return PiecewiseState(piece, state.losses, state.total)


@kernel
def _listed_loss(setting: Any, state: Any, t: int, arm: int) -> float:
    return state.losses[arm]


@rare_kernel
def _listed_totals(setting: Any, state: Any, n_rounds: int, out: Any) -> None:
    for arm in range(out.size):
        out[arm] = state.total[arm]


@dataclass(frozen=True)
class PiecewiseLosses(LossProcess):
    """Independent 0/1 losses whose means change: means (S, K) in [0, 1], one row a piece.

    change_points (S - 1,) are the rounds (from 0, increasing, the first at least 1) at which the later
    pieces begin; those beyond the horizon are never reached. Without drift a piece keeps its means;
    with `drift=True` they move in a straight line to the next piece's (the last piece stays).
    """

    means: Numbers
    change_points: Numbers = ()
    drift: bool = False
    steps: ClassVar[LossSteps] = LossSteps(_piecewise_init, _piecewise_advance, _listed_loss, _listed_totals)
    bounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        means = array("means", self.means, ndim=2, low=0.0, high=1.0)
        points = integers("change_points", self.change_points, low=1)
        if len(points) != len(means) - 1 or points != sorted(set(points)):
            wanted = f"{len(means) - 1} increasing rounds (one fewer than rows of means)"
            raise ValueError(f"change_points must be {wanted}, got {shown(points)}")
        object.__setattr__(self, "means", tuple(map(tuple, means.tolist())))
        object.__setattr__(self, "change_points", tuple(points))

    @property
    def n_actions(self) -> int:  # type: ignore[override]
        """Number of actions K."""
        return len(self.means[0])

    def setting(self, horizon: int) -> PiecewiseSetting:
        """Return the compiled functions' view."""
        start = np.array((0, *self.change_points), dtype=np.int64)
        mean = np.array(self.means)
        slope = np.zeros_like(mean)
        if self.drift:
            slope[:-1] = np.diff(mean, axis=0) / np.diff(start)[:, None]
        return PiecewiseSetting(start, mean, slope)


# ---------------------------------------------------------------- a table of the user's


class TableSetting(NamedTuple):
    """The user's losses and their sums."""

    table: Any  # (T, K) float64, read-only
    totals: Any  # (T // 4096 + 1, K) float64, cumulative losses of the first b blocks of 4096 rounds


class TableState(NamedTuple):
    """Cumulative losses of the rounds counted so far."""

    counted: Any  # (1,) int64
    open: Any  # (K,) float64, the rounds since the last whole block


@kernel
def _table_init(setting: TableSetting, env: Stream) -> TableState:
    return TableState(np.zeros(1, np.int64), np.zeros(setting.table.shape[1]))


@kernel
def _table_advance(setting: TableSetting, state: TableState, t: int, env: Stream) -> TableState:
    return state


@kernel
def _table_loss(setting: TableSetting, state: TableState, t: int, arm: int) -> float:
    return setting.table[t, arm]


@kernel
def _table_row(setting: TableSetting, state: TableState, t: int) -> Any:
    return setting.table[t]


@rare_kernel
def _table_totals(setting: TableSetting, state: TableState, n_rounds: int, out: Any) -> None:
    block = n_rounds >> 12
    begin = state.counted[0]
    if begin < block << 12:
        begin = block << 12
        for arm in range(out.size):
            state.open[arm] = 0.0
    for t in range(begin, n_rounds):
        for arm in range(out.size):
            state.open[arm] += setting.table[t, arm]
    for arm in range(out.size):
        out[arm] = setting.totals[block, arm] + state.open[arm]
    state.counted[0] = n_rounds


@dataclass(frozen=True, eq=False)
class LossTable(LossProcess):
    """The user's own losses (T, K) in [0, 1], the same for every repetition; T must reach the horizon."""

    losses: ArrayLike
    table: NDArray[np.float64] = field(init=False, repr=False)
    totals: NDArray[np.float64] = field(init=False, repr=False)  # made once, for all repetitions
    steps: ClassVar[LossSteps] = LossSteps(_table_init, _table_advance, _table_loss, _table_totals, row=_table_row)
    bounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        table = array("losses", self.losses, ndim=2, low=0.0, high=1.0)
        if isinstance(self.losses, np.ndarray) and np.may_share_memory(table, self.losses):
            table = table.copy()  # the sums below must stay those of the table
        table.flags.writeable = False  # learners are shown its rows
        whole = table[: len(table) & ~4095].reshape(-1, 4096, table.shape[1])
        totals = np.zeros((len(whole) + 1, table.shape[1]))
        whole.sum(axis=1).cumsum(axis=0, out=totals[1:])
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "totals", totals)

    @property
    def n_actions(self) -> int:  # type: ignore[override]
        """Number of actions K."""
        return int(self.table.shape[1])

    def setting(self, horizon: int) -> TableSetting:
        """Return the compiled functions' view; ValueError if the table is shorter than the horizon."""
        if len(self.table) < horizon:
            raise ValueError(f"losses must have at least horizon = {horizon} rows, got {len(self.table)}")
        return TableSetting(self.table, self.totals)
