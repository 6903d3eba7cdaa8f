"""UCB on the losses that have arrived, for independent losses; delays may differ between actions.

Joulani, Gyorgy & Szepesvari, "Online Learning under Delayed Feedback" (ICML 2013). An action without an observed loss
is played at once. Delay costs no more than the plays of an action that are outstanding when it is played for the last
time: `theory.delays.bounds` has the theorem.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.delays.exponential_weights import LateLearner
from bandits.delays.problem import Arrivals
from bandits.protocol import LearnerSteps
from bandits.stochastic.ucb import UCB, UCBParams, UCBState
from bandits.switching.feedback import Bandit

_init_timely, _act, _update_timely = UCB.steps


@kernel
def _init(params: UCBParams, rng: Stream) -> UCBState:
    state = _init_timely(params, rng)
    for i in range(params.n_actions):
        state.counts.derived[i] = np.inf  # of an index -inf until a loss has arrived
    return state


@kernel
def _update(params: UCBParams, state: UCBState, t: int, arm: int, arrivals: Arrivals, rng: Stream) -> UCBState:
    for j in range(arrivals.n):
        state = _update_timely(params, state, t, arrivals.actions[j], arrivals.feedback[j], rng)
    return state


@dataclass(frozen=True)
class DelayedUCB(LateLearner):
    """UCB(delta) on losses as they arrive: width sigma sqrt(4 ln T / N), sigma > 0, N the observed plays."""

    sigma: float = 0.5
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    inner_accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def __post_init__(self) -> None:
        UCB(sigma=self.sigma)

    def parameters(self, problem: Any) -> UCBParams:
        """Return K and the width."""
        return UCB(sigma=self.sigma).parameters(problem)
