"""What a self-play learner is: three pure functions on arrays, batched over games and repetitions by the engine.

    state = learner.start(params, log_reference)            # log_reference (n,)
    log_policy = learner.policy(params, state)              # (n,), the policy of the coming round
    state = learner.step(params, state, t, ask)             # t counts from 0

`params` and `state` are NamedTuples of numbers and arrays. The functions use the array's own namespace
(`bandits.preference.prox`), so they run on NumPy arrays and inside JAX; branches on values are written with
`where`. `ask` is the feedback: `ask.row(log_policy, query)` returns y -> P(y > p) - 1/2 (n,), exact or noisy,
`query` = 0, 1, ... telling apart the rows asked in one round; with comparisons, `ask.sample(log_policy, side)` draws
the actions (B,) of one side, 0 or 1, and `ask.compare(left, right)` returns the answers, 1.0 where left is preferred.
"""

from abc import abstractmethod
from typing import Any, ClassVar

from bandits.preference.self_play.problem import ExactRow, NoisyRow, PreferenceGame
from bandits.protocol import Learner


class SelfPlay(Learner):
    """Base of the learners that play a PreferenceGame against themselves."""

    accepts: ClassVar[tuple[type, ...]] = (ExactRow, NoisyRow)
    queries: ClassVar[int] = 1  # rows that a round asks for

    @staticmethod
    @abstractmethod
    def start(params: Any, log_reference: Any) -> Any:
        """Return the state before the first round."""

    @staticmethod
    @abstractmethod
    def policy(params: Any, state: Any) -> Any:
        """Return the log-probabilities (n,) of the coming round's policy."""

    @staticmethod
    @abstractmethod
    def step(params: Any, state: Any, t: Any, ask: Any) -> Any:
        """Return the state after round t."""

    def play(self, problem: PreferenceGame, seed: int, first: int, count: int, rounds: Any) -> Any:
        """Return the metrics (count, len(rounds), len(metrics)) of repetitions first..first+count-1."""
        from sims.engines.self_play import play

        return play(self, problem, seed, first, count, rounds)
