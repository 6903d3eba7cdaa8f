"""Kernels of vectors against NumPy."""

import numpy as np
import pytest

from bandits.core.linear_algebra import dot, first_least, sigmoid, square_norm
from tests.drivers import plain

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_products(d):
    x, y, matrix = RNG.normal(size=d), RNG.normal(size=d), RNG.normal(size=(d, d))
    matrix = matrix + matrix.T
    assert plain(dot)(x, y) == pytest.approx(x @ y, rel=1e-12)
    assert plain(square_norm)(matrix, x) == pytest.approx(x @ matrix @ x, rel=1e-12)


def test_the_first_of_the_least():
    assert plain(first_least)(np.array([0.5, 0.2, 0.9, 0.2])) == (1, 0.2)
    assert plain(first_least)(np.array([0.5])) == (0, 0.5)


def test_sigmoid():
    """Without an overflow at either end."""
    values = [plain(sigmoid)(value) for value in (-1000.0, -2.0, 0.0, 2.0, 1000.0)]
    assert values == pytest.approx([0.0, 1.0 / (1.0 + np.exp(2.0)), 0.5, 1.0 / (1.0 + np.exp(-2.0)), 1.0], rel=1e-12)
