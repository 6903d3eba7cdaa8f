"""Normalisation of weights to probabilities, without overflow."""

import numpy as np
from numpy.typing import NDArray


def proportions(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights (n,) >= 0, finite and not all 0, divided by their sum, which may overflow.

    They are first scaled by a power of two, which is exact: ordinary weights give the same bits without it.
    """
    scaled = np.ldexp(weights, -int(np.frexp(weights.max())[1]))
    return np.asarray(scaled / scaled.sum())
