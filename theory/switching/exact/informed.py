"""Exact laws of learners with full information: closed forms, or a chain of actions."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from bandits.core.arguments import checked
from bandits.core.checks import array
from theory.switching.exact.play import Array, ExactPlay, before, play_of, softmax, table_and_rate


@checked
def hedge_probabilities(losses: ArrayLike, learning_rate: float) -> Array:
    """Return Hedge's p_t (T, K) on losses (T, K) in [0, 1], for a learning rate > 0."""
    table, rate = table_and_rate(losses, learning_rate)
    return softmax(-rate * before(table))


@checked
def hedge(losses: ArrayLike, learning_rate: float) -> ExactPlay:
    """Return the exact play of Hedge, drawn afresh every round."""
    table, rate = table_and_rate(losses, learning_rate)
    return _drawn_afresh(table, hedge_probabilities(table, rate), rate)


@checked
def anytime_hedge(losses: ArrayLike, first_rate: float) -> ExactPlay:
    """Return the exact play of Hedge with the learning rates first_rate / sqrt(t), t = 1, 2, ...; first_rate > 0."""
    table, rate = table_and_rate(losses, first_rate)
    falling = rate / np.sqrt(np.arange(1.0, len(table) + 1.0))
    return _drawn_afresh(table, softmax(-falling[:, None] * before(table)), rate)


@checked
def adahedge(losses: ArrayLike) -> ExactPlay:
    """Return the exact play of AdaHedge (de Rooij et al. 2014): rate ln K / Delta, uniform on leaders while it is 0."""
    table = array("losses", losses, ndim=2, low=0.0, high=1.0)
    log_actions, delta, largest, total = math.log(table.shape[1]), 0.0, 0.0, np.zeros(table.shape[1])
    p = np.empty_like(table)
    for t, row in enumerate(table):
        if delta == 0.0:
            leads = total == total.min()
            p[t] = leads / leads.sum()
            mixed = row[leads].min()
        else:
            rate = min(log_actions / delta, 1e300)
            largest = max(largest, rate)
            p[t] = softmax(-rate * (total - total.min())[None])[0]
            least = row[p[t] > 0.0].min()
            mixed = least - math.log(p[t] @ np.exp(-rate * np.maximum(row - least, 0.0))) / rate
        delta += max(0.0, float(p[t] @ row) - mixed)
        total += row
    return _drawn_afresh(table, p, largest)


def _drawn_afresh(table: Array, p: Array, rate: float) -> ExactPlay:
    switches = float((1.0 - (p[:-1] * p[1:]).sum(axis=1)).sum())
    return play_of(table, p, rate, switches, float(len(table) - 1))


@checked
def shrinking_dartboard(losses: ArrayLike, learning_rate: float) -> ExactPlay:
    """Return the exact play of Shrinking Dartboard (Geulen, Voecking & Winkler 2010)."""
    table, rate = table_and_rate(losses, learning_rate)
    p = hedge_probabilities(table, rate)
    leave = p[:-1] * -np.expm1(-rate * table[:-1])
    return play_of(table, p, rate, float((leave * (1.0 - p[1:])).sum()), float(leave.sum()))


@checked
def dartboard_transitions(losses: ArrayLike, learning_rate: float) -> Array:
    """Return P(A_{t+1} = j | A_t = i) of Shrinking Dartboard, (T - 1, K, K)."""
    table, rate = table_and_rate(losses, learning_rate)
    keep = np.exp(-rate * table[:-1])
    p = hedge_probabilities(table, rate)
    return keep[:, :, None] * np.eye(table.shape[1]) + (1.0 - keep)[:, :, None] * p[1:, None, :]


@checked
def chain(losses: ArrayLike, initial: ArrayLike, transitions: Iterable[Array]) -> ExactPlay:
    """Return the exact play of a Markov chain of actions with transition matrices (K, K), by forward recursion.

    initial: (K,), the law of the first action.  transitions: T - 1 matrices, rows summing to 1.  Redraws are unknown
    here: nan.
    """
    table = array("losses", losses, ndim=2, low=0.0, high=1.0)
    law = [array("initial", initial, ndim=1, low=0.0, high=1.0)]
    switches = 0.0
    for matrix in transitions:
        switches += float(law[-1] @ (matrix.sum(axis=1) - np.diag(matrix)))
        law.append(law[-1] @ matrix)
    if len(law) != len(table):
        raise ValueError(f"transitions must be {len(table) - 1} matrices, got {len(law) - 1}")
    return play_of(table, np.array(law), 0.0, switches, float("nan"))


@checked
def perturbed_leader_probabilities(losses: ArrayLike, learning_rate: float) -> Array:
    """Return the law (T, K) of the action of follow the (lazy) perturbed leader with exponential perturbations.

    The integrand is a polynomial of degree K - 1, for which Gauss's rule with ceil(K / 2) points is exact.
    """
    table, rate = table_and_rate(losses, learning_rate)
    total = before(table)
    a = np.exp(-rate * (total - total.min(axis=1, keepdims=True)))
    nodes, weights = np.polynomial.legendre.leggauss((table.shape[1] + 1) // 2)
    factors = 1.0 - a[:, :, None] * (0.5 + 0.5 * nodes)
    p = np.empty_like(a)
    for i in range(a.shape[1]):
        others = np.delete(factors, i, axis=1).prod(axis=1)
        p[:, i] = a[:, i] * (others @ (0.5 * weights))
    return p
