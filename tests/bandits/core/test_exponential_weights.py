"""Exponential weights against the formula in extended precision, single updates and whole rows, list and tree."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bandits.core.exponential_weights import (
    add_loss,
    add_losses,
    bring_up_to_date,
    draw,
    exponential,
    pick,
    postpone_losses,
    probability,
    sum_of,
    tree_add_loss,
    tree_draw,
    tree_probability,
    uniform_tree,
    uniform_weights,
)
from tests import references
from tests.drivers import plain

UNIT = 2.0**-53
RATES = st.one_of(st.floats(1e-6, 1.0), st.floats(1.0, 1e3))
LOSSES = st.one_of(st.just(0.0), st.just(1.0), st.floats(0.0, 1.0), st.floats(0.0, 1e4))


def law_of_list(weights, n_actions):
    return np.array([plain(probability)(weights, i) for i in range(n_actions)])


def law_of_tree(tree, n_actions):
    return np.array([plain(tree_probability)(tree, i) for i in range(n_actions)])


KINDS = {
    "list": (plain(uniform_weights), plain(add_loss), law_of_list),
    "tree": (plain(uniform_tree), plain(tree_add_loss), law_of_tree),
}


def slack(losses, rate, n_updates):
    """Relative rounding of a weight: of a sum of n terms in its exponent, both ways, and 512 u of the total.

    A cumulative loss L rounds by n u L, L - shift by as much again, and the exponential turns both, times the rate,
    into relative errors; below 1e-12 wherever rate * L * n < 500.
    """
    return UNIT * (8 * (n_updates + 4) * (1.0 + rate * float(np.max(np.abs(losses)))) + 512 + 8 * len(losses))


def check_law(law, losses, rate, n_updates):
    """The law is exp(-rate L) over its sum to within the rounding, entries below 1e-300 apart."""
    exact = references.softmax(-np.longdouble(rate) * np.asarray(losses, np.longdouble))
    assert np.all(np.abs(law - exact) <= slack(losses, rate, n_updates) * exact + 1e-300)
    assert abs(law.sum() - 1.0) <= 520 * UNIT + len(law) * UNIT


def check_single_updates(start, add, law_of, n_actions, rate, updates):
    """Add losses one arm at a time and compare the law after each with the formula on exact sums."""
    weights, paid = start(n_actions), [[] for _ in range(n_actions)]
    for n, (arm, loss) in enumerate(updates, 1):
        weights = add(weights, rate, arm % n_actions, loss)
        paid[arm % n_actions].append(loss)
        check_law(law_of(weights, n_actions), [math.fsum(losses) for losses in paid], rate, n)


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(1, 9), RATES, st.lists(st.tuples(st.integers(0, 8), LOSSES), max_size=30))
@example(2, 1.0, [(0, 800.0), (1, 800.0), (0, 1e-3)])  # both weights have vanished in turn and come back
@example(3, 1000.0, [(0, 1e4), (1, 1e4), (2, 1e4)])
@example(2, 1.0, [(0, -800.0), (1, -1600.0), (0, -801.0)])  # negative losses, weights beyond the range of floats
def test_single_updates_give_the_formula(kind, n_actions, rate, updates):
    check_single_updates(*KINDS[kind], n_actions, rate, updates)


@pytest.mark.parametrize("kind", KINDS)
def test_small_losses_agree_to_twelve_digits(kind):
    """2000 updates of ordinary size: more than the 256 after which the list is recomputed. rate * L < 2."""
    start, add, law_of = KINDS[kind]
    rng, weights, losses = np.random.default_rng(4), start(6), [[] for _ in range(6)]
    for _ in range(2000):
        arm, loss = int(rng.integers(6)), float(rng.random())
        weights = add(weights, 0.01, arm, loss)
        losses[arm].append(loss)
    exact = references.softmax(-np.longdouble(0.01) * np.array([math.fsum(x) for x in losses], np.longdouble))
    assert np.all(np.abs(law_of(weights, 6) - exact) <= 1e-12 * exact)


@given(st.integers(1, 6), RATES, st.data())
def test_rows_of_losses_give_the_formula(n_actions, rate, data):
    rows = data.draw(st.lists(st.lists(LOSSES, min_size=n_actions, max_size=n_actions), min_size=1, max_size=20))
    weights = plain(uniform_weights)(n_actions)
    for n, row in enumerate(np.array(rows), 1):
        weights = plain(add_losses)(weights, rate, row)
        exact = [math.fsum(column) for column in np.array(rows)[:n].T]
        check_law(law_of_list(weights, n_actions), exact, rate, n)


def test_rows_of_negative_losses_give_the_formula():
    weights, rows = plain(uniform_weights)(2), np.array([[-800.0, 0.0], [0.0, -1600.0], [-801.0, -0.5]])
    for n, row in enumerate(rows, 1):
        weights = plain(add_losses)(weights, 1.0, row)
        check_law(law_of_list(weights, 2), rows[:n].sum(axis=0), 1.0, n)


def check_exponential(function, x):
    """Within 1 unit in the last place of the extended-precision value (itself within 1e-19)."""
    exact = np.exp(np.longdouble(x))
    assert abs(np.longdouble(function(x)) - exact) <= np.spacing(float(exact))


HALF_LOG2 = 0.5 * math.log(2.0)


@given(st.one_of(st.floats(-707.9, 700.0), st.floats(-1.0, 0.0), st.integers(-1000, 1000).map(lambda n: n * HALF_LOG2)))
@example(-707.99)
@example(-5e-324)
@example(math.nextafter(HALF_LOG2, 1.0))
def test_exponential_is_accurate_to_the_last_place(x):
    check_exponential(plain(exponential), min(max(x, -707.99), 700.0))


def test_exponential_at_its_ends():
    assert [plain(exponential)(x) for x in (0.0, -0.0, -708.1, -1e300, -math.inf)] == [1.0, 1.0, 0.0, 0.0, 0.0]


def test_exponential_without_the_rest_of_ln_2_is_rejected():
    mutant = plain(exponential, LOG2_LOW=0.0)
    with pytest.raises(AssertionError):
        check_exponential(mutant, -30.0)


@given(st.lists(st.floats(0.0, 1.0), max_size=40))
def test_sum_of_is_the_sum(values):
    assert plain(sum_of)(np.array(values)) == pytest.approx(math.fsum(values), rel=len(values) * UNIT, abs=0.0)


@given(st.integers(1, 6), RATES, st.data())
def test_postponed_rows_give_the_formula_when_brought_up_to_date(n_actions, rate, data):
    rows = data.draw(st.lists(st.lists(LOSSES, min_size=n_actions, max_size=n_actions), min_size=1, max_size=20))
    weights = plain(uniform_weights)(n_actions)
    for row in np.array(rows):
        plain(postpone_losses)(weights, row)
    assert np.array_equal(weights.weight, np.ones(n_actions))
    total = plain(bring_up_to_date)(weights, rate)
    exact = [math.fsum(column) for column in np.array(rows).T]
    check_law(weights.weight / total, exact, rate, len(rows))


@pytest.mark.parametrize("kind", KINDS)
def test_hundred_million_rounds_of_losses_neither_overflow_nor_vanish(kind):
    """Cumulative losses of 10^8 rounds, paid in steps of 10^5: exp(-eta L) alone would be 0 for every action."""
    start, add, law_of = KINDS[kind]
    weights, rate = start(3), 0.5
    for step in range(1000):
        for arm in range(3):
            weights = add(weights, rate, arm, 1e5 + (1.0 if arm == 2 and step == 999 else 0.0))
    law = law_of(weights, 3)
    assert weights.loss[0] == 1e8
    assert law == pytest.approx(np.array([1.0, 1.0, math.exp(-0.5)]) / (2.0 + math.exp(-0.5)), rel=1e-12)


def test_rows_of_a_hundred_million_rounds():
    weights = plain(uniform_weights)(3)
    for _ in range(1000):
        weights = plain(add_losses)(weights, 0.5, np.full(3, 1e5))
    weights = plain(add_losses)(weights, 0.5, np.array([0.0, 0.0, 1.0]))
    law = law_of_list(weights, 3)
    assert law == pytest.approx(np.array([1.0, 1.0, math.exp(-0.5)]) / (2.0 + math.exp(-0.5)), rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_vanished_action_returns(kind):
    start, add, law_of = KINDS[kind]
    weights = add(start(2), 1.0, 0, 1e6)
    assert law_of(weights, 2).tolist() == [0.0, 1.0]
    weights = add(weights, 1.0, 1, 1e6)
    assert law_of(weights, 2).tolist() == [0.5, 0.5]


# ---------------------------------------------------------------- draws


def check_quantile(weight, u, arm):
    """`arm` has positive weight and its interval of cumulative probability holds u, up to rounding."""
    cumulative = np.concatenate([[0.0], np.cumsum(np.asarray(weight, np.longdouble))])
    assert weight[arm] > 0.0
    room = 2 * len(weight) * UNIT * cumulative[-1]
    assert cumulative[arm] - room <= u * cumulative[-1] < cumulative[arm + 1] + room


weights_lists = st.lists(
    st.one_of(st.just(0.0), st.floats(0.0, 1.0), st.floats(0.0, 1e-300)), min_size=1, max_size=9
).map(lambda w: [*w[:-1], w[-1] if any(w) else 1.0])
UNIFORMS = st.one_of(st.sampled_from([0.0, UNIT, 0.5, 1.0 - UNIT]), st.floats(0.0, 1.0 - UNIT))


@given(weights_lists, UNIFORMS)
@example([1.0, 0.0], 1.0 - UNIT)
@example([0.0, 1.0], 0.0)
@example([0.1] * 9 + [0.0], 1.0 - UNIT)
def test_pick_is_the_quantile(weight, u):
    weight = np.array(weight)
    total = 0.0
    for w in weight:
        total += w
    check_quantile(weight, u, plain(pick)(weight, total, u))


@pytest.mark.parametrize("total", [1.0 + 1e-14, 1.0])
def test_a_total_that_rounding_has_raised_stays_in_range(total):
    assert plain(pick)(np.array([0.5, 0.5, 0.0]), total, 1.0 - UNIT) == 1


@given(st.integers(1, 9), RATES, st.lists(st.tuples(st.integers(0, 8), LOSSES), max_size=20), UNIFORMS)
def test_draws_of_list_and_tree_are_quantiles_of_their_laws(n_actions, rate, updates, u):
    weights, tree = plain(uniform_weights)(n_actions), plain(uniform_tree)(n_actions)
    for arm, loss in updates:
        weights = plain(add_loss)(weights, rate, arm % n_actions, loss)
        tree = plain(tree_add_loss)(tree, rate, arm % n_actions, loss)
    check_quantile(law_of_list(weights, n_actions), u, plain(draw)(weights, u))
    check_quantile(law_of_tree(tree, n_actions), u, plain(tree_draw)(tree, u))
