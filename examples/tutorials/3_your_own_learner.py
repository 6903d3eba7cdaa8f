"""
Your own learner
================

*For all.* A learner is three functions and two records. Written as kernels it runs as fast as the built-in ones;
written as a plain class it may use any library.
"""

# %%
# The learner here stays with its action after a small loss and moves on after a large one. Its parameters and its state
# are records of numbers and arrays. One that draws would call `uniform_pair(rng, t, 0)`: the random numbers of round t,
# whatever was drawn before.

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from regretlab import (
    Bandit,
    BernoulliLosses,
    Exp3,
    Learner,
    LearnerSteps,
    SwitchingCostGame,
    compare,
    kernel,
    plot,
    simulate,
    verify,
)


class Params(NamedTuple):
    """Number of actions."""

    n_actions: int


class State(NamedTuple):
    """The action of the next round."""

    action: int


@kernel
def init(params, rng):
    """Return the state before the first round."""
    return State(0)


@kernel
def act(params, state, t, rng):
    """Return the action of round t."""
    return state.action


@kernel
def update(params, state, t, action, loss, rng):
    """Return the state after the loss of round t."""
    return state if loss < 0.5 else State((action + 1) % params.n_actions)


@dataclass(frozen=True)
class StayOrMove(Learner):
    """Keep an action until it has a large loss, then take the next one."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def parameters(self, problem):
        """Return what the kernels receive."""
        return Params(problem.n_actions)


game = SwitchingCostGame(BernoulliLosses([0.3, 0.5, 0.5, 0.5]), horizon=10_000, switching_cost=0.0)
runs = [simulate(game, learner, repetitions=32, seed=1) for learner in (StayOrMove(), Exp3())]
plot(runs)

# %%
# It never stops exploring, so its regret is linear, and it violates the bound of EXP3.

print(verify("bubeck2012.exp3", game, StayOrMove(), alpha=1e-6, parameters="tuned").explain())

# %%
# The same learner in plain Python: an object with three methods. The interpreter plays it on the same losses, a
# thousand times slower, so we take fewer repetitions. Its numbers are those of the kernels, for each repetition.


class PlainStayOrMove:
    """The same learner; `accepts` names the feedback that it learns from."""

    accepts = (Bandit,)

    def reset(self, problem, rng):
        """Prepare for the first round; rng is a `numpy.random.Generator`."""
        self.n_actions, self.action = problem.n_actions, 0

    def act(self, observation, rng):
        """Return the action of this round."""
        return self.action

    def update(self, observation, action, feedback, rng):
        """Learn from the loss of this round."""
        if feedback >= 0.5:
            self.action = (action + 1) % self.n_actions


plain = simulate(game, PlainStayOrMove(), repetitions=2, seed=1, backend="python")
assert np.array_equal(plain["regret"], runs[0]["regret"][:2])
compare([plain], ["regret", "switches"])

# %%
# :doc:`/how_to/add_a_learner` adds a learner to the package, :doc:`/plain_python` has policies of other libraries.
