"""Weights turned into probabilities, whatever their size."""

import numpy as np
from numpy.typing import NDArray


def proportions(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights (n,) >= 0, finite and not all 0, divided by their sum, which itself may be beyond all floats.

    They are first scaled by a power of two, which costs no digit: ordinary weights give the same bits without it.
    """
    scaled = np.ldexp(weights, -int(np.frexp(weights.max())[1]))
    return np.asarray(scaled / scaled.sum())
