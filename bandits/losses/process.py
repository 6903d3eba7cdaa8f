"""What a loss process is: losses fixed by (seed, repetition, round), whatever the learner does (oblivious).

Each process is a frozen dataclass with compiled steps. Losses are made round by round in O(n_actions)
memory; `totals` gives every action's cumulative loss, which is what regret in hindsight needs.
"""

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

from bandits.core.arguments import Checked


class LossSteps(NamedTuple):
    """The compiled functions of a loss process; t counts from 0 and grows by one a call."""

    init: Any  # (params, env) -> state
    advance: Any  # (params, state, t, env) -> state: make round t's losses
    loss: Any  # (params, state, t, arm) -> float: an arm's loss in round t, after advance
    totals: Any  # (params, state, n_rounds, out): cumulative losses of the first n_rounds into out (K,)
    gap: Any = None  # (params, state, arm) -> float: mean loss above the best arm's, where it is constant
    clipped: Any = None  # (state) -> int: rounds in which some loss was cut to [0, 1]
    row: Any = None  # (params, state, t) -> (K,) read-only: all losses of round t, where they are in memory already


class LossProcess(Checked):
    """Base of all oblivious loss processes. Losses must lie in [0, 1]; `simulate` takes that on trust.

    bounded: True says that they do, whatever the arguments; `theory.verify` needs it to prove the range of the regret.
    """

    n_actions: int
    steps: ClassVar[LossSteps]
    bounded: ClassVar[bool] = False
    hard: bool = False  # whether the losses are those of a lower bound's proof

    def known_table(self, horizon: int) -> Any:
        """Return the losses (horizon, K) where they are the same in every repetition, else None."""
        return None

    def mean_gap(self, horizon: int) -> float:
        """Return by how much an action's mean loss can exceed the best one's in a round."""
        return 1.0

    def dominance_gap(self, horizon: int) -> float | None:
        """Return g where one action is always best in every round and no other is worse by more than g, else None."""
        return None

    @abstractmethod
    def setting(self, horizon: int) -> Any:
        """Return the NamedTuple that the compiled functions receive."""
