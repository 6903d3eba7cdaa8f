"""INPO from comparisons alone: least squares on answers, no row of the preference matrix.

Zhang et al. 2024 (arXiv:2407.00617), Algorithm 1 and its loss. With eta = lambda + tau and
h(y, y') = log pi(y)/pi(y') - (tau / eta) log mu(y)/mu(y') - (lambda / eta) log pi_t(y)/pi_t(y'), a round draws pairs
y, y' from pi_t, sees who wins, and minimises the mean of (h(winner, loser) - 1 / (2 eta))^2. In expectation this is

    E[(h(y, y') - (P(y > pi_t) - P(y' > pi_t)) / eta)^2] + a number that does not depend on pi,

as h(y, y') = f(y) - f(y') and E[h (P[y, y'] - 1/2)] = E[h (P(y > pi_t) - P(y' > pi_t))] for y, y' independent of one
law: its minimiser is INPO's exact step (with pairs of another law than pi_t it is not).

In a table the minimiser over f solves the Laplacian of the graph of comparisons, here with a ridge of 1e-9, which
leaves an action that was never drawn where the two regularisers pull it.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bandits.preference.prox import prox
from bandits.preference.self_play.inpo import INPO
from bandits.preference.self_play.learner import PolicyState
from bandits.preference.self_play.problem import Comparisons
from bandits.preference.self_play.proximal import ProxParams

_RIDGE = 1e-9


def least_squares_gain(n_actions: int, left: Any, right: Any, wins: Any) -> Any:
    """Return g (n,) minimising sum (g[left] - g[right] -+ 1/2)^2 + 1e-9 |g|^2: estimates of P(y > pi) - 1/2.

    left, right: (B,) actions.  wins: (B,) 1.0 where the left one was preferred, else 0.0.
    """
    xp = wins.__array_namespace__()
    unit = xp.eye(n_actions)
    sides = unit[left] - unit[right]
    laplacian = sides.T @ sides + _RIDGE * unit
    return solve_positive(laplacian, sides.T @ (wins - 0.5))


def solve_positive(matrix: Any, side: Any) -> Any:
    """Return x (n,) with matrix x = side for a positive definite matrix (n, n), by elimination entry by entry.

    A library's solver would give other last bits on other machines.
    """
    xp = matrix.__array_namespace__()
    n = len(side)
    rows = xp.concatenate([matrix, side[:, None]], axis=1)

    def eliminate(k: Any, rows: Any) -> Any:
        head = rows[k] / rows[k, k]
        factor = xp.where(xp.arange(n) == k, rows[k, k] - 1.0, rows[:, k])
        return rows - factor[:, None] * head

    if xp is np:
        for k in range(n):
            rows = eliminate(k, rows)
        return rows[:, -1]
    from jax import lax

    return lax.fori_loop(0, n, eliminate, rows)[:, -1]


@dataclass(frozen=True)
class SampledINPO(INPO):
    """INPO from the answers to the round's pairs, both sides drawn from the present policy; weights as in `INPO`."""

    accepts: ClassVar[tuple[type, ...]] = (Comparisons,)

    @staticmethod
    def step(params: ProxParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Draw pairs, ask who wins, and take the step of the estimated row."""
        here, reference = state
        left, right = ask.sample(here, 0), ask.sample(here, 1)
        gain = least_squares_gain(here.shape[-1], left, right, ask.compare(left, right))
        return PolicyState(prox(here, gain, reference, *params), reference)
