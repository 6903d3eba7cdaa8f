"""What a learner of preference games is: three pure functions on arrays (`bandits.protocol.MatrixLearner`).

    state = learner.start(params, log_reference)            # log_reference (n,)
    log_policy = learner.policy(params, state)              # (n,), the policy of the coming round
    state = learner.step(params, state, t, ask)             # t counts from 0

`ask` is the feedback (`bandits.preference.self_play.problem.Ask`): `ask.row(log_policy, query)` returns
y -> P(y > p) - 1/2 (n,), exact or noisy, `query` = 0, 1, ... telling apart the rows asked for in one round; with
comparisons, `ask.sample(log_policy, side)` draws the actions (B,) of one side, 0 or 1, and `ask.compare(left, right)`
returns the answers, 1.0 where left is preferred.
"""

from abc import abstractmethod
from typing import Any, ClassVar

from bandits.core.checks import instance
from bandits.preference.self_play.problem import ExactRow, NoisyRow, PreferenceGame
from bandits.protocol import MatrixLearner


class SelfPlay(MatrixLearner):
    """Base of the learners that play a PreferenceGame against themselves."""

    accepts: ClassVar[tuple[type, ...]] = (ExactRow, NoisyRow)
    queries: ClassVar[int] = 1  # rows that a round asks for

    @staticmethod
    @abstractmethod
    def start(params: Any, log_reference: Any) -> Any:
        """Return the state before the first round."""

    def check(self, problem: Any) -> None:
        """Raise TypeError unless the problem is a PreferenceGame with a feedback that the learner accepts."""
        super().check(problem)
        instance("problem", problem, PreferenceGame, "a PreferenceGame")
