"""The kinds of check behind `theory.verify`: each takes a verdict still blank and returns it filled in.

**Exact expectation** (`check_exact`): the law of the play is known, in closed form or by enumeration
(`theory.<family>.exact`). That law is the algorithm's, not the code's, so the code is held against it too: its mean
over `AGREEMENT` repetitions must be compatible, else the code itself is sampled.

**Every input** (`check_worst`): the worst of all inputs where a family can name it (`theory.<family>.witnesses`), else
the worst that a search finds.

**Every path** (`check_paths`): one repetition beyond the bound refutes it. None among n says that at most a share
1 - alpha^(1/n) of all is beyond it, wrong with probability at most alpha: if the share were larger, n repetitions
would all have missed it with probability below alpha.

**Certified Monte Carlo** (`check_samples`): the e-process of `theory.confidence.MeanTest` over growing batches. A
lower bound E X >= b is the upper bound E(-X) <= -b. A bound with probability 1 - delta is the upper bound
E 1{X beyond b} <= delta.

**Rate** (`check_rate`): the exponent of a geometric grid of horizons (`theory.rates`), measured and not certified.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

import theory
from theory.confidence import MeanTest, mean_interval
from theory.ranges import Range, proven_range
from theory.rates import fit_exponent
from theory.verdict import Outcome, Verdict

Array = NDArray[np.float64]

FIRST_BATCH = 64
AGREEMENT = 1000  # repetitions of the code that are held against an exact expectation
RARE = 0.01  # share of repetitions beyond a claim about every path that is still to be noticed
RATE_LEVEL = 0.99
RATE_TOLERANCE = 0.06  # what lower-order terms and a factor ln^(1/3) T add to a slope over 2^8..2^16
MISFIT = 4.0  # chi^2 per degree of freedom above which a slope is no summary


@dataclass(frozen=True)
class Sampling:
    """How a check may sample.

    alpha: error probability.  limit: most repetitions, and of a rate those at each horizon (rate_limit).  ends: the
    range of a sample, if given.  threads: of the simulation.
    """

    alpha: float
    limit: int
    rate_limit: int
    ends: Range | None
    threads: int | None


class Draws:
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


def decided(base: Verdict, value: float, rounding: float, **changes: Any) -> Verdict:
    """Return the verdict on a number that is known up to its rounding; a bound met with equality holds."""
    excess = value - base.bound_value if base.direction == "upper" else base.bound_value - value
    outcome: Outcome = "holds" if excess <= rounding else "broken"
    known = {"kind": "exact expectation", "outcome": outcome, "estimate": value, "low": value, "high": value}
    return replace(base, **(known | changes))


# ---------------------------------------------------------------- without sampling


def check_exact(base: Verdict, bound: Any, problem: Any, learner: Any, sampling: Sampling) -> Verdict | None:
    """Hold the exact expectation against the bound and the code against the exact expectation; None without one."""
    if bound.mode != "expectation":
        return None
    known = theory.first_answer("exact", "expectation", problem, learner, bound.quantity)
    if known is None:
        return None
    value, rounding = known
    draws = Draws(problem, learner, bound.quantity, base.seed, sampling.threads)
    x = draws.more(min(AGREEMENT, sampling.limit))
    low, high = mean_interval(x, *proven_range(problem, learner, bound.quantity), sampling.alpha / 2.0)
    if not low - rounding <= value <= high + rounding:
        verdict = check_samples(base, bound, problem, learner, sampling)
        odd = f"The code is not the algorithm of the theorem, whose exact {bound.quantity} is {value:.5g}."
        return replace(verdict, note=f"{odd} {verdict.note}".strip())
    note = f"{len(x)} repetitions of the code agree: mean {x.mean():.5g}, certainly in [{low:.5g}, {high:.5g}]."
    return decided(base, value, rounding, error_probability=sampling.alpha, repetitions=len(x), note=note)


def check_worst(base: Verdict, bound: Any, problem: Any, learner: Any) -> Verdict:
    """Hold an upper bound on regret against the worst inputs that the problem's family knows for the learner."""
    if bound.quantity != "regret" or bound.direction != "upper" or bound.mode != "expectation":
        raise ValueError(f"the worst case is known for upper bounds on expected regret, not for {bound.name}")
    worst = theory.first_answer("witnesses", "worst_case", problem, learner, base.bound_value, base.seed)
    if worst is None:
        raise TypeError(f"no worst case is known for {type(problem).__name__}")
    if worst.every_input:
        return decided(base, worst.regret, worst.rounding, kind="every input")
    note = "On the worst losses that the search found; others may be worse."
    return decided(base, worst.regret, worst.rounding, note=note)


# ---------------------------------------------------------------- by sampling


def check_paths(base: Verdict, bound: Any, problem: Any, learner: Any, sampling: Sampling) -> Verdict:
    """Hold the bound against every repetition; one that is beyond it refutes it."""
    count = min(math.ceil(-math.log(sampling.alpha) / RARE), sampling.limit)
    x = Draws(problem, learner, bound.quantity, base.seed, sampling.threads).more(count)
    worst = float(x.max() if base.direction == "upper" else x.min())
    rounding = 1e-12 * problem.horizon * (1.0 + getattr(problem, "switching_cost", 0.0))
    verdict = decided(base, worst, rounding, kind="every path", repetitions=count, low=x.min(), high=x.max())
    if verdict.broken:  # by a witness: nothing is left to chance
        return verdict
    share = -math.expm1(math.log(sampling.alpha) / count)
    odds = f"wrong with probability at most {sampling.alpha:.2g}"
    note = f"So a share of at most {share:.2g} of all repetitions is beyond it, {odds}."
    return replace(verdict, error_probability=sampling.alpha, note=note)


def check_share(base: Verdict, bound: Any, problem: Any, learner: Any, delta: float, sampling: Sampling) -> Verdict:
    """Sample until the share of repetitions beyond the bound is known to be below delta or above it."""
    limit, upper = base.bound_value, base.direction == "upper"
    worst = -math.inf

    def beyond(x: Array) -> Any:
        nonlocal worst
        worst = max(worst, float((x if upper else -x).max()))
        return x > limit if upper else x < limit

    claim = f"share of runs with {bound.quantity} {'above' if upper else 'below'} {limit:.5g}"
    share = replace(base, direction="upper", bound_value=delta, quantity=claim)
    verdict = check_samples(share, bound, problem, learner, replace(sampling, ends=Range(0.0, 1.0)), beyond)
    note = f"The worst run: {worst if upper else -worst:.5g}."
    return replace(verdict, note=f"{note} {verdict.note}".strip())


def check_samples(
    base: Verdict,
    bound: Any,
    problem: Any,
    learner: Any,
    sampling: Sampling,
    score: Callable[[Array], Any] = np.asarray,
) -> Verdict:
    """Sample repetitions in growing batches until the mean score is known to be on one side of the bound."""
    ends, target = sampling.ends or proven_range(problem, learner, bound.quantity), base.bound_value
    sign = 1.0 if base.direction == "upper" else -1.0
    test = MeanTest.start(min(sign * ends.low, sign * ends.high), max(sign * ends.low, sign * ends.high), sign * target)
    draws = Draws(problem, learner, bound.quantity, base.seed, sampling.threads)
    said = "undecided"
    while said == "undecided" and len(draws.values) < sampling.limit:
        count = min(max(FIRST_BATCH, len(draws.values) // 2), sampling.limit - len(draws.values))
        test = test.add(sign * np.asarray(score(draws.more(count)), dtype=np.float64))
        said = str(test.outcome(sampling.alpha)[0])
    values = np.asarray(score(draws.values), dtype=np.float64)
    low, high = mean_interval(values, *ends, sampling.alpha)
    outcomes: dict[str, Outcome] = {"below": "holds", "vacuous": "holds", "above": "broken", "undecided": "undecided"}
    return replace(
        base,
        kind="certified Monte Carlo",
        outcome=outcomes[said],
        estimate=float(values.mean()),
        low=low,
        high=high,
        error_probability=sampling.alpha,
        repetitions=len(values),
        low_possible=ends.low,
        high_possible=ends.high,
        note=_note(said, float(test.projected(sampling.alpha)[0])),
    )


def _note(said: str, projected: float) -> str:
    if said == "vacuous":
        return "Vacuous: no play of this problem can be beyond the bound, so the samples tested nothing."
    if said == "undecided" and math.isfinite(projected):
        return f"If the repetitions to come are like these, about {projected:.0f} in all decide."
    return ""


# ---------------------------------------------------------------- rates


def check_rate(
    base: Verdict,
    bound: Any,
    family: Callable[[int], Any],
    learner: Any,
    horizons: Sequence[int],
    along: Mapping[str, Any] | None,
    sampling: Sampling,
) -> Verdict:
    """Compare the measured exponent of the horizon with the claimed one, give or take RATE_TOLERANCE.

    Repetitions of a random process are instances of their own, so the interval is a bootstrap over them.
    """
    count = sampling.rate_limit
    columns = []
    for horizon in horizons:
        draws = Draws(family(int(horizon)), learner, bound.quantity, base.seed, sampling.threads)
        columns.append(draws.more(count))
    fit = fit_exponent(horizons, np.stack(columns, axis=1), level=RATE_LEVEL)
    claimed = float(bound.exponent("horizon", _powers_of_horizon(along)))
    sign = 1.0 if base.direction == "upper" else -1.0
    nearest, farthest = sorted((sign * fit.low, sign * fit.high))
    limit = sign * claimed + RATE_TOLERANCE
    outcome: Outcome = "holds" if farthest <= limit else "broken" if nearest > limit else "undecided"
    slopes = " ".join(f"{slope:.2f}" for slope in fit.local)
    note = f"Local slopes {slopes}; lack of fit {fit.lack_of_fit:.1f}; {RATE_TOLERANCE} allowed for lower-order terms."
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


def _powers_of_horizon(along: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the fields as powers of the horizon's symbol, from their exponents."""
    import sympy as sp

    from theory.bound import T

    return {name: T ** sp.Rational(Fraction(power).limit_denominator(1000)) for name, power in (along or {}).items()}
