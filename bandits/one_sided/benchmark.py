"""The best policy that is fair for every panel of the run: a linear program, solved exactly (HiGHS).

Q_level holds the policies pi with pi(x) - pi(x') <= d_t(x, x') + level for all pairs of kinds and all panels t,
where d_t is the swing auditor's distance; with level = alpha - epsilon it is the benchmark Q_{alpha - epsilon, gamma}
of Bechavod & Roth (2022). Only min_t d_t matters, and only where two kinds lie in different cells, so Q is a
polytope cut out by few inequalities; the violated ones are added until none is left.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandits.one_sided.hypotheses import Blocks, Hypotheses
from bandits.one_sided.people import People

_FEASIBLE = 1e-10
_INSIDE = 1.0 - 1e-12
_CUTS_A_ROUND = 200


@dataclass(frozen=True, eq=False)
class FairPolicy:
    """A policy that is fair at a level.

    acceptance: (n_cells,) pi(cell).  atoms, weight: (A,) int64 hypotheses and float64 probabilities of the mixture.
    error: expected error of one arrival.  level: the level at which it is fair.
    """

    acceptance: NDArray[np.float64]
    atoms: NDArray[np.int64]
    weight: NDArray[np.float64]
    error: float
    level: float


def fair_policy(
    people: People,
    hypotheses: Hypotheses,
    swings: NDArray[np.float64],
    level: float,
    shares: NDArray[np.float64],
) -> FairPolicy:
    """Return the policy of least expected error in Q_level.

    swings: (P, n, n) swing distances of the panels.  level: at least 0, else a constant policy may be unfair.
    shares: (2, n) share of arrivals of each kind with label 0 and 1, as `People.expected` gives.
    Raises ValueError where the class is too large to list, RuntimeError if the solver fails.
    """
    cells, n_cells = hypotheses.cells(people), hypotheses.n_cells(people)
    blocks = hypotheses.blocks(people)
    limits = _cell_limits(swings.min(axis=0), cells, n_cells) + level
    gain = np.zeros(n_cells)  # error saved by accepting a cell: positives less negatives
    np.add.at(gain, cells, shares[1] - shares[0])
    mix = _solve(blocks, limits, -gain @ blocks.columns)
    atoms, weight = _atoms(people, hypotheses, blocks, mix)
    acceptance = np.clip(blocks.columns @ mix, 0.0, 1.0)
    return FairPolicy(acceptance, atoms, weight, float(shares[1].sum() - gain @ acceptance), level)


def _cell_limits(distance: NDArray[np.float64], cells: NDArray[np.int64], n_cells: int) -> NDArray[np.float64]:
    """Return the least distance between kinds of two cells, (n_cells, n_cells); inf where there are none."""
    limits = np.full((n_cells, n_cells), np.inf)
    np.minimum.at(limits, (cells[:, None], cells[None]), distance)
    np.fill_diagonal(limits, np.inf)
    return limits


def _solve(blocks: Blocks, limits: NDArray[np.float64], cost: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minimise cost @ mix over mixtures whose acceptance gaps stay within the limits, by cutting planes."""
    from scipy.optimize import linprog

    sums = (blocks.block == np.arange(blocks.block.max() + 1)[:, None]).astype(float)
    pairs: set[tuple[int, int]] = set()
    while True:
        first, second = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
        inequalities = {}
        if pairs:
            inequalities = {"A_ub": blocks.columns[first] - blocks.columns[second], "b_ub": limits[first, second]}
        answer = linprog(cost, A_eq=sums, b_eq=np.ones(len(sums)), method="highs-ds", **inequalities)
        if answer.status != 0:
            raise RuntimeError(f"the benchmark's linear program was not solved: {answer.message}")
        mix = np.maximum(answer.x, 0.0)
        mix /= (sums @ mix)[blocks.block]
        acceptance = blocks.columns @ mix
        excess = acceptance[:, None] - acceptance[None] - limits
        worst = np.argsort(excess, axis=None)[::-1][:_CUTS_A_ROUND]
        broken = {divmod(int(i), len(limits)) for i in worst if excess.flat[i] > _FEASIBLE} - pairs
        if not broken:
            return _pulled_in(blocks, mix, limits)
        pairs |= broken


def _pulled_in(blocks: Blocks, mix: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move the mixture towards a constant by as little as makes up for the solver's tolerance and for rounding.

    Solutions lie on the boundary of Q, where rounding of a gap would decide whether a panel objects.
    """
    acceptance = blocks.columns @ mix
    gap = acceptance[:, None] - acceptance[None]
    over = (gap > limits * _INSIDE) & (limits > 0.0)
    if not over.any():
        return mix
    keep = float((limits[over] / gap[over]).min()) * _INSIDE
    return keep * mix + (1.0 - keep) * _constant(blocks)


def _constant(blocks: Blocks) -> NDArray[np.float64]:
    """Return a mixture that accepts all cells alike: in each block a column that is constant on its cells."""
    mix = np.zeros(len(blocks.block))
    for b in range(int(blocks.block.max()) + 1):
        members = np.flatnonzero(blocks.block == b)
        totals = blocks.columns[:, members].sum(axis=0)
        mix[members[np.flatnonzero((totals == 0.0) | (totals == len(blocks.columns)))[0]]] = 1.0
    return mix


def _atoms(
    people: People, hypotheses: Hypotheses, blocks: Blocks, mix: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return hypotheses and weights whose mixture has this mix in every block: all blocks share one quantile."""
    members = [np.flatnonzero((blocks.block == b) & (mix > 0.0)) for b in range(int(blocks.block.max()) + 1)]
    ends = [np.minimum(np.cumsum(mix[m]), 1.0) for m in members]
    for end in ends:
        end[-1] = 1.0
    edges = np.unique(np.concatenate([[0.0], *ends]))
    middles = 0.5 * (edges[1:] + edges[:-1])
    chosen = np.array([m[np.searchsorted(end, middles)] for m, end in zip(members, ends, strict=True)])
    atoms = np.array([hypotheses.hypothesis(people, column) for column in chosen.T], dtype=np.int64)
    return atoms, np.diff(edges)
