"""EXP3, batched EXP3 and Tsallis-INF over blocks: laws, estimates, batches."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.losses import BernoulliLosses
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import Bandit, BatchedExp3, Exp3, SwitchingCostGame, TsallisSwitch
from bandits.switching.tsallis_switch import tsallis_probabilities
from sims import simulate
from tests import references
from tests.bandits.switching.known_answers import ROWS, check_means
from tests.bandits.switching.tracing import inside_blocks, trace
from tests.drivers import play_plainly
from tests.strategies import loss_tables


def check_laws(seen, table, rate, length=1):
    """The laws are exponential weights on estimates made from the definition with the laws that were recorded.

    Dividing by the recorded p keeps rounding from feeding back through 1 / p. What is left, relative to the law, is
    that of sums of n terms in the exponent, 8 (n + K) u (1 + eta Lhat), and of the running total, 512 u.
    """
    estimate = np.zeros(table.shape[1])
    for start in range(0, len(table), length):
        law = references.softmax(-rate * estimate)
        slack = (8 * sum(table.shape) * (1.0 + rate * estimate.max()) + 512) * 2.0**-53
        batch = slice(start, start + length)
        assert np.all(np.abs(seen.laws[batch] - law) <= slack * law + 1e-300)
        arm = seen.actions[start]
        assert np.all(seen.actions[batch] == arm), "one action per batch"
        estimate[arm] += table[batch, arm].sum() / length / seen.laws[start, arm]


@given(loss_tables(), st.floats(0.01, 2.0), st.integers(0, 2**32))
def test_exp3_law_is_its_definition(table, rate, seed):
    check_laws(trace(Exp3(rate), table, Bandit(), seed=seed), table, rate)


@given(loss_tables(), st.floats(0.01, 2.0), st.integers(1, 7), st.integers(0, 2**32))
def test_batched_exp3_law_and_batches(table, rate, length, seed):
    length = min(length, len(table))
    seen = trace(BatchedExp3(rate, length), table, Bandit(), seed=seed, weights_of=inside_blocks)
    check_laws(seen, table, rate, length)
    n_batches = -(-len(table) // length)
    assert seen.parameters.n_batches == n_batches
    assert seen.measured["switches"] <= n_batches - 1


@given(loss_tables(), st.floats(0.01, 2.0), st.integers(0, 2**32))
def test_importance_weighted_estimates_are_unbiased_at_reached_laws(table, rate, seed):
    """sum_a p(a) lhat_a = l and sum_a p(a) <p, lhat_a^2> = sum_i l(i)^2 <= K, by enumeration over the action."""
    laws = trace(Exp3(rate), table, Bandit(), seed=seed).laws
    for law, losses in zip(laws, table, strict=True):
        estimates = np.diag(np.divide(losses, law, out=np.zeros_like(law), where=law > 0.0))
        assert np.allclose(law @ estimates, np.where(law > 0.0, losses, 0.0), rtol=1e-12)
        second = law @ (estimates**2 @ law)
        assert second <= len(losses) * (1 + 1e-12)


@pytest.mark.parametrize("case", ROWS)
def test_exp3_known_answers(case):
    check_means(case, Exp3(ROWS[case].rate), Bandit(), ROWS[case].exp3)


def test_batches_of_one_round_are_exp3():
    game = SwitchingCostGame(BernoulliLosses.with_gap(4, 0.3), 500)
    assert np.array_equal(play_plainly(game, Exp3(0.05), 2, 3), play_plainly(game, BatchedExp3(0.05, 1), 2, 3))


def test_free_switching_needs_no_batches():
    game = SwitchingCostGame(BernoulliLosses.with_gap(4, 0.3), 500, switching_cost=0.0)
    assert BatchedExp3().parameters(game).batch_length == 1


@pytest.mark.parametrize(("length", "message"), [(0, "at least 1, got 0"), (501, "between 1 and 500, got 501")])
def test_batch_length_is_checked(length, message):
    game = SwitchingCostGame(BernoulliLosses.with_gap(4, 0.3), 500)
    with pytest.raises(ValueError, match=f"batch_length must be {message}"):
        simulate(game, BatchedExp3(batch_length=length))


@given(
    st.lists(st.floats(0.0, 1e8), min_size=1, max_size=20),
    st.floats(1e-6, 10.0),
)
def test_tsallis_probabilities_satisfy_their_equation(losses, rate):
    """p_i = 4 / (eta (L_i - x))^2 for one x < 0 and a total of 1."""
    losses = np.array(losses) - min(losses)
    out = np.zeros(len(losses))
    tsallis_probabilities(losses, rate, out)
    assert out.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.all(out > 0.0)
    shifts = losses - 2.0 / (rate * np.sqrt(out))  # the same x from every action
    assert np.ptp(shifts) <= 1e-8 * (np.abs(shifts).max() + losses.max())
    assert np.all(np.diff(out[np.argsort(losses)]) <= 0.0)


def test_tsallis_blocks_grow_and_keep_one_action():
    game = SwitchingCostGame(MultiScaleRandomWalk(2), 2000)
    run = simulate(game, TsallisSwitch(), repetitions=20, seed=4, checkpoints=range(1, 2001))
    moves = np.flatnonzero(np.diff(run["switches"], axis=1).sum(axis=0)) + 1
    starts = [0]
    n = 1
    while starts[-1] < 2000:
        starts.append(starts[-1] + max(1, math.ceil(1.5 / math.sqrt(2) * math.sqrt(n))))
        n += 1
    assert set(moves) <= set(starts)


def test_tsallis_without_cost_learns():
    """Without switching cost blocks have one round; stochastic regret is logarithmic (a generous factor)."""
    game = SwitchingCostGame(BernoulliLosses.with_gap(5, 0.2), 20_000, switching_cost=0.0)
    run = simulate(game, TsallisSwitch(), repetitions=32, seed=9)
    assert run.mean("pseudo_regret")[-1] < 4 * math.log(20_000) * 4 / 0.2 / 2


def test_one_action_is_no_problem():
    for learner in (Exp3(0.1), BatchedExp3(), TsallisSwitch()):
        seen = trace(learner, np.full((10, 1), 0.5), weights_of=None)
        assert seen.measured["regret"] == seen.measured["switches"] == 0.0
