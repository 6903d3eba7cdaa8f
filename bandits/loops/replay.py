"""Generation in the limit with replay: a generator's own outputs come back among its examples.

A target language K, one of a list of infinite sets of natural numbers, is hidden. In each round an adversary shows a
string, which is in K or replays any earlier output, and the generator outputs a string that should be in K and not yet
shown (Racca, Valko & Sanyal 2026, after Kleinberg & Mullainathan 2024). The first string is in K. The paper's theorems
are about infinite lists and infinite time; here lists and time are finite, and languages are periodic.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.arguments import Checked, Numbers, checked
from bandits.core.checks import LARGEST, as_array, fits, instance, integer, integers, real, several
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream
from bandits.protocol import ProblemSteps, RoundProblem, draws_nothing

MOST_STRINGS, MOST_ROUNDS, MOST_LANGUAGES = 2**20, 10**4, 2**10
MOST_INTERSECTIONS, MOST_ENTRIES = 2**16, 2**22


@dataclass(frozen=True)
class Strings(Checked):
    """The string that was shown, before the output and again after it; whether the output was right is not told."""

    kind: ClassVar[str] = "strings"


@dataclass(frozen=True)
class PeriodicLanguage(Checked):
    """The strings `extra` and all x >= start with x mod modulus in residues; an infinite set of natural numbers.

    modulus, start: in [1, 2^20] and [0, 2^20].  residues: in [0, modulus), at least one.  extra: in [0, 2^20].
    """

    modulus: int
    residues: Sequence[int]
    start: int = 0
    extra: Sequence[int] = ()

    def __post_init__(self) -> None:
        integer("modulus", self.modulus, 1, MOST_STRINGS)
        integer("start", self.start, 0, MOST_STRINGS)
        for name in ("residues", "extra"):
            object.__setattr__(self, name, tuple(integers(name, getattr(self, name), 0, MOST_STRINGS)))
        if not self.residues:
            raise ValueError("residues must have at least one entry, got none")
        if max(self.residues) >= self.modulus:
            raise ValueError(f"residues must be below modulus = {self.modulus}, got {max(self.residues)}")

    def __contains__(self, string: int) -> bool:
        return string in self.extra or (string >= self.start and string % self.modulus in self.residues)


class LanguageTable(NamedTuple):
    """Which language holds which string: columns from `first` on repeat."""

    rows: Any  # (N, first + period) uint8
    first: int


class ReplaySetting(NamedTuple):
    """What the compiled functions receive: row r mod R for repetition r."""

    table: LanguageTable
    target: int
    dimension: int
    shown: Any  # (R, T) int64, strings; -1 - j replays the output of round j


class ReplayWorld(NamedTuple):
    """The strings shown and put out, and what was counted."""

    row: int
    strings: Any  # (T,) int64
    outputs: Any  # (T,) int64
    distinct: int
    errors: int
    late: int
    outside: int
    last: int


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    errors: float
    late_errors: float
    outside: float
    last_error: float


_check_action = returns(None, Part("the output", "integer"))


@kernel
def holds(table: LanguageTable, language: int, string: int) -> bool:
    """Return whether a language of the table holds a string."""
    period = table.rows.shape[1] - table.first
    place = string if string < table.first else table.first + (string - table.first) % period
    return bool(table.rows[language, place] != 0)


@kernel
def among(string: int, strings: Any, count: int) -> bool:
    """Return whether a string is one of the first `count` of strings."""
    for i in range(count):  # noqa: SIM110 (a kernel)
        if strings[i] == string:
            return True
    return False


@kernel
def _init(setting: ReplaySetting, env: Stream) -> ReplayWorld:
    rounds = setting.shown.shape[1]
    row = int(env.repetition) % setting.shown.shape[0]
    return ReplayWorld(row, np.zeros(rounds, np.int64), np.zeros(rounds, np.int64), 0, 0, 0, 0, 0)


@kernel
def _observe(setting: ReplaySetting, world: ReplayWorld, t: int, env: Stream) -> Any:
    code = setting.shown[world.row, t]
    string = code if code >= 0 else world.outputs[-1 - code]
    distinct = world.distinct + (0 if among(string, world.strings, t) else 1)
    outside = world.outside + (0 if holds(setting.table, setting.target, string) else 1)
    world.strings[t] = string
    counts = (world.errors, world.late, outside, world.last)
    return int(string), ReplayWorld(world.row, world.strings, world.outputs, distinct, *counts)


@kernel
def _respond(setting: ReplaySetting, world: ReplayWorld, t: int, action: int, env: Stream) -> Any:
    _check_action(action)
    output = index(action)
    if output < 0 or output > LARGEST:
        raise InvalidAction("the output must be in 0, ..., 2^56, got {}", t, output)
    wrong = not holds(setting.table, setting.target, output) or among(output, world.strings, t + 1)
    world.outputs[t] = output
    late = wrong and world.distinct > setting.dimension
    counts = (world.errors + int(wrong), world.late + int(late), world.outside, t + 1 if wrong else world.last)
    return int(world.strings[t]), ReplayWorld(world.row, world.strings, world.outputs, world.distinct, *counts)


@rare_kernel
def _measure(setting: ReplaySetting, world: ReplayWorld, n_rounds: int) -> Metrics:
    return Metrics(world.errors, world.late, world.outside, world.last)


@dataclass(frozen=True, eq=False)
class ReplayGame(RoundProblem):
    """`horizon` rounds, 1 to 10^4, of generation with replay.

    languages: 1 to 1024 `PeriodicLanguage`, known to the learner.  target: the place of K in that list.  shown: (N,)
    or (R, N), N >= horizon, what the adversary does in repetition r mod R: a string of K, or -1 - j for the output of
    round j, counted from 0, which must be before. `every_adversary` and `random_adversary` make such tables.

    A learner puts out a natural number. Metrics: errors, outputs that are not in K or were shown already; late_errors,
    those after more than `dimension` different strings were shown; outside, strings shown that are not in K;
    last_error, the round of the last error, from 1, 0 for none.
    Raises ValueError where the adversary shows what is neither in K nor an earlier output.
    """

    languages: Any
    target: int
    shown: Numbers
    horizon: int
    feedback: ClassVar[Strings] = Strings()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure, _observe)
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "languages", _languages(self.languages))
        integer("target", self.target, 0, len(self.languages) - 1)
        integer("horizon", self.horizon, 1, MOST_ROUNDS)
        shown = np.atleast_2d(as_array("shown", self.shown, "an array of integers"))
        if shown.ndim != 2 or shown.dtype.kind not in "iu" or shown.shape[1] < self.horizon:
            wanted = f"integers (N,) or (R, N) with N >= horizon = {self.horizon}"
            raise ValueError(f"shown must be {wanted}, got {shown.dtype} {shown.shape}")
        fits("shown", shown.size)
        if shown.size and shown.max() > LARGEST:
            raise ValueError(f"shown must be strings of at most 2^56, got {shown.max()}")
        shown = np.ascontiguousarray(shown[:, : self.horizon], np.int64)
        early = shown < -np.arange(self.horizon)
        if early.any():
            row, t = np.argwhere(early)[0].tolist()
            raise ValueError(f"shown must replay earlier outputs only, got {shown[row, t]} in round {t} of row {row}")
        first, row = self.table.first, self.table.rows[self.target]
        place = np.where(shown < first, shown, first + (shown - first) % (len(row) - first))
        strange = (shown >= 0) & (row[np.maximum(place, 0)] == 0)
        if strange.any():
            raise ValueError(f"shown must be strings of the target or replays, got {shown[strange][0]}")
        object.__setattr__(self, "shown", shown)

    @cached_property
    def table(self) -> LanguageTable:
        """Which language holds which string."""
        return _table(self.languages)

    @cached_property
    def dimension(self) -> int:
        """d, the closure dimension of the languages."""
        return closure_dimension(self.languages)

    @cached_property
    def _setting(self) -> ReplaySetting:
        return ReplaySetting(self.table, int(self.target), self.dimension, self.shown)

    def setting(self) -> ReplaySetting:
        """Return what the compiled functions receive."""
        return self._setting

    def payoff(self, metrics: Any) -> float:
        """Return minus the errors."""
        return -float(metrics["errors"])

    def plays(self, learner: Any) -> int | None:
        """Return R where the learner draws nothing."""
        return len(self.shown) if draws_nothing(learner) else None

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric at the horizon that hold for every draw."""
        return 0.0, float(self.horizon)


# ---------------------------------------------------------------- languages


def _languages(given: Any) -> tuple[PeriodicLanguage, ...]:
    languages = several("languages", given, PeriodicLanguage, "PeriodicLanguage or a list of them")
    integer("number of languages", len(languages), 1, MOST_LANGUAGES)
    return languages


def _table(languages: Sequence[PeriodicLanguage]) -> LanguageTable:
    first = max(max(language.start, *language.extra, -1) for language in languages) + 1
    period = math.lcm(*(language.modulus for language in languages))
    if first + period > MOST_STRINGS or len(languages) * (first + period) > 2**26:
        raise ValueError(f"languages must have a common period of at most 2^20, 2^26 over all, got {first + period}")
    strings = np.arange(first + period)
    rows = np.zeros((len(languages), first + period), np.uint8)
    for row, language in zip(rows, languages, strict=True):
        row[:] = (strings >= language.start) & np.isin(strings % language.modulus, language.residues)
        row[list(language.extra)] = 1
    return LanguageTable(rows, first)


@checked
def closure_dimension(languages: Any) -> int:
    """Return the largest number of strings of a language such that all languages that hold them share finitely many.

    0 where there are none. The intersections of languages are enumerated.
    Raises ValueError for more than 2^16 intersections, or 2^31 bits of them.
    """
    table = _table(_languages(languages))
    width = table.rows.shape[1]
    rows = {int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little") for row in table.rows}
    most = min(MOST_INTERSECTIONS, 2**31 // width)
    found, new = set(rows), list(rows)
    while new:
        one = new.pop()
        made = {one & row for row in rows} - found
        found |= made
        new += made
        if len(found) > most:
            raise ValueError(f"languages must have at most {most} intersections, got more")
    return max((one.bit_count() for one in found if one < 1 << table.first), default=0)


# ---------------------------------------------------------------- adversaries


def _strings(language: PeriodicLanguage, count: int) -> NDArray[np.int64]:
    """Return the `count` least strings of a language."""
    residues, modulus = np.unique(language.residues), language.modulus
    periods = np.arange(language.start // modulus, language.start // modulus + count // len(residues) + 2)
    strings = (periods[:, None] * modulus + residues).ravel()
    return np.union1d(strings[strings >= language.start], np.array(language.extra, np.int64))[:count].astype(np.int64)


@checked
def every_adversary(language: PeriodicLanguage, horizon: int, strings: int = 4) -> NDArray[np.int64]:
    """Return all that can be shown in `horizon` rounds with the least strings of the target, (R, horizon), and replays.

    strings: how many of the target's, at least 1.  Raises ValueError for more than 2^20 rows.
    """
    instance("language", language, PeriodicLanguage, "a PeriodicLanguage")
    integer("horizon", horizon, 1, 64)
    integer("strings", strings, 1, MOST_STRINGS)
    rows = math.prod(strings + t for t in range(horizon))
    if rows > MOST_STRINGS:
        raise ValueError(f"horizon and strings must make at most 2^20 rows, got {horizon} and {strings}")
    own = _strings(language, strings).tolist()
    choices = [own + [-1 - j for j in range(t)] for t in range(horizon)]
    return np.array(list(itertools.product(*choices)), np.int64)


@checked
def random_adversary(
    language: PeriodicLanguage, horizon: int, rows: int = 1, replays: float = 0.5, seed: int = 0
) -> NDArray[np.int64]:
    """Return rows (R, horizon) that replay a random earlier output with a probability, else go on through the target.

    replays: that probability, in [0, 1].  The target's strings come in increasing order, the least one first.
    """
    instance("language", language, PeriodicLanguage, "a PeriodicLanguage")
    integer("horizon", horizon, 1, MOST_ROUNDS)
    if integer("rows", rows, 1) * horizon > MOST_ENTRIES:
        raise ValueError(f"rows and horizon must make at most 2^22 entries, got {rows} and {horizon}")
    real("replays", replays, 0.0, 1.0)
    rng = np.random.default_rng(integer("seed", seed, 0))
    again = rng.random((rows, horizon)) < replays
    again[:, 0] = False
    place = np.cumsum(~again, axis=1) - 1
    earlier = (rng.random((rows, horizon)) * np.arange(horizon)).astype(np.int64)
    return np.where(again, -1 - earlier, _strings(language, horizon)[place])
