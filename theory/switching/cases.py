"""Default cases of the switching family: losses on which its bounds come close, and games that were solved exactly.

Upper bounds are for every oblivious loss sequence, so each meets a table that was chosen to hurt its learner; lower
bounds meet the hard losses of their proofs.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from theory.instances import Instance, alternating, dear, even_then_steady, ones_then_steady, steady

HORIZONS = tuple(2**k for k in range(10, 18))
SHORTER = tuple(2**k for k in range(7, 14))
BELOW_KINK, PAST_KINK = Fraction(1, 2), Fraction(5, 6)  # powers of the horizon with which looks grow


def _on_table(learner: str, table: Any, cost: float, feedback: str, *arguments: Any, **options: Any) -> Instance:
    """Return a learner by its class name, with its own tuning, in a game over a loss table (T, K)."""
    from bandits import switching
    from bandits.losses import LossTable

    seen = getattr(switching, feedback)(*arguments)
    game = switching.SwitchingCostGame(LossTable(table), len(table), cost, seen)
    return Instance(game, getattr(switching, learner)(), options)


def _on_walks(learner: str, feedback: str, power: Fraction | None = None, **looks: Any) -> Instance:
    """Return a learner on the walks of the bandit lower bound; with `power`, and horizon^power looks."""
    from bandits import switching
    from bandits.losses.random_walk import MultiScaleRandomWalk

    def game(horizon: int) -> Any:
        budget = {} if power is None else {"budget": round(horizon ** float(power))}
        seen = getattr(switching, feedback)(**budget, **looks)
        return switching.SwitchingCostGame(MultiScaleRandomWalk(4), horizon, 1.0, seen)

    along = {} if power is None else {"along": {"budget": power}}
    return Instance(game, getattr(switching, learner)(), {"method": "rate", "horizons": HORIZONS, **along})


def _on_walks_past_the_kink(learner: str, feedback: str) -> Instance:
    """Return a learner on walks whose gap is of order sqrt(K / B): what B looks cannot tell from no gap."""
    from bandits import switching
    from bandits.losses.random_walk import MultiScaleRandomWalk

    def game(horizon: int) -> Any:
        budget = round(horizon ** float(PAST_KINK))
        walk = MultiScaleRandomWalk(4, gap=0.5 * math.sqrt(4 / budget))
        return switching.SwitchingCostGame(walk, horizon, 1.0, getattr(switching, feedback)(budget))

    options = {"method": "rate", "horizons": HORIZONS, "along": {"budget": PAST_KINK}}
    return Instance(game, getattr(switching, learner)(), options)


def _on_the_bandit_walk() -> Instance:
    game, learner, _ = _on_walks("BatchedExp3", "Bandit")
    return Instance(game(4096), learner)


def _on_fair_coins() -> Instance:
    """Return losses that say nothing: every learner's regret is what the best action gains by luck."""
    from bandits.losses import BernoulliLosses
    from bandits.switching import FullInformation, Hedge, SwitchingCostGame

    def game(horizon: int) -> Any:
        return SwitchingCostGame(BernoulliLosses([0.5] * 4), horizon, 0.0, FullInformation())

    return Instance(game, Hedge(), {"horizons": SHORTER, "rate_repetitions": 400})


INSTANCES: Mapping[str, Callable[[], Instance] | tuple[Callable[[], Instance], ...]] = {
    "cesabianchi2006.hedge": (
        lambda: _on_table("Hedge", even_then_steady(1000, 2), 0.0, "FullInformation", method="worst"),
        lambda: _on_table("Hedge", even_then_steady(4096, 8), 0.0, "FullInformation"),
    ),
    "geulen2010.shrinking_dartboard": (
        lambda: _on_table("ShrinkingDartboard", ones_then_steady(1000, 2), 1.0, "FullInformation", method="worst"),
        lambda: _on_table("ShrinkingDartboard", ones_then_steady(4096, 8), 1.0, "FullInformation"),
    ),
    "geulen2010.shrinking_dartboard_switches": lambda: _on_table(
        "ShrinkingDartboard", dear(4096, 8, 0.02), 1.0, "FullInformation"
    ),
    "kalai2005.lazy_leader": lambda: _on_table("LazyPerturbedLeader", dear(4096, 8, 0.05), 1.0, "FullInformation"),
    "kalai2005.lazy_leader_switches": lambda: _on_table(
        "LazyPerturbedLeader", dear(4096, 8, 0.03), 1.0, "FullInformation"
    ),
    "bubeck2012.exp3": (
        lambda: _on_table("Exp3", dear(14, 2, 0.8), 0.0, "Bandit"),
        lambda: _on_table("Exp3", dear(4096, 5, 0.2), 0.0, "Bandit"),
    ),
    "arora2012.batched_exp3": (
        lambda: _on_table("BatchedExp3", dear(40, 2, 0.8), 1.0, "Bandit"),
        lambda: _on_table("BatchedExp3", dear(4096, 4, 0.3), 1.0, "Bandit"),
    ),
    "arora2012.batched_exp3_switches": lambda: _on_table("BatchedExp3", alternating(4096, 4), 1.0, "Bandit"),
    "rouyer2021.tsallis_switch": lambda: _on_walks("TsallisSwitch", "Bandit"),
    "cheng2023.bandit_looks": lambda: _on_table("BudgetedExp3", dear(4096, 4, 0.5), 1.0, "TotalBudget", 256, "bandit"),
    "cheng2023.full_looks": lambda: _on_table(
        "BatchedDartboard", steady(4096, 4, 0.5), 1.0, "TotalBudget", 256, "full"
    ),
    "cheng2023.flexible_looks": lambda: _on_table(
        "BatchedDartboard", dear(4096, 4, 0.5), 1.0, "TotalBudget", 256, "flexible"
    ),
    "cheng2023.extra_observations": (
        lambda: _on_table("ExtraObservationLearner", dear(4096, 4, 0.3), 1.0, "ExtraObservations", 64),
        lambda: _on_table("ExtraObservationLearner", dear(4096, 4, 0.1), 1.0, "ExtraObservations", 4096),
        lambda: _on_walks("ExtraObservationLearner", "ExtraObservations", BELOW_KINK),
        lambda: _on_walks_past_the_kink("ExtraObservationLearner", "ExtraObservations"),
    ),
    "dekel2014.bandit_lower": _on_the_bandit_walk,
    "cheng2023.full_information_lower": _on_fair_coins,
    "cheng2023.extra_observations_lower": lambda: _on_walks_past_the_kink(
        "ExtraObservationLearner", "ExtraObservations"
    ),
    "cheng2023.total_budget_lower": lambda: _on_walks_past_the_kink("BatchedDartboard", "TotalBudget"),
    "cheng2023.bandit_looks_lower": lambda: _on_walks("BudgetedExp3", "TotalBudget", PAST_KINK, looks="bandit"),
}
