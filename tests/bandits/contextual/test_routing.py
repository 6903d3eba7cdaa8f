"""Routing of queries to models: qualities, costs and losses at each preference, what is shown, wrong arguments."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.contextual import (
    ContextualGame,
    EveryLoss,
    GreedyRegression,
    InverseGapWeighting,
    KnownWorld,
    LinearWorld,
    LinUCB,
    LogisticDescent,
    PlayedPair,
    RoutingWorld,
    TableWorld,
    VovkAzouryWarmuth,
    certified,
    routing_world,
)
from bandits.contextual.problem import weighed
from bandits.delays import Bold, FixedDelay, delayed
from sims import simulate
from tests.drivers import plain

TRIES = settings(max_examples=30)
SLOPES, OFFSETS, COSTS, QUERY = ((2, -1), (0, 1), (1, 1)), (1, -0.5, 0), (1, 0.1, 0.4), [(0.3, -0.2)]
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
LINEAR = ([[0.5, 0.0], [0.0, 0.25]], [0.25, 0.5], [1.0, 0.0], [[0.5, 0.5], [1.0, 0.0]], (0.0, 0.5))
PAIRS = routing_world(*LINEAR, pairs=True)


@pytest.mark.parametrize("pairs", [False, True])
def test_routing_by_hand(pairs):
    """The quality at preference 0, and the best model as the weight of cost grows."""
    world = routing_world(SLOPES, OFFSETS, COSTS, QUERY, WEIGHTS, "logistic", pairs)
    losses = world.means[0]
    assert 1.0 - losses[0] == pytest.approx([0.858149, 0.331812, 0.524979], abs=1e-6)
    assert losses[-1] == pytest.approx(COSTS)
    assert losses.argmin(axis=1).tolist() == [0, 0, 1, 1, 1]
    assert 0.5 - losses[2] == pytest.approx([-0.070926, 0.115906, 0.062490], abs=1e-6)


unit = st.floats(0.0, 1.0)


@TRIES
@given(unit, unit)
def test_best_loss_is_concave_in_the_preference(first, second):
    """The best reward, 1 - loss, is convex: knowing the preference helps."""
    world = routing_world(SLOPES, OFFSETS, COSTS, QUERY, (first, (first + second) / 2, second), "logistic")
    low, middle, high = world.least[0]
    assert middle >= (low + high) / 2 - 1e-12


@TRIES
@given(st.lists(unit, min_size=6, max_size=6), unit)
def test_gaps_scale_with_the_weight_of_what_differs(numbers, preference):
    """Where costs are equal gaps are 1 - w times those of quality, where qualities are equal w times those of cost."""
    losses, equal = np.reshape(numbers, (2, 3)), np.full((2, 3), 0.25)
    z = [[1.0], [0.5]]
    gaps = losses - losses.min(axis=1, keepdims=True)
    for shortfall, cost, scale in ((losses, equal, 1.0 - preference), (equal, losses, preference)):
        world = RoutingWorld(KnownWorld(z, shortfall), KnownWorld(z, cost), [preference])
        assert world.means[0] - world.least[0][:, None] == pytest.approx(scale * gaps, abs=1e-12)


@TRIES
@given(unit, unit, unit)
def test_a_weighed_loss_is_between_its_parts(shortfall, cost, preference):
    loss = plain(weighed)(shortfall, cost, preference)
    assert 0.0 <= loss <= 1.0
    assert loss == pytest.approx((1.0 - preference) * shortfall + preference * cost, abs=1e-15)


def test_linear_quality_is_linear_in_the_features():
    """One parameter for each model serves all preferences, and the forward algorithm covers it."""
    means = np.array([[0.5, 0.375], [0.75, 0.1875], [0.25, 0.5], [0.625, 0.25]])
    world = routing_world(*LINEAR)
    assert world.means[0] == pytest.approx(means)
    assert PAIRS.means[0] == pytest.approx(means)
    assert world.features[3, 0].tolist() == [0.5, 0.0, 0.5, 0.5]
    assert PAIRS.features[3, 0].tolist() == [0.5, 0.0, 0.5, 0.5, 0.0, 0.5]
    assert VovkAzouryWarmuth(norm=1.5).covers(world)
    assert PAIRS.shortfall.parameter_norm == pytest.approx(math.sqrt(0.25 + 0.0625 + 0.5625 + 0.25))
    assert PAIRS.parameter_norm == pytest.approx(math.sqrt(1.125 + 1.0))
    assert PAIRS.parameter_norm == pytest.approx(world.parameter_norm)
    odds = routing_world(*LINEAR, "logistic", pairs=True).shortfall
    assert LogisticDescent(2.0).covers(odds)


def test_what_is_revealed():
    """The query with its preference, before and after; quality is 1 or 0 and makes the loss, under any feedback."""
    games = [ContextualGame(PAIRS, 64, feedback) for feedback in (PlayedPair(), EveryLoss())]
    learner = InverseGapWeighting(gamma=1.0)
    options = {"seed": 3, "backend": "python", "record": "everything"}
    pair, every = (simulate(game, learner, **options).trace[0] for game in games)
    for one, other in zip(pair, every, strict=True):
        query, w = one.observation
        shown, loss, quality, cost = one.feedback
        assert shown.preference == w
        assert np.array_equal(shown.features, query)
        assert np.array_equal(other.observation, np.hstack([(1.0 - w) * query, w * query]))
        assert cost == (1.0, 0.0)[one.action.arm]
        assert quality in (0.0, 1.0)
        assert loss == (1.0 - w) * (1.0 - quality) + w * cost
        assert loss == other.feedback.losses[one.action.arm]  # of the same coin
    assert {one.feedback.quality for one in pair} == {0.0, 1.0}
    size = games[0].size
    assert (size.dimension, size.models, size.feature_norm) == (3, 2, pytest.approx(math.sqrt(2.0)))
    assert games[1].size.dimension == 6


def test_the_guarantee_counts_both_predictions():
    """Squares are weighed by 1 - w <= 1 and w <= 1/2; at one preference the weights sum to 1."""
    oracle = VovkAzouryWarmuth(norm=1.25)
    game = ContextualGame(PAIRS, 500, PlayedPair())
    error = oracle.error(game.size)
    assert InverseGapWeighting(oracle=oracle).parameters(game).error == pytest.approx(1.5 * error)
    assert GreedyRegression(oracle=oracle).parameters(game).error == pytest.approx(1.5 * error)
    single = RoutingWorld(PAIRS.shortfall, PAIRS.cost, [0.75])
    assert InverseGapWeighting(oracle=oracle).parameters(ContextualGame(single, 500, PlayedPair())).error == error


def test_certificates_and_delays():
    """The inequality of each round holds for weighed predictions; copies without delay play as the learner does."""
    game, learner = ContextualGame(PAIRS, 40, PlayedPair()), InverseGapWeighting("squarecb", 9.0)
    options = {"repetitions": 2, "seed": 3, "backend": "python"}
    run = simulate(certified(game, learner), learner, **options)
    assert (run.final("gap_excess") <= 0.0).all()
    timely, late = (simulate(delayed(game, FixedDelay(d)), Bold(learner), **options) for d in (0, 2))
    assert np.array_equal(timely.values, simulate(game, learner, **options).values)
    assert not np.array_equal(late.values, timely.values)


def test_quality_is_learnt_where_only_cost_counts():
    """At preference 1 no loss says anything of quality, but the pair does; 200 rounds, then 50 at preference 0."""
    z, order = np.ones((1, 1)), [1] * 200 + [0] * 50
    world = RoutingWorld(LinearWorld(z, [[0.9], [0.1]]), LinearWorld(z, [[0.5], [0.5]]), [0.0, 1.0], order)
    learner, ends = InverseGapWeighting(gamma=200.0), [200, 250]
    lost = {}
    for feedback in (PlayedPair(), None):
        game = ContextualGame(world, 250, *([feedback] if feedback else []))
        run = simulate(game, learner, repetitions=4, seed=1, checkpoints=ends, backend="python")
        lost[feedback is not None] = np.diff(run.mean("regret"))[0]
    assert lost[True] < 3.0  # of at most 40
    assert lost[False] > 2.0 * lost[True]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: routing_world([[0.5]], [0.25, 0.5], [1.0], [[0.5]], [0.5]), "slopes, offsets, costs and queries must"),
        (
            lambda: routing_world([[2.0], [0.0]], [0.0, 0.0], [1.0, 0.0], [[0.75]], [0.5], pairs=True),
            "slopes, offsets and queries must make qualities in .* got 0 to 1.5",
        ),
        (lambda: RoutingWorld(PAIRS.shortfall, PAIRS.cost, [0.5, 1.5]), "preferences must lie in .0, 1."),
        (lambda: RoutingWorld(PAIRS.shortfall, PAIRS.cost, [0.5], [2]), "order must be between 0 and 1, got 2"),
        (
            lambda: RoutingWorld(PAIRS.shortfall, KnownWorld([[1.0]], [[0.5, 0.5]]), [0.5]),
            r"shortfall and cost must have the same features .* got \(2, 1, 3\) and \(1, 1, 1\), 2 and 2",
        ),
        (
            lambda: RoutingWorld(TableWorld([[1.0]], [[0.5, 0.5]]), PAIRS.cost, [0.5]),
            "shortfall must be a world without order",
        ),
        (lambda: RoutingWorld(PAIRS, PAIRS, [0.5]), "shortfall must be a world without order or preferences"),
        (lambda: RoutingWorld([[0.5]], PAIRS.cost, [0.5]), "shortfall must be a world such as KnownWorld"),
        (
            lambda: ContextualGame(KnownWorld([[1.0]], [[0.5, 0.5]]), 5, PlayedPair()),
            "PlayedPair needs a world of queries at preferences",
        ),
        (
            lambda: simulate(ContextualGame(PAIRS, 5, PlayedPair()), LinUCB()),
            "LinUCB learns from PlayedLoss feedback, but the problem gives PlayedPair",
        ),
    ],
)
def test_wrong_arguments_are_named(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()


@pytest.mark.parametrize("pairs", [False, True])
def test_the_largest_number_of_contexts(pairs, monkeypatch):
    """4 queries at 3 preferences, counted with 2 d + 2 = 4 numbers each."""
    monkeypatch.setattr("bandits.contextual.routing._MOST", 48)
    made = [[0.1], [0.2]], [0.5, 0.5], [0.0, 0.5]
    assert routing_world(*made, [[0.0]] * 4, [0.0, 0.5, 1.0], pairs=pairs).means.shape == (1, 12, 2)
    with pytest.raises(ValueError, match="queries and preferences must make at most 48 numbers, got 5 times 3"):
        routing_world(*made, [[0.0]] * 5, [0.0, 0.5, 1.0], pairs=pairs)
