"""Rules of paging: which page leaves a full cache.

`LRU` and `FIFO` evict the page that was requested, or brought in, longest ago. `Marker` (Fiat et al. 1991) draws one
of those not requested in the present phase. The others read the bits of the pages (Antoniadis et al. 2023): `Flush`,
`Mark0` and `MarkPredict`, in the form that evicts one page at a time. A request costs O(1), amortised.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import flag
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform_pair
from bandits.prediction.paging import Advised, PagingGame, Request, Served
from bandits.protocol import Learner, LearnerSteps


class _Rule(Learner):
    """Base of the rules of paging."""

    accepts: ClassVar[tuple[type, ...]] = (Advised,)


# ---------------------------------------------------------------- the oldest page


class OldestParams(NamedTuple):
    """The number of slots, and whether a hit makes a page young."""

    cache: int
    refreshed: bool


class OldestState(NamedTuple):
    """The slots from the oldest page to the youngest, a ring in which k stands between them; -1 in slots not filled."""

    after: Any  # (k + 1,) int64
    before: Any  # (k + 1,) int64


@kernel
def _init_oldest(params: OldestParams, rng: Stream) -> OldestState:
    state = OldestState(np.full(params.cache + 1, -1, np.int64), np.full(params.cache + 1, -1, np.int64))
    state.after[params.cache] = params.cache
    state.before[params.cache] = params.cache
    return state


@kernel
def _act_oldest(params: OldestParams, state: OldestState, request: Request, t: int, rng: Stream) -> int:
    return request.slot if request.slot >= 0 else state.after[params.cache]


@kernel
def _update_oldest(
    params: OldestParams, state: OldestState, t: int, action: int, served: Served, rng: Stream
) -> OldestState:
    after, before, slot, end = state.after, state.before, served.slot, params.cache
    if params.refreshed or not served.hit:
        if after[slot] >= 0:
            after[before[slot]] = after[slot]
            before[after[slot]] = before[slot]
        youngest = before[end]
        after[youngest] = slot
        before[slot] = youngest
        after[slot] = end
        before[end] = slot
    return state


class _Oldest(_Rule):
    """Base of the rules that evict the oldest page."""

    refreshed: ClassVar[bool] = True
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_oldest, _act_oldest, _update_oldest)
    draws: ClassVar[bool] = False

    def parameters(self, problem: PagingGame) -> OldestParams:
        """Return the number of slots and the rule."""
        return OldestParams(problem.cache, self.refreshed)


@dataclass(frozen=True)
class LRU(_Oldest):
    """Evicts the page whose latest request is longest ago."""


@dataclass(frozen=True)
class FIFO(_Oldest):
    """Evicts the page that was brought in longest ago."""

    refreshed: ClassVar[bool] = False


# ---------------------------------------------------------------- Flush: the slots with bit 0, then those with bit 1


class FlushParams(NamedTuple):
    """The number of slots, and whether a flush empties the cache at once."""

    cache: int
    eager: bool


class FlushState(NamedTuple):
    """All slots, of which the first have bit 0, and the place of each."""

    order: Any  # (k,) int64
    place: Any  # (k,) int64
    zeros: int


@kernel
def _swap(order: Any, place: Any, slot: int, to: int) -> None:
    other = order[to]
    order[place[slot]] = other
    place[other] = place[slot]
    order[to] = slot
    place[slot] = to


@kernel
def _set_bit(order: Any, place: Any, zeros: int, slot: int, bit: int) -> int:
    """Move the slot to those with this bit; return how many have bit 0 now."""
    if place[slot] < zeros:
        if bit == 1:
            zeros -= 1
            _swap(order, place, slot, zeros)
    elif bit == 0:
        _swap(order, place, slot, zeros)
        zeros += 1
    return zeros


@kernel
def _init_flush(params: FlushParams, rng: Stream) -> FlushState:
    return FlushState(np.arange(params.cache), np.arange(params.cache), 0)


@kernel
def _act_flush(params: FlushParams, state: FlushState, request: Request, t: int, rng: Stream) -> int:
    if request.slot >= 0:
        return request.slot
    if state.zeros == params.cache:
        return -1 if params.eager else state.order[0]
    return state.order[state.zeros]


@kernel
def _update_flush(
    params: FlushParams, state: FlushState, t: int, action: int, served: Served, rng: Stream
) -> FlushState:
    zeros = 0 if served.full and state.zeros == params.cache else state.zeros
    return FlushState(state.order, state.place, _set_bit(state.order, state.place, zeros, served.slot, served.bit))


@dataclass(frozen=True)
class Flush(_Rule):
    """Evicts a page with bit 1; where there is none, all get it first, which is a flush.

    Which of the pages with bit 1 leaves is left open: here the first in the order of the state.  eager: whether a flush
    empties the cache at once.
    """

    eager: bool = False
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_flush, _act_flush, _update_flush)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        flag("eager", self.eager)

    def parameters(self, problem: PagingGame) -> FlushParams:
        """Return the number of slots and the rule."""
        return FlushParams(problem.cache, bool(self.eager))


# ---------------------------------------------------------------- marking: the marked slots, then the others

IGNORE, BEFORE, WITHIN = 0, 1, 2  # bits; pages with bit 1 go before the marks count; among the unmarked they go first


class MarkingParams(NamedTuple):
    """The number of slots and the use of bits."""

    cache: int
    use: int


class MarkingState(NamedTuple):
    """All slots: marked with bit 0, marked with bit 1, others with bit 0, others with bit 1; and the next draws.

    A phase ends by moving the ends. The uniforms are drawn ahead, two from one block, since a slot waits for them.
    """

    order: Any  # (k,) int64
    place: Any  # (k,) int64
    zeros: int  # end of the marked ones with bit 0
    marked: int  # end of the marked ones
    rest: int  # end of the others with bit 0
    uniforms: Any  # (2,) float64
    drawn: int


@kernel
def _init_marking(params: MarkingParams, rng: Stream) -> MarkingState:
    cache = params.cache
    return MarkingState(np.arange(cache), np.arange(cache), 0, 0, cache, np.array(uniform_pair(rng, 0, 0)), 0)


@kernel
def _ends(params: MarkingParams, state: MarkingState) -> Any:
    """Return the three ends before a page leaves: where all are marked, none is any more."""
    if state.marked == params.cache and not (params.use == BEFORE and state.zeros < params.cache):
        return 0, 0, state.zeros
    return state.zeros, state.marked, state.rest


@kernel
def _act_marking(params: MarkingParams, state: MarkingState, request: Request, t: int, rng: Stream) -> int:
    if request.slot >= 0:
        return request.slot
    zeros, marked, rest = _ends(params, state)
    first, last = marked, params.cache
    if params.use == BEFORE and zeros < marked:  # then no other page has bit 1: a phase ends where all have bit 0
        first, last = zeros, marked
    elif params.use == WITHIN and rest < params.cache:
        first = rest
    return state.order[first + int(state.uniforms[state.drawn & 1] * (last - first))]


@kernel
def _update_marking(
    params: MarkingParams, state: MarkingState, t: int, action: int, served: Served, rng: Stream
) -> MarkingState:
    order, place, slot, drawn = state.order, state.place, served.slot, state.drawn
    zeros, marked, rest = state.zeros, state.marked, state.rest
    if served.full:
        zeros, marked, rest = _ends(params, state)
        drawn += 1
        if drawn & 1 == 0:
            state.uniforms[0], state.uniforms[1] = uniform_pair(rng, drawn >> 1, 0)
    if place[slot] >= marked:
        if place[slot] >= rest:
            _swap(order, place, slot, rest)
            rest += 1
        _swap(order, place, slot, marked)
        marked += 1
    zeros = _set_bit(order, place, zeros, slot, served.bit)
    return MarkingState(order, place, zeros, marked, rest, state.uniforms, drawn)


class _Marking(_Rule):
    """Base of the rules that mark requested pages, and unmark all where all are marked and one must leave."""

    use: ClassVar[int] = IGNORE
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_marking, _act_marking, _update_marking)

    def parameters(self, problem: PagingGame) -> MarkingParams:
        """Return the number of slots and the rule."""
        return MarkingParams(problem.cache, self.use)


@dataclass(frozen=True)
class Marker(_Marking):
    """Evicts an unmarked page, drawn uniformly."""

    exact: ClassVar[str] = "Marker"


@dataclass(frozen=True)
class Mark0(_Marking):
    """Evicts a page with bit 1, drawn uniformly; where there is none, plays as `Marker`. For discard bits."""

    exact: ClassVar[str] = "Mark0"
    use: ClassVar[int] = BEFORE


@dataclass(frozen=True)
class MarkPredict(_Marking):
    """Evicts an unmarked page with bit 1, drawn uniformly; where there is none, any unmarked one. For phase bits."""

    exact: ClassVar[str] = "MarkPredict"
    use: ClassVar[int] = WITHIN
