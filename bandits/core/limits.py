"""Comparison of numbers with limits, and ties, up to rounding, for all families and engines.

Decimals such as 0.1 have no exact floating-point number, so 4/10 - 3/10 is above 0.1 by 3e-17 and 1.0 - 0.7 above 0.3
by 6e-17: in an exact comparison, rounding decides whether a limit is met. Here a limit counts as met, and two
numbers as equal, when they differ by at most `ROUNDING` = 1e-12 relative to the size of what is compared: 1 for rates,
probabilities and distances, which lie in [0, 1] (`excess`, `exceeds`), the larger of the two for values on other
scales (`lowered`, `raised`). That is thousands of rounding errors, and far below the differences of data: shares of up
to 10^5 individuals differ by at least 10^-10 if at all. Counts (budgets, votes, switches) are integers and compared
exactly.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.jit import shared_kernel

ROUNDING = 1e-12


@shared_kernel
def excess(value: float, limit: float) -> float:
    """Return value - limit, and 0.0 where they are equal up to rounding; numbers on a scale of 1."""
    over = value - limit
    return 0.0 if abs(over) <= ROUNDING else over


@shared_kernel
def exceeds(value: float, limit: float) -> bool:
    """Return whether value is above limit by more than rounding; numbers on a scale of 1."""
    return value - limit > ROUNDING


def excess_of(value: Any, limit: Any) -> Any:
    """Return `excess` of arrays, NumPy's or JAX's; in single precision the tolerance is four machine epsilons."""
    over = value - limit
    xp = over.__array_namespace__()
    return xp.where(abs(over) <= max(ROUNDING, 4.0 * float(xp.finfo(over.dtype).eps)), 0.0, over)


def lowered(limits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the limits (n,) minus the tolerance: a decimal value equal to its limit is at or above the result."""
    with np.errstate(over="ignore"):
        return np.asarray(limits - ROUNDING * np.abs(limits))


def raised(limits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the limits (n,) plus the tolerance: only a decimal value above its limit is above the result."""
    return -lowered(-limits)
