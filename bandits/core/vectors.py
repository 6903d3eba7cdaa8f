"""Sums, least entries and the logistic function, as kernels."""

import math
from typing import Any

from bandits.core.jit import kernel, shared_kernel


@shared_kernel
def dot(x: Any, y: Any) -> float:
    """Return <x, y> of vectors (d,), summed in order: NumPy's own differs between engines."""
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
    return total


@kernel
def square_norm(matrix: Any, x: Any) -> float:
    """Return x' M x from the lower half of the symmetric M (d, d)."""
    total = 0.0
    for i in range(x.size):
        partial = 0.5 * matrix[i, i] * x[i]
        for j in range(i):
            partial += matrix[i, j] * x[j]
        total += partial * x[i]
    return 2.0 * total


@kernel
def first_least(values: Any) -> int:
    """Return the first index of the least of values (n,)."""
    best = 0
    for i in range(1, values.size):
        if values[i] < values[best]:
            best = i
    return best


@kernel
def sigmoid(value: float) -> float:
    """Return 1 / (1 + exp(-value))."""
    small = math.exp(-abs(value))  # never overflows
    return 1.0 / (1.0 + small) if value >= 0.0 else small / (1.0 + small)
