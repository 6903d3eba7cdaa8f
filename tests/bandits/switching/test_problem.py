"""The switching-cost game: feedback, costs, refused arguments, and regret by its definition."""

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bandits.core.records import writer
from bandits.core.rng import ENVIRONMENT
from bandits.losses import AlternatingLosses, BernoulliLosses, LossTable, PiecewiseLosses
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import (
    Bandit,
    BudgetExceeded,
    ExtraObservations,
    FullInformation,
    SwitchingCostGame,
    TotalBudget,
)
from bandits.switching.feedback import Play
from tests import references
from tests.drivers import plain, read, stream_of
from tests.strategies import loss_tables

COSTS = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.0, 10.0))


class Shown(NamedTuple):
    """One round as the learner meets it: the loss and the losses shown to it, copied."""

    loss: float
    losses: list[float]
    everything: list[float]  # every number within the learner's reach


def play(game, actions, seed=0, repetition=0):
    """Play given actions; return (what was shown each round, metrics after each round (T, M)).

    The metrics are measured after every round, as a run with every checkpoint does.
    """
    start, respond, measure = map(plain, game.steps[:3])
    setting, env = game.setting(), stream_of(seed, repetition, ENVIRONMENT)
    world, shown, measured = start(setting, env), [], np.zeros((len(actions), len(game.metrics)))
    for t, action in enumerate(actions):
        feedback, world = respond(setting, world, t, action, env)
        shown.append(copied(feedback))
        writer(game.metrics)(measure(setting, world, t + 1), measured[t])
    return shown, measured


def copied(feedback):
    if np.isscalar(feedback):
        return Shown(float(feedback), [], [float(feedback)])
    if isinstance(feedback, np.ndarray):
        return Shown(math.nan, feedback.tolist(), feedback.tolist())
    return Shown(feedback.loss, feedback.losses[: feedback.n].tolist(), [feedback.loss, *feedback.losses.tolist()])


def game_of(table, feedback=None, cost=1.0, kind=SwitchingCostGame):
    return kind(LossTable(table), len(table), cost, feedback or Bandit())


@st.composite
def played_tables(draw):
    """A table of losses and an action for each round."""
    table = draw(loss_tables())
    n_rounds, n_actions = table.shape
    return table, draw(st.lists(st.integers(0, n_actions - 1), min_size=n_rounds, max_size=n_rounds))


@st.composite
def bought_looks(draw):
    """A table, and for each round an action with observations of any actions, each once."""
    table, arms = draw(played_tables())
    looks = [draw(st.lists(st.integers(0, table.shape[1] - 1), unique=True)) for _ in arms]
    return table, arms, looks


def plays(arms, looks, n_actions):
    """Return the actions; entries beyond the observations asked for are arms that must not be read."""
    padded = [np.array(wanted + [n_actions - 1] * (n_actions - len(wanted))) for wanted in looks]
    return [Play(arm, look, len(wanted)) for arm, look, wanted in zip(arms, padded, looks, strict=True)]


# ---------------------------------------------------------------- what is revealed


@given(played_tables())
def test_full_information_shows_every_loss(played):
    table, arms = played
    shown, measured = play(game_of(table, FullInformation()), arms)
    assert [s.losses for s in shown] == table.tolist()
    assert measured[:, 2].tolist() == [table.shape[1] * n for n in range(1, len(table) + 1)]


@given(played_tables())
def test_bandit_feedback_shows_the_own_loss_alone(played):
    table, arms = played
    shown, measured = play(game_of(table), arms)
    assert [s.everything for s in shown] == [[table[t, arm]] for t, arm in enumerate(arms)]
    assert measured[:, 2].tolist() == list(range(1, len(table) + 1))


def distinct(shape):
    """Losses of which no two are equal, so that a number seen betrays where it is from."""
    return np.linspace(0.01, 0.99, shape[0] * shape[1]).reshape(shape)


def check_reach(kind, table, arms, looks):
    """Observations come in order, repeats included; the own loss is free with extra observations, else hidden.

    All numbers within reach were paid for: measuring after every round must not leak the totals that it computes.
    """
    table = distinct(table.shape)
    actions, n_looks = plays(arms, looks, table.shape[1]), [len(wanted) for wanted in looks]
    extra, extra_measured = play(game_of(table, ExtraObservations(sum(n_looks)), kind=kind), actions)
    budget = max(sum(n_looks), table.shape[1])
    total, total_measured = play(game_of(table, TotalBudget(budget), kind=kind), actions)
    paid = {0.0}
    for t, wanted in enumerate(looks):
        assert extra[t].losses == total[t].losses == table[t, wanted].tolist()
        assert extra[t].loss == table[t, arms[t]]
        assert math.isnan(total[t].loss)
        paid |= set(table[t, wanted].tolist())
        assert set(total[t].everything[1:]) <= paid
        assert set(extra[t].everything[1:]) <= paid
    assert extra_measured[:, 2].tolist() == total_measured[:, 2].tolist() == np.cumsum(n_looks).tolist()


@given(bought_looks())
def test_bought_looks_show_what_was_paid_for_and_nothing_else(bought):
    check_reach(SwitchingCostGame, *bought)


# ---------------------------------------------------------------- budgets


def check_budget(kind, budget, n_looks):
    """Observations can be bought up to the whole budget; the first beyond it raises."""
    table = distinct((len(n_looks), 3))
    game = game_of(table, ExtraObservations(budget), kind=kind)
    actions = plays([0] * len(n_looks), [list(range(n)) for n in n_looks], 3)
    left = budget
    for n, wanted in enumerate(n_looks):
        if wanted > left:
            play(game, actions[:n])
            with pytest.raises(BudgetExceeded, match="more observations than its budget holds"):
                play(game, actions[: n + 1])
            return
        left -= wanted
    assert play(game, actions)[1][-1, 2] == budget - left


@given(st.integers(0, 20), st.lists(st.integers(0, 3), min_size=1, max_size=15))
def test_budgets_are_sold_to_the_last_look_and_no_further(budget, n_looks):
    check_budget(SwitchingCostGame, budget, n_looks)


@pytest.mark.parametrize(
    "feedback", [ExtraObservations(2), TotalBudget(2), TotalBudget(2, "full"), TotalBudget(2, "bandit")]
)
def test_every_budget_is_enforced(feedback):
    game = game_of(np.full((4, 2), 0.5), feedback)
    n = 2 if getattr(feedback, "looks", "") == "full" else 1
    buy, pass_by = Play(0, np.array([0, 1]), n), Play(0, np.array([0, 1]), 0)
    play(game, [buy] * (2 // n) + [pass_by])
    with pytest.raises(BudgetExceeded):
        play(game, [buy] * (2 // n) + [buy])
    with pytest.raises(ValueError):
        play(game, [Play(0, np.array([0, 1]), -1)])


WRONG_PLAYS = [
    (Bandit(), 2, r"the action must be in 0, \.\.\., 1, got"),
    (Bandit(), -1, r"the action must be in 0, \.\.\., 1, got"),
    (FullInformation(), 2, r"the action must be in 0, \.\.\., 1, got"),
    (ExtraObservations(5), Play(-1, np.array([0, 0]), 0), "the action must be in 0"),
    (ExtraObservations(5), Play(0, np.array([2, 0]), 1), "looks must hold actions in 0"),
    (TotalBudget(5), Play(0, np.array([-1, 0]), 1), "looks must hold actions in 0"),
    (TotalBudget(5, "full"), Play(0, np.array([0, 1]), 1), "n_looks must be 0 or 2, got 1"),
    (TotalBudget(5, "bandit"), Play(0, np.array([1, 0]), 1), "reveals only the played action"),
    (TotalBudget(5, "bandit"), Play(0, np.array([0, 0]), 2), "reveals only the played action"),
]


@pytest.mark.parametrize(("feedback", "action", "message"), WRONG_PLAYS)
def test_plays_against_the_rules_are_refused(feedback, action, message):
    with pytest.raises(ValueError, match=message):
        play(game_of(np.full((3, 2), 0.5), feedback), [action])


# ---------------------------------------------------------------- what is paid


def check_regret(kind, table, arms, cost):
    """After every round: loss, switches (the first action is free), best loss and regret, counted from the start."""
    _, measured = play(game_of(table, Bandit(), cost, kind), arms)
    for n in range(1, len(table) + 1):
        expected = references.replay(table[:n].tolist(), arms[:n], cost)
        got = dict(zip(("loss", "switches", "observations", "best_loss", "regret"), measured[n - 1], strict=True))
        assert got["switches"] == expected["switches"]
        slack = references.rounding(n, table[:n], cost * expected["switches"])
        for metric in ("loss", "best_loss", "regret"):
            assert abs(got[metric] - expected[metric]) <= slack, metric


@given(played_tables(), COSTS)
def test_regret_is_its_definition(played, cost):
    check_regret(SwitchingCostGame, *played, cost)


@given(played_tables(), st.floats(0.1, 10.0))
def test_the_first_action_is_free_and_every_change_costs(played, cost):
    table, arms = played
    free, paid = (play(game_of(table, cost=c), arms)[1] for c in (0.0, cost))
    assert paid[0].tolist() == free[0].tolist()
    changes = np.cumsum([0, *(a != b for a, b in pairwise(arms))])
    slack = references.rounding(len(table), table, cost * len(table))
    assert np.all(np.abs(paid[:, 4] - free[:, 4] - cost * changes) <= slack)


@pytest.mark.parametrize("feedback", [FullInformation(), Bandit(), ExtraObservations(0), TotalBudget(40)])
@given(played_tables())
def test_what_is_paid_does_not_depend_on_what_is_seen(feedback, played):
    table, arms = played
    assume(table.size >= 40)
    bought = isinstance(feedback, (ExtraObservations, TotalBudget))
    actions = plays(arms, [[]] * len(arms), table.shape[1]) if bought else arms
    _, measured = play(game_of(table, feedback), actions)
    _, bandit = play(game_of(table), arms)
    assert np.array_equal(np.delete(measured, 2, axis=1), np.delete(bandit, 2, axis=1))


@given(st.lists(st.integers(0, 2), min_size=2, max_size=60), st.integers(0, 2**32), COSTS)
def test_pseudo_regret_counts_the_gaps_of_the_arms_played(arms, seed, cost):
    means = [0.25, 0.5, 0.875]
    game = SwitchingCostGame(BernoulliLosses(means), len(arms), cost)
    _, measured = play(game, arms, seed)
    switches = sum(a != b for a, b in pairwise(arms))
    expected = math.fsum(means[arm] - 0.25 for arm in arms) + cost * switches
    assert game.metrics[5:] == ("pseudo_regret",)
    assert measured[-1, 5] == pytest.approx(expected, rel=1e-13, abs=1e-13)


@given(st.lists(st.integers(0, 2), min_size=2, max_size=60), st.integers(0, 2**32), st.floats(0.0, 1.0))
def test_walk_counts_the_gap_off_the_good_arm_and_the_rounds_clipped(arms, seed, noise):
    walk = MultiScaleRandomWalk(3, gap=0.25, noise=noise)
    game = SwitchingCostGame(walk, len(arms), 0.5)
    _, measured = play(game, arms, seed, 3)
    losses, good, clipped = references.walk_losses(3, 0.25, noise, len(arms), seed, 3)
    switches = sum(a != b for a, b in pairwise(arms))
    assert game.metrics[5:] == ("pseudo_regret", "clipped_rounds")
    assert measured[-1, 5] == 0.25 * sum(arm != good for arm in arms) + 0.5 * switches
    assert measured[-1, 6] == clipped
    own = math.fsum(losses[t, arm] for t, arm in enumerate(arms))
    regret = own + 0.5 * switches - losses.sum(axis=0).min()
    assert measured[-1, 4] == pytest.approx(regret, abs=1e-11)


@given(st.lists(st.integers(0, 1), min_size=30, max_size=30), st.booleans(), COSTS)
def test_dynamic_regret_counts_the_gaps_to_the_least_mean_of_each_round(arms, drift, cost):
    game = SwitchingCostGame(PiecewiseLosses([[0.5, 0.25], [0.25, 0.75]], [10], drift), 30, cost)
    _, measured = play(game, arms)
    first = [(0.5 - 0.025 * t * drift, 0.25 + 0.05 * t * drift) for t in range(10)]
    means = np.array([*first, *20 * [(0.25, 0.75)]])
    switches = sum(a != b for a, b in pairwise(arms))
    expected = means[np.arange(30), arms].sum() - means.min(axis=1).sum() + cost * switches
    assert game.metrics[5:] == ("dynamic_regret",)
    assert measured[-1, 5] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("losses", [AlternatingLosses(2), LossTable(np.zeros((5, 2)))])
def test_pseudo_regret_is_absent_where_it_has_no_meaning(losses):
    assert SwitchingCostGame(losses, 5).metrics == ("loss", "switches", "observations", "best_loss", "regret")


@given(st.lists(st.integers(0, 1), min_size=30, max_size=30), st.integers(0, 2**32))
def test_losses_do_not_depend_on_the_actions(arms, seed):
    """Common random numbers: for any learner, the losses are those of the loss process read alone."""
    process = PiecewiseLosses([[0.5, 0.4], [0.2, 0.9]], [13], drift=True)
    shown, measured = play(SwitchingCostGame(process, 30, feedback=FullInformation()), arms, seed, 2)
    losses, totals = read(process, 30, seed, 2)
    assert [s.losses for s in shown] == losses.tolist()
    assert measured[-1, 3] == totals.min()


# ---------------------------------------------------------------- wrong arguments

TABLE = LossTable(np.zeros((5, 2)))
WRONG = [
    (lambda: SwitchingCostGame("walk", 5), TypeError, "losses must be a loss process such as .*, got str"),
    (lambda: SwitchingCostGame(LossTable, 5), TypeError, r"losses must be .*, got LossTable \(the class itself"),
    (lambda: SwitchingCostGame(TABLE, 0), ValueError, "horizon must be at least 1, got 0"),
    (lambda: SwitchingCostGame(TABLE, 2**70), ValueError, f"horizon must be between 1 and {2**56}, got {2**70}"),
    (lambda: SwitchingCostGame(TABLE, 5.0), TypeError, r"horizon must be an integer, got 5\.0"),
    (lambda: SwitchingCostGame(TABLE, 6), ValueError, "losses must have at least horizon = 6 rows, got 5"),
    (lambda: SwitchingCostGame(TABLE, 5, -0.5), ValueError, r"switching_cost must be .*\[0, inf\), got -0\.5"),
    (lambda: SwitchingCostGame(TABLE, 5, math.nan), ValueError, r"switching_cost must be finite .* got nan"),
    (lambda: SwitchingCostGame(TABLE, 5, "1"), TypeError, "switching_cost must be a number, got '1'"),
    (lambda: SwitchingCostGame(TABLE, 5, 1.0, Bandit), TypeError, "feedback must be .*, got Bandit .*call it"),
    (lambda: SwitchingCostGame(TABLE, 5, 1.0, None), TypeError, "feedback must be FullInformation.*, got NoneType"),
    (lambda: ExtraObservations(-1), ValueError, "budget must be at least 0, got -1"),
    (lambda: TotalBudget(0), ValueError, "budget must be at least 1, got 0"),
    (lambda: TotalBudget(2.5), TypeError, r"budget must be an integer, got 2\.5"),
    (lambda: TotalBudget(3, "some"), ValueError, "looks must be one of flexible, full, bandit, got 'some'"),
    (lambda: game_of(np.zeros((5, 2)), TotalBudget(1)), ValueError, "budget must be between 2 and 10, got 1"),
    (lambda: game_of(np.zeros((5, 2)), TotalBudget(11)), ValueError, "budget must be between 2 and 10, got 11"),
]


@pytest.mark.parametrize(("make", "error", "message"), WRONG, ids=[message for _, _, message in WRONG])
def test_wrong_arguments_are_named_with_value_and_range(make, error, message):
    with pytest.raises(error, match=f"^{message}") as caught:
        make()
    assert "\n" not in str(caught.value)
