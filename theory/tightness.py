"""How tight each theorem is: the worst value found for its learner, divided by the bound.

A *witness* of an upper bound is a value that its learner reaches on some losses; of a lower bound, one that some
learner does not exceed on the losses that the theorem is about. Its ratio to the bound is at most 1 for a true upper
bound and at least 1 for a true lower one; near 1, the theorem's constants cannot be improved by much. Methods:

- every input: the worst of all inputs;
- search: losses found by gradient ascent through an exact expectation;
- hand-made: inputs that proofs suggest, with the exact expectation;
- game: the minimax value of a small game;
- climbed: games without noise, whose play is computed, found by hill climbing (`Space`);
- default case: the result of `verify` on those of `theory.cases`; where it samples, a confidence limit.

They are registered by theorem in `theory/<family>/witnesses.py`: in WITNESSES functions that yield a `Witness` each
time, in SEARCHES functions of (bound, seed), and in SPACES a `Space`, whose best points so far are kept in
`theory/data/worst_instances.json` (`python benchmarks/worst_instances.py` climbs again; a test plays them again).

A ratio below 0.1 has a reason in the mapping LOOSE beside the theorem.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from theory.cases import Case, default_cases

Array = NDArray[np.float64]
METHODS = ("every input", "search", "hand-made", "game", "climbed", "default case")
_LEAST = 1e-3  # bounds below this are not climbed: rounding errors would count
FOUND = Path(__file__).parent / "data" / "worst_instances.json"


class Witness(NamedTuple):
    """A value that a learner's quantity reaches (for a lower bound: does not exceed) in a problem, and the method.

    value: of the bound; None means the bound's value for this problem and learner.
    """

    problem: Any
    learner: Any
    amount: float
    method: str
    value: float | None = None


class Space(NamedTuple):
    """The games of a theorem, one for each point of [0, 1]^dimensions; play in them is not random."""

    dimensions: int
    case: Callable[[Sequence[float]], Case]


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
    """Return the best witness of each method for each theorem that has a value, in the catalogue's order.

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
    from theory import registered

    yield from registered("witnesses", "WITNESSES").get(bound.name, tuple)()
    if bound.name in (spaces := registered("witnesses", "SPACES")):
        case = spaces[bound.name].case(kept_points()[bound.name])
        yield Witness(case.problem, case.learner, played(case, bound.quantity), "climbed")
    if search and bound.name in (searches := registered("witnesses", "SEARCHES")):
        yield from searches[bound.name](bound, seed)
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
    from theory.verification import numbers_of

    numbers = numbers_of(problem).items()
    return ", ".join(f"{letter} = {value:g}" for letter, value in numbers if value or letter == "c")


def _default_cases(bound: Any, seed: int, alpha: float = 1e-3, repetitions: int = 2000) -> Iterator[Witness]:
    """Yield a confidence limit from each default case, wrong with probability at most alpha."""
    from sims import simulate
    from theory import registered
    from theory.confidence import mean_interval
    from theory.verification import bound_value, failure_probability, verify

    upper = bound.direction == "upper"
    hard = registered("cases", "HARD_CASES").get(bound.name)
    makers = [case.make for case in default_cases([bound.name])] + [hard]
    for problem, learner, options in (Case(*make()) for make in makers if make is not None):

        def samples(problem: Any = problem, learner: Any = learner, options: Any = options) -> Array:
            run = simulate(problem, learner, repetitions=repetitions, seed=seed, checkpoints=[problem.horizon])
            return np.asarray(run.final(options.get("measured", bound.quantity)))

        if bound.rate_only or options.get("method") == "rate":
            continue
        parameters = options.get("parameters", "own")
        value = bound_value(bound, problem, learner, parameters)
        if bound.mode == "probability":  # its verdict is on the share of runs that violate the bound
            share = failure_probability(bound, problem, learner, parameters)
            amount = often_reached(samples(), share, alpha, upper=upper)
            yield Witness(problem, learner, amount, "default case", value)
            continue
        verdict = verify(bound, problem, learner, **{"alpha": alpha, "seed": seed, **options})
        if verdict.kind == "none":
            continue
        amount = verdict.reached
        if bound.mode == "every path" or problem.plays(learner) == 1:
            amount = verdict.estimate
        elif verdict.kind == "certified Monte Carlo":  # it stopped as soon as it was decided
            ends = mean_interval(samples(), verdict.low_possible, verdict.high_possible, alpha)
            amount = ends[0] if upper else ends[1]
        yield Witness(problem, learner, amount, "default case", value)


@checked
def often_reached(samples: Array, share: float, alpha: float, *, upper: bool = True) -> float:
    """Return a confidence limit, level 1 - alpha, for the quantile that a variable reaches with probability `share`.

    samples (n,): independent.  upper: a lower limit for the upper quantile, else an upper limit for the lower one. The
    limit is an order statistic, its rank from the binomial law; with too few samples it is -inf (upper) or inf.
    """
    from scipy.stats import binom

    values = np.sort(samples)
    rank = int(binom.isf(alpha, len(values), share)) + 1
    if rank > len(values):
        return -math.inf if upper else math.inf
    return float(values[-rank] if upper else values[rank - 1])


# ---------------------------------------------------------------- hill climbing


def kept_points() -> dict[str, list[float]]:
    """Return the best points that were found, by theorem."""
    return {name: found["point"] for name, found in json.loads(FOUND.read_text()).items()}


def played(case: Case, quantity: str) -> float:
    """Return a metric at the horizon of a matrix game whose feedback has no noise, played in NumPy."""
    problem, learner, _ = case
    params, rules, game = learner.parameters(problem), problem.rules(learner), problem.arrays()
    if (axes := problem.axes()) is not None:
        game = type(game)(*(value if axis is None else value[0] for value, axis in zip(game, axes, strict=True)))
    state, total = learner.start(params, rules.view(game)), rules.nothing(game)
    for t in range(problem.horizon):
        total = rules.add(game, total, learner.policy(params, state))
        state = learner.step(params, state, t, rules.ask(game, None))
    metrics = rules.measure(game, learner.policy(params, state), total, problem.horizon)
    return float(getattr(metrics, quantity))


@checked
def climb(bound: Any, space: Space, *, evaluations: int = 1000, seed: int = 0) -> tuple[list[float], float]:
    """Return the best point found by hill climbing, rounded to 6 digits, and its ratio.

    A third of the points are uniform; then some coordinates of the best one are moved, by less and less.
    """
    rng, best, ratio = np.random.default_rng(seed), np.full(space.dimensions, 0.5), -math.inf
    for k in range(evaluations):
        spread = 0.3 * (1.0 - k / evaluations) ** 2
        moved = best + spread * rng.standard_normal(space.dimensions) * (rng.random(space.dimensions) < 0.4)
        point = np.round(np.clip(rng.random(space.dimensions) if 3 * k < evaluations else moved, 0.0, 1.0), 6)
        if (found := ratio_at(bound, space, point.tolist())) > ratio:
            best, ratio = point, found
    return best.tolist(), ratio


def ratio_at(bound: Any, space: Space, point: Sequence[float]) -> float:
    """Return the learner's value at a point over the bound's.

    -inf where the theorem does not apply, or allows so little that rounding errors count.
    """
    case = space.case(point)
    if bound.applies(case.problem, case.learner):
        return -math.inf
    value = bound.value_for(case.problem, case.learner)
    return played(case, bound.quantity) / value if value > _LEAST else -math.inf
