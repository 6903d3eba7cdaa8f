"""Slow plain-Python texts of what the core computes, written from the definitions and sharing no code with it."""

import math
from statistics import NormalDist

import numpy as np

WORD = 2**32
LEFT, RIGHT = 0xD2511F53, 0xCD9E8D57  # the multipliers of Philox-4x32
BUMPS = (0x9E3779B9, 0xBB67AE85)  # and what its key grows by each round


def philox(key, counter):
    """Return the four words of Philox-4x32-10 on Python integers."""
    k, (c0, c1, c2, c3) = key, counter
    for _ in range(10):
        (high0, low0), (high1, low1) = divmod(LEFT * c0, WORD), divmod(RIGHT * c2, WORD)
        c0, c1, c2, c3 = high1 ^ c1 ^ k[0], low1, high0 ^ c3 ^ k[1], low0
        k = tuple((word + bump) % WORD for word, bump in zip(k, BUMPS))
    return c0, c1, c2, c3


def philox_inverse(key, block):
    """Return the counter whose block is `block`: every round is a bijection, undone from the last."""
    keys = [tuple((word + r * bump) % WORD for word, bump in zip(key, BUMPS)) for r in range(10)]
    c0, c1, c2, c3 = block
    for k in reversed(keys):
        before0, before2 = c3 * pow(LEFT, -1, WORD) % WORD, c1 * pow(RIGHT, -1, WORD) % WORD
        c1, c3 = c0 ^ (RIGHT * before2 // WORD) ^ k[0], c2 ^ (LEFT * before0 // WORD) ^ k[1]
        c0, c2 = before0, before2
    return c0, c1, c2, c3


def counter(repetition, purpose, t, index):
    """Return the counter of a draw's address: round, index, repetition, and purpose beside the round's high bits."""
    return t % WORD, index, repetition, purpose | (t // WORD) << 8


def words(seed, repetition, purpose, t, index):
    """Return the two 64-bit words at an address."""
    a, b, c, d = philox((seed % WORD, seed // WORD), counter(repetition, purpose, t, index))
    return a * WORD + b, c * WORD + d


def uniform(seed, repetition, purpose, t, index):
    """Return the uniform on the grid of 2^-53 at an address."""
    return (words(seed, repetition, purpose, t, index)[0] >> 11) / 2**53


def walk(steps):
    """Return W_1, ..., W_T for the steps xi_1, ..., xi_T, by the definition of the parent."""
    heights = np.zeros(len(steps) + 1)
    for t in range(1, len(steps) + 1):
        delta = max(i for i in range(64) if t % 2**i == 0)
        heights[t] = heights[t - 2**delta] + steps[t - 1]
    return heights[1:]


def walk_losses(n_actions, gap, noise, horizon, seed, repetition):
    """Return (losses (T, K), good arm, rounds clipped) of the multi-scale random walk, from its definition."""
    environment = 1
    first = [words(seed, repetition, environment, t, 0)[0] for t in range(horizon)]
    normals = [NormalDist().inv_cdf(((word >> 11) + 0.5) / 2**53) for word in first]
    good = int(uniform(seed, repetition, environment, 0, 1) * n_actions)
    raw = np.tile(0.5 + walk(noise * np.array(normals))[:, None], n_actions)
    raw[:, good] -= gap
    clipped = ((raw < 0.0) | (raw > 1.0)).any(axis=1)
    return np.clip(raw, 0.0, 1.0), good, int(clipped.sum())


def softmax(scores):
    """Return exp(scores) over its sum in extended precision."""
    exact = np.asarray(scores, dtype=np.longdouble)
    weights = np.exp(exact - exact.max())
    return weights / weights.sum()


def replay(table, actions, cost):
    """Return loss, switches, best loss and regret of a play (T,) of a table (T, K), counted round by round."""
    loss, switches, totals = 0.0, 0, [0.0] * len(table[0])
    for t, (row, arm) in enumerate(zip(table, actions)):
        loss += row[arm]
        switches += t > 0 and arm != actions[t - 1]
        totals = [total + own for total, own in zip(totals, row)]
    best = min(totals)
    return {"loss": loss, "switches": switches, "best_loss": best, "regret": loss + cost * switches - best}


def rounding(n_terms, *terms):
    """Return the floating-point slack of naive sums of `terms`: 8 n u S with u = 2^-53, S the sum of |terms|."""
    return 8 * n_terms * 2.0**-53 * (1.0 + math.fsum(float(np.sum(np.abs(x))) for x in terms))
