"""How tight each theorem is: the worst that was found for its learner, over what the theorem allows.

A *witness* of an upper bound is a value that its learner reaches on some losses; of a lower bound, one that some
learner does not exceed on the losses that the theorem is about. Its ratio to the bound is at most 1 for a true upper
bound and at least 1 for a true lower one; near 1, the theorem's constants cannot be improved by much. Witnesses are

- every input: the worst of all inputs;
- search: what gradient ascent through an exact expectation finds;
- hand-made: inputs that proofs suggest, with the exact expectation;
- game: the minimax value of a small game, which no learner beats;
- default case: what `verify` finds in those of `theory.cases`; where it samples, the end that is certain.

All but the last are registered by theorem in `theory/<family>/witnesses.py`: in WITNESSES functions that yield a
`Witness` each time, and in SEARCHES functions of (bound, seed).
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from theory.cases import default_cases

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
    """Yield the certain end of the interval that each default case gives, wrong with probability at most alpha."""
    from sims import simulate
    from theory.verification import bound_value, verify

    upper = bound.direction == "upper"
    for case in default_cases([bound.name]):
        if case.make is None:
            continue
        problem, learner, options = case.make()
        verdict = verify(bound, problem, learner, **{"alpha": alpha, "seed": seed, **options})
        amount, value = verdict.reached, verdict.bound_value
        if verdict.kind in ("rate", "none"):
            continue
        if bound.mode == "probability":  # that verdict is on the share of runs beyond the bound
            run = simulate(problem, learner, repetitions=repetitions, seed=seed, checkpoints=[problem.horizon])
            samples = run.final(options.get("measured", bound.quantity))
            amount = often_reached(samples, verdict.bound_value, alpha, upper=upper)
            value = bound_value(bound, problem, learner, options.get("parameters", "own"))
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
