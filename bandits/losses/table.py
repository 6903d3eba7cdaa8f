"""Losses from a given table."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.checks import array
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import in_lanes
from bandits.core.rng import Stream
from bandits.losses.process import LossProcess, LossSteps


class TableSetting(NamedTuple):
    """The losses and their block sums."""

    table: Any  # (T, K) float64, read-only
    totals: Any  # (T // 4096 + 1, K) float64, cumulative losses of the first b blocks of 4096 rounds


class TableState(NamedTuple):
    """Cumulative losses of the rounds counted so far."""

    counted: Any  # (1,) int64
    open: Any  # (K,) float64, the rounds since the last whole block


@in_lanes()  # the losses, and so what is counted, are the same in every lane
@kernel
def _table_init(setting: TableSetting, env: Stream) -> TableState:
    return TableState(np.zeros(1, np.int64), np.zeros(setting.table.shape[1]))


@in_lanes()
@kernel
def _table_advance(setting: TableSetting, state: TableState, t: int, env: Stream) -> TableState:
    return state


@kernel
def _table_loss(setting: TableSetting, state: TableState, t: int, arm: int) -> float:
    return setting.table[t, arm]


@in_lanes(of=_table_loss)
@kernel
def _lanes_loss(setting: TableSetting, state: TableState, t: int, arm: Any) -> Any:
    return setting.table[t][arm]


@in_lanes()
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
    """Given losses (T, K) in [0, 1], the same for every repetition; T must reach the horizon."""

    losses: ArrayLike
    table: NDArray[np.float64] = field(init=False, repr=False)
    totals: NDArray[np.float64] = field(init=False, repr=False)  # computed once for all repetitions
    steps: ClassVar[LossSteps] = LossSteps(_table_init, _table_advance, _table_loss, _table_totals, row=_table_row)
    bounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        table = array("losses", self.losses, ndim=2, low=0.0, high=1.0)
        if isinstance(self.losses, np.ndarray) and np.may_share_memory(table, self.losses):
            table = table.copy()  # later changes by the caller must not invalidate the sums
        table.flags.writeable = False  # its rows are passed to learners
        whole = table[: len(table) & ~4095].reshape(-1, 4096, table.shape[1])
        totals = np.zeros((len(whole) + 1, table.shape[1]))
        whole.sum(axis=1).cumsum(axis=0, out=totals[1:])
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "totals", totals)

    @property
    def n_actions(self) -> int:  # type: ignore[override]
        """Number of actions K."""
        return int(self.table.shape[1])

    def known_table(self, horizon: int) -> NDArray[np.float64]:
        """Return the first rounds of the table."""
        return self.table[:horizon]

    def setting(self, horizon: int) -> TableSetting:
        """Return what the compiled functions receive; ValueError if the table is shorter than the horizon."""
        if len(self.table) < horizon:
            raise ValueError(f"losses must have at least horizon = {horizon} rows, got {len(self.table)}")
        return TableSetting(self.table, self.totals)
