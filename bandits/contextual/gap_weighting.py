"""Learners that turn an oracle's predictions into a law: inverse gap weighting, and greed with exploration.

Foster & Rakhlin, "Beyond UCB: optimal and efficient contextual bandits with regression oracles" (ICML 2020, SquareCB);
Foster & Krishnamurthy, "Efficient first-order contextual bandits" (NeurIPS 2021, FastCB). The rule "exact" is ours:
among all laws it has the least worst case of regret less (gamma / 4) times squared error, (K - 1) / gamma.
`bandits.contextual.laws` has the laws, `theory.contextual.bounds` the theorems.
"""

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from bandits.contextual.laws import RULES, write_law
from bandits.contextual.oracles import Oracle, OracleSteps, VovkAzouryWarmuth
from bandits.contextual.problem import AllRevealed, ContextualGame, EveryLoss, Play, PlayedLoss, Revealed, weighed
from bandits.contextual.routing import Asked, PlayedPair, RevealedPair
from bandits.contextual.worlds import Size
from bandits.core.actions import arm_of
from bandits.core.checks import instance, optional_real
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel
from bandits.core.lanes import in_lanes, own_array
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps

Rule = Literal["exact", "squarecb", "fastcb"]
KL_TO_TRIANGLE = 1.1159126  # triangular discrimination is at most this times relative entropy (theory.contextual)


class OracleParams(NamedTuple):
    """The rule, its gamma or epsilon, and the oracle's parameters."""

    rule: int  # place in RULES
    level: float
    n_actions: int
    error: float  # the oracle's guarantee
    oracle: Any


class OracleState(NamedTuple):
    """The oracle's state, and the law and the predictions of the round."""

    oracle: Any
    law: Any  # (K,) float64
    guess: Any  # (K,) float64


@cache
def _steps(oracle: OracleSteps, informed: bool = False) -> LearnerSteps:
    start, predict, learn = oracle

    @in_lanes(parts=[start])
    @kernel
    def init(params: OracleParams, rng: Stream) -> OracleState:
        k = params.n_actions
        return OracleState(start(params.oracle), own_array(k, 0.0, rng), own_array(k, 0.0, rng))

    @in_lanes(parts=[predict])
    @kernel
    def act(params: OracleParams, state: OracleState, context: Any, t: int, rng: Stream) -> Play:
        predict(params.oracle, state.oracle, context, state.guess)
        write_law(params.rule, params.level, state.guess, state.law)
        return Play(pick(state.law, 1.0, uniform(rng, t, 0)), state.law, state.guess)

    @in_lanes(parts=[learn])
    @kernel
    def update(params: OracleParams, state: OracleState, t: int, play: Any, seen: Revealed, rng: Stream) -> OracleState:
        after = learn(params.oracle, state.oracle, seen.context, arm_of(play), seen.loss)
        return OracleState(after, state.law, state.guess)

    @kernel
    def update_all(
        params: OracleParams, state: OracleState, t: int, play: Any, seen: AllRevealed, rng: Stream
    ) -> OracleState:
        after = state.oracle
        for a in range(params.n_actions):
            after = learn(params.oracle, after, seen.context, a, seen.losses[a])
        return OracleState(after, state.law, state.guess)

    return LearnerSteps(init, act, update_all if informed else update)


class PairState(NamedTuple):
    """The oracles of shortfall and cost, the law and the predictions of the round, of the loss and of the cost."""

    shortfall: Any
    cost: Any
    law: Any  # (K,) float64
    guess: Any  # (K,) float64
    costs: Any  # (K,) float64, scratch


@cache
def _pair_steps(oracle: OracleSteps) -> LearnerSteps:
    """Return the steps over two copies of an oracle, whose predictions the preference of the round weighs."""
    start, predict, learn = oracle

    @kernel
    def init(params: OracleParams, rng: Stream) -> PairState:
        k = params.n_actions
        return PairState(start(params.oracle), start(params.oracle), np.zeros(k), np.zeros(k), np.zeros(k))

    @kernel
    def act(params: OracleParams, state: PairState, asked: Asked, t: int, rng: Stream) -> Play:
        predict(params.oracle, state.shortfall, asked.features, state.guess)
        predict(params.oracle, state.cost, asked.features, state.costs)
        for a in range(params.n_actions):
            state.guess[a] = weighed(state.guess[a], state.costs[a], asked.preference)
        write_law(params.rule, params.level, state.guess, state.law)
        return Play(pick(state.law, 1.0, uniform(rng, t, 0)), state.law, state.guess)

    @in_lanes(parts=[learn])
    @kernel
    def update(params: OracleParams, state: PairState, t: int, play: Any, seen: RevealedPair, rng: Stream) -> PairState:
        features, arm = seen.context.features, arm_of(play)
        shortfall = learn(params.oracle, state.shortfall, features, arm, 1.0 - seen.quality)
        cost = learn(params.oracle, state.cost, features, arm, seen.cost)
        return PairState(shortfall, cost, state.law, state.guess, state.costs)

    return LearnerSteps(init, act, update)


class OracleLearner(Learner):
    """Base of the learners over an `oracle`, a field; under full information it learns the losses of all actions.

    Under `PlayedPair` feedback two copies of the oracle predict what quality lacks and the cost.
    """

    oracle: Oracle
    accepts: ClassVar[tuple[type, ...]] = (PlayedLoss, EveryLoss, PlayedPair)
    updates_late: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """The class and the oracle's."""
        return f"{type(self).__name__}({type(self.oracle).__name__})"

    def steps_for(self, problem: Any) -> LearnerSteps:
        """Return the compiled functions for the oracle."""
        if isinstance(problem.feedback, PlayedPair):
            return _pair_steps(self.oracle.steps)
        return _steps(self.oracle.steps, isinstance(problem.feedback, EveryLoss))


def guarantee(learner: OracleLearner, problem: ContextualGame, given: float | None, in_log_loss: bool = False) -> float:
    """Return R, the oracle's guarantee for squared errors, or for kl(f, yhat): half of the latter bounds the former.

    ValueError where it has none and nothing is `given` in place of the tuning.
    """
    error = learner.oracle.error(problem.size) * problem.feedback.share(problem.world)
    if in_log_loss and not learner.oracle.log_loss:
        error = math.inf
    elif learner.oracle.log_loss and not in_log_loss:
        error /= 2.0
    if given is None and not 0.0 < error < math.inf:
        kind = "log loss" if in_log_loss else "square loss"
        known = "a guarantee of 0" if error == 0.0 else "no guarantee"
        raise ValueError(f"{learner.name} has {known} in {kind} to be tuned to: give gamma or exploration")
    return error


@dataclass(frozen=True)
class InverseGapWeighting(OracleLearner):
    """An action has probability inverse to its predicted gap times gamma, by one of three rules.

    rule: "exact", "squarecb" or "fastcb" (for small losses, over an oracle in log loss).
    gamma: > 0, None means the theorem's, with R the oracle's guarantee (halved for "exact" and "squarecb" over an
    oracle in log loss, by Pinsker's inequality): 2 sqrt((K - 1) T / R), "exact";
    2 sqrt(2 (K - 1) T / R), "squarecb"; 2 K + sqrt(4 K^2 + 2 K L / (kappa R)), kappa = 1.116, "fastcb".
    oracle: predicts losses.  best_loss: L >= 0, what the best actions are expected to lose in all, for "fastcb"; None
    means T, the worst case. ValueError where gamma is to be tuned to an oracle without a guarantee.
    """

    rule: Rule = "exact"
    gamma: float | None = None
    oracle: Oracle = field(default_factory=VovkAzouryWarmuth)
    best_loss: float | None = None

    def __post_init__(self) -> None:
        optional_real("gamma", self.gamma, low=0.0, open_low=True)
        optional_real("best_loss", self.best_loss, low=0.0)
        instance("oracle", self.oracle, Oracle, "an oracle such as VovkAzouryWarmuth()")

    @property
    def name(self) -> str:
        """The rule and the oracle."""
        return f"InverseGapWeighting({self.rule}, {type(self.oracle).__name__})"

    def parameters(self, problem: ContextualGame) -> OracleParams:
        """Return gamma, the oracle's guarantee and its parameters."""
        size, error = problem.size, guarantee(self, problem, self.gamma, self.rule == "fastcb")
        gamma = self.gamma or self._tuned(size, error)
        return OracleParams(RULES.index(self.rule), gamma, size.n_actions, error, self.oracle.parameters(size))

    def _tuned(self, size: Size, error: float) -> float:
        k, horizon = size.n_actions, size.horizon
        if self.rule == "fastcb":
            best = horizon if self.best_loss is None else self.best_loss
            return 2.0 * k + math.sqrt(4.0 * k * k + 2.0 * k * best / (KL_TO_TRIANGLE * error))
        return 2.0 * math.sqrt((1.0 if self.rule == "exact" else 2.0) * (k - 1) * horizon / error)


@dataclass(frozen=True)
class GreedyRegression(OracleLearner):
    """The action with the least prediction, and with probability epsilon a uniform one.

    exploration: epsilon in [0, 1], None means the theorem's (K R / (2 T))^(1/3), at most 1, with R the oracle's
    guarantee in square loss.  oracle: predicts losses.
    """

    exploration: float | None = None
    oracle: Oracle = field(default_factory=VovkAzouryWarmuth)

    def __post_init__(self) -> None:
        optional_real("exploration", self.exploration, low=0.0, high=1.0)
        instance("oracle", self.oracle, Oracle, "an oracle such as VovkAzouryWarmuth()")

    def parameters(self, problem: ContextualGame) -> OracleParams:
        """Return epsilon, the oracle's guarantee and its parameters."""
        size, error = problem.size, guarantee(self, problem, self.exploration)
        share = min(1.0, (size.n_actions * error / (2.0 * size.horizon)) ** (1.0 / 3.0))
        epsilon = share if self.exploration is None else self.exploration
        return OracleParams(RULES.index("greedy"), epsilon, size.n_actions, error, self.oracle.parameters(size))
