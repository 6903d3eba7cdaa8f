"""Ready-made worlds: queries routed to models, requests matched with items, applicants and defendants."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bandits.contextual.problem import World
from bandits.contextual.worlds import KnownWorld, LinearWorld, Link, TableWorld
from bandits.core.arguments import checked
from bandits.core.checks import HUGE, array, integer

_MOST = 10**7  # numbers of the contexts of a routing world


@checked
def routing_world(
    slopes: ArrayLike,
    offsets: ArrayLike,
    costs: ArrayLike,
    queries: ArrayLike,
    preferences: ArrayLike,
    quality: Link = "identity",
) -> World:
    """Return the routing of queries to K models, where each query comes with a preference between quality and cost.

    A model of slope s (K, d), offset o (K,) and cost c (K,) in [0, 1] has quality q = s'x + o for a query x (n, d),
    which must lie in [0, 1], or with quality="logistic" 1 / (1 + exp(-s'x - o)). At preference w in [0, 1], (m,), its
    loss is (1 - w) (1 - q) + w c. A context is a query at a preference, n m in all, with the features ((1 - w) x,
    1 - w, w): with linear quality the loss is linear in them for every preference, with one parameter for each model.

    Wei et al., "Learning to route LLMs from bandit feedback" (2025), arXiv:2510.07429.
    """
    s, x = (array(name, value, 2, -HUGE, HUGE) for name, value in (("slopes", slopes), ("queries", queries)))
    o, c = array("offsets", offsets, 1, -HUGE, HUGE), array("costs", costs, 1, 0.0, 1.0)
    if not len(s) == len(o) == len(c) or s.shape[1] != x.shape[1]:
        got = f"{s.shape}, {o.shape}, {c.shape}, {x.shape}"
        raise ValueError(f"slopes, offsets, costs and queries must be (K, d), (K,), (K,), (n, d), got {got}")
    w = array("preferences", preferences, 1, 0.0, 1.0)
    if len(x) * len(w) * max(len(s), s.shape[1] + 2) > _MOST:
        raise ValueError(f"queries and preferences must make at most {_MOST} numbers, got {len(x)} times {len(w)}")
    weight, query = np.tile(w, len(x))[:, None], np.repeat(x, len(w), axis=0)
    features = np.hstack([(1.0 - weight) * query, 1.0 - weight, weight])
    values = query @ s.T + o
    if quality == "identity":
        if values.min() < 0.0 or values.max() > 1.0:
            got = f"{values.min():.6g} to {values.max():.6g}"
            raise ValueError(f"slopes, offsets and queries must make qualities in [0, 1], got {got}")
        return LinearWorld(features, np.hstack([-s, 1.0 - o[:, None], c[:, None]]))
    with np.errstate(over="ignore"):
        good = 1.0 / (1.0 + np.exp(-values))
    return KnownWorld(features, (1.0 - weight) * (1.0 - good) + weight * c)


@checked
def two_items() -> KnownWorld:
    """Return a request that belongs to two clusters, at weights 0.6 and 0.4, and two items of rewards 0.4 and 0.7.

    With edges [[1, 1], [1, 0]] of clusters (rows) to items, the first item's score under `DiagonalLinUCB` is twice its
    reward, so that it is played for ever; `normalise=True` mends that.
    """
    return KnownWorld([[0.6, 0.4]], [[0.6, 0.3]])


@checked
def screening_world(population: Any = None, seed: int = 0) -> TableWorld:
    """Return the individuals of a table as rounds: action 1 accepts; accepting a bad or rejecting a good one loses 1.

    population: such as GermanCredit() (the default) or Compas() of `bandits.threshold`, whose good outcomes are the
    labels. The features are a constant, standardised numbers and categories as 0 and 1, divided by the largest norm.
    seed: draws the order, which is part of the problem.
    """
    from bandits.threshold import GermanCredit
    from bandits.threshold.scored import ScoredTable

    table = GermanCredit() if population is None else population
    if not isinstance(table, ScoredTable):
        raise TypeError(f"population must be such as GermanCredit() or Compas(), got {type(table).__name__}")
    people = table.individuals()
    centred = people.numbers - people.numbers.mean(axis=0)
    columns = [np.ones((len(centred), 1)), centred / np.where(centred.std(axis=0) > 0.0, centred.std(axis=0), 1.0)]
    columns += [(column[:, None] == np.unique(column)).astype(float) for column in people.categories.T]
    features = np.hstack(columns)
    features /= np.linalg.norm(features, axis=1).max()
    order = np.random.default_rng(integer("seed", seed, low=0)).permutation(len(features))
    return TableWorld(features[order], (people.good[:, None] != np.arange(2)).astype(float)[order])
