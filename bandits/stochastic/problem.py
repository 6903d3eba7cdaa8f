"""Stochastic bandits: every action has a law of rewards, and the learner sees the reward of the one it plays.

There is no game of its own. A reward r is a loss l = 1 - r, and the game is the one with switching costs, at cost 0 and
with bandit feedback, so that adversarial learners (`Exp3`, `TsallisSwitch`) play it as well. `pseudo_regret` is the
regret of stochastic bandits: sum_t (mean reward of the best action - mean reward of the action played).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bandits.core.arguments import checked
from bandits.core.checks import array
from bandits.losses import BernoulliLosses, LossProcess
from bandits.switching.problem import SwitchingCostGame


@checked
def stochastic_bandit(rewards: ArrayLike | LossProcess, horizon: int) -> SwitchingCostGame:
    """Return a stochastic bandit of `horizon` rounds (1 to 2^56).

    rewards: means (K,) in [0, 1] of Bernoulli rewards; or a process of losses (1 less the rewards), such as
    `GaussianLosses`, `FiniteLosses`, or for means that change `PiecewiseLosses`.
    Raises TypeError or ValueError for means that are not numbers in [0, 1], and for a wrong horizon.
    """
    losses: Any = rewards
    if not isinstance(rewards, LossProcess):
        losses = BernoulliLosses(1.0 - np.asarray(array("rewards", rewards, ndim=1, low=0.0, high=1.0)))
    return SwitchingCostGame(losses, horizon, switching_cost=0.0)
