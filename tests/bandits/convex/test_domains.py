"""Domains of convex games: projections and least points, held to their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.convex import (
    Ball,
    Box,
    Simplex,
)
from bandits.core import regions
from bandits.core.jit import kernel
from tests.drivers import plain
from tests.mutants.rejection import rejected

SETS = [Ball(3, 0.7), Box([-1.0, 0.2, -0.5], [-0.5, 1.0, 2.0]), Simplex(3)]
vectors = st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3).map(np.array)


def check_projection(domain, y, z):
    """<y - Py, z - Py> <= 0 for z in the domain, and what follows: P is idempotent and shortens distances."""
    project = plain(regions.project)
    py, pz = y.copy(), z.copy()
    project(domain.region, py)
    project(domain.region, pz)
    assert domain.contains(py)
    assert domain.contains(pz)
    assert (y - py) @ (pz - py) <= 1e-9
    again = py.copy()
    project(domain.region, again)
    assert again == pytest.approx(py, abs=1e-12)
    assert np.linalg.norm(py - pz) <= np.linalg.norm(y - z) + 1e-12


@settings(max_examples=50)
@given(st.sampled_from(SETS), vectors, vectors)
def test_projections(domain, y, z):
    check_projection(domain, y, z)
    assert np.linalg.norm(y - z) <= domain.diameter or not (domain.contains(y) and domain.contains(z))
    point = np.zeros(3)
    plain(regions.least_point)(domain.region, y, point)
    assert domain.contains(point)
    if y.any():
        assert y @ point == pytest.approx(plain(regions.least_linear)(domain.region, y), abs=1e-9)


@kernel
def by_coordinates(region, x):
    for i in range(x.size):
        x[i] = min(max(x[i], -region.radius), region.radius)


def test_mutant_of_projection(monkeypatch):
    monkeypatch.setattr(regions, "project", by_coordinates)
    rejected(check_projection, SETS[0], np.array([2.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.0]))


def test_the_largest_point_is_a_corner_on_either_side():
    assert Box([-2.0, 0.0], [1.0, 1.5]).largest == 2.5
    assert (Ball(2, 0.5).largest, Simplex(4).largest) == (0.5, 1.0)
