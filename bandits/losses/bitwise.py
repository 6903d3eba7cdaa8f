"""Fair coins on which every learner has the same expected loss: a lower bound of order sqrt(T log K) on the regret.

The first m = floor(log2 K) bits of the actions' numbers split the actions in m ways. The rounds are m blocks of T // m,
the last one longer. In block b one fair coin is drawn per round, and action i has loss 1 if the coin is not the b-th
bit of i, else 0. So every learner has expected loss T / 2, whatever it observes; but the best action has the better
side of every block, and over a block of n rounds an expected loss of n / 2 - E |S_n| / 2, S_n a sum of n random signs.
Where feedback is late by `held` - 1 rounds or more, each coin can stand for that many rounds.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import LARGEST_ACTIONS, integer
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import alike, in_lanes, own, own_array
from bandits.core.rng import Stream, words
from bandits.losses.process import LossProcess, LossSteps


class BitwiseSetting(NamedTuple):
    """Number of actions, number of bits (blocks), rounds per block, and rounds per coin."""

    n_actions: int
    n_bits: int
    length: int
    held: int


class BitwiseState(NamedTuple):
    """Block and coin of the current round, and how many coins of each block were 1."""

    block: int
    coin: int
    ones: Any  # (m,) int64


@kernel
def _block(setting: BitwiseSetting, t: int) -> int:
    return min(t // setting.length, setting.n_bits - 1)


@in_lanes()
@kernel
def _init(setting: BitwiseSetting, env: Stream) -> BitwiseState:
    return BitwiseState(0, own(0, env), own_array(setting.n_bits, 0, env))


@in_lanes()
@kernel
def _advance(setting: BitwiseSetting, state: BitwiseState, t: int, env: Stream) -> BitwiseState:
    toss = t // setting.held
    first, _ = words(env, toss >> 6, 0)
    coin = alike((first >> np.uint64(toss & 63)) & np.uint64(1), 0)
    block = _block(setting, t)
    state.ones[block] += coin
    return BitwiseState(block, coin, state.ones)


@in_lanes()
@kernel
def _loss(setting: BitwiseSetting, state: BitwiseState, t: int, arm: int) -> float:
    return 1.0 * (state.coin ^ ((arm >> state.block) & 1))


@rare_kernel
def _totals(setting: BitwiseSetting, state: BitwiseState, n_rounds: int, out: Any) -> None:
    for arm in range(out.size):
        total = 0
        for block in range(setting.n_bits):
            end = n_rounds if block == setting.n_bits - 1 else min(n_rounds, (block + 1) * setting.length)
            rounds = max(0, end - block * setting.length)
            ones = state.ones[block]
            total += rounds - ones if (arm >> block) & 1 else ones
        out[arm] = total


@in_lanes()
@kernel
def _gap(setting: BitwiseSetting, state: BitwiseState, arm: int) -> float:
    return 0.0


@dataclass(frozen=True)
class BitwiseCoins(LossProcess):
    """Losses 0 and 1 of n_actions >= 2 actions, from fair coins and the bits of the actions' numbers.

    held: rounds, at least 1, for which each coin stands.
    """

    n_actions: int = 2
    held: int = 1
    steps: ClassVar[LossSteps] = LossSteps(_init, _advance, _loss, _totals, _gap)
    bounded: ClassVar[bool] = True
    family: ClassVar[str] = "bitwise coins"

    def __post_init__(self) -> None:
        integer("n_actions", self.n_actions, low=2, high=LARGEST_ACTIONS)
        integer("held", self.held, low=1)

    def mean_gap(self, horizon: int) -> float:
        """Return 0: all means are 1/2."""
        return 0.0

    def setting(self, horizon: int) -> BitwiseSetting:
        """Return the blocks for a horizon of at least 1."""
        n_bits = int(self.n_actions).bit_length() - 1
        length = max(1, integer("horizon", horizon, low=1) // n_bits)
        return BitwiseSetting(int(self.n_actions), n_bits, length, self.held)
