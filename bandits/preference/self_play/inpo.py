"""INPO: mirror descent on the regularised game; the same update as MMD and as Online IPO with uniform pairs.

Zhang et al. 2024 (arXiv:2407.00617), Algorithm 1, whose eta is lambda + tau; magnetic mirror descent, Sokota et
al. 2023 (arXiv:2206.05825), whose step is 1 / lambda and magnet mu:

    pi_{t+1} = argmax_pi <pi, P pi_t - tau log(pi / mu)> - lambda KL(pi || pi_t) = prox(pi_t, P pi_t).

Average iterate: gap_tau <= 2 lambda D / T + 1 / (4 lambda), D = log(1 / min mu), least at
lambda = sqrt(T / (8 D)). Last iterate: where 4 lambda tau >= 1 every step contracts,

    KL(p* || pi_{t+1}) <= lambda / (lambda + tau) KL(p* || pi_t),

fastest at lambda = 1 / (4 tau), where the factor is 1 / (1 + 4 tau^2). Both from the three-point equality of
`bandits.preference.prox`. Near an interior p* the method converges if and only if
lambda + tau > (tau^2 + omega^2) / (2 tau), where +-i omega are the extreme eigenvalues of S (diag p* - p* p*^T)
(`stability`): often far below the guarantee, so a tuned INPO can need fewer queries than methods with better
theorems; below it the iterates cycle.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bandits.core.arguments import checked
from bandits.core.checks import real
from bandits.preference.games import distribution, preference_matrix, skew
from bandits.preference.prox import prox
from bandits.preference.self_play.learner import PolicyState
from bandits.preference.self_play.proximal import ProxLearner, ProxParams


@dataclass(frozen=True)
class INPO(ProxLearner):
    """INPO with `prox_weight` lambda > 0; also exported as MMD.

    None means 1 / (4 tau), the fastest guaranteed contraction, or sqrt(T / (8 D)) where tau = 0. Weights in the
    papers' symbols: `bandits.preference.self_play.conventions`.
    """

    @staticmethod
    def step(params: ProxParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Take one proximal step along the present policy's row."""
        here, reference = state
        return PolicyState(prox(here, ask.row(here), reference, *params), reference)


class Stability(NamedTuple):
    """Local behaviour of INPO near an interior equilibrium, in terms of lambda + tau."""

    frequency: float  # omega
    threshold: float  # converges if and only if lambda + tau exceeds it
    best: float  # the lambda + tau of the smallest factor
    best_factor: float  # of the distance, per step


@checked
def stability(preferences: ArrayLike, policy: ArrayLike, regularization: float) -> Stability:
    """Return when INPO converges locally to the equilibrium `policy` (n,) of the game with weight tau > 0."""
    tau = real("regularization", regularization, 0.0, open_low=True)
    p = distribution("policy", policy)
    matrix = skew(preference_matrix("preferences", preferences))
    if p.ndim != 1 or matrix.shape != (p.size, p.size):
        raise ValueError(f"preferences and policy must be (n, n) and (n,), got shapes {matrix.shape} and {p.shape}")
    frequency = float(np.abs(np.linalg.eigvals(matrix @ (np.diag(p) - np.outer(p, p))).imag).max())
    square = tau**2 + frequency**2
    return Stability(frequency, square / (2.0 * tau), square / tau, frequency / math.sqrt(square))
