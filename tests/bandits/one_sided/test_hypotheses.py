"""Classes: predictions, separators, oracles against trying all, and the linear program's benchmark."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.one_sided import Conjunctions, Crowd, GroupThresholds, Lending, Listed, lending, three_points
from bandits.one_sided.benchmark import fair_policy
from tests.bandits.one_sided.strategies import distances, games, laws, made_fair, vector
from tests.drivers import plain


@st.composite
def classes(draw):
    """Draw (class, population) of a kind; at most 64 hypotheses."""
    n = draw(st.integers(2, 6))
    values = st.sampled_from([-1.0, 0.0, 0.5, 2.0])
    features = vector(draw, values, 3 * n).reshape(n, 3)
    groups = vector(draw, st.integers(0, 1), n)
    people = Crowd(features, vector(draw, st.floats(0.0, 1.0), n), groups)
    kind = draw(st.sampled_from(["thresholds", "one threshold", "conjunctions", "stumps", "subsets"]))
    made = {
        "thresholds": lambda: GroupThresholds(draw(st.integers(2, 6)), draw(st.integers(0, 2))),
        "one threshold": lambda: GroupThresholds(draw(st.integers(2, 6)), by_group=False),
        "conjunctions": lambda: Conjunctions(tuple(draw(st.lists(values, min_size=1, max_size=3)))),
        "stumps": lambda: Listed.stumps(n),
        "subsets": lambda: Listed.subsets(n),
    }
    return made[kind](), people


@given(classes())
def test_table_is_what_predict_says_and_separators_separate(drawn):
    hypotheses, people = drawn
    table, setting, predict = hypotheses.table(people), hypotheses.setting(people), plain(hypotheses.steps.predict)
    assert table.shape == (hypotheses.n_cells(people), hypotheses.size(people))
    for cell, h in itertools.product(range(table.shape[0]), range(table.shape[1])):
        assert predict(setting, h, cell) == table[cell, h]
    separated = table[hypotheses.separator(people)]
    assert len({tuple(column) for column in separated.T}) == len({tuple(column) for column in table.T})
    cells = hypotheses.cells(people)
    assert cells.shape == (people.n_kinds,)
    assert ((cells >= 0) & (cells < len(table))).all()
    assert (table == table[:1]).all(axis=0).any()


@given(classes(), st.data())
def test_oracle_finds_the_first_of_the_least(drawn, data):
    hypotheses, people = drawn
    table = hypotheses.table(people).astype(float)
    weights = vector(data.draw, st.integers(-3, 3), len(table)) * 0.5  # exact sums: ties are ties
    found = plain(hypotheses.steps.minimise)(hypotheses.setting(people), weights.copy())
    assert found == np.argmin(weights @ table)


@given(classes(), st.data())
@settings(max_examples=40)
def test_blocks_describe_the_same_policies(drawn, data):
    """A chosen column from each block adds up to the hypothesis that `hypothesis` names."""
    hypotheses, people = drawn
    blocks, table = hypotheses.blocks(people), hypotheses.table(people)
    members = [np.flatnonzero(blocks.block == b) for b in range(blocks.block.max() + 1)]
    chosen = np.array([data.draw(st.sampled_from(list(m))) for m in members])
    h = hypotheses.hypothesis(people, chosen)
    assert (blocks.columns[:, chosen].sum(axis=1) == table[:, h]).all()


def test_group_thresholds_cut_each_group_by_its_own_number():
    people = Crowd([[0.0], [1.0], [2.0], [0.0], [1.0], [2.0]], [0.5] * 6, [0, 0, 0, 1, 1, 1])
    hypotheses = GroupThresholds(4)
    table = hypotheses.table(people)[hypotheses.cells(people)]
    assert table[:, 0].all()
    assert not table[:, 15].any()
    assert table[:, 1 + 4 * 2].tolist() == [0, 1, 1, 0, 0, 1]
    assert GroupThresholds(4, by_group=False).size(people) == 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Listed([[0, 1], [1, 0]]), "predictions must have a constant row"),
        (lambda: Listed([[0.5, 1.0], [0.0, 0.0]]), "predictions must be 0 or 1"),
        (lambda: Listed.subsets(17), "n_kinds must be between 1 and 16, got 17"),
        (lambda: GroupThresholds(1), "cuts must be between 2 and 1000000, got 1"),
        (lambda: GroupThresholds(3, 5).cells(Lending()), "feature must be below 3, got 5"),
        (lambda: Conjunctions((0.5,) * 4).cells(Lending()), "above must have at most 3 numbers, got 4"),
        (lambda: Listed.stumps(3).table(Lending()), "predictions must have 40 columns"),
        (lambda: GroupThresholds(2**31), "cuts must be between 2 and 1000000, got 2147483648"),
    ],
)
def test_messages(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---------------------------------------------------------------- the benchmark

OPTIMA = {0.0: 9.2, 0.1: 8.6, 0.2: 8.0, 0.4: 6.8, 0.7: 5.0}  # by hand: 30 arrivals, ten of each kind


@pytest.mark.parametrize("level", OPTIMA)
def test_benchmark_of_world_a(level):
    game = three_points(10, tolerance=level, slack=0.0)
    policy = game.benchmark(0.0)
    assert 30 * policy.error == pytest.approx(OPTIMA[level], abs=1e-9)
    assert policy.weight.sum() == pytest.approx(1.0, abs=1e-12)
    assert policy.acceptance == pytest.approx(game.table[:, policy.atoms] @ policy.weight, abs=1e-12)
    if level == 0.0:
        assert policy.acceptance == pytest.approx([0.7, 1.0, 1.0], abs=1e-9)


@settings(max_examples=50)
@given(st.data())
def test_benchmark_is_fair_and_nothing_fair_is_better(data):
    game = data.draw(games())
    policy = game.benchmark(game.slack)
    limits = game.swings.min(axis=0) + policy.level
    assert (policy.acceptance[:, None] - policy.acceptance[None] <= limits + 1e-9).all()
    assert ((policy.acceptance >= 0) & (policy.acceptance <= 1)).all()
    shares = game.people.expected(game.horizon)
    other = game.table @ made_fair(game, game.slack, data.draw(laws(game.n_hypotheses)))
    assert policy.error <= shares[1].sum() + other @ (shares[0] - shares[1]) + 1e-7
    assert policy.error == pytest.approx(shares[1].sum() + policy.acceptance @ (shares[0] - shares[1]), abs=1e-12)
    looser = game.benchmark(0.0)
    assert looser.error <= policy.error + 1e-7


@settings(max_examples=25)
@given(st.data())
def test_blocks_and_listing_give_the_same_optimum(data):
    """A class given by groups and the same class given hypothesis by hypothesis have one optimum."""
    people = Lending(12, seed=data.draw(st.integers(0, 50)))
    by_group = GroupThresholds(3)
    listed = Listed(by_group.table(people)[by_group.cells(people)].T)
    swings = np.stack([data.draw(distances(12))])
    level, shares = data.draw(st.sampled_from([0.0, 0.1, 0.3])), people.expected(10)
    fast = fair_policy(people, by_group, swings, level, shares)
    slow = fair_policy(people, listed, swings, level, shares)
    assert fast.error == pytest.approx(slow.error, abs=1e-7)
    assert fast.acceptance == pytest.approx(by_group.table(people)[:, fast.atoms] @ fast.weight, abs=1e-9)


def test_benchmark_of_the_credit_market_pays_for_fairness():
    game = lending(100, votes=3)
    strict, loose = game.benchmarks[0].error, game.benchmarks[2].error
    free = fair_policy(game.people, game.hypotheses, np.ones_like(game.swings), 0.0, game.people.expected(100)).error
    assert strict > loose + 0.01
    assert loose > free + 0.01
