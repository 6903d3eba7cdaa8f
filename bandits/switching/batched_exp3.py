"""Batched EXP3: one action per batch, EXP3 on the mean losses of the batches (bandit feedback).

Arora, Dekel & Tewari, "Online Bandit Learning against an Adaptive Adversary: from Regret to Policy
Regret" (ICML 2012). Batches have length tau (the last may be shorter); n = ceil(T / tau). After batch b
with action A_b and own losses summing to s_b, Lhat(A_b) grows by (s_b / tau) / p_b(A_b). Then EXP3's
bound on n rounds of losses in [0, 1], times tau, and at most n - 1 switches give

    R_T <= tau (ln K / eta + eta n K / 2) + c (n - 1),   eta = sqrt(2 ln K / (n K)):
    R_T <= tau sqrt(2 n K ln K) + c (n - 1).

With n = T / tau the right side is least at tau = (2 c^2 T / (K ln K))^(1/3), where it is of order
(c K ln K)^(1/3) T^(2/3), the minimax rate under bandit feedback up to logarithms.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from bandits.combine import blocked_steps
from bandits.core.checks import integer, optional_real
from bandits.core.jit import kernel
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.exp3 import Exp3
from bandits.switching.feedback import Bandit
from bandits.switching.problem import SwitchingCostGame


class BatchedExp3Params(NamedTuple):
    """K, eta, tau and n."""

    n_actions: int
    learning_rate: float
    batch_length: int
    n_batches: int


@kernel
def _flat(params: BatchedExp3Params) -> BatchedExp3Params:
    return params


@dataclass(frozen=True)
class BatchedExp3(Learner):
    """EXP3 over batches of `batch_length` rounds (1..T) with learning rate eta > 0.

    None means the tuning of the bound: tau = ceil((2 c^2 T / (K ln K))^(1/3)), at least 1 and at most T, and
    eta = sqrt(2 ln K / (n K)) for the batch length in use.
    """

    learning_rate: float | None = None
    batch_length: int | None = None
    steps: ClassVar[LearnerSteps] = blocked_steps(Exp3.steps, _flat)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    exact: ClassVar[str] = "exp3"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        if self.batch_length is not None:
            integer("batch_length", self.batch_length, low=1)

    def steps_for(self, problem: SwitchingCostGame) -> LearnerSteps:
        """Return the compiled functions; for many actions those of the weight tree, as in `Exp3`."""
        if self.steps is not BatchedExp3.steps:  # a subclass with its own steps
            return self.steps
        return blocked_steps(Exp3().steps_for(problem), _flat)

    def rounds_held(self, problem: SwitchingCostGame) -> int:
        """Return the batch length."""
        return int(self.parameters(problem).batch_length)

    def parameters(self, problem: SwitchingCostGame) -> BatchedExp3Params:
        """Return K, eta, tau and n for the game."""
        n_actions, horizon = problem.n_actions, problem.horizon
        length = self.batch_length or _tuned_length(problem)
        length = integer("batch_length", length, low=1, high=horizon)
        n_batches = -(-horizon // length)
        tuned = math.sqrt(2.0 * math.log(n_actions) / (n_batches * n_actions))
        return BatchedExp3Params(n_actions, self.learning_rate or tuned, length, n_batches)


def _tuned_length(problem: SwitchingCostGame) -> int:
    if problem.n_actions == 1:
        return problem.horizon
    scale = problem.n_actions * math.log(problem.n_actions)
    ideal = (2.0 * problem.switching_cost**2 * problem.horizon / scale) ** (1 / 3)
    return min(max(1, math.ceil(ideal)), problem.horizon)
