"""Weights whose sum, squares or products are beyond all floats mean what their ratios say."""

import numpy as np
import pytest

from bandits.core.weights import proportions
from bandits.one_sided import (
    Crowd,
    FixedPolicy,
    GroupThresholds,
    MahalanobisDistance,
    OneSidedGame,
    Panel,
    Panels,
    ScaledDistance,
)
from bandits.preference import PreferenceGame, StackelbergGame, games
from sims import simulate

FEATURES = [[0.0], [0.4], [1.0]]


@pytest.mark.parametrize("unit", [1e-320, 1e-300, 1.0, 1e300, 8e307])
def test_proportions(unit):
    weights = np.array([1.0, 2.0, 0.0, 1.0])
    assert proportions(unit * weights) == pytest.approx([0.25, 0.5, 0.0, 0.25], rel=1e-3 if unit < 1e-310 else 1e-15)


def test_ordinary_weights_keep_their_bits():
    weights = np.random.default_rng(0).random(50)
    assert proportions(weights).tolist() == (weights / weights.sum()).tolist()


def outcome(unit):
    people = Crowd(FEATURES, [0.1, 0.5, 0.9], weights=unit * np.array([1.0, 2.0, 1.0]))
    game = OneSidedGame(people, GroupThresholds(3), Panels(Panel(ScaledDistance((1.0,)))), 50)
    return simulate(game, FixedPolicy(unit * np.array([1.0, 1.0, 2.0]))).values.tolist()


@pytest.mark.slow
def test_crowds_and_policies():
    assert outcome(8e307) == outcome(1.0) == outcome(1e-300)


def test_distances():
    x = np.array(FEATURES)
    assert ScaledDistance((1e100,)).distances(x).tolist() == (1.0 - np.eye(3)).tolist()
    assert ScaledDistance((1e-100,)).distances(1e100 * x) == pytest.approx(ScaledDistance((1.0,)).distances(x))
    big = MahalanobisDistance([[1e100]], 1e-100)
    assert big.distances(x) == pytest.approx(MahalanobisDistance([[1.0]], 1.0).distances(x))
    opposite = MahalanobisDistance([[1e100, -1e100]], 1.0).distances(np.array([[1.0, 1.0], [1e100, 1e100]]))
    assert opposite.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_rewards():
    sure = games.bradley_terry([1e100, -1e100, 0.0])
    assert sure[0].tolist() == pytest.approx([0.5, 1.0, 1.0], abs=1e-15)
    hard = games.annotator_mixture([1.0], [[1e100, -1e100]], hard=True)
    assert hard.tolist() == [[0.5, 1.0], [0.0, 0.5]]


def test_numbers_whose_products_are_beyond_all_floats_are_refused():
    with pytest.raises(ValueError, match=r"blades must lie in \[-1e\+100, 1e\+100\]"):
        games.blade_chest([[1e200, 1e200], [1e200, -1e200]], [[1e200, -1e200], [1e200, 1e200]])
    with pytest.raises(ValueError, match=r"x must lie in \[-1e\+100, 1e\+100\]"):
        games.disc([[1e200], [1.0]], [[1e200], [1.0]], [1.0])


@pytest.mark.parametrize("tiny", [5e-324, 1e-320, 1e-101])
def test_weights_too_small_to_divide_by(tiny):
    for make in (
        lambda: StackelbergGame([[0.5, 0.8], [0.2, 0.5]], 0.2, tiny),
        lambda: PreferenceGame([[0.5, 0.8], [0.2, 0.5]], 10, tiny),
    ):
        with pytest.raises(ValueError, match="must be 0 or at least 1e-100"):
            make()
