"""The result of checking a bound, with the numbers behind it.

- *holds*: certified for the code that was played, or shown on every path;
- *no violation found*: a claim about every path holds on all paths that were drawn, so that few can violate it;
- *broken*: certified to violate the bound, or refuted by a path;
- *undecided*: the repetitions ran out;
- *vacuous*: no play of the problem can violate the bound, so that nothing was tested;
- *not applicable*: an assumption fails.
"""

import html
import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["holds", "no violation found", "broken", "undecided", "vacuous", "not applicable"]
Kind = Literal[
    "every input", "worst found", "exact expectation", "every path", "sampled paths", "certified Monte Carlo", "rate",
    "none",
]  # fmt: skip
RATE_TOLERANCE = 0.06  # what lower-order terms and a factor ln^(1/3) T add to a slope over 2^8..2^16


@dataclass(frozen=True, repr=False)
class Verdict:
    """The result of checking one bound for one learner in one problem; truthiness is left to `holds`.

    estimate: the checked quantity: the exact expectation where the algorithm's law is known, else the mean of the
    repetitions; for a claim about every path the worst repetition, for a rate the exponent (as is `bound_value`).
    exact: the exact expectation, nan where it is not known or where the code does not play that law.
    low, high: the certified interval of the code's own mean; each end is wrong with probability at most `false_holds`
    (the upper one, of an upper bound) or `false_broken`. For paths, the least and the greatest value.
    false_holds: P(the check says holds | the bound is false); of sampled paths, P(it reports a share that is too
    small).  false_broken: P(it says broken | the bound is true).  nan for rates, which are not certified.
    share: at most this fraction of all paths violates the claim, where paths were sampled.
    often: for a claim with probability 1 - delta, the (1 - delta) quantile of the repetitions over the claimed limit.
    repetitions: played.  repetitions_needed: about how many would decide, where these did not; inf where none would.
    low_possible, high_possible: the proven range of a sample, where a mean was tested.
    reasons: the assumptions that fail, where the bound does not apply.  note: further remarks, in words.
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
    exact: float = math.nan
    low: float = math.nan
    high: float = math.nan
    bound_value: float = math.nan
    false_holds: float = 0.0
    false_broken: float = 0.0
    share: float = math.nan
    often: float = math.nan
    repetitions: int = 0
    repetitions_needed: float = math.nan
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
    def vacuous(self) -> bool:
        """Whether no play of the problem can violate the bound."""
        return self.outcome == "vacuous"

    @property
    def applicable(self) -> bool:
        """Whether the assumptions of the bound hold."""
        return self.outcome != "not applicable"

    @property
    def decided(self) -> bool:
        """Whether the bound was found to hold or to be broken."""
        return self.holds or self.broken

    @property
    def error_probability(self) -> float:
        """Probability that the verdict is wrong, whether the bound is true or false; nan for a rate."""
        return max(self.false_holds, self.false_broken)

    @property
    def ratio(self) -> float:
        """Estimate over bound: near 1 for a tight bound, above it for a broken upper one; nan where the bound is 0.

        For a claim with a probability, whose estimate is a share of runs: `often`.
        """
        if not math.isnan(self.often):
            return self.often
        return self.estimate / self.bound_value if self.bound_value != 0.0 else math.nan

    @property
    def reached(self) -> float:
        """A value that the quantity reaches: the exact one, or the end of the interval away from the bound."""
        return (self.low if self.direction == "upper" else self.high) if math.isnan(self.exact) else self.exact

    def explain(self) -> str:
        """Return the verdict in plain words, on a few lines."""
        head = f"{self.bound} {self.says} for {self.learner} in {self.problem}."
        lines = [head, *(f"Assumption that fails: {reason}." for reason in self.reasons)]
        if self.kind != "none":
            lines += [self._comparison(), self._evidence(), *self._errors()]
        return "\n  ".join(lines + ([self.note] if self.note else []))

    @property
    def says(self) -> str:
        """The outcome as a predicate of the bound."""
        if self.outcome == "no violation found":
            return f"was violated on none of {self.repetitions} paths"
        on_paths = self.holds and self.kind == "every path"
        return "holds on every path" if on_paths else _SAYS[self.outcome]

    @property
    def label(self) -> str:
        """The outcome as a table shows it."""
        if self.kind == "rate" and self.holds:
            return f"fits within {RATE_TOLERANCE}"
        on_paths = self.holds and self.kind == "every path"
        return "holds on every path" if on_paths else "BROKEN" if self.broken else self.outcome

    def _comparison(self) -> str:
        side = "at most" if self.direction == "upper" else "at least"
        if self.kind == "rate":
            return (
                f"The {self.quantity} grows with exponent {self.estimate:.3f}, "
                f"interval [{self.low:.3f}, {self.high:.3f}]; claimed: {side} {self.bound_value:.4g}."
            )
        which = _WHICH.get(self.kind, "Expected")
        said = f"ratio {self.ratio:.3g}"
        if not math.isnan(self.often):
            said = f"all but such a share of the runs stay within {self.often:.3g} of the limit"
        return (
            f"{which} {self.quantity}: {_number(self.estimate)}; the bound says {side} {_number(self.bound_value)} "
            f"({said})."
        )

    def _evidence(self) -> str:
        if self.kind == "rate":
            return f"Rate: {self.repetitions} repetitions per horizon, seed {self.seed}; measured, not certified."
        if self.kind == "every path":
            return f"Every path: {self.repetitions} compared with the bound."
        if self.kind == "sampled paths":
            return f"Sampled paths: {self.repetitions} repetitions, seed {self.seed}, each compared with the bound."
        return (
            f"{_BASIS[self.kind]}{self.repetitions} repetitions of the code, seed {self.seed}: their mean is certified "
            f"to be in [{_number(self.low)}, {_number(self.high)}] (samples lie in [{_number(self.low_possible)}, "
            f"{_number(self.high_possible)}])."
        )

    def _errors(self) -> list[str]:
        if self.kind == "rate" or self.vacuous or self.error_probability == 0.0:
            return []
        if self.kind == "sampled paths":
            return [
                f"With confidence 1 - {self.false_holds:.2g} a share of at most {self.share:.2g} of all paths "
                "violates the claim. Sampling cannot show that none does."
            ]
        return [
            f"P(says holds | the bound is false) <= {self.false_holds:.2g}; "
            f"P(says broken | the bound is true) <= {self.false_broken:.2g}."
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data; infinities and nan become None, so that any JSON reader takes it."""
        derived = ("label", "ratio", "error_probability")
        data = asdict(self) | {name: getattr(self, name) for name in derived} | {"reasons": list(self.reasons)}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in data.items()}

    def to_json(self) -> str:
        """Return the verdict as one line of JSON."""
        return json.dumps(self.as_dict(), allow_nan=False)

    def __repr__(self) -> str:
        return f"Verdict({self.bound!r}, {self.label!r}, {self.learner} in {self.problem}, ratio={self.ratio:.3g})"

    def _repr_html_(self) -> str:
        """Return the verdict in plain words with its outcome in colour, for notebooks."""
        colour = _COLOURS.get(self.outcome, "#6E6E6E")
        first, *lines = (html.escape(line.strip()) for line in self.explain().splitlines())
        head = f'<p><b style="color: {colour}">{html.escape(self.label)}</b>: {first}</p>'
        return head + "".join(f"<div>{line}</div>" for line in lines)

    def __bool__(self) -> bool:
        """Refuse: `if verify(...)` would hide what undecided means."""
        raise TypeError("a verdict has more than two outcomes: ask for verdict.holds, .broken, .undecided, ...")


_COLOURS = {"holds": "#009E73", "no violation found": "#009E73", "broken": "#D55E00"}
_SAYS = {
    "holds": "holds",
    "broken": "is BROKEN",
    "undecided": "is undecided",
    "vacuous": "is vacuous",
    "not applicable": "does not apply",
}
_WHICH = {
    "every path": "Worst",
    "sampled paths": "Worst",
    "every input": "Worst expected",
    "worst found": "Worst expected",
}
_BASIS = {
    "certified Monte Carlo": "Certified Monte Carlo: ",
    "exact expectation": "Exact expectation of the algorithm; ",
    "every input": "Every input: no table of 0/1 losses of this size is worse for the algorithm; on the worst one, ",
    "worst found": "The worst losses that a search found; on these, ",
}


def _number(value: float) -> str:
    return f"{value:.5g}"
