"""Witnesses of the switching family's theorems, by exact expectation or the value of a small game (`theory.tightness`).

`losses` has the hard tables that proofs suggest, `search` climbs the exact regret by its gradient, and `minimax` solves
small games and finds the worst of all tables of two actions.

On losses that are constant over batches of tau rounds, a learner over batches plays its rule on their means: its regret
is tau times that of the rule at switching cost c / tau.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bandits.protocol import known
from theory.switching import exact
from theory.switching.witnesses import minimax
from theory.switching.witnesses.losses import alternating as alternating
from theory.switching.witnesses.losses import costly_losses as costly_losses
from theory.switching.witnesses.losses import even_then_steady as even_then_steady
from theory.switching.witnesses.losses import handmade
from theory.switching.witnesses.losses import ones_then_steady as ones_then_steady
from theory.switching.witnesses.losses import steady as steady
from theory.tightness import Witness


class WorstCase(NamedTuple):
    """The largest expected regret that was found and its rounding, in which problem, whether the largest of all.

    every_input: whether no 0/1 losses give more.
    """

    regret: float
    rounding: float
    problem: Any
    every_input: bool


def worst_case(game: Any, learner: Any, bound_value: float, seed: int) -> WorstCase | None:
    """Return the worst of all 4^T tables of two actions where the learner's law admits it, else what a search finds.

    None for problems of other families; TypeError for a learner whose regret cannot be climbed.
    """
    from bandits.losses import LossTable
    from bandits.switching import SwitchingCostGame
    from theory.switching.witnesses.search import search

    if not isinstance(game, SwitchingCostGame):
        return None
    law = known(learner, "exact")
    if game.n_actions == 2 and law in ("hedge", "shrinking_dartboard"):
        rate, cost = learner.parameters(game).learning_rate, game.switching_cost
        worst, table = minimax.worst_case_of_two(game.horizon, rate, cost, law == "shrinking_dartboard")
        rounding = exact.shrinking_dartboard(table, rate).rounding * (1.0 + cost)
        return WorstCase(worst, rounding, replace(game, losses=LossTable(table)), True)
    found = search(bound_value, game, learner, seed=seed)
    return WorstCase(found.regret, 1e-9 * game.horizon, replace(game, losses=LossTable(found.losses)), False)


def _pair(
    learner: str, horizon: int, n_actions: int, cost: float = 1.0, feedback: str = "Bandit", *arguments: Any
) -> tuple[Any, Any]:
    """Return a game of this shape, whose own losses are placeholders, and a learner by its class name."""
    from bandits import switching
    from bandits.losses import LossTable

    losses, seen = LossTable(np.zeros((horizon, n_actions))), getattr(switching, feedback)(*arguments)
    return switching.SwitchingCostGame(losses, horizon, cost, seen), getattr(switching, learner)()


# ---------------------------------------------------------------- full information

_informed = partial(_pair, feedback="FullInformation")


def _full_information(name: str, play: Callable[..., exact.ExactPlay], cost: float) -> Iterator[Witness]:
    """Yield the worst of all tables of two actions and the worst hand-made tables of 8 and 30."""
    for horizon, n_actions in ((1000, 2), (4096, 8), (2000, 30)):
        game, learner = _informed(name, horizon, n_actions, cost)
        rate = learner.parameters(game).learning_rate
        if n_actions == 2:
            yield Witness(game, learner, worst_case(game, learner, 0.0, 0).regret, "every input")  # type: ignore[union-attr]
        hand = max(play(losses, rate).regret(cost) for losses in handmade(horizon, n_actions))
        yield Witness(game, learner, hand, "hand-made")


def _hedge() -> Iterator[Witness]:
    yield from _full_information("Hedge", exact.hedge, 0.0)
    yield Witness(*_informed("Hedge", 12, 2, 0.0), minimax.expert_value(12, 2), "game")


def _dartboard_switches() -> Iterator[Witness]:
    for horizon, n_actions in ((4096, 8), (2**14, 32)):
        game, learner = _informed("ShrinkingDartboard", horizon, n_actions)
        play = exact.shrinking_dartboard(np.ones((horizon, n_actions)), learner.parameters(game).learning_rate)
        yield Witness(game, learner, play.switches, "hand-made")


def _leader_switches() -> Iterator[Witness]:
    game, learner = _informed("LazyPerturbedLeader", 2**14, 32)
    rate = learner.parameters(game).learning_rate
    yield Witness(game, learner, exact.leader_switches(2**14, 32, rate), "hand-made")


def _leader() -> Iterator[Witness]:
    """Yield its regret where all losses are 1 for a while and then 0 for one action; later switches are not counted."""
    game, learner = _informed("LazyPerturbedLeader", 4096, 8)
    rate = learner.parameters(game).learning_rate
    for rounds in (2048, 3072, 3584, 4096):
        losses = np.ones((4096, 8))
        losses[rounds:, 0] = 0.0
        paid = float((exact.perturbed_leader_probabilities(losses, rate) * losses).sum())
        regret = paid - float(losses.sum(axis=0).min()) + exact.leader_switches(rounds, 8, rate)
        yield Witness(game, learner, regret, "hand-made")


# ---------------------------------------------------------------- bandit feedback and bought observations


def _held(play: exact.ExactPlay, game: Any, length: int) -> float:
    """Return the regret of a rule whose rounds are batches of `length`."""
    return length * play.regret(game.switching_cost / length)


def _on_batches(game: Any, learner: Any) -> Witness:
    """Return EXP3 over whole batches: any number of them on steady losses, few ones on hand-made losses too."""
    params = learner.parameters(game)
    length = getattr(params, "batch_length", 1)
    n = game.horizon // length
    if n * length != game.horizon:
        raise ValueError(f"the horizon {game.horizon} is not a multiple of the batch length {length}")
    plays = [exact.exp3_on_steady_losses(n, params.learning_rate)] if game.n_actions == 2 else []
    if game.n_actions ** (n - 1) < 10_000:
        plays += [exact.exp3(losses, params.learning_rate) for losses in handmade(n, game.n_actions)]
    return Witness(game, learner, max(_held(play, game, length) for play in plays), "hand-made")


def _exp3() -> Iterator[Witness]:
    for horizon, n_actions in ((12, 2), (8, 3), (16, 2), (32, 2), (64, 2), (1000, 2)):
        yield _on_batches(*_pair("Exp3", horizon, n_actions, 0.0))
    yield Witness(*_pair("Exp3", 6, 2, 0.0), minimax.bandit_value(6, 0.0), "game")


def _batched_exp3() -> Iterator[Witness]:
    for horizon in (36, 55, 168, 1008, 4104):
        yield _on_batches(*_pair("BatchedExp3", horizon, 2))
    yield Witness(*_pair("BatchedExp3", 6, 2), minimax.bandit_value(6, 1.0), "game")


def _batched_exp3_switches() -> Iterator[Witness]:
    """Yield n - 1: where nothing costs anything the draws are uniform, and all differ with positive probability."""
    game, learner = _pair("BatchedExp3", 1008, 2)
    yield Witness(game, learner, float(learner.parameters(game).n_batches - 1), "hand-made")


def _own_looks() -> Iterator[Witness]:
    for horizon, budget in ((40, 10), (160, 20), (1024, 64), (4096, 128)):
        yield _on_batches(*_pair("BudgetedExp3", horizon, 2, 1.0, "TotalBudget", budget, "bandit"))


def _worst_held(game: Any, learner: Any, play: Callable[..., exact.ExactPlay]) -> Witness:
    """Return the worst hand-made table whose rows are the means of batches over which the losses are constant."""
    params = learner.parameters(game)
    plays = (play(losses, params.learning_rate) for losses in handmade(params.n_batches, game.n_actions))
    return Witness(game, learner, max(_held(play, game, params.batch_length) for play in plays), "hand-made")


def _full_looks() -> Iterator[Witness]:
    for n_actions in (2, 8):
        pair = _pair("BatchedDartboard", 4096, n_actions, 1.0, "TotalBudget", 512 * n_actions, "full")
        yield _worst_held(*pair, exact.shrinking_dartboard)


def _flexible_looks() -> Iterator[Witness]:
    for budget in (64, 256):
        pair = _pair("BatchedDartboard", 1024, 2, 1.0, "TotalBudget", budget, "flexible")
        yield _worst_held(*pair, exact.uniform_looks)


def _extra_observations() -> Iterator[Witness]:
    """Yield one game on each side of the kink: free feedback alone, and bought observations."""
    few, many = (_pair("ExtraObservationLearner", 1008, 2, 1.0, "ExtraObservations", budget) for budget in (10, 504))
    if few[1].uses_looks(few[0]) or not many[1].uses_looks(many[0]):
        raise ValueError("the two budgets must lie on different sides of the kink")
    yield _on_batches(*few)
    yield _worst_held(*many, exact.uniform_looks)


def _bandit_lower() -> Iterator[Witness]:
    """Yield the minimax value: one learner does not exceed it on any losses, so not on the hard walk."""
    from bandits.losses.random_walk import MultiScaleRandomWalk
    from bandits.switching import BatchedExp3, SwitchingCostGame

    game = SwitchingCostGame(MultiScaleRandomWalk(2), 6)
    yield Witness(game, BatchedExp3(), minimax.bandit_value(6, 1.0), "game")


WITNESSES: Mapping[str, Callable[[], Iterator[Witness]]] = {
    "cesabianchi2006.hedge": _hedge,
    "geulen2010.shrinking_dartboard": partial(_full_information, "ShrinkingDartboard", exact.shrinking_dartboard, 1.0),
    "geulen2010.shrinking_dartboard_switches": _dartboard_switches,
    "kalai2005.lazy_leader": _leader,
    "kalai2005.lazy_leader_switches": _leader_switches,
    "bubeck2012.exp3": _exp3,
    "arora2012.batched_exp3": _batched_exp3,
    "arora2012.batched_exp3_switches": _batched_exp3_switches,
    "cheng2023.bandit_looks": _own_looks,
    "cheng2023.full_looks": _full_looks,
    "cheng2023.flexible_looks": _flexible_looks,
    "cheng2023.extra_observations": _extra_observations,
    "dekel2014.bandit_lower": _bandit_lower,
}


def _searched(pair: Callable[[], tuple[Any, Any]], steps: int, bound: Any, seed: int) -> Iterator[Witness]:
    """Yield the worst losses that gradient ascent finds for the theorem's learner."""
    from theory.switching.witnesses.search import search

    game, learner = pair()
    yield Witness(game, learner, search(bound, game, learner, restarts=8, steps=steps, seed=seed).regret, "search")


SEARCHES: Mapping[str, Callable[[Any, int], Iterator[Witness]]] = {  # of (bound, seed)
    "cesabianchi2006.hedge": partial(_searched, partial(_informed, "Hedge", 200, 10, 0.0), 400),
    "geulen2010.shrinking_dartboard": partial(_searched, partial(_informed, "ShrinkingDartboard", 200, 10), 400),
    "bubeck2012.exp3": partial(_searched, partial(_pair, "Exp3", 7, 2, 0.0), 100),
}
