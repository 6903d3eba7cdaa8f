"""Coarse correlated equilibria of games of several players, as mixtures of few products.

A mixture of products plays, with probability w_k, the product of the policies p_k^1, ..., p_k^n of the players. It is a
coarse correlated equilibrium if no player gains by one fixed action instead. What T rounds of play leave behind, each
with weight 1/T, has as a player's gap its regret over T: learners without regret come to a mixture of T products.
Foster, Golowich & Kakade (2023) show that in Markov games even such sparse ones are hard to find.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import HUGE, array, shown
from bandits.preference.games import distribution

_CELLS = 256  # of a game whose sparsest equilibrium is looked for
_CUTS = 1000
_TOLERANCE = 1e-9  # of gaps, relative to a player's range of payoffs


def _game(payoffs: ArrayLike) -> NDArray[np.float64]:
    """Return payoffs (n, A_1, ..., A_n), one axis of actions for each player."""
    game = array("payoffs", payoffs, None, -HUGE, HUGE)
    if game.ndim < 2 or game.ndim != len(game) + 1:
        raise ValueError(f"payoffs must be (n, A_1, ..., A_n) for n players, got shape {game.shape}")
    return game


@checked
def cce_gap(payoffs: ArrayLike, weights: ArrayLike, policies: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """Return what each player gains by its best fixed action, (n,): a coarse correlated equilibrium has none above 0.

    payoffs: (n, A_1, ..., A_n), of n >= 1 players.  weights: (N,) probabilities of the products.  policies: for each
    player (N, A_i), its policies.
    """
    game, w = _game(payoffs), distribution("weights", weights)
    n, shape = len(game), game.shape[1:]
    if not isinstance(policies, (list, tuple)):
        raise TypeError(f"policies must be a list of arrays, one for each player, got {shown(policies)}")
    laws = [distribution("policies", law) for law in policies]
    wanted, given = [(w.size, actions) for actions in shape], [law.shape for law in laws]
    if w.ndim != 1 or given != wanted:
        raise ValueError(f"policies must have the shapes {wanted}, from payoffs and weights {w.shape}, got {given}")
    gaps = np.empty(n)
    for i in range(n):
        value = np.broadcast_to(game[i], (len(w), *shape))
        for j in reversed([j for j in range(n) if j != i]):  # the other players' actions averaged out, the last first
            value = np.einsum("k...a,ka->k...", np.moveaxis(value, 1 + j, -1), laws[j])
        gaps[i] = (w @ value).max() - w @ (value * laws[i]).sum(axis=1)
    return gaps


@checked
def sparsest_cce(payoffs: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return probabilities (k,) and profiles (k, n) of actions: a coarse correlated equilibrium of least k.

    payoffs: (n, A_1, ..., A_n), with at most 256 profiles; the time grows exponentially with their number at worst.

    No more than 1 + sum A_i profiles are needed: a basic solution of the linear program has as many positive entries as
    constraints. An integer program (HiGHS, by SciPy) looks for a support; one on which the least largest gap is above
    1e-9 of a player's range of payoffs, let through by the solver's tolerance, is ruled out, and the search goes on.
    ArithmeticError where that does not end.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    game = _game(payoffs)
    profiles = np.stack([part.ravel() for part in np.indices(game.shape[1:])], axis=1)
    cells = len(profiles)
    if cells > _CELLS:
        raise ValueError(f"payoffs must have at most {_CELLS} profiles, got {cells}")
    gains = _gains(game)
    eye, ones, none = np.eye(cells), np.ones(cells), np.zeros(cells)
    limits = [
        LinearConstraint(np.hstack([gains, 0.0 * gains]), -np.inf, 0.0),
        LinearConstraint(np.hstack([eye, -eye]), -np.inf, 0.0),  # probability only in the support
        LinearConstraint(np.append(ones, none)[None, :], 1.0, 1.0),
    ]
    for _ in range(_CUTS):
        whole = np.append(none, ones)
        found = milp(whole, constraints=limits, integrality=whole, bounds=Bounds(0.0, 1.0), options={"mip_rel_gap": 0})
        if found.x is None:
            break
        support = np.flatnonzero(found.x[cells:] > 0.5)
        weights = _on_support(gains[:, support])
        if weights is not None:
            kept = weights > 0.0
            return weights[kept], profiles[support[kept]].astype(np.int64)
        outside = np.append(none, ones)
        outside[cells + support] = 0.0
        limits.append(LinearConstraint(outside[None, :], 1.0, np.inf))
    raise ArithmeticError("the solver found no equilibrium within its tolerance")


def _gains(game: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each action of each player gains in each profile (sum A_i, profiles), in units of its range."""
    rows = []
    for i, payoff in enumerate(game):
        span = np.ptp(payoff) or 1.0
        for action in range(payoff.shape[i]):
            rows.append(((payoff.take([action], axis=i) - payoff) / span).ravel())
    return np.array(rows)


def _on_support(gains: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the probabilities (k,) of least largest gain, or None where that is above the tolerance."""
    from scipy.optimize import linprog

    k = gains.shape[1]
    found: Any = linprog(
        np.append(np.zeros(k), 1.0),
        A_ub=np.hstack([gains, -np.ones((len(gains), 1))]),
        b_ub=np.zeros(len(gains)),
        A_eq=np.append(np.ones(k), 0.0)[None, :],
        b_eq=[1.0],
        bounds=[(0.0, None)] * k + [(None, None)],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.x is None:
        return None
    weights = np.maximum(found.x[:k], 0.0) / np.maximum(found.x[:k], 0.0).sum()
    return weights if (gains @ weights).max() <= _TOLERANCE else None
