"""Proven ranges of convex games hold for every play, and are attained where they can be."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from bandits import convex
from bandits.convex import Ball, ConvexGame, GradientTable, OnePoint, QuadraticLosses, SEALosses
from sims import simulate
from tests.theory.convex.test_theorems import games
from theory.ranges import proven_range

METRICS = ("loss", "best_loss", "regret", "linear_regret", "path")


@settings(max_examples=25)
@given(games())
def test_plays_are_within_the_ranges(drawn):
    game, targets = drawn
    for losses in (game.losses, QuadraticLosses(targets, 0.5)):
        played = replace(game, losses=losses)
        learner = convex.LazyOGD(block=2, step=5.0)
        run = simulate(played, learner, repetitions=1, checkpoints=[game.horizon], backend="python")
        for metric in METRICS:
            low, high = proven_range(played, learner, metric)
            assert low <= run.final(metric)[0] <= high


def test_ranges_that_are_attained():
    """The farthest point from the best one in every round; there and back in every round."""
    game = ConvexGame(GradientTable(np.tile([[2.0, 0.0]], (6, 1))), Ball(2), 6, switching_cost=0.5)
    assert proven_range(game, convex.OGD(), "regret")[1] == pytest.approx(6 * 4.0 + 0.5 * 5 * 2.0)
    assert proven_range(game, convex.OGD(), "regret")[0] == pytest.approx(-6 * 4.0)
    assert proven_range(game, convex.OGD(), "path") == pytest.approx((0.0, 10.0), abs=1e-6)
    assert proven_range(game, convex.OGD(), "loss") == pytest.approx((-12.0, 12.0))
    with pytest.raises(ValueError, match="no proven range of 'variation'"):
        proven_range(game, convex.OGD(), "variation")


def test_random_losses_and_values():
    losses = SEALosses([0.5, -0.25], "sign", noise=0.5, curvature=1.0)
    for feedback, learner in ((convex.Gradient(), convex.OptimisticFTRL()), (OnePoint(), convex.OnePointDescent())):
        game = ConvexGame(losses, Ball(2), 12, feedback)
        run = simulate(game, learner, repetitions=5, checkpoints=[12], backend="python")
        for metric in METRICS[:3]:
            low, high = proven_range(game, learner, metric)
            assert low <= run.final(metric).min() <= run.final(metric).max() <= high
