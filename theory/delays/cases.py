"""Default cases of the bounds for delayed feedback: losses that change sides just when the learner has learned."""

from functools import partial
from typing import Any

from theory.cases import Case, Cases
from theory.switching.witnesses import costly_losses, even_then_steady, steady


def _late(losses: Any, learner: Any, delay: Any, feedback: str = "Bandit") -> Case:
    """Return the case of a learner on a loss table (T, K) with delays; switching is free."""
    from bandits import switching
    from bandits.delays import Delayed
    from bandits.losses import LossTable

    game = switching.SwitchingCostGame(LossTable(losses), len(losses), 0.0, getattr(switching, feedback)())
    return Case(Delayed(game, delay), learner)


def _weights(*delays: int) -> Case:
    from bandits.combine import observed
    from bandits.delays import DelayedHedge, DelayedWeights, DelayTable

    case = _late(steady(400, 2), DelayedHedge(), DelayTable(delays), "FullInformation")
    return Case(observed(case.problem, DelayedWeights(0.05)), case.learner)


def _hedge(length: int) -> Case:
    from bandits.delays import DelayedHedge, FixedDelay

    losses = even_then_steady(1000 // length, 2).repeat(length, axis=0)
    return _late(losses, DelayedHedge(), FixedDelay(length - 1), "FullInformation")


def _exp3(horizon: int, n_actions: int, gap: float, rounds: int, patience: int | None = None) -> Case:
    from bandits.delays import DelayedExp3, FixedDelay

    return _late(costly_losses(horizon, n_actions, gap), DelayedExp3(patience=patience), FixedDelay(rounds))


def _skipping() -> Case:
    from bandits.delays import DelayedExp3, DelayTable

    late = DelayTable([1000] + [2] * 255)
    return _late(costly_losses(4096, 4, 0.3), DelayedExp3(patience=10), late)


def _copies(inner: str, feedback: str) -> Case:
    from bandits import switching
    from bandits.delays import Bold, FixedDelay

    losses = costly_losses(4096, 4, 0.3) if inner == "Exp3" else even_then_steady(400, 2).repeat(10, axis=0)
    return _late(losses, Bold(getattr(switching, inner)()), FixedDelay(9), feedback)


def _held_coins() -> Case:
    from bandits.delays import Delayed, DelayedHedge, FixedDelay
    from bandits.losses import BitwiseCoins
    from bandits.switching import FullInformation, SwitchingCostGame

    game = SwitchingCostGame(BitwiseCoins(2, held=10), 30, 0.0, FullInformation())
    return Case(Delayed(game, FixedDelay(9)), DelayedHedge())


def _sums(late: Any, length: int) -> Case:
    from bandits.delays import Delayed, SummedExp3
    from bandits.losses import LossTable
    from bandits.switching import SwitchingCostGame

    game = SwitchingCostGame(LossTable(costly_losses(2**14, 2, 0.3)), 2**14, 0.0)
    return Case(Delayed(game, late(length), summed=True), SummedExp3())


def _summed() -> Case:
    from bandits.delays import FixedDelay

    return _sums(FixedDelay, 1)


def _aggregated() -> Case:
    from bandits.delays import BlockDelay

    return _sums(BlockDelay, 8)


def _ucb(*delays: int) -> Case:
    from bandits.delays import ActionDelay, Delayed, DelayedUCB
    from bandits.stochastic import stochastic_bandit

    return Case(Delayed(stochastic_bandit((0.9, 0.1), 4096), ActionDelay(delays)), DelayedUCB())


CASES: Cases = {
    "ours.delayed_weights": partial(_weights, 3, 0, 1),
    "ours.outstanding": partial(_weights, 3, 0, 1, 999),
    "thune2019.delayed_exp3": (partial(_exp3, 14, 2, 0.8, 2), partial(_exp3, 4096, 4, 0.3, 8)),
    "thune2019.skipping": _skipping,
    "joulani2016.delayed_hedge": (partial(_hedge, 10), partial(_hedge, 2)),
    "cesabianchi2019.delay_lower": _held_coins,
    "ours.summed_exp3": (_summed, _aggregated),
    "joulani2013.delayed_ucb": partial(_ucb, 0, 40),
    "joulani2013.bold_exp3": partial(_copies, "Exp3", "Bandit"),
    "joulani2013.bold_hedge": partial(_copies, "Hedge", "FullInformation"),
}
