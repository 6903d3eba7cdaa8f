"""Exact expectations against published digits, enumeration, recursions, values of games, and the code that plays."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from bandits.losses import LossTable
from bandits.switching import (
    Bandit,
    BatchedDartboard,
    BatchedExp3,
    BudgetedExp3,
    Exp3,
    FullInformation,
    Hedge,
    LazyPerturbedLeader,
    ShrinkingDartboard,
    SwitchingCostGame,
    TotalBudget,
)
from tests.drivers import play_plainly
from theory.confidence import mean_interval
from theory.switching.exact import (
    batched_dartboard,
    budgeted_exp3,
    chain,
    dartboard_transitions,
    exp3,
    hedge,
    hedge_probabilities,
    perturbed_leader_probabilities,
    shrinking_dartboard,
)
from theory.switching.witnesses.minimax import bandit_value, expert_value, worst_case_of_two

A = np.array([(1.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)])
B = np.array([(0.2, 0.9, 0.5), (0.7, 0.1, 0.4), (0.3, 0.3, 1.0), (0.0, 0.6, 0.2)])
FIFTY = math.sqrt(8.0 * math.log(2.0) / 450.0)  # the rate for T = 50, K = 2, c = 1 with 1 + 8 c in place of 8 (c + 1/8)

tables = st.tuples(st.integers(1, 12), st.integers(2, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(0.0, 1.0, width=32))
)


# ---------------------------------------------------------------- known answers


@pytest.mark.parametrize(
    ("table", "rate", "loss", "afresh", "lazy", "bandit_loss", "bandit_switches"),
    [
        (A, 0.5, 2.62245933120185, 1.5, 0.367377993605564, 2.6135790537684, 1.73164510928752),
        (B, 0.7, 1.78796324526621, 1.99890510694591, 0.586059652683619, 1.7658943057025, 2.32971651222112),
    ],
)
def test_known_answers(table, rate, loss, afresh, lazy, bandit_loss, bandit_switches):
    assert hedge(table, rate).loss == pytest.approx(loss, abs=1e-13)
    assert hedge(table, rate).switches == pytest.approx(afresh, abs=1e-13)
    assert shrinking_dartboard(table, rate).loss == pytest.approx(loss, abs=1e-13)
    assert shrinking_dartboard(table, rate).switches == pytest.approx(lazy, abs=1e-13)
    assert exp3(table, rate).loss == pytest.approx(bandit_loss, abs=1e-13)
    assert exp3(table, rate).switches == pytest.approx(bandit_switches, abs=1e-13)


@pytest.mark.parametrize(
    ("name", "regret"), [("alternating", 2.052), ("constant", 6.955), ("ones", 2.574), ("ones then constant", 7.670)]
)
def test_dartboard_on_sequences_with_formulas(name, regret):
    t = np.arange(50)[:, None]
    constant = np.array([[0.0, 1.0]] * 50)
    table = {
        "alternating": np.hstack([t % 2, 1 - t % 2]).astype(float),
        "constant": constant,
        "ones": np.ones((50, 2)),
        "ones then constant": np.where(t < 25, 1.0, constant),
    }[name]
    assert shrinking_dartboard(table, FIFTY).regret(1.0) == pytest.approx(regret, abs=5e-4)


@pytest.mark.parametrize(("horizon", "regret"), [(50, 7.6891), (200, 16.3616), (1000, 38.2506)])
def test_worst_case_of_the_dartboard_with_two_actions(horizon, regret):
    rate = math.sqrt(8.0 * math.log(2.0) / (9.0 * horizon))
    worst, table = worst_case_of_two(horizon, rate, 1.0)
    assert worst == pytest.approx(regret, abs=5e-5)
    assert shrinking_dartboard(table, rate).regret(1.0) == pytest.approx(worst, rel=1e-12)
    assert worst <= 2.0 * math.sqrt(9.0 / 8.0 * horizon * math.log(2.0)) + math.log(2.0)


# ---------------------------------------------------------------- brute force


def by_paths(table, law):
    """Return E loss and E switches by summing over every sequence of actions; `law(path)` is the next action's law."""
    horizon, n_actions = table.shape
    loss = switches = 0.0
    for path in itertools.product(range(n_actions), repeat=horizon):
        weight = 1.0
        for t in range(horizon):
            weight *= law(path[:t])[path[t]]
        loss += weight * sum(table[t, a] for t, a in enumerate(path))
        switches += weight * sum(a != b for a, b in itertools.pairwise(path))
    return loss, switches


def weights(total, rate):
    w = [math.exp(-rate * (x - min(total))) for x in total]
    return [x / sum(w) for x in w]


@pytest.mark.parametrize("table", [A, B])
def test_full_information_equals_enumeration(table):
    rate = 0.7

    def afresh(path):
        return weights(table[: len(path)].sum(axis=0), rate)

    def lazy(path):
        p = afresh(path)
        if not path:
            return p
        keep = math.exp(-rate * table[len(path) - 1, path[-1]])
        return [(1.0 - keep) * x + keep * (i == path[-1]) for i, x in enumerate(p)]

    for law, play in ((afresh, hedge(table, rate)), (lazy, shrinking_dartboard(table, rate))):
        loss, switches = by_paths(table, law)
        assert play.loss == pytest.approx(loss, abs=1e-12)
        assert play.switches == pytest.approx(switches, abs=1e-12)


@pytest.mark.parametrize("table", [A, B])
def test_exp3_equals_enumeration(table):
    def law(path):
        total = [0.0] * table.shape[1]
        for t, arm in enumerate(path):
            total[arm] += table[t, arm] / weights(total, 0.7)[arm]
        return weights(total, 0.7)

    loss, switches = by_paths(table, law)
    assert exp3(table, 0.7).loss == pytest.approx(loss, abs=1e-12)
    assert exp3(table, 0.7).switches == pytest.approx(switches, abs=1e-12)


def batches_by_recursion(table, rate, length, looks):
    """Return E loss and E switches by recursion over actions, rounds of observations and observed arms."""
    horizon, n_actions = table.shape

    def rest(start, total, arm, keep):
        if start >= horizon:
            return 0.0, 0.0
        batch = table[start : start + length]
        p = weights(total, rate)
        answer = np.zeros(2)
        for new in range(n_actions):
            chance = (1.0 - keep) * p[new] + keep * (new == arm)
            here = np.array([batch[:, new].sum(), float(arm >= 0 and new != arm)])
            for u in range(len(batch)):
                for looked in range(n_actions) if looks == "flexible" else [new]:
                    estimate = np.zeros(n_actions)
                    scale = len(batch) / length
                    if looks == "own":
                        estimate[new] = batch[u, new] / p[new]
                    elif looks == "flexible":
                        estimate[looked] = n_actions * batch[u, looked]
                    else:
                        estimate = batch[u].copy()
                    estimate *= scale
                    share = chance / len(batch) / (n_actions if looks == "flexible" else 1)
                    again = 0.0 if looks == "own" else math.exp(-rate * estimate[new])
                    answer += share * (here + np.array(rest(start + length, total + estimate, new, again)))
        return tuple(answer)

    return rest(0, np.zeros(n_actions), -1, 0.0)


@pytest.mark.parametrize(("horizon", "length"), [(4, 2), (5, 2), (3, 3)])
def test_batched_learners_equal_recursion(horizon, length):
    table = np.random.default_rng(1).random((horizon, 2))
    for play, looks in (
        (budgeted_exp3(table, 0.6, length), "own"),
        (batched_dartboard(table, 0.6, length, "full"), "full"),
        (batched_dartboard(table, 0.6, length, "flexible"), "flexible"),
    ):
        loss, switches = batches_by_recursion(table, 0.6, length, looks)
        assert play.loss == pytest.approx(loss, abs=1e-12)
        assert play.switches == pytest.approx(switches, abs=1e-12)


def test_batched_exp3_is_exp3_on_batch_means():
    table = np.random.default_rng(2).random((6, 2))
    means = table.reshape(3, 2, 2).mean(axis=1)
    assert exp3(table, 0.4, batch_length=2).loss == pytest.approx(2.0 * exp3(means, 0.4).loss, abs=1e-12)
    assert exp3(table, 0.4, batch_length=2).switches == pytest.approx(exp3(means, 0.4).switches, abs=1e-12)


def test_a_vanished_branch_does_not_poison_the_tree():
    play = exp3(np.array([[1.0, 0.0]] * 12), 40.0)
    assert math.isfinite(play.loss)
    assert math.isfinite(play.switches)


# ---------------------------------------------------------------- on every input


@given(tables, st.floats(0.01, 3.0))
def test_dartboard_keeps_hedges_marginals(table, rate):
    n_actions = table.shape[1]
    walked = chain(table, np.full(n_actions, 1.0 / n_actions), dartboard_transitions(table, rate))
    play = shrinking_dartboard(table, rate)
    np.testing.assert_allclose(walked.probabilities, hedge_probabilities(table, rate), rtol=0, atol=1e-14)
    assert walked.switches == pytest.approx(play.switches, abs=1e-13)
    assert play.switches <= play.redraws + 1e-13


@given(tables, st.floats(0.01, 3.0))
def test_theorems_hold_on_every_table(table, rate):
    horizon, n_actions = table.shape
    play = shrinking_dartboard(table, rate)
    assert play.regret() <= math.log(n_actions) / rate + rate * horizon / 8.0 + play.rounding
    assert play.redraws <= math.log(n_actions) + rate * play.best_loss + play.rounding


@given(tables, st.floats(0.05, 2.0))
def test_the_perturbed_leader_is_a_law_and_pays_at_most_its_bound(table, rate):
    p = perturbed_leader_probabilities(table, rate)
    horizon, n_actions = table.shape
    assert (p >= -1e-15).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-12)
    harmonic = sum(1.0 / k for k in range(1, n_actions + 1))
    regret = (p * table).sum() - table.sum(axis=0).min()
    assert regret <= harmonic / rate + rate * horizon + 1e-12


def test_the_perturbed_leader_of_two_actions_is_laplace():
    """P(action 0) is the probability that a Laplace variable exceeds L(0) - L(1)."""
    table = np.array([(0.5, 0.0), (0.0, 1.0), (0.3, 0.3)])
    p = perturbed_leader_probabilities(table, 0.8)[:, 0]
    np.testing.assert_allclose(p, [0.5, 0.5 * math.exp(-0.4), 1.0 - 0.5 * math.exp(-0.4)], rtol=1e-14)


@settings(max_examples=25)
@given(st.integers(1, 4), st.integers(2, 3), st.floats(0.05, 2.0), st.data())
def test_permuting_actions_changes_nothing(horizon, n_actions, rate, data):
    table = data.draw(arrays(np.float64, (horizon, n_actions), elements=st.floats(0.0, 1.0, width=32)))
    order = data.draw(st.permutations(range(n_actions)))
    for play in (hedge, shrinking_dartboard, exp3):
        assert play(table, rate).loss == pytest.approx(play(table[:, order], rate).loss, abs=1e-12)
        assert play(table, rate).switches == pytest.approx(play(table[:, order], rate).switches, abs=1e-12)


# ---------------------------------------------------------------- values of games


@pytest.mark.parametrize("horizon", [1, 2, 4, 8, 12])
def test_value_of_two_experts_is_half_a_random_walk(horizon):
    walk = sum(math.comb(horizon, k) * abs(2 * k - horizon) for k in range(horizon + 1)) / 2**horizon
    assert expert_value(horizon, 2) == pytest.approx(walk / 2.0, abs=1e-9)


def test_value_of_three_experts():
    assert expert_value(8, 3) == pytest.approx(1.549479, abs=1e-6)
    assert expert_value(3, 1) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("horizon", [4, 8, 12])
def test_hedge_lies_between_the_value_and_its_bound(horizon):
    worst, _ = worst_case_of_two(horizon, math.sqrt(8.0 * math.log(2.0) / horizon), 0.0)
    assert expert_value(horizon, 2) <= worst <= math.sqrt(horizon * math.log(2.0) / 2.0)


def bandit_value_by_pure_strategies(horizon, cost):
    """Return the value of the matrix game of pure strategies: an action for every history of observations."""
    histories = [h for t in range(horizon) for h in itertools.product((0, 1), repeat=t)]
    strategies = list(itertools.product((0, 1), repeat=len(histories)))
    tables = np.array(list(itertools.product((0, 1), repeat=2 * horizon))).reshape(-1, horizon, 2)
    regret = np.empty((len(tables), len(strategies)))
    for s, strategy in enumerate(strategies):
        plan = dict(zip(histories, strategy))
        for n, table in enumerate(tables):
            seen, last, paid = (), None, 0.0
            for t in range(horizon):
                arm = plan[seen]
                paid += table[t, arm] + cost * (last is not None and arm != last)
                seen, last = (*seen, int(table[t, arm])), arm
            regret[n, s] = paid - table.sum(axis=0).min()
    matrix = np.hstack([regret, -np.ones((len(tables), 1))])
    objective = np.eye(1, matrix.shape[1], matrix.shape[1] - 1)[0]
    simplex = 1.0 - objective[None]
    bounds = [(0.0, None)] * len(strategies) + [(None, None)]
    return linprog(objective, matrix, np.zeros(len(tables)), simplex, [1.0], bounds, method="highs").fun


@pytest.mark.parametrize(("horizon", "cost"), [(2, 0.0), (2, 1.0), (3, 0.0), (3, 0.5), (3, 1.0)])
def test_bandit_value_equals_that_of_the_matrix_game(horizon, cost):
    assert bandit_value(horizon, cost) == pytest.approx(bandit_value_by_pure_strategies(horizon, cost), abs=1e-9)


def test_bandit_value_grows_and_respects_the_published_lower_bound():
    """Dekel et al. (2014), Theorem 1, at T = 6, K = 2, c = 1; and knowing less cannot help."""
    values = [bandit_value(t, 1.0) for t in (3, 4, 5, 6)]
    assert values == sorted(values)
    assert values[-1] >= 2.0 ** (1 / 3) * 6.0 ** (2 / 3) / (50.0 * math.log2(6.0))
    assert bandit_value(5, 0.0) >= expert_value(5, 2)
    assert bandit_value(5, 1.0) >= bandit_value(5, 0.0)


@pytest.mark.parametrize("cost", [0.0, 1.0])
def test_no_bandit_learner_stays_below_the_value(cost):
    tables = np.array(list(itertools.product((0.0, 1.0), repeat=8))).reshape(-1, 4, 2)
    for length, rate in ((1, 0.8), (2, 0.5)):
        worst = max(exp3(table, rate, length).regret(cost) for table in tables)
        assert worst >= bandit_value(4, cost) - 1e-9


# ---------------------------------------------------------------- the code that plays


ROUNDS, REPETITIONS, MISS = 12, 2000, 1e-9  # each of the 15 intervals below fails by chance with at most 2 MISS

PLAYED = {
    "hedge": (Hedge(0.6), FullInformation(), lambda x: hedge(x, 0.6)),
    "dartboard": (ShrinkingDartboard(0.6), FullInformation(), lambda x: shrinking_dartboard(x, 0.6)),
    "exp3": (Exp3(0.3), Bandit(), lambda x: exp3(x, 0.3)),
    "batched exp3": (BatchedExp3(0.4, 5), Bandit(), lambda x: exp3(x, 0.4, 5)),
    "own looks": (BudgetedExp3(0.4), TotalBudget(4, "bandit"), lambda x: budgeted_exp3(x, 0.4, 3)),
    "full looks": (BatchedDartboard(0.5), TotalBudget(8, "full"), lambda x: batched_dartboard(x, 0.5, 3, "full")),
    "uniform looks": (BatchedDartboard(0.3), TotalBudget(4), lambda x: batched_dartboard(x, 0.3, 3, "flexible")),
}


def played(learner, feedback, table):
    """Return loss, switches and regret of each repetition, by the code that is compiled, run by Python."""
    game = SwitchingCostGame(LossTable(table), ROUNDS, switching_cost=0.25, feedback=feedback)
    values = play_plainly(game, learner, REPETITIONS, seed=5)[:, 0]
    return (values[:, game.metrics.index(metric)] for metric in ("loss", "switches", "regret"))


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAYED)
def test_simulated_means_contain_the_exact_expectations(name):
    learner, feedback, oracle = PLAYED[name]
    table = np.random.default_rng(21).random((ROUNDS, 2))
    losses, switches, regret = played(learner, feedback, table)
    play = oracle(table)
    for samples, value, high in ((losses, play.loss, float(ROUNDS)), (switches, play.switches, ROUNDS - 1.0)):
        lower, upper = mean_interval(samples, 0.0, high, MISS)
        assert lower <= value <= upper
        assert upper - lower < 0.1 * high  # the interval is narrow enough to mean something
    assert play.regret(0.25) == pytest.approx(regret.mean(), abs=0.2)


@pytest.mark.slow
def test_simulated_perturbed_leader_pays_the_exact_loss():
    table = np.random.default_rng(22).random((ROUNDS, 3))
    losses, _, _ = played(LazyPerturbedLeader(0.7), FullInformation(), table)
    exact = float((perturbed_leader_probabilities(table, 0.7) * table).sum())
    lower, upper = mean_interval(losses, 0.0, float(ROUNDS), MISS)
    assert lower <= exact <= upper


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hedge([[2.0, 0.0]], 0.1), "losses must lie in"),
        (lambda: hedge(A, 0.0), "learning_rate"),
        (lambda: exp3(np.zeros((40, 2)), 0.1), "too many to enumerate"),
        (lambda: exp3(A, 0.1, 9), "batch_length"),
        (lambda: bandit_value(7, 1.0), "horizon"),
        (lambda: chain(A, [0.5, 0.5], []), "transitions must be 3"),
        (lambda: hedge(A, 0.1).regret(-1.0), "switching_cost"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
