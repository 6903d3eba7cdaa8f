"""Check a bound for a learner in a problem, with a stated probability of being wrong.

    verdict = verify("arora2012.batched_exp3", game, BatchedExp3(), alpha=1e-6)
    assert verdict.holds, verdict.explain()

A verdict is about the code that is played. "Holds" says that the code's own mean is certified to be within the bound,
or that every possible path was played. Each theorem gets the strongest check that the case admits (`theory.checks`):
the certified mean, together with the algorithm's exact expectation where the losses are a table and the law of the
play can be computed; all paths or sampled ones for a claim about every path; and for theorems known up to constants the
exponent. With method="worst" the learner plays the worst inputs that are known for it. Rates are measured: no error
probability is claimed for them.

What is checked is the value, not the proof, so any learner can be checked: that a theorem is about `Exp3` is not one of
its assumptions. Its bound may need parameters (a learning rate, a batch length); they are the learner's own fields of
these names, or what `parameters` says. A learner that declares one rate and uses another is compared with the bound of
the declared rate.

A bound in expectation over the learner holds for each oblivious loss sequence, so it holds on average over random
losses too. A bound with probability 1 - delta is checked as "the share of runs that violate it is at most delta". A
lower bound for every learner is checked with the learner that is given.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Literal, get_args

from bandits.combine import at_horizon
from bandits.core.arguments import checked
from bandits.core.checks import instance, integer, real
from bandits.plain import as_learner, wanted
from bandits.protocol import Learner, Problem
from theory import checks
from theory.ranges import Range
from theory.verdict import Verdict

Method = Literal["auto", "exact", "sample", "worst", "rate"]
Parameters = Mapping[str, float] | Literal["own", "tuned"]

HORIZONS = tuple(2**k for k in range(8, 17))
RATE_REPETITIONS = 100


@checked
def verify(
    bound: Any,
    problem: Any,
    learner: Any,
    *,
    alpha: float = 1e-6,
    max_repetitions: int = 20_000,
    until_decided: bool = False,
    share: float = checks.RARE,
    seed: int = 0,
    method: Method = "auto",
    parameters: Parameters = "own",
    assume: Sequence[str] = (),
    measured: str | None = None,
    sample_range: tuple[float, float] | None = None,
    horizons: Sequence[int] = HORIZONS,
    along: Mapping[str, Any] | None = None,
    rate_repetitions: int = RATE_REPETITIONS,
    threads: int | None = None,
    backend: str = "numba",
    progress: bool = False,
) -> Verdict:
    """Return whether `bound` holds for `learner` in `problem`.

    bound: a bound of the catalogue or its name.  problem: for a rate it may be a function from a horizon to a problem;
    a problem stands for itself at other horizons.
    alpha in (0, 1): the verdict is "holds" for a false bound, and "broken" for a true one, with probability at most
    alpha (rates excepted).  max_repetitions: at least 1; when they are used up the verdict is undecided, or with
    until_decided=True goes on while it seems that a million repetitions decide.
    share in (0, 1): for a claim about every path, sampling stops when at most this share of paths can violate it.
    seed: integer in [0, 2^64); the same seed gives the same verdict.  threads, backend, progress: as in `simulate`,
    which plays several batches of repetitions.
    method: "exact", "sample", "worst" or "rate" insist on one kind of check; ValueError where it is not available.
    parameters: of the bound: the learner's "own", "tuned" ones that minimise the bound, or a mapping, as in
    {"learning_rate": 0.01}, with the learner's own for the rest.
    assume: texts of assumptions that you vouch for where the bound cannot check them, as for your own learner.
    measured: the metric that stands for the bound's quantity, where the problem has it under another name.
    sample_range: least and greatest value of a sample where none is proven; the certificate then assumes it.
    horizons: the grid of a rate, at least 3 increasing.  along: the powers of the horizon with which other fields grow
    on that grid, as in {"budget": Fraction(5, 6)}.  rate_repetitions: at each horizon, at least 2.

    Raises theory.confidence.RangeViolation if a sample leaves its proven range: a bug in the problem or the learner.
    """
    started, learner = time.perf_counter(), as_learner(learner)
    sampling = _sampling(alpha, max_repetitions, rate_repetitions, until_decided, share, sample_range)
    sampling = replace(sampling, threads=threads, backend=backend, progress=progress)
    grid, bound, method = _given_horizons(horizons), find_bound(bound), _given_method(method)
    shown, family = _problem_and_family(problem, learner, grid)
    base = _blank(bound, shown, learner, integer("seed", seed, low=0, high=2**64 - 1))
    tested = replace(bound, quantity=measured or bound.quantity)
    if reasons := _failing(bound, shown, learner, assume):
        verdict = replace(base, outcome="not applicable", reasons=reasons)
    elif bound.rate_only or method == "rate":
        verdict = _check_rate(base, tested, family, learner, grid, along, method, sampling)
    else:
        verdict = _check_value(base, tested, shown, learner, parameters, method, sampling)
    note = f"{verdict.note} {_about(bound, learner, assume)}".strip()
    return replace(verdict, note=note, seconds=time.perf_counter() - started)


def find_bound(bound: Any) -> Any:
    """Return the bound itself, or the one of the catalogue with that name (KeyError with near matches)."""
    from theory import theorem
    from theory.bound import Bound

    if not isinstance(bound, str):
        return instance("bound", bound, Bound, "a bound of the catalogue or its name")

    return theorem(bound)


def numbers_of(problem: Any) -> dict[str, float]:
    """Return the horizon T and what else the problem has of n_actions K, switching_cost c and budget B, by letter."""
    fields = {"T": "horizon", "K": "n_actions", "c": "switching_cost", "B": "budget"}
    found = {letter: getattr(problem, name, None) for letter, name in fields.items()}
    return {letter: value for letter, value in found.items() if value is not None}


def describe_problem(problem: Any) -> str:
    """Return a problem's class, its numbers, and the classes of its losses and feedback."""
    parts = [f"{letter}={value:g}" for letter, value in numbers_of(problem).items() if value]
    parts += [type(getattr(problem, name)).__name__ for name in ("losses", "feedback") if hasattr(problem, name)]
    return f"{type(problem).__name__}({', '.join(parts)})"


def _sampling(alpha: Any, most: Any, at_each: Any, until_decided: Any, share: Any, ends: Any) -> checks.Sampling:
    """Return how a check may sample, from the arguments of `verify`; TypeError or ValueError naming a wrong one."""
    return checks.Sampling(
        alpha=real("alpha", alpha, 0.0, 1.0, open_low=True, open_high=True),
        limit=integer("max_repetitions", most, low=1),
        rate_limit=integer("rate_repetitions", at_each, low=2),
        until_decided=bool(until_decided),
        share=real("share", share, 0.0, 1.0, open_low=True, open_high=True),
        ends=_given_range(ends),
    )


def _problem_and_family(problem: Any, learner: Any, grid: Sequence[int]) -> tuple[Any, Callable[[int], Any]]:
    """Return the problem, of the last horizon where a function is given, and the function from horizons to problems."""
    instance("learner", learner, Learner, wanted(learner))
    given = callable(problem) and not isinstance(problem, type)
    shown = problem(grid[-1]) if given else problem
    instance("problem", shown, Problem, "a problem such as SwitchingCostGame(...), or a function from a horizon to one")
    return shown, problem if given else lambda horizon: at_horizon(problem, horizon)


def _given_method(method: Any) -> Method:
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}, got {method!r}")
    return method


def _given_range(ends: Any) -> Range | None:
    """Return the caller's range of a sample; ValueError unless it is two numbers, the first at most the second."""
    if ends is None:
        return None
    if not isinstance(ends, Sequence) or len(ends) != 2:
        raise ValueError(f"sample_range must be (low, high), got {ends!r}")
    low = real("sample_range", ends[0])
    return Range(low, real("sample_range", ends[1], low=low))


def _given_horizons(horizons: Any) -> tuple[int, ...]:
    """Return the caller's grid of horizons; TypeError or ValueError unless they are at least 3 and increasing."""
    if isinstance(horizons, str) or not isinstance(horizons, Iterable):
        raise TypeError(f"horizons must be at least 3 increasing integers, got {horizons!r}")
    grid = tuple(integer("horizons", horizon, low=1) for horizon in horizons)
    if len(grid) < 3 or any(later <= earlier for earlier, later in pairwise(grid)):
        raise ValueError(f"horizons must be at least 3 increasing integers, got {list(grid)}")
    return grid


# ---------------------------------------------------------------- what the bound says


@checked
def bound_value(bound: Any, problem: Any, learner: Any, parameters: Parameters = "own") -> float:
    """Return the value of the bound that `verify` tests; bound and parameters as there."""
    bound = find_bound(bound)
    return _value_for(bound, problem, _claimed(bound, problem, learner, parameters))


@checked
def failure_probability(bound: Any, problem: Any, learner: Any, parameters: Parameters = "own") -> float:
    """Return delta of a bound that holds with probability 1 - delta; bound and parameters as in `verify`."""
    bound = find_bound(bound)
    return _failure_probability(bound, problem, _claimed(bound, problem, learner, parameters), learner)


def tuned_parameters(bound: Any, problem: Any, learner: Any = None) -> dict[str, float]:
    """Return the parameters that minimise the bound for the problem, by name.

    learner: whose other parameters the minimisers may need.  Raises ValueError where there is nothing to tune or no
    finite minimiser, TypeError for a field that neither the problem nor the learner has.
    """
    if not bound.tunings:
        raise ValueError(f"{bound.name} has no parameters to tune: leave out parameters='tuned'")
    tuned: dict[str, float] = {}
    own = learner.parameters(problem) if learner is not None else None
    waiting = list(bound.tunings)
    while waiting:  # a minimiser may need another one: the learning rate may need the batch length
        later = {tuning.symbol for tuning in waiting}
        tuning = next(t for t in waiting if not later & t.rounded.free_symbols)
        symbols = sorted(tuning.rounded.free_symbols, key=lambda symbol: symbol.field)
        values = {s.field: tuned[s.field] if s.field in tuned else bound.read(s.field, problem, own) for s in symbols}
        tuned[tuning.symbol.field] = _minimiser(bound, tuning, symbols, values)
        waiting.remove(tuning)
    return tuned


def _minimiser(bound: Any, tuning: Any, symbols: Sequence[Any], values: Mapping[str, float]) -> float:
    from theory.expressions import compiled

    try:
        found = float(compiled(tuning.rounded, symbols)(*values.values()))
    except (ArithmeticError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        at = ", ".join(f"{name} = {value:g}" for name, value in values.items())
        raise ValueError(f"{bound.name} has no finite minimising {tuning.symbol.field} where {at}")
    return found


class _With:
    """A learner whose parameters are the given ones, and its own for the rest."""

    def __init__(self, learner: Any, given: Mapping[str, float]) -> None:
        self.learner, self.given = learner, given

    def parameters(self, problem: Any) -> Any:
        own = self.learner.parameters(problem)
        return SimpleNamespace(**{**getattr(own, "_asdict", dict)(), **self.given})


def _claimed(bound: Any, problem: Any, learner: Any, parameters: Parameters) -> Any:
    """Return something with the parameters for which the bound is claimed."""
    if isinstance(parameters, Mapping):
        known = {name for name in bound.fields if not hasattr(problem, name)} | {"failure_probability"}
        if bound.readers:  # they may read any parameter
            known |= set(getattr(learner.parameters(problem), "_fields", ()))
        if not known.issuperset(parameters):
            raise ValueError(
                f"parameters must be among {', '.join(sorted(known))}, got {', '.join(map(str, parameters))}"
            )
        return _With(learner, {name: real(name, value) for name, value in parameters.items()})
    if parameters not in ("own", "tuned"):
        raise ValueError(f"parameters must be 'own', 'tuned' or a mapping, got {parameters!r}")
    return learner if parameters == "own" else _With(learner, tuned_parameters(bound, problem, learner))


def _value_for(bound: Any, problem: Any, claimed: Any) -> float:
    try:
        return float(bound.value_for(problem, claimed, claimed.given if isinstance(claimed, _With) else None))
    except TypeError as error:
        raise TypeError(f"{error}; give parameters='tuned' or a mapping with it") from None


def _failure_probability(bound: Any, problem: Any, claimed: Any, learner: Any) -> float:
    """Return delta of a bound that holds with probability 1 - delta."""
    for holder in (claimed.parameters(problem), learner, problem):
        delta = getattr(holder, "failure_probability", None)
        if delta is not None:
            return real("failure_probability", delta, 0.0, 1.0, open_low=True, open_high=True)
    raise TypeError(
        f"{bound.name} needs failure_probability, which neither the problem nor the learner has; "
        "give parameters={'failure_probability': ...}"
    )


def _failing(bound: Any, problem: Any, learner: Any, assume: Sequence[str]) -> tuple[str, ...]:
    """Return the texts of the assumptions that fail, but for those that the caller vouches for."""
    unknown = set(assume) - {assumption.text for assumption in bound.assumptions}
    if isinstance(assume, str) or unknown:
        texts = "; ".join(assumption.text for assumption in bound.assumptions)
        raise ValueError(f"assume must list texts of assumptions of {bound.name} ({texts}), got {assume!r}")

    def holds(assumption: Any) -> bool:
        try:
            return bool(assumption.holds(problem, learner))
        except AttributeError:  # it looks for what a learner or problem of one's own need not have
            return False

    return tuple(a.text for a in bound.assumptions if a.text not in assume and not holds(a))


def _about(bound: Any, learner: Any, assume: Sequence[str]) -> str:
    """Return remarks: what was assumed, and whether the theorem is about another learner."""
    said = [f"Taken for granted: {'; '.join(assume)}."] if assume else []
    if not bound.learner:
        said.append("It is claimed for every learner and was checked with this one.")
    elif bound.learner != type(learner).__name__:
        said.append(f"The theorem is about {bound.learner}; this learner was compared with its value.")
    return " ".join(said)


# ---------------------------------------------------------------- one check


def _check_rate(
    base: Verdict, bound: Any, family: Any, learner: Any, grid: Any, along: Any, method: Method, sampling: Any
) -> Verdict:
    if method not in ("auto", "rate"):
        raise ValueError(f"{bound.name} claims a rate only: method must be 'auto' or 'rate', got {method!r}")
    return checks.check_rate(base, bound, family, learner, grid, along, sampling)


def _check_value(
    base: Verdict, bound: Any, problem: Any, learner: Any, parameters: Parameters, method: Method, sampling: Any
) -> Verdict:
    claimed = _claimed(bound, problem, learner, parameters)
    base = replace(base, bound_value=_value_for(bound, problem, claimed))
    if method == "worst":
        return checks.check_worst(base, bound, problem, learner, sampling)
    if method != "sample":
        found = checks.check_exact(base, bound, problem, learner, sampling)
        if found is not None:
            return found
    if method == "exact":
        raise ValueError(
            f"no exact {bound.quantity} of {base.learner} in {base.problem}: the law of the play is unknown"
        )
    if bound.mode == "probability":
        delta = _failure_probability(bound, problem, claimed, learner)
        return checks.check_share(base, bound, problem, learner, delta, sampling)
    check: Callable[..., Verdict] = checks.check_paths if bound.mode == "every path" else checks.check_samples
    return check(base, bound, problem, learner, sampling)


def _blank(bound: Any, problem: Any, learner: Any, seed: int) -> Verdict:
    shown = (describe_problem(problem), learner.name)
    return Verdict(bound.name, "undecided", "none", bound.quantity, bound.direction, *shown, seed=seed)
