"""Which expectation is known of a play of paging, or of selection by a proxy."""

from typing import Any

from bandits.prediction.paging import PagingGame
from bandits.prediction.selection import SelectionGame
from bandits.protocol import known
from theory.prediction.exact.paging import MOST_PAGES, MOST_ROUNDS, RULES, expected_misses
from theory.prediction.exact.selection import computable, expected_regret


def expectation(problem: Any, learner: Any, quantity: str) -> tuple[float, float] | None:
    """Return the exact expectation of "misses" or "regret" and its rounding; None where it is not known."""
    rule = known(learner, "exact", "bandits") if hasattr(learner, "exact") else ""
    if rule == "best_of_majority" and type(problem) is SelectionGame and quantity == "regret" and computable(problem):
        return problem.horizon * expected_regret(problem, learner.alpha), 1e-10 * problem.horizon
    if rule not in RULES or quantity not in ("misses", "regret") or type(problem) is not PagingGame:
        return None
    if len(problem.requests) > 1 or (problem.pages or 0) > MOST_PAGES or problem.horizon > MOST_ROUNDS:
        return None
    value = float(expected_misses(problem, rule)[0])
    return value - (problem.totals.optimum[0] if quantity == "regret" else 0), 1e-12 * problem.horizon
