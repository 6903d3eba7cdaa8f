"""Default cases of the bounds for feedback graphs."""

from functools import partial
from typing import Any

from theory.cases import Case, Cases
from theory.switching.witnesses import costly_losses, even_then_steady


def _on(losses: Any, learner: str, graph: Any, delay: int | None = None) -> Case:
    """Return the case of a learner (class name), with its own tuning, on a loss table (T, K); switching is free."""
    from bandits import graphs
    from bandits.delays import Delayed, FixedDelay
    from bandits.losses import LossTable
    from bandits.switching import SwitchingCostGame

    game = SwitchingCostGame(LossTable(losses), len(losses), 0.0, graphs.Neighbours(graph))
    late: Any = game if delay is None else Delayed(game, FixedDelay(delay))
    return Case(late, getattr(graphs, learner)())


def _sets(horizon: int, n_actions: int, gap: float) -> Case:
    from bandits.graphs import FeedbackGraph

    return _on(costly_losses(horizon, n_actions, gap), "Exp3Set", FeedbackGraph.path(n_actions))


def _changing() -> Case:
    from bandits.graphs import FeedbackGraph

    graphs = [FeedbackGraph.cliques(2, 3), FeedbackGraph([[i <= j for j in range(6)] for i in range(6)])]
    return _on(costly_losses(4096, 6, 0.2), "Exp3Set", graphs)


def _late() -> Case:
    from bandits.graphs import FeedbackGraph

    return _on(costly_losses(4096, 6, 0.3), "DelayedExp3Set", FeedbackGraph.cliques(3, 2), 8)


def _strong(horizon: int) -> Case:
    from bandits.graphs import FeedbackGraph

    return _on(even_then_steady(horizon, 2), "Exp3G", FeedbackGraph([[1, 1], [0, 0]]))


def _weak(horizon: int, gap: float) -> Case:
    import numpy as np

    from bandits.graphs import FeedbackGraph

    losses = costly_losses(horizon, 3, gap)[:, ::-1]  # action 2 is the good one
    losses = np.column_stack([np.ones(horizon), losses[:, 1:]])
    return _on(losses, "ExploringExp3", FeedbackGraph.revealing(3))


def _star() -> Case:
    from bandits.graphs import FeedbackGraph, GraphDartboard, Neighbours
    from bandits.losses import LossTable
    from bandits.switching import SwitchingCostGame

    seen = Neighbours(FeedbackGraph.star(8))
    return Case(SwitchingCostGame(LossTable(costly_losses(4096, 8, 0.3)), 4096, 1.0, seen), GraphDartboard())


def _hidden_coin() -> Case:
    from bandits.graphs import ExploringExp3, FeedbackGraph, Neighbours
    from bandits.losses import HiddenCoin
    from bandits.switching import SwitchingCostGame

    losses = HiddenCoin(3, 0.9 * 1000 ** (-1 / 3), costly=1)
    game = SwitchingCostGame(losses, 1000, 0.0, Neighbours(FeedbackGraph.revealing(3)))
    return Case(game, ExploringExp3(0.1, 0.01))


def _hopeless() -> Case:
    import numpy as np

    from bandits.graphs import Exp3G, FeedbackGraph, Neighbours
    from bandits.losses import BitwiseCoins
    from bandits.switching import SwitchingCostGame

    hidden = Neighbours(FeedbackGraph(np.zeros((2, 2))))
    return Case(SwitchingCostGame(BitwiseCoins(2, held=2**56), 100, 1.0, hidden), Exp3G(0.04, 0.08))


CASES: Cases = {
    "alon2013.exp3_set": (partial(_sets, 8, 3, 0.8), partial(_sets, 4096, 6, 0.3), _changing),
    "ours.delayed_exp3_set": _late,
    "alon2015.exp3_g": partial(_strong, 4096),
    "alon2015.exploring_exp3": partial(_weak, 4096, 0.3),
    "ours.graph_dartboard": _star,
    "alon2015.weak_lower": _hidden_coin,
    "alon2015.unobservable_lower": _hopeless,
}
