"""Paging with one untrusted bit of advice per request (Antoniadis et al. 2023).

A cache holds k of U pages. In round t a page is requested, with a bit; where it is not in the cache, a miss, it is
brought in, and if the cache is full the learner says what leaves it. Which pages come does not depend on the play.
A bit is about the page that is requested, and holds until its next request:

* "discard": 1 means that the page may be evicted before its next request. The truth is what the optimum does.
* "phase": 1 means that the page is not requested in the next k-phase (phases are greedy blocks of k different pages).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.arguments import Checked, Numbers, read_only
from bandits.core.checks import as_array, choice, fits, integer, integers, real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream
from bandits.prediction.offline import Advice, optimal_plan, phase_advice
from bandits.protocol import ProblemSteps, RoundProblem, draws_nothing

ADVICE = ("discard", "phase")
MOST_PAGES, MOST_SLOTS = 2**24, 2**20


@dataclass(frozen=True)
class Advised(Checked):
    """`Request` before the action, `Served` after it."""

    kind: ClassVar[str] = "advised paging"


class Request(NamedTuple):
    """The requested page, its bit, and the slot that will hold it; -1 where the cache is full and lacks the page."""

    page: int
    bit: int
    slot: int


class Served(NamedTuple):
    """The slot that holds the page now, its bit, and whether it was there before, or the cache was full without it."""

    slot: int
    bit: int
    hit: bool
    full: bool


class PagingSetting(NamedTuple):
    """What the compiled functions receive: row r mod R for repetition r, sums over the first n requests at place n."""

    requests: Any  # (R, T) int64
    bits: Any  # (R, T) uint8
    pages: int
    cache: int
    optimum: Any  # (R, T + 1) int64
    wrong_zeros: Any  # (R, T + 1) int64
    wrong_ones: Any  # (R, T + 1) int64


class PagingWorld(NamedTuple):
    """The row that is played, the cache, whose slots are filled in their order, and counts."""

    row: int
    slot_of: Any  # (U,) int64, -1 where the page is not in the cache
    page_in: Any  # (k,) int64
    filled: int
    misses: int
    emptied: int


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    misses: float
    regret: float
    hit_rate: float
    optimum: float
    wrong_zeros: float
    wrong_ones: float
    emptied: float


_check_action = returns(None, Part("the slot", "integer"))


@kernel
def _init(setting: PagingSetting, env: Stream) -> PagingWorld:
    row = int(env.repetition) % setting.requests.shape[0]
    return PagingWorld(row, np.full(setting.pages, -1, np.int64), np.zeros(setting.cache, np.int64), 0, 0, 0)


@kernel
def _observe(setting: PagingSetting, world: PagingWorld, t: int, env: Stream) -> Any:
    page = setting.requests[world.row, t]
    slot = world.slot_of[page]
    if slot < 0 and world.filled < setting.cache:
        slot = world.filled
    return Request(page, int(setting.bits[world.row, t]), slot), world


@kernel
def _respond(setting: PagingSetting, world: PagingWorld, t: int, action: int, env: Stream) -> Any:
    _check_action(action)
    chosen = index(action)
    if chosen < -1 or chosen >= setting.cache:
        raise InvalidAction("the slot must be in -1, ..., {}, got {}", t, setting.cache - 1, chosen)
    page, bit = setting.requests[world.row, t], int(setting.bits[world.row, t])
    slot, filled, emptied = world.slot_of[page], world.filled, world.emptied
    if slot >= 0:
        return Served(slot, bit, True, False), world
    full = filled == setting.cache
    if full and chosen < 0:
        for j in range(setting.cache):
            world.slot_of[world.page_in[j]] = -1
        filled, emptied = 0, emptied + 1
    elif full:
        slot = chosen
        world.slot_of[world.page_in[slot]] = -1
    if slot < 0:
        slot = filled
        filled += 1
    world.slot_of[page] = slot
    world.page_in[slot] = page
    after = PagingWorld(world.row, world.slot_of, world.page_in, filled, world.misses + 1, emptied)
    return Served(slot, bit, False, full), after


@rare_kernel
def _measure(setting: PagingSetting, world: PagingWorld, n_rounds: int) -> Metrics:
    best = setting.optimum[world.row, n_rounds]
    return Metrics(
        world.misses, world.misses - best, 1.0 - world.misses / n_rounds, best,
        setting.wrong_zeros[world.row, n_rounds], setting.wrong_ones[world.row, n_rounds], world.emptied,
    )  # fmt: skip


class Totals(NamedTuple):
    """The optimum and the errors of the bits at the horizon, (R,) int64 each."""

    optimum: Any
    wrong_zeros: Any
    wrong_ones: Any


@dataclass(frozen=True, eq=False)
class PagingGame(RoundProblem):
    """The first `horizon` of the requests, integers in [0, pages), with a cache of 1 to 2^20 pages.

    requests: (N,) or (R, N), N >= horizon; repetition r plays row r mod R.  bits: (N,) or (R, N) of 0 and 1, None for
    perfect ones.  advice: "discard" or "phase", what bits mean and are right about.  pages: at most 2^24; None means as
    many as the largest requested page needs.

    A learner plays a slot in [0, cache), whose page leaves; it counts only in a miss with a full cache. -1 empties the
    cache. Metrics: misses; regret, misses less the optimum; hit_rate; optimum, the least possible misses; wrong_zeros
    and wrong_ones, the errors of the bits, of phase bits one per page and phase, at its last request there; emptied,
    how often the cache was emptied. Raises ValueError for requests outside the universe.
    """

    requests: Numbers
    cache: int
    horizon: int
    bits: Numbers | None = None
    advice: str = "discard"
    pages: int | None = None
    feedback: ClassVar[Advised] = Advised()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure, _observe)
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        integer("cache", self.cache, 1, MOST_SLOTS)
        integer("horizon", self.horizon, low=1)
        choice("advice", self.advice, ADVICE)
        pages = MOST_PAGES if self.pages is None else integer("pages", self.pages, 1, MOST_PAGES)
        requests = _rows("requests", self.requests, MOST_PAGES - 1, self.horizon)
        if requests.max() >= pages:
            raise ValueError(f"requests must be below pages = {pages}, got {requests.max()}")
        object.__setattr__(self, "pages", int(requests.max()) + 1 if self.pages is None else pages)
        bits = None if self.bits is None else _rows("bits", self.bits, 1, self.horizon)
        rows = {len(given) for given in (requests, bits) if given is not None and len(given) > 1}
        if bits is not None and len(rows) > 1:
            raise ValueError(f"bits must have one row or as many as requests, got {len(bits)} and {len(requests)}")
        fits("requests", 5 * max(rows, default=1) * self.horizon)
        object.__setattr__(self, "requests", np.repeat(requests, max(rows, default=1) // len(requests), axis=0))
        object.__setattr__(self, "bits", bits)

    @property
    def n_actions(self) -> int:
        """Number of slots k."""
        return self.cache

    @cached_property
    def _known(self) -> tuple[NDArray[np.bool_], Advice]:
        """What the optimum misses, and the perfect advice, (R, T) each."""
        keys = [row.tobytes() for row in self.requests]
        different = dict(zip(keys, self.requests, strict=True))
        places = {key: place for place, key in enumerate(different)}
        where = [places[key] for key in keys]
        plans = [optimal_plan(row, self.cache) for row in different.values()]
        if self.advice == "phase":
            known_bits = [phase_advice(row, self.cache) for row in different.values()]
        else:
            known_bits = [Advice(plan.evicted, np.ones(self.horizon, bool)) for plan in plans]
        columns = [[plan.missed for plan in plans], *zip(*known_bits, strict=True)]
        missed, truth, counts = (np.array(column)[where] for column in columns)
        return missed, Advice(truth, counts)

    @property
    def perfect(self) -> Advice:
        """The perfect bits and where a wrong one is an error, (R, T) each."""
        return self._known[1]

    @cached_property
    @read_only
    def shown_bits(self) -> NDArray[np.uint8]:
        """The bits that the learner sees, (R, T)."""
        bits = self.perfect.truth if self.bits is None else self.bits
        return np.ascontiguousarray(np.broadcast_to(bits, self.requests.shape), np.uint8)

    def noisy(self, wrong_zeros: float, wrong_ones: float, seed: int, rows: int = 1) -> "PagingGame":
        """Return the game with bits that are wrong independently, with these probabilities in [0, 1].

        wrong_zeros: that a bit 1 of this game is shown as 0; wrong_ones: that a bit 0 is shown as 1.  rows: of one
        row of requests that many with wrong bits of their own.
        """
        real("wrong_zeros", wrong_zeros, 0.0, 1.0)
        real("wrong_ones", wrong_ones, 0.0, 1.0)
        bits = np.repeat(self.shown_bits, integer("rows", rows, 1) if len(self.shown_bits) == 1 else 1, axis=0)
        u = np.random.default_rng(integer("seed", seed, 0)).random(bits.shape)
        return replace(self, bits=(bits ^ (u < np.where(bits == 1, wrong_zeros, wrong_ones))).astype(np.uint8))

    @cached_property
    def _setting(self) -> PagingSetting:
        missed, (truth, counts) = self._known
        wrong = (self.shown_bits != truth) & counts
        sums = [_sums(column) for column in (missed, wrong & truth, wrong & ~truth)]
        return PagingSetting(self.requests, self.shown_bits, int(self.pages or 0), self.cache, *sums)

    def setting(self) -> PagingSetting:
        """Return what the compiled functions receive."""
        return self._setting

    @property
    def totals(self) -> Totals:
        """The optimum and the errors eta_0 and eta_1 of the bits, for each row."""
        setting = self._setting
        return Totals(setting.optimum[:, -1], setting.wrong_zeros[:, -1], setting.wrong_ones[:, -1])

    def payoff(self, metrics: Any) -> float:
        """Return minus the misses."""
        return -float(metrics["misses"])

    def plays(self, learner: Any) -> int | None:
        """Return R where the learner draws nothing."""
        return len(self.requests) if draws_nothing(learner) else None

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric at the horizon that hold for every draw."""
        if metric in Totals._fields:
            each = getattr(self.totals, metric)
            return float(each.min()), float(each.max())
        most, best = float(self.horizon), float(self.totals.optimum.min())
        ends = {"misses": (best, most), "regret": (0.0, most - best), "emptied": (0.0, most)}
        return ends.get(metric, (0.0, 1.0 - best / most))


def _rows(name: str, given: Any, most: int, horizon: int) -> NDArray[np.int64]:
    """Return integers in [0, most] as (R, horizon); ValueError for others and for rows that are too short."""
    numbers = as_array(name, given, "an array of integers")
    if numbers.dtype == bool and most == 1:
        numbers = numbers.astype(np.uint8)
    if numbers.ndim not in (1, 2) or numbers.size == 0:
        raise ValueError(f"{name} must be (N,) or (R, N) with a request, got shape {numbers.shape}")
    if numbers.dtype.kind not in "iu" or numbers.min() < 0 or numbers.max() > most:
        integers(name, numbers.ravel(), 0, most)
    if numbers.shape[-1] < horizon:
        raise ValueError(f"{name} must reach the horizon = {horizon}, got {numbers.shape[-1]}")
    return np.ascontiguousarray(np.atleast_2d(numbers)[:, :horizon], np.int64)


def _sums(columns: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many of the first n are true at place n of each row, (R, T + 1)."""
    return np.pad(columns.cumsum(axis=1), ((0, 0), (1, 0)))
