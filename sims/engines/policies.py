"""The policies of self-play themselves, for pictures and for checks: a plain loop on exact rows, in NumPy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from bandits.core.checks import instance, integer
from bandits.preference.measures import payoff
from bandits.preference.self_play.learner import SelfPlay
from bandits.preference.self_play.problem import ExactRow, PreferenceGame


class _Rows:
    """Exact rows of one game."""

    def __init__(self, skew: NDArray[np.float64]) -> None:
        self.skew = skew

    def row(self, log_policy: Any, query: int = 0) -> Any:
        """Return y -> P(y > p) - 1/2 (n,)."""
        return payoff(self.skew, np.exp(log_policy))


@checked
def trajectory(problem: PreferenceGame, learner: SelfPlay, rounds: int | None = None, game: int = 0) -> Any:
    """Return the log-policies (rounds + 1, n) float64 before the first round and after each.

    rounds: at least 1, the horizon by default.  game: which of the problem's games, 0..G-1.
    Raises TypeError or ValueError naming the argument; TypeError for feedback other than ExactRow.
    """
    instance("problem", problem, PreferenceGame, "a PreferenceGame")
    instance("learner", learner, SelfPlay, "a learner of bandits.preference")
    learner.check(problem)
    instance("feedback", problem.feedback, ExactRow, "ExactRow()")
    count = problem.horizon if rounds is None else integer("rounds", rounds, low=1, high=10**6)
    index = integer("game", game, 0, problem.n_games - 1)
    params, ask = learner.parameters(problem), _Rows(problem.skew[index])
    state = learner.start(params, problem.log_reference[index])
    policies = [learner.policy(params, state)]
    for t in range(count):
        state = learner.step(params, state, t, ask)
        policies.append(learner.policy(params, state))
    return np.array(policies)
