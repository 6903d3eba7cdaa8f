"""Suggestions: when to show one, and what showing does to trust."""

import numpy as np
import pytest

import theory
from bandits.threshold import (
    EpochFeasibleSearch,
    OptimisticFeasibleSearch,
    Suggestions,
    ThresholdGame,
    price_of_checking,
)
from bandits.threshold.population import mean_reward
from tests.drivers import plain


@pytest.mark.slow
def test_it_pays_to_show_what_is_likelier_than_the_share_of_time():
    """With trust 1: from v / s on; the reward there is (1 - v / s)^2 / 2 times s / (s - v)."""
    price = price_of_checking(3.0, 10.0)
    assert price == pytest.approx(3 / 7)
    game = ThresholdGame(Suggestions((1.0, 1.0), 0.0, 0.0), 10, 101, price=price)
    found = game.fixed_points
    assert game.thresholds[found.best] == pytest.approx(0.3)
    assert found.reward[found.best] == pytest.approx(0.7**2 / 2 / 0.7, rel=1e-12)
    assert found.reward[-1] == 0.0  # nothing shown
    assert found.feasible.all()


def test_trust_settles_in_closed_form():
    """At base / (1 - lift (1 + theta) / 2); the best threshold shows less than pays at the trust that it leads to."""
    loop, frozen = (Suggestions((0.7, 0.4), 0.3, k) for k in (0.1, 0.0))
    games = [ThresholdGame(people, 10, 201, price=price_of_checking(1.0, 3.0)) for people in (loop, frozen)]
    found, theta = games[0].fixed_points, games[0].thresholds
    trust = np.array([0.7, 0.4]) / (1.0 - 0.15 * (1.0 + theta[:-1, None]))
    assert found.state[:-1] == pytest.approx(trust, rel=1e-12)
    assert found.state[-1] == pytest.approx([0.7, 0.4])
    reward = 1.5 * trust.mean(axis=1) * (1.0 - theta[:-1] ** 2) / 2 - 0.5 * (1.0 - theta[:-1])
    assert found.reward[:-1] == pytest.approx(reward, rel=1e-9, abs=1e-12)
    best = [game.thresholds[game.fixed_points.best] for game in games]
    assert best == pytest.approx([theta[reward.argmax()], 1 / 3 / 0.55], abs=0.0026)  # half a step of the grid
    assert best[0] > 1 / 3 / trust[reward.argmax()].mean() + 0.005  # above what is best for the trust that it leads to


def test_the_reward_is_that_of_its_definition():
    people, theta = Suggestions((0.6, 0.2), 0.4, 0.5, 0.25), np.array([0.5])
    setting = people.setting(theta)
    rates = plain(people.steps.rates)(setting, plain(people.steps.init)(setting), 0)
    x = (np.arange(100_000) + 0.5) / 100_000
    worth = sum(w * ((1 + 2.0) * trust * x - 2.0)[x >= 0.5].sum() for w, trust in ((0.75, 0.6), (0.25, 0.2))) / x.size
    assert mean_reward(rates, 2.0) == pytest.approx(worth, rel=1e-9)
    assert people.contraction == 0.7
    assert people.reachable == ((0.6, 1.0), (0.2, pytest.approx(1 / 3)))


def test_the_theorems_of_the_search_apply():
    still, loop = (ThresholdGame(Suggestions(adaptation=k), 1000, 5) for k in (0.0, 0.1))
    assert theory.theorem("du2025.regret").applies(still, OptimisticFeasibleSearch()) == []
    assert theory.theorem("du2025.regret").applies(loop, OptimisticFeasibleSearch()) != []
    assert theory.theorem("du2025.epoch_regret").applies(loop, EpochFeasibleSearch()) == []


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Suggestions((0.8, 0.1), 0.3), "base \\+ lift must be at most 1"),
        (lambda: Suggestions((0.8,), 0.1), "base must have one number"),
        (lambda: Suggestions(lift=0.95), "lift must be"),
        (lambda: Suggestions(share=1.5), "share must be"),
        (lambda: price_of_checking(5.0, 5.0), "check must be less than saved"),
    ],
)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said):
        make()
