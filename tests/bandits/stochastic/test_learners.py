"""Stochastic bandits and their learners from a user's side."""

import numpy as np
import pytest

from bandits.combine import blocked
from bandits.losses import BernoulliLosses, FiniteLosses, GaussianLosses
from bandits.stochastic import (
    ETC,
    KLUCB,
    UCB,
    UCB1,
    UCBV,
    BetaThompson,
    DiscountedUCB,
    EpsilonGreedy,
    GaussianThompson,
    SlidingWindowUCB,
    SuccessiveElimination,
    stochastic_bandit,
)
from bandits.switching import SwitchingCostGame
from sims import simulate


def test_rewards_are_losses_of_the_game_without_switching_costs():
    assert stochastic_bandit([0.75, 0.25], 9) == SwitchingCostGame(BernoulliLosses([0.25, 0.75]), 9, 0.0)
    normal = GaussianLosses([0.0, 1.0])
    assert stochastic_bandit(normal, 9) == SwitchingCostGame(normal, 9, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("losses", "learner"),
    [
        (FiniteLosses([0.0, 0.5, 0.9], [[0.2, 0.5, 0.3], [0.5, 0.0, 0.5]]), UCB(sigma=2.0)),
        (GaussianLosses([0.5, 0.0, -1.0], 2.0), UCB(sigma=2.0)),
    ],
)
def test_losses_beside_0_and_1_are_played_alike_by_both_engines(losses, learner):
    game = stochastic_bandit(losses, 200)
    run = simulate(game, learner, repetitions=2, seed=3)
    plain = simulate(game, learner, repetitions=2, seed=3, backend="python")
    assert np.array_equal(run.values, plain.values)
    regret = run.final("loss") - run.final("best_loss")
    assert regret == pytest.approx(run.final("regret"), abs=1e-12)


WRONG = [
    (lambda: stochastic_bandit([0.5, 1.5], 9), ValueError, r"rewards must lie in \[0, 1\]"),
    (lambda: stochastic_bandit([[0.5]], 9), ValueError, "rewards must have 1 non-empty axes"),
    (lambda: stochastic_bandit("ab", 9), TypeError, "rewards must be an array of numbers"),
    (lambda: stochastic_bandit([0.5], 0), ValueError, "horizon must be at least 1"),
    (lambda: UCB1(0.0), ValueError, "exploration must be"),
    (lambda: UCB(1.0), ValueError, "failure_probability must be"),
    (lambda: UCB(sigma=-1.0), ValueError, "sigma must be"),
    (lambda: UCBV(range_factor=-1), ValueError, "range_factor must be"),
    (lambda: KLUCB("ln"), ValueError, "exploration must be one of log, book, got 'ln'"),
    (lambda: GaussianThompson(flat=1), TypeError, "flat must be True or False"),
    (lambda: EpsilonGreedy(-0.1), ValueError, "epsilon must be"),
    (lambda: ETC(0), ValueError, "pulls must be at least 1"),
    (lambda: SuccessiveElimination(0), ValueError, "sigma must be"),
    (lambda: SlidingWindowUCB(0), ValueError, "window must be between 1"),
    (lambda: DiscountedUCB(1.5), ValueError, "discount must be"),
    (lambda: DiscountedUCB(1e-9), ValueError, "discount must be"),
    (lambda: FiniteLosses([0.0, 1.0], [[0.5, 0.6]]), ValueError, "weights must sum to 1 in every row, got 1.1"),
    (
        lambda: FiniteLosses([0.0, 1.0], [[1.0]]),
        ValueError,
        "must be equally many, got 2, 1",
    ),
    (lambda: FiniteLosses([0.0, 2.0], [[0.5, 0.5]]), ValueError, r"values must lie in \[0, 1\]"),
    (lambda: GaussianLosses([np.nan]), ValueError, "means must lie in"),
    (lambda: GaussianLosses([0.0], -1.0), ValueError, "sigma must be"),
]


@pytest.mark.parametrize(("make", "kind", "message"), WRONG)
def test_wrong_arguments_are_refused(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


@pytest.mark.parametrize("learner", [KLUCB(), BetaThompson(), blocked(KLUCB(), 2)])
def test_losses_beyond_0_and_1_are_refused_where_they_make_no_sense(learner):
    game = stochastic_bandit(GaussianLosses([0.0, 1.0]), 9)
    with pytest.raises(ValueError, match=r"needs losses in \[0, 1\]: those of GaussianLosses are not declared"):
        simulate(game, learner)
