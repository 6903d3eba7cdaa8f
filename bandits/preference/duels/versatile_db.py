"""Versatile-DB: two Tsallis-INF learners, one per side, each told whether it won.

Saha & Gaillard 2022 (arXiv:2202.06694): as in `bandits.preference.duels.sparring_exp3`, with follow the regularised
leader and the 1/2-Tsallis entropy on each side (Zimmert & Seldin 2021),

    p_t(i) = 4 / (eta_t (Lhat_{t-1}(i) - x))^2 with sum 1,   eta_t = 2 / sqrt(t), t from 1.

Regret of order sqrt(K T) in every game, and sum ln T / gap where there is a Condorcet winner, without parameters.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel
from bandits.core.lanes import in_lanes, own_array
from bandits.core.rng import Stream, uniform_pair
from bandits.preference.duels.problem import DuelingBandit, DuelLearner, Pair
from bandits.protocol import LearnerSteps
from bandits.switching.tsallis_switch import add_to_least, tsallis_probabilities


class VersatileParams(NamedTuple):
    """K."""

    n_actions: int


class VersatileState(NamedTuple):
    """Estimated losses less their minimum, and the probabilities of the coming round, for the two sides."""

    first_loss: Any  # (K,)
    first: Any  # (K,)
    second_loss: Any  # (K,)
    second: Any  # (K,)


@in_lanes()
@kernel
def _init(params: VersatileParams, rng: Stream) -> VersatileState:
    n = params.n_actions
    first = own_array(n, 0.0, rng), own_array(n, 1.0 / n, rng)
    return VersatileState(*first, own_array(n, 0.0, rng), own_array(n, 1.0 / n, rng))


@in_lanes()
@kernel
def _act(params: VersatileParams, state: VersatileState, t: int, rng: Stream) -> Pair:
    left, right = uniform_pair(rng, t, 0)
    return Pair(pick(state.first, 1.0, left), pick(state.second, 1.0, right))


@kernel
def _add(total: Any, probability_: Any, arm: int, loss: float) -> None:
    add_to_least(total, arm, loss / probability_[arm])


@in_lanes()
@kernel
def _update(
    params: VersatileParams, state: VersatileState, t: int, pair: Pair, answer: float, rng: Stream
) -> VersatileState:
    _add(state.first_loss, state.first, pair.first, 1.0 - answer)
    _add(state.second_loss, state.second, pair.second, answer)
    rate = 2.0 / math.sqrt(t + 2.0)  # for the coming round, number t + 2
    tsallis_probabilities(state.first_loss, rate, state.first)
    tsallis_probabilities(state.second_loss, rate, state.second)
    return state


@dataclass(frozen=True)
class VersatileDB(DuelLearner):
    """Two Tsallis-INF learners: no parameter, no horizon."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)

    def parameters(self, problem: DuelingBandit) -> VersatileParams:
        """Return K."""
        return VersatileParams(problem.n_actions)
