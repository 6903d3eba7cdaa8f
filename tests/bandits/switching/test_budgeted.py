"""Learners that buy observations: budgets on every path, unbiased estimates by enumeration, the choice of feedback."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.core.rng import LEARNER
from bandits.losses import BernoulliLosses, LossTable
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import (
    BatchedDartboard,
    BatchedExp3,
    BudgetedExp3,
    Exp3,
    ExtraObservationLearner,
    ExtraObservations,
    SwitchingCostGame,
    TotalBudget,
)
from bandits.switching.budgeted import BudgetedParams
from bandits.switching.feedback import Play, Seen
from sims import simulate
from tests.bandits.switching.tracing import has_weights, plays_arm, trace
from tests.drivers import plain, play_plainly, stream_of
from tests.strategies import loss_tables

KINDS = ["bandit", "flexible", "full"]


def learner_for(looks, rate=None):
    return BudgetedExp3(rate) if looks == "bandit" else BatchedDartboard(rate)


@given(loss_tables(), st.sampled_from(KINDS), st.integers(1, 200), st.integers(0, 2**32))
def test_budget_is_kept_and_batches_hold_on_every_path(table, looks, budget, seed):
    horizon, n_actions = table.shape
    budget = min(max(budget, n_actions), horizon * n_actions)
    seen = trace(
        learner_for(looks), table, TotalBudget(budget, looks), seed=seed, weights_of=has_weights, arm_of=plays_arm
    )
    p = seen.parameters
    assert p.n_batches == -(-horizon // p.batch_length)
    assert seen.measured["observations"] == p.n_batches * p.n_looks <= budget
    for start in range(0, horizon, p.batch_length):
        assert len(set(seen.actions[start : start + p.batch_length])) == 1
    assert seen.measured["switches"] <= p.n_batches - 1


def play_one_batch(looks, table, rate, arm, look_round, looked, length):
    """Return the change of cumulative losses after one batch in which everything random is prescribed."""
    n_actions = table.shape[1]
    steps = learner_for(looks, rate).steps
    params = BudgetedParams(n_actions, rate, length, 1, n_actions if looks == "full" else 1, len(table))
    rng = stream_of(0, 0, LEARNER)
    state = plain(steps.init)(params, rng)
    before = state.weights.loss.copy()
    if params.n_looks == 1:
        state.looks[0] = looked
    losses = np.zeros(n_actions)
    for t in range(len(table)):
        state = state._replace(arm=arm, look_round=look_round)
        n = params.n_looks if t == look_round else 0
        losses[:n] = table[t, state.looks[:n]]
        state = plain(steps.update)(params, state, t, Play(arm, state.looks, n), Seen(np.nan, losses, n), rng)
    return state.weights.loss - before


@pytest.mark.parametrize("looks", KINDS)
@pytest.mark.parametrize("length", [4, 6])
def test_estimates_are_unbiased_for_the_batchs_mean_losses(looks, length):
    """E[lhat] = (losses of the batch) / tau over the round of the observation, the arm observed and the arm played.

    length 6 > 4 rounds: a last, shorter batch also divides by tau.
    """
    table = np.array([[0.2, 0.9, 0.5], [0.7, 0.1, 0.4], [0.3, 0.3, 1.0], [0.0, 0.6, 0.2]])
    rounds, n_actions = table.shape
    total, second = np.zeros(n_actions), 0.0
    law = np.full(n_actions, 1.0 / n_actions)  # the first batch's law
    outcomes = 0
    for look_round in range(rounds):
        for chosen in range(n_actions):
            arm, looked = (chosen, chosen) if looks == "bandit" else (0, chosen)
            if looks == "full" and chosen > 0:
                continue
            estimate = play_one_batch(looks, table, 0.3, arm, look_round, looked, length)
            total += estimate
            second += law @ estimate**2
            outcomes += 1
    if length > rounds and looks == "bandit":
        assert np.all(total == 0.0), "a batch that the horizon cuts is never fed: no round follows it"
        return
    assert np.allclose(total / outcomes, table.sum(axis=0) / length, rtol=1e-12)
    assert second / outcomes <= (1.0 if looks == "full" else n_actions) * (1 + 1e-12)


@pytest.mark.parametrize("budget", [2, 20, 200])
def test_tuned_rates_minimise_the_bounds(budget):
    """eta minimises tau ln K / eta + eta n (tau v + c), v = K/2 for one observation, 1/8 for all K."""
    for looks in ("flexible", "full"):
        game = SwitchingCostGame(BernoulliLosses([0.5, 0.4]), 1000, 0.7, TotalBudget(budget, looks))
        p = BatchedDartboard().parameters(game)
        curvature = p.batch_length * (1.0 if looks == "flexible" else 0.125) + 0.7

        def bound(eta, p=p, curvature=curvature):
            return p.batch_length * math.log(2) / eta + eta * p.n_batches * curvature

        assert bound(p.learning_rate) <= min(bound(p.learning_rate * f) for f in (0.9, 0.99, 1.01, 1.1))


def test_own_looks_stop_at_the_kink():
    """More budget than (T^2 K ln K / (2 c^2))^(1/3) is left unspent: it would cost more in switches."""
    horizon, n_actions = 1000, 4
    kink = (horizon**2 * n_actions * math.log(n_actions) / 2) ** (1 / 3)
    used = []
    for budget in (100, int(kink), 4 * int(kink), horizon):
        game = SwitchingCostGame(MultiScaleRandomWalk(n_actions), horizon, feedback=TotalBudget(budget, "bandit"))
        used.append(play_plainly(game, BudgetedExp3())[0, 0, game.metrics.index("observations")])
    assert used[0] == 100
    assert used[2] == used[3] <= kink


def test_extra_observations_switch_sides_once():
    horizon, n_actions = 10_000, 4
    chosen = [
        ExtraObservationLearner().uses_looks(
            SwitchingCostGame(MultiScaleRandomWalk(n_actions), horizon, feedback=ExtraObservations(b))
        )
        for b in (0, 10, 100, 1000, 10_000)
    ]
    assert chosen == sorted(chosen)
    assert not chosen[0]
    assert chosen[-1]


def test_without_looks_it_is_batched_exp3_bit_for_bit():
    walk = MultiScaleRandomWalk(4)
    extra = SwitchingCostGame(walk, 1000, feedback=ExtraObservations(5))
    free = play_plainly(SwitchingCostGame(walk, 1000), BatchedExp3(), 2, 8)
    looks = play_plainly(extra, ExtraObservationLearner(), 2, 8)
    bought = extra.metrics.index("observations")
    assert np.array_equal(np.delete(looks, bought, axis=2), np.delete(free, bought, axis=2))
    assert np.all(looks[:, :, bought] == 0.0)


def test_wrong_feedback_is_refused_with_advice():
    table = LossTable(np.zeros((10, 2)))
    bandit = SwitchingCostGame(table, 10, feedback=TotalBudget(5, "bandit"))
    with pytest.raises(TypeError, match="use BudgetedExp3"):
        simulate(bandit, BatchedDartboard())
    with pytest.raises(TypeError, match="Exp3 learns from Bandit feedback, but the problem gives TotalBudget"):
        simulate(bandit, Exp3())
    with pytest.raises(ValueError, match="BatchedDartboard needs a budget of at least 1, got 0"):
        simulate(SwitchingCostGame(table, 10, feedback=ExtraObservations(0)), BatchedDartboard())
    full = SwitchingCostGame(table, 10, feedback=TotalBudget(5, "full"))
    with pytest.raises(TypeError, match="for looks='full' use BatchedDartboard"):
        simulate(full, BudgetedExp3())
