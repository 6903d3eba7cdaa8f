"""Check a bound for a learner in a problem, with a stated probability of being wrong.

    verdict = verify("arora2012.batched_exp3", game, BatchedExp3(), alpha=1e-6)
    assert verdict.holds, verdict.explain()

Each theorem gets the strongest check that the case admits:

- every input: a claim about every path is held against each repetition, and one that fails breaks it; and with
  method="worst" Hedge and Shrinking Dartboard meet the worst losses there are (two actions) or that can be found;
- exact expectation: the losses are a table and the law of the play can be computed (`theory.exact`); no sampling;
- certified Monte Carlo: repetitions in growing batches until the e-process of `theory.confidence` decides, over the
  range that `theory.ranges` proves. Wrong with probability at most alpha, at whatever repetition it stops;
- rate: for theorems known only up to constants, the exponent over a geometric grid of horizons (`theory.rates`).

A bound in expectation over the learner holds for each oblivious loss sequence, so it holds on average over random
losses too. A bound with probability 1 - delta is checked as "the share of runs beyond it is at most delta".
"""

import math
import sys
import time
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bandits.checks import integer, real
from theory import exact
from theory.confidence import MeanTest, mean_interval, needed_samples
from theory.ranges import Range, known_table, proven_range
from theory.rates import fit_exponent
from theory.verdict import Outcome, Verdict

Array = NDArray[np.float64]
Method = Literal["auto", "exact", "sample", "worst"]

FIRST_BATCH = 64
PATHS = 256  # repetitions for a claim about every path
HORIZONS = tuple(2**k for k in range(8, 17))
RATE_REPETITIONS = 100
RATE_LEVEL = 0.99
RATE_TOLERANCE = 0.06  # what lower-order terms and a factor ln^(1/3) T add to a slope over 2^8..2^16
MISFIT = 4.0  # chi^2 a degree of freedom above which a slope is no summary


@dataclass(frozen=True)
class _Sampling:
    """How a check may sample."""

    alpha: float
    limit: int
    ends: Range | None
    threads: int | None


def verify(
    bound: Any,
    problem: Any,
    learner: Any,
    *,
    alpha: float = 1e-6,
    max_repetitions: int = 20_000,
    seed: int = 0,
    method: Method = "auto",
    sample_range: tuple[float, float] | None = None,
    horizons: Sequence[int] = HORIZONS,
    along: Any = None,
    threads: int | None = None,
) -> Verdict:
    """Return whether `bound` holds for `learner` in `problem`.

    bound: a bound of the catalogue or its name.  problem: for a rate it may be a function from a horizon to a problem;
    a problem stands for itself at other horizons.
    alpha in (0, 1): "holds" is said of a broken bound, and "broken" of a true one, with probability at most alpha
    (rates excepted: they are pictures).  max_repetitions: at least 1; when they are used up the verdict is undecided.
    seed: integer in [0, 2^64); the same seed gives the same verdict.
    method: "exact", "sample" or "worst" insist on one kind of check; ValueError where it is not to be had.
    sample_range: the ends of a sample where `theory.ranges` knows none; the certificate then rests on your word.
    horizons: the grid of a rate, at least 3 increasing.  along: how other fields grow with the horizon on that grid,
    as in {"budget": T**Rational(5, 6)}.  threads: of the simulation.

    Raises theory.confidence.RangeViolation if a sample leaves its proven range: a bug in the problem or the learner.
    """
    started = time.perf_counter()
    alpha = real("alpha", alpha, 0.0, 1.0, open_low=True, open_high=True)
    limit = integer("max_repetitions", max_repetitions, low=1)
    if method not in ("auto", "exact", "sample", "worst"):
        raise ValueError(f"method must be 'auto', 'exact', 'sample' or 'worst', got {method!r}")
    bound = find_bound(bound)
    family = problem if callable(problem) else None
    shown = family(horizons[-1]) if family else problem
    base = _blank(bound, shown, learner, integer("seed", seed, low=0, high=2**64 - 1))
    reasons = tuple(bound.applies(shown, learner))
    sampling = _Sampling(alpha, limit, Range(*sample_range) if sample_range else None, threads)
    if reasons:
        verdict = replace(base, outcome="not applicable", reasons=reasons)
    elif bound.rate_only:
        family = family or (lambda horizon: replace(problem, horizon=horizon))
        verdict = _check_rate(base, bound, family, learner, horizons, along, sampling)
    else:
        base = replace(base, bound_value=float(bound.value_for(shown, learner)))
        verdict = _check_value(base, bound, shown, learner, method, sampling)
    return replace(verdict, seconds=time.perf_counter() - started)


def find_bound(bound: Any) -> Any:
    """Return the bound itself, or the one of the catalogue with that name (KeyError with near matches)."""
    if not isinstance(bound, str):
        return bound
    from theory import theorem

    return theorem(bound)


def describe_problem(problem: Any) -> str:
    """Return a problem's class and the numbers that matter, in a few words."""
    fields = {"T": "horizon", "K": "n_actions", "c": "switching_cost", "B": "budget"}
    parts = [f"{letter}={getattr(problem, name):g}" for letter, name in fields.items() if getattr(problem, name, None)]
    parts += [type(getattr(problem, name)).__name__ for name in ("losses", "feedback") if hasattr(problem, name)]
    return f"{type(problem).__name__}({', '.join(parts)})"


def _blank(bound: Any, problem: Any, learner: Any, seed: int) -> Verdict:
    shown = (describe_problem(problem), learner.name)
    return Verdict(bound.name, "undecided", "none", bound.quantity, bound.direction, *shown, seed=seed)


def _check_value(base: Verdict, bound: Any, problem: Any, learner: Any, method: Method, sampling: _Sampling) -> Verdict:
    if method == "worst":
        return _check_worst(base, bound, problem, learner)
    if method != "sample" and bound.mode == "expectation":
        found = _exact_value(bound, problem, learner)
        if found is not None:
            return _exactly(base, *found)
    if method == "exact":
        raise ValueError(
            f"no exact {bound.quantity} of {base.learner} in {base.problem}: the law of the play is unknown"
        )
    if bound.mode == "every path":
        return _check_paths(base, bound, problem, learner, sampling)
    return _check_samples(base, bound, problem, learner, sampling)


# ---------------------------------------------------------------- without sampling


def _exact_value(bound: Any, problem: Any, learner: Any) -> tuple[float, float] | None:
    """Return the exact expectation of the bound's quantity and its rounding error, or None where there is none."""
    if bound.quantity not in ("loss", "switches", "regret"):
        return None
    play = exact_play(problem, learner)
    if play is None:
        return None
    cost = problem.switching_cost
    value = {"loss": play.loss, "switches": play.switches, "regret": play.regret(cost)}[bound.quantity]
    return float(value), play.rounding * (1.0 + cost)


def exact_play(problem: Any, learner: Any) -> exact.ExactPlay | None:
    """Return the exact play of one of our learners in a switching-cost game over a table, or None.

    None for random losses, for learners whose law is not known (subclasses too) and for trees that are too large.
    """
    from bandits.switching import BatchedExp3, Exp3, Hedge, ShrinkingDartboard, SwitchingCostGame

    kind = type(learner)
    if not isinstance(problem, SwitchingCostGame) or kind not in (Hedge, ShrinkingDartboard, Exp3, BatchedExp3):
        return None
    table = known_table(problem)
    if table is None:
        return None
    params = learner.parameters(problem)
    if kind is Hedge:
        return exact.hedge(table, params.learning_rate)
    if kind is ShrinkingDartboard:
        return exact.shrinking_dartboard(table, params.learning_rate)
    length = getattr(params, "batch_length", 1)
    if problem.n_actions ** (-(-problem.horizon // length) - 1) > exact.MAX_NODES:
        return None
    return exact.exp3(table, params.learning_rate, length)


def _exactly(base: Verdict, value: float, rounding: float, **changes: Any) -> Verdict:
    """Return the verdict on a number that is known up to its rounding; a bound met with equality holds."""
    excess = value - base.bound_value if base.direction == "upper" else base.bound_value - value
    outcome: Outcome = "holds" if excess <= rounding else "broken"
    known = {"kind": "exact expectation", "outcome": outcome, "estimate": value, "low": value, "high": value}
    return replace(base, **(known | changes))


def _check_worst(base: Verdict, bound: Any, problem: Any, learner: Any) -> Verdict:
    """Hold an upper bound on regret against the worst losses: all 4^T tables for two actions, else a search."""
    from bandits.switching import Hedge, ShrinkingDartboard

    if bound.quantity != "regret" or bound.direction != "upper" or bound.mode != "expectation":
        raise ValueError(f"the worst case is known for upper bounds on expected regret, not for {bound.name}")
    if problem.n_actions == 2 and type(learner) in (Hedge, ShrinkingDartboard):
        from theory.games import worst_case_of_two

        lazy = type(learner) is ShrinkingDartboard
        rate = learner.parameters(problem).learning_rate
        worst, table = worst_case_of_two(problem.horizon, rate, problem.switching_cost, lazy)
        rounding = exact.shrinking_dartboard(table, rate).rounding * (1.0 + problem.switching_cost)
        return _exactly(base, worst, rounding, kind="every input", note="The worst of all tables of 0/1 losses.")
    from theory.worst_case import search

    witness = search(base.bound_value, problem, learner, seed=base.seed)
    note = "On the worst losses that the search found; others may be worse."
    return _exactly(base, witness.regret, 1e-9 * problem.horizon, note=note)


# ---------------------------------------------------------------- by sampling


class _Draws:
    """Repetitions 0, 1, 2, ... of one simulation, drawn as they are needed."""

    def __init__(self, problem: Any, learner: Any, metric: str, seed: int, threads: int | None) -> None:
        self.problem, self.learner, self.metric, self.seed, self.threads = problem, learner, metric, seed, threads
        self.values: Array = np.empty(0)

    def more(self, count: int) -> Array:
        """Return the metric at the horizon for `count` further repetitions, (count,)."""
        from sims import simulate

        run = simulate(
            self.problem,
            self.learner,
            repetitions=count,
            seed=self.seed,
            checkpoints=[self.problem.horizon],
            threads=self.threads,
            first_repetition=len(self.values),
        )
        batch = np.asarray(run.final(self.metric), dtype=np.float64)
        self.values = np.concatenate([self.values, batch])
        return batch


def _check_paths(base: Verdict, bound: Any, problem: Any, learner: Any, sampling: _Sampling) -> Verdict:
    """Hold the bound against every repetition; one that is beyond it refutes it."""
    draws = _Draws(problem, learner, bound.quantity, base.seed, sampling.threads)
    x = draws.more(min(PATHS, sampling.limit))
    worst = float(x.max() if base.direction == "upper" else x.min())
    rounding = 1e-12 * problem.horizon
    note = f"Each of {len(x)} repetitions was held against it (seed {base.seed}); the estimate is the worst of them."
    return _exactly(base, worst, rounding, kind="every input", note=note, repetitions=len(x))


def _check_samples(base: Verdict, bound: Any, problem: Any, learner: Any, sampling: _Sampling) -> Verdict:
    """Sample repetitions in growing batches until the mean is known to be on one side of the bound."""
    ends, target = sampling.ends, base.bound_value
    transform: Callable[[Array], Array] = np.asarray
    if bound.mode == "probability":
        limit, beyond = base.bound_value, np.greater if base.direction == "upper" else np.less
        ends, target, transform = Range(0.0, 1.0), failure_probability(bound, problem, learner), _share(beyond, limit)
        base = replace(
            base, direction="upper", bound_value=target, quantity=f"share of runs with {bound.quantity} beyond"
        )
    ends = ends or proven_range(problem, learner, bound.quantity)
    sign = 1.0 if base.direction == "upper" else -1.0
    test = MeanTest.start(min(sign * ends.low, sign * ends.high), max(sign * ends.low, sign * ends.high), sign * target)
    draws = _Draws(problem, learner, bound.quantity, base.seed, sampling.threads)
    said = "undecided"
    while said == "undecided" and len(draws.values) < sampling.limit:
        count = min(max(FIRST_BATCH, len(draws.values) // 2), sampling.limit - len(draws.values))
        test = test.add(sign * transform(draws.more(count)))
        said = str(test.outcome(sampling.alpha)[0])
    values = transform(draws.values)
    low, high = mean_interval(values, *ends, sampling.alpha)
    mean = float(values.mean())
    outcomes: dict[str, Outcome] = {"below": "holds", "vacuous": "holds", "above": "broken", "undecided": "undecided"}
    return replace(
        base,
        kind="certified Monte Carlo",
        outcome=outcomes[said],
        estimate=mean,
        low=low,
        high=high,
        error_probability=sampling.alpha,
        repetitions=len(values),
        low_possible=ends.low,
        high_possible=ends.high,
        note=_note(said, sign * mean, sign * target, float(test.high[0]), sampling.alpha),
    )


def _share(beyond: Any, limit: float) -> Callable[[Array], Array]:
    return lambda x: np.asarray(beyond(x, limit), dtype=np.float64)


def _note(said: str, mean: float, target: float, high: float, alpha: float) -> str:
    if said == "vacuous":
        return "Vacuous: no play of this problem can be beyond the bound, so the samples tested nothing."
    if said == "undecided" and mean < target:
        return (
            f"If the mean is what it seems, about {needed_samples(mean, target, high, alpha):.0f} repetitions decide."
        )
    return ""


def failure_probability(bound: Any, problem: Any, learner: Any) -> float:
    """Return delta of a bound that holds with probability 1 - delta, from the learner or the problem."""
    for holder in (learner.parameters(problem), learner, problem):
        delta = getattr(holder, "failure_probability", None)
        if delta is not None:
            return real("failure_probability", delta, 0.0, 1.0, open_low=True, open_high=True)
    raise TypeError(f"{bound.name} needs failure_probability, which neither the learner nor the problem has")


# ---------------------------------------------------------------- rates


def _check_rate(
    base: Verdict, bound: Any, family: Any, learner: Any, horizons: Sequence[int], along: Any, sampling: _Sampling
) -> Verdict:
    """Compare the measured exponent of the horizon with the claimed one, give or take RATE_TOLERANCE.

    Repetitions of a random process are instances of their own, so the interval is a bootstrap over them.
    """
    count = min(RATE_REPETITIONS, sampling.limit)
    columns = []
    for horizon in horizons:
        draws = _Draws(family(int(horizon)), learner, bound.quantity, base.seed, sampling.threads)
        columns.append(draws.more(count))
    fit = fit_exponent(horizons, np.stack(columns, axis=1), level=RATE_LEVEL)
    claimed = float(bound.exponent("horizon", along))
    sign = 1.0 if base.direction == "upper" else -1.0
    nearest, farthest = sorted((sign * fit.low, sign * fit.high))
    limit = sign * claimed + RATE_TOLERANCE
    outcome: Outcome = "holds" if farthest <= limit else "broken" if nearest > limit else "undecided"
    slopes = " ".join(f"{slope:.2f}" for slope in fit.local)
    note = (
        f"Local slopes {slopes}; lack of fit {fit.lack_of_fit:.1f}; tolerance {RATE_TOLERANCE} for lower-order terms."
    )
    if fit.lack_of_fit > MISFIT:
        outcome, note = "undecided", note + " The points are not on a line: no verdict."
    return replace(
        base,
        kind="rate",
        outcome=outcome,
        estimate=fit.exponent,
        low=fit.low,
        high=fit.high,
        bound_value=claimed,
        error_probability=math.nan,
        repetitions=count,
        note=note,
    )


class _CallableModule(types.ModuleType):
    """Lets `theory.verify` be called whether it names this module or the function: importing either sets the name."""

    def __call__(self, *arguments: Any, **options: Any) -> Verdict:
        return verify(*arguments, **options)


sys.modules[__name__].__class__ = _CallableModule
