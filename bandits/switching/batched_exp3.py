"""Batched EXP3: one action a batch, EXP3 on the batches' mean losses (bandit feedback).

Arora, Dekel & Tewari, "Online Bandit Learning against an Adaptive Adversary: from Regret to Policy
Regret" (ICML 2012). Batches have length tau (the last may be shorter); n = ceil(T / tau). After batch b
with action A_b and own losses summing to s_b, Lhat(A_b) grows by (s_b / tau) / p_b(A_b). Then EXP3's
bound on n rounds of losses in [0, 1], times tau, and at most n - 1 switches give

    R_T <= tau (ln K / eta + eta n K / 2) + c (n - 1),   eta = sqrt(2 ln K / (n K)):
    R_T <= tau sqrt(2 n K ln K) + c (n - 1).

With n = T / tau the right side is least at tau = (2 c^2 T / (K ln K))^(1/3), where it is of order
(c K ln K)^(1/3) T^(2/3): the minimax rate under bandit feedback, up to logarithms.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import integer, optional_real
from bandits.core.exponential_weights import (
    add_loss,
    draw,
    probability,
    tree_add_loss,
    tree_draw,
    tree_probability,
    uniform_tree,
    uniform_weights,
)
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.exp3 import MANY_ACTIONS
from bandits.switching.problem import Bandit, SwitchingCostGame


class BatchedExp3Params(NamedTuple):
    """K, eta, tau and n."""

    n_actions: int
    learning_rate: float
    batch_length: int
    n_batches: int


class BatchedExp3State(NamedTuple):
    """Weights over batches, the batch's action, its loss so far and the round it began in."""

    weights: Any  # Weights, or WeightTree for many actions
    arm: int
    batch_loss: float
    start: int


def _make_steps(uniform_weights: Any, draw: Any, probability: Any, add_loss: Any) -> LearnerSteps:
    """Return the steps on weights in a list or in a tree."""

    @kernel
    def init(params: BatchedExp3Params, rng: Stream) -> BatchedExp3State:
        return BatchedExp3State(uniform_weights(params.n_actions), 0, 0.0, 0)

    @kernel
    def act(params: BatchedExp3Params, state: BatchedExp3State, t: int, rng: Stream) -> int:
        if t == state.start:
            return draw(state.weights, uniform(rng, t, 0))
        return state.arm

    @kernel
    def update(
        params: BatchedExp3Params, state: BatchedExp3State, t: int, arm: int, loss: float, rng: Stream
    ) -> BatchedExp3State:
        batch_loss = state.batch_loss + loss
        if t + 1 < state.start + params.batch_length:
            return BatchedExp3State(state.weights, arm, batch_loss, state.start)
        estimate = batch_loss / params.batch_length / probability(state.weights, arm)
        return BatchedExp3State(add_loss(state.weights, params.learning_rate, arm, estimate), arm, 0.0, t + 1)

    return LearnerSteps(init, act, update)


_TREE_STEPS = _make_steps(uniform_tree, tree_draw, tree_probability, tree_add_loss)


@dataclass(frozen=True)
class BatchedExp3(Learner):
    """EXP3 over batches of `batch_length` rounds (1..T) with learning rate eta > 0.

    None means the tuning of the bound: tau = ceil((2 c^2 T / (K ln K))^(1/3)), at least 1 and at most T, and
    eta = sqrt(2 ln K / (n K)) for the batch length in use.
    """

    learning_rate: float | None = None
    batch_length: int | None = None
    steps: ClassVar[LearnerSteps] = _make_steps(uniform_weights, draw, probability, add_loss)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    exact: ClassVar[str] = "exp3"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        if self.batch_length is not None:
            integer("batch_length", self.batch_length, low=1)

    def steps_for(self, problem: SwitchingCostGame) -> LearnerSteps:
        """Return the compiled functions: those of the tree for many actions, as in `Exp3`."""
        if problem.n_actions >= MANY_ACTIONS and self.steps is BatchedExp3.steps:  # a subclass's own steps are played
            return _TREE_STEPS
        return self.steps

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
