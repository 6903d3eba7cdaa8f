"""Oblivious loss processes: losses that depend on (seed, repetition, round) only, not on the learner.

Each process is a frozen dataclass with compiled steps. Losses are generated round by round in O(n_actions)
memory; `totals` gives the cumulative loss of every action, from which regret in hindsight is computed.
"""

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

from bandits.core.arguments import Checked


class LossSteps(NamedTuple):
    """The compiled functions of a loss process; t counts from 0 and increases by one per call."""

    init: Any  # (params, env) -> state
    advance: Any  # (params, state, t, env) -> state: generate the losses of round t
    loss: Any  # (params, state, t, arm) -> float: an arm's loss in round t, after advance
    totals: Any  # (params, state, n_rounds, out): cumulative losses of the first n_rounds into out (K,)
    gap: Any = None  # (params, state, arm) -> float: mean loss above the least mean of the round, if known
    clipped: Any = None  # (state) -> int: rounds in which some loss was clipped to [0, 1]
    row: Any = None  # (params, state, t) -> (K,) read-only: all losses of round t, if they are in memory
    moving: bool = False  # whether the means change: the gaps then add up to the dynamic regret


class LossProcess(Checked):
    """Base of all oblivious loss processes.

    bounded: True if losses lie in [0, 1] for all arguments, which `simulate` does not check; `theory.verify` needs it
    to prove the range of the regret, and some learners do.
    """

    n_actions: int
    steps: ClassVar[LossSteps]
    bounded: ClassVar[bool] = False
    family: ClassVar[str] = ""  # random losses of a lower-bound proof, by name; read by `bandits.protocol.known`

    def known_table(self, horizon: int) -> Any:
        """Return the losses (horizon, K) where they are the same in every repetition, else None."""
        return None

    def outcomes(self) -> tuple[Any, Any] | None:
        """Return values (m,) and weights (K, m) of independent losses with finitely many values, else None."""
        return None

    def mean_gap(self, horizon: int) -> float:
        """Return the largest possible gap of mean losses in a round."""
        return 1.0

    def dominance_gap(self, horizon: int) -> float | None:
        """Return g if one action is best in every round and no other is worse by more than g, else None."""
        return None

    @abstractmethod
    def setting(self, horizon: int) -> Any:
        """Return the NamedTuple that the compiled functions receive."""
