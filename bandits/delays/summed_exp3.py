"""EXP3 from sums of losses: of those that arrive together, nobody says to which rounds they belong.

An action is held for blocks of tau rounds. Feedback that is late by at most d rounds reaches over from one block into
the first d rounds of the next, so the sums of these are discarded. What is kept of a block, O, comes from its own
action alone, and L - 2 d <= O <= L for the losses L of the block: d rounds or fewer are lost at either end. EXP3 on O,
n = ceil(T / tau), then gives

    E R_T <= tau (ln K / eta + eta n K / 2) + 2 d n + c (n - 1).

Where feedback comes at the end of blocks and tau is a multiple of their length nothing is lost, and d = 0: it is
batched EXP3, number for number.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from bandits.combine import BlockedState, blocked_steps
from bandits.core.checks import integer, optional_real
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.delays.problem import Delayed, Summed
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.exp3 import Exp3


class SummedExp3Params(NamedTuple):
    """K, eta, tau, n, and the first rounds of a block whose sums are discarded."""

    n_actions: int
    learning_rate: float
    batch_length: int
    n_batches: int
    discarded: int


@kernel
def _flat(params: SummedExp3Params) -> SummedExp3Params:
    return params


_init, _act, _update_block = blocked_steps(Exp3.steps, _flat)


@kernel
def _update(params: SummedExp3Params, state: BlockedState, t: int, arm: int, total: float, rng: Stream) -> BlockedState:
    own = total if t >= state.start + params.discarded else 0.0
    return _update_block(params, state, t, arm, own, rng)


@dataclass(frozen=True)
class SummedExp3(Learner):
    """EXP3 over blocks of `batch_length` rounds (1..T) on sums of late losses; learning rate eta > 0.

    None means eta = sqrt(2 ln K / (n K)), and the batch length that minimises the bound, up to rounding.
    """

    learning_rate: float | None = None
    batch_length: int | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Summed,)

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        if self.batch_length is not None:
            integer("batch_length", self.batch_length, low=1)

    def parameters(self, problem: Delayed) -> SummedExp3Params:
        """Return K, eta, tau, n and the number of sums that are discarded."""
        n_actions, horizon = problem.n_actions, problem.horizon
        length = integer("batch_length", self.batch_length or _tuned_length(problem), low=1, high=horizon)
        n_batches = -(-horizon // length)
        tuned = math.sqrt(2.0 * math.log(n_actions) / (n_batches * n_actions))
        discarded = problem.schedule.straddling(horizon, length)
        return SummedExp3Params(n_actions, self.learning_rate or tuned, length, n_batches, discarded)


def _tuned_length(problem: Delayed) -> int:
    """Return (2 (2 d + c)^2 T / (K ln K))^(1/3), rounded up: with n = T / tau the bound is least there."""
    T, block, spread = problem.horizon, problem.schedule.block, problem.n_actions * math.log(problem.n_actions)
    if spread == 0.0:
        return T
    lost = 0.0 if block else 2.0 * problem.schedule.longest(T)
    ideal = max(1, math.ceil((2.0 * (lost + problem.switching_cost) ** 2 * T / spread) ** (1 / 3)))
    return min(T, -(-ideal // block) * block if block else ideal)
