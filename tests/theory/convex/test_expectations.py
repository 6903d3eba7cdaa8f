"""Bounds in expectation on their default cases, and how regret grows; compiled, in pairs that other tests compile."""

from dataclasses import replace

import numpy as np
import pytest

import theory
from bandits.convex import Ball, ConvexGame, OptimisticDescent, SEALosses
from sims import simulate
from theory.cases import Case, default_cases
from theory.testing import assert_bound_broken, assert_bound_holds

NAMES = ("chen2024.sea", "sachs2022.sea", "sachs2022.strong", "bubeck2012.two_point", "flaxman2005.one_point")


@pytest.mark.parametrize("name", NAMES)
def test_bounds_hold(name):
    """Each wrongly rejected with probability at most 1e-6; fixed seed."""
    for case in default_cases([name]):
        problem, learner, _ = Case(*case.make())
        assert_bound_holds(name, problem, learner, alpha=1e-6)


def test_a_bound_with_a_third_of_its_value_is_broken():
    """Of two points, whose case reaches half of it; the range of the regret is wide, so that few bounds are refuted."""
    problem, learner, _ = Case(*default_cases(["bubeck2012.two_point"])[0].make())
    bound = theory.theorem("bubeck2012.two_point")
    smaller = replace(bound, expression=bound.expression / 3)
    assert_bound_broken(smaller, problem, learner, alpha=1e-6)


def regrets(losses, T=4096):
    game = ConvexGame(losses, Ball(losses.dimension), T)
    return simulate(game, OptimisticDescent(), repetitions=20, seed=1, checkpoints=[T]).mean("regret")[-1]


def test_regret_grows_with_noise_and_with_drift():
    """In proportion to sigma, exactly: the play does not see the scale. Against signs, in proportion to their size."""
    noises, scales = np.array([0.05, 0.2, 0.8, 3.2]), np.array([0.1, 0.3, 0.9])
    by_noise = [regrets(SEALosses(np.zeros(5), noise=noise)) for noise in noises]
    assert np.polyfit(np.log(noises), np.log(by_noise), 1)[0] == pytest.approx(1.0, abs=1e-9)
    by_drift = [regrets(SEALosses([scale, 0.0], "sign")) for scale in scales]
    assert by_drift / scales == pytest.approx(np.full(3, by_drift[0] / 0.1), rel=1e-6)
    game = ConvexGame(SEALosses(np.zeros(5), noise=0.8), Ball(5), 4096)
    ratio = by_noise[2] / theory.theorem("chen2024.sea").value_for(game, OptimisticDescent())
    assert 0.05 < ratio < 1.0
