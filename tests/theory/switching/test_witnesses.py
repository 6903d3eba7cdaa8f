"""The search for the worst losses: against dynamic programming, exhaustive enumeration, hand-made and random tables."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest

from bandits.losses import LossTable
from bandits.switching import BatchedExp3, Exp3, FullInformation, Hedge, SwitchingCostGame, TsallisSwitch
from theory.switching import exact
from theory.switching.witnesses.losses import handmade
from theory.switching.witnesses.minimax import expert_value, worst_case_of_two
from theory.switching.witnesses.search import search, worst_losses


def hedge_bound(horizon, n_actions):
    return math.sqrt(horizon * math.log(n_actions) / 2.0)


def folklore(horizon, n_actions):
    """Return what one would try by hand, written apart from the search: steady, alternating, switching, ones first."""
    t, arms = np.arange(horizon)[:, None], np.arange(n_actions)[None]
    steady = np.tile((arms > 0).astype(float), (horizon, 1))
    return [
        steady,
        (t % n_actions == arms).astype(float),
        (t % n_actions != arms).astype(float),
        np.where(t < horizon // 2, 1.0, steady),
        np.where(t < horizon // 2, steady, 1.0 - steady),
        np.tile(np.linspace(0.0, 1.0, n_actions), (horizon, 1)),
    ]


@pytest.mark.parametrize(("n_actions", "horizon"), [(2, 50), (10, 500)])
def test_the_search_beats_random_and_handmade_tables_and_no_true_bound(n_actions, horizon):
    rate = math.sqrt(8.0 * math.log(n_actions) / horizon)
    bound = hedge_bound(horizon, n_actions)
    witness = worst_losses("hedge", horizon, n_actions, rate, bound=bound)
    generator = np.random.default_rng(3)
    rivals = [*folklore(horizon, n_actions), *(generator.random((200, horizon, n_actions)) < 0.5).astype(float)]
    assert witness.regret > max(exact.hedge(table, rate).regret() for table in rivals)
    assert 0.9 < witness.ratio <= 1.0
    assert witness.regret == pytest.approx(exact.hedge(witness.losses, rate).regret(), abs=1e-12)
    assert witness.losses.shape == (horizon, n_actions)
    assert (witness.losses >= 0.0).all()
    assert (witness.losses <= 1.0).all()


@pytest.mark.parametrize(("rule", "cost"), [("dartboard", 1.0), ("hedge", 0.0)])
def test_two_actions_reach_the_exact_worst_case(rule, cost):
    rate = math.sqrt(math.log(2.0) / (200 * (cost + 0.125)))
    worst, _ = worst_case_of_two(200, rate, cost, lazy=rule == "dartboard")
    witness = worst_losses(rule, 200, 2, rate, cost, bound=1.0)
    assert witness.regret <= worst + 1e-9
    assert witness.regret >= 0.995 * worst


def test_the_gradient_alone_finds_the_dartboards_worst_case():
    """Started from random tables only, the ascent reaches the dynamic program's 16.3616."""
    from bandits.core.jax_settings import local_settings
    from theory.switching.witnesses.search import _climber, _random_tables

    rate = math.sqrt(8.0 * math.log(2.0) / 1800.0)
    with local_settings():
        climbed = np.asarray(_climber("dartboard", 400, 1)(_random_tables(4, 200, 2, 9), rate, 1.0))
    assert climbed.dtype == np.float64
    regrets = [exact.shrinking_dartboard(np.rint(table), rate).regret(1.0) for table in climbed]
    assert max(regrets) == pytest.approx(16.3616, abs=1e-3)


def test_exp3_reaches_the_exhaustive_maximum():
    """All 2^10 tables of 0/1 losses with T = 5, K = 2."""
    rate = math.sqrt(2.0 * math.log(2.0) / 10.0)
    tables = np.array(list(itertools.product((0.0, 1.0), repeat=10))).reshape(-1, 5, 2)
    exhaustive = max(exact.exp3(table, rate).regret(0.5) for table in tables)
    witness = worst_losses("exp3", 5, 2, rate, 0.5, bound=math.sqrt(20.0 * math.log(2.0)) + 2.0, restarts=8, steps=150)
    assert witness.regret >= exhaustive - 1e-9
    assert witness.ratio <= 1.0


def test_hedges_witness_is_no_better_than_the_value_of_the_game():
    rate = math.sqrt(8.0 * math.log(2.0) / 12.0)
    witness = worst_losses("hedge", 12, 2, rate, bound=hedge_bound(12, 2), restarts=4, steps=50)
    assert expert_value(12, 2) <= witness.regret <= hedge_bound(12, 2)


def test_search_reads_the_game_and_the_learner():
    game = SwitchingCostGame(LossTable(np.zeros((50, 3))), 50, switching_cost=0.0, feedback=FullInformation())
    found = search(hedge_bound(50, 3), game, Hedge(), restarts=4, steps=50)
    rate = math.sqrt(8.0 * math.log(3.0) / 50.0)
    again = worst_losses("hedge", 50, 3, rate, bound=hedge_bound(50, 3), restarts=4, steps=50)
    assert found.regret == again.regret
    np.testing.assert_array_equal(found.losses, again.losses)
    assert found.ratio == found.regret / hedge_bound(50, 3)


def test_search_through_batches_of_exp3():
    """Three batches, the last one short."""
    game = SwitchingCostGame(LossTable(np.zeros((20, 2))), 20, switching_cost=1.0)
    found = search(100.0, game, BatchedExp3(0.3, 7), restarts=4, steps=50)
    assert found.regret == pytest.approx(exact.exp3(found.losses, 0.3, 7).regret(1.0))
    assert found.regret >= max(exact.exp3(table, 0.3, 7).regret(1.0) for table in folklore(20, 2))


def test_handmade_tables_have_their_shapes():
    tables = handmade(10, 3)
    assert tables.shape[1:] == (10, 3)
    assert set(np.unique(tables)) == {0.0, 1.0}
    assert len(np.unique(tables.reshape(len(tables), -1), axis=0)) >= 8


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: worst_losses("exp4", 5, 2, 0.1, bound=1.0), ValueError, "rule"),
        (lambda: worst_losses("exp3", 40, 2, 0.1, bound=1.0), ValueError, "leaves"),
        (lambda: worst_losses("hedge", 5, 2, 0.1, bound=0.0), ValueError, "bound"),
        (lambda: search(1.0, None, TsallisSwitch()), TypeError, "no exact regret to climb for TsallisSwitch"),
        (lambda: search(1.0, SwitchingCostGame(LossTable(np.zeros((40, 2))), 40), Exp3()), ValueError, "leaves"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_jax_is_imported_only_by_the_search():
    code = "import sys, theory.switching.witnesses.search, theory.switching.exact; assert 'jax' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
