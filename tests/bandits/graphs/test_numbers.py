"""The numbers of feedback graphs: known answers, brute force on small graphs, and what must hold on all."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.graphs import FeedbackGraph, Neighbours, graph

EYE5, EYE7 = np.eye(5), np.eye(7)
LINES = ["012", "034", "056", "135", "146", "236", "245"]
FANO = [[str(j) in line for j in range(7)] for line in LINES]
REVEALERS = [[i < 3 and j // 3 == i for j in range(9)] for i in range(9)]
# kind, alpha, mas, domination of all, of the weak ones, delta* of all
KNOWN = {
    "loops": (lambda: FeedbackGraph.cliques(5, 1), "strong", 5, 5, 5, 0, 5.0),
    "complete": (lambda: FeedbackGraph.cliques(1, 5), "strong", 1, 1, 1, 0, 1.0),
    "loopless clique": (lambda: FeedbackGraph.cliques(1, 5, loops=False), "strong", 1, 1, 2, 0, 1.25),
    "apple tasting": (lambda: FeedbackGraph([[1, 1], [0, 0]]), "strong", 1, 2, 1, 0, 1.0),
    "revealing": (lambda: FeedbackGraph.revealing(3), "weak", 2, 3, 1, 1, 1.0),
    "directed cycle": (lambda: FeedbackGraph(np.roll(np.eye(6), 1, 1)), "weak", 3, 5, 6, 6, 6.0),
    "5-cycle": (lambda: FeedbackGraph(EYE5 + np.roll(EYE5, 1, 1) + np.roll(EYE5, -1, 1)), "strong", 2, 2, 2, 0, 5 / 3),
    "7-cycle": (lambda: FeedbackGraph(np.roll(EYE7, 1, 1) + np.roll(EYE7, -1, 1)), "weak", 3, 3, 4, 4, 3.5),
    "star": (lambda: FeedbackGraph.star(6), "strong", 5, 5, 1, 0, 1.0),
    "revealers": (lambda: FeedbackGraph(REVEALERS), "weak", 7, 9, 3, 3, 3.0),
    "Fano": (lambda: FeedbackGraph(FANO), "weak", 3, 3, 3, 2, 7 / 3),
    "total order": (lambda: FeedbackGraph(np.triu(np.ones((10, 10)))), "strong", 1, 10, 1, 0, 1.0),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_answers(name):
    make, kind, alpha, mas, domination, weak, fractional = KNOWN[name]
    known = make()
    assert known.kind == kind
    assert (known.independence, known.acyclic) == ((alpha, alpha), (mas, mas))
    assert (known.domination, known.weak_domination) == ((domination, domination), (weak, weak))
    assert known.cover.size == pytest.approx(fractional, abs=1e-6)
    assert known.cover.probabilities.sum() == pytest.approx(1.0)


def test_a_cover_of_the_weak_actions_alone_is_smaller():
    """Lines of the Fano plane: a cover of the actions that are not strongly observable does not cover all."""
    fano = FeedbackGraph(FANO)
    weak = fano.cover_of(sum(1 << i for i, strong in enumerate(fano.strongly_observable) if not strong))
    assert weak.size == pytest.approx(2.0)
    assert (np.array(FANO).T @ weak.probabilities).min() < 0.9 / fano.cover.size


def acyclic(adjacency, chosen):
    left = set(chosen)
    while left:
        free = {i for i in left if not any(adjacency[i, j] for j in left if j != i)}
        if not free:
            return False
        left -= free
    return True


def most(n, test):
    return max(k for k in range(n + 1) if any(test(chosen) for chosen in combinations(range(n), k)))


@st.composite
def graphs(draw, most=6):
    n = draw(st.integers(2, most))
    bits = draw(st.lists(st.booleans(), min_size=n * n, max_size=n * n))
    return FeedbackGraph(np.reshape(bits, (n, n)))


@given(graphs(), st.randoms(use_true_random=False))
def test_numbers_are_those_of_brute_force(drawn, random):
    adjacency, n = drawn.adjacency, drawn.n_actions
    apart = most(n, lambda chosen: not any(adjacency[i, j] for i in chosen for j in chosen if i != j))
    assert drawn.independence == (apart, apart)
    spanning = most(n, lambda chosen: acyclic(adjacency, chosen))
    assert drawn.acyclic == (spanning, spanning)
    order = list(range(n))
    random.shuffle(order)
    other = FeedbackGraph(adjacency[np.ix_(order, order)])
    assert (other.kind, other.independence, other.acyclic) == (drawn.kind, drawn.independence, drawn.acyclic)
    if drawn.kind == "unobservable":
        with pytest.raises(ValueError, match="no action reveals the loss of action"):
            _ = drawn.domination
        return
    fewest = min(k for k in range(n + 1) if any(adjacency[list(c)].any(0).all() for c in combinations(range(n), k)))
    assert drawn.domination == (fewest, fewest)
    assert drawn.cover.size <= fewest + 1e-9
    assert fewest <= (1.0 + np.log(n)) * drawn.cover.size + 1e-9
    assert drawn.weak_domination.most <= fewest


@given(graphs())
def test_beyond_the_limit_numbers_are_bounded_from_both_sides(drawn):
    exact = (drawn.independence, drawn.acyclic) + ((drawn.domination,) if drawn.kind != "unobservable" else ())
    fresh = FeedbackGraph(drawn.adjacency)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph, "EXACT", 1)
        bounded = (fresh.independence, fresh.acyclic) + ((fresh.domination,) if drawn.kind != "unobservable" else ())
    for (least, most), (number, _) in zip(bounded, exact, strict=True):
        assert least <= number <= most


def test_many_actions():
    """Where greedy choices find the numbers: paths, cliques, pairs that reveal each other beside an edge."""
    assert FeedbackGraph.path(60).independence == (30, 30)
    assert FeedbackGraph.cliques(7, 5).independence == (7, 7)
    pairs = np.kron(np.eye(15), np.ones((2, 2)))
    pairs[0, 2] = 1.0
    assert FeedbackGraph(pairs).acyclic == (15, 15)
    assert FeedbackGraph.star(40).independence == (39, 39)
    assert FeedbackGraph.star(40).domination == (1, 1)


def test_sizes_are_summed_over_the_rounds():
    both = Neighbours([FeedbackGraph.path(3), FeedbackGraph.cliques(1, 3)])
    assert both.total([2.0, 5.0], 7) == 4 * 2.0 + 3 * 5.0
    assert both.observation_range(7, 3) == (4 * 2 + 3 * 3, 7 * 3)


def test_wrong_input_is_refused():
    for wrong in (np.ones((2, 3)), [[0.5]]):
        with pytest.raises(ValueError, match="adjacency must be a square array of 0 and 1"):
            FeedbackGraph(wrong)
