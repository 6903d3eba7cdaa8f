"""The policies of self-play, for figures and tests: a plain loop on exact rows."""

from typing import Any

import numpy as np

from bandits.core.arguments import checked
from bandits.core.checks import instance, integer
from bandits.preference.self_play.learner import SelfPlay
from bandits.preference.self_play.problem import Ask, ExactRow, PreferenceGame


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
    params, ask = learner.parameters(problem), Ask(problem.feedback, problem.skew[index])
    state = learner.start(params, problem.log_reference[index])
    policies = [learner.policy(params, state)]
    for t in range(count):
        state = learner.step(params, state, t, ask)
        policies.append(learner.policy(params, state))
    return np.array(policies)
