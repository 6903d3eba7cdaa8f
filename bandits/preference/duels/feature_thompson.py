"""Double Thompson sampling on features: two samples of the reward, redrawn until they disagree on the best action.

Dwaracherla, Asghari, Hao & Van Roy 2024 (arXiv:2402.00396), "Efficient exploration for LLMs", with their ensemble of
networks replaced by the Laplace approximation of the posterior of linear rewards: with prior N(0, I / lambda) and the
logistic likelihood of all answers,

    theta ~ N(theta_hat, s^2 H^{-1}),   H = lambda I + sum sigma'(theta_hat . D) D D^T,   D = phi_first - phi_second,

theta_hat the penalised fit (`bandits.preference.reward_fit`). The first action is best under one sample, the second
under the first of at most `redraws` further samples whose best action is another; if there is none, uniform among the
others. A sample is theta_hat + s L^{-T} z for H = L L^T and standard normals z.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import integer, real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.normal import normal_quantile
from bandits.core.rng import Stream, uniform
from bandits.preference.duels.features import FitState, feature_model, largest, other_action
from bandits.preference.duels.linear_duels import LinearDuels
from bandits.preference.duels.problem import DuelingBandit, DuelLearner, Pair
from bandits.preference.reward_fit import Fit, FitParams, cholesky, count_answer, no_fit, refit, scores, solve_upper
from bandits.protocol import LearnerSteps


class ThompsonParams(NamedTuple):
    """The reward model, s, and the number of further samples."""

    model: FitParams
    scale: float
    redraws: int


@kernel
def _init(params: ThompsonParams, rng: Stream) -> FitState:
    n, d = params.model.features.shape
    fit = no_fit(params.model)
    for k in range(d):
        fit.factor[k, k] = math.sqrt(params.model.ridge)
    return FitState(np.zeros((n, n)), fit)


@rare_kernel
def sampled_best(params: ThompsonParams, fit: Fit, rng: Stream, t: int, index: int) -> int:
    """Return the best action under the sample drawn at addresses index, ..., index + d - 1 of round t."""
    for k in range(fit.trial.size):
        fit.trial[k] = params.scale * normal_quantile(uniform(rng, t, index + k) + 2.0**-54)
    solve_upper(fit.factor, fit.trial)
    for k in range(fit.trial.size):
        fit.trial[k] += fit.theta[k]
    scores(params.model.features, fit.trial, fit.score)
    return largest(fit.score)


@kernel
def _act(params: ThompsonParams, state: FitState, t: int, rng: Stream) -> Pair:
    n, d = params.model.features.shape
    first = sampled_best(params, state.fit, rng, t, 0)
    if n == 1:
        return Pair(first, first)
    index = d
    for _ in range(params.redraws):
        second = sampled_best(params, state.fit, rng, t, index)
        index += d
        if second != first:
            return Pair(first, second)
    return Pair(first, other_action(n, first, uniform(rng, t, index)))


@kernel
def _update(params: ThompsonParams, state: FitState, t: int, pair: Pair, answer: float, rng: Stream) -> Any:
    if count_answer(state.wins, pair, answer):
        refit(params.model, state.wins, state.fit)
        cholesky(state.fit.hessian, 0.0, state.fit.factor)
    return state


@dataclass(frozen=True)
class FeatureDoubleThompson(DuelLearner):
    """Double Thompson sampling of linear rewards: prior precision `ridge` lambda > 0, `scale` s >= 0 of the samples.

    redraws: at least 0 further samples.  Reads the problem's features where it has them (`LinearDuels`), else gives
    every action a reward of its own.
    """

    ridge: float = 1.0
    scale: float = 1.0
    redraws: int = 30
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)

    def __post_init__(self) -> None:
        real("ridge", self.ridge, 0.0, open_low=True)
        real("scale", self.scale, 0.0)
        integer("redraws", self.redraws, low=0, high=10**5)

    def parameters(self, problem: DuelingBandit | LinearDuels) -> ThompsonParams:
        """Return the model for the problem's features, s and the number of further samples."""
        return ThompsonParams(feature_model(problem, float(self.ridge)), float(self.scale), int(self.redraws))
