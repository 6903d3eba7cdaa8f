"""How tight each theorem is: the worst that was found for its learner, over what the theorem allows.

A *witness* of an upper bound is a value that its learner reaches on some losses; of a lower bound, one that some
learner does not exceed on the losses that the theorem is about. Its ratio to the bound is at most 1 for a true upper
bound and at least 1 for a true lower one; near 1, the theorem's constants cannot be improved by much. Witnesses are

- every input: the worst of all tables of 0/1 losses with two actions (`theory.switching.minimax.worst_case_of_two`);
- search: gradient ascent through the exact regret (`theory.switching.witnesses`);
- hand-made: losses that proofs suggest, with the exact expectation (`theory.switching.exact`,
`theory.switching.long_plays`); - game: the minimax value of a small game, which no learner beats
(`theory.switching.minimax`); - default case: what `verify` finds in those of `theory.instances`; where it samples, the
end that is certain.

On losses that are constant over batches of tau rounds, a learner over batches plays its rule on their means: its regret
is tau times that of the rule at switching cost c / tau.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from theory.instances import default_cases
from theory.switching import exact
from theory.switching import minimax as games
from theory.switching.long_plays import exp3_on_steady_losses, leader_switches, uniform_looks
from theory.switching.witnesses import handmade

Array = NDArray[np.float64]
METHODS = ("every input", "search", "hand-made", "game", "default case")


class Witness(NamedTuple):
    """What a learner's quantity is at least (for a lower bound: at most) in a problem, and how it was found.

    value: of the bound; None means that for this problem and learner.
    """

    problem: Any
    learner: Any
    amount: float
    method: str
    value: float | None = None


@dataclass(frozen=True)
class Row:
    """The best witness of one method for one theorem; amount, value and ratio are nan where none was sought."""

    bound: str
    direction: str
    method: str
    setting: str
    amount: float
    value: float

    @property
    def ratio(self) -> float:
        """Witness over bound; 1 where both are 0."""
        if self.value == 0.0:
            return 1.0 if self.amount == 0.0 else math.copysign(math.inf, self.amount)
        return self.amount / self.value


def table(names: Iterable[str] | None = None, *, search: bool = True, cases: bool = False, seed: int = 0) -> list[Row]:
    """Return for each theorem that has a value the best witness of each method, in the catalogue's order.

    names: theorems of the catalogue (None: all).  search: also search by gradient, some seconds of JAX.  cases: also
    check the default cases, which takes minutes.  seed: of searches and samples.  A theorem without a witness has one
    row of nan.
    """
    from theory import catalogue, theorem

    bounds = list(catalogue().values()) if names is None else [theorem(name) for name in names]
    rows: list[Row] = []
    for bound in bounds:
        if not bound.rate_only:
            found = list(_witnesses(bound, search, cases, seed))
            rows += _best(bound, found) or [Row(bound.name, bound.direction, "none", "", math.nan, math.nan)]
    return rows


def _witnesses(bound: Any, search: bool, cases: bool, seed: int) -> Iterator[Witness]:
    yield from WITNESSES.get(bound.name, tuple)()
    if search:
        yield from _searched(bound, seed)
    if cases:
        yield from _default_cases(bound, seed)


def _best(bound: Any, found: list[Witness]) -> list[Row]:
    """Return the row of greatest ratio (least, for a lower bound) of each method."""
    rows = []
    for method in METHODS:
        here = [
            Row(bound.name, bound.direction, method, _setting(w.problem), w.amount, _value(bound, w))
            for w in found
            if w.method == method
        ]
        if here:
            rows.append((max if bound.direction == "upper" else min)(here, key=lambda row: row.ratio))
    return rows


def _value(bound: Any, witness: Witness) -> float:
    if witness.value is not None:
        return witness.value
    reasons = bound.applies(witness.problem, witness.learner)
    if reasons:
        raise ValueError(f"{bound.name} does not apply to its witness: {'; '.join(reasons)}")
    return float(bound.value_for(witness.problem, witness.learner))


def _setting(problem: Any) -> str:
    """Return the numbers that matter, in a few words."""
    fields = {"T": "horizon", "K": "n_actions", "c": "switching_cost", "B": "budget"}
    known = {letter: getattr(problem, name, None) for letter, name in fields.items()}
    return ", ".join(
        f"{letter} = {value:g}" for letter, value in known.items() if value is not None and (value or letter == "c")
    )


# ---------------------------------------------------------------- full information


def _game(horizon: int, n_actions: int, cost: float, feedback: str, *arguments: Any) -> Any:
    """Return a game of this shape; its own losses are of no account."""
    from bandits import switching
    from bandits.losses import LossTable

    seen = getattr(switching, feedback)(*arguments)
    return switching.SwitchingCostGame(LossTable(np.zeros((horizon, n_actions))), horizon, cost, seen)


def _learner(name: str) -> Any:
    from bandits import switching

    return getattr(switching, name)()


def _full_information(name: str, play: Callable[[Array, float], exact.ExactPlay], cost: float) -> Iterator[Witness]:
    """Yield the worst of all tables of two actions and the worst hand-made tables of 8 and 30."""
    learner = _learner(name)
    for horizon, n_actions in ((1000, 2), (4096, 8), (2000, 30)):
        game = _game(horizon, n_actions, cost, "FullInformation")
        rate = learner.parameters(game).learning_rate
        if n_actions == 2:
            worst, _ = games.worst_case_of_two(horizon, rate, cost, lazy=name == "ShrinkingDartboard")
            yield Witness(game, learner, worst, "every input")
        hand = max(play(losses, rate).regret(cost) for losses in handmade(horizon, n_actions))
        yield Witness(game, learner, hand, "hand-made")


def _hedge() -> Iterator[Witness]:
    yield from _full_information("Hedge", exact.hedge, 0.0)
    game = _game(12, 2, 0.0, "FullInformation")
    yield Witness(game, _learner("Hedge"), games.expert_value(12, 2), "game")


def _dartboard() -> Iterator[Witness]:
    yield from _full_information("ShrinkingDartboard", exact.shrinking_dartboard, 1.0)


def _dartboard_switches() -> Iterator[Witness]:
    for horizon, n_actions in ((4096, 8), (2**14, 32)):
        game, learner = _game(horizon, n_actions, 1.0, "FullInformation"), _learner("ShrinkingDartboard")
        play = exact.shrinking_dartboard(np.ones((horizon, n_actions)), learner.parameters(game).learning_rate)
        yield Witness(game, learner, play.switches, "hand-made")


def _leader_switches() -> Iterator[Witness]:
    game, learner = _game(2**14, 32, 1.0, "FullInformation"), _learner("LazyPerturbedLeader")
    rate = learner.parameters(game).learning_rate
    yield Witness(game, learner, leader_switches(2**14, 32, rate), "hand-made")


def _leader() -> Iterator[Witness]:
    """Yield what it pays where all actions pay 1 for a while and then one stops; later switches are not counted."""
    game, learner = _game(4096, 8, 1.0, "FullInformation"), _learner("LazyPerturbedLeader")
    rate = learner.parameters(game).learning_rate
    for rounds in (2048, 3072, 3584, 4096):
        losses = np.ones((4096, 8))
        losses[rounds:, 0] = 0.0
        paid = float((exact.perturbed_leader_probabilities(losses, rate) * losses).sum())
        regret = paid - float(losses.sum(axis=0).min()) + leader_switches(rounds, 8, rate)
        yield Witness(game, learner, regret, "hand-made")


# ---------------------------------------------------------------- bandit feedback and bought looks


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
    plays = [exp3_on_steady_losses(n, params.learning_rate)] if game.n_actions == 2 else []
    if game.n_actions ** (n - 1) < 10_000:
        plays += [exact.exp3(losses, params.learning_rate) for losses in handmade(n, game.n_actions)]
    return Witness(game, learner, max(_held(play, game, length) for play in plays), "hand-made")


def _exp3() -> Iterator[Witness]:
    for horizon, n_actions in ((12, 2), (8, 3), (16, 2), (32, 2), (64, 2), (1000, 2)):
        yield _on_batches(_game(horizon, n_actions, 0.0, "Bandit"), _learner("Exp3"))
    yield Witness(_game(6, 2, 0.0, "Bandit"), _learner("Exp3"), games.bandit_value(6, 0.0), "game")


def _batched_exp3() -> Iterator[Witness]:
    for horizon in (36, 55, 168, 1008, 4104):
        game = _game(horizon, 2, 1.0, "Bandit")
        yield _on_batches(game, _learner("BatchedExp3"))
    yield Witness(_game(6, 2, 1.0, "Bandit"), _learner("BatchedExp3"), games.bandit_value(6, 1.0), "game")


def _batched_exp3_switches() -> Iterator[Witness]:
    """Yield n - 1: where nothing costs anything the draws are uniform, and all differ with positive probability."""
    game, learner = _game(1008, 2, 1.0, "Bandit"), _learner("BatchedExp3")
    yield Witness(game, learner, float(learner.parameters(game).n_batches - 1), "hand-made")


def _own_looks() -> Iterator[Witness]:
    for horizon, budget in ((40, 10), (160, 20), (1024, 64), (4096, 128)):
        yield _on_batches(_game(horizon, 2, 1.0, "TotalBudget", budget, "bandit"), _learner("BudgetedExp3"))


def _full_looks() -> Iterator[Witness]:
    """Yield Shrinking Dartboard on the means of batches over which the losses are constant."""
    learner = _learner("BatchedDartboard")
    for n_actions in (2, 8):
        game = _game(4096, n_actions, 1.0, "TotalBudget", 512 * n_actions, "full")
        params = learner.parameters(game)
        plays = (exact.shrinking_dartboard(losses, params.learning_rate) for losses in handmade(512, n_actions))
        yield Witness(game, learner, max(_held(play, game, params.batch_length) for play in plays), "hand-made")


def _uniform_looks(game: Any, learner: Any) -> Witness:
    """Return the worst hand-made table of two actions for one uniform look a batch."""
    params = learner.parameters(game)
    length, n = params.batch_length, params.n_batches
    plays = (uniform_looks(losses, params.learning_rate) for losses in handmade(n, 2))
    return Witness(game, learner, max(_held(play, game, length) for play in plays), "hand-made")


def _flexible_looks() -> Iterator[Witness]:
    for budget in (64, 256):
        yield _uniform_looks(_game(1024, 2, 1.0, "TotalBudget", budget, "flexible"), _learner("BatchedDartboard"))


def _extra_observations() -> Iterator[Witness]:
    """Yield one game on each side of the kink: free feedback alone, and bought looks."""
    learner = _learner("ExtraObservationLearner")
    few, many = (_game(1008, 2, 1.0, "ExtraObservations", budget) for budget in (10, 504))
    if learner.uses_looks(few) or not learner.uses_looks(many):
        raise ValueError("the two budgets must lie on different sides of the kink")
    yield _on_batches(few, learner)
    yield _uniform_looks(many, learner)


# ---------------------------------------------------------------- lower bounds, searches, samples


def _bandit_lower() -> Iterator[Witness]:
    """Yield the minimax value: one learner does not exceed it on any losses, so not on the hard walk."""
    from bandits.losses.random_walk import MultiScaleRandomWalk
    from bandits.switching import SwitchingCostGame

    game = SwitchingCostGame(MultiScaleRandomWalk(2), 6)
    yield Witness(game, _learner("BatchedExp3"), games.bandit_value(6, 1.0), "game")


WITNESSES: dict[str, Callable[[], Iterator[Witness]]] = {
    "cesabianchi2006.hedge": _hedge,
    "geulen2010.shrinking_dartboard": _dartboard,
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

_SEARCHES: dict[str, tuple[str, int, int, float, str, int]] = {  # learner, T, K, c, feedback, steps
    "cesabianchi2006.hedge": ("Hedge", 200, 10, 0.0, "FullInformation", 400),
    "geulen2010.shrinking_dartboard": ("ShrinkingDartboard", 200, 10, 1.0, "FullInformation", 400),
    "bubeck2012.exp3": ("Exp3", 7, 2, 0.0, "Bandit", 100),
}


def _searched(bound: Any, seed: int) -> Iterator[Witness]:
    """Yield the worst losses that gradient ascent finds for the theorem's learner."""
    from theory.switching.witnesses import search

    if bound.name in _SEARCHES:
        name, horizon, n_actions, cost, feedback, steps = _SEARCHES[bound.name]
        game, learner = _game(horizon, n_actions, cost, feedback), _learner(name)
        yield Witness(game, learner, search(bound, game, learner, restarts=8, steps=steps, seed=seed).regret, "search")


def _default_cases(bound: Any, seed: int, alpha: float = 1e-3, repetitions: int = 2000) -> Iterator[Witness]:
    """Yield the certain end of the interval that each default case gives, wrong with probability at most alpha."""
    from sims import simulate
    from theory.verification import verify

    upper = bound.direction == "upper"
    for case in default_cases([bound.name]):
        if case.make is None:
            continue
        problem, learner, options = case.make()
        verdict = verify(bound, problem, learner, **{"alpha": alpha, "seed": seed, **options})
        amount, value = verdict.low if upper else verdict.high, verdict.bound_value
        if verdict.kind in ("rate", "none"):
            continue
        if bound.mode == "probability":  # that verdict is on the share of runs beyond the bound
            run = simulate(problem, learner, repetitions=repetitions, seed=seed, checkpoints=[problem.horizon])
            amount = often_reached(run.final(bound.quantity), verdict.bound_value, alpha, upper=upper)
            value = float(bound.value_for(problem, learner))
        elif bound.mode == "every path":
            amount = verdict.estimate
        yield Witness(problem, learner, amount, "default case", value)


@checked
def often_reached(samples: Array, share: float, alpha: float, *, upper: bool = True) -> float:
    """Return a number that a variable reaches with probability `share` at least, certain to 1 - alpha.

    samples (n,): independent.  upper: reached from below, else from above.  Were it reached less often, as many samples
    would reach it with probability at most alpha. Too few samples to tell give -inf (upper) or inf.
    """
    from scipy.stats import binom

    values = np.sort(samples)
    rank = int(binom.isf(alpha, len(values), share)) + 1
    if rank > len(values):
        return -math.inf if upper else math.inf
    return float(values[-rank] if upper else values[rank - 1])
