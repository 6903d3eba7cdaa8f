"""Deterministic losses of 1, one arm at a time in a cycle."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.checks import LARGEST_ACTIONS, integer
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import in_lanes, where
from bandits.core.rng import Stream
from bandits.losses.process import LossProcess, LossSteps


class AlternatingSetting(NamedTuple):
    """Number of actions, and rounds for which an arm has loss 1."""

    n_actions: int
    period: int


class AlternatingState(NamedTuple):
    """The arm with loss 1 in the current round."""

    paying: int


@in_lanes()
@kernel
def _alternating_init(setting: AlternatingSetting, env: Stream) -> AlternatingState:
    return AlternatingState(0)


@in_lanes()
@kernel
def _alternating_advance(setting: AlternatingSetting, state: AlternatingState, t: int, env: Stream) -> AlternatingState:
    return AlternatingState((t // setting.period) % setting.n_actions)


@in_lanes()
@kernel
def _alternating_loss(setting: AlternatingSetting, state: AlternatingState, t: int, arm: int) -> float:
    return where(arm == state.paying, 1.0, 0.0)


@rare_kernel
def _alternating_totals(setting: AlternatingSetting, state: AlternatingState, n_rounds: int, out: Any) -> None:
    cycle = setting.period * setting.n_actions
    left = n_rounds % cycle
    for arm in range(out.size):
        out[arm] = n_rounds // cycle * setting.period + min(max(left - arm * setting.period, 0), setting.period)


@dataclass(frozen=True)
class AlternatingLosses(LossProcess):
    """Deterministic losses: arm (t // period) mod n_actions has loss 1 in round t (from 0), the others 0."""

    n_actions: int = 2
    period: int = 1
    steps: ClassVar[LossSteps] = LossSteps(
        _alternating_init, _alternating_advance, _alternating_loss, _alternating_totals
    )
    bounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        integer("n_actions", self.n_actions, low=1, high=LARGEST_ACTIONS)
        integer("period", self.period, low=1)

    def known_table(self, horizon: int) -> NDArray[np.float64]:
        """Return the losses, which are deterministic."""
        paying = np.arange(horizon) // self.period % self.n_actions
        return np.asarray(paying[:, None] == np.arange(self.n_actions), dtype=np.float64)

    def setting(self, horizon: int) -> AlternatingSetting:
        """Return what the compiled functions receive."""
        return AlternatingSetting(int(self.n_actions), int(self.period))
