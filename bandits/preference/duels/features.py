"""Learners of duels that fit rewards to all answers so far (`bandits.preference.reward_fit`), linear in features."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.jit import kernel
from bandits.preference.duels.linear_duels import LinearDuels
from bandits.preference.duels.problem import DuelingBandit, Pair
from bandits.preference.reward_fit import Fit, FitParams


class FitState(NamedTuple):
    """Wins so far and the fit to them."""

    wins: Any  # (n, n) float64, w_ij
    fit: Fit


def features_of(problem: DuelingBandit | LinearDuels) -> NDArray[np.float64]:
    """Return the problem's features (n, d), or the identity where it has none: then each action has its own reward."""
    return np.asarray(getattr(problem, "features", np.eye(problem.n_actions)))


def feature_model(problem: DuelingBandit | LinearDuels, ridge: float) -> FitParams:
    """Return the penalised logistic model of the problem's features."""
    features = features_of(problem)
    return FitParams(features, np.full(len(features), -math.log(len(features))), ridge, math.inf, 0.0, 1.0)


@kernel
def other_action(n_actions: int, first: int, u: float) -> int:
    """Return an action other than the first, uniform where u is; 1 where there is no other."""
    second = int(u * (n_actions - 1))
    if second >= first:
        second += 1
    return second


@kernel
def random_pair(n_actions: int, left: float, right: float) -> Pair:
    """Return two different actions, uniform where left and right are; a single action duels itself."""
    first = int(left * n_actions)
    if n_actions == 1:
        return Pair(first, first)
    return Pair(first, other_action(n_actions, first, right))


@kernel
def largest(score: Any) -> int:
    """Return the index of the largest entry, the first of equal ones."""
    best = 0
    for i in range(score.size):
        if score[i] > score[best]:
            best = i
    return best
