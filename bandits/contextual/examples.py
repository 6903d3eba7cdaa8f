"""Ready-made worlds: requests matched with items, applicants and defendants."""

from typing import Any

import numpy as np

from bandits.contextual.worlds import KnownWorld, TableWorld
from bandits.core.arguments import checked
from bandits.core.checks import integer


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
