"""Products, distances and least entries of vectors, the logistic function, and triangular factors of matrices.

All are loops, so that all engines round alike.
"""

import math
from typing import Any

import numpy as np

from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.lanes import LANES, alike, in_lanes, lane_of, where

_ROUNDING = 1e-15
_MOST_STEPS = 50
_MOST_COMPARED = 64  # numbers up to which lanes are ordered together, in n^2 / 2 comparisons


@shared_kernel
def dot(x: Any, y: Any) -> float:
    """Return <x, y> of vectors (d,), summed in order."""
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
    return total


@kernel
def square_norm(matrix: Any, x: Any) -> float:
    """Return x' M x from the lower half of the symmetric M (d, d)."""
    total = alike(0.0, x)
    for i in range(x.size):
        partial = 0.5 * matrix[i, i] * x[i]
        for j in range(i):
            partial += matrix[i, j] * x[j]
        total += partial * x[i]
    return 2.0 * total


@kernel
def first_least(values: Any) -> tuple[int, float]:
    """Return the first index of the least of values (n,), and the least."""
    least = values[0]
    best = 0 * (least > 0.0)
    for i in range(1, values.size):
        less = values[i] < least
        best, least = where(less, i, best), where(less, values[i], least)
    return best, least


@kernel
def sigmoid(value: float) -> float:
    """Return 1 / (1 + exp(-value))."""
    small = math.exp(-abs(value))  # never overflows
    return 1.0 / (1.0 + small) if value >= 0.0 else small / (1.0 + small)


@shared_kernel
def distance(x: Any, y: Any) -> float:
    """Return the Euclidean distance of vectors (d,)."""
    total = 0.0
    for i in range(x.size):
        total += (x[i] - y[i]) * (x[i] - y[i])
    return math.sqrt(total)


@kernel
def ascending(x: Any) -> Any:
    """Return a copy of x (n,) in ascending order."""
    return np.sort(x)


@in_lanes(of=ascending)
@kernel
def _lanes_ascending(x: Any) -> Any:
    """Order by comparing neighbours, which is the same in every lane."""
    ordered = x.copy()
    if x.size > _MOST_COMPARED:
        for lane in range(LANES):
            lane_of(ordered, lane)[:] = np.sort(lane_of(x, lane))
        return ordered
    for i in range(1, x.size):
        for j in range(i, 0, -1):
            first, second = ordered[j - 1], ordered[j]
            ordered[j - 1], ordered[j] = min(first, second), max(first, second)
    return ordered


@rare_kernel
def factorise(a: Any, shift: float, out: Any) -> None:
    """Write the lower triangle L with L L' = a + shift I into out; a (d, d) symmetric, positive definite with shift.

    ValueError where a pivot has no right digit: what was added to a ridge is too large beside it.
    """
    for i in range(a.shape[0]):
        for j in range(i + 1):
            total = a[i, j] + (shift if i == j else 0.0)
            for k in range(j):
                total -= out[i, k] * out[j, k]
            if i == j and not total > _ROUNDING * (a[i, i] + shift):
                raise ValueError(
                    "ridge must be above 1e-15 of the squares of gradients or features that are added to it, for the "
                    "matrix to be invertible in float64: give a larger ridge, or smaller ones"
                )
            out[i, j] = math.sqrt(total) if i == j else total / out[j, j]


@rare_kernel
def solve_lower(factor: Any, b: Any, out: Any) -> None:
    """Write L^-1 b into out, which may be b."""
    for i in range(b.size):
        total = b[i]
        for k in range(i):
            total -= factor[i, k] * out[k]
        out[i] = total / factor[i, i]


@rare_kernel
def solve_upper(factor: Any, b: Any, out: Any) -> None:
    """Write L'^-1 b into out, which may be b."""
    for j in range(b.size):
        i = b.size - 1 - j
        total = b[i]
        for k in range(i + 1, b.size):
            total -= factor[k, i] * out[k]
        out[i] = total / factor[i, i]


@rare_kernel
def least_on_ball(matrix: Any, right: Any, radius: float, factor: Any, scratch: Any, x: Any) -> None:
    """Write the minimiser of p'Ap / 2 - <right, p> over the ball into x; A = matrix (d, d), positive definite.

    It is (A + lambda I)^-1 right with the least lambda >= 0 for which it is in the ball, which Newton's method on 1 / R
    - 1 / |p(lambda)| finds from below (More & Sorensen 1983).
    """
    shift = 0.0
    for _ in range(_MOST_STEPS):
        factorise(matrix, shift, factor)
        solve_lower(factor, right, x)
        solve_upper(factor, x, x)
        size = math.sqrt(dot(x, x))
        if size <= radius * (1.0 + 1e-14):
            break
        solve_lower(factor, x, scratch)
        shift += size * size / dot(scratch, scratch) * (size - radius) / radius
    if size > radius:
        for i in range(x.size):
            x[i] *= radius / size
