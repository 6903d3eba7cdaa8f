"""APOHF on linear rewards: the estimated best action duels the one that might beat it.

Lin et al. 2024 (arXiv:2405.17346), "Prompt optimization with human feedback", with its network replaced by a linear
reward, as in the linear duels of Saha (2021). After some rounds of random pairs,

    first_t  = argmax_i h_i,   h = phi theta_t,
    second_t = argmax_{i != first} h_i + sqrt(nu (phi_i - phi_first)^T U_t^{-1} (phi_i - phi_first)),

theta_t the penalised logistic fit (`bandits.preference.reward_fit`) to all answers, with the ridge lambda, and
U_t = lambda I + sum_s (phi_first - phi_second)(phi_first - phi_second)^T over earlier rounds; ties go to the
lower index. The authors' program keeps only the diagonal of U; here it is the whole matrix, its inverse updated by
one rank.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import integer, real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform_pair
from bandits.preference.duels.features import feature_model, largest, random_pair
from bandits.preference.duels.linear_duels import LinearDuels
from bandits.preference.duels.problem import DuelingBandit, DuelLearner, Pair
from bandits.preference.reward_fit import Fit, FitParams, count_answer, no_fit, refit
from bandits.protocol import LearnerSteps


class APOHFParams(NamedTuple):
    """The reward model, nu, and the number of random pairs."""

    model: FitParams
    exploration: float
    warmup: int


class APOHFState(NamedTuple):
    """Wins so far, the fit to them, and U^-1."""

    wins: Any  # (n, n) float64, w_ij
    fit: Fit
    inverse: Any  # (d, d) U^-1
    turned: Any  # (d,) scratch


@kernel
def _init(params: APOHFParams, rng: Stream) -> APOHFState:
    n, d = params.model.features.shape
    inverse = np.zeros((d, d))
    for k in range(d):
        inverse[k, k] = 1.0 / params.model.ridge
    return APOHFState(np.zeros((n, n)), no_fit(params.model), inverse, np.zeros(d))


@rare_kernel
def squared_width(features: Any, inverse: Any, i: int, j: int) -> float:
    """Return (phi_i - phi_j)^T U^-1 (phi_i - phi_j)."""
    total = 0.0
    for k in range(inverse.shape[0]):
        left = features[i, k] - features[j, k]
        for m in range(inverse.shape[0]):
            total += left * inverse[k, m] * (features[i, m] - features[j, m])
    return max(total, 0.0)


@rare_kernel
def add_difference(features: Any, inverse: Any, turned: Any, i: int, j: int) -> None:
    """Turn U^-1 into (U + D D^T)^-1 for D = phi_i - phi_j (Sherman & Morrison); turned is scratch (d,)."""
    size = 1.0
    for k in range(turned.size):
        turned[k] = 0.0
        for m in range(turned.size):
            turned[k] += inverse[k, m] * (features[i, m] - features[j, m])
    for k in range(turned.size):
        size += turned[k] * (features[i, k] - features[j, k])
    for k in range(turned.size):
        for m in range(turned.size):
            inverse[k, m] -= turned[k] * turned[m] / size


@rare_kernel
def optimistic_rival(params: APOHFParams, state: APOHFState, first: int) -> int:
    """Return the action of highest upper bound, relative to the first; the first itself where it is alone."""
    best, rival = -math.inf, first
    for i in range(state.fit.score.size):
        if i != first:
            wide = squared_width(params.model.features, state.inverse, i, first)
            upper = state.fit.score[i] + math.sqrt(params.exploration * wide)
            if upper > best:
                best = upper
                rival = i
    return rival


@kernel
def _act(params: APOHFParams, state: APOHFState, t: int, rng: Stream) -> Pair:
    if t < params.warmup:
        left, right = uniform_pair(rng, t, 0)
        return random_pair(state.fit.score.size, left, right)
    first = largest(state.fit.score)
    return Pair(first, optimistic_rival(params, state, first))


@kernel
def _update(params: APOHFParams, state: APOHFState, t: int, pair: Pair, answer: float, rng: Stream) -> APOHFState:
    if count_answer(state.wins, pair, answer):
        refit(params.model, state.wins, state.fit)
        add_difference(params.model.features, state.inverse, state.turned, pair.first, pair.second)
    return state


@dataclass(frozen=True)
class APOHF(DuelLearner):
    """APOHF with a linear reward: ridge lambda > 0, exploration nu >= 0, and `warmup` >= 0 rounds of random pairs.

    Reads the problem's features where it has them (`LinearDuels`), else gives every action a reward of its own.
    """

    ridge: float = 0.1
    exploration: float = 1.0
    warmup: int = 5
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)

    def __post_init__(self) -> None:
        real("ridge", self.ridge, 0.0, open_low=True)
        real("exploration", self.exploration, 0.0)
        integer("warmup", self.warmup, low=0)

    def parameters(self, problem: DuelingBandit | LinearDuels) -> APOHFParams:
        """Return the model for the problem's features, nu and the number of random pairs."""
        return APOHFParams(feature_model(problem, float(self.ridge)), float(self.exploration), int(self.warmup))
