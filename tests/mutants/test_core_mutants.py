"""Wrong cores, each rejected by the very check that the right one passes elsewhere.

A fault is put into the core's text, run by Python (`tests.drivers.plain`), or into the steps of a game.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from bandits.core.exponential_weights import add_loss, tree_add_loss, uniform_tree, uniform_weights
from bandits.core.rng import ENVIRONMENT, LEARNER, stream
from bandits.losses import BernoulliLosses, LossTable
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import Bandit, BudgetExceeded, Exp3, SwitchingCostGame
from bandits.switching.feedback import Budget
from tests import references
from tests.bandits.core.test_exponential_weights import check_single_updates, law_of_list, law_of_tree
from tests.bandits.core.test_rng import (
    check_known_answers,
    check_streams_differ,
    check_the_largest_word,
    check_uniforms,
    check_words,
)
from tests.bandits.losses.test_losses import check_totals
from tests.bandits.losses.test_random_walk import check_losses, check_stream
from tests.bandits.switching.test_bandit_learners import check_laws
from tests.bandits.switching.test_problem import check_budget, check_reach, check_regret
from tests.bandits.switching.tracing import trace
from tests.drivers import draws_plainly, plain


def rejected(check, *arguments, **keywords):
    with np.errstate(all="ignore"), pytest.raises(AssertionError):
        check(*arguments, **keywords)


def drawing(**faults):
    return lambda addresses: draws_plainly(addresses, **faults)


# ---------------------------------------------------------------- the generator


def philox(rounds=10, left=references.LEFT, right=references.RIGHT, bumps=references.BUMPS):
    """Return the generator as a function of six words, with faults."""

    def block(k0, k1, *counter):
        k, (c0, c1, c2, c3) = (int(k0), int(k1)), map(int, counter)
        for _ in range(rounds):
            (high0, low0), (high1, low1) = divmod(left * c0, 2**32), divmod(right * c2, 2**32)
            c0, c1, c2, c3 = high1 ^ c1 ^ k[0], low1, high0 ^ c3 ^ k[1], low0
            k = tuple((word + bump) % 2**32 for word, bump in zip(k, bumps, strict=True))
        return c0, c1, c2, c3

    return block


ADDRESS = (7, 3, ENVIRONMENT, 5, 2)
FAULTY_PHILOX = {
    "9 rounds": philox(9),
    "11 rounds": philox(11),
    "a wrong multiplier": philox(left=references.LEFT ^ 2),
    "multipliers swapped": philox(left=references.RIGHT, right=references.LEFT),
    "a wrong key bump": philox(bumps=(references.BUMPS[0], references.BUMPS[1] + 2)),
    "a key that stays": philox(bumps=(0, 0)),
}


def test_the_right_generator_passes():
    check_known_answers(philox())
    for draw in (drawing(), drawing(philox4x32=philox())):
        check_words(ADDRESS, draw)
        check_uniforms(ADDRESS, draw)
        check_the_largest_word(draw)
    check_streams_differ(drawing())


@pytest.mark.parametrize("fault", FAULTY_PHILOX)
def test_wrong_generators(fault):
    rejected(check_known_answers, FAULTY_PHILOX[fault])
    rejected(check_words, ADDRESS, drawing(philox4x32=FAULTY_PHILOX[fault]))


def test_a_uniform_that_can_be_one():
    """Dividing by 2^53 - 1 looks right everywhere but at the largest word."""
    rejected(check_the_largest_word, drawing(_SCALE=1.0 / (2**53 - 1)))


@pytest.mark.parametrize(
    "index",
    [
        lambda u, n: round(u * (n - 1)),  # half as often 0 and n - 1
        lambda u, n: int(u * n * n) % n,
        lambda u, n: min(int(u * (n + 1)), n - 1),  # n - 1 twice as often
    ],
)
def test_biased_indices(index):
    def biased(rng, t, at, n):
        return index(references.uniform(7, 3, ENVIRONMENT, t, at), n)

    def check(draw):
        for t in range(20):
            check_uniforms((7, 3, ENVIRONMENT, t, 2), draw)

    check(drawing())
    rejected(check, drawing(uniform_index=biased))


@pytest.mark.parametrize("lost", ["repetition", "purpose", "seed's high word"])
def test_streams_that_ignore_a_part_of_their_address(lost):
    def narrow(seed, repetition, purpose):
        seed = seed % 2**32 if lost == "seed's high word" else seed
        return plain(stream)(seed, *((0, purpose) if lost == "repetition" else (repetition, purpose)))

    draw = drawing(stream=narrow)
    if lost == "seed's high word":
        rejected(check_words, (7 + 2**40, 3, LEARNER, 5, 2), draw)
    elif lost == "repetition":
        rejected(check_streams_differ, draw)
    else:
        rejected(check_streams_differ, drawing(stream=lambda seed, r, purpose: plain(stream)(seed, r, LEARNER)))


# ---------------------------------------------------------------- exponential weights


def unshifted(loss, weight, rate):
    weight[:] = np.exp(-rate * loss)
    return weight.sum(), 0.0


def unshifted_tree(loss, sums, rate):
    leaves = len(sums) // 2
    sums[leaves : leaves + len(loss)] = np.exp(-rate * loss)
    for node in range(leaves - 1, 0, -1):
        sums[node] = sums[2 * node] + sums[2 * node + 1]
    return sums[1], 0.0


BIG = [(arm, 900.0) for arm in (0, 1, 2, 0, 1, 2)]
LIST, TREE = (plain(uniform_weights), law_of_list), (plain(uniform_tree), law_of_tree)


def check_weights(start, add, law_of):
    with np.errstate(all="ignore"):
        check_single_updates(start, add, law_of, 3, 1.0, BIG)


def test_the_right_weights_pass():
    check_weights(LIST[0], plain(add_loss), LIST[1])
    check_weights(TREE[0], plain(tree_add_loss), TREE[1])


def test_weights_without_the_shift_vanish():
    rejected(check_weights, LIST[0], plain(add_loss, remake=unshifted), LIST[1])
    rejected(check_weights, TREE[0], plain(tree_add_loss, _remake_tree=unshifted_tree), TREE[1])


def test_weights_that_are_never_made_anew_vanish():
    rejected(check_weights, LIST[0], plain(add_loss, _remade=lambda weights, rate: weights), LIST[1])


def test_a_dropped_importance_weight():
    table, rate = np.array([[0.2, 0.9, 0.5], [0.7, 0.1, 0.4], [0.3, 0.3, 1.0], [0.0, 0.6, 0.2]]), 0.7

    @dataclass(frozen=True)
    class Mutant(Exp3):
        steps = Exp3.steps._replace(update=plain(Exp3.steps.update, probability=lambda weights, arm: 1.0))

    check_laws(trace(Exp3(rate), table, Bandit(), seed=2), table, rate)
    rejected(check_laws, trace(Mutant(rate), table, Bandit(), seed=2), table, rate)


# ---------------------------------------------------------------- losses


def wandering(ancestor, t, step):
    """W_t = W_{t-1} + xi_t: an ordinary random walk."""
    ancestor[0] += step
    return ancestor[0]


def childless(ancestor, t, step):
    """Every parent is 0."""
    return step


def high_bit_first(ancestor, t, step):
    """The parent clears the highest set bit instead of the lowest."""
    height = step + (ancestor[t ^ (1 << t.bit_length() - 1)] if t & (t - 1) else 0.0)
    ancestor[t] = height
    return height


@pytest.mark.parametrize("walk_step", [wandering, childless, high_bit_first])
def test_walks_with_wrong_parents(walk_step):
    rejected(check_stream, walk_step, np.arange(1.0, 30.0))
    rejected(check_losses, MultiScaleRandomWalk(3), 60, 5, 1, walk_step=walk_step)


def test_walks_with_wrong_parameters():
    walk = MultiScaleRandomWalk(3)
    right = walk.setting(60)
    check_losses(walk, 60, 5, 1, right)
    rejected(check_losses, walk, 60, 5, 1, right._replace(gap=2 * right.gap))
    rejected(check_losses, walk, 60, 5, 1, right._replace(noise=right.noise * 9 / 8))


def test_totals_that_count_the_whole_open_block():
    def whole_block(setting, state, n_rounds, out):
        for arm in range(out.size):
            out[arm] = state.ones[arm] + int(state.bits[arm]).bit_count()

    class Mutant(BernoulliLosses):
        steps = BernoulliLosses.steps._replace(totals=whole_block)

    check_totals(BernoulliLosses([0.5, 0.4]), 100, 3, 0, [64, 90])
    check_totals(Mutant([0.5, 0.4]), 128, 3, 0, [64, 128])
    rejected(check_totals, Mutant([0.5, 0.4]), 100, 3, 0, [64, 90])


def test_totals_that_miss_a_round():
    class Mutant(LossTable):
        steps = LossTable.steps._replace(
            totals=lambda setting, state, n, out: LossTable.steps.totals.py_func(setting, state, n - 1, out)
        )

    table = np.random.default_rng(2).random((10, 2))
    check_totals(LossTable(table), 10, 0, 0, [3, 10])
    rejected(check_totals, Mutant(table), 10, 0, 0, [3, 10])


# ---------------------------------------------------------------- the game


def game_with(**changed):
    """Return a game class whose plain steps are changed: name -> function(the right step) -> the wrong one."""

    class Game(SwitchingCostGame):
        @property
        def steps(self):
            right = super().steps
            return right._replace(**{name: change(plain(getattr(right, name))) for name, change in changed.items()})

    return Game


TABLE, ARMS = np.random.default_rng(3).random((6, 3)), [2, 2, 0, 1, 1, 2]
LOOKS = [[0], [1, 2], [], [2], [0, 1], []]


def charging_the_first(respond):
    def wrong(setting, world, t, action, env):
        feedback, after = respond(setting, world, t, action, env)
        return feedback, after._replace(switches=after.switches + (t == 0))

    return wrong


def charging_every_round(respond):
    def wrong(setting, world, t, action, env):
        return respond(setting, world._replace(last_arm=-1), t, action, env)

    return wrong


def with_budget(change):
    def wrong_respond(respond):
        def wrong(setting, world, t, action, env):
            return respond(setting._replace(feedback=Budget(setting.feedback.budget + change)), world, t, action, env)

        return wrong

    return wrong_respond


def forgetting_a_look(respond):
    def wrong(setting, world, t, action, env):
        feedback, after = respond(setting, world, t, action, env)
        return feedback, after._replace(observations=min(after.observations, world.observations + 1))

    return wrong


def comparing_with_the_worst(measure):
    def wrong(setting, world, n_rounds):
        right = measure(setting, world, n_rounds)
        return right._replace(regret=right.regret + right.best_loss - max(world.totals))

    return wrong


def leaking_totals(measure):
    def wrong(setting, world, n_rounds):
        right = measure(setting, world, n_rounds)
        world.revealed[:] = world.totals
        return right

    return wrong


def showing_every_loss(respond):
    def wrong(setting, world, t, action, env):
        feedback, after = respond(setting, world, t, action, env)
        for arm in range(action.n_looks, setting.n_actions):
            after.revealed[arm] = setting.losses.table[t, arm]
        return feedback, after

    return wrong


def test_the_right_game_passes():
    for kind in (SwitchingCostGame, game_with()):
        check_regret(kind, TABLE, ARMS, 0.7)
        check_budget(kind, 5, [2, 2, 1])
        check_budget(kind, 4, [2, 2, 1])
        check_reach(kind, TABLE, ARMS, LOOKS)


@pytest.mark.parametrize("wrong", [charging_the_first, charging_every_round])
def test_switching_costs_of_the_wrong_rounds(wrong):
    rejected(check_regret, game_with(respond=wrong), TABLE, ARMS, 0.7)


def test_regret_against_the_worst_action():
    rejected(check_regret, game_with(measure=comparing_with_the_worst), TABLE, ARMS, 0.7)


def test_budgets_off_by_one():
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        check_budget(game_with(respond=with_budget(1)), 4, [2, 2, 1])
    with pytest.raises(BudgetExceeded):
        check_budget(game_with(respond=with_budget(-1)), 5, [2, 2, 1])


def test_looks_that_are_not_counted():
    rejected(check_budget, game_with(respond=forgetting_a_look), 6, [2, 2, 1])
    rejected(check_reach, game_with(respond=forgetting_a_look), TABLE, ARMS, LOOKS)


def test_losses_that_nobody_paid_for():
    rejected(check_reach, game_with(measure=leaking_totals), TABLE, ARMS, LOOKS)
    rejected(check_reach, game_with(respond=showing_every_loss), TABLE, ARMS, LOOKS)
