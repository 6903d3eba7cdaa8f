"""Learners on the Lagrangian r - sum_j lambda_j g_j, with multipliers updated by the violations.

    lambda_j <- clip(lambda_j + eta g_j, 0, lambda_max),   eta = 1 / sqrt T   (g_j measured in the round).

`PrimalDualBandit` plays the highest upper confidence bound of the Lagrangian, (rhat + beta_r) - sum lambda_j
(ghat_j - beta_j). `LagrangianExp3` plays exponential weights (Auer et al. 2002) on the loss
(1 - r + sum lambda_j (g_j + c_j)) / (1 + 2 sum lambda_j), with -c_j the smallest possible residual j: c_j = 1 + delta
for parity, whose residuals are in [-1 - delta, 1 - delta], and 1 for service. Every g_j + c_j is in [0, 2], so the
loss is in [0, 1].
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import optional_real, real
from bandits.core.exponential_weights import Weights, add_loss, draw, probability, uniform_weights
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.threshold.batch import Outcome
from bandits.threshold.evidence import (
    Evidence,
    Radii,
    highest,
    no_evidence,
    observe,
    radii,
    residual_radius,
    reward_radius,
)
from bandits.threshold.optimistic_search import ConfidentLearner
from bandits.threshold.problem import ChosenThreshold, ThresholdGame

_LEAST_RESIDUAL = -2.0  # no residual is below -1 - delta


@kernel
def step_multipliers(multiplier: Any, step: float, largest: float, outcome: Outcome) -> None:
    """Update the multipliers (m,) in place by the residuals of the round."""
    for j in range(multiplier.size):
        multiplier[j] = min(max(multiplier[j] + step * outcome.residuals[0, j], 0.0), largest)


# ---------------------------------------------------------------- primal-dual


class PrimalDualParams(NamedTuple):
    """Radii, eta and lambda_max."""

    radii: Radii
    step: float
    largest: float
    failure_probability: float


class PrimalDualState(NamedTuple):
    """Evidence, its bounds, the multipliers and the upper confidence bounds of the Lagrangian."""

    evidence: Evidence
    optimistic: Any  # (G,) rhat + beta_r
    optimistic_residual: Any  # (G, m) optimistic residuals ghat - beta, at least -2
    multiplier: Any  # (m,)
    score: Any  # (G,)


@kernel
def _dual_init(params: PrimalDualParams, rng: Stream) -> PrimalDualState:
    g, m = params.radii.n_actions, params.radii.n_constraints
    score = np.full(g, np.inf)
    return PrimalDualState(no_evidence(g, m), np.full(g, np.inf), np.zeros((g, m)), np.zeros(m), score)


@kernel
def _dual_act(params: PrimalDualParams, state: PrimalDualState, t: int, rng: Stream) -> int:
    return highest(state.score)


@kernel
def _dual_update(
    params: PrimalDualParams, state: PrimalDualState, t: int, arm: int, outcome: Outcome, rng: Stream
) -> PrimalDualState:
    evidence = state.evidence
    observe(evidence, arm, outcome)
    state.optimistic[arm] = evidence.reward[arm] + reward_radius(params.radii, evidence, arm)
    for j in range(params.radii.n_constraints):
        low = evidence.residual[arm, j] - residual_radius(params.radii, evidence, arm, j)
        state.optimistic_residual[arm, j] = max(low, _LEAST_RESIDUAL)
    step_multipliers(state.multiplier, params.step, params.largest, outcome)
    for i in range(state.score.size):
        score = state.optimistic[i]
        for j in range(params.radii.n_constraints):
            score -= state.multiplier[j] * state.optimistic_residual[i, j]
        state.score[i] = score
    return state


@dataclass(frozen=True)
class PrimalDualBandit(ConfidentLearner):
    """Upper confidence bounds on the Lagrangian.

    step: eta > 0, None means 1 / sqrt T.  largest: lambda_max >= 0.
    """

    step: float | None = None
    largest: float = 5.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_dual_init, _dual_act, _dual_update)

    def __post_init__(self) -> None:
        super().__post_init__()
        optional_real("step", self.step, low=0.0, open_low=True)
        real("largest", self.largest, low=0.0)

    def parameters(self, problem: ThresholdGame) -> PrimalDualParams:
        """Return the radii, eta and lambda_max."""
        delta = float(self.failure_probability)
        step = self.step or 1.0 / math.sqrt(problem.horizon)
        return PrimalDualParams(radii(problem, delta, float(self.width)), step, float(self.largest), delta)


# ---------------------------------------------------------------- exponential weights


class LagrangianExp3Params(NamedTuple):
    """G, the weights' rate, eta and lambda_max, and what makes each residual non-negative."""

    n_actions: int
    learning_rate: float
    step: float
    largest: float
    lift: Any  # (m,), c


class LagrangianExp3State(NamedTuple):
    """Weights and multipliers."""

    weights: Weights
    multiplier: Any  # (m,)


@kernel
def _exp3_init(params: LagrangianExp3Params, rng: Stream) -> LagrangianExp3State:
    return LagrangianExp3State(uniform_weights(params.n_actions), np.zeros(params.lift.size))


@kernel
def _exp3_act(params: LagrangianExp3Params, state: LagrangianExp3State, t: int, rng: Stream) -> int:
    return draw(state.weights, uniform(rng, t, 0))


@kernel
def lagrangian_loss(multiplier: Any, lift: Any, outcome: Outcome) -> float:
    """Return the round's loss in [0, 1]; multiplier and lift: (m,)."""
    loss = 1.0 - outcome.reward
    scale = 1.0
    for j in range(multiplier.size):
        loss += multiplier[j] * (outcome.residuals[0, j] + lift[j])
        scale += 2.0 * multiplier[j]
    return loss / scale


@kernel
def _exp3_update(
    params: LagrangianExp3Params, state: LagrangianExp3State, t: int, arm: int, outcome: Outcome, rng: Stream
) -> LagrangianExp3State:
    loss = lagrangian_loss(state.multiplier, params.lift, outcome)
    step_multipliers(state.multiplier, params.step, params.largest, outcome)
    weights = add_loss(state.weights, params.learning_rate, arm, loss / probability(state.weights, arm))
    return LagrangianExp3State(weights, state.multiplier)


@dataclass(frozen=True)
class LagrangianExp3(Learner):
    """Exponential weights on the Lagrangian.

    learning_rate: > 0, None means sqrt(2 ln G / (T G)).  step: eta > 0, None means 1 / sqrt T.
    largest: lambda_max >= 0.
    """

    learning_rate: float | None = None
    step: float | None = None
    largest: float = 5.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_exp3_init, _exp3_act, _exp3_update)
    accepts: ClassVar[tuple[type, ...]] = (ChosenThreshold,)

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        optional_real("step", self.step, low=0.0, open_low=True)
        real("largest", self.largest, low=0.0)

    def parameters(self, problem: ThresholdGame) -> LagrangianExp3Params:
        """Return the rates for the game."""
        n, horizon = problem.n_actions, problem.horizon
        rate = self.learning_rate or math.sqrt(2.0 * math.log(n) / (horizon * n))
        step = self.step or 1.0 / math.sqrt(horizon)
        lift = np.ones(problem.n_constraints)
        lift[: problem.constraints.n_parity] += float(problem.parity_tolerance)
        return LagrangianExp3Params(n, rate, step, float(self.largest), lift)
