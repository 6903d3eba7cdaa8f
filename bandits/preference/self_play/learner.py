"""What a learner of preference games is: three pure functions on arrays (`bandits.protocol.MatrixLearner`).

    state = learner.start(params, log_reference)            # log_reference (n,)
    log_policy = learner.policy(params, state)              # (n,), the policy of the coming round
    state = learner.step(params, state, t, ask)             # t counts from 0

`ask` is the feedback (`bandits.preference.self_play.problem.Ask`): `ask.row(log_policy, query)` returns
y -> P(y > p) - 1/2 (n,), exact or noisy, `query` = 0, 1, ... telling apart the rows asked for in one round; with
comparisons, `ask.sample(log_policy, side)` draws the actions (B,) of one side, 0 or 1, and `ask.compare(left, right)`
returns the answers, 1.0 where left is preferred.
"""

from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import instance
from bandits.preference.regularizers import ENTROPY
from bandits.preference.self_play.problem import ExactRow, NoisyRow, PreferenceGame
from bandits.protocol import MatrixLearner


class PolicyState(NamedTuple):
    """The present policy and the reference."""

    log_policy: Any  # (n,)
    log_reference: Any  # (n,)


class SelfPlay(MatrixLearner):
    """Base of the learners that play a PreferenceGame against themselves, from the reference on.

    A subclass writes `parameters` and `step`, and `start` and `policy` where its state is not a `PolicyState`.
    """

    accepts: ClassVar[tuple[type, ...]] = (ExactRow, NoisyRow)
    queries: ClassVar[int] = 1  # rows that a round asks for
    any_regularizer: ClassVar[bool] = False  # whether it plays where the game's is not the relative entropy

    @staticmethod
    def start(params: Any, log_reference: Any) -> Any:
        """Return the state before the first round: the reference as the present policy."""
        return PolicyState(log_reference, log_reference)

    @staticmethod
    def policy(params: Any, state: Any) -> Any:
        """Return the log-probabilities (n,) of the coming round: the present policy."""
        return state.log_policy

    def check(self, problem: Any) -> None:
        """Raise TypeError unless the problem is a PreferenceGame with a feedback that the learner accepts.

        ValueError where it is regularised by another divergence than that which the learner is made for.
        """
        super().check(problem)
        instance("problem", problem, PreferenceGame, "a PreferenceGame")
        psi = problem.regularizer
        if problem.regularization > 0.0 and psi != ENTROPY and not self.any_regularizer:
            plays = f"MirrorDescent({psi!r}) plays there"
            raise ValueError(f"regularizer must be Entropy() for {self.name}, got {psi!r}: {plays}")
