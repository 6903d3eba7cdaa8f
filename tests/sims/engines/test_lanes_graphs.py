"""Feedback graphs in lanes: every repetition has the numbers that it has alone, bit for bit."""

import numpy as np
import pytest

from bandits.core.actions import InvalidAction
from bandits.graphs import Exp3G, Exp3Set, FeedbackGraph, Neighbours
from bandits.losses import BernoulliLosses, LossTable
from bandits.switching import SwitchingCostGame
from tests.sims.engines.test_lanes import ROUNDS, check_numbers, check_texts

RNG = np.random.default_rng(0)
COINS = BernoulliLosses((0.5, 0.3, 0.6, 1.0, 0.9, 0.4))
TABLE = LossTable(RNG.random((ROUNDS, 6)))
DENSE = FeedbackGraph((RNG.random((40, 40)) < 0.95) | np.eye(40, dtype=bool))
WEAK = FeedbackGraph(np.diag([1, 1, 0, 0, 0], 1) + np.outer(np.arange(6) == 2, np.ones(6)))  # reveals none, 1 or all
CHANGING = [FeedbackGraph.path(6), FeedbackGraph.cliques(1, 6), FeedbackGraph.cliques(6, 1)]


def game(losses, graph):
    return SwitchingCostGame(losses, ROUNDS, feedback=Neighbours(graph))


PAIRS = {
    "EXP3-SET, star": (game(COINS, FeedbackGraph.star(6)), Exp3Set(2.0)),
    "EXP3.G, weak": (game(COINS, WEAK), Exp3G(0.2, exploration=0.3)),
    "EXP3.G, others reveal": (game(TABLE, FeedbackGraph.cliques(2, 3, loops=False)), Exp3G(0.2, exploration=0.3)),
    "EXP3-SET, changing": (game(TABLE, CHANGING), Exp3Set()),
    "EXP3.G, dense": (game(LossTable(RNG.random((ROUNDS, 40))), DENSE), Exp3G()),
    "EXP3-SET, dense, few weights": (game(LossTable(RNG.random((ROUNDS, 40))), DENSE), Exp3Set(3.0)),
}


@pytest.mark.slow
@pytest.mark.parametrize(("problem", "learner"), PAIRS.values(), ids=PAIRS)
def test_a_lane_has_the_numbers_of_its_repetition(problem, learner):
    check_numbers(problem, learner)


@pytest.mark.parametrize(
    ("problem", "learner"),
    [pytest.param(*pair, id=name, marks=[pytest.mark.slow] * ("dense" in name)) for name, pair in PAIRS.items()],
)
def test_the_two_texts_have_the_same_states(problem, learner):
    check_texts(problem, learner)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("EXP3-SET, star", {"_add_losses_where": lambda weights, rate, losses, charged: weights}),
        ("EXP3.G, weak", {"add_loss": lambda weights, rate, arm, loss: weights}),
        ("EXP3.G, weak", {"where": lambda condition, yes, no: yes}),
        pytest.param("EXP3-SET, dense, few weights", {"_LEAST_SHARE": 0.0}, marks=pytest.mark.slow),
    ],
)
def test_faulty_texts_are_rejected(name, fault):
    with pytest.raises((AssertionError, InvalidAction, RuntimeWarning)):
        check_texts(*PAIRS[name], **fault)
