"""Cases to check theorems on: the default ones of each family, and hard losses to build them from.

**To register the cases of a family**, write in `theory/<family>/cases.py` (the theorems' own module knows no
learners) a mapping INSTANCES from the name of each theorem to a function, or a tuple of functions, that returns an
`Instance`; what it needs of learners and problems is imported inside the function, so that listing costs nothing:

    def _hedge_on_steady_losses() -> Instance:
        from bandits.switching import FullInformation, Hedge, SwitchingCostGame

        return Instance(SwitchingCostGame(LossTable(steady(1000, 5)), 1000, 0.0, FullInformation()), Hedge())

    INSTANCES = {"cesabianchi2006.hedge": _hedge_on_steady_losses}

A theorem that has no such case, for one because no problem measures what it bounds, is named in a mapping WITHOUT_CASE
of the same module, with the reason.

`Instance.options` are keyword arguments of `theory.verify`: a rate gives a function from a horizon to a problem, its
`horizons` and what grows `along` them. A quantity whose range `theory.ranges` does not know needs a method
`metric_range(metric, learner) -> (low, high)` of the problem. Choose losses that are hard (a ratio of estimate to bound
above one half says that the theorem is exercised) and frozen, so that the only randomness left is the learner's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from bandits.core.checks import instance, integer, real
from bandits.core.jit import borrow, keep_alive, program
from bandits.core.rng import ENVIRONMENT, seed_word, stream
from bandits.losses import LossProcess, LossSteps, LossTable


class Instance(NamedTuple):
    """A problem (for a rate: a function from a horizon to one), a learner, and options of `theory.verify`."""

    problem: Any
    learner: Any
    options: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Case:
    """One instance of one theorem, made when it is needed; `make` is None for a theorem without any, for a reason."""

    bound: Any
    make: Callable[[], Instance] | None
    reason: str = ""


def default_cases(names: Iterable[str] | None = None) -> list[Case]:
    """Return the registered cases of the named theorems, or of all, in the catalogue's order.

    Raises KeyError with near matches for a name that is not in the catalogue.
    """
    from theory import catalogue, theorem

    wanted = list(catalogue().values()) if names is None else [theorem(name) for name in names]
    registered, reasons = _registered("INSTANCES"), _registered("WITHOUT_CASE")
    cases = []
    for bound in wanted:
        makers = registered.get(bound.name, (None,))
        for make in makers if isinstance(makers, tuple) else (makers,):
            cases.append(Case(bound, make, "" if make else reasons.get(bound.name, "")))
    return cases


def _registered(name: str) -> dict[str, Any]:
    """Return what the families have registered under this name, by theorem."""
    from theory import modules_of_families

    return {key: value for module in modules_of_families("cases") for key, value in getattr(module, name, {}).items()}


# ---------------------------------------------------------------- losses


@checked
def freeze(losses: LossProcess, horizon: int, *, seed: int = 0, repetition: int = 0) -> LossTable:
    """Return the losses of one repetition as a table (horizon, K): what `simulate` plays with this seed.

    A frozen table narrows what regret can be (`theory.ranges`), so a verdict needs far fewer repetitions, and a theorem
    for every oblivious sequence must hold on it.
    """
    instance("losses", losses, LossProcess, "a loss process such as MultiScaleRandomWalk(n_actions=5)")
    horizon = integer("horizon", horizon, low=1)
    repetition = integer("repetition", repetition, low=0, high=2**32 - 1)
    out = np.empty((horizon, losses.n_actions))
    _recorder(losses.steps)(losses.setting(horizon), seed_word(seed), repetition, out)
    return LossTable(out)


@cache
def _recorder(steps: LossSteps) -> Any:
    init, advance, loss_of = steps.init, steps.advance, steps.loss

    @program
    def record(setting_owner: Any, seed: Any, repetition: int, out: Any) -> None:
        setting = borrow(setting_owner)
        env = stream(seed, repetition, ENVIRONMENT)
        state_owner = init(setting, env)
        state = borrow(state_owner)
        for t in range(out.shape[0]):
            state = advance(setting, state, t, env)
            for arm in range(out.shape[1]):
                out[t, arm] = loss_of(setting, state, t, arm)
        keep_alive(state_owner)
        keep_alive(setting_owner)

    return record


def _shape(horizon: int, n_actions: int) -> tuple[int, int]:
    return integer("horizon", horizon, low=1), integer("n_actions", n_actions, low=1)


def steady(horizon: int, n_actions: int, gap: float = 1.0) -> NDArray[np.float64]:
    """Return losses (T, K) in which action 0 always pays (1 - gap) / 2 and the others (1 + gap) / 2; gap in [0, 1]."""
    gap = real("gap", gap, 0.0, 1.0)
    table = np.full(_shape(horizon, n_actions), 0.5 + 0.5 * gap)
    table[:, 0] = 0.5 - 0.5 * gap
    return table


def dear(horizon: int, n_actions: int, gap: float) -> NDArray[np.float64]:
    """Return losses (T, K) in which action 0 always pays 1 - gap, gap in [0, 1], and the others 1.

    They are hard on estimates over 1 / p.
    """
    table = np.ones(_shape(horizon, n_actions))
    table[:, 0] = 1.0 - real("gap", gap, 0.0, 1.0)
    return table


def alternating(horizon: int, n_actions: int) -> NDArray[np.float64]:
    """Return losses (T, K) in which the actions pay 1 in turn."""
    horizon, n_actions = _shape(horizon, n_actions)
    return np.asarray(np.arange(horizon)[:, None] % n_actions == np.arange(n_actions), dtype=np.float64)


def ones_then_steady(horizon: int, n_actions: int) -> NDArray[np.float64]:
    """Return losses (T, K) that are 1 for half the horizon and then 0 for action 0 alone."""
    horizon, n_actions = _shape(horizon, n_actions)
    return np.where(np.arange(horizon)[:, None] < horizon // 2, 1.0, steady(horizon, n_actions))


def even_then_steady(horizon: int, n_actions: int) -> NDArray[np.float64]:
    """Return losses (T, K) that keep halves of the actions level until the last 2 sqrt(T) rounds: hard for Hedge."""
    horizon, n_actions = _shape(horizon, n_actions)
    t, arms = np.arange(horizon)[:, None], np.arange(n_actions)
    level = np.asarray(arms % 2 == t % 2, dtype=np.float64)
    return np.where(t < horizon - 2.0 * horizon**0.5, level, steady(horizon, n_actions))
