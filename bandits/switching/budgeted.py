"""Learners that buy their observations in one round per batch.

Cheng, Zhou & Ji (ICML 2023), Sections 4 and 5: hold one action over a batch of tau rounds, estimate the
mean losses of the batch from few observations, update exponential weights. The observations of a batch are
made in one round u, uniform over the batch. With m the length of the batch (tau, but for the last) and

    own       (1 observation):   lhat = (m / tau) l_u(A) / p(A)  on the action played,
    uniform   (1 observation):   lhat = (m / tau) K l_u(J)       on one uniform action J,
    full      (K observations):  lhat = (m / tau) l_u,

E[lhat] is the summed losses of the batch over tau. The regret is tau times that of the weights on lhat, plus
the switches. With n = ceil(T / tau) batches:

`BudgetedExp3` (own): the estimate uses the randomness of the action, which is therefore redrawn each batch:
    R_T <= tau (ln K / eta + eta n K / 2) + c (n - 1).
`BatchedDartboard` (uniform and full): the estimates do not depend on the learner's actions, so Shrinking
Dartboard is valid on them: E[switches] <= ln K + eta E[min_i Lhat(i)] <= ln K + eta n, and
    uniform: R_T <= tau (ln K / eta + eta n K / 2) + c (ln K + eta n)   (E<p, lhat^2> <= K),
    full:    R_T <= tau (ln K / eta + eta n / 8) + c (ln K + eta n)     (lhat in [0, 1], Hoeffding).

So the type of feedback matters: beyond K^(1/3) T^(2/3) observations, own ones do not help and the others do.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import optional_real
from bandits.core.exponential_weights import Weights, add_loss, add_losses, probability, uniform_weights
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform_index
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.batched_exp3 import BatchedExp3
from bandits.switching.feedback import ExtraObservations, Play, Seen, TotalBudget
from bandits.switching.problem import SwitchingCostGame
from bandits.switching.shrinking_dartboard import keep_or_draw


class BudgetedParams(NamedTuple):
    """K, eta, tau, n, the observations in an observation round, and the horizon."""

    n_actions: int
    learning_rate: float
    batch_length: int
    n_batches: int
    n_looks: int
    horizon: int


class BudgetedState(NamedTuple):
    """Weights over batches, the action held, the probability of keeping it, and the observations planned."""

    weights: Weights
    arm: int
    keep: float
    start: int  # first round of the batch
    look_round: int
    looks: Any  # (K,) int64, the actions to observe
    estimate: Any  # (K,) float64


@kernel
def _length(params: BudgetedParams, start: int) -> int:
    return min(params.batch_length, params.horizon - start)


@rare_kernel
def _look_round(params: BudgetedParams, start: int, rng: Stream) -> int:
    return start + uniform_index(rng, start, 1, max(1, _length(params, start)))


@rare_kernel
def _looked_at(params: BudgetedParams, start: int, rng: Stream) -> int:
    return uniform_index(rng, start, 2, params.n_actions)


@kernel
def _init(params: BudgetedParams, rng: Stream) -> BudgetedState:
    looks = np.zeros(params.n_actions, np.int64)
    for i in range(params.n_actions):
        looks[i] = i
    if params.n_looks == 1:
        looks[0] = _looked_at(params, 0, rng)
    estimate = np.zeros(params.n_actions)
    return BudgetedState(uniform_weights(params.n_actions), 0, 0.0, 0, _look_round(params, 0, rng), looks, estimate)


@kernel
def _arm(state: BudgetedState, t: int, rng: Stream) -> int:
    """Keep the action within a batch; at its start keep it with probability `keep`, else redraw it."""
    if t != state.start:
        return state.arm
    return keep_or_draw(state, t, rng)


@kernel
def _next_batch(
    params: BudgetedParams, state: BudgetedState, weights: Weights, arm: int, keep: float, t: int, rng: Stream
) -> BudgetedState:
    start = state.start
    look_round = state.look_round
    if t + 1 == start + params.batch_length:
        start = t + 1
        look_round = _look_round(params, start, rng)
        if params.n_looks == 1:
            state.looks[0] = _looked_at(params, start, rng)
    return BudgetedState(weights, arm, keep, start, look_round, state.looks, state.estimate)


# ---------------------------------------------------------------- the played action observed, redrawn per batch


@kernel
def _own_act(params: BudgetedParams, state: BudgetedState, t: int, rng: Stream) -> Play:
    arm = _arm(state, t, rng)
    if t != state.look_round:
        return Play(arm, state.looks, 0)
    state.looks[0] = arm
    return Play(arm, state.looks, 1)


@kernel
def _own_update(
    params: BudgetedParams, state: BudgetedState, t: int, play: Play, seen: Seen, rng: Stream
) -> BudgetedState:
    weights = state.weights
    if seen.n == 1:
        state.estimate[0] = seen.losses[0] * _length(params, state.start) / params.batch_length
    if t + 1 == state.start + params.batch_length:  # the weights are those of the draw until the batch ends
        loss = state.estimate[0] / probability(weights, play.arm)
        weights = add_loss(weights, params.learning_rate, play.arm, loss)
    return _next_batch(params, state, weights, play.arm, 0.0, t, rng)


# ---------------------------------------------------------------- uniform and full observations, lazy


@kernel
def _lazy_act(params: BudgetedParams, state: BudgetedState, t: int, rng: Stream) -> Play:
    arm = _arm(state, t, rng)
    return Play(arm, state.looks, params.n_looks if t == state.look_round else 0)


@kernel
def _lazy_update(
    params: BudgetedParams, state: BudgetedState, t: int, play: Play, seen: Seen, rng: Stream
) -> BudgetedState:
    weights, keep = state.weights, state.keep
    if seen.n > 0:  # the action is held until the batch ends, so the weights may be updated at once
        scale = _length(params, state.start) / params.batch_length
        if params.n_looks == 1:
            looked = state.looks[0]
            loss = params.n_actions * seen.losses[0] * scale
            weights = add_loss(weights, params.learning_rate, looked, loss)
            keep = math.exp(-params.learning_rate * loss) if looked == play.arm else 1.0
        else:
            for i in range(params.n_actions):
                state.estimate[i] = seen.losses[i] * scale
            weights = add_losses(weights, params.learning_rate, state.estimate)
            keep = math.exp(-params.learning_rate * state.estimate[play.arm])
    return _next_batch(params, state, weights, play.arm, keep, t, rng)


def _params(
    problem: SwitchingCostGame, wanted: int, n_looks: int, rate: float | None, curvature: Any
) -> BudgetedParams:
    """Return the parameters for about `wanted` batches; eta minimises tau ln K / eta + eta n curvature(tau)."""
    n_actions, horizon = problem.n_actions, problem.horizon
    length = -(-horizon // max(1, min(wanted, horizon)))
    n_batches = -(-horizon // length)
    if rate is None:
        rate = math.sqrt(length * math.log(n_actions) / (n_batches * curvature(length)))
    return BudgetedParams(n_actions, rate, length, n_batches, n_looks, horizon)


def _batch_length(learner: Learner, problem: SwitchingCostGame) -> int:
    """Return the batch length."""
    return int(learner.parameters(problem).batch_length)


@dataclass(frozen=True)
class BudgetedExp3(Learner):
    """EXP3 over batches, with one observation of the played action per batch, for TotalBudget(B, looks="bandit").

    Learning rate eta > 0; None means sqrt(2 ln K / (n K)). It uses n = min(B, (T^2 K ln K / (2 c^2))^(1/3))
    batches: more would cost more in switches than they gain.
    """

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _own_act, _own_update)
    accepts: ClassVar[tuple[type, ...]] = (TotalBudget,)
    exact: ClassVar[str] = "budgeted_exp3"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def check(self, problem: Any) -> None:
        """Raise TypeError for unsupported feedback."""
        super().check(problem)
        if problem.feedback.looks == "full":
            raise TypeError("BudgetedExp3 observes one action per batch; for looks='full' use BatchedDartboard")

    rounds_held = _batch_length

    def parameters(self, problem: SwitchingCostGame) -> BudgetedParams:
        """Return K, eta, tau and n for the game."""
        n_actions, cost = problem.n_actions, problem.switching_cost
        wanted = problem.budget
        if cost > 0.0 and n_actions > 1:
            ideal = (problem.horizon**2 * n_actions * math.log(n_actions) / (2.0 * cost**2)) ** (1 / 3)
            wanted = max(1, min(wanted, math.floor(ideal)))
        return _params(problem, wanted, 1, self.learning_rate, lambda length: length * n_actions / 2.0)


@dataclass(frozen=True)
class BatchedDartboard(Learner):
    """Shrinking Dartboard over batches, on bought observations: TotalBudget (flexible or full), ExtraObservations.

    With looks="full" it observes all actions once per batch (n = B / K batches), otherwise one uniform action
    (n = B). Learning rate eta > 0; None means the minimiser of its bound:
    sqrt(tau ln K / (n (tau / 8 + c))) if full, sqrt(tau ln K / (n (tau K / 2 + c))) if uniform.
    """

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _lazy_act, _lazy_update)
    accepts: ClassVar[tuple[type, ...]] = (TotalBudget, ExtraObservations)
    exact: ClassVar[str] = "batched_dartboard"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def check(self, problem: Any) -> None:
        """Raise TypeError for unsupported feedback, ValueError for a budget of 0."""
        super().check(problem)
        if getattr(problem.feedback, "looks", "") == "bandit":
            raise TypeError("BatchedDartboard needs looks='flexible' or 'full'; for looks='bandit' use BudgetedExp3")
        if problem.budget < 1:
            raise ValueError(f"BatchedDartboard needs a budget of at least 1, got {problem.budget}")

    rounds_held = _batch_length

    def parameters(self, problem: SwitchingCostGame) -> BudgetedParams:
        """Return K, eta, tau and n for the game."""
        n_actions, cost = problem.n_actions, problem.switching_cost
        if getattr(problem.feedback, "looks", "") == "full":
            wanted = problem.budget // n_actions
            return _params(problem, wanted, n_actions, self.learning_rate, lambda length: length / 8.0 + cost)
        return _params(problem, problem.budget, 1, self.learning_rate, lambda length: length * n_actions / 2.0 + cost)


# ---------------------------------------------------------------- free bandit feedback and extra observations


class IdleLooks(NamedTuple):
    """State of a bandit learner and an unused buffer for the actions to observe."""

    inner: Any
    looks: Any  # (K,) int64


def without_looks(steps: LearnerSteps) -> LearnerSteps:
    """Return a bandit learner's steps for the extra-observation game: it learns from the free feedback only."""
    inner_init, inner_act, inner_update = steps

    @kernel
    def init(params: Any, rng: Stream) -> IdleLooks:
        return IdleLooks(inner_init(params, rng), np.zeros(params.n_actions, np.int64))

    @kernel
    def act(params: Any, state: IdleLooks, t: int, rng: Stream) -> Play:
        return Play(inner_act(params, state.inner, t, rng), state.looks, 0)

    @kernel
    def update(params: Any, state: IdleLooks, t: int, play: Play, seen: Seen, rng: Stream) -> IdleLooks:
        return IdleLooks(inner_update(params, state.inner, t, play.arm, seen.loss, rng), state.looks)

    return LearnerSteps(init, act, update)


_FREE_FEEDBACK = without_looks(BatchedExp3.steps)


@dataclass(frozen=True)
class ExtraObservationLearner(Learner):
    """The better of batched EXP3 (free feedback only) and the batched dartboard (bought observations only).

    Cheng, Zhou & Ji (2023), Section 4: extra observations help only past B_ex of order K^(1/3) T^(2/3), where
    the dartboard's bound falls below batched EXP3's. The learner with the smaller tuned bound is played.
    """

    accepts: ClassVar[tuple[type, ...]] = (ExtraObservations,)

    def uses_looks(self, problem: SwitchingCostGame) -> bool:
        """Return whether the bound with bought observations is the smaller one."""
        if problem.budget < 1 or problem.n_actions == 1:
            return False
        n_actions, cost, log_k = problem.n_actions, problem.switching_cost, math.log(problem.n_actions)
        free, bought = BatchedExp3().parameters(problem), BatchedDartboard().parameters(problem)
        free_bound = free.batch_length * math.sqrt(2.0 * free.n_batches * n_actions * log_k) + cost * (
            free.n_batches - 1
        )
        tau, n = bought.batch_length, bought.n_batches
        bought_bound = 2.0 * math.sqrt(tau * log_k * n * (tau * n_actions / 2.0 + cost)) + cost * log_k
        return bought_bound < free_bound

    def steps_for(self, problem: SwitchingCostGame) -> LearnerSteps:
        """Return the steps of the learner with the smaller bound."""
        return BatchedDartboard.steps if self.uses_looks(problem) else _FREE_FEEDBACK

    rounds_held = _batch_length

    def parameters(self, problem: SwitchingCostGame) -> Any:
        """Return the parameters of the learner with the smaller bound."""
        return (BatchedDartboard() if self.uses_looks(problem) else BatchedExp3()).parameters(problem)
