"""Follow the lazy perturbed leader: full information, few switches, no exponentials of losses.

Kalai & Vempala, "Efficient algorithms for online decision problems" (2005), the lazy variant. Play the
action with the least L_{t-1}(i) - p(i), where each perturbation p(i) is exponential with rate eta. After
losses l_t, p(i) grows by l_t(i) with probability exp(-eta l_t(i)) and is otherwise redrawn from the
exponential law truncated to [0, l_t(i)). Since the exponential law is memoryless, p(i) is again exponential, but the
difference L - p changes only where p was redrawn, and then it increases. So the leader can change only in a
round in which its own perturbation is redrawn:

    E[switches] <= eta E[sum_t l_t(A_t)] <= eta T,
    R_T <= H_K / eta + (1 + c) eta T   with H_K = 1 + 1/2 + ... + 1/K = E[max_i p(i)] eta,

by E l_t(A_t) - E l_t(A_{t+1}) <= P(redrawn) <= eta E l_t(A_t) and the be-the-leader lemma. The least value
2 sqrt((1 + c) T H_K) is at eta = sqrt(H_K / ((1 + c) T)).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import optional_real
from bandits.core.jit import kernel, rare_kernel, uint64
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import FullInformation
from bandits.switching.problem import SwitchingCostGame

_SLACK = 1.0 + 2.0**-20  # far above the rounding errors of the exact test


class PerturbedParams(NamedTuple):
    """K and eta."""

    n_actions: int
    learning_rate: float


class PerturbedState(NamedTuple):
    """Cumulative losses, perturbed losses L - p, and the leader."""

    loss: Any  # (K,) float64
    perturbed: Any  # (K,) float64
    leader: int


@rare_kernel
def _least(values: Any) -> int:
    best = 0
    for i in range(1, values.size):
        if values[i] < values[best]:
            best = i
    return best


@kernel
def _exponential(u: float, rate: float) -> float:
    return -math.log1p(-u) / rate


@kernel
def _init(params: PerturbedParams, rng: Stream) -> PerturbedState:
    perturbed = np.zeros(params.n_actions)
    for i in range(params.n_actions):
        perturbed[i] = -_exponential(uniform(rng, 0, i), params.learning_rate)
    return PerturbedState(np.zeros(params.n_actions), perturbed, _least(perturbed))


@kernel
def _act(params: PerturbedParams, state: PerturbedState, t: int, rng: Stream) -> int:
    return state.leader


@kernel
def _update(
    params: PerturbedParams, state: PerturbedState, t: int, arm: int, losses: Any, rng: Stream
) -> PerturbedState:
    most = _SLACK * params.learning_rate
    leader = state.leader
    for first in range(0, params.n_actions, 64):
        open_ = uint64(0)  # bit i: action first + i may be redrawn; where u / eta > l it is not
        for i in range(min(64, params.n_actions - first)):  # branch-free, hence vectorised
            action = uint64(first + i)  # unsigned: no check for negative indices
            state.loss[action] += losses[action]
            open_ |= uint64(uniform(rng, t + 1, first + i) <= most * losses[action]) << uint64(i)
        if open_ != uint64(0) and _redraw(params.learning_rate, state, t, losses, rng, first, open_):
            leader = -1
    if leader < 0:
        leader = _least(state.perturbed)
    return PerturbedState(state.loss, state.perturbed, leader)


@rare_kernel
def _redraw(
    learning_rate: float, state: PerturbedState, t: int, losses: Any, rng: Stream, first: int, open_: Any
) -> bool:
    """Redraw perturbations among 64 actions as the exact test decides; return whether the leader's was redrawn."""
    fallen = False
    for i in range(first, min(first + 64, losses.size)):
        if (open_ >> uint64(i - first)) & uint64(1) == uint64(0):
            continue
        fresh = _exponential(uniform(rng, t + 1, i), learning_rate)
        if fresh < losses[i]:  # probability 1 - exp(-eta l), and then `fresh` has the law truncated to [0, l)
            state.perturbed[i] = state.loss[i] - fresh
            fallen = fallen or i == state.leader
    return fallen


@dataclass(frozen=True)
class LazyPerturbedLeader(Learner):
    """Lazy perturbed leader with learning rate eta > 0; None means sqrt(H_K / ((1 + c) T))."""

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (FullInformation,)

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: SwitchingCostGame) -> PerturbedParams:
        """Return K and eta for the game."""
        harmonic = math.fsum(1.0 / k for k in range(1, problem.n_actions + 1))
        tuned = math.sqrt(harmonic / ((1.0 + problem.switching_cost) * problem.horizon))
        return PerturbedParams(problem.n_actions, self.learning_rate or tuned)
