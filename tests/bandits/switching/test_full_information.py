"""Hedge, Shrinking Dartboard and the lazy perturbed leader: every sequence, and exact known answers."""

import math
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import binom

from bandits.core.exponential_weights import bring_up_to_date
from bandits.core.jit import kernel
from bandits.core.rng import LEARNER
from bandits.losses import LossTable
from bandits.protocol import LearnerSteps
from bandits.switching import FullInformation, Hedge, LazyPerturbedLeader, ShrinkingDartboard, SwitchingCostGame
from sims import simulate
from tests import references
from tests.bandits.switching.known_answers import ROWS, check_means
from tests.bandits.switching.tracing import has_weights, rounding, trace
from tests.drivers import plain
from tests.strategies import loss_tables

LAZY = ShrinkingDartboard().steps_for(SwitchingCostGame(LossTable([[0.0, 1.0]]), 1, feedback=FullInformation()))
RATES = st.floats(0.01, 5.0)


def softmax_laws(table, rate):
    before = np.vstack([np.zeros(table.shape[1]), np.cumsum(table, axis=0)[:-1]])
    weights = np.exp(-rate * (before - before.min(axis=1, keepdims=True)))
    return weights / weights.sum(axis=1, keepdims=True)


def check_hedge(learner, table, rate):
    """The laws are softmax of -rate L, and the regret of the laws is at most ln K / rate + rate T / 8."""
    laws = trace(learner(rate), table, FullInformation()).laws
    assert np.allclose(laws, softmax_laws(table, rate), rtol=1e-12, atol=1e-300)
    regret = np.sum(laws * table) - table.sum(axis=0).min()
    bound = math.log(table.shape[1]) / rate + rate * len(table) / 8
    assert regret <= bound + rounding(table, table)


@given(loss_tables(), RATES)
@example(np.tile([0.0, 1.0], (40, 1)), 0.5)
def test_hedge_keeps_its_inequality_on_every_sequence(table, rate):
    check_hedge(Hedge, table, rate)


@given(loss_tables(), RATES)
def test_exponential_weights_identity_with_the_declared_rate(table, rate):
    laws = trace(Hedge(rate), table, FullInformation()).laws
    after = softmax_laws(np.vstack([table, table[-1:]]), rate)[-1]
    excess = np.sum(laws * table, axis=1) + np.log1p(np.sum(laws * np.expm1(-rate * table), axis=1)) / rate
    assert np.all(excess >= -rounding(table, table))
    for i in range(table.shape[1]):
        left = np.sum(laws * table) - table[:, i].sum()
        right = excess.sum() + math.log(after[i] / laws[0, i]) / rate
        assert left == pytest.approx(right, abs=rounding(table, table, [right]) / min(rate, 1.0))


class PlainDartboard(ShrinkingDartboard):
    """The dartboard of the paper, which makes all weights in every round and decides in every round."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(*ShrinkingDartboard.steps)


def check_dartboard(learner, table, rate, seed):
    """Actions are those of the plain Python version; the weights, wherever they are asked for, are Hedge's to 1e-12."""

    def up_to_date(state):
        total = plain(bring_up_to_date)(state.weights, rate)
        return state.weights._replace(total=total)

    board = trace(learner(rate), table, FullInformation(), seed=seed, weights_of=up_to_date)
    text = trace(PlainDartboard(rate), table, FullInformation(), seed=seed, weights_of=has_weights)
    assert np.array_equal(board.actions, text.actions)
    assert board.measured == text.measured
    assert np.allclose(board.laws, text.laws, rtol=1e-12, atol=1e-300)
    return board, text


@given(loss_tables(), RATES, st.integers(0, 2**32))
def test_dartboard_holds_hedges_weights_and_moves_only_by_redrawing(table, rate, seed):
    board, text = check_dartboard(ShrinkingDartboard, table, rate, seed)
    assert np.array_equal(text.laws, trace(Hedge(rate), table, FullInformation()).laws)
    for t in range(1, len(table)):
        if board.actions[t] != board.actions[t - 1]:
            assert table[t - 1, board.actions[t - 1]] > 0.0, "an action that has not lost is kept for certain"


@pytest.mark.parametrize("rate", [0.01, 0.1, 1.5])
@pytest.mark.parametrize("losses", ["binary", "general"])
def test_dartboard_of_many_rounds_is_the_plain_text(losses, rate):
    """1000 rounds, 16 words of 64: at the low rate half of them decide nothing, at the high one every round decides."""
    table = np.random.default_rng(6).random((1000, 3))
    board, _ = check_dartboard(ShrinkingDartboard, np.rint(table) if losses == "binary" else table, rate, 1)
    assert board.measured["switches"] > 0


def test_losses_of_unknown_size_are_played_by_the_plain_text():
    """The lazy text keeps its action, unseen, where the uniform is below 1 - eta: right for losses of at most 1."""

    class Unknown(LossTable):
        bounded = False

    game = SwitchingCostGame(Unknown([[0.0, 1.0]]), 1, feedback=FullInformation())
    assert ShrinkingDartboard().steps_for(game) is ShrinkingDartboard.steps
    assert LAZY is not ShrinkingDartboard.steps


def test_dartboard_that_never_doubts_is_rejected():
    """Its uniforms are read in whole words, of which all but the first round of the first are discarded."""

    @kernel
    def certain(params, state, t, rng):
        return LAZY.act(params, state, t, rng) if t == 0 else state.arm

    class Mutant(ShrinkingDartboard):
        steps = LAZY._replace(act=certain)

    table = np.random.default_rng(6).random((200, 3))
    with pytest.raises(AssertionError):
        check_dartboard(Mutant, table, 0.1, 1)


@given(loss_tables(), RATES, st.integers(0, 2**32))
def test_lazy_leader_moves_only_after_losing(table, rate, seed):
    actions = trace(LazyPerturbedLeader(rate), table, FullInformation(), seed=seed, weights_of=None).actions
    moved = np.flatnonzero(np.diff(actions))  # from round t to t + 1
    assert np.all(table[moved, actions[moved]] > 0.0)


def leaders_by_the_definition(table, rate, seed):
    """Keep every perturbation with probability exp(-rate l), else redraw it below l, action by action."""
    n_actions = table.shape[1]

    def fresh(t):
        return np.array([-math.log1p(-references.uniform(seed, 0, LEARNER, t, i)) / rate for i in range(n_actions)])

    before = -fresh(0)
    leaders, losses = [int(np.argmin(before))], np.zeros(n_actions)
    for t, row in enumerate(table[:-1]):
        losses += row
        drawn = fresh(t + 1)
        before = np.where(drawn < row, losses - drawn, before)
        leaders.append(int(np.argmin(before)))
    return leaders


@pytest.mark.parametrize("n_actions", [2, 64, 130])
def test_lazy_leader_follows_its_definition(n_actions):
    """Below, at and above the 64 actions that are processed together."""
    table = np.random.default_rng(9).random((40, n_actions))
    seen = trace(LazyPerturbedLeader(0.3), table, FullInformation(), seed=4, weights_of=None)
    assert seen.actions.tolist() == leaders_by_the_definition(table, 0.3, 4)
    assert seen.measured["switches"] > 0


def check_leader_switches(learner):
    """The leader moves only when its own perturbation is redrawn, with probability at most eta given the past.

    So switches of T rounds are at most Bin(T, eta) in law; false alarm 1e-9.
    """
    horizon, rate = 400, 0.02
    table = np.random.default_rng(8).random((horizon, 4))
    seen = trace(learner(rate), table, FullInformation(), seed=3, weights_of=None)
    assert 0 < seen.measured["switches"] <= binom.isf(1e-9, horizon, rate)


def test_lazy_leader_moves_seldom():
    check_leader_switches(LazyPerturbedLeader)


@pytest.mark.parametrize("case", ROWS)
def test_hedge_known_answers(case):
    check_means(case, Hedge(ROWS[case].rate), FullInformation(), ROWS[case].hedge)


@pytest.mark.parametrize("case", ROWS)
def test_dartboard_known_answers(case):
    check_means(case, ShrinkingDartboard(ROWS[case].rate), FullInformation(), ROWS[case].dartboard)


@pytest.mark.slow
@pytest.mark.parametrize("case", ROWS)
def test_perturbed_leader_has_the_law_of_fresh_perturbations(case):
    """In every round the lazy leader's law is that of argmin L - p with fresh exponential p, by quadrature."""
    table, rate = ROWS[case].losses, ROWS[case].rate
    game = SwitchingCostGame(LossTable(table), len(table), feedback=FullInformation())
    n = 200_000
    run = simulate(game, LazyPerturbedLeader(rate), repetitions=n, seed=11, checkpoints=range(1, len(table) + 1))
    mean = np.diff(run.mean("loss"), prepend=0.0)
    before = np.vstack([np.zeros(table.shape[1]), np.cumsum(table, axis=0)[:-1]])
    for t in range(len(table)):
        expected = leader_law(before[t], rate) @ table[t]
        radius = math.sqrt(math.log(2 / 1e-9) / (2 * n))  # Hoeffding, false alarm 1e-9 per round
        assert abs(mean[t] - expected) <= radius


def leader_law(losses, rate):
    """P(i has the least losses - p) with p exponential: integrate the density of p_i over the others' tails."""
    p = np.linspace(0.0, 60.0 / rate, 400_001)
    density = rate * np.exp(-rate * p)
    law = []
    for i in range(len(losses)):
        others = np.ones_like(p)
        for j in range(len(losses)):
            if j != i:
                others *= -np.expm1(-rate * np.maximum(losses[j] - losses[i] + p, 0.0))
        law.append(np.trapezoid(density * others, p))
    return np.array(law)


@pytest.mark.parametrize("learner", [Hedge, ShrinkingDartboard, LazyPerturbedLeader])
def test_learning_rate_is_checked(learner):
    for wrong, error in [(0.0, ValueError), (-1.0, ValueError), (math.nan, ValueError), ("1", TypeError)]:
        with pytest.raises(error, match="learning_rate must be"):
            learner(wrong)


def test_wrong_feedback_is_refused():
    game = SwitchingCostGame(LossTable([[0.0, 1.0]]), 1)
    with pytest.raises(TypeError, match="Hedge learns from FullInformation feedback, but the problem gives Bandit"):
        simulate(game, Hedge())
