"""John's exploration: the ellipsoid's conditions, the best determinant, and what they say of the rounds of the game."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.one_sided import Conjunctions, Crowd, Exp2FullBandit, Listed, lending, reduce, three_points
from bandits.one_sided.full_bandit import gram_matrix, solve_in_range
from bandits.one_sided.john import class_design, john_design
from bandits.one_sided.reduction import Reduced
from tests.bandits.one_sided.strategies import bits
from tests.drivers import plain


@st.composite
def classes(draw):
    """Draw predictions (N, n)."""
    return bits(draw, draw(st.integers(2, 12)), draw(st.integers(1, 5)))


def with_one(predictions):
    return np.column_stack([np.ones(len(predictions)), predictions]).astype(float)


def leverages(vectors, law):
    """Return f' P^+ f by the eigenvectors of P; law (N,) must explore the whole span."""
    size, axes = np.linalg.eigh(vectors.T @ (law[:, None] * vectors))
    kept = size > 1e-9
    return (((vectors @ axes[:, kept]) ** 2) / size[kept]).sum(axis=1)


def check_optimal(law, vectors, tolerance=1e-5):
    """No leverage is above the rank, and it is reached wherever the law puts weight: the contact points."""
    found, rank = leverages(vectors, law), np.linalg.matrix_rank(vectors)
    assert law.min() >= 0.0
    assert law.sum() == pytest.approx(1.0, abs=1e-12)
    assert found.max() <= rank * (1 + tolerance)
    assert found[law > 0.0].min() >= rank * (1 - tolerance)


@settings(max_examples=60)
@given(classes())
def test_conditions_of_the_least_ellipsoid(predictions):
    design = class_design(np.ascontiguousarray(predictions.T, dtype=np.uint8))
    vectors = with_one(predictions)
    assert design.rank == np.linalg.matrix_rank(vectors)
    assert design.leverage == pytest.approx(leverages(vectors, design.weight), rel=1e-7)
    assert design.weight @ design.leverage == pytest.approx(design.rank, rel=1e-9)  # a trace, whatever the law
    check_optimal(design.weight, vectors)


SCATTERED = [np.random.default_rng(seed).integers(0, 2, (15, 5)) for seed in range(8)]


def test_no_law_has_a_larger_determinant():
    for number, predictions in enumerate(SCATTERED):
        vectors = with_one(predictions)
        best = np.linalg.slogdet(vectors.T @ (john_design(vectors).weight[:, None] * vectors))[1]
        for law in np.random.default_rng(number).dirichlet(np.full(15, 0.7), 50):
            assert np.linalg.slogdet(vectors.T @ (law[:, None] * vectors))[1] <= best + 1e-5


def test_uniform_exploration_is_johns_where_the_class_is_a_product_or_independent():
    """Stumps and conjunctions are as many as their rank, group thresholds a product: the law is uniform there."""
    features = np.array(list(itertools.product((0.0, 1.0), repeat=3)))
    conjunctions = Conjunctions().table(Crowd(features, np.full(8, 0.5)))
    for table in (three_points(9).table, conjunctions, lending(9).table):
        n = table.shape[1]
        assert class_design(table).weight == pytest.approx(np.full(n, 1 / n), abs=1e-9)
    vectors = with_one(SCATTERED[0])
    with pytest.raises(AssertionError):
        check_optimal(np.full(15, 1 / 15), vectors)
    line = np.array([[1.0], [-2.0], [2.0]])  # rank 1: the longest, whatever their sign
    assert john_design(line).weight.tolist() == [0.0, 0.5, 0.5]


@settings(max_examples=40)
@given(classes(), st.data())
def test_one_law_serves_every_round(predictions, data):
    """Leverages of a round's actions are at most the population's rank, for all arrivals and reports."""
    n = predictions.shape[1]
    people = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=4))
    copies = data.draw(st.integers(0, 3))
    pair = data.draw(st.none() | st.tuples(*[st.integers(0, len(people) - 1)] * 2))
    design = class_design(np.ascontiguousarray(predictions.T, dtype=np.uint8))
    shown = predictions[:, people]
    actions = np.array([_reduced(h, pair, copies).action for h in shown])
    own = leverages(with_one(shown), design.weight)
    assert leverages(actions, design.weight) == pytest.approx(own, rel=1e-6)  # neither pair nor copies matter
    assert own.max() <= design.rank * (1 + 1e-5)


def _reduced(predictions, pair, copies) -> Reduced:
    return reduce(predictions, np.zeros(len(predictions)), pair, copies)


def test_estimates_stay_within_the_exploration():
    """|f_h' P^-1 f_h'| <= r / g under (1 - g) q + g mu, for laws q that have forgotten all but one hypothesis."""
    share = 0.05
    for predictions in SCATTERED:
        table = np.ascontiguousarray(predictions.T, dtype=np.uint8)
        design, vectors = class_design(table), with_one(predictions)
        law = share * design.weight
        law[0] += 1.0 - share
        most = 0.0
        for h in range(len(predictions)):
            gram, solution = np.zeros((6, 6)), vectors[h].copy()
            plain(gram_matrix)(table, law, np.arange(5), gram)
            plain(solve_in_range)(gram, np.zeros(6, np.int64), solution)
            most = max(most, np.abs(vectors @ solution).max())
        assert 1.0 < most <= design.rank / share * (1 + 1e-5)


def test_learner_explores_by_john():
    rng = np.random.default_rng(3)
    game = three_points(100)
    wide = Listed(rng.integers(0, 2, (9, 3)))
    other = type(game)(game.people, wide, game.panels, 100)
    john, uniform = (Exp2FullBandit(0, explorer=e).parameters(other) for e in ("john", "uniform"))
    assert john.explorer.tolist() == class_design(other.table).weight.tolist()
    assert uniform.explorer.tolist() == [1 / other.n_hypotheses] * other.n_hypotheses
    assert john.exploration == pytest.approx(john.learning_rate * 4, rel=1e-5)  # d = 2 k = 4, the rank
    with pytest.raises(ValueError, match="explorer must be one of john, uniform, got 'both'"):
        Exp2FullBandit(explorer="both")
