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


# ---------------------------------------------------------------- Mark0: marked with bit 0, with bit 1, then the others


class Mark0Params(NamedTuple):
    """The number of slots."""

    cache: int


class Mark0State(NamedTuple):
    """All slots: marked with bit 0, marked with bit 1, others, which all have bit 0; and the next draws.

    A phase ends, when all have bit 0, by moving the ends. The uniforms are drawn ahead, two from one block, since a
    slot waits for them.
    """

    order: Any  # (k,) int64
    place: Any  # (k,) int64
    zeros: int  # end of the marked ones with bit 0
    marked: int  # end of the marked ones
    uniforms: Any  # (2,) float64
    drawn: int


@kernel
def _init_mark0(params: Mark0Params, rng: Stream) -> Mark0State:
    cache = params.cache
    return Mark0State(np.arange(cache), np.arange(cache), 0, 0, np.array(uniform_pair(rng, 0, 0)), 0)


@kernel
def _ends(params: Mark0Params, state: Mark0State) -> Any:
    """Return both ends before a page leaves: where all are marked with bit 0, none is any more."""
    if state.zeros == params.cache:
        return 0, 0
    return state.zeros, state.marked


@kernel
def _act_mark0(params: Mark0Params, state: Mark0State, request: Request, t: int, rng: Stream) -> int:
    if request.slot >= 0:
        return request.slot
    zeros, marked = _ends(params, state)
    first, last = (zeros, marked) if zeros < marked else (marked, params.cache)
    return state.order[first + int(state.uniforms[state.drawn & 1] * (last - first))]


@kernel
def _update_mark0(
    params: Mark0Params, state: Mark0State, t: int, action: int, served: Served, rng: Stream
) -> Mark0State:
    order, place, slot, drawn = state.order, state.place, served.slot, state.drawn
    zeros, marked = state.zeros, state.marked
    if served.full:
        zeros, marked = _ends(params, state)
        drawn += 1
        if drawn & 1 == 0:
            state.uniforms[0], state.uniforms[1] = uniform_pair(rng, drawn >> 1, 0)
    if place[slot] >= marked:
        _swap(order, place, slot, marked)
        marked += 1
    zeros = _set_bit(order, place, zeros, slot, served.bit)
    return Mark0State(order, place, zeros, marked, state.uniforms, drawn)


@dataclass(frozen=True)
class Mark0(_Rule):
    """Evicts a page with bit 1, drawn uniformly; where there is none, plays as `Marker`. For discard bits."""

    exact: ClassVar[str] = "Mark0"
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_mark0, _act_mark0, _update_mark0)

    def parameters(self, problem: PagingGame) -> Mark0Params:
        """Return the number of slots."""
        return Mark0Params(problem.cache)


# ---------------------------------------------------------------- phases: an order in which the unmarked slots leave


class PhaseParams(NamedTuple):
    """The number of slots, and whether bits are read."""

    cache: int
    advised: bool


class PhaseState(NamedTuple):
    """The phase of each slot's latest request, and the slots in a random order, drawn anew as a phase begins.

    A slot is marked where its phase is the present one. The first unmarked slot in the order leaves: as the order does
    not depend on the requests, it is uniform among the unmarked ones. With bits, which do not change before a slot is
    marked, those with bit 1 at the beginning of the phase come first; the rest are put in order when they are reached.
    """

    latest: Any  # (k,) int64
    bits: Any  # (k,) int64
    order: Any  # (k,) int64
    ends: Any  # (2,) int64, written by `act`: the places passed, all of marked slots, and those whose order is drawn
    phase: int


@kernel
def _init_phase(params: PhaseParams, rng: Stream) -> PhaseState:
    k = params.cache
    return PhaseState(np.zeros(k, np.int64), np.zeros(k, np.int64), np.arange(k), np.full(2, k), 0)


@kernel
def _bit_1_first(order: Any, bits: Any) -> int:
    """Put the slots with bit 1 first; return how many go first: all, if none has bit 1."""
    low, high = 0, order.size - 1
    for slot in range(order.size):
        order[low] = slot
        order[high] = slot
        low += bits[slot]
        high -= 1 - bits[slot]
    return low if low > 0 else order.size


@kernel
def _exchange(order: Any, place: int, end: int, u: float) -> float:
    """Exchange a place with one from it on, if it is before the end; return a uniform that is left of u.

    Where the place is the whole part of u n, the rest of u n is uniform again, up to n 2^-53.
    """
    if place >= end:
        return u
    scaled = u * (end - place)
    other = place + int(scaled)
    order[place], order[other] = order[other], order[place]
    return scaled - int(scaled)


@kernel
def _shuffle(order: Any, first: int, end: int, rng: Stream, t: int) -> None:
    for place in range(first, end, 4):
        one, two = uniform_pair(rng, t, place)
        one = _exchange(order, place, end, one)
        two = _exchange(order, place + 1, end, two)
        _exchange(order, place + 2, end, one)
        _exchange(order, place + 3, end, two)


@kernel
def _act_phase(params: PhaseParams, state: PhaseState, request: Request, t: int, rng: Stream) -> int:
    if request.slot >= 0:
        return request.slot
    latest, order, (place, end) = state.latest, state.order, state.ends
    while True:
        while place < end and latest[order[place]] == state.phase:
            place += 1
        if place < end:
            break
        if end < params.cache:
            end = params.cache
        else:
            place, end = 0, _bit_1_first(order, state.bits)
        _shuffle(order, place, end, rng, t)
        if place == 0:
            break
    state.ends[0], state.ends[1] = place, end
    return order[place]


@kernel
def _update_phase(
    params: PhaseParams, state: PhaseState, t: int, action: int, served: Served, rng: Stream
) -> PhaseState:
    latest, slot, phase = state.latest, served.slot, state.phase
    if served.full and latest[slot] == phase:  # a marked page has left: all were marked
        phase += 1
    latest[slot] = phase
    if params.advised:
        state.bits[slot] = served.bit
    return PhaseState(latest, state.bits, state.order, state.ends, phase)


class _Phased(_Rule):
    """Base of the rules that mark requested pages, and unmark all where all are marked and one must leave."""

    advised: ClassVar[bool] = False
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_phase, _act_phase, _update_phase)

    def parameters(self, problem: PagingGame) -> PhaseParams:
        """Return the number of slots, and whether bits are read."""
        return PhaseParams(problem.cache, self.advised)


@dataclass(frozen=True)
class Marker(_Phased):
    """Evicts an unmarked page, drawn uniformly."""

    exact: ClassVar[str] = "Marker"


@dataclass(frozen=True)
class MarkPredict(_Phased):
    """Evicts an unmarked page with bit 1, drawn uniformly; where there is none, any unmarked one. For phase bits."""

    exact: ClassVar[str] = "MarkPredict"
    advised: ClassVar[bool] = True
