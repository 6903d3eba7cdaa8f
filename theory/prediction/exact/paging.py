"""Exact expected costs of the randomised rules of paging, without sampling and without the rules' code.

The law over (cached pages, marked pages) is carried from request to request; both are sets, so that slots do not
matter. There are at most a few thousand states for up to 8 pages.
"""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from bandits.core.checks import choice, instance
from bandits.prediction.paging import PagingGame

RULES = ("Marker", "Mark0", "MarkPredict")
MOST_PAGES, MOST_ROUNDS = 8, 1000

Pages = frozenset[int]
Law = dict[tuple[Pages, Pages], float]


@checked
def expected_misses(game: PagingGame, rule: str) -> NDArray[np.float64]:
    """Return the expected misses of a rule, "Marker", "Mark0" or "MarkPredict", on each row of a paging game, (R,).

    Raises ValueError for more than 8 pages or 1000 rounds.
    """
    instance("game", game, PagingGame, "a PagingGame")
    choice("rule", rule, RULES)
    if game.pages is None or game.pages > MOST_PAGES or game.horizon > MOST_ROUNDS:
        raise ValueError(f"game must have at most {MOST_PAGES} pages and {MOST_ROUNDS} rounds")
    rows = zip(game.requests.tolist(), game.shown_bits.tolist(), strict=True)
    return np.array([_misses(requests, bits, game.cache, rule) for requests, bits in rows])


def _misses(requests: list[int], bits: list[int], cache: int, rule: str) -> float:
    law: Law = {(frozenset(), frozenset()): 1.0}
    total = 0.0
    advised: set[int] = set()  # pages whose bit is 1
    for page, bit in zip(requests, bits, strict=True):
        after: defaultdict[tuple[Pages, Pages], float] = defaultdict(float)
        for (cached, marked), mass in law.items():
            if page in cached:
                after[cached, marked | {page}] += mass
                continue
            total += mass
            may, kept = _may_leave(cached, marked, advised, rule) if len(cached) == cache else (None, marked)
            for other in may or {page}:
                left = cached - {other} if may else cached
                after[left | {page}, (kept & left) | {page}] += mass / len(may or {page})
        law = dict(after)
        advised = advised | {page} if bit else advised - {page}
    return total


def _may_leave(cached: Pages, marked: Pages, advised: set[int], rule: str) -> tuple[Pages, Pages]:
    """Return the pages of which one leaves, all alike, and the marked ones afterwards."""
    if rule == "Mark0" and cached & advised:
        return cached & advised, marked
    kept = frozenset[int]() if marked >= cached else marked
    may = cached - kept
    return (may & advised if rule == "MarkPredict" and may & advised else may), kept
