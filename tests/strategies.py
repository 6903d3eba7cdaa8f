"""Hypothesis strategies for domain objects. Shapes that break learners come first, so that failures shrink to them."""

import numpy as np
from hypothesis import strategies as st

from bandits.losses import AlternatingLosses, BernoulliLosses, LossTable, PiecewiseLosses
from bandits.losses.random_walk import MultiScaleRandomWalk
from tests import references

units = st.floats(0.0, 1.0, width=32)
seeds = st.one_of(st.integers(0, 10), st.integers(0, 2**64 - 1))
repetitions = st.one_of(st.integers(0, 10), st.integers(0, 2**32 - 1))


def rows(draw, elements, n, k):
    return draw(st.lists(st.lists(elements, min_size=k, max_size=k), min_size=n, max_size=n))


def zeros(draw, n, k):
    return np.zeros((n, k))


def ones(draw, n, k):
    return np.ones((n, k))


def constant(draw, n, k):
    return np.tile(rows(draw, units, 1, k), (n, 1))


def alternating(draw, n, k):
    return np.eye(k)[np.arange(n) // draw(st.integers(1, 4)) % k]


def piecewise_best(draw, n, k):
    cuts = sorted(draw(st.lists(st.integers(0, n), max_size=3)))
    best = draw(st.lists(st.integers(0, k - 1), min_size=4, max_size=4))
    table = np.ones((n, k))
    for t in range(n):
        table[t, best[sum(cut <= t for cut in cuts)]] = 0.0
    return table


def walk(draw, n, k):
    signs = 2 * np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))) - 1
    gap = draw(st.floats(0.0, 0.25, width=32))
    raw = np.tile(0.5 + references.walk(signs / 8)[:, None], k)
    raw[:, draw(st.integers(0, k - 1))] -= gap
    return np.clip(raw, 0.0, 1.0)


def near_ties(draw, n, k):
    return 0.5 + np.array(rows(draw, st.integers(-2, 2), n, k)) * 2.0**-52


def bits(draw, n, k):
    return np.array(rows(draw, st.integers(0, 1), n, k), dtype=float)


def free(draw, n, k):
    return np.array(rows(draw, units, n, k))


SHAPES = [zeros, ones, constant, alternating, piecewise_best, walk, near_ties, bits, free]


@st.composite
def loss_tables(draw, max_rounds=40, min_actions=2, max_actions=5):
    """Draw a (T, K) float64 table of losses in [0, 1], 1 <= T <= max_rounds, of one of the shapes above."""
    n, k = draw(st.integers(1, max_rounds)), draw(st.integers(min_actions, max_actions))
    return np.ascontiguousarray(draw(st.sampled_from(SHAPES))(draw, n, k), dtype=np.float64)


@st.composite
def simplex(draw, min_actions=1, max_actions=5):
    """Draw a probability vector (K,): a vertex, the centre, or free, with exact zeros and tiny entries among them."""
    k = draw(st.integers(min_actions, max_actions))
    kind = draw(st.sampled_from(["centre", "vertex", "free"]))
    if kind == "centre":
        return np.full(k, 1.0 / k)
    if kind == "vertex":
        return np.eye(k)[draw(st.integers(0, k - 1))]
    weights = st.one_of(st.just(0.0), st.floats(0.0, 1.0), st.floats(0.0, 1e-300))
    point = np.array(draw(st.lists(weights, min_size=k, max_size=k)))
    point[draw(st.integers(0, k - 1))] += 1.0
    return point / point.sum()


@st.composite
def bernoulli(draw, horizon):
    means = st.one_of(st.sampled_from([0.0, 1.0, 0.5, 2.0**-64, 1.0 - 2.0**-53]), st.floats(0.0, 1.0))
    return BernoulliLosses(draw(st.lists(means, min_size=1, max_size=5)))


@st.composite
def alternating_losses(draw, horizon):
    return AlternatingLosses(draw(st.integers(1, 5)), draw(st.integers(1, horizon + 2)))


@st.composite
def piecewise(draw, horizon):
    points = sorted(draw(st.sets(st.integers(1, horizon + 3), max_size=3)))
    return PiecewiseLosses(rows(draw, units, len(points) + 1, draw(st.integers(1, 4))), points, draw(st.booleans()))


@st.composite
def tables(draw, horizon):
    n, k = horizon + draw(st.integers(0, 3)), draw(st.integers(1, 5))
    return LossTable(draw(st.sampled_from(SHAPES))(draw, n, k))


@st.composite
def walks(draw, horizon):
    optional = st.one_of(st.none(), st.floats(0.0, 1.0))
    return MultiScaleRandomWalk(draw(st.integers(2, 5)), draw(optional), draw(optional))


PROCESSES = [bernoulli, alternating_losses, piecewise, tables, walks]


def loss_processes(horizon):
    """Draw a loss process of any kind for games of `horizon` >= 2 rounds."""
    return st.one_of([kind(horizon) for kind in PROCESSES])
