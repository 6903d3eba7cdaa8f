"""Requests of pages: from a file, in a circle, by popularity, in phases; of made ones at most 2^24."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from bandits.core.checks import instance, integer, real
from bandits.core.text import read_text

Integers = NDArray[np.int64]
LONGEST = 2**24  # requests made at once
_MOST_BYTES = 2**30  # of a file


@checked
def read_trace(path: str | Path) -> Integers:
    """Return the requests (T,) of a text file with one page per line, any text, numbered in order of appearance.

    At most 1 GB. Empty lines count for nothing. Raises ValueError for a file that cannot be read or asks for no page.
    """
    instance("path", path, (str, Path), "the path of a text file")
    try:
        lines = read_text(path, _MOST_BYTES).split("\n")
    except (OSError, ValueError) as error:
        raise ValueError(f"path must be a text file with one page per line, got {str(path)!r}: {error}") from None
    names = [line.strip() for line in lines if line.strip()]
    if not names:
        raise ValueError(f"path must be a text file with one page per line, got {str(path)!r} without a page")
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names])


@checked
def cyclic_trace(pages: int, horizon: int) -> Integers:
    """Return pages 0, ..., pages - 1 in a circle: with a cache of one less, the worst case of LRU and FIFO."""
    integer("pages", pages, 1, 2**24)
    return np.arange(_length(horizon)) % pages


@checked
def zipf_trace(pages: int, horizon: int, exponent: float = 1.0, seed: int = 0) -> Integers:
    """Return independent requests, of page i with probability proportional to (i + 1)^-exponent, exponent >= 0."""
    weights = np.arange(1, integer("pages", pages, 1, 2**24) + 1) ** -real("exponent", exponent, 0.0)
    drawn = np.random.default_rng(integer("seed", seed, 0)).random(_length(horizon))
    sums = weights.cumsum()
    return np.searchsorted(sums / sums[-1], drawn, side="right")


@checked
def phased_trace(pages: int, horizon: int, working_set: int, length: int, seed: int = 0) -> Integers:
    """Return uniform requests of a set of pages, of `working_set` <= pages, drawn anew every `length` requests."""
    integer("pages", pages, 1, 2**24)
    if integer("working_set", working_set, 1) > pages:
        raise ValueError(f"working_set must be at most pages = {pages}, got {working_set}")
    integer("length", length, 1)
    rng, horizon = np.random.default_rng(integer("seed", seed, 0)), _length(horizon)
    length = min(length, horizon)
    sets = [rng.choice(pages, working_set, replace=False, shuffle=False) for _ in range(-(-horizon // length))]
    return np.concatenate([rng.choice(one, length) for one in sets])[:horizon]


def _length(horizon: int) -> int:
    return integer("horizon", horizon, 1, LONGEST)
