"""Steps between neighbours that lead to the best action: what a learner of an easy game needs, from linear programmes.

The cell of a Pareto-optimal action i is bounded by its neighbours j: whatever u >= 0 with <L_i - L_j, u> <= 0 for all j
has <L_i - L_b, u> <= 0 for every b. For else a line from an inner point of the cell to u, in general position, leaves
it through a common face with some j, and there <L_i - L_j, .> turns positive. So by Farkas' lemma there are rates
c(b, i, j) >= 0 with

    L_i - L_b <= sum_j c(b, i, j) (L_i - L_j)   against every outcome, 0 for i = b,

of which those with the least sum are found. For neighbours i, b the only such rates are 1 for b and 0 for others. Where
<L_i - L_b, u> > 0, some j with c(b, i, j) > 0 loses less than i. If the only best action against u is b, steps with
these rates therefore lead from every i to b, and each step is between neighbours, which an easy game can compare.

Actions between i and j, whose losses are s L_i + (1 - s) L_j, are played in the place of i and j, in shares s and
1 - s, at no loss.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.partial.game import FiniteGame

Array = NDArray[np.float64]
_RESIDUAL = 1e-11  # of the linear programmes, for losses that differ by at most 1
_USED = 1e-12  # smaller estimators, in units of the spread, are not worth a play


class Terms(NamedTuple):
    """Estimators of L_j - L_i for neighbours i < j: a term per pair and action whose signals count, by that action."""

    first: Any  # (n,) int64, i as a place among the candidates
    second: Any  # (n,) int64, j likewise
    action: Any  # (n,) int64, c
    share: Any  # (n,) float64, s with L_c = s L_i + (1 - s) L_j
    weight: Any  # (n,) float64, of c among the actions between i and j; 0 for i and j themselves
    estimators: Any  # (n, d) float64, f; the sum over c of f[signal of c] is L_j - L_i


class Transport(NamedTuple):
    """Rates, estimators and the constants of the theorem (`theory.partial.bounds`)."""

    rates: Any  # (N, N, N) float64, c(b, i, j) for places b, i, j among `FiniteGame.optimal`
    terms: Terms
    spare: float  # largest share of an action that is moved to the actions between: 0, 1/2 or 1
    second_moment: float  # V
    reach: float  # B


@lru_cache(maxsize=64)
def transport(game: FiniteGame) -> Transport | None:
    """Return rates and estimators of an easy or trivial game, None for others.

    ValueError if rounding leaves rates that do not satisfy the inequality to 1e-11 of the spread.
    """
    found = game.classify()
    if not all(found.local):
        return None
    place = {action: b for b, action in enumerate(game.optimal)}
    pairs = [(place[i], place[j]) for i, j in found.neighbours]
    rates = _rates(game.losses[list(game.optimal)] / (game.spread or 1.0), pairs)
    terms = _terms(game, pairs)
    between = terms.weight > 0.0
    spare = 0.0 if not between.any() else 1.0 if between.all() else 0.5
    return Transport(rates, terms, spare, *_constants(rates, terms, spare))


def _rates(losses: Array, pairs: list[tuple[int, int]]) -> Array:
    """Return c (N, N, N) for the losses (N, d) of the candidates."""
    from scipy.optimize import linprog

    n = len(losses)
    rates = np.zeros((n, n, n))
    near: list[list[int]] = [[] for _ in range(n)]
    for i, j in pairs:
        near[i].append(j)
        near[j].append(i)
        rates[j, i, j] = rates[i, j, i] = 1.0
    for i in range(n):
        steps = (losses[i] - losses[near[i]]).T
        for b in set(range(n)) - {i, *near[i]}:
            solved = linprog(np.ones(len(near[i])), -steps, losses[b] - losses[i], method="highs")
            found = np.maximum(solved.x, 0.0) if solved.status == 0 else np.zeros(len(near[i]))
            if (losses[i] - losses[b] - steps @ found).max() > _RESIDUAL:
                raise ValueError(f"losses of actions are too near to mixtures of others: no steps from {i} to {b}")
            rates[b, i, near[i]] = found
    return rates


def _terms(game: FiniteGame, pairs: list[tuple[int, int]]) -> Terms:
    """Return the terms of all pairs, sorted by the action."""
    places: list[tuple[int, int, int]] = []
    mixed: list[tuple[float, float]] = []
    estimators = []
    for i, j in pairs:
        a, b = game.optimal[i], game.optimal[j]
        among = game.between(a, b)
        f = game.differences((a, b), among)
        assert f is not None
        sizes = np.abs(f[1]).max(axis=1)
        used = [c for c in among if sizes[c] > _USED * game.spread]
        inside = [c for c in used if c not in (a, b)]
        way = game.losses[b] - game.losses[a]
        for c in used:
            share = 1.0 - float((game.losses[c] - game.losses[a]) @ way / (way @ way))
            places.append((i, j, c))
            mixed.append((min(max(share, 0.0), 1.0), float(sizes[c] / sizes[inside].sum()) if c in inside else 0.0))
            estimators.append(f[1, c])
    order = np.argsort([c for _, _, c in places], kind="stable")
    whole = np.array(places, dtype=np.int64).reshape(-1, 3)[order].T.copy()
    parts = np.array(mixed, dtype=np.float64).reshape(-1, 2)[order].T.copy()
    f = np.array(estimators, dtype=np.float64).reshape(-1, game.n_outcomes)[order]
    return Terms(whole[0], whole[1], whole[2], parts[0], parts[1], f)


def _constants(rates: Array, terms: Terms, spare: float) -> tuple[float, float]:
    """Return V and B of the theorem."""
    n, between = len(rates), terms.weight > 0.0
    size = np.abs(terms.estimators).max(axis=1, initial=0.0)
    own = np.zeros(n)  # the largest estimator with the candidate's own signals
    place = np.where(terms.share > 0.5, terms.first, terms.second)
    np.maximum.at(own, place[~between], size[~between])
    inner, moved = np.zeros((n, n)), np.zeros((2, n, n))
    ends = (terms.first[between], terms.second[between])
    np.add.at(inner, ends, size[between])
    np.add.at(moved[0], ends, (terms.share * terms.weight)[between])
    np.add.at(moved[1], ends, ((1.0 - terms.share) * terms.weight)[between])
    inner += inner.T
    steps, total = rates.max(axis=0), float(rates.sum(axis=2).max())
    kept = 2.0 if spare == 0.5 else 1.0
    scarce = max(1.0, 2.0 * total * float(moved.max()) / spare) * float(inner.max()) if spare else 0.0
    moment = kept * (3.0 * (total * float(own.max())) ** 2 + total * float((steps @ own**2).max()))
    moment += scarce * float((steps * inner).sum(axis=1).max())
    return moment, max(kept * total * (n + 1) * float(own.max()), n * scarce)
