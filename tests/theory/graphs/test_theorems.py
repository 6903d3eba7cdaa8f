"""The lemmas behind the bounds for feedback graphs, for every distribution, and the bounds at exact expectations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import lambertw

import theory
from bandits.delays import Delayed, DelayTable
from bandits.graphs import DelayedExp3Set, Exp3G, Exp3Set, ExploringExp3, FeedbackGraph, Neighbours
from bandits.losses import HiddenCoin, LossTable
from bandits.switching import SwitchingCostGame
from tests.bandits.graphs.test_numbers import graphs
from tests.mutants.rejection import rejected
from tests.strategies import loss_tables
from theory.delays import exact as delays
from theory.switching import exact as switching


@st.composite
def distributions(draw, n):
    weight = np.array(draw(st.lists(st.floats(1e-6, 1.0), min_size=n, max_size=n)))
    return weight / weight.sum()


def with_loops(graph, undirected=False):
    adjacency = graph.adjacency | graph.adjacency.T if undirected else graph.adjacency
    return FeedbackGraph(adjacency | np.eye(graph.n_actions, dtype=bool))


def check_moment(graph, p, size):
    """Assert sum p / P <= size."""
    assert (p / (p @ graph.adjacency)).sum() <= size + 1e-9


@given(st.data(), graphs(), st.booleans())
def test_second_moments(data, drawn, undirected):
    graph = with_loops(drawn, undirected)
    p = data.draw(distributions(graph.n_actions))
    check_moment(graph, p, graph.acyclic.most)
    if undirected:
        check_moment(graph, p, graph.independence.most)


def test_alpha_in_place_of_mas_is_a_mutant():
    """The total order on 10 actions: alpha = 1, but sum p / P = 5.802859 for p increasing along the order."""
    order = FeedbackGraph(np.triu(np.ones((10, 10))))
    p = 2.0 ** np.arange(10) / (2**10 - 1)
    assert (p / (p @ order.adjacency)).sum() == pytest.approx(5.802859, abs=1e-6)
    check_moment(order, p, order.acyclic.most)
    rejected(check_moment, order, p, order.independence.most)


@given(st.data(), graphs(), st.floats(0.01, 1.0))
def test_second_moments_with_exploration(data, drawn, share):
    graph, n = with_loops(drawn), drawn.n_actions
    p = (1.0 - share) * data.draw(distributions(n)) + share / n
    check_moment(graph, p, 4.0 * graph.independence.most * np.log1p(n * (1.0 + n / share) / graph.independence.most))


def test_exploration_pays_in_large_directed_graphs():
    """The total order on 60 actions: a = 4 ln(1 + 60 (1 + 60 / gamma)) in place of 60."""
    game = on(FeedbackGraph(np.triu(np.ones((60, 60)))), np.zeros((4, 60)))
    with_bound, bare = (theory.theorem("alon2015.exp3_g").value_for(game, Exp3G(0.1, share)) for share in (0.5, 0.0))
    assert bare == pytest.approx(10 * np.log(60) + 0.4 * 61 + 1.5)
    a = 4 * np.log(1 + 60 * 121)
    assert with_bound == pytest.approx(2 + 10 * np.log(60) + 0.8 * (1 + a) + 1.5)


@given(st.data(), st.integers(2, 5), st.sampled_from([0.01, 0.3, 1.0, 5.0]))
def test_stability_with_hidden_own_losses(data, n, rate):
    """For losses of at most 1 / eta on S: <q, l> + ln <q, e^(-eta l)> / eta <= eta (sum off S + sum on S q (1 - q))."""
    q = data.draw(distributions(n))
    hidden = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    loss = np.array(data.draw(st.lists(st.floats(0.0, 1.0), min_size=n, max_size=n)))
    loss = loss / rate * np.where(hidden, 1.0, 20.0)
    left = q @ loss + np.log(q @ np.exp(-rate * loss)) / rate
    right = rate * (q * np.where(hidden, 1.0 - q, 1.0)) @ loss**2
    assert left <= right * (1.0 + 1e-9) + 1e-9


def regret_and_bound(name, game, learner):
    bound, module = theory.theorem(name), delays if isinstance(game, Delayed) else switching
    assert bound.applies(game, learner) == []
    return module.expectation(game, learner, "regret")[0], bound.value_for(game, learner)


def check_bound(name, game, learner):
    regret, value = regret_and_bound(name, game, learner)
    assert regret <= value + 1e-9


def on(graph, table):
    return SwitchingCostGame(LossTable(table), len(table), 0.5, Neighbours(graph))


@given(graphs(4), loss_tables(4, 4, 4), st.lists(st.integers(0, 4), min_size=4, max_size=4))
def test_bounds_at_exact_expectations(drawn, table, late):
    table = np.ascontiguousarray(table[:, : drawn.n_actions])
    looped = with_loops(drawn)
    for rate in (0.1, 0.4):
        check_bound("alon2013.exp3_set", on([looped, with_loops(drawn, undirected=True)], table), Exp3Set(rate))
        game = Delayed(on(looped, table), DelayTable(late))
        check_bound("ours.delayed_exp3_set", game, DelayedExp3Set(rate))
        if drawn.kind == "strong":
            check_bound("alon2015.exp3_g", on(drawn, table), Exp3G(rate, min(0.9, 2 * rate)))
        if drawn.kind != "unobservable":
            check_bound("alon2015.exploring_exp3", on(drawn, table), ExploringExp3(rate, 0.3))


@pytest.mark.parametrize(("horizon", "exact"), [(100, 1.503857), (1000, 7.081124), (10**6, 710.8613)])
def test_the_lower_bound_of_weak_graphs(horizon, exact):
    """Below the greatest value over the gaps, which the proof's W(e T k / 4) / (2 k) has near 0.9 T^(-1/3)."""

    def proved(gap):
        apart = -0.5 * np.log1p(-4 * gap**2)
        apart += (0.5 - gap) * np.log1p(-2 * gap) + (0.5 + gap) * np.log1p(2 * gap)
        return lambertw(gap * horizon * apart / 4).real / (2 * apart)

    gaps = np.linspace(0.5, 1.5, 2001) * horizon ** (-1 / 3)
    assert proved(gaps).max() == pytest.approx(exact, rel=1e-5)
    losses = HiddenCoin(3, 0.9 * horizon ** (-1 / 3), costly=1)
    game = SwitchingCostGame(losses, horizon, 0.0, Neighbours(FeedbackGraph.revealing(3)))
    bound = theory.theorem("alon2015.weak_lower")
    assert bound.applies(game, ExploringExp3()) == []
    assert 0.97 * exact < bound.value_for(game, ExploringExp3()) <= proved(losses.gap)


def test_tuned_bounds():
    T, K = 10**4, 3
    tuned = {
        "alon2015.exploring_exp3": 3 * (np.log(K) / 2) ** (1 / 3) * T ** (2 / 3),
        "alon2013.exp3_set": np.sqrt(2 * 2 * T * np.log(K)),
    }
    weak, path = on(FeedbackGraph.revealing(K), np.zeros((T, K))), on(FeedbackGraph.path(K), np.zeros((T, K)))
    for name, game, learner in (
        ("alon2015.exploring_exp3", weak, ExploringExp3()),
        ("alon2013.exp3_set", path, Exp3Set()),
    ):
        assert theory.theorem(name).value_for(game, learner) == pytest.approx(tuned[name] + 0.5 * (T - 1))
    value = theory.theorem("alon2015.exp3_g").value_for(path, Exp3G()) - 0.5 * (T - 1)
    assert value <= 2 * np.sqrt(8 * T * np.log(K))  # gamma = 2 eta <= 1/2


def test_the_side_condition_of_exp3_g_is_asked_for():
    """Public code sets eta = 2 gamma; the proof needs gamma >= eta K / (K - 1) where a loop is missing."""
    clique = on(FeedbackGraph.cliques(1, 3, loops=False), np.zeros((4, 3)))
    bound = theory.theorem("alon2015.exp3_g")
    assert bound.applies(clique, Exp3G(0.1, 0.15)) == []
    assert bound.applies(clique, Exp3G(0.1, 0.05)) == ["gamma >= eta K / (K - 1), or all loops"]
    path = on(FeedbackGraph.path(3), np.zeros((4, 3)))
    assert bound.applies(path, Exp3G(0.1, 0.05)) == []
    assert bound.applies(path, Exp3G(0.1, 1.0)) == ["gamma < 1"]
    only = theory.theorem("alon2015.exploring_exp3")
    assert only.value_for(path, ExploringExp3(0.1, 1.0)) == pytest.approx(4 + 10 * np.log(3) + 0.2 + 0.5 * 3)


def test_assumptions_on_the_graph():
    table = np.zeros((4, 3))
    weak, hopeless = FeedbackGraph.revealing(3), FeedbackGraph(np.diag([1, 1, 0]))
    assert theory.theorem("alon2015.exp3_g").applies(on(weak, table), Exp3G(0.1, 0.2)) == [
        "every graph is strongly observable"
    ]
    texts = theory.theorem("alon2015.exploring_exp3").applies(on(hopeless, table), Exp3G(0.1, 0.2))
    assert texts == ["every graph can reveal every loss", "exploration is the fractional cover"]
    mixed = theory.theorem("alon2015.exploring_exp3").applies(on(weak, table), Exp3G(0.1, 0.2))
    assert mixed == ["exploration is the fractional cover"]
