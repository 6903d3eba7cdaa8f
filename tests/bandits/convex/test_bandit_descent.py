"""Descent by values: its estimates of gradients are unbiased, its points stay inside."""

from functools import partial

import numpy as np
import pytest

import sims
from bandits import convex
from bandits.convex import (
    Ball,
    Box,
    ConvexGame,
    GradientTable,
    OnePoint,
    Pair,
    TwoPoints,
    bandit_descent,
)
from bandits.core.jit import kernel
from bandits.core.normal import draw_direction
from tests.drivers import plain, stream_of
from tests.mutants.rejection import rejected

simulate = partial(sims.simulate, backend="python")


def estimates(learner, game, steps=None):
    """Return the mean over 400 directions of the moves, divided by the rate: the estimate of the gradient (2,)."""
    params = learner.parameters(game)
    g, found = game.losses.gradients[0], []
    for angle in 2.0 * np.pi * np.arange(400) / 400:
        s = np.array([np.cos(angle), np.sin(angle)])
        state = bandit_descent.EstimateState(np.array([0.1, -0.2]), s, np.zeros(2), np.zeros(2))
        first, second = (state.x + side * params.reach * s for side in (1.0, -1.0))
        before = state.x.copy()
        if isinstance(game.feedback, TwoPoints):
            plain(steps or learner.steps.update)(
                params, state, 0, Pair(first, second), Pair(g @ first, g @ second), None
            )
        else:
            plain(steps or learner.steps.update)(params, state, 0, first, g @ first, None)
        found.append((before - state.x) / params.learning_rate)
    return np.array(found)


def check_unbiased(learner, feedback, steps=None):
    g = np.array([0.3, -0.8])
    game = ConvexGame(GradientTable([g]), Ball(2), 1, feedback)
    found = estimates(learner, game, steps)
    assert found.mean(axis=0) == pytest.approx(g, abs=1e-6)
    if isinstance(feedback, TwoPoints):
        assert np.linalg.norm(found, axis=1).max() <= 2 * np.linalg.norm(g) * (1.0 + 1e-6)


@kernel
def without_dimension(params, state, t, x, loss, rng):
    return bandit_descent._descend(params, state, loss / state.x.size)


@kernel
def at_half(params, state, t, x, losses, rng):
    return bandit_descent._descend(params, state, 0.5 * (losses.first - losses.second))


@pytest.mark.slow
def test_estimates_are_unbiased():
    """The mean over the sphere is the gradient of a linear loss; two points bound the estimate by G d."""
    one, two = convex.OnePointDescent(0.3, 1e-3), convex.TwoPointDescent(0.3, 1e-3)
    check_unbiased(one, OnePoint())
    check_unbiased(two, TwoPoints())
    rejected(check_unbiased, one, OnePoint(), without_dimension)
    rejected(check_unbiased, two, TwoPoints(), at_half)


def test_points_lie_along_a_drawn_direction():
    found = np.zeros((3, 3))
    for t, out in enumerate(found):
        plain(draw_direction)(stream_of(5, 0, 0), t, out)
    game = ConvexGame(GradientTable(np.eye(3)), Ball(3), 3, TwoPoints())
    run = simulate(game, convex.TwoPointDescent(0.25), repetitions=1, seed=5, record=("actions",))
    first, second = run.actions["first"][0], run.actions["second"][0]
    assert (first - second) / 0.5 == pytest.approx(found, abs=1e-9)


def test_points_of_bandit_descent_stay_inside():
    """Large steps are projected on the shrunk box around its centre; the game refuses points outside."""
    box = Box([1.0, -2.0], [2.0, 0.0])
    game = ConvexGame(GradientTable(np.tile([[1.0, -1.0]], (40, 1))), box, 40, OnePoint())
    run = simulate(game, convex.OnePointDescent(0.2, 0.5), repetitions=2, record=("actions",))
    assert np.abs(run.actions - box.region.start).max() > 0.45
