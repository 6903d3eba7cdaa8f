"""Generators of strings that hear their own outputs: learners of the replay game."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import integer
from bandits.core.jit import kernel, shared_kernel
from bandits.core.rng import Stream
from bandits.loops.replay import LanguageTable, ReplayGame, Strings, among, holds
from bandits.protocol import Learner, LearnerSteps

# ---------------------------------------------------------------- finite lists: wait, then what all languages share


class ClosureParams(NamedTuple):
    """The languages, the number of different strings to wait for, and the number of rounds."""

    table: LanguageTable
    burn_in: int
    horizon: int


class ClosureState(NamedTuple):
    """The different strings so far and the languages that hold all of them."""

    seen: Any  # (T,) int64
    n_seen: int
    possible: Any  # (N,) bool


@kernel
def _init(params: ClosureParams, rng: Stream) -> ClosureState:
    possible = np.ones(params.table.rows.shape[0], np.bool_)
    return ClosureState(np.zeros(params.horizon, np.int64), 0, possible)


@kernel
def _act(params: ClosureParams, state: ClosureState, string: int, t: int, rng: Stream) -> int:
    count = state.n_seen + (0 if among(string, state.seen, state.n_seen) else 1)
    start = string if t == 0 else state.seen[0]
    if count <= params.burn_in:
        return int(start)
    lead = -1  # the first possible language
    for i in range(state.possible.size - 1, -1, -1):
        if state.possible[i] and holds(params.table, i, string):
            lead = i
    if lead < 0:
        return int(start)
    period = params.table.rows.shape[1] - params.table.first
    spare = -1  # the least fresh string of that language
    for output in range(params.table.first + period * (count + 1)):
        if output == string or among(output, state.seen, state.n_seen) or not holds(params.table, lead, output):
            continue
        spare = output if spare < 0 else spare
        shared = True
        for i in range(lead + 1, state.possible.size):
            if state.possible[i] and holds(params.table, i, string) and not holds(params.table, i, output):
                shared = False
        if shared:
            return output
    return spare


@kernel
def _update(params: ClosureParams, state: ClosureState, t: int, action: int, string: int, rng: Stream) -> ClosureState:
    if among(string, state.seen, state.n_seen):
        return state
    state.seen[state.n_seen] = string
    for i in range(state.possible.size):
        state.possible[i] = state.possible[i] and holds(params.table, i, string)
    return ClosureState(state.seen, state.n_seen + 1, state.possible)


@dataclass(frozen=True)
class BurnIn(Learner):
    """Repeats the first string until more than d different ones were shown, then puts out what all languages share.

    That is the least fresh string of the intersection of all languages that hold everything shown; where there is none,
    of the first such language. burn_in: d >= 0; None: the closure dimension, with which no output after the burn-in is
    wrong, whatever is replayed. 0 does not wait.
    """

    burn_in: int | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Strings,)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.burn_in is not None:
            integer("burn_in", self.burn_in, low=0)

    def parameters(self, problem: ReplayGame) -> ClosureParams:
        """Return the languages and the burn-in."""
        wait = problem.dimension if self.burn_in is None else int(self.burn_in)
        return ClosureParams(problem.table, wait, int(problem.horizon))


# ---------------------------------------------------------------- one language after the other


class CriticalParams(NamedTuple):
    """The languages, the number of rounds, and whether the generator minds its own outputs."""

    table: LanguageTable
    horizon: int
    protects: bool


class CriticalState(NamedTuple):
    """Strings shown that were no outputs before, all outputs, the strings looked at, and scratch space."""

    sure: Any  # (T,) int64
    n_sure: int
    outputs: Any  # (T,) int64
    limit: int  # m
    active: Any  # (N,) bool, scratch


@kernel
def _start(params: CriticalParams, rng: Stream) -> CriticalState:
    rounds, languages = params.horizon, params.table.rows.shape[0]
    return CriticalState(np.zeros(rounds, np.int64), 0, np.zeros(rounds, np.int64), 5, np.zeros(languages, np.bool_))


@shared_kernel
def _witness(params: CriticalParams, state: CriticalState, t: int, i: int, j: int, limit: int) -> int:
    """Return the least string below the limit that language i holds and j does not, no earlier output; -1 for none."""
    for string in range(limit):
        apart = holds(params.table, i, string) and not holds(params.table, j, string)
        if apart and not (params.protects and among(string, state.outputs, t)):
            return string
    return -1


@shared_kernel
def _next(params: CriticalParams, state: CriticalState, string: int, t: int) -> Any:
    """Return the output after `string` was shown, and the limit that it took."""
    new = not (params.protects and among(string, state.outputs, t))
    some = False
    for i in range(state.active.size):
        state.active[i] = i <= t and (not new or holds(params.table, i, string))
        for k in range(state.n_sure):
            state.active[i] = state.active[i] and holds(params.table, i, state.sure[k])
        some = some or state.active[i]
    if not some:
        return 0, state.limit
    limit = state.limit
    while True:
        best = _critical(params, state, t, limit)
        for output in range(limit):
            taken = (new and output == string) or among(output, state.sure, state.n_sure)
            if taken or (params.protects and among(output, state.outputs, t)) or not holds(params.table, best, output):
                continue
            if not (params.protects and _protected(params, state, t, limit, output)):
                return output, limit
        limit += 1


@shared_kernel
def _critical(params: CriticalParams, state: CriticalState, t: int, limit: int) -> int:
    """Return the largest active language that lies in all active ones before it, as far as the limit."""
    best = -1
    for i in range(state.active.size):
        inside = state.active[i]
        for j in range(i):
            if inside and state.active[j] and _witness(params, state, t, i, j, limit) >= 0:
                inside = False
        best = i if inside else best
    return best


@shared_kernel
def _protected(params: CriticalParams, state: CriticalState, t: int, limit: int, output: int) -> bool:
    """Return whether an output is the witness of two active languages, which must stay free to be shown."""
    for i in range(state.active.size):
        for j in range(i):
            if state.active[i] and state.active[j] and _witness(params, state, t, i, j, limit) == output:
                return True
    return False


@kernel
def _act_critical(params: CriticalParams, state: CriticalState, string: int, t: int, rng: Stream) -> int:
    return int(_next(params, state, string, t)[0])


@kernel
def _update_critical(
    params: CriticalParams, state: CriticalState, t: int, action: int, string: int, rng: Stream
) -> CriticalState:
    limit = _next(params, state, string, t)[1]
    count = state.n_sure
    if not (params.protects and among(string, state.outputs, t)):
        state.sure[count] = string
        count += 1
    state.outputs[t] = action
    return CriticalState(state.sure, count, state.outputs, limit, state.active)


@dataclass(frozen=True)
class WitnessProtection(Learner):
    """Generates in the limit from a countable list, whatever is replayed: a language's witnesses are never put out.

    After t strings the languages before place t that hold all strings which were no outputs before are active. The
    largest active one that lies in all active ones before it is critical, as far as can be seen below m, and earlier
    outputs aside. Its least string that is neither sure, nor an earlier output, nor the least string that tells two
    active languages apart is put out; m grows until there is one.
    """

    steps: ClassVar[LearnerSteps] = LearnerSteps(_start, _act_critical, _update_critical)
    accepts: ClassVar[tuple[type, ...]] = (Strings,)
    draws: ClassVar[bool] = False

    def parameters(self, problem: ReplayGame) -> CriticalParams:
        """Return the languages and the number of rounds."""
        return CriticalParams(problem.table, int(problem.horizon), True)


@dataclass(frozen=True)
class CriticalLanguage(Learner):
    """The generator of Kleinberg & Mullainathan (2024): takes every string that is shown for one of the target."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_start, _act_critical, _update_critical)
    accepts: ClassVar[tuple[type, ...]] = (Strings,)
    draws: ClassVar[bool] = False

    def parameters(self, problem: ReplayGame) -> CriticalParams:
        """Return the languages and the number of rounds."""
        return CriticalParams(problem.table, int(problem.horizon), False)
