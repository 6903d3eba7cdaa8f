"""Sparring EXP3: two EXP3 learners, one per side, each told whether it won.

Ailon, Karnin & Joachims 2014 (arXiv:1405.3396); for games without a best action Dudik et al. 2015 (arXiv:1502.06362).
With loss 1 - o for the first side and o for the second, the answer o being 1 where the first won, each side plays an
adversarial bandit. For a von Neumann winner w the sum over rounds of <w, S e_a> + <w, S e_b> is the sum of the two
regrets against w, whose own terms cancel: <w, S e_b> - <e_a, S e_b> for the first, <e_a, S e_b> - <e_a, S w> for the
second. Each is at most ln K / eta + eta T K / 2 in expectation, so the regret of the duels, half their sum, is too:

    E[regret] <= ln K / eta + eta T K / 2,    least at eta = sqrt(2 ln K / (T K)).
"""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from bandits.core.checks import optional_real
from bandits.core.exponential_weights import (
    Weights,
    add_loss,
    draw,
    own_weights,
    probability,
)
from bandits.core.jit import kernel
from bandits.core.lanes import in_lanes
from bandits.core.rng import Stream, uniform_pair
from bandits.preference.duels.problem import DuelingBandit, DuelLearner, Pair
from bandits.protocol import LearnerSteps


class SparringParams(NamedTuple):
    """K and eta."""

    n_actions: int
    learning_rate: float


class SparringState(NamedTuple):
    """The weights of the two sides."""

    first: Weights
    second: Weights


@in_lanes()
@kernel
def _init(params: SparringParams, rng: Stream) -> SparringState:
    return SparringState(own_weights(params.n_actions, rng), own_weights(params.n_actions, rng))


@in_lanes()
@kernel
def _act(params: SparringParams, state: SparringState, t: int, rng: Stream) -> Pair:
    left, right = uniform_pair(rng, t, 0)
    return Pair(draw(state.first, left), draw(state.second, right))


@in_lanes()
@kernel
def _update(
    params: SparringParams, state: SparringState, t: int, pair: Pair, answer: float, rng: Stream
) -> SparringState:
    first_estimate = (1.0 - answer) / probability(state.first, pair.first)
    second_estimate = answer / probability(state.second, pair.second)
    first = add_loss(state.first, params.learning_rate, pair.first, first_estimate)
    second = add_loss(state.second, params.learning_rate, pair.second, second_estimate)
    return SparringState(first, second)


@dataclass(frozen=True)
class SparringExp3(DuelLearner):
    """Two EXP3 learners of rate eta > 0; None means sqrt(2 ln K / (T K))."""

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: DuelingBandit) -> SparringParams:
        """Return K and eta for the game."""
        n_actions = problem.n_actions
        tuned = math.sqrt(2.0 * math.log(n_actions) / (problem.horizon * n_actions)) or 1.0
        return SparringParams(n_actions, self.learning_rate or tuned)
