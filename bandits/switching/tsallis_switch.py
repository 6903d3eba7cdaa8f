"""Tsallis-INF over growing blocks: bandit feedback with switching costs, without knowledge of the horizon.

Rouyer, Seldin & Cesa-Bianchi, "An Algorithm for Stochastic and Adversarial Bandits with Switching Costs"
(ICML 2021): one action per block, follow the regularised leader with the 1/2-Tsallis entropy on the blocks'
importance-weighted losses,

    p_n(i) = 4 / (eta_n (Lhat(i) - x))^2,   x such that the probabilities sum to 1.

Block n has length max(1, ceil((3 c / 2) sqrt(n / K))). Regret O((c K)^(1/3) T^(2/3) + sqrt(K T)) against any
oblivious sequence, O((c K)^(2/3) T^(1/3) + ln T sum 1 / gap) for stochastic losses with a unique best action. The
learning rate eta_n = 2 / sqrt(sum_{m<=n} b_m^2) with b_m the blocks' lengths is ours: it equals Zimmert & Seldin's 2
/ sqrt(t) where all blocks have length 1. With it, block n adds at most of order eta_n b_n^2 sqrt(K) and the
regulariser sqrt(K) / eta_N, in all at most (4 sqrt K - 2) sqrt(sum b_n^2) (`theory.switching.bounds`), which is the
first rate, as sum b_n^2 is of order T + c^2 N^2 / K over N of order (T sqrt(K) / c)^(2/3) blocks. The second rate is
the paper's, for its own learning rate, and not checked here.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import real
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import alike, any_lane, in_lanes, own, own_array, where
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import Bandit
from bandits.switching.problem import SwitchingCostGame

_NEWTON_STEPS = 100


class TsallisParams(NamedTuple):
    """K, the growth of the blocks and the factor on the learning rate."""

    n_actions: int
    growth: float  # block n has length max(1, ceil(growth sqrt(n)))
    scale: float


class TsallisState(NamedTuple):
    """Estimated losses, the probabilities and loss of the current block, and its position."""

    loss: Any  # (K,) float64, Lhat less its minimum
    probability: Any  # (K,) float64
    arm: int
    batch_loss: float
    block: int  # n, from 1
    end: int  # first round after the block
    start: int
    squares: float  # sum of squared block lengths


@rare_kernel
def tsallis_probabilities(loss: Any, learning_rate: float, out: Any) -> None:
    """Write argmin_p <p, loss> - (4 / eta) sum_i (sqrt(p_i) - p_i / 2) into out (K,); min(loss) must be 0.

    Newton's method on the sum of 4 / (eta (loss - x))^2, which is convex and increasing in x < 0: started at
    x = -2 / eta, where it is at least 1 (the least loss alone gives 1), it decreases monotonically to the root.
    """
    nothing = alike(0.0, loss)
    x = nothing - 2.0 / learning_rate
    moving = x < 0.0
    for _ in range(_NEWTON_STEPS):
        total = nothing
        slope = nothing
        for i in range(loss.size):
            root = 2.0 / (learning_rate * (loss[i] - x))
            total += root * root
            slope += root * root * root
        step = where(moving, (total - 1.0) / (learning_rate * slope), 0.0)
        x -= step
        moving = moving & (where(step < 0.0, -step, step) > -1e-15 * x)
        if not any_lane(moving):
            break
    total = nothing
    for i in range(loss.size):
        root = 2.0 / (learning_rate * (loss[i] - x))
        out[i] = root * root
        total += out[i]
    for i in range(loss.size):
        out[i] /= total


@kernel
def _block_length(params: TsallisParams, block: int) -> int:
    return max(1, math.ceil(params.growth * math.sqrt(block)))


@kernel
def add_to_least(total: Any, arm: int, loss: float) -> None:
    """Add an action's loss to the totals (K,) and subtract the least of them, in place."""
    total[arm] += loss
    least = total[0]
    for i in range(1, total.size):
        least = where(total[i] < least, total[i], least)
    for i in range(total.size):
        total[i] -= least


@in_lanes()
@kernel
def _init(params: TsallisParams, rng: Stream) -> TsallisState:
    n, length = params.n_actions, _block_length(params, 1)
    arrays = own_array(n, 0.0, rng), own_array(n, 1.0 / n, rng)
    return TsallisState(*arrays, own(0, rng), own(0.0, rng), 1, length, 0, float(length) ** 2)


@in_lanes()
@kernel
def _act(params: TsallisParams, state: TsallisState, t: int, rng: Stream) -> int:
    if t == state.start:
        return pick(state.probability, 1.0, uniform(rng, t, 0))
    return state.arm


@in_lanes()
@kernel
def _update(params: TsallisParams, state: TsallisState, t: int, arm: int, loss: float, rng: Stream) -> TsallisState:
    batch_loss = state.batch_loss + loss
    if t + 1 < state.end:
        return TsallisState(
            state.loss, state.probability, arm, batch_loss, state.block, state.end, state.start, state.squares
        )
    add_to_least(state.loss, arm, batch_loss / state.probability[arm])
    length = _block_length(params, state.block + 1)
    squares = state.squares + float(length) ** 2
    tsallis_probabilities(state.loss, params.scale * 2.0 / math.sqrt(squares), state.probability)
    rest = alike(0.0, batch_loss), state.block + 1, t + 1 + length, t + 1, squares
    return TsallisState(state.loss, state.probability, arm, *rest)


@kernel
def _law(params: TsallisParams, state: TsallisState, t: int) -> Any:
    return state.probability


@dataclass(frozen=True)
class TsallisSwitch(Learner):
    """Tsallis-INF with switching costs; `scale` > 0 multiplies its learning rate (1 is the default tuning)."""

    scale: float = 1.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    exact: ClassVar[str] = "tsallis_switch"

    def __post_init__(self) -> None:
        real("scale", self.scale, low=0.0, open_low=True)

    def switch_cap(self, problem: SwitchingCostGame) -> int:
        """Return the number of blocks that begin after the first round."""
        growth, played, block = self.parameters(problem).growth, 0, 0
        while played < problem.horizon:
            block += 1
            played += max(1, math.ceil(growth * math.sqrt(block)))
        return block - 1

    def probabilities(self, problem: SwitchingCostGame) -> Any:
        """Return the kernel of the probabilities that the block's action was drawn from."""
        return _law

    def parameters(self, problem: SwitchingCostGame) -> TsallisParams:
        """Return K and the blocks' growth for the game's switching cost."""
        growth = 1.5 * problem.switching_cost / math.sqrt(problem.n_actions)
        return TsallisParams(problem.n_actions, growth, float(self.scale))
