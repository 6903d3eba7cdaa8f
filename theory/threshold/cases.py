"""Default cases of the threshold family: small pools whose rates are simple fractions, frozen or quick to settle.

Four scores, 0.2, 0.4, 0.6 and 0.8, and a threshold at each; the share of good individuals at a score is the score.
Group 1 has lower scores, so that the two strict thresholds accept it less often and violate a parity tolerance of 0.1;
one of them has the highest reward. With failure probability 0.2 some hundred runs decide.
"""

from functools import partial
from typing import Any

from theory.cases import Case, Cases

Counts = tuple[tuple[int, ...], ...]  # tens of individuals at each score, group by group

_COUNTS: Counts = ((5, 5, 5, 5), (5, 9, 4, 2))
_SCORES = (0.2, 0.4, 0.6, 0.8)
FAILURE = 0.2


def pools(adaptation: float = 0.0, counts: Counts = _COUNTS) -> Any:
    """Return the population of as many groups as there are counts, a share of good outcomes equal to the score."""
    from bandits.threshold import EmpiricalPools

    scores, good, group = [], [], []
    for label, each in enumerate(counts):
        for score, tens in zip(_SCORES, each):
            scores += [score] * 10 * tens
            good += [int(i < round(10 * score)) for i in range(10)] * tens
            group += [label] * 10 * tens
    return EmpiricalPools(adaptation, scores=scores, good=good, group=group)


def game(
    horizon: int = 4000, adaptation: float = 0.0, batch_size: int = 50, counts: Counts = _COUNTS, **changes: Any
) -> Any:
    """Return the game on these pools, with the scores as thresholds."""
    from bandits.threshold import ThresholdGame

    return ThresholdGame(pools(adaptation, counts), horizon, grid=_SCORES, batch_size=batch_size, **changes)


def _case(learner: str, full: bool = False, **changes: Any) -> Case:
    from bandits import threshold

    feedback = threshold.FullScores() if full else threshold.ChosenThreshold()
    return Case(game(feedback=feedback, **changes), getattr(threshold, learner)(failure_probability=FAILURE))


_SEARCH = "OptimisticFeasibleSearch"
_SERVICE = (0.2, 0.8)
_NOTHING_FEASIBLE = (0.85, 0.9)
_ALL_FEASIBLE: dict[str, Any] = {"parity_tolerance": 1.0}  # so that no threshold earns more than the best feasible one
_TOLD_APART: dict[str, Any] = {"horizon": 1000}  # the gaps are about the size that these rounds can detect
_LONGER: dict[str, Any] = {"horizon": 20_000, "batch_size": 20}
_MOVING: dict[str, Any] = {"adaptation": 0.9, "horizon": 20_000, "batch_size": 1000}
_QUICK: dict[str, Any] = {"adaptation": 0.99, "horizon": 1000}  # settled after a round or two

CASES: Cases = {
    "du2025.regret": partial(_case, _SEARCH, **_TOLD_APART, **_ALL_FEASIBLE),
    "du2025.parity_violation": partial(_case, _SEARCH, **_LONGER),
    "du2025.service_violation": partial(
        _case, _SEARCH, service=(0.45, 0.8), batch_size=10, **_TOLD_APART, **_ALL_FEASIBLE
    ),
    "du2025.violation": (
        partial(_case, _SEARCH, service=_SERVICE),
        partial(_case, _SEARCH, service=_NOTHING_FEASIBLE, batch_size=200),
    ),
    "du2025.gaps_regret": partial(_case, _SEARCH, **_ALL_FEASIBLE),
    "du2025.gaps_service_violation": partial(_case, _SEARCH, service=(0.95, 1.0), horizon=200, **_ALL_FEASIBLE),
    "du2025.full_scores_regret": partial(_case, "FullScoreSearch", full=True, **_TOLD_APART, **_ALL_FEASIBLE),
    "du2025.full_scores_parity_violation": partial(_case, "FullScoreSearch", full=True, batch_size=20),
    "du2025.block_settled_regret": partial(_case, "BlockFeasibleSearch", **_QUICK, batch_size=100, **_ALL_FEASIBLE),
    "du2025.block_settled_violation": partial(_case, "BlockFeasibleSearch", **_MOVING),
    "du2025.epoch_regret": partial(_case, "EpochFeasibleSearch", **_QUICK, **_ALL_FEASIBLE),
    "chen2022.regret": partial(_case, "DoublyOptimisticSearch", batch_size=20, **_ALL_FEASIBLE),
    "chen2022.parity_violation": partial(_case, "DoublyOptimisticSearch", **_LONGER),
    "auer2002.reward_ucb": partial(_case, "RewardUCB", **_TOLD_APART, **_ALL_FEASIBLE),
    "sui2015.no_violation": partial(_case, "PessimisticSearch"),
}

_SHORT: dict[str, Any] = {"horizon": 1000, "batch_size": 10}

HARD_CASES: Cases = {  # no play can violate the bound, so nothing is verified there; but its ratio is larger
    "du2025.parity_violation": partial(_case, _SEARCH, **_SHORT),
    "du2025.service_violation": partial(
        _case, _SEARCH, service=(0.45, 0.8), horizon=400, batch_size=10, **_ALL_FEASIBLE
    ),
    "du2025.block_settled_violation": partial(
        _case, "BlockFeasibleSearch", adaptation=0.99, horizon=5000, batch_size=10
    ),
    "du2025.full_scores_parity_violation": partial(_case, "FullScoreSearch", full=True, **_SHORT),
    "chen2022.regret": partial(_case, "DoublyOptimisticSearch", **_SHORT, **_ALL_FEASIBLE),
    "chen2022.parity_violation": partial(_case, "DoublyOptimisticSearch", **_SHORT),
}
