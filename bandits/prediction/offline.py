"""What paging would do if it knew the future: the least number of misses, and the perfect advice that follows from it.

The optimum (Belady 1966) evicts the page whose next request is furthest away, the larger number among pages that are
never requested again. It is the optimum of each prefix of the requests, too: only ties depend on what comes later.
"""

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


class Plan(NamedTuple):
    """What the optimum does with each of T requests, (T,) bool each."""

    missed: NDArray[np.bool_]
    evicted: NDArray[np.bool_]  # whether the page is evicted after this request and before its next one


class Advice(NamedTuple):
    """The perfect bit of each request and whether a wrong one counts as an error, (T,) bool each."""

    truth: NDArray[np.bool_]
    counts: NDArray[np.bool_]


def next_uses(requests: Integers) -> Integers:
    """Return the place of the next request of the same page, T where there is none."""
    order = np.argsort(requests, kind="stable")
    same = requests[order[1:]] == requests[order[:-1]]
    following = np.full(requests.size, requests.size)
    following[order[:-1][same]] = order[1:][same]
    return following


def optimal_plan(requests: Integers, cache: int) -> Plan:
    """Return what the optimum does with a cache of this many pages, in O(T log T)."""
    missed, evicted = np.zeros(requests.size, bool), np.zeros(requests.size, bool)
    following = next_uses(requests).tolist()
    latest: dict[int, int] = {}  # of each cached page its latest request
    queue: list[int] = []  # -(next use x pages + page): the smallest is evicted next
    pages = int(requests.max()) + 1
    for t, page in enumerate(requests.tolist()):
        if page not in latest:
            missed[t] = True
            if len(latest) == cache:
                evicted[latest.pop(-heapq.heappop(queue) % pages)] = True
        latest[page] = t
        heapq.heappush(queue, -(following[t] * pages + page))
    return Plan(missed, evicted)


def phases(requests: Integers, cache: int) -> Integers:
    """Return the k-phase of each request: greedy, longest blocks with requests of at most `cache` different pages."""
    phase, number, seen = np.zeros(requests.size, np.int64), 0, set[int]()
    for t, page in enumerate(requests.tolist()):
        if page not in seen and len(seen) == cache:
            number, seen = number + 1, set()
        seen.add(page)
        phase[t] = number
    return phase


def phase_advice(requests: Integers, cache: int) -> Advice:
    """Return the bits 1 of pages not requested in the next phase; errors count at the last request of a phase."""
    phase = phases(requests, cache)
    there = set(zip(phase.tolist(), requests.tolist(), strict=True))
    truth = np.array([(p + 1, page) not in there for p, page in zip(phase.tolist(), requests.tolist(), strict=True)])
    following = next_uses(requests)
    last = np.ones(requests.size, bool)
    again = following < requests.size
    last[again] = phase[following[again]] != phase[again]
    return Advice(truth, last)
