"""Proven ranges: no play leaves them, and on tables some play attains them."""

import inspect
import itertools
import types
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.losses import AlternatingLosses, BernoulliLosses, LossTable
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import (
    Bandit,
    BatchedDartboard,
    BatchedExp3,
    BudgetedExp3,
    Exp3,
    ExtraObservationLearner,
    ExtraObservations,
    FullInformation,
    Hedge,
    LazyPerturbedLeader,
    ShrinkingDartboard,
    SwitchingCostGame,
    TotalBudget,
    TsallisSwitch,
)
from tests.drivers import play_plainly
from theory.cases import freeze
from theory.ranges import proven_range
from theory.switching import ranges
from theory.switching.ranges import batch_length, known_table, switch_cap
from theory.switching.witnesses import alternating

TABLE = np.array([(0.2, 0.9), (0.7, 0.1), (0.3, 0.6), (1.0, 0.2)])
SLACK = 1e-11


def plays(length):
    """Yield every play of four rounds that holds its action over batches of this length."""
    for arms in itertools.product((0, 1), repeat=-(-4 // length)):
        yield np.repeat(arms, length)[:4]


def totals(length, cost):
    """Return loss, best loss, regret and switches of these plays of the table."""
    best = TABLE.sum(axis=0).min()
    for play in plays(length):
        loss, switches = TABLE[range(4), play].sum(), float((play[1:] != play[:-1]).sum())
        yield {"loss": loss, "best_loss": best, "regret": loss + cost * switches - best, "switches": switches}


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_every_play_of_a_table_lies_in_the_range_and_without_a_price_some_attain_its_ends(length):
    learner = BatchedExp3(batch_length=length)
    for cost in (0.0, 2.0):
        game = SwitchingCostGame(LossTable(TABLE), 4, cost)
        found = list(totals(length, cost))
        for metric in ("loss", "best_loss", "regret", "switches"):
            low, high = proven_range(game, learner, metric)
            values = [row[metric] for row in found]
            assert low <= min(values)
            assert max(values) <= high
            if cost == 0.0:
                assert (low, high) == pytest.approx((min(values), max(values)), abs=SLACK)


LEARNERS = [
    (Hedge(), FullInformation()),
    (ShrinkingDartboard(0.8), FullInformation()),
    (LazyPerturbedLeader(0.9), FullInformation()),
    (Exp3(1.5), Bandit()),
    (BatchedExp3(batch_length=5), Bandit()),
    (TsallisSwitch(), Bandit()),
    (BudgetedExp3(), TotalBudget(6, "bandit")),
    (BatchedDartboard(), TotalBudget(8, "full")),
    (BatchedDartboard(), TotalBudget(5, "flexible")),
    (ExtraObservationLearner(), ExtraObservations(3)),
    (ExtraObservationLearner(), ExtraObservations(24)),
]


@pytest.mark.parametrize(("learner", "feedback"), LEARNERS, ids=lambda x: type(x).__name__)
@settings(max_examples=8)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.3, 5.0]))
def test_no_metric_of_any_learner_leaves_its_range(learner, feedback, seed, cost):
    """On random tables of 24 rounds and 2 actions, by the learners' own text."""
    table = np.random.default_rng(seed).integers(0, 2, size=(24, 2)).astype(float)
    game = SwitchingCostGame(LossTable(table), 24, cost, feedback)
    measured = dict(zip(game.metrics, play_plainly(game, learner, seed=seed)[0, -1], strict=True))
    for metric, value in measured.items():
        low, high = proven_range(game, learner, metric)
        assert low <= value <= high, (metric, value, low, high)
    assert measured["switches"] <= switch_cap(game, learner)


def test_the_cap_of_growing_blocks_is_the_number_of_blocks():
    """Tsallis-INF over blocks of ceil(g sqrt(b)) rounds, counted from where its state says that blocks begin."""
    for cost in (0.2, 1.0, 7.0):
        game = SwitchingCostGame(LossTable(np.zeros((300, 3))), 300, cost)
        growth = TsallisSwitch().parameters(game).growth
        ends = np.cumsum(np.maximum(1, np.ceil(growth * np.sqrt(np.arange(1, 301)))))
        assert switch_cap(game, TsallisSwitch()) == (ends < 300).sum()


def test_a_cap_is_believed_of_our_own_code_only():
    """A subclass that plays by our steps is known; other steps, other parameters or a word of one's own are not."""

    @dataclass(frozen=True)
    class Same(BatchedExp3):
        pass

    @dataclass(frozen=True)
    class OtherSteps(BatchedExp3):
        steps = Exp3.steps

    @dataclass(frozen=True)
    class OtherParameters(BatchedExp3):
        def parameters(self, problem):
            return super().parameters(problem)

    @dataclass(frozen=True)
    class Boasts(BatchedExp3):
        def switch_cap(self, problem):
            return 0

        def rounds_held(self, problem):
            return 4

    game = SwitchingCostGame(LossTable(TABLE), 4)
    for kind, cap, length in (
        (BatchedExp3, 1, 2),
        (Same, 1, 2),
        (OtherSteps, 3, 1),
        (OtherParameters, 3, 1),
        (Boasts, 3, 1),
    ):
        learner = kind(batch_length=2)
        assert (switch_cap(game, learner), batch_length(game, learner)) == (cap, length), kind


def test_losses_are_known_where_the_steps_are_those_that_are_described():
    @dataclass(frozen=True, eq=False)
    class OtherLosses(LossTable):
        steps = LossTable.steps._replace(gap=None)

    @dataclass(frozen=True, eq=False)
    class Declared(LossTable):
        steps = LossTable.steps._replace(gap=None)

        def known_table(self, horizon):
            return self.table[:horizon]

    assert known_table(SwitchingCostGame(OtherLosses(TABLE), 4)) is None
    np.testing.assert_array_equal(known_table(SwitchingCostGame(Declared(TABLE), 4)), TABLE)


@pytest.mark.parametrize("gap", [None, 0.3])
def test_on_the_walk_the_good_action_is_best_in_every_round_and_others_lose_at_most_the_gap(gap):
    """A walk with noise 0.4 is clipped often: even then, and so is the regret's range."""
    walk = MultiScaleRandomWalk(3, gap=gap, noise=0.4)
    game = SwitchingCostGame(walk, 64, 2.0)
    size = walk.setting(64).gap
    low, high = proven_range(game, Exp3(), "regret")
    assert (low, high) == pytest.approx((0.0, size * 64 + 2.0 * 63), abs=1e-9)
    for repetition in range(4):
        table = freeze(walk, 64, seed=2, repetition=repetition).table
        best = table[:, table.sum(axis=0).argmin()]
        assert (table >= best[:, None]).all()
        assert (table <= best[:, None] + size + 1e-15).all()
    assert table.min() == 0.0, "nothing was clipped: the test says less than it should"


def test_ranges_where_losses_are_random():
    game = SwitchingCostGame(BernoulliLosses([0.5, 0.3, 0.9]), 10, 2.0)
    assert proven_range(game, Exp3(), "regret") == pytest.approx((-10.0, 28.0), abs=1e-9)
    assert proven_range(game, Exp3(), "pseudo_regret") == pytest.approx((0.0, 6.0 + 18.0), abs=1e-9)
    assert proven_range(game, Exp3(), "loss") == pytest.approx((0.0, 10.0), abs=1e-9)
    assert known_table(game) is None


def test_tables_that_are_known():
    losses = AlternatingLosses(3, period=1)
    np.testing.assert_array_equal(known_table(SwitchingCostGame(losses, 7)), alternating(7, 3))
    longer = SwitchingCostGame(LossTable(np.tile(TABLE, (3, 1))), 5)
    assert known_table(longer).shape == (5, 2), "only the rounds that are played"


def test_problems_prove_their_own_ranges_or_are_refused():
    class Own:
        horizon = 5

        def metric_range(self, metric, learner):
            return -1, 2

    assert proven_range(Own(), None, "anything") == (-1.0, 2.0)
    with pytest.raises(ValueError, match="no proven range of 'regret' for object: give it a metric_range method"):
        proven_range(object(), None, "regret")
    game = SwitchingCostGame(LossTable(TABLE), 4)
    with pytest.raises(ValueError, match="no proven range of 'joy' for a SwitchingCostGame"):
        proven_range(game, Exp3(), "joy")

    @dataclass(frozen=True)
    class Otherwise(SwitchingCostGame):
        pass

    with pytest.raises(ValueError, match="no proven range of 'regret' for Otherwise"):
        proven_range(Otherwise(LossTable(TABLE), 4), Exp3(), "regret")


# ---------------------------------------------------------------- mutants


def check_plays_of_batches(module):
    game = SwitchingCostGame(LossTable(TABLE), 4, 0.0)
    low, high = module.metric_range(game, "regret", BatchedExp3(batch_length=2))
    values = [row["regret"] for row in totals(2, 0.0)]
    assert low <= min(values)
    assert max(values) <= high


def check_tsallis_cap(module):
    """All losses 0: the law stays uniform and 20 actions make nearly every block a switch."""
    game = SwitchingCostGame(LossTable(np.zeros((60, 20))), 60, 3.0)
    switches = play_plainly(game, TsallisSwitch(), repetitions=20)[:, -1, game.metrics.index("switches")]
    assert switches.max() <= module.switch_cap(game, TsallisSwitch())


def check_walk(module):
    game = SwitchingCostGame(MultiScaleRandomWalk(40, gap=0.2, noise=0.01), 20, 0.0)
    regret = play_plainly(game, Exp3(), repetitions=5)[:, -1, game.metrics.index("regret")]
    assert regret.max() <= module.metric_range(game, "regret", Exp3())[1]


EDITS = {
    "best loss counted twice": (check_plays_of_batches, '"regret": (least - best,', '"regret": (least,'),
    "greatest play of half a batch": (check_plays_of_batches, "batches.max(axis=1)", "batches.mean(axis=1)"),
    "blocks too long": (check_tsallis_cap, '"switch_cap", "bandits")(game)', '"switch_cap", "bandits")(game) // 2'),
    "half the gap": (check_walk, "(0.0, gap * horizon + paid)", "(0.0, 0.5 * gap * horizon)"),
}


@pytest.mark.parametrize(("check", "old", "new"), EDITS.values(), ids=EDITS)
def test_mutants_of_the_ranges_are_rejected(check, old, new):
    check(ranges)
    text = inspect.getsource(ranges)
    assert text.count(old) == 1
    mutant = types.ModuleType(ranges.__name__)
    exec(compile(text.replace(old, new), "<mutant of the ranges>", "exec"), vars(mutant))
    with pytest.raises(AssertionError):
        check(mutant)


def test_losses_that_nobody_has_bounded_need_a_range_given():
    @dataclass(frozen=True)
    class Foreign(LossTable):
        bounded = False

    game = SwitchingCostGame(Foreign(TABLE), 4, 0.0)
    with pytest.raises(ValueError, match="no proven range of losses of Foreign: give verify a sample_range"):
        proven_range(game, Exp3(), "regret")
