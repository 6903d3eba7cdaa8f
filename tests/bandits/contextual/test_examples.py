"""Matching of requests and items, screening."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.contextual import (
    ContextualGame,
    DiagonalLinUCB,
    KnownWorld,
    screening_world,
    two_items,
)
from bandits.contextual.problem import Revealed
from bandits.threshold import Compas, GermanCredit
from sims import simulate
from tests.drivers import plain, stream_of

TRIES = settings(max_examples=30)

# ---------------------------------------------------------------- matching


def scores(requests, items, losses, learner, n_items):
    """Return the scores after each round of given requests and items, from the learner's own functions."""
    world = KnownWorld(requests, np.full((len(requests), n_items), 0.5), range(len(requests)))
    params, rng = learner.parameters(ContextualGame(world, len(requests))), stream_of(0, 0, 0)
    init, act, update = (plain(step) for step in learner.steps)
    state, found = init(params, rng), []
    for t, (item, loss) in enumerate(zip(items, losses, strict=True)):
        act(params, state, np.array(requests[t : t + 1]), t, rng)
        found.append(-state.score)
        state = update(params, state, t, item, Revealed(np.array(requests[t : t + 1]), loss), rng)
    return np.array(found), state


def test_scores_by_hand():
    """w = (0.6, 0.4): b / d of each link, and the width; items without a link are never best."""
    learner = DiagonalLinUCB([[1, 1, 0], [1, 0, 0]], 2.0)
    found, state = scores([[0.6, 0.4]] * 3, (0, 1, 0), (0.5, 0.25, 0.0), learner, 3)
    assert found[0].tolist() == [np.inf, np.inf, -np.inf]
    assert found[2] == pytest.approx([1.0 + 2.0 * np.sqrt(2.0), 0.75 + 2.0, -np.inf])
    assert state.rewards == pytest.approx(np.array([[0.9, 0.45, 0.0], [0.6, 0.0, 0.0]]))
    assert state.squares == pytest.approx(np.array([[0.72, 0.36, 0.0], [0.32, 0.0, 0.0]]))
    divided, _ = scores([[0.6, 0.4]] * 3, (0, 1, 0), (0.5, 0.25, 0.0), DiagonalLinUCB(learner.edges, 2.0, True), 3)
    assert divided[2][0] == pytest.approx(0.5 + 2.0 * np.sqrt(2.0))


@TRIES
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), st.floats(0.0, 1.0)), min_size=1, max_size=12))
def test_requests_of_one_cluster_are_ucb(rounds):
    """The score of an item is mean + alpha / sqrt(N) of its plays in the cluster."""
    requests = [[1.0, 0.0] if cluster == 0 else [0.0, 1.0] for cluster, _, _ in rounds]
    found, _ = scores(requests, [item for _, item, _ in rounds], [loss for *_, loss in rounds], DiagonalLinUCB(), 3)
    for t, (cluster, _, _) in enumerate(rounds):
        for item in range(3):
            seen = [1.0 - loss for c, i, loss in rounds[:t] if (c, i) == (cluster, item)]
            index = np.mean(seen) + 0.5 / np.sqrt(len(seen)) if seen else np.inf
            assert found[t][item] == pytest.approx(index, abs=1e-12)


def test_an_item_with_two_links_is_played_for_ever():
    """The normalised score finds the better item; 4 repetitions of 400 rounds, seed fixed."""
    game, edges = ContextualGame(two_items(), 400), [[1, 1], [1, 0]]
    raw = simulate(game, DiagonalLinUCB(edges, 2.0), repetitions=4, seed=1, backend="python").mean("regret")[-1]
    divided = simulate(game, DiagonalLinUCB(edges, 2.0, True), repetitions=4, seed=1, backend="python")
    assert raw > 0.2 * 400
    assert divided.mean("regret")[-1] < 0.15 * 400


@pytest.mark.parametrize(
    ("edges", "text"),
    [
        ([[1, 1]], r"edges must be links of clusters and items, \(2, 2\), got \(1, 2\)"),
        ([[0, 0], [0, 0]], "edges must link an item to each request"),
        ([[0.5, 0], [0, 0]], "edges must be 0 or 1"),
    ],
)
def test_wrong_links_are_named(edges, text):
    with pytest.raises(ValueError, match=text):
        DiagonalLinUCB(edges).parameters(ContextualGame(two_items(), 5))


# ---------------------------------------------------------------- screening


@pytest.mark.parametrize(("population", "count", "bad"), [(GermanCredit(), 1000, 0.3), (Compas(), 5278, 0.4704)])
def test_screening(population, count, bad):
    world = screening_world(population)
    assert world.losses.shape == (count, 2)
    assert (world.losses.sum(axis=1) == 1.0).all()
    assert world.losses[:, 1].mean() == pytest.approx(bad, abs=1e-3)
    assert np.linalg.norm(world.contexts, axis=2).max() == pytest.approx(1.0)
