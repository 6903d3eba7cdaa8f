"""Exact laws of learners whose draws decide what they observe: all draws are enumerated, in short games only."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from bandits.core.arguments import checked
from bandits.core.checks import integer, real
from theory.switching.exact.play import NEVER, Array, ExactPlay, check_tree, play_of, softmax, table_and_rate


@checked
def exp3(losses: ArrayLike, learning_rate: float, batch_length: int = 1) -> ExactPlay:
    """Return the exact play of EXP3 over batches: K^(number of batches - 1) draws, at most 4 million.

    After a batch with own losses summing to s, Lhat(A) grows by (s / batch_length) / p(A).
    """
    table, rate = table_and_rate(losses, learning_rate)
    length = integer("batch_length", batch_length, low=1, high=len(table))
    starts = range(0, len(table), length)
    return _own_tree(
        table, starts, lambda n, total: softmax(-rate * total), lambda batch: batch.sum(0)[None] / length, rate
    )


@checked
def budgeted_exp3(losses: ArrayLike, learning_rate: float, batch_length: int) -> ExactPlay:
    """Return the exact play of batched EXP3 that observes the played action in one uniform round per batch."""
    table, rate = table_and_rate(losses, learning_rate)
    length = integer("batch_length", batch_length, low=1, high=len(table))
    starts = range(0, len(table), length)
    return _own_tree(
        table, starts, lambda n, total: softmax(-rate * total), lambda batch: batch * len(batch) / length, rate
    )


@checked
def tsallis_switch(losses: ArrayLike, growth: float, scale: float = 1.0) -> ExactPlay:
    """Return the exact play of Tsallis-INF over blocks of lengths max(1, ceil(growth sqrt(n))), its rate times scale.

    After a block with own losses summing to s, Lhat(A) grows by s / p(A).
    """
    table, factor = table_and_rate(losses, scale)
    steepness = real("growth", growth, low=0.0)
    starts, squares = [0], [0.0]
    while starts[-1] < len(table) and len(starts) <= 64:  # more blocks are too many in any case
        length = max(1, math.ceil(steepness * math.sqrt(len(starts))))
        starts.append(starts[-1] + length)
        squares.append(squares[-1] + length**2)

    def law(n: int, total: Array) -> Array:
        return _tsallis_law(total - total.min(axis=1, keepdims=True), factor * 2.0 / math.sqrt(squares[n + 1]))

    return _own_tree(table, starts[:-1], law, lambda batch: batch.sum(axis=0)[None], 2.0 * factor)


@checked
def tsallis_inf(losses: ArrayLike, scale: float = 1.0, reduced: bool = False) -> ExactPlay:
    """Return the exact play of Tsallis-INF, its rate times scale, on importance-weighted or reduced-variance losses."""
    table, factor = table_and_rate(losses, scale)

    def rate(n: int) -> float:
        return factor * (4.0 if reduced else 2.0) / math.sqrt(n + 1.0)

    def law(n: int, total: Array) -> Array:
        return _tsallis_law(total - total.min(axis=1, keepdims=True), rate(n))

    def reduced_variance(n: int, arm: Any, value: Array, p: Array) -> Array:
        base = np.where(p >= rate(n) ** 2, 0.5, 0.0)
        return base + _at(arm, (value - np.take_along_axis(base, arm[:, None], 1)[:, 0]) / _chance(p, arm), base)

    return _own_tree(table, range(len(table)), law, _own, rate(0), reduced_variance if reduced else None)


@checked
def exp3_ix(losses: ArrayLike, learning_rate: float, exploration: float) -> ExactPlay:
    """Return the exact play of EXP3-IX: the estimate is the loss over its probability plus exploration >= 0."""
    table, rate = table_and_rate(losses, learning_rate)
    more = real("exploration", exploration, low=0.0)

    def implicit(n: int, arm: Any, value: Array, p: Array) -> Array:
        return _at(arm, value / (_chance(p, arm) + more), p)

    return _own_tree(table, range(len(table)), lambda n, total: softmax(-rate * total), _own, rate, implicit)


@checked
def exp3_p(losses: ArrayLike, learning_rate: float, bonus: float, exploration: float) -> ExactPlay:
    """Return the exact play of EXP3.P: gains over probabilities, a bonus >= 0, exploration in (0, 1]."""
    table, rate = table_and_rate(losses, learning_rate)
    beta, gamma = real("bonus", bonus, low=0.0), real("exploration", exploration, 0.0, 1.0, open_low=True)

    def law(n: int, total: Array) -> Array:
        return (1.0 - gamma) * softmax(-rate * total) + gamma / table.shape[1]

    def optimistic(n: int, arm: Any, value: Array, p: Array) -> Array:
        return -(beta + _at(arm, 1.0 - value, p)) / p

    return _own_tree(table, range(len(table)), law, _own, rate, optimistic)


@checked
def anytime_exp3(losses: ArrayLike, first_rate: float) -> ExactPlay:
    """Return the exact play of EXP3 with the learning rates first_rate / sqrt(t), t = 1, 2, ...; first_rate > 0."""
    table, rate = table_and_rate(losses, first_rate)
    return _own_tree(table, range(len(table)), lambda n, total: softmax(-rate / math.sqrt(n + 1.0) * total), _own, rate)


def _own(batch: Array) -> Array:
    return batch


def _chance(p: Array, arm: Any) -> Array:
    return np.asarray(np.take_along_axis(p, arm[:, None], axis=1)[:, 0])


def _at(arm: Any, value: Array, like: Array) -> Array:
    """Return zeros of the shape of `like` (N, K), with value (N,) in the columns arm (N,)."""
    placed = np.zeros_like(like)
    placed[np.arange(len(arm)), arm] = value
    return placed


def _tsallis_law(total: Array, rate: float) -> Array:
    """Return the p (N, K) of greatest 4 sum sqrt(p_i) / rate - <p, total>, by bisection for sqrt(p_i) = 2 / (rate d_i).

    d_i = total_i - x, with x below min(total) = 0 such that the p_i sum to 1.
    """
    low, high = np.full((len(total), 1), -2.0 * math.sqrt(total.shape[1]) / rate), np.full((len(total), 1), -2.0 / rate)
    for _ in range(100):
        middle = 0.5 * (low + high)
        heavy = ((2.0 / (rate * (total - middle))) ** 2).sum(axis=1, keepdims=True) > 1.0
        low, high = np.where(heavy, low, middle), np.where(heavy, middle, high)
    p = (2.0 / (rate * (total - low))) ** 2
    return np.asarray(p / p.sum(axis=1, keepdims=True))


@checked
def batched_dartboard(
    losses: ArrayLike, learning_rate: float, batch_length: int, looks: Literal["flexible", "full"] = "full"
) -> ExactPlay:
    """Return the exact play of Shrinking Dartboard over batches with one observation per batch, at a uniform round.

    looks: "full", all actions; "flexible", one uniformly random action, its loss times K. The observations are the
    tree; given them the law of the action is that of the weights.
    """
    table, rate = table_and_rate(losses, learning_rate)
    length = integer("batch_length", batch_length, low=1, high=len(table))
    if looks not in ("flexible", "full"):
        raise ValueError(f"looks must be 'flexible' or 'full', got {looks!r}")
    n_actions = table.shape[1]
    check_tree(length * (n_actions if looks == "flexible" else 1), -(-len(table) // length), table)
    weight, total = np.ones(1), np.zeros((1, n_actions))
    switches = redraws = 0.0
    law, starts = np.empty_like(table), range(0, len(table), length)
    for start in starts:
        batch, p = table[start : start + length], softmax(-rate * total)
        law[start : start + length] = weight @ p
        if start == starts[-1]:
            break
        seen = batch * len(batch) / length
        if looks == "flexible":
            seen = (n_actions * seen[:, :, None] * np.eye(n_actions)).reshape(-1, n_actions)
        weight = np.repeat(weight / len(seen), len(seen))
        total = (total[:, None, :] + seen).reshape(-1, n_actions)
        leave = np.repeat(p, len(seen), axis=0) * -np.expm1(-rate * np.tile(seen, (len(p), 1)))
        redraws += float(weight @ leave.sum(axis=1))
        switches += float(weight @ (leave * (1.0 - softmax(-rate * total))).sum(axis=1))
    return play_of(table, law, rate, switches, redraws)


def _own_tree(
    table: Array,
    starts: Sequence[int],
    law: Callable[[int, Array], Array],
    outcomes: Any,
    rate: float,
    estimates: Callable[[int, Any, Array, Array], Array] | None = None,
) -> ExactPlay:
    """Enumerate (action, outcome) of every batch but the last.

    starts: of the batches.  law: (n, estimates (N, K)) -> probabilities (N, K) of batch n.  outcomes: `outcomes(batch)`
    (R, K) are equally likely losses of each action.  rate: at which rounding errors of estimates enter.
    estimates: (n, actions (N,), their losses (N,), probabilities (N, K)) -> estimated losses (N, K); None for the loss
    over its probability, 0 for other actions.
    """
    n_actions, ends = table.shape[1], (*starts[1:], len(table))
    check_tree(n_actions * len(outcomes(table[: ends[0]])), len(starts), table)
    weight, total, arm = np.ones(1), np.zeros((1, n_actions)), np.full(1, -1)
    chances, switches = np.empty_like(table), 0.0
    for n, (start, end) in enumerate(zip(starts, ends, strict=True)):
        batch, p = table[start:end], law(n, total)
        chances[start:end] = weight @ p
        if start > 0:
            switches += float(weight @ (1.0 - np.take_along_axis(p, arm[:, None], axis=1)[:, 0]))
        if end == len(table):
            break
        seen = outcomes(batch)
        parents, arms = np.nonzero(p > NEVER)
        node, arm = np.repeat(parents, len(seen)), np.repeat(arms, len(seen))
        chance = p[node, arm]
        value = np.ravel(seen[:, arms].T)  # (parent and arm, outcome), outcomes fastest
        weight = weight[node] * chance / len(seen)
        total = total[node]
        total += estimates(n, arm, value, p[node]) if estimates else _at(arm, value / chance, total)
    return play_of(table, chances, rate, switches, float(len(starts) - 1))
