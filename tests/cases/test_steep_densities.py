"""The density of greatest likelihood where comparisons are few, steep or of many sizes; its accuracy is as promised."""

import numpy as np
import pytest

from bandits.preference import fit_density, games


def luce_wins(density):
    return np.divide.outer(density, density) / (1.0 + np.divide.outer(density, density))


@pytest.mark.parametrize("least", [1e-3, 1e-9, 1e-30, 1e-100])
def test_steep_densities_are_recovered(least):
    for n in (2, 3, 7):
        density = np.geomspace(1.0, least, n)
        density /= density.sum()
        assert np.abs(np.log(fit_density(luce_wins(density)) / density)).max() < 1e-9


def test_a_steep_annotator_from_a_preference_matrix():
    """Entries of a preference matrix are right to 1e-16, so a ratio of 1e-9 is right to 1e-7."""
    density = np.array([1 - 1e-5 - 1e-9, 1e-5, 1e-9])
    assert np.abs(np.log(fit_density(games.luce(density)) / density)).max() < 1e-6


@pytest.mark.parametrize("tolerance", [1e-4, 1e-7, 1e-10])
@pytest.mark.parametrize("n", [10, 100, 300])
def test_ladders_of_neighbours_reach_the_tolerance(n, tolerance):
    strength = np.random.default_rng(n).normal(size=n)
    density = np.exp(strength) / np.exp(strength).sum()
    wins = np.where(np.abs(np.subtract.outer(np.arange(n), np.arange(n))) == 1, luce_wins(density), 0.0)
    assert np.abs(np.log(fit_density(wins, tolerance=tolerance) / density)).max() < 2.0 * tolerance


@pytest.mark.parametrize("unit", [1e-290, 1e-3, 1.0, 1e280])
def test_the_unit_of_the_wins_does_not_matter(unit):
    count = np.array([[0.0, 4.0, 1.0], [2.0, 0.0, 3.0], [5.0, 1.0, 0.0]])
    assert fit_density(unit * count) == pytest.approx(fit_density(count), rel=1e-12)


def test_counts_of_many_sizes():
    """Two clusters of frequent comparisons, and one comparison between them in each direction."""
    rng = np.random.default_rng(0)
    density = rng.dirichlet(np.ones(6))
    weight = np.ones((6, 6))
    weight[:3, :3] = weight[3:, 3:] = 1e9
    assert np.abs(np.log(fit_density(weight * luce_wins(density)) / density)).max() < 1e-6


@pytest.mark.parametrize(
    "wins",
    [[[0, 1], [0, 0]], [[0, 1, 1], [1, 0, 1], [0, 0, 0]], np.zeros((2, 2)), np.kron(np.eye(2), np.ones((2, 2)))],
)
def test_no_maximum_is_said(wins):
    with pytest.raises(ValueError, match="wins must hold, for every set of actions, one over an action outside it"):
        fit_density(wins)
