"""Graph feedback in games: known games number for number, slopes of the regret, wrong input."""

from dataclasses import replace

import numpy as np
import pytest

from bandits.graphs import Exp3G, Exp3Set, ExploringExp3, FeedbackGraph, GraphDartboard, Neighbours
from bandits.losses import BernoulliLosses
from bandits.switching import Bandit, Exp3, FullInformation, Hedge, SwitchingCostGame
from sims import simulate

GAME = SwitchingCostGame(BernoulliLosses([0.5, 0.25, 0.75]), 24)
OPTIONS = {"repetitions": 2, "seed": 3, "checkpoints": [1, 7, 24], "backend": "python"}


def played(feedback, learner):
    return simulate(replace(GAME, feedback=feedback), learner, **OPTIONS).values


def test_known_graphs_are_known_games():
    loops, complete = (Neighbours(FeedbackGraph.cliques(*shape)) for shape in ((3, 1), (1, 3)))
    assert np.array_equal(played(loops, Exp3Set(0.5)), played(Bandit(), Exp3(0.5)))
    assert np.array_equal(played(complete, Exp3Set(0.5)), played(FullInformation(), Hedge(0.5)))
    assert np.array_equal(played(complete, Exp3G(0.5, 0.0)), played(FullInformation(), Hedge(0.5)))


def test_observations_are_counted():
    changing = Neighbours([FeedbackGraph.path(3), FeedbackGraph.cliques(1, 3)])
    run = simulate(replace(GAME, feedback=changing), Exp3Set(), **OPTIONS)
    low, high = changing.observation_range(24, 3)
    assert (low, high) == (12 * 2 + 12 * 3, 24 * 3)
    assert low <= run.final("observations").min() <= run.final("observations").max() <= high


HORIZONS = (1_000, 10_000, 100_000)
SLOPES = {
    "strong": (Exp3Set(), FeedbackGraph.path(3), lambda T: [0.5, 0.5, 0.5 - T**-0.5], 1 / 2),
    "weak": (ExploringExp3(), FeedbackGraph.revealing(3), lambda T: [1.0, 0.5, 0.5 - T ** (-1 / 3)], 2 / 3),
    "unobservable": (
        Exp3G(0.05, 0.1),
        FeedbackGraph([[1, 0, 0], [0, 1, 0], [0, 0, 0]]),
        lambda T: [0.4, 0.5, 0.6],
        1.0,
    ),
}


@pytest.mark.parametrize("kind", SLOPES)
def test_slope(kind):
    """Slopes of the mean pseudo-regret of 40 repetitions; fixed seed. Their sampling error is below 0.02."""
    learner, graph, means_of, expected = SLOPES[kind]
    assert graph.kind == kind
    regret = []
    for T in HORIZONS:
        game = SwitchingCostGame(BernoulliLosses(means_of(T)), T, 0.0, Neighbours(graph))
        regret.append(simulate(game, learner, repetitions=40, seed=1, checkpoints=[T]).mean("pseudo_regret")[-1])
    assert np.polyfit(np.log(HORIZONS), np.log(regret), 1)[0] == pytest.approx(expected, abs=0.05)


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match="graph must have 3 actions, got 2"):
        played(Neighbours(FeedbackGraph.path(2)), Exp3Set())
    with pytest.raises(ValueError, match=r"graph must be graphs of the same actions, got sizes \[2, 3\]"):
        Neighbours([FeedbackGraph.path(2), FeedbackGraph.path(3)])
    with pytest.raises(TypeError, match="graph must be a FeedbackGraph, or a list of them, got ndarray"):
        Neighbours(np.eye(3))
    with pytest.raises(ValueError, match="Exp3Set needs graphs with all loops, but action 1 does not reveal its own"):
        played(Neighbours(FeedbackGraph.revealing(3)), Exp3Set())
    with pytest.raises(ValueError, match="no action reveals the loss of action 2"):
        played(Neighbours(SLOPES["unobservable"][1]), ExploringExp3())
    with pytest.raises(ValueError, match="Exp3G is tuned for strongly observable graphs only: in a graph that is weak"):
        played(Neighbours([FeedbackGraph.path(3), FeedbackGraph.revealing(3)]), Exp3G(0.1))
    with pytest.raises(ValueError, match="GraphDartboard needs one graph, got 2"):
        played(Neighbours([FeedbackGraph.path(3)] * 2), GraphDartboard())
