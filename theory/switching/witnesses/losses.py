"""Hard losses of the switching-cost game: tables (T, K), most of them of 0 and 1, that proofs of bounds suggest."""

import numpy as np
from numpy.typing import NDArray

from bandits.core.checks import integer, real


def _shape(horizon: int, n_actions: int) -> tuple[int, int]:
    return integer("horizon", horizon, low=1), integer("n_actions", n_actions, low=1)


def steady(horizon: int, n_actions: int, gap: float = 1.0) -> NDArray[np.float64]:
    """Return losses (T, K) in which action 0 always has (1 - gap) / 2 and the others (1 + gap) / 2; gap in [0, 1]."""
    gap = real("gap", gap, 0.0, 1.0)
    table = np.full(_shape(horizon, n_actions), 0.5 + 0.5 * gap)
    table[:, 0] = 0.5 - 0.5 * gap
    return table


def costly_losses(horizon: int, n_actions: int, gap: float) -> NDArray[np.float64]:
    """Return losses (T, K) in which action 0 always has 1 - gap, gap in [0, 1], and the others 1.

    Large losses make the variance of importance-weighted estimates, l / p, large.
    """
    table = np.ones(_shape(horizon, n_actions))
    table[:, 0] = 1.0 - real("gap", gap, 0.0, 1.0)
    return table


def alternating(horizon: int, n_actions: int) -> NDArray[np.float64]:
    """Return losses (T, K) that are 1 for one action per round, the actions in turn, and 0 for the others."""
    horizon, n_actions = _shape(horizon, n_actions)
    return np.asarray(np.arange(horizon)[:, None] % n_actions == np.arange(n_actions), dtype=np.float64)


def ones_then_steady(horizon: int, n_actions: int) -> NDArray[np.float64]:
    """Return losses (T, K) that are 1 for half the horizon and then 0 for action 0 alone."""
    horizon, n_actions = _shape(horizon, n_actions)
    return np.where(np.arange(horizon)[:, None] < horizon // 2, 1.0, steady(horizon, n_actions))


def even_then_steady(horizon: int, n_actions: int) -> NDArray[np.float64]:
    """Return losses (T, K) that are 1 for even and odd actions in turn, and at the end 0 for action 0 alone.

    The end is the last 2 sqrt(T) rounds. Hard for Hedge, which has no reason to prefer action 0 earlier.
    """
    horizon, n_actions = _shape(horizon, n_actions)
    t, arms = np.arange(horizon)[:, None], np.arange(n_actions)
    level = np.asarray(arms % 2 == t % 2, dtype=np.float64)
    return np.where(t < horizon - 2.0 * horizon**0.5, level, steady(horizon, n_actions))


def handmade(horizon: int, n_actions: int) -> NDArray[np.float64]:
    """Return N tables (N, T, K) of 0/1 losses that proofs suggest.

    Steady (0 for one action); all ones; loss 1 for one action in turn; ones, then steady; steady, then steady with
    another best action; and loss 1 for even and odd actions in turn until, for the last s sqrt(T) rounds, all but one
    action have loss 1: with s about 2 the worst losses of two actions for Hedge.
    """
    t = np.arange(horizon)[:, None]
    arms = np.arange(n_actions)[None]
    steady = np.broadcast_to((arms != 0).astype(float), (horizon, n_actions))
    turned = np.broadcast_to((arms != n_actions - 1).astype(float), (horizon, n_actions))
    halves, rotating = (arms % 2 == t % 2).astype(float), (arms == t % n_actions).astype(float)
    tables = [steady, np.ones((horizon, n_actions)), rotating]
    tables += [np.where(t < horizon * part, 1.0, steady) for part in (0.25, 0.5, 0.75, 0.9)]
    tables += [np.where(t < horizon * part, steady, turned) for part in (0.25, 0.5)]
    for run in np.arange(0.75, 3.0, 0.25):
        even = horizon - run * horizon**0.5
        tables += [np.where(t < even, halves, steady), np.where(t < even, rotating, steady)]
    return np.array(tables)
