"""Cases to check theorems on: what a family registers, and which of them `verify_all` takes.

**To register the cases of a family**, write in `theory/<family>/cases.py` (the theorems' own module knows no
learners) a mapping CASES from the name of each theorem to a function, or a tuple of functions, that returns a `Case`;
what it needs of learners and problems is imported inside the function, so that listing costs nothing:

    def _hedge_on_steady_losses() -> Case:
        from bandits.switching import FullInformation, Hedge, SwitchingCostGame

        return Case(SwitchingCostGame(LossTable(steady(1000, 5)), 1000, 0.0, FullInformation()), Hedge())

    CASES = {"cesabianchi2006.hedge": _hedge_on_steady_losses}

A theorem that has no such case, for example because no problem measures what it bounds, is named in a mapping
WITHOUT_CASE of the same module, with the reason.

HARD_CASES are further cases for `theory.tightness`, at which the theorem may be vacuous: nothing is verified there.

`Case.options` are keyword arguments of `theory.verify`: a rate gives a function from a horizon to a problem, its
`horizons` and what grows `along` them. A quantity whose range its family does not prove (`theory.ranges`) needs a
method `metric_range(metric, learner) -> (low, high)` of the problem. Choose losses that are hard (a ratio of estimate
to bound above one half says that the theorem is exercised) and frozen, so that only the learner is random.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bandits.core.arguments import checked
from bandits.core.checks import instance, integer
from bandits.losses import LossProcess, LossTable


class Case(NamedTuple):
    """A problem (for a rate: a function from a horizon to one), a learner, and options of `theory.verify`."""

    problem: Any
    learner: Any
    options: Mapping[str, Any] = {}


Cases = Mapping[str, Callable[[], Case] | tuple[Callable[[], Case], ...]]  # by theorem


@dataclass(frozen=True)
class DefaultCase:
    """A theorem and one of its registered cases, made when it is needed; without any, None and the reason."""

    bound: Any
    make: Callable[[], Case] | None
    reason: str = ""


def default_cases(names: Iterable[str] | None = None) -> list[DefaultCase]:
    """Return the registered cases of the named theorems, or of all, in the catalogue's order.

    Raises KeyError with near matches for a name that is not in the catalogue.
    """
    from theory import catalogue, registered, theorem

    wanted = list(catalogue().values()) if names is None else [theorem(name) for name in names]
    makers, reasons = registered("cases", "CASES"), registered("cases", "WITHOUT_CASE")
    cases = []
    for bound in wanted:
        made = makers.get(bound.name, (None,))
        for make in made if isinstance(made, tuple) else (made,):
            cases.append(DefaultCase(bound, make, "" if make else reasons.get(bound.name, "")))
    return cases


@checked
def freeze(losses: LossProcess, horizon: int, *, seed: int = 0, repetition: int = 0) -> LossTable:
    """Return the losses of one repetition as a table (horizon, K): what `simulate` plays with this seed.

    A frozen table narrows what regret can be (`theory.ranges`), so a verdict needs far fewer repetitions, and a theorem
    for every oblivious sequence must hold on it.
    """
    from sims.engines.recorder import recorded_losses

    instance("losses", losses, LossProcess, "a loss process such as MultiScaleRandomWalk(n_actions=5)")
    horizon = integer("horizon", horizon, low=1)
    repetition = integer("repetition", repetition, low=0, high=2**32 - 1)
    return LossTable(recorded_losses(losses, horizon, seed, repetition))
