"""John's exploration for a class: the law over hypotheses that minimises the largest leverage.

For vectors f_h spanning r dimensions and a law mu with moments P = E_mu[f f'], the leverage of h is f_h' P^+ f_h. Its
mean under mu is r, so the largest is at least r. It equals r exactly where mu maximises det P (Kiefer & Wolfowitz
1960), that is for the weights of the contact points of the least ellipsoid around the f_h and -f_h (John 1948): then
E_mu[f f'] is the ellipsoid's matrix over r, every f_h lies inside, and those of positive weight lie on its surface.
Bubeck, Cesa-Bianchi & Kakade (2012, Section 3) explore by this law, because under (1 - g) q + g mu no estimate
<f_h, P^+ f_h'> exceeds r / g.

Here f_h = (1, predictions of h on all cells), which makes the ellipsoid around the f_h and -f_h the least one around
the predictions, with any centre. By two facts (ours) one law, known before play, serves all rounds:

* The reduced action a_h of a round is a one-to-one linear image of (1, h(x_1), ..., h(x_k)), whatever pair is
  reported and however many copies it gets. Leverages are invariant under such maps: mu does not depend on the panel.
* Dropping coordinates cannot increase a leverage: f' P^+ f is the largest (v'f)^2 / v'Pv, over fewer v. So in every
  round, whatever the arrivals, leverages under the population's mu are at most its rank r <= min(N, n_cells + 1).

The law is uniform where the class has as many hypotheses as dimensions (thresholds, conjunctions of all bits) or is a
product (one threshold per group, all subsets).

Computed by Frank-Wolfe steps towards the vector of largest leverage and away from that of smallest, with exact line
search (Khachiyan 1996; Ahipasaoglu, Sun & Todd 2008).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_TOLERANCE = 1e-6
_STEPS = 100_000
_REFRESH = 64  # steps between two inversions: rank-one updates lose a few bits each


class Design(NamedTuple):
    """A law over N vectors, and their leverages under it.

    weight: (N,) float64 >= 0, sums to 1.  leverage: (N,) float64 f_h' P^+ f_h, at most rank (1 + tolerance), and
    within rank tolerance of rank where the weight is positive.  rank: dimension r of the span.
    """

    weight: NDArray[np.float64]
    leverage: NDArray[np.float64]
    rank: int


def john_design(vectors: NDArray[np.float64], tolerance: float = _TOLERANCE) -> Design:
    """Return John's law for vectors (N, d), not all 0; RuntimeError if the conditions of optimality are not reached."""
    basis = _span(vectors)
    n, rank = basis.shape
    if rank == 1:
        longest = np.isclose(np.abs(basis[:, 0]), np.abs(basis).max(), rtol=tolerance)
        weight = longest / longest.sum()
        return Design(weight, _moments(basis, weight)[1], 1)
    weight = np.full(n, 1.0 / n)
    fresh = 0  # step of the last inversion
    inverse, leverage = _moments(basis, weight)
    for step in range(1, _STEPS):
        top = int(leverage.argmax())
        held = np.flatnonzero(weight)
        low = int(held[leverage[held].argmin()])
        above, below = leverage[top] / rank - 1.0, 1.0 - leverage[low] / rank
        if max(above, below) <= tolerance and fresh == step - 1:
            return Design(weight, leverage, rank)
        if max(above, below) <= tolerance or step - fresh > _REFRESH:
            inverse, leverage = _moments(basis, weight)
            fresh = step
            continue
        moved = top if above >= below else low
        share = _best_share(leverage[moved], rank, weight[moved])
        weight, inverse, leverage = _mixed(basis, weight, inverse, leverage, moved, share)
    raise RuntimeError(f"the least ellipsoid around {n} vectors of rank {rank} was not found in {_STEPS} steps")


def _moments(
    basis: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the inverse (r, r) of E_mu[f f'] and all leverages (N,)."""
    inverse = np.asarray(np.linalg.inv(basis.T @ (weight[:, None] * basis)), dtype=np.float64)
    return inverse, np.einsum("ij,ij->i", basis @ inverse, basis)


@lru_cache(maxsize=16)
def _cached(shape: tuple[int, int], predictions: bytes) -> Design:
    table = np.frombuffer(predictions, dtype=np.uint8).reshape(shape)
    return john_design(np.column_stack([np.ones(shape[1]), table.T]))


def class_design(table: NDArray[np.uint8]) -> Design:
    """Return John's law for a class with predictions (n_cells, N); computed once per class and process."""
    return _cached(table.shape, np.ascontiguousarray(table).tobytes())


def _span(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return coordinates (N, r) of the vectors in their span: leverages are the same in all bases."""
    left, size, _ = np.linalg.svd(vectors, full_matrices=False)
    rank = int((size > size[0] * 1e-10).sum())
    return np.ascontiguousarray(left[:, :rank])


def _best_share(leverage: float, rank: int, weight: float) -> float:
    """Return the s that maximises det((1 - s) P + s f f') for a leverage of f, with no weight below 0."""
    share = (leverage - rank) / (rank * (leverage - 1.0)) if leverage > 1.0 else -np.inf
    return max(share, -weight / (1.0 - weight))


def _mixed(
    basis: NDArray[np.float64],
    weight: NDArray[np.float64],
    inverse: NDArray[np.float64],
    leverage: NDArray[np.float64],
    moved: int,
    share: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return weights, inverse moments and leverages of (1 - share) mu + share on `moved`."""
    new = (1.0 - share) * weight
    new[moved] = max(0.0, new[moved] + share)
    seen = inverse @ basis[moved]
    factor = share / (1.0 - share + share * leverage[moved])
    cross = basis @ seen
    moments = (inverse - factor * np.outer(seen, seen)) / (1.0 - share)
    return new, moments, (leverage - factor * cross**2) / (1.0 - share)
