"""The kinds of check behind `theory.verify`: each takes an empty verdict and returns it filled in.

**Certified Monte Carlo** (`check_samples`): the e-process of `theory.confidence.MeanTest` over growing batches. A
lower bound E X >= b is the upper bound E(-X) <= -b. A bound with probability 1 - delta is the upper bound
E 1{X beyond b} <= delta.

**Exact expectation** (`check_exact`): the law of the play is known, in closed form or by enumeration
(`theory.<family>.exact`). That law is the algorithm's. The outcome rests on the played code's mean, sampled
as above; the exact value is reported beside it where the code agrees with the law, in the mean and in the frequency of
every action in every round (`theory.agreement`).

**Every input** (`check_worst`): the worst of all inputs where a family can name it (`theory.<family>.witnesses`), else
the worst that a search finds. The code plays it and is checked there in the same way.

**Every path** (`check_paths`): all plays where they are finitely many and known (`Problem.plays`), else repetitions.
One path that violates the bound refutes it. If none of n repetitions does, at most a share 1 - alpha^(1/n) of all paths
violates it, with confidence 1 - alpha: if the share were larger, n repetitions would all have missed it with
probability below alpha. It does not say that none does.

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
from theory.agreement import MISSED, REPETITIONS, agreement
from theory.confidence import MeanTest, mean_interval
from theory.ranges import Range, proven_range, range_of_all_plays
from theory.rates import fit_exponent
from theory.verdict import RATE_TOLERANCE, Outcome, Verdict

Array = NDArray[np.float64]

FIRST_BATCH = 64
RARE = 0.01  # share of violating paths that a check of a claim about every path must detect
SURE = 1000  # repetitions that promise well how many decide
DECIDING_LIMIT = 1_000_000  # repetitions with `until_decided`
RATE_LEVEL = 0.99
MISFIT = 4.0  # chi^2 per degree of freedom above which a slope is no summary


@dataclass(frozen=True)
class Sampling:
    """How a check may sample.

    alpha: error probability.  limit: most repetitions, and of a rate those at each horizon (rate_limit).
    until_decided: whether to go on to `DECIDING_LIMIT` where that promises a decision.  share: of paths that violate a
    claim about every path and are still to be noticed.  ends: the range of a sample, if given.  threads, backend,
    progress: of the simulation.
    """

    alpha: float
    limit: int
    rate_limit: int
    ends: Range | None
    threads: int | None = None
    until_decided: bool = False
    share: float = RARE
    backend: Any = "numba"
    progress: bool = False


class Draws:
    """Repetitions 0, 1, 2, ... of one simulation, drawn as they are needed."""

    def __init__(self, problem: Any, learner: Any, metric: str, seed: int, sampling: Sampling) -> None:
        self.problem, self.learner, self.metric, self.seed, self.sampling = problem, learner, metric, seed, sampling
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
            threads=self.sampling.threads,
            backend=self.sampling.backend,
            first_repetition=len(self.values),
            progress=self.sampling.progress,
        )
        batch = np.asarray(run.final(self.metric), dtype=np.float64)
        self.values = np.concatenate([self.values, batch])
        return batch


# ---------------------------------------------------------------- by sampling


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
    draws = Draws(problem, learner, bound.quantity, base.seed, sampling)
    outcomes: dict[str, Outcome] = {"below": "holds", "above": "broken", "vacuous": "vacuous"}
    outcome: Outcome = "undecided"
    while outcome == "undecided" and (count := _next_batch(len(draws.values), test, sampling)):
        test = test.add(sign * np.asarray(score(draws.more(count)), dtype=np.float64))
        outcome = outcomes.get(str(test.outcome(sampling.alpha)[0]), "undecided")
    values = np.asarray(score(draws.values), dtype=np.float64)
    verdict = replace(
        base,
        kind="certified Monte Carlo",
        outcome=outcome,
        estimate=float(values.mean()),
        false_holds=sampling.alpha,
        false_broken=sampling.alpha,
        repetitions=len(values),
        low_possible=ends.low,
        high_possible=ends.high,
    )
    verdict = _with_interval(verdict, values, ends, sampling.alpha)
    return _explained(verdict, float(test.projected(sampling.alpha)[0]))


def _next_batch(drawn: int, test: MeanTest, sampling: Sampling) -> int:
    """Return how many repetitions to draw next; 0 for no more."""
    limit, promised = sampling.limit, test.projected(sampling.alpha)[0]
    if sampling.until_decided and drawn >= limit and promised <= DECIDING_LIMIT:
        limit = DECIDING_LIMIT
    most = max(FIRST_BATCH, drawn // 2)
    wanted = most if drawn < SURE else min(most, max(drawn // 16, 1.05 * promised - drawn))
    return max(0, min(int(wanted), limit - drawn))


def _with_interval(verdict: Verdict, values: Array, ends: Range, alpha: float) -> Verdict:
    """Return the verdict with the interval of the mean, which excludes a bound that the test has decided on."""
    low, high = mean_interval(values, *ends, alpha)
    if verdict.decided and verdict.holds == (verdict.direction == "upper"):
        high = min(high, verdict.bound_value)
    elif verdict.decided:
        low = max(low, verdict.bound_value)
    return replace(verdict, low=low, high=high)


def _explained(verdict: Verdict, projected: float) -> Verdict:
    """Return the verdict with what it takes to decide, or with the reason why nothing can."""
    if verdict.vacuous:
        note = "No play of this problem can violate the bound, so the samples tested nothing."
        return replace(verdict, note=note, false_holds=0.0, false_broken=0.0)
    return needing(verdict, projected) if verdict.undecided else verdict


def needing(verdict: Verdict, repetitions: float) -> Verdict:
    """Return an undecided verdict that says how many repetitions decide."""
    more = "raise max_repetitions" if repetitions > DECIDING_LIMIT else "raise max_repetitions, or pass until_decided"
    note = (
        f"If the repetitions to come are like these, about {repetitions:.0f} in all decide: {more}."
        if math.isfinite(repetitions)
        else "So near to the bound no number of repetitions is in sight that decides."
    )
    return replace(verdict, outcome="undecided", repetitions_needed=repetitions, note=note)


def check_share(base: Verdict, bound: Any, problem: Any, learner: Any, delta: float, sampling: Sampling) -> Verdict:
    """Sample until the share of repetitions that violate the bound is known to be below delta or above it."""
    limit, upper = base.bound_value, base.direction == "upper"
    seen = np.zeros(1)

    def beyond(x: Array) -> Any:
        nonlocal seen
        seen = x  # the last time all of them
        return x > limit if upper else x < limit

    if (vacuous := within_all_plays(base, bound, problem, sampling.ends)) is not None:
        return vacuous
    claim = f"share of runs with {bound.quantity} {'above' if upper else 'below'} {limit:.5g}"
    share = replace(base, direction="upper", bound_value=delta, quantity=claim)
    verdict = check_samples(share, bound, problem, learner, replace(sampling, ends=Range(0.0, 1.0)), beyond)
    often = float(np.quantile(seen, 1.0 - delta if upper else delta))
    note = f"The worst run: {float(seen.max() if upper else seen.min()):.5g}."
    ratio = often / limit if limit != 0.0 else 1.0 if often == limit else math.inf
    return replace(verdict, often=ratio, note=f"{note} {verdict.note}".strip())


# ---------------------------------------------------------------- where the law is known


def check_exact(base: Verdict, bound: Any, problem: Any, learner: Any, sampling: Sampling) -> Verdict | None:
    """Certify the code's mean and report the exact expectation of the algorithm beside it; None without one."""
    if bound.mode != "expectation":
        return None
    known = theory.first_answer("exact", "expectation", problem, learner, bound.quantity)
    if known is None:
        return None
    value, rounding = known
    return _beside(value, rounding, check_samples(base, bound, problem, learner, sampling), problem, learner, sampling)


def check_worst(base: Verdict, bound: Any, problem: Any, learner: Any, sampling: Sampling) -> Verdict:
    """Check an upper bound on regret on the worst inputs that are known for the learner."""
    if bound.quantity != "regret" or bound.direction != "upper" or bound.mode != "expectation":
        raise ValueError(f"the worst case is known for upper bounds on expected regret, not for {bound.name}")
    worst = theory.first_answer("witnesses", "worst_case", problem, learner, base.bound_value, base.seed)
    if worst is None:
        raise TypeError(f"no worst case is known for {type(problem).__name__}")
    played = check_samples(base, bound, worst.problem, learner, sampling)
    verdict = _beside(worst.regret, worst.rounding, played, worst.problem, learner, sampling)
    if math.isnan(verdict.exact):
        return verdict
    return replace(verdict, kind="every input" if worst.every_input else "worst found")


def _beside(value: float, rounding: float, sampled: Verdict, problem: Any, learner: Any, sampling: Sampling) -> Verdict:
    """Return a verdict on samples with the exact value beside it, if the code agrees with the law behind the value.

    A false alarm, with probability at most 3 alpha, changes the words and not the outcome, which rests on the samples.
    """
    count = min(REPETITIONS, max(sampling.limit, sampled.repetitions))
    test = agreement(problem, learner, count, sampled.seed, sampling.alpha, sampling.threads)
    against = test.against if test else ""
    if not sampled.low - rounding <= value <= sampled.high + rounding:
        against = f"its mean is certainly in [{sampled.low:.5g}, {sampled.high:.5g}]"
    if against:
        odd = f"The code is not the algorithm, whose exact {sampled.quantity} is {value:.5g}: {against}."
        return replace(sampled, note=f"{odd} {sampled.note}".strip())
    note = "Its actions were not compared with the law, only their mean."
    if test and test.noticed < 1.0:
        note = (
            f"In {test.repetitions} repetitions it plays each action in each round as often as the algorithm; a "
            f"probability off by {test.noticed:.2g} is missed with probability at most {MISSED}."
        )
    note = f"The mean of the repetitions is {sampled.estimate:.5g}. {note} {sampled.note}".strip()
    return replace(sampled, kind="exact expectation", estimate=value, exact=value, note=note)


# ---------------------------------------------------------------- paths


def check_paths(base: Verdict, bound: Any, problem: Any, learner: Any, sampling: Sampling) -> Verdict:
    """Check the bound on all plays where they are known, else on so many that few can violate it."""
    plays = problem.plays(learner)
    needed = math.ceil(math.log(sampling.alpha) / math.log1p(-sampling.share))
    limit = max(sampling.limit, DECIDING_LIMIT if sampling.until_decided else 0)
    every = plays is not None and plays <= limit
    count = int(plays) if every else min(needed, limit)
    x = Draws(problem, learner, bound.quantity, base.seed, sampling).more(count)
    worst = float(x.max() if base.direction == "upper" else x.min())
    excess = worst - base.bound_value if base.direction == "upper" else base.bound_value - worst
    verdict = replace(base, kind="every path" if every else "sampled paths", estimate=worst, repetitions=count)
    verdict = replace(verdict, low=float(x.min()), high=float(x.max()))
    if excess > rounding_of_a_path(problem, worst, base.bound_value):  # by a witness: nothing is left to chance
        return replace(verdict, outcome="broken")
    if (vacuous := within_all_plays(verdict, bound, problem, sampling.ends)) is not None:
        return vacuous
    if every:
        return replace(verdict, outcome="holds", note=f"The play is deterministic: {_plays(count)} all there are.")
    share = -math.expm1(math.log(sampling.alpha) / count)
    verdict = replace(verdict, outcome="no violation found", share=share, false_holds=sampling.alpha)
    return verdict if count == needed else needing(verdict, needed)


def _plays(count: int) -> str:
    return "this one is" if count == 1 else f"these {count} are"


def rounding_of_a_path(problem: Any, value: float, bound: float) -> float:
    """Return what floating point may add: relative to sums of T terms in [0, 1 + c], and to the quantity's own size."""
    size = max(abs(value), abs(bound)) if math.isfinite(value) else 0.0  # an infinite loss is no rounding
    return 1e-12 * (problem.horizon * (1.0 + getattr(problem, "switching_cost", 0.0)) + size)


def within_all_plays(base: Verdict, bound: Any, problem: Any, ends: Range | None) -> Verdict | None:
    """Return a vacuous verdict if it is proven that no learner can violate the bound in this problem."""
    possible = ends or range_of_all_plays(problem, bound.quantity)
    if possible is None or (
        possible.high > base.bound_value if base.direction == "upper" else possible.low < base.bound_value
    ):
        return None
    most = f"at most {possible.high:.5g}" if base.direction == "upper" else f"at least {possible.low:.5g}"
    note = f"Whoever plays, the {bound.quantity} is {most}; the bound is {base.bound_value:.5g}."
    return replace(base, outcome="vacuous", low_possible=possible.low, high_possible=possible.high, note=note)


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

    Repetitions of a random process are instances of their own, so the interval is a bootstrap over them. ValueError for
    a logarithm of the horizon, which has no exponent.
    """
    claimed = float(bound.exponent("horizon", _powers_of_horizon(along)))
    if claimed == 0.0 and _has_log_of_horizon(bound):
        raise ValueError(f"{bound.name} grows like a logarithm of the horizon: no exponent can be held against it")
    count = sampling.rate_limit
    columns = []
    for horizon in horizons:
        draws = Draws(family(int(horizon)), learner, bound.quantity, base.seed, sampling)
        columns.append(draws.more(count))
    fit = fit_exponent(horizons, np.stack(columns, axis=1), level=RATE_LEVEL)
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
        false_holds=math.nan,
        false_broken=math.nan,
        repetitions=count,
        note=note,
    )


def _has_log_of_horizon(bound: Any) -> bool:
    import sympy as sp

    from theory.bound import T

    return any(T in log.free_symbols for log in bound.tuned.atoms(sp.log))


def _powers_of_horizon(along: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the fields as powers of the horizon's symbol, from their exponents."""
    import sympy as sp

    from theory.bound import T

    return {name: T ** sp.Rational(Fraction(power).limit_denominator(1000)) for name, power in (along or {}).items()}
