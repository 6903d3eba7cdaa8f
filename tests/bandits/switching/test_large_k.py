"""EXP3 with many actions: the tree of sums draws what the plain scan draws, and neither drifts nor vanishes."""

import math
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.core.exponential_weights import (
    add_loss,
    draw,
    probability,
    tree_add_loss,
    tree_draw,
    tree_probability,
    uniform_tree,
    uniform_weights,
)
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.protocol import LearnerSteps
from bandits.switching import BatchedExp3, Exp3, SwitchingCostGame
from bandits.switching.exp3 import MANY_ACTIONS
from sims import simulate
from tests.drivers import plain, play_plainly

U = 2.0**-53
scan_init, scan_add, scan_draw, scan_law = map(plain, (uniform_weights, add_loss, draw, probability))
tree_init, tree_add, tree_pick, tree_law = map(plain, (uniform_tree, tree_add_loss, tree_draw, tree_probability))


class ScannedExp3(Exp3):
    """EXP3 by the plain scan for every K."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(*Exp3.steps)


class ScannedBatches(BatchedExp3):
    """Batched EXP3 by the plain scan for every K."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(*BatchedExp3.steps)


def law_of(tree):
    return np.array([tree_law(tree, arm) for arm in range(tree.loss.size)])


def check_sums(tree):
    """Every inner sum is that of its children, exactly; the leaves beyond K are empty."""
    leaves = tree.sums.size // 2
    assert leaves >= tree.loss.size > leaves // 2
    assert np.array_equal(tree.sums[1:leaves], tree.sums[2:].reshape(-1, 2).sum(axis=1))
    assert not tree.sums[leaves + tree.loss.size :].any()


def exact_law(losses, rate):
    weights = np.exp(-rate * (losses - losses.min()))
    return weights / weights.sum()


@given(st.integers(1, 200), st.integers(0, 2**32), st.floats(1e-3, 3.0))
def test_same_actions_and_laws_as_the_scan(n_actions, seed, rate):
    """Both play 60 rounds of importance-weighted losses by the same uniforms."""
    random = np.random.default_rng(seed)
    scan, tree = scan_init(n_actions), tree_init(n_actions)
    for u, loss in random.random((60, 2)):
        arm = tree_pick(tree, u)
        assert arm == scan_draw(scan, u)
        estimate = loss / scan_law(scan, arm)
        scan, tree = scan_add(scan, rate, arm, estimate), tree_add(tree, rate, arm, estimate)
    check_sums(tree)
    assert np.allclose(law_of(tree), [scan_law(scan, i) for i in range(n_actions)], rtol=0.0, atol=1e-12)
    assert np.allclose(law_of(tree), exact_law(tree.loss, rate), rtol=1e-12, atol=1e-250)
    assert math.isclose(law_of(tree).sum(), 1.0, rel_tol=n_actions * U * 4)


@given(st.integers(1, 200), st.integers(0, 2**32), st.lists(st.floats(0.0, 1.0 - U), min_size=1, max_size=20))
def test_a_draw_is_the_inverse_of_the_distribution(n_actions, seed, quantiles):
    """cumulative(arm - 1) <= u < cumulative(arm) up to the rounding of K additions; no action of weight 0."""
    random = np.random.default_rng(seed)
    tree = tree_init(n_actions)
    for arm in random.choice(n_actions, n_actions // 2, replace=False):
        tree = tree_add(tree, 1.0, arm, random.choice([0.1, 3.0, 60.0, 800.0]))
    law = law_of(tree)
    ends = np.concatenate([[0.0], np.cumsum(law)])
    slack = 4 * n_actions * U
    for u in [*quantiles, 0.0, 1.0 - U, *ends[:-1]]:
        arm = tree_pick(tree, min(u, 1.0 - U))
        assert law[arm] > 0.0
        assert ends[arm] - slack <= u <= ends[arm + 1] + slack


@pytest.mark.parametrize("n_actions", [1, 2, 96, 127, 129])
def test_a_target_past_the_last_positive_weight_is_carried_back(n_actions):
    tree = tree_init(n_actions)
    for arm in range(1, n_actions):
        tree = tree_add(tree, 1.0, arm, 1e4)  # exp(-1e4) is 0
    assert tree_pick(tree, 1.0 - U) == 0
    assert tree_pick(tree, 1.0) == 0


@pytest.mark.slow
def test_weights_survive_the_losses_of_the_longest_runs():
    """Estimates as large as T = 10^8 rounds of K = 100 make them: nothing overflows, vanishes or drifts."""
    random = np.random.default_rng(5)
    n_actions, rate, remade = 100, 0.05, 0
    tree = tree_init(n_actions)
    while tree.loss.min() < 1e8:
        arm = tree_pick(tree, random.random())
        before = tree.floor
        tree = tree_add(tree, rate, arm, random.random() * 1e6 / tree_law(tree, arm))
        remade += tree.floor != before
        assert 0.0 < tree.sums[1] <= n_actions
    check_sums(tree)
    assert remade > 100
    assert np.allclose(law_of(tree), exact_law(tree.loss, rate), rtol=1e-12, atol=1e-250)


def test_an_arm_whose_weight_vanished_returns():
    tree = tree_init(3)
    tree = tree_add(tree, 1.0, 0, 5000.0)
    assert tree_law(tree, 0) == 0.0
    tree = tree_add(tree_add(tree, 1.0, 1, 5000.0), 1.0, 2, 5000.0)
    assert law_of(tree) == pytest.approx([1 / 3] * 3, rel=1e-15)


@pytest.mark.parametrize(("kind", "scanned"), [(Exp3, ScannedExp3), (BatchedExp3, ScannedBatches)])
def test_the_tree_takes_over_from_many_actions_only(kind, scanned):
    def steps(n_actions, learner):
        return learner.steps_for(SwitchingCostGame(MultiScaleRandomWalk(n_actions), 100))

    assert steps(MANY_ACTIONS - 1, kind()) is kind.steps
    assert steps(MANY_ACTIONS, kind()) is not kind.steps
    assert steps(MANY_ACTIONS, scanned()) is scanned.steps


def test_batches_of_many_actions_equal_those_of_the_scan():
    """600 rounds, 200 batches: as below, a rounding decides a draw with probability below 1e-6; the seed is fixed."""
    game = SwitchingCostGame(MultiScaleRandomWalk(MANY_ACTIONS), 600)
    runs = [play_plainly(game, learner, 1, 11) for learner in (BatchedExp3(0.02, 3), ScannedBatches(0.02, 3))]
    assert np.array_equal(*runs)
    assert runs[0][0, -1, game.metrics.index("switches")] > 100


@pytest.mark.slow
def test_simulated_runs_equal_those_of_the_scan():
    """Both divide by their own probabilities, which magnifies a rounding (1 + eta / p) times with each draw of an arm.

    With 200 actions, 2000 rounds and eta = 0.005 that is 2^10 per run, so that a rounding of 2^-45 in a cumulative
    sum decides one of the 8000 draws with probability below 8000 x 200 x 2^-35 = 5e-5; the seed is fixed.
    """
    game = SwitchingCostGame(MultiScaleRandomWalk(200), 2000)
    runs = [simulate(game, learner, repetitions=4, seed=11) for learner in (Exp3(0.005), ScannedExp3(0.005))]
    assert np.array_equal(runs[0].values, runs[1].values)
    assert runs[0].final("switches").min() > 1000
