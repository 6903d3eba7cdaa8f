"""The von Neumann winner in exact arithmetic: right for margins of any size, and the same bits on every machine.

A float is a rational number, so the margins S = P - 1/2 times a power of two are integers. On the support I of a winner
S_II p_I = 0, sum p_I = 1 is solved (FLINT's kernel of an integer matrix) and S p <= 0 is checked, both exactly.
Among up to five actions all supports of odd size are tried: those of even size have a winner only where margins are
dependent. Among more a linear program in floating point (HiGHS) guesses the support. Where that fails, as it does when
margins of very different sizes meet, the game's linear program is solved by the simplex method on an integer tableau
(Edmonds, Bland). Only the last step rounds: the integers' ratios to float64.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Integers = list[list[int]]
_FEW = 5  # actions, up to which all supports are tried


def winner(skew: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p (n,) >= 0 with sum p = 1 and S p <= 0, for antisymmetric S (n, n): exact but for its own rounding."""
    n, largest = len(skew), float(np.abs(skew).max())
    if largest == 0.0:
        return np.full(n, 1.0 / n)
    margins = _integers(skew)
    for support in _supports(skew / largest):
        shares = _kernel(margins, support)
        if shares is not None and _unbeaten(margins, support, shares):
            break
    else:
        support, shares = list(range(n)), _simplex(margins)
    policy, total = np.zeros(n), sum(shares)
    policy[support] = [share / total for share in shares]  # of integers, which Python rounds correctly
    return policy


def _supports(scaled: NDArray[np.float64]) -> Iterator[list[int]]:
    """Yield supports that a winner may have."""
    n = len(scaled)
    if n <= _FEW:
        yield from (list(some) for size in range(1, n + 1, 2) for some in combinations(range(n), size))
    else:
        guess = _guess(scaled)
        yield from (np.flatnonzero(guess > cut).tolist() for cut in (1e-12, 1e-9, 1e-7))


def _integers(skew: NDArray[np.float64]) -> Integers:
    """Return the entries times the power of two that makes all of them integers."""
    scale = max(value.as_integer_ratio()[1] for value in skew.ravel().tolist())
    return [[int(Fraction(value) * scale) for value in row] for row in skew.tolist()]


def _guess(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an approximate winner (n,); zeros where the solver gives none."""
    from scipy.optimize import linprog

    n = len(scaled)
    result = linprog(
        np.append(np.zeros(n), -1.0),
        A_ub=np.hstack([-scaled.T, np.ones((n, 1))]),
        b_ub=np.zeros(n),
        A_eq=np.append(np.ones(n), 0.0)[None, :],
        b_eq=[1.0],
        bounds=[(0.0, None)] * n + [(None, None)],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    return np.zeros(n) if result.x is None else np.asarray(result.x[:n])


def _kernel(margins: Integers, support: list[int]) -> list[int] | None:
    """Return integers > 0 in the kernel of S on the support, or None unless it is one line through them."""
    from flint import fmpz_mat

    if not support:
        return None
    line, dimension = fmpz_mat([[margins[i][j] for j in support] for i in support]).nullspace()
    shares = [int(line[i, 0]) for i in range(len(support))]
    if shares[0] < 0:
        shares = [-share for share in shares]
    return shares if dimension == 1 and min(shares) > 0 else None


def _unbeaten(margins: Integers, support: list[int], shares: list[int]) -> bool:
    """Return whether no action has a margin over the mixture."""
    return all(sum(row[j] * share for j, share in zip(support, shares, strict=True)) <= 0 for row in margins)


def _simplex(margins: Integers) -> list[int]:
    """Return shares (n,) >= 0 of a winner: maximise sum y, (S + c) y <= 1, y >= 0, with c above all margins.

    The tableau holds numerators over the common `divisor`; the last row is the objective, the last column the bounds.
    """
    n, shift = len(margins), 1 + max(max(row) for row in margins)
    table = [[value + shift for value in row] + [1] for row in margins] + [[-1] * n + [0]]
    basic, free, divisor = list(range(n, 2 * n)), list(range(n)), 1
    while min(table[n][:n]) < 0:
        s = min((j for j in range(n) if table[n][j] < 0), key=lambda j: free[j])
        rising = [i for i in range(n) if table[i][s] > 0]
        r = min(rising, key=lambda i: (Fraction(table[i][n], table[i][s]), basic[i]))
        pivot, head = table[r][s], table[r][:]
        for i in range(n + 1):
            if i != r:
                factor = table[i][s]
                table[i] = [(a * pivot - factor * b) // divisor for a, b in zip(table[i], head, strict=True)]
                table[i][s] = -factor
        table[r][s], divisor = divisor, pivot
        basic[r], free[s] = free[s], basic[r]
    shares = [0] * n
    for i, variable in enumerate(basic):
        if variable < n:
            shares[variable] = table[i][n]
    return shares
