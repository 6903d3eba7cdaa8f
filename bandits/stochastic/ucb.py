"""Upper confidence bounds: UCB1, UCB with a failure probability, and MOSS.

Each plays the action of least index mean_i - width(t, N_i), a lower confidence bound of its mean loss (of rewards
1 - loss, the usual upper one), after every action once; ties go to the first action.

| learner | width in round t = 1, 2, ... after N plays |
|---|---|
| `UCB1` (Auer, Cesa-Bianchi & Fischer 2002) | sqrt(alpha ln t / N), alpha = 2 |
| `UCB` (Lattimore & Szepesvari 2020, Algorithm 3) | sigma sqrt(2 ln(1 / delta) / N), delta = 1 / T^2 |
| `MOSS` (Audibert & Bubeck 2009) | 2 sigma sqrt(log+(T / (K N)) / N) |

sigma is a sub-Gaussian constant of the losses: 1/2 where they lie in [0, 1], the deviation where they are normal. The
widths are products of a part that depends on t and one that depends on N, which changes for one action per round.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import optional_real, real
from bandits.core.jit import kernel
from bandits.core.lanes import alike, in_lanes, own, where
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps
from bandits.stochastic.counts import BanditLearner, Counts, count, no_counts


class UCBParams(NamedTuple):
    """K, the width sqrt((per_log ln t + constant) log+(scale / N) / N), without log+ where scale is 0, and sigma."""

    n_actions: int
    per_log: float
    constant: float
    scale: float
    sigma: float


class UCBState(NamedTuple):
    """Counts, with the parts of the widths that depend on N, and the part that depends on t computed ahead."""

    counts: Counts
    ahead: Any  # (2,) float64 scratch: a round, and sqrt(per_log ln t + constant) of that round


@in_lanes()
@kernel
def _init(params: UCBParams, rng: Stream) -> UCBState:
    return UCBState(no_counts(params, rng), np.full(2, -1.0))


@kernel
def _width(params: UCBParams, t: int) -> float:
    square = params.constant
    if params.per_log > 0.0:
        square += params.per_log * math.log(t + 1.0)
    return math.sqrt(square)


@kernel
def _act(params: UCBParams, state: UCBState, t: int, rng: Stream) -> int:
    if t < params.n_actions:
        return t
    mean, part = state.counts.mean, state.counts.derived
    width = state.ahead[1] if state.ahead[0] == t else _width(params, t)
    state.ahead[0] = t + 1  # a processor cannot foresee where the search below ends, and would then wait for the width
    state.ahead[1] = _width(params, t + 1)
    least = math.inf
    for i in range(params.n_actions):
        least = min(least, mean[i] - width * part[i])
    best = 0
    while mean[best] - width * part[best] > least:
        best += 1
    return best


@in_lanes(of=_act)
@kernel
def _lanes_act(params: UCBParams, state: UCBState, t: int, rng: Stream) -> Any:
    best = own(t, rng)
    if t >= params.n_actions:
        mean, part, width = state.counts.mean, state.counts.derived, _width(params, t)
        best = own(0, rng)
        least = mean[0] - width * part[0]
        for i in range(1, params.n_actions):
            bound = mean[i] - width * part[i]
            best = where(bound < least, i, best)
            least = where(bound < least, bound, least)
    return best


@in_lanes()
@kernel
def _update(params: UCBParams, state: UCBState, t: int, arm: int, loss: float, rng: Stream) -> UCBState:
    plays = count(state.counts, arm, loss)
    spread = alike(1.0, plays)
    if params.scale > 0.0:
        relative = params.scale / plays
        spread = math.log(where(relative > 1.0, relative, 1.0))
    state.counts.derived[arm] = math.sqrt(spread / plays)
    return state


class _UCB(BanditLearner):
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)


@dataclass(frozen=True)
class UCB1(_UCB):
    """UCB1, for losses in [0, 1]: width sqrt(exploration ln t / N), exploration > 0."""

    exploration: float = 2.0
    exact: ClassVar[str] = "ucb"

    def __post_init__(self) -> None:
        real("exploration", self.exploration, low=0.0, open_low=True)

    def parameters(self, problem: Any) -> UCBParams:
        """Return K and the width."""
        return UCBParams(problem.n_actions, float(self.exploration), 0.0, 0.0, 0.5)


@dataclass(frozen=True)
class UCB(_UCB):
    """UCB(delta): width sigma sqrt(2 ln(1 / delta) / N), delta in (0, 1); None means 1 / T^2. sigma > 0."""

    failure_probability: float | None = None
    sigma: float = 0.5
    exact: ClassVar[str] = "ucb"

    def __post_init__(self) -> None:
        optional_real("failure_probability", self.failure_probability, low=0.0, high=1.0, open_low=True, open_high=True)
        real("sigma", self.sigma, low=0.0, open_low=True)

    def parameters(self, problem: Any) -> UCBParams:
        """Return K and the width."""
        log = 2.0 * math.log(problem.horizon)
        if self.failure_probability is not None:
            log = -math.log(self.failure_probability)
        return UCBParams(problem.n_actions, 0.0, 2.0 * self.sigma**2 * log, 0.0, self.sigma)


@dataclass(frozen=True)
class MOSS(_UCB):
    """MOSS, minimax optimal up to a constant: width 2 sigma sqrt(log+(T / (K N)) / N), sigma > 0."""

    sigma: float = 0.5
    exact: ClassVar[str] = "ucb"

    def __post_init__(self) -> None:
        real("sigma", self.sigma, low=0.0, open_low=True)

    def parameters(self, problem: Any) -> UCBParams:
        """Return K and the width."""
        scale = problem.horizon / problem.n_actions
        return UCBParams(problem.n_actions, 0.0, 4.0 * self.sigma**2, scale, self.sigma)
