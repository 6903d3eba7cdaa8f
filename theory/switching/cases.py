"""Default cases of the switching family: problems on which its bounds are nearly tight.

Upper bounds hold for every oblivious loss sequence, so each is checked on a table chosen to give its learner large
regret; lower bounds are checked on the hard losses of their proofs.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

from theory.cases import Case, Cases
from theory.switching.witnesses import alternating, costly_losses, even_then_steady, ones_then_steady, steady

HORIZONS = tuple(2**k for k in range(10, 18))
BELOW_KINK, PAST_KINK = Fraction(1, 2), Fraction(5, 6)  # powers of the horizon with which budgets grow


def _on(losses: Any, learner: str, cost: float, feedback: str, *arguments: Any, **options: Any) -> Case:
    """Return the case of a learner (class name), with its own tuning, in a game on a loss table (T, K)."""
    from bandits import switching
    from bandits.losses import LossTable

    seen = getattr(switching, feedback)(*arguments)
    game = switching.SwitchingCostGame(LossTable(losses), len(losses), cost, seen)
    return Case(game, getattr(switching, learner)(), options)


def _informed(learner: str, cost: float, losses: Callable[..., Any], *shape: Any, **options: Any) -> Callable[[], Case]:
    """Return a function that makes the case of a learner with full information."""
    return lambda: _on(losses(*shape), learner, cost, "FullInformation", **options)


def _bandit(learner: str, cost: float, losses: Callable[..., Any], *shape: Any) -> Callable[[], Case]:
    """Return a function that makes the case of a learner with bandit feedback."""
    return lambda: _on(losses(*shape), learner, cost, "Bandit")


def _buying(learner: str, gap: float, feedback: str, *arguments: Any, steadily: bool = False) -> Callable[[], Case]:
    """Return a function that makes the case of a learner that buys observations, on losses with this gap."""
    losses = steady if steadily else costly_losses
    return lambda: _on(losses(4096, 4, gap), learner, 1.0, feedback, *arguments)


def _on_walks(
    learner: str, feedback: str, power: Fraction | None = None, small_gap: bool = False, **looks: Any
) -> Case:
    """Return the case of a learner on the walks of the bandit lower bound, at all horizons.

    power: the budget is B = horizon^power; None means no budget.  small_gap: a gap of order sqrt(K / B), which
    B observations cannot distinguish from 0.
    """
    from bandits import switching
    from bandits.losses.random_walk import MultiScaleRandomWalk

    def game(horizon: int) -> Any:
        budget = {} if power is None else {"budget": round(horizon ** float(power))}
        gap = 0.5 * math.sqrt(4 / budget["budget"]) if small_gap else None
        seen = getattr(switching, feedback)(**budget, **looks)
        return switching.SwitchingCostGame(MultiScaleRandomWalk(4, gap=gap), horizon, 1.0, seen)

    along = {} if power is None else {"along": {"budget": power}}
    return Case(game, getattr(switching, learner)(), {"method": "rate", "horizons": HORIZONS, **along})


def _on_the_bandit_walk(learner: str, feedback: str, *arguments: Any) -> Case:
    from bandits import switching
    from bandits.losses import MultiScaleRandomWalk

    seen = getattr(switching, feedback)(*arguments)
    game = switching.SwitchingCostGame(MultiScaleRandomWalk(4), 4096, 1.0, seen)
    return Case(game, getattr(switching, learner)())


def _on_bitwise_coins() -> Case:
    """Return the case of Hedge on losses where every learner has the same expected regret; switching is free."""
    from bandits.losses import BitwiseCoins
    from bandits.switching import FullInformation, Hedge, SwitchingCostGame

    return Case(SwitchingCostGame(BitwiseCoins(16), 16, 0.0, FullInformation()), Hedge())


def _on_a_hidden_coin() -> Case:
    """Return the case of one better action among 16, which 16 observations hardly find in 64 rounds."""
    from bandits.losses import HiddenCoin
    from bandits.switching import BatchedDartboard, SwitchingCostGame, TotalBudget

    game = SwitchingCostGame(HiddenCoin(16, 0.4), 64, 0.0, TotalBudget(16, "flexible"))
    return Case(game, BatchedDartboard())


def _reduced() -> Case:
    """Return the case of Tsallis-INF on estimates of reduced variance."""
    from bandits import switching
    from bandits.losses import LossTable

    losses = costly_losses(65_536, 2, 0.02)
    game = switching.SwitchingCostGame(LossTable(losses), len(losses), 0.0)
    return Case(game, switching.TsallisINF("reduced-variance"))


def _advised() -> Case:
    """Return the case of two experts for each of five actions, of whom the second plays at random half of the time."""
    import numpy as np

    from bandits import switching
    from bandits.losses import LossTable

    losses, sure = costly_losses(4096, 5, 0.2), np.eye(5)
    advice = np.vstack([sure, 0.5 * sure + 0.1])
    return Case(switching.SwitchingCostGame(LossTable(losses), len(losses), 0.0), switching.Exp4(advice))


CASES: Cases = {
    "cesabianchi2006.hedge": (
        _informed("Hedge", 0.0, even_then_steady, 1000, 2, method="worst"),
        _informed("Hedge", 0.0, even_then_steady, 4096, 8),
    ),
    "geulen2010.shrinking_dartboard": (
        _informed("ShrinkingDartboard", 1.0, ones_then_steady, 1000, 2, method="worst"),
        _informed("ShrinkingDartboard", 1.0, ones_then_steady, 4096, 8),
    ),
    "geulen2010.shrinking_dartboard_switches": _informed("ShrinkingDartboard", 1.0, costly_losses, 4096, 8, 0.02),
    "kalai2005.lazy_leader": _informed("LazyPerturbedLeader", 1.0, costly_losses, 4096, 8, 0.05),
    "kalai2005.lazy_leader_switches": _informed("LazyPerturbedLeader", 1.0, costly_losses, 4096, 8, 0.03),
    "bubeck2012.exp3": (
        _bandit("Exp3", 0.0, costly_losses, 14, 2, 0.8),
        _bandit("Exp3", 0.0, costly_losses, 4096, 5, 0.2),
    ),
    "arora2012.batched_exp3": (
        _bandit("BatchedExp3", 1.0, costly_losses, 40, 2, 0.8),
        _bandit("BatchedExp3", 1.0, costly_losses, 4096, 4, 0.3),
    ),
    "arora2012.batched_exp3_switches": _bandit("BatchedExp3", 1.0, alternating, 4096, 4),
    "rouyer2021.tsallis_blocks": _bandit("TsallisSwitch", 1.0, costly_losses, 4096, 4, 0.6),
    "zimmert2021.tsallis_inf": _bandit("TsallisINF", 0.0, costly_losses, 4096, 5, 0.2),
    "zimmert2021.tsallis_inf_reduced": _reduced,
    "neu2015.exp3_ix": _bandit("Exp3IX", 0.0, costly_losses, 4096, 5, 0.2),
    "bubeck2012.exp3_p": _bandit("Exp3P", 0.0, costly_losses, 4096, 2, 0.6),
    "lattimore2020.exp4": _advised,
    "bubeck2012.anytime_exp3": _bandit("AnytimeExp3", 0.0, costly_losses, 4096, 5, 0.2),
    "cesabianchi2006.anytime_hedge": _informed("AnytimeHedge", 0.0, even_then_steady, 4096, 8),
    "derooij2014.adahedge": _informed("AdaHedge", 0.0, even_then_steady, 4096, 8),
    "rouyer2021.tsallis_switch": partial(_on_walks, "TsallisSwitch", "Bandit"),
    "cheng2023.bandit_looks": _buying("BudgetedExp3", 0.5, "TotalBudget", 256, "bandit"),
    "cheng2023.full_looks": _buying("BatchedDartboard", 0.5, "TotalBudget", 256, "full", steadily=True),
    "cheng2023.flexible_looks": _buying("BatchedDartboard", 0.5, "TotalBudget", 256, "flexible"),
    "cheng2023.extra_observations": (
        _buying("ExtraObservationLearner", 0.3, "ExtraObservations", 64),
        _buying("ExtraObservationLearner", 0.1, "ExtraObservations", 4096),
        partial(_on_walks, "ExtraObservationLearner", "ExtraObservations", BELOW_KINK),
        partial(_on_walks, "ExtraObservationLearner", "ExtraObservations", PAST_KINK, small_gap=True),
    ),
    "dekel2014.bandit_lower": partial(_on_the_bandit_walk, "BatchedExp3", "Bandit"),
    "cheng2023.full_information_lower": _on_bitwise_coins,
    "cheng2023.total_budget_lower": _on_a_hidden_coin,
    "cheng2023.bandit_looks_lower": partial(_on_the_bandit_walk, "BudgetedExp3", "TotalBudget", 4096, "bandit"),
}
WITHOUT_CASE = {
    "cheng2023.extra_observations_lower": "its losses, a walk with noise for each action, are not in the package: on "
    "the walk without that noise two observations in one round reveal the gap",
}
