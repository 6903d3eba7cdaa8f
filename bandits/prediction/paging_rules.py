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
from bandits.core.rng import Stream, uniform_index
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


# ---------------------------------------------------------------- slots by kind


class Slots(NamedTuple):
    """The filled slots in lists, one for each of C kinds, in which any is found and moved in O(1)."""

    lists: Any  # (C, k) int64
    sizes: Any  # (C,) int64
    kind: Any  # (k,) int64, -1 where the slot is not filled
    place: Any  # (k,) int64, in its list


@kernel
def _no_slots(kinds: int, cache: int) -> Slots:
    lists = np.zeros((kinds, cache), np.int64)
    return Slots(lists, np.zeros(kinds, np.int64), np.full(cache, -1, np.int64), np.zeros(cache, np.int64))


@kernel
def _move(slots: Slots, slot: int, kind: int) -> None:
    old = slots.kind[slot]
    if old == kind:
        return
    if old >= 0:
        slots.sizes[old] -= 1
        last = slots.lists[old, slots.sizes[old]]
        slots.lists[old, slots.place[slot]] = last
        slots.place[last] = slots.place[slot]
    slots.kind[slot] = kind
    slots.place[slot] = slots.sizes[kind]
    slots.lists[kind, slots.sizes[kind]] = slot
    slots.sizes[kind] += 1


@kernel
def _move_all(slots: Slots, old: int, kind: int) -> None:
    for place in range(slots.sizes[old]):
        slot = slots.lists[old, place]
        slots.kind[slot] = kind
        slots.place[slot] = slots.sizes[kind]
        slots.lists[kind, slots.sizes[kind]] = slot
        slots.sizes[kind] += 1
    slots.sizes[old] = 0


# ---------------------------------------------------------------- Flush: a kind for each bit


class FlushParams(NamedTuple):
    """The number of slots, and whether a flush empties the cache at once."""

    cache: int
    eager: bool


@kernel
def _init_flush(params: FlushParams, rng: Stream) -> Slots:
    return _no_slots(2, params.cache)


@kernel
def _act_flush(params: FlushParams, slots: Slots, request: Request, t: int, rng: Stream) -> int:
    if request.slot >= 0:
        return request.slot
    ones = slots.sizes[1]
    if ones > 0:
        return slots.lists[1, ones - 1]
    return -1 if params.eager else slots.lists[0, params.cache - 1]


@kernel
def _update_flush(params: FlushParams, slots: Slots, t: int, action: int, served: Served, rng: Stream) -> Slots:
    if served.full and slots.sizes[1] == 0:
        if params.eager:
            slots.sizes[0] = 0
            slots.kind[:] = -1
        else:
            _move_all(slots, 0, 1)
    _move(slots, served.slot, served.bit)
    return slots


@dataclass(frozen=True)
class Flush(_Rule):
    """Evicts a page with bit 1; where there is none, all get it first, which is a flush.

    Which of the pages with bit 1 leaves is left open: here the last of their list.  eager: whether a flush empties the
    cache at once.
    """

    eager: bool = False
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_flush, _act_flush, _update_flush)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        flag("eager", self.eager)

    def parameters(self, problem: PagingGame) -> FlushParams:
        """Return the number of slots and the rule."""
        return FlushParams(problem.cache, bool(self.eager))


# ---------------------------------------------------------------- marking: kind 2 marked + bit

IGNORE, BEFORE, WITHIN = 0, 1, 2  # bits; pages with bit 1 go before the marks count; among the unmarked they go first


class MarkingParams(NamedTuple):
    """The number of slots and the use of bits."""

    cache: int
    use: int


@kernel
def _init_marking(params: MarkingParams, rng: Stream) -> Slots:
    return _no_slots(4, params.cache)


@kernel
def _act_marking(params: MarkingParams, slots: Slots, request: Request, t: int, rng: Stream) -> int:
    if request.slot >= 0:
        return request.slot
    size = slots.sizes
    unmarked = 0 if size[0] + size[1] > 0 else 2
    first, second = unmarked, unmarked + 1
    if params.use == BEFORE and size[1] + size[3] > 0:
        first, second = 1, 3
    elif params.use == WITHIN and size[unmarked + 1] > 0:
        first = unmarked + 1
    both = size[first] + (size[second] if second != first else 0)
    place = uniform_index(rng, t, 0, both)
    return slots.lists[first, place] if place < size[first] else slots.lists[second, place - size[first]]


@kernel
def _update_marking(params: MarkingParams, slots: Slots, t: int, action: int, served: Served, rng: Stream) -> Slots:
    size = slots.sizes
    if served.full and size[0] + size[1] == 0 and not (params.use == BEFORE and size[3] > 0):
        _move_all(slots, 2, 0)
        _move_all(slots, 3, 1)
    _move(slots, served.slot, 2 + served.bit)
    return slots


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
