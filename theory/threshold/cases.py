"""Default cases of the threshold family: small pools whose rates are simple fractions, frozen or quick to settle.

Four scores, 0.2, 0.4, 0.6 and 0.8, and a threshold at each: of those at a score, one in ten is good for each tenth.
Group 1 scores less, so that the two strict thresholds accept it less and break a tolerance of 0.1, among them the one
that pays best. A failure probability of 0.2 lets some hundred runs decide.
"""

from functools import partial
from typing import Any

from theory.cases import Case, Cases

_COUNTS = ((5, 5, 5, 5), (5, 9, 4, 2))  # tens of individuals at each score, group by group
_SCORES = (0.2, 0.4, 0.6, 0.8)
FAILURE = 0.2


def pools(adaptation: float = 0.0) -> Any:
    """Return the population: 200 individuals a group, a share of good outcomes equal to the score."""
    from bandits.threshold import EmpiricalPools

    scores, good, group = [], [], []
    for label, counts in enumerate(_COUNTS):
        for score, tens in zip(_SCORES, counts):
            scores += [score] * 10 * tens
            good += [int(i < round(10 * score)) for i in range(10)] * tens
            group += [label] * 10 * tens
    return EmpiricalPools(adaptation, scores=scores, good=good, group=group)


def game(horizon: int = 4000, adaptation: float = 0.0, batch_size: int = 50, **changes: Any) -> Any:
    """Return the game on these pools, with the scores as thresholds."""
    from bandits.threshold import ThresholdGame

    return ThresholdGame(pools(adaptation), horizon, grid=_SCORES, batch_size=batch_size, **changes)


def _case(learner: str, full: bool = False, **changes: Any) -> Case:
    from bandits import threshold

    feedback = threshold.FullScores() if full else threshold.ChosenThreshold()
    return Case(game(feedback=feedback, **changes), getattr(threshold, learner)(failure_probability=FAILURE))


_SEARCH = "OptimisticFeasibleSearch"
_SERVICE = (0.2, 0.8)
_NOTHING_FEASIBLE = (0.85, 0.9)
_ALL_FEASIBLE: dict[str, Any] = {"parity_tolerance": 1.0}  # so that no threshold earns more than the best feasible one
_MOVING: dict[str, Any] = {"adaptation": 0.9, "horizon": 20_000, "batch_size": 1000}

# Horizons that are just long enough for the worst play to be beyond the bound: else nothing is tested.
CASES: Cases = {
    "du2025.regret": partial(_case, _SEARCH, horizon=1000, **_ALL_FEASIBLE),
    "du2025.parity_violation": partial(_case, _SEARCH, horizon=5000),
    "du2025.service_violation": partial(
        _case, _SEARCH, service=(0.45, 0.8), **_ALL_FEASIBLE, horizon=800, batch_size=10
    ),
    "du2025.violation": (
        partial(_case, _SEARCH, service=_SERVICE),
        partial(_case, _SEARCH, service=_NOTHING_FEASIBLE, horizon=2000, batch_size=10),
    ),
    "du2025.gaps_regret": partial(_case, _SEARCH, **_ALL_FEASIBLE),
    "du2025.gaps_service_violation": partial(_case, _SEARCH, service=(0.95, 1.0), **_ALL_FEASIBLE, horizon=200),
    "du2025.full_scores_regret": partial(_case, "FullScoreSearch", full=True, horizon=1000, **_ALL_FEASIBLE),
    "du2025.full_scores_parity_violation": partial(_case, "FullScoreSearch", full=True, horizon=1500),
    "du2025.block_settled_regret": partial(_case, "BlockFeasibleSearch", **_MOVING),
    "du2025.block_settled_violation": partial(_case, "BlockFeasibleSearch", **_MOVING),
    "du2025.epoch_regret": partial(_case, "EpochFeasibleSearch", **_MOVING),
    "chen2022.regret": partial(_case, "DoublyOptimisticSearch", horizon=1200, **_ALL_FEASIBLE),
    "chen2022.parity_violation": partial(_case, "DoublyOptimisticSearch", horizon=8000),
    "auer2002.reward_ucb": partial(_case, "RewardUCB", horizon=1000, **_ALL_FEASIBLE),
    "sui2015.no_violation": partial(_case, "PessimisticSearch"),
}
