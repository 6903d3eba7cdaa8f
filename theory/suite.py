"""All theorems on their default cases, with one error probability for the whole run."""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from bandits.core.arguments import checked
from bandits.core.checks import integer, real
from theory import include, included
from theory.cases import Case, DefaultCase, default_cases
from theory.verdict import Outcome, Verdict
from theory.verification import verify


@checked
def verify_all(
    names: Iterable[str] | None = None,
    alpha: float = 1e-3,
    *,
    seed: int = 0,
    max_repetitions: int = 200_000,
    threads: int | None = None,
    processes: int = 1,
) -> Iterator[Verdict]:
    """Yield a verdict for each default case of the named theorems (None: all), in the catalogue's order.

    alpha in (0, 1): the probability that any of the verdicts is wrong (rates excepted), shared equally among them. It
    holds whatever their dependence. A theorem without a case yields a verdict that says why: not applicable, or
    undecided where the reason is not known.
    processes: cases checked at once, each in a process of its own; a script then needs a guard,
    `if __name__ == "__main__"`.
    Raises KeyError with near matches for an unknown name, before anything is run; while running, RuntimeError for a
    case that cannot be checked, which is a mistake in it.
    """
    alpha = real("alpha", alpha, 0.0, 1.0, open_low=True, open_high=True)
    seed = integer("seed", seed, low=0, high=2**64 - 1)
    max_repetitions = integer("max_repetitions", max_repetitions, low=1)
    cases = default_cases(names)
    checked = max(1, sum(case.make is not None for case in cases))
    options = {"alpha": alpha / checked, "max_repetitions": max_repetitions, "seed": seed, "threads": threads}
    if processes == 1:
        return (_verdict_of(case, options) for case in cases)
    theorems = tuple(dict.fromkeys(case.bound.name for case in cases))
    return _in_processes(theorems, options, len(cases), integer("processes", processes, low=1))


def _in_processes(
    theorems: tuple[str, ...], options: Mapping[str, Any], count: int, processes: int
) -> Iterator[Verdict]:
    """Yield the verdicts of all default cases of the theorems, found in processes, in their order."""
    from sims.side_by_side import side_by_side

    found: dict[int, Any] = {}
    following = 0
    made = partial(_verdict_at, theorems, included(), options)
    for place, verdict in side_by_side(made, range(count), processes):
        found[place] = verdict
        while following in found:
            if isinstance(found[following], BaseException):
                raise found[following]
            yield found.pop(following)
            following += 1


def _verdict_at(theorems: tuple[str, ...], modules: tuple[str, ...], options: Mapping[str, Any], place: int) -> Verdict:
    for module in {*modules} - {*included()}:
        include(module)
    return _verdict_of(default_cases(theorems)[place], options)


def _verdict_of(case: DefaultCase, options: Mapping[str, Any]) -> Verdict:
    if case.make is None:
        bound = case.bound
        outcome: Outcome = "not applicable" if case.reason else "undecided"
        note = f"It has no default case{': ' + case.reason if case.reason else ' yet'}."
        learner = bound.learner or "every learner"
        return Verdict(bound.name, outcome, "none", bound.quantity, bound.direction, "no problem", learner, note=note)
    try:
        problem, learner, own = Case(*case.make())
        return verify(case.bound, problem, learner, **{**options, **own})
    except (ValueError, TypeError, ArithmeticError) as error:
        raise RuntimeError(f"the check of {case.bound.name} failed: {error}") from error


@checked
def error_probability(verdicts: Iterable[Verdict]) -> float:
    """Return the probability that any of these verdicts is wrong, rates excepted: at most the sum of theirs."""
    return math.fsum(v.error_probability for v in verdicts if v.kind != "rate")
