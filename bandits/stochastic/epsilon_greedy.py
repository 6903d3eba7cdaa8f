"""Epsilon-greedy with a schedule (Auer, Cesa-Bianchi & Fischer 2002).

After every action once, in round t = 1, 2, ... it plays with probability epsilon_t = min(1, epsilon / t^decay) a
uniform action, and else the one of least mean loss, the first one of several. Their schedule for the least gap d is
epsilon = c K / d^2 and decay = 1; decay = 0 explores at a constant rate.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import real
from bandits.core.jit import kernel
from bandits.core.lanes import alike, in_lanes, own, where
from bandits.core.rng import Stream, uniform_pair
from bandits.protocol import LearnerSteps
from bandits.stochastic.counts import BanditLearner, Counts, count_loss, least_mean, no_counts


class GreedyParams(NamedTuple):
    """K and the schedule."""

    n_actions: int
    epsilon: float
    decay: float


@kernel
def _act(params: GreedyParams, state: Counts, t: int, rng: Stream) -> int:
    if t < params.n_actions:
        return t
    coin, other = uniform_pair(rng, t, 0)
    if coin < params.epsilon * (t + 1.0) ** -params.decay:
        return int(other * params.n_actions)
    return least_mean(state)


@in_lanes(of=_act)
@kernel
def _lanes_act(params: GreedyParams, state: Counts, t: int, rng: Stream) -> Any:
    if t < params.n_actions:
        return own(t, rng)
    coin, other = uniform_pair(rng, t, 0)
    best, least = own(0, rng), state.mean[0]
    for i in range(1, params.n_actions):
        best, least = where(state.mean[i] < least, i, best), where(state.mean[i] < least, state.mean[i], least)
    return where(coin < params.epsilon * (t + 1.0) ** -params.decay, alike(other * params.n_actions, 0), best)


@dataclass(frozen=True)
class EpsilonGreedy(BanditLearner):
    """Epsilon-greedy: explores with probability min(1, epsilon / t^decay); epsilon and decay >= 0."""

    epsilon: float = 0.1
    decay: float = 0.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(no_counts, _act, count_loss)
    exact: ClassVar[str] = "epsilon_greedy"

    def __post_init__(self) -> None:
        real("epsilon", self.epsilon, low=0.0)
        real("decay", self.decay, low=0.0)

    def parameters(self, problem: Any) -> GreedyParams:
        """Return K and the schedule."""
        return GreedyParams(problem.n_actions, float(self.epsilon), float(self.decay))
