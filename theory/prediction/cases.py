"""Default cases of the theorems about predictions."""

from functools import partial
from typing import Any

from theory.cases import Case, Cases


def _paging(rule: str, wrong_zeros: float, wrong_ones: float, advice: str = "discard", **rest: Any) -> Case:
    """Return the case of a rule on phases of 8 pages, with wrong bits."""
    from bandits import prediction

    requests = prediction.phased_trace(8, 400, 5, 20, seed=1)
    game = prediction.PagingGame(requests, 4, 400, advice=advice)
    return Case(game.noisy(wrong_zeros, wrong_ones, seed=2), getattr(prediction, rule)(**rest))


def _tight(**rest: Any) -> Case:
    """Return the case of one wrong bit, which costs k - 1 misses, for a cache of k = 3."""
    from bandits.prediction import Flush, PagingGame

    return Case(PagingGame([0, 1, 2, 3, 0, 1, 1], 3, 7, [0] * 7), Flush(**rest))


def _sequence(learner: str, probabilities: Any, source: Any, horizon: int = 200) -> Case:
    """Return the case of a forecaster with constant experts, by their probabilities of 1."""
    from bandits import prediction

    experts = [[1.0 - p, p] for p in probabilities]
    return Case(prediction.SequencePrediction(experts, source, horizon), getattr(prediction, learner)())


def _selection(draws: int) -> Case:
    """Return the case of best-of-majority where a likely answer has the proxy of the best one."""
    from bandits.prediction import BestOfMajority, SelectionGame

    game = SelectionGame((0.5, 0.36, 0.14), (1.0, 0.7, 0.7), (1.0, 1.0 + 1e-9, 0.7), draws, 1, 50)
    return Case(game, BestOfMajority(0.3))


CASES: Cases = {
    "di2025.best_of_majority": partial(_selection, 400),
    "feder2025.mixture": (
        partial(_sequence, "BayesMixture", (0.1, 0.9), [1] * 200),
        partial(_sequence, "BayesMixture", (0.2, 0.5, 0.8), [[0.4, 0.6]]),
    ),
    "krichevsky1981.kt": (
        partial(_sequence, "KT", (0.5,), [1], 1),
        partial(_sequence, "KT", (0.5,), [1] * 200),
    ),
    "ours.laplace_rule": partial(_sequence, "Laplace", (0.5,), [1] * 200),
    "antoniadis2023.flush": (partial(_tight, eager=True), partial(_paging, "Flush", 0.2, 0.2)),
    "antoniadis2023.flushes": (partial(_tight, eager=True), partial(_paging, "Flush", 1.0, 0.0, eager=True)),
    "antoniadis2023.mark0": partial(_paging, "Mark0", 0.2, 0.2),
    "antoniadis2023.mark_predict": partial(_paging, "MarkPredict", 0.2, 0.2, "phase"),
}
