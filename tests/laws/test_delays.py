"""Learners of delayed feedback: exact laws by enumeration, known answers, mutants; nothing is compiled.

The known answers are those of independent NumPy from the definitions, on two tables.
"""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pytest

import theory
from bandits.combine import observed
from bandits.core.exponential_weights import add_loss, probability
from bandits.core.jit import kernel
from bandits.core.shelf import shelf_for
from bandits.delays import (
    ActionDelay,
    BlockDelay,
    Bold,
    Delayed,
    DelayedExp3,
    DelayedHedge,
    DelayedUCB,
    DelayedWeights,
    DelayTable,
    FixedDelay,
    SummedExp3,
    summed_exp3,
)
from bandits.delays import problem as delayed_problem
from bandits.delays.exponential_weights import DelayedExp3State
from bandits.graphs import FeedbackGraph, Neighbours
from bandits.losses import BernoulliLosses, LossTable
from bandits.protocol import ProblemSteps
from bandits.switching import Bandit, BatchedExp3, Exp3, FullInformation, Hedge, LazyPerturbedLeader, SwitchingCostGame
from tests.bandits.switching.known_answers import ROWS
from tests.drivers import plain, play_plainly
from tests.laws.enumeration import law_of, plays
from tests.mutants.rejection import rejected
from theory.delays.exact import delayed_weights, exp3_tree

A, B = ROWS["two actions"], ROWS["three actions"]
# delays -> expected losses of EXP3 and of Hedge on A (eta 0.5) and B (eta 0.7)
KNOWN = {
    (0, 0, 0, 0): (2.613579, 1.765894, 2.622459, 1.787963),
    (1, 1, 1, 1): (2.384471, 1.731517, 2.377541, 1.726471),
    (2, 2, 2, 2): (2.500000, 1.707103, 2.500000, 1.685258),
    (3, 0, 1, 0): (2.615529, 1.757483, 2.622459, 1.772120),
    (2, 1, 0, 0): (2.500000, 1.737684, 2.500000, 1.734626),
    (4, 4, 4, 4): (2.500000, 1.733333, 2.500000, 1.733333),
}


def game_of(case, delays, feedback=None):
    table = LossTable(case.losses)
    return Delayed(SwitchingCostGame(table, len(case.losses), 0.0, feedback or Bandit()), DelayTable(delays))


def law(game, learner):
    return list(plays(game, learner, lambda action, feedback: int(action)))


def mean_loss(game, learner):
    return math.fsum(chance * path.metrics["loss"] for chance, path in law(game, learner))


def check_exp3(learner, delays, case=B):
    """Assert the law of the actions in every round, and the regret, against the enumeration of NumPy."""
    game = game_of(case, delays)
    played, exact = law(game, learner), exp3_tree(case.losses, case.rate, delays)
    marginal = np.zeros_like(case.losses)
    for actions, chance in law_of(played).items():
        marginal[np.arange(len(actions)), actions] += chance
    assert np.abs(marginal - exact.probabilities).max() < 1e-12
    regret = math.fsum(chance * path.metrics["regret"] for chance, path in played)
    assert abs(regret - exact.regret()) < 1e-12


@pytest.mark.parametrize("delays", KNOWN)
def test_known_answers(delays):
    for case, exp3, hedge in ((A, *KNOWN[delays][::2]), (B, *KNOWN[delays][1::2])):
        assert exp3_tree(case.losses, case.rate, delays).loss == pytest.approx(exp3, abs=1e-6)
        assert mean_loss(game_of(case, delays), DelayedExp3(case.rate)) == pytest.approx(exp3, abs=1e-6)
        late = game_of(case, delays, FullInformation())
        assert mean_loss(late, DelayedHedge(case.rate)) == pytest.approx(hedge, abs=1e-6)


@pytest.mark.parametrize("delays", [(1, 1, 1, 1), (3, 0, 1, 0), (2, 1, 0, 0), (2, 2, 0, 0)])
def test_exp3(delays):
    check_exp3(DelayedExp3(B.rate), delays)


def test_late_losses_are_skipped():
    """Skipping d > 1 is the play without those losses: their estimates are 0."""
    delays, unseen = (2, 1, 0, 0), B.losses.copy()
    skipped = exp3_tree(B.losses, B.rate, delays, patience=1)
    assert mean_loss(game_of(B, delays), DelayedExp3(B.rate, patience=1)) == pytest.approx(skipped.loss, abs=1e-12)
    unseen[0] = 0.0
    law = exp3_tree(unseen, B.rate, (0, 1, 0, 0)).probabilities
    assert np.abs(law - skipped.probabilities).max() < 1e-12


# ---------------------------------------------------------------- copies


def test_copies_play_their_own_rounds():
    """With a delay of 1 in every round two copies alternate: EXP3 on the odd and on the even rounds."""
    game, copies = game_of(B, (1, 1, 1, 1)), Bold(Exp3(B.rate))
    assert copies.parameters(game).copies == 2
    parts = sum(exp3_tree(B.losses[first::2], B.rate).loss for first in (0, 1))
    assert mean_loss(game, copies) == pytest.approx(parts, abs=1e-12)
    whole = game_of(B, (0, 0, 0, 0))
    assert mean_loss(whole, copies) == pytest.approx(KNOWN[0, 0, 0, 0][1], abs=1e-6)


def test_a_busy_copy_never_plays():
    """One more copy than is ever outstanding: no copy plays a second round before the feedback of its first."""
    delays = (3, 0, 1, 0, 2, 1, 0, 0)
    table = LossTable(np.zeros((8, 2)))
    game = Delayed(SwitchingCostGame(table, 8, 0.0), DelayTable(delays))
    copies = Bold(Exp3(0.5)).parameters(game).copies
    assert copies == 1 + max(sum(s + delays[s] >= t for s in range(t)) for t in range(8))
    _, path = next(iter(plays(game, Bold(Exp3(0.5)), lambda action, feedback: feedback.n)))
    assert path.actions == tuple(sum(s + d == t for s, d in enumerate(delays)) for t in range(8))
    assert path.state.played.sum() == sum(path.actions)


# ---------------------------------------------------------------- sums, and delays of actions


def test_sums_at_the_end_of_blocks_are_batched_exp3():
    """Round by round, whatever the losses; a last block that is cut short included."""
    game = SwitchingCostGame(BernoulliLosses([0.3, 0.6]), 32, 1.0)
    summed = Delayed(game, BlockDelay(3), summed=True)
    for length in (3, 6):
        assert np.array_equal(
            play_plainly(summed, SummedExp3(0.7, length), 2), play_plainly(game, BatchedExp3(0.7, length), 2)
        )


NINE = np.array([[0, 1], [1, 1], [1, 0], [0, 1], [1, 0], [1, 1], [0, 1], [0, 1], [1, 0]], dtype=float)


def check_sums(learner):
    """Late by 1 in blocks of 3: the first sum of a block is not its own, and the last loss of a block is lost."""
    game = Delayed(SwitchingCostGame(LossTable(NINE), 9, 0.0), FixedDelay(1), summed=True)
    blocks = NINE.reshape(3, 3, 2)
    mean = float((exp3_tree(blocks[:, :2].sum(axis=1) / 3.0, 0.7).probabilities * blocks.sum(axis=1)).sum())
    assert mean_loss(game, learner) == pytest.approx(mean, abs=1e-12)
    assert mean - NINE.sum(axis=0).min() <= theory.theorem("ours.summed_exp3").value_for(game, learner)


@kernel
def keeps_all(params, state, t, arm, total, rng):
    return summed_exp3._update_block(params, state, t, arm, total, rng)


def test_sums_of_late_losses():
    class Mutant(SummedExp3):
        steps = SummedExp3.steps._replace(update=keeps_all)

    check_sums(SummedExp3(0.7, 3))
    rejected(check_sums, Mutant(0.7, 3))


def test_lengths_of_blocks_of_sums():
    """(2 (2 d + c)^2 T / (K ln K))^(1/3); with feedback at the end of blocks whole blocks, and nothing is lost."""
    game = SwitchingCostGame(LossTable(np.zeros((10_000, 2))), 10_000, 3.0)
    late = SummedExp3().parameters(Delayed(game, FixedDelay(5), summed=True))
    assert (late.batch_length, late.discarded) == (math.ceil((2 * 13**2 * 1e4 / (2 * math.log(2))) ** (1 / 3)), 5)
    blocks = SummedExp3().parameters(Delayed(game, BlockDelay(7), summed=True))
    assert (blocks.batch_length, blocks.discarded, blocks.n_batches) == (56, 0, 179)  # 50.6 rounds without blocks


def test_delays_of_actions():
    """A feedback is as late as its action's; UCB plays an action until a loss of it has been observed."""
    game = SwitchingCostGame(LossTable(np.tile([0.0, 1.0], (12, 1))), 12, 0.0)
    late = Delayed(game, ActionDelay([0, 4]))
    _, path = next(iter(plays(late, DelayedUCB(), lambda action, feedback: (int(action), feedback.rounds.tolist()))))
    assert [action for action, _ in path.actions][:8] == [0, 1, 1, 1, 1, 1, 0, 0]
    with pytest.raises(ValueError, match="delays must be 2 integers, one per action, got 3"):
        Delayed(game, ActionDelay([0, 4, 1]))
    with pytest.raises(ValueError, match="the total delay of an ActionDelay depends on the play; give the learner's"):
        DelayedExp3().parameters(late)
    assert DelayedExp3(0.1).parameters(late).learning_rate == 0.1
    assert "delays do not depend on the actions" in theory.theorem("thune2019.delayed_exp3").applies(
        late, DelayedExp3(0.1)
    )


def test_what_can_be_delayed_and_summed():
    late = Delayed(SwitchingCostGame(LossTable(NINE), 9, 0.0), FixedDelay(1))
    with pytest.raises(TypeError, match="problem is delayed already: give it one schedule"):
        Delayed(late, FixedDelay(1))
    graph = SwitchingCostGame(LossTable(NINE), 9, 0.0, Neighbours(FeedbackGraph.path(2)))
    with pytest.raises(TypeError, match="summed feedback needs one loss per round, but Neighbours is delayed"):
        Delayed(graph, FixedDelay(1), summed=True)
    with pytest.raises(TypeError, match="summed feedback needs one loss per round, but FullInformation is delayed"):
        Delayed(SwitchingCostGame(LossTable(NINE), 9, 0.0, FullInformation()), FixedDelay(1), summed=True)
    with pytest.raises(TypeError, match="SummedExp3 learns from Summed feedback, but the problem gives Late"):
        SummedExp3().check(Delayed(SwitchingCostGame(LossTable(NINE), 9, 0.0), FixedDelay(1)))
    with pytest.raises(TypeError, match="DelayedExp3 learns from"):
        DelayedExp3().check(Delayed(SwitchingCostGame(LossTable(NINE), 9, 0.0), FixedDelay(1), summed=True))


# ---------------------------------------------------------------- the problem inside


def test_the_problem_draws_as_it_does_alone():
    """Random losses, and copies of a learner that draws in `update`: without delay the play is the same."""
    game = SwitchingCostGame(BernoulliLosses([0.3, 0.6]), 30, 1.0, FullInformation())
    for inner, late in ((Hedge(), DelayedHedge()), (LazyPerturbedLeader(), Bold(LazyPerturbedLeader()))):
        alone, delayed = play_plainly(game, inner, 2), play_plainly(Delayed(game, DelayTable([0])), late, 2)
        assert np.array_equal(alone, delayed)


def test_what_is_shown_before_the_action_is_not_late():
    """A problem with observations: `observe` gets the problem's own setting and state, and passes its state on."""

    class World(NamedTuple):
        shown: int

    @kernel
    def init(setting, env):
        return World(0)

    @kernel
    def observe(setting, world, t, env):
        return setting.first + world.shown, World(world.shown + 1)

    @kernel
    def respond(setting, world, t, action, env):
        return 0.5, world

    class Setting(NamedTuple):
        first: int

    problem = ProblemSteps(init, respond, None, observe)
    steps = delayed_problem._steps(problem, DelayTable.delay, shelf_for(0.0), delayed_problem._check_action)
    setting = delayed_problem.DelayedSetting(Setting(7), DelayTable([1]).setting(9), 9, 2, 0.0)
    init, respond, _, observe = (plain(step) for step in steps)
    world, seen = init(setting, None), []
    for t in range(3):
        shown, world = observe(setting, world, t, None)
        feedback, world = respond(setting, world, t, 0, None)
        seen.append((shown, feedback.n))
    assert seen == [(7, 0), (8, 1), (9, 1)]


def test_the_probe_measures_the_terms_of_the_theorem():
    """At every checkpoint the numbers of NumPy for the rounds so far, on losses with delays beyond the end."""
    rng = np.random.default_rng(3)
    for delays in ((0,), (3, 0, 1, 9), (2, 1, 0, 0, 7)):
        table, late = rng.random((12, 3)), np.resize(delays, 12)
        game = SwitchingCostGame(LossTable(table), 12, 0.0, FullInformation())
        seen = observed(Delayed(game, DelayTable(delays)), DelayedWeights(0.7))
        found = play_plainly(seen, DelayedHedge(0.2), checkpoints=[1, 5, 12])[0, :, -2:]
        for n, (excess, outstanding) in zip((1, 5, 12), found, strict=True):
            terms = delayed_weights(table[:n], late[:n], 0.7)
            assert excess == pytest.approx(terms.regret - terms.bound + math.log(3) / 0.7, abs=1e-12)
            assert outstanding == terms.total_delay
    with pytest.raises(ValueError, match="DelayedWeights is a probe of delayed full information"):
        observed(game_of(B, (1, 1, 1, 1)), DelayedWeights(0.7))


# ---------------------------------------------------------------- mutants


@kernel
def divides_by_the_arrival_round(params, state, t, arm, arrivals, rng):
    weights = state.weights
    for j in range(arrivals.n):
        chance = probability(state.weights, arrivals.actions[j])
        weights = add_loss(weights, params.learning_rate, arrivals.actions[j], arrivals.feedback[j] / chance)
    return DelayedExp3State(weights, state.chances)


@kernel
def takes_one_arrival_a_round(params, state, t, arm, arrivals, rng):
    state.chances[t % params.places] = probability(state.weights, arm)
    if arrivals.n == 0:
        return state
    estimate = arrivals.feedback[0] / state.chances[arrivals.rounds[0] % params.places]
    return DelayedExp3State(add_loss(state.weights, params.learning_rate, arrivals.actions[0], estimate), state.chances)


def mutant(update):
    @dataclass(frozen=True)
    class Mutant(DelayedExp3):
        steps = DelayedExp3.steps._replace(update=update)

    return Mutant(B.rate)


@pytest.mark.parametrize(
    ("update", "delays", "wrong"),
    [
        (divides_by_the_arrival_round, (1, 1, 1, 1), 1.728530),
        (takes_one_arrival_a_round, (2, 1, 0, 0), 1.707103),
    ],
)
def test_mutants(update, delays, wrong):
    check_exp3(DelayedExp3(B.rate), delays)
    rejected(check_exp3, mutant(update), delays)
    assert mean_loss(game_of(B, delays), mutant(update)) == pytest.approx(wrong, abs=1e-6)


def test_feedback_one_round_early_is_noticed(monkeypatch):
    right = delayed_problem.list_arrival

    @kernel
    def early(world, t, due):
        right(world, t, max(t, due - 1))

    check_exp3(DelayedExp3(B.rate), (1, 1, 1, 1))
    monkeypatch.setattr(delayed_problem, "list_arrival", early)
    delayed_problem._steps.cache_clear()
    rejected(check_exp3, DelayedExp3(B.rate), (1, 1, 1, 1))


def test_total_delay_counts_what_is_outstanding():
    """D = sum of min(d_t, T - t), for a fixed d: d T - d (d + 1) / 2; delays beyond the end count up to it."""
    game = game_of(B, (2, 2, 2, 2))
    assert game.total_delay == 2 * 4 - 3
    assert replace(game, schedule=DelayTable((99, 0, 99, 0))).total_delay == 3 + 0 + 1 + 0
    assert game.split_delay(1) == (0.0, 4.0)
