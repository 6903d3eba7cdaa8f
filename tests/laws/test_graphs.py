"""Learners of graph feedback: exact laws by enumeration, known answers, mutants; nothing is compiled."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

import theory
from bandits.core.exponential_weights import add_estimates
from bandits.core.jit import kernel
from bandits.core.rng import LEARNER
from bandits.delays import Delayed, DelayTable
from bandits.graphs import (
    DelayedExp3Set,
    Exp3G,
    Exp3Set,
    ExploringExp3,
    FeedbackGraph,
    GraphDartboard,
    Neighbours,
    exp3_graph,
)
from bandits.losses import LossTable
from bandits.switching import Bandit, Exp3, FullInformation, Hedge, SwitchingCostGame
from bandits.switching.feedback import Seen
from tests.bandits.switching.known_answers import ROWS
from tests.drivers import plain, stream_of
from tests.laws.enumeration import law_of, plays
from tests.mutants.rejection import rejected
from theory.delays.exact import exp3_tree

B = ROWS["three actions"]
PATH, CHAIN = FeedbackGraph.path(3), FeedbackGraph([[1, 1, 0], [0, 1, 1], [0, 0, 1]])
APPLE = FeedbackGraph([[1, 1], [0, 0]])


def game_of(graph, delays=None, table=B.losses):
    game = SwitchingCostGame(LossTable(table), len(table), 0.0, Neighbours(graph))
    return game if delays is None else Delayed(game, DelayTable(delays))


def mean_loss(game, learner, table=B.losses):
    """Return the expected loss, with the law of the actions held to the enumeration of NumPy."""
    played = list(plays(game, learner, lambda action, feedback: int(action)))
    params = learner.parameters(game)
    late = None if not isinstance(game, Delayed) else np.resize(game.schedule.delays, len(table))
    exact = exp3_tree(table, params.learning_rate, late, params.reveals, params.exploration, params.explore)
    marginal = np.zeros_like(table)
    for actions, chance in law_of(played).items():
        marginal[np.arange(len(actions)), actions] += chance
    assert np.abs(marginal - exact.probabilities).max() < 1e-12
    return math.fsum(chance * path.metrics["loss"] for chance, path in played)


@pytest.mark.parametrize(
    ("graph", "learner", "delays", "expected"),
    [
        (FeedbackGraph.cliques(3, 1), Exp3Set(0.7), None, 1.765894),
        (FeedbackGraph.cliques(1, 3), Exp3Set(0.7), None, 1.787963),
        (PATH, Exp3Set(0.7), None, 1.785000),
        (PATH, Exp3G(0.7, 0.2), None, 1.774689),
        (CHAIN, Exp3G(0.7, 0.2), None, 1.766023),
        (FeedbackGraph.cliques(1, 3, loops=False), Exp3G(0.7, 0.1), None, 1.775914),
        (FeedbackGraph.revealing(3), ExploringExp3(0.7, 0.3), None, 1.606195),
        (PATH, DelayedExp3Set(0.7), (1, 1, 1, 1), 1.724736),
        (PATH, DelayedExp3Set(0.7), (3, 0, 1, 0), 1.768575),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_known_answers(graph, learner, delays, expected):
    assert mean_loss(game_of(graph, delays), learner) == pytest.approx(expected, abs=1e-6)


def test_dartboard():
    """Known answer, below the bound; with a last block that is cut short, exact expectations stay below it as well."""
    table = np.array([[1, 0, 1], [1, 1, 0], [1, 0, 0], [1, 0, 1], [1, 1, 1], [1, 0, 1]], dtype=float)
    game = game_of(FeedbackGraph.revealing(3), table=table)
    played = list(plays(game, GraphDartboard(0.5, 3), lambda action, feedback: int(action)))
    for metric, expected in (("loss", 4.617963), ("switches", 2.278477)):
        mean = math.fsum(chance * path.metrics[metric] for chance, path in played)
        assert mean == pytest.approx(expected, abs=1e-6), metric
    for rounds in (5, 6):
        game = replace(game, horizon=rounds, switching_cost=0.5)
        learner = GraphDartboard(0.5, 3)
        played = plays(game, learner, lambda action, feedback: int(action))
        regret = math.fsum(chance * path.metrics["regret"] for chance, path in played)
        assert regret <= theory.theorem("ours.graph_dartboard").value_for(game, learner)


def test_losses_seen_by_the_dartboard_are_divided_by_the_chance_to_see_them():
    """Loops only: each of three losses is seen in a third of the exploring rounds."""
    params = GraphDartboard(0.5, 2).parameters(game_of(FeedbackGraph.cliques(3, 1)))
    init, _, update = map(plain, GraphDartboard.steps)
    state = init(params, stream_of(1, 0, LEARNER))
    state = update(params, state, state.explored, 1, Seen(0.6, np.array([0.6]), 1), stream_of(1, 0, LEARNER))
    assert state.estimates == pytest.approx([0.0, 1.8, 0.0])


def test_tuning():
    """eta = sqrt(2 gamma ln K / (T delta*)) at gamma = (delta* ln K / (2 T))^(1/3), which is at most 1."""
    for horizon, share in ((9, (math.log(3) / 18) ** (1 / 3)), (1, min(1.0, (math.log(3) / 2) ** (1 / 3)))):
        params = ExploringExp3().parameters(game_of(FeedbackGraph.revealing(3), table=np.zeros((horizon, 3))))
        assert params.exploration == pytest.approx(share)
        assert params.learning_rate == pytest.approx(math.sqrt(2 * share * math.log(3) / horizon))
    held = replace(game_of(FeedbackGraph.revealing(3), table=np.zeros((1000, 3))), switching_cost=1.0)
    params = GraphDartboard().parameters(held)
    assert params.batch_length == math.ceil((2 * 9 * 1000 / math.log(3)) ** (1 / 3)) == 26
    assert params.learning_rate == pytest.approx(math.sqrt(26 * math.log(3) / (39 * (26 / 2 + 1))))
    size = Exp3G().parameters(game_of(PATH, table=np.zeros((1000, 3)))).learning_rate
    assert size == pytest.approx(math.sqrt(math.log(3) / 8000))


def test_apple_tasting():
    """Accepting costs 1 - y and reveals y; rejecting costs y and reveals nothing. Mixed with acceptance only."""

    @dataclass(frozen=True)
    class Accepting(Exp3G):
        def parameters(self, problem):
            params = super().parameters(problem)
            u = np.array([1.0, 0.0])
            return params._replace(explore=u[None], covered=u @ params.reveals)

    y = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    table = np.column_stack([1.0 - y, y])
    regret = mean_loss(game_of(APPLE, table=table), Accepting(0.3, 0.3), table) - table.sum(axis=0).min()
    assert regret == pytest.approx(0.149584, abs=1e-6)


def test_graphs_may_change():
    """Round t has graph t mod G, for the learner as for the game, with and without delays."""
    graphs = [PATH, CHAIN, FeedbackGraph.cliques(1, 3)]
    mean_loss(game_of(graphs), Exp3Set(0.7))
    mean_loss(game_of(graphs, (1, 2, 0, 0)), DelayedExp3Set(0.7))
    weak = [FeedbackGraph.revealing(3), FeedbackGraph([[0, 1, 0], [0, 0, 1], [1, 0, 0]])]
    informed = ExploringExp3(0.7, 0.3)
    params, sizes = informed.parameters(game_of(weak)), (1.0, 3.0)
    assert np.abs(params.covered.min(axis=1) - 1.0 / np.array(sizes)).max() < 1e-9
    assert len(B.losses) % 2 == 0
    tuned = ExploringExp3(exploration=0.3).parameters(game_of(weak)).learning_rate
    assert tuned == pytest.approx(math.sqrt(0.6 * math.log(3) / (len(B.losses) * 2.0)))
    bound = theory.theorem("alon2015.exploring_exp3")
    assert bound.applies(game_of(weak), informed) == []
    regret = mean_loss(game_of(weak), informed) - B.losses.sum(axis=0).min()
    assert regret <= bound.value_for(game_of(weak), informed)


# ---------------------------------------------------------------- mutants


@kernel
def over_out_neighbours(params, weight, total, g, j):
    mass = 0.0
    for a in range(params.links.n_out[g, j]):
        mass += weight[params.links.out[g, j, a]] / total
    return (1.0 - params.exploration) * mass + params.exploration * params.links.n_out[g, j] / params.n_actions


@kernel
def without_exploration(params, weight, total, g, j):
    mass = 0.0
    for a in range(params.links.n_into[g, j]):
        mass += weight[params.links.into[g, j, a]]
    return mass / total


@kernel
def divides_by_the_chance_of_the_action(params, state, t, arm, seen, rng):
    own = (1.0 - params.exploration) * state.weights.weight[arm] / state.weights.total
    own += params.exploration * params.explore[0, arm]
    for i in range(params.n_actions):
        state.estimates[i] = 0.0
    for a in range(seen.n):
        state.estimates[params.links.out[0, arm, a]] = seen.losses[a] / own
    return add_estimates(state, params.learning_rate)


def wrong_loss(graph, learner):
    played = plays(game_of(graph), learner, lambda action, feedback: int(action))
    return math.fsum(chance * path.metrics["loss"] for chance, path in played)


@pytest.mark.parametrize(
    ("chance", "graph", "wrong"),
    [(over_out_neighbours, CHAIN, 1.683983), (without_exploration, CHAIN, 1.762813)],
)
def test_mutants_of_the_chance_of_seeing(chance, graph, wrong, monkeypatch):
    learner = Exp3G(0.7, 0.2)
    mean_loss(game_of(graph), learner)
    monkeypatch.setattr(exp3_graph, "_chance", chance)
    rejected(mean_loss, game_of(graph), learner)
    assert wrong_loss(graph, learner) == pytest.approx(wrong, abs=1e-6)


def test_mutant_that_divides_by_the_chance_of_the_action():
    @dataclass(frozen=True)
    class Mutant(Exp3G):
        steps = Exp3G.steps._replace(update=divides_by_the_chance_of_the_action)

    rejected(mean_loss, game_of(CHAIN), Mutant(0.7, 0.2))
    assert wrong_loss(CHAIN, Mutant(0.7, 0.2)) == pytest.approx(1.718883, abs=1e-6)


def test_a_hidden_loss_is_nan():
    """Without a loop the own loss is not shown: a learner that reads it gets nan."""
    played = plays(game_of(APPLE, table=np.eye(2)), Exp3G(0.3, 0.3), lambda a, f: (a, f.loss, f.n))
    for _, path in played:
        for arm, loss, n in path.actions:
            assert (n, math.isnan(loss)) == ((2, False) if arm == 0 else (0, True))


def test_without_delay_it_is_the_game_itself():
    def paths(game, learner):
        return {p.actions: (chance, p.metrics) for chance, p in plays(game, learner, lambda a, _: int(a))}

    for graph in (PATH, [CHAIN, PATH]):
        assert paths(game_of(graph, (0,)), DelayedExp3Set(0.7)) == paths(game_of(graph), Exp3Set(0.7))


@pytest.mark.parametrize(
    ("graph", "other", "feedback"),
    [
        (FeedbackGraph.cliques(3, 1), Exp3(0.7), Bandit()),
        (FeedbackGraph.cliques(1, 3), Hedge(0.7), FullInformation()),
    ],
)
def test_known_graphs_are_known_games(graph, other, feedback):
    """Path by path the same metrics: loops only are the bandit game, the complete graph is full information."""
    known = SwitchingCostGame(LossTable(B.losses), 4, 0.0, feedback)
    ours = {p.actions: (chance, p.metrics) for chance, p in plays(game_of(graph), Exp3Set(0.7), lambda a, _: int(a))}
    assert ours == {p.actions: (chance, p.metrics) for chance, p in plays(known, other, lambda a, _: int(a))}


@pytest.mark.parametrize("density", [0.05, 0.5, 0.95])
def test_the_weight_that_reveals_an_action_of_many(density):
    """In all kinds of sums: also where most of the weight does not reveal it, and a difference would lose digits."""
    draws = np.random.default_rng(3)
    adjacency = (draws.random((90, 90)) < density) | np.eye(90, dtype=bool)
    edges = Neighbours(FeedbackGraph(adjacency)).setting(90)
    even = draws.random(90)
    hidden = np.where(adjacency[:, 0], 1e-9 * even, even)
    mass = plain(exp3_graph._mass)
    for weight in (even, hidden, np.where(np.arange(90) < 45, 1.0, 1e-12)):
        found = [mass(edges, weight, weight.sum(), 0, j) for j in range(90)]
        np.testing.assert_allclose(found, weight @ adjacency, rtol=1e-13)
