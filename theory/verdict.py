"""What a check says of a bound: holds, broken, undecided or not applicable, with the numbers behind it."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["holds", "broken", "undecided", "not applicable"]
Kind = Literal["every input", "exact expectation", "every path", "certified Monte Carlo", "rate", "none"]


@dataclass(frozen=True)
class Verdict:
    """The result of checking one bound for one learner in one problem; truthiness is left to `holds`.

    estimate, low, high: the checked quantity and its interval (equal for exact checks; each end of a sampled one is
    wrong with probability at most `error_probability`). For a rate, all three and `bound_value` are exponents; for
    a claim about every path the estimate is the worst repetition.
    low_possible, high_possible: the proven range of a sample, where a mean was tested.
    reasons: the assumptions that fail, where the bound does not apply.  note: what else the reader should know.
    seconds: time that the check took.
    """

    bound: str
    outcome: Outcome
    kind: Kind
    quantity: str
    direction: str
    problem: str
    learner: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    bound_value: float = math.nan
    error_probability: float = 0.0
    repetitions: int = 0
    seed: int = 0
    low_possible: float = math.nan
    high_possible: float = math.nan
    reasons: tuple[str, ...] = ()
    note: str = ""
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether the bound was found to hold."""
        return self.outcome == "holds"

    @property
    def broken(self) -> bool:
        """Whether the bound was found to be broken."""
        return self.outcome == "broken"

    @property
    def undecided(self) -> bool:
        """Whether the samples ran out before a decision."""
        return self.outcome == "undecided"

    @property
    def applicable(self) -> bool:
        """Whether the assumptions of the bound hold."""
        return self.outcome != "not applicable"

    @property
    def decided(self) -> bool:
        """Whether the bound was found to hold or to be broken."""
        return self.holds or self.broken

    @property
    def ratio(self) -> float:
        """Estimate over bound: near 1 for a tight bound, above it for a broken upper one; nan where the bound is 0."""
        return self.estimate / self.bound_value if self.bound_value != 0.0 else math.nan

    def explain(self) -> str:
        """Return the verdict in plain words, on a few lines."""
        head = f"{self.bound} {_SAYS[self.outcome]} for {self.learner} in {self.problem}."
        lines = [head, *(f"Assumption that fails: {reason}." for reason in self.reasons)]
        if self.kind != "none":
            lines += [self._comparison(), self._evidence()]
        return "\n  ".join(lines + ([self.note] if self.note else []))

    def _comparison(self) -> str:
        side = "at most" if self.direction == "upper" else "at least"
        if self.kind == "rate":
            return (
                f"The {self.quantity} grows with exponent {self.estimate:.3f}, "
                f"interval [{self.low:.3f}, {self.high:.3f}]; claimed: {side} {self.bound_value:.4g}."
            )
        which = "Worst" if self.kind in ("every path", "every input") else "Expected"
        return (
            f"{which} {self.quantity}: {_number(self.estimate)}; the bound says {side} {_number(self.bound_value)} "
            f"(ratio {self.ratio:.3g})."
        )

    def _evidence(self) -> str:
        if self.kind == "certified Monte Carlo":
            return (
                f"Certified Monte Carlo: {self.repetitions} repetitions, seed {self.seed}; the mean is in "
                f"[{_number(self.low)}, {_number(self.high)}], each end wrong with probability at most "
                f"{self.error_probability:.2g} (samples lie in [{_number(self.low_possible)}, "
                f"{_number(self.high_possible)}])."
            )
        if self.kind == "rate":
            return f"Rate: {self.repetitions} repetitions per horizon, seed {self.seed}; measured, not certified."
        if self.kind == "every path":
            return f"Every path: {self.repetitions} repetitions, seed {self.seed}, each held against the bound."
        if self.kind == "every input":
            return "Every input: no table of 0/1 losses of this size does worse."
        return "Exact expectation: computed without sampling."

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data; infinities and nan become None, so that any JSON reader takes it."""
        data = asdict(self) | {"ratio": self.ratio, "reasons": list(self.reasons)}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in data.items()}

    def to_json(self) -> str:
        """Return the verdict as one line of JSON."""
        return json.dumps(self.as_dict(), allow_nan=False)

    def __bool__(self) -> bool:
        """Refuse: `if verify(...)` would hide what undecided means."""
        raise TypeError("a verdict has four outcomes: ask for verdict.holds, .broken, .undecided or .applicable")


_SAYS = {
    "holds": "holds",
    "broken": "is BROKEN",
    "undecided": "is undecided",
    "not applicable": "does not apply",
}


def _number(value: float) -> str:
    return f"{value:.5g}"
