"""UCB-V: upper confidence bounds that use the empirical variance (Audibert, Munos & Szepesvari 2009).

After every action once it plays the least mean - sqrt(2 V zeta ln t / N) - 3 c zeta ln t / N, with V the mean squared
deviation of the action's losses; ties go to the first action.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import real
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps
from bandits.stochastic.counts import BanditLearner, Counts, count, no_counts


class UCBVParams(NamedTuple):
    """K, zeta and c."""

    n_actions: int
    zeta: float
    range_factor: float


@kernel
def _act(params: UCBVParams, state: Counts, t: int, rng: Stream) -> int:
    if t < params.n_actions:
        return t
    log = params.zeta * math.log(t + 1.0)
    best = 0
    least = math.inf
    for i in range(params.n_actions):
        ratio = log / state.plays[i]
        variance = max(0.0, state.derived[i] / state.plays[i] - state.mean[i] * state.mean[i])
        index = state.mean[i] - math.sqrt(2.0 * variance * ratio) - 3.0 * params.range_factor * ratio
        if index < least:
            least = index
            best = i
    return best


@kernel
def _update(params: UCBVParams, state: Counts, t: int, arm: int, loss: float, rng: Stream) -> Counts:
    count(state, arm, loss)
    state.derived[arm] += loss * loss  # sum of squares: losses are of size 1, so its rounding does not matter
    return state


@dataclass(frozen=True)
class UCBV(BanditLearner):
    """UCB-V, for losses in [0, 1]: zeta > 1 has a theorem, c = range_factor >= 0."""

    zeta: float = 1.2
    range_factor: float = 1.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(no_counts, _act, _update)
    exact: ClassVar[str] = "ucb_v"

    def __post_init__(self) -> None:
        real("zeta", self.zeta, low=0.0, open_low=True)
        real("range_factor", self.range_factor, low=0.0)

    def parameters(self, problem: Any) -> UCBVParams:
        """Return K, zeta and c."""
        return UCBVParams(problem.n_actions, float(self.zeta), float(self.range_factor))
