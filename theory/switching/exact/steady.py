"""Exact plays of long games on losses that keep the law simple."""

import math

import numpy as np
from numpy.typing import ArrayLike

from bandits.core.arguments import checked
from bandits.core.checks import array, integer, real
from theory.switching.exact.play import ExactPlay, play_of


@checked
def exp3_on_steady_losses(rounds: int, rate: float) -> ExactPlay:
    """Return the exact play of EXP3, learning rate > 0, on constant losses 0 and 1 of two actions, in O(rounds^2)."""
    rounds = integer("rounds", rounds, low=1, high=10**5)
    rate = real("rate", rate, low=0.0, open_low=True)
    paying = np.zeros(rounds)  # probability of the action with loss 1 after it was drawn k times
    estimate = 0.0
    for k in range(rounds):
        paying[k] = 1.0 / (1.0 + math.exp(min(rate * estimate, 700.0)))
        if paying[k] < 1e-290:
            paying[k] = 0.0
            break
        estimate += 1.0 / paying[k]
    last = np.zeros((2, rounds + 1))  # law of (last action, draws of the action with loss 1)
    last[0, 0] = 1.0
    loss = switches = 0.0
    for t in range(rounds):
        draws = last[:, :rounds]
        loss += float((draws.sum(axis=0) * paying).sum())
        if t > 0:
            switches += float((draws[0] * paying).sum() + (last[1].sum() - (draws[1] * paying).sum()))
        after = np.zeros_like(last)
        after[1, 1:] = draws.sum(axis=0) * paying
        after[0, :rounds] = draws.sum(axis=0) * (1.0 - paying)
        last = after
    return play_of(np.tile((0.0, 1.0), (rounds, 1)), None, rate, switches, float(rounds - 1), loss)


@checked
def uniform_looks(losses: ArrayLike, rate: float) -> ExactPlay:
    """Return the exact play of the dartboard with one uniform observation per round; losses (n, 2), 0 or 1; O(n^2)."""
    table, rate = array("losses", losses, ndim=2, low=0.0, high=1.0), real("rate", rate, low=0.0, open_low=True)
    if table.shape[1] != 2 or not np.isin(table, (0.0, 1.0)).all():
        raise ValueError(f"losses must be 0 or 1, two per round, got {losses!r}")
    n = len(table)
    walk = np.arange(-n - 1, n + 2)
    first = 0.5 * (1.0 - np.tanh(rate * walk))  # Lhat(0) - Lhat(1) = 2 walk
    law = np.zeros(len(walk))
    law[n + 1] = 1.0
    loss = switches = 0.0
    leave = -math.expm1(-2.0 * rate)
    for t, (a, b) in enumerate(table):
        loss += float(law @ (first * a + (1.0 - first) * b))
        up, down = np.roll(law, 1) if a else law, np.roll(law, -1) if b else law
        if t < n - 1:
            switches += 0.5 * leave * float(a * (law[:-1] * first[:-1]) @ (1.0 - first[1:]))
            switches += 0.5 * leave * float(b * (law[1:] * (1.0 - first[1:])) @ first[:-1])
        law = 0.5 * (up + down)
    return play_of(table, None, 2.0 * rate, switches, math.nan, loss)


@checked
def leader_switches(rounds: int, n_actions: int, rate: float) -> float:
    """Return the lazy perturbed leader's expected switches in `rounds` rounds in which all actions have loss 1."""
    rounds, n_actions = integer("rounds", rounds, low=1), integer("n_actions", n_actions, low=1)
    redrawn = -math.expm1(-real("rate", rate, low=0.0, open_low=True))
    return (rounds - 1) * redrawn * (1.0 - redrawn ** (n_actions - 1) / n_actions)
