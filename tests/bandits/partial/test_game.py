"""The classes of finite games: textbook games, feedback graphs, and what must hold in all games."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.graphs import FeedbackGraph
from bandits.partial import (
    Exp3Signals,
    FiniteGame,
    IndependentOutcomes,
    LabelEfficient,
    OutcomeTable,
    PartialMonitoring,
    game,
)
from tests.mutants.rejection import rejected

MIDDLE = [[0.0, 1.0], [0.4, 0.4], [1.0, 0.0]]
_DEAR = np.where(np.array(MIDDLE) == 0.4, 0.6, MIDDLE)
PAIRS = list(product(range(3), repeat=2))
STRENGTHS = np.array(list(product((0.0, 1.0), repeat=3)))


def duelling():
    """Utility duelling of 3 arms: a pair loses the mean of both losses, and shows which one lost more, or neither."""
    pairs = [(i, j) for i, j in PAIRS if i <= j]
    losses = [STRENGTHS[:, [i, j]].mean(axis=1) for i, j in pairs]
    return FiniteGame(losses, [np.sign(STRENGTHS[:, i] - STRENGTHS[:, j]) + 1 for i, j in pairs])


REVEALING = FiniteGame(
    np.vstack([np.ones(4), [[0, 0, 1, 1], [0, 1, 0, 1]]]), [[0, 1, 2, 3], [0, 0, 0, 0], [0, 0, 0, 0]]
)
KNOWN = {  # kind, and the cells: P(areto-optimal), d(egenerate), - (dominated)
    "full information": (FiniteGame.full_information(MIDDLE), "easy", "PPP"),
    "apple tasting": (FiniteGame.apple_tasting(), "easy", "PP"),
    "bandit": (FiniteGame.from_graph(FeedbackGraph.cliques(3, 1)), "easy", "PPP"),
    "loopless clique": (FiniteGame.from_graph(FeedbackGraph.cliques(1, 2, loops=False)), "easy", "PP"),
    "free query": (FiniteGame.label_efficient(0.0), "trivial", "Pdd"),
    "cheap query": (FiniteGame.label_efficient(0.2), "easy", "PPP"),
    "query at 1/2": (FiniteGame.label_efficient(0.5), "easy", "dPP"),
    "label efficient": (FiniteGame.label_efficient(1.0), "hard", "-PP"),
    "middle action": (FiniteGame(MIDDLE, [[0, 0], [0, 1], [0, 0]]), "easy", "PPP"),
    "dear middle action": (FiniteGame(_DEAR, [[0, 0], [0, 1], [0, 0]]), "hard", "P-P"),
    "revealing action": (REVEALING, "hard", "dPP"),
    "no feedback": (FiniteGame(np.eye(2), np.zeros((2, 2))), "hopeless", "PP"),
    "one is best": (FiniteGame([[0.0, 0.2], [0.5, 0.2]], np.zeros((2, 2))), "trivial", "Pd"),
    "equal losses": (FiniteGame(np.ones((2, 3)), np.zeros((2, 3))), "trivial", "PP"),
    "seen differences": (FiniteGame([[1.0, 1.5, 0.0], [0.0, 0.5, 1.0]], [[0, 0, 1], [0, 0, 0]]), "easy", "PP"),
    "duelling": (duelling(), "easy", "PddPdP"),
}


def letters(found):
    return "".join({"Pareto-optimal": "P", "degenerate": "d", "dominated": "-"}[cell] for cell in found.cells)


def check_known(name):
    known, kind, cells = KNOWN[name]
    found = FiniteGame(known.losses, known.signals).classify()  # afresh: a game keeps its class
    assert (found.kind, letters(found)) == (kind, cells)


@pytest.mark.parametrize("name", KNOWN)
def test_known_answers(name):
    check_known(name)


@pytest.mark.parametrize("cost", [0.5, 1.0, 2.0, 5.0])
def test_dynamic_pricing(cost):
    """All pairs of prices are neighbours, and locally observable exactly where the prices are consecutive."""
    found = FiniteGame.pricing(5, cost).classify()
    assert found.kind == "hard"
    assert found.neighbours == tuple((i, j) for i in range(5) for j in range(i + 1, 5))
    assert found.local == tuple(j == i + 1 for i, j in found.neighbours)
    assert all(found.observable)


def test_utility_duelling():
    game, two = FiniteGame.utility_duelling(3), FiniteGame.utility_duelling(2)
    assert np.array_equal(game.losses, duelling().losses)
    assert np.array_equal(game.signals, duelling().signals)
    assert two.classify().kind == FiniteGame.utility_duelling(4).classify().kind == "easy"
    assert game.between(0, 3) == (0, 1, 3)  # the pairs (0, 0), (0, 1), (1, 1)


def test_neighbours_of_a_middle_action():
    assert KNOWN["middle action"][0].classify().neighbours == ((0, 1), (1, 2))


def test_feedback_graphs():
    """Easy, hard and hopeless are strong, weak and unobservable on all 104 graphs of three vertices: 30, 40, 34."""
    drawn = {}
    for bits in product((0, 1), repeat=9):
        adjacency = np.reshape(bits, (3, 3))
        orders = [np.array(order) for order in permutations(range(3))]
        drawn[min(adjacency[np.ix_(order, order)].tobytes() for order in orders)] = adjacency
    pairs = [(FeedbackGraph(a).kind, FiniteGame.from_graph(FeedbackGraph(a)).classify().kind) for a in drawn.values()]
    counts = {("strong", "easy"): 30, ("weak", "hard"): 40, ("unobservable", "hopeless"): 34}
    assert {pair: pairs.count(pair) for pair in set(pairs)} == counts


# ---------------------------------------------------------------- mutants


def test_mutants_of_what_is_between_and_of_what_is_estimated(monkeypatch):
    differences = FiniteGame.differences

    def by_their_own_signals(self, actions, among):
        return differences(self, actions, among if isinstance(among, range) else actions)

    def losses_themselves(self, actions, among):
        shifted = FiniteGame(
            np.vstack([self.losses, np.zeros(self.n_outcomes)]), np.vstack([self.signals, 0 * self.signals[:1]])
        )
        return differences(shifted, (self.n_actions, *actions), among)

    for mutant, name in ((by_their_own_signals, "query at 1/2"), (losses_themselves, "seen differences")):
        monkeypatch.setattr(FiniteGame, "differences", mutant)
        rejected(check_known, name)
    monkeypatch.setattr(FiniteGame, "differences", differences)
    monkeypatch.setattr(game, "_between", lambda row, first, second: (row == first).all() or (row == second).all())
    rejected(check_known, "query at 1/2")


# ---------------------------------------------------------------- all games


@st.composite
def games(draw):
    k, d = draw(st.integers(2, 4)), draw(st.integers(2, 3))
    entries = st.lists(st.integers(0, 4), min_size=k * d, max_size=k * d)
    symbols = st.lists(st.integers(0, d - 1), min_size=k * d, max_size=k * d)
    return FiniteGame(np.reshape(draw(entries), (k, d)), np.reshape(draw(symbols), (k, d)))


ORDER = {"trivial": 0, "easy": 1, "hard": 2, "hopeless": 3}


@settings(max_examples=30)
@given(games(), st.data())
def test_the_class_is_invariant(drawn, data):
    """Under orders of actions and outcomes, functions of the outcome, scale, names; finer signals are no harder."""
    k, d = drawn.losses.shape
    rows, columns = data.draw(st.permutations(range(k))), data.draw(st.permutations(range(d)))
    shift = data.draw(st.lists(st.integers(-9, 9), min_size=d, max_size=d))
    names = [data.draw(st.permutations(range(d))) for _ in range(k)]
    losses = data.draw(st.sampled_from([1e-3, 0.3, 1e4])) * (drawn.losses + shift)
    renamed = np.array([np.array(name)[row] for name, row in zip(names, drawn.signals, strict=True)])
    other = FiniteGame(losses[np.ix_(rows, columns)], renamed[np.ix_(rows, columns)]).classify()
    found = drawn.classify()
    assert other.kind == found.kind
    assert [found.cells[a] for a in rows] == list(other.cells)
    assert (found.kind == "hopeless") == (drawn.differences(drawn.optimal, range(k)) is None)
    signals = drawn.signals.copy()
    row, x = data.draw(st.integers(0, k - 1)), data.draw(st.integers(0, d - 1))
    signals[row, x] = next((s for s in range(d) if s not in signals[row]), signals[row, x])
    assert ORDER[FiniteGame(drawn.losses, signals).classify().kind] <= ORDER[found.kind]
    for finer in (FiniteGame.full_information(drawn.losses), FiniteGame.bandit(drawn.losses)):
        assert finer.classify().kind in ("trivial", "easy")


def test_wrong_input_is_refused():
    for losses, signals, text in [
        ([[0.0, 1.0]], [[0, 2]], "signals must be below the number of outcomes, 2, got 2"),
        ([[0.0, 1.0]], [[0, 0.5]], "signals must be integers, got 0.5"),
        ([[0.0, 1.0]], [[0, 1], [0, 1]], r"signals must have the shape of losses, \(1, 2\), got \(2, 2\)"),
        (np.zeros((65, 2)), np.zeros((65, 2)), "number of actions must be at most 64, got 65"),
    ]:
        with pytest.raises(ValueError, match=text):
            FiniteGame(losses, signals)
    with pytest.raises(ValueError, match="number of actions must be at most 8, got 9"):
        FiniteGame.from_graph(FeedbackGraph.path(9))
    apple = FiniteGame.apple_tasting()
    for outcomes, text in [
        (OutcomeTable([0, 2]), "outcomes must be between 0 and 1, got 2"),
        (OutcomeTable([0]), "outcomes must be at least horizon = 2 integers, got 1"),
        (IndependentOutcomes([1.0]), "probabilities must be 2 numbers, got 1"),
    ]:
        with pytest.raises(ValueError, match=text):
            PartialMonitoring(apple, outcomes, 2)
    with pytest.raises(ValueError, match=r"probabilities must sum to 1, got 0.9"):
        IndependentOutcomes([0.5, 0.4])
    for actions, among, text in [
        ([0, -1], [0], "actions must be between 0 and 1, got -1"),
        ([0, 1], [2], "among must be between 0 and 1, got 2"),
        ([], [0], "number of actions must be at least 1, got 0"),
    ]:
        with pytest.raises(ValueError, match=text):
            apple.differences(actions, among)
    for learner in (Exp3Signals, LabelEfficient):
        with pytest.raises(ValueError, match=r"exploration must be finite and in \(0, 1\], got 0.0"):
            learner(exploration=0.0)
